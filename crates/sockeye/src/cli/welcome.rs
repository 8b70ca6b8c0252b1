//! What `sockeye` alone prints: what it is, and commands that work now.

pub(crate) const TEXT: &str = "\
sockeye: every socket, in plain sight. It opens, serves, relays and shows TCP, UDP and UNIX sockets.

  sockeye demo                           watch a server and a client talk, call by call
  sockeye serve                          echo, discard, daytime, chargen and time, on this machine only
  sockeye connect localhost:7007         talk to that echo service, from a second terminal
  sockeye listen --explain :7000         a server you type into, each step told in words
  sockeye relay --hex :8080 :7007        stand between a client and a server, and see every byte
  sockeye serve dns                      an Internet of names to learn on, with the lines to try
  sockeye who                            which process waits for others on which port

Every command takes the same addresses (sockeye schemes) and the same views (--explain, --hex, --diagram).
sockeye --help lists the commands and exit codes; sockeye connect --help has examples.
";
