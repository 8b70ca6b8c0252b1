//! Clients that others wrote: nc, socat, ncat and Python.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::server::{Server, has};

/// Runs a client with input on stdin, until its own end.
fn client(words: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("timeout")
        .arg("20")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output.stdout
}

#[test]
fn what_other_clients_send_comes_back_whole_after_their_end() {
    let server = Server::start(&["echo=:0"]);
    let at = server.ready();
    let port = at.port().to_string();
    let input: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for host in ["127.0.0.1", "::1"] {
        let socat = format!("TCP:{}:{port}", if host == "::1" { "[::1]" } else { host });
        for words in [
            &["nc", "-N", host, &port][..],
            &["socat", "-t20", "-", &socat],
            &["ncat", host, &port],
        ] {
            if has(words[0]) {
                let answer = client(words, &input);
                assert_eq!(answer.len(), input.len(), "{words:?}");
                assert!(answer == input, "{words:?}");
            }
        }
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_python_program_talks_to_every_service() {
    if !has("python3") {
        return;
    }
    let names = ["echo", "discard", "daytime", "chargen", "time"];
    let services: Vec<String> = names
        .iter()
        .flat_map(|name| {
            [
                format!("{name}=127.0.0.1:0"),
                format!("{name}=udp://127.0.0.1:0"),
            ]
        })
        .collect();
    let words: Vec<&str> = services.iter().map(String::as_str).collect();
    let server = Server::start(&words);
    let ports: Vec<String> = words
        .iter()
        .map(|_| server.ready().port().to_string())
        .collect();
    let program = r#"
import socket, struct, sys, time
ports = [int(word) for word in sys.argv[1:]]
def stream(port, data=b"", limit=None):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while limit is None or len(got) < limit:
            part = s.recv(65536)
            if not part: break
            got += part
        return got
def message(port, data, answers=True):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10 if answers else 0.3)
        s.sendto(data, ("127.0.0.1", port))
        try: return s.recvfrom(70000)[0]
        except socket.timeout: return None
def near(data):
    return abs(struct.unpack("!I", data)[0] - 2208988800 - time.time()) <= 2
assert stream(ports[0], b"hola\0") == b"hola\0"
assert message(ports[1], b"hola") == b"hola" and message(ports[1], b"") == b""
assert stream(ports[2], b"x" * 100000) == b""
assert message(ports[3], b"x", answers=False) is None
for text in (stream(ports[4]), message(ports[5], b"")):
    said = time.strptime(text.decode(), "%A, %B %d, %Y %H:%M:%S UTC\r\n")
    assert abs(__import__("calendar").timegm(said) - time.time()) <= 2, text
line = bytes(range(32, 104)) + b"\r\n"
assert stream(ports[6], limit=100000).startswith(line)
assert len(message(ports[7], b"")) <= 512
assert near(stream(ports[8])) and near(message(ports[9], b"now"))
"#;
    let output = Command::new("python3")
        .arg("-c")
        .arg(program)
        .args(&ports)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(server.stop().code, Some(0));
}
