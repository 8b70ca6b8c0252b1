//! What `sockeye` alone prints: what it is, and five commands that work now.

pub(crate) const TEXT: &str = "\
sockeye: every socket, in plain sight. It opens, serves, relays and shows TCP, UDP and UNIX sockets.

  sockeye demo                           watch a server and a client talk, call by call
  sockeye serve                          echo, discard, daytime, chargen and time, on this machine only
  sockeye connect localhost:7007         talk to that echo service, from a second terminal
  sockeye listen --explain :7000         a server you type into, each step told in words
  sockeye relay --hex :8080 :7007        stand between a client and a server, and see every byte

Names and ports: sockeye serve dns (an Internet to learn on), sockeye resolve, sockeye ports, sockeye who.
Every command takes the same addresses (sockeye schemes) and the same views (--explain, --hex, --diagram).
sockeye --help lists the commands and exit codes; sockeye connect --help has examples.
";
