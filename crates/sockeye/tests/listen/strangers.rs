//! Other programs as the peers: nc, ncat and Python's sockets.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::tool::{Tool, skipped};

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program} >/dev/null")])
        .status()
        .unwrap()
        .success()
}

fn stranger(words: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const PYTHON_TCP: &str = "
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(b'from python')
s.shutdown(socket.SHUT_WR)
print(s.makefile().read(), end='')
";

const PYTHON_UDP: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(b'from python', (sys.argv[1], int(sys.argv[2])))
print(s.recvfrom(100)[0].decode(), end='')
";

#[test]
fn they_are_peers_like_all_others_over_tcp() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", "127.0.0.1:0", "--exec", "tr a-z A-Z"]);
    let (host, port) = address.rsplit_once(':').unwrap();
    for words in [
        &["nc", "-N", host, port][..],
        &["ncat", host, port],
        &["python3", "-c", PYTHON_TCP, host, port],
    ] {
        if !is_there(words[0]) {
            skipped(&format!("there is no {}", words[0]));
            continue;
        }
        let said = stranger(words, b"from python");
        assert_eq!(said, "FROM PYTHON", "{words:?}");
    }
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn they_are_peers_like_all_others_over_udp() {
    let (tool, address) =
        Tool::serve_one(&["listen", "-k", "udp://127.0.0.1:0", "--exec", "head -c 5"]);
    let (host, port) = address.rsplit_once(':').unwrap();
    for words in [
        &["nc", "-u", "-w", "1", host, port][..],
        &["python3", "-c", PYTHON_UDP, host, port],
    ] {
        if !is_there(words[0]) {
            skipped(&format!("there is no {}", words[0]));
            continue;
        }
        let said = stranger(words, b"from nc and others");
        assert_eq!(said, "from ", "{words:?}");
    }
    assert_eq!(tool.stop().code, Some(0));
}
