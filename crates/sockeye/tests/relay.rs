//! `sockeye relay` between every kind of end, with real peers.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

#[path = "tool/closed_port.rs"]
mod closed_port;
#[path = "tool/ran.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod ran;
#[path = "traps/tool.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod tool;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use closed_port::ClosedPort;
use ran::{sockeye, sockeye_with};
use tool::{Tool, until};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

/// Echoes one TCP connection, to its end.
fn echo_once() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut reading, _) = listener.accept().unwrap();
        let mut writing = reading.try_clone().unwrap();
        std::io::copy(&mut reading, &mut writing).unwrap();
        let _ = writing.shutdown(Shutdown::Write);
    });
    address
}

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(PATIENCE).unwrap();
    socket
}

/// Echoes UDP messages for as long as the test lasts.
fn udp_echo() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok((len, peer)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..len], peer);
        }
    });
    address
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("sockeye-relay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ask(mut socket: TcpStream, question: &[u8]) -> Vec<u8> {
    socket.set_read_timeout(PATIENCE).unwrap();
    socket.write_all(question).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn each_client_has_its_own_connection_and_both_directions_end_alone() {
    let to = echo_once();
    let (relay, at) = Tool::serve_one(&["relay", "127.0.0.1:0", &to]);
    assert_eq!(ask(TcpStream::connect(&at).unwrap(), b"hola"), b"hola");
    let ran = relay.stop();
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_client_whose_other_end_refuses_is_reset_and_the_reason_is_said() {
    let closed = ClosedPort::new();
    let closed_at = closed.at().to_string();
    let (relay, at) = Tool::serve_one(&["relay", "127.0.0.1:0", &closed_at]);
    let mut client = TcpStream::connect(&at).unwrap();
    client.set_read_timeout(PATIENCE).unwrap();
    assert_eq!(
        client.read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let ran = relay.stop();
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("ECONNREFUSED") && ran.stderr.contains(&closed_at),
        "{}",
        ran.stderr
    );
}

#[test]
fn tcp_and_unix_streams_are_joined_both_ways_round() {
    let directory = Directory::new("unix");
    let path = directory.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        let (mut reading, _) = listener.accept().unwrap();
        let mut writing = reading.try_clone().unwrap();
        std::io::copy(&mut reading, &mut writing).unwrap();
        let _ = writing.shutdown(Shutdown::Write);
    });
    let (_relay, at) = Tool::serve_one(&["relay", "127.0.0.1:0", &format!("unix:{path}")]);
    assert_eq!(
        ask(TcpStream::connect(&at).unwrap(), b"to unix"),
        b"to unix"
    );

    let to = echo_once();
    let own = directory.path("own");
    let (relay, _) = Tool::serve_one(&["relay", &format!("unix:{own}"), &to]);
    let mut client = UnixStream::connect(&own).unwrap();
    client.write_all(b"to tcp").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"to tcp");
    assert_eq!(relay.stop().code, Some(0));
    assert!(!std::fs::exists(&own).unwrap(), "its path was left behind");
}

#[test]
fn udp_peers_each_have_their_own_conversation_and_an_empty_message_is_one() {
    let (relay, at) = Tool::serve_one(&[
        "relay",
        "-v",
        "udp://127.0.0.1:0",
        &format!("udp://{}", udp_echo()),
    ]);
    let peers = [udp(), udp()];
    let mut buffer = [0; 64];
    for socket in &peers {
        socket.connect(&at).unwrap();
    }
    for message in [&b"one"[..], b"", b"three"] {
        for socket in &peers {
            socket.send(message).unwrap();
        }
        for socket in &peers {
            let len = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], message);
        }
    }
    let ran = relay.stop();
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("16 B there, 16 B back"),
        "{}",
        ran.stderr
    );
}

#[test]
fn packets_and_datagrams_of_unix_sockets_are_joined_with_udp() {
    let directory = Directory::new("packets");
    let from = directory.path("from");
    let (relay, _) = Tool::serve_one(&[
        "relay",
        &format!("unix-dgram:{from}"),
        &format!("udp://{}", udp_echo()),
    ]);
    let client = UnixDatagram::bind(directory.path("client")).unwrap();
    client.set_read_timeout(PATIENCE).unwrap();
    client.connect(&from).unwrap();
    client.send(b"across").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(client.recv(&mut buffer).unwrap(), 6);
    assert_eq!(relay.stop().code, Some(0));
}

#[test]
fn messages_become_lines_of_one_file_that_all_peers_share() {
    let directory = Directory::new("lines");
    let log = directory.path("log");
    std::fs::write(&log, "from before\n").unwrap();
    let (relay, at) = Tool::serve_one(&[
        "relay",
        "--frame",
        "line",
        "udp://127.0.0.1:0",
        &format!("file:{log}"),
    ]);
    let peers = [udp(), udp(), udp()];
    for (number, socket) in peers.iter().enumerate() {
        socket
            .send_to(format!("peer {number}").as_bytes(), &at)
            .unwrap();
    }
    let mut lines = Vec::new();
    until("three lines are there", || {
        lines = std::fs::read_to_string(&log)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.len() == 3
    });
    lines.sort();
    assert_eq!(lines, ["peer 0", "peer 1", "peer 2"]);
    assert_eq!(relay.stop().code, Some(0));
}

#[test]
fn lines_of_stdin_become_messages_and_the_answers_lines_of_stdout() {
    let to = format!("udp://{}", udp_echo());
    let ran = sockeye_with(
        &["relay", "--frame", "line", "-", &to],
        b"a\n\nlast without end",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "a\n\nlast without end\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_program_serves_each_client_and_is_told_who_that_is() {
    let (relay, at) = Tool::serve_one(&[
        "relay",
        "127.0.0.1:0",
        "exec:sh -c 'echo $SOCKEYE_PROTOCOL $SOCKEYE_PEER $SOCKEYE_LOCAL_PORT; tr a-z A-Z'",
    ]);
    let client = TcpStream::connect(&at).unwrap();
    let ours = client.local_addr().unwrap();
    let port = client.peer_addr().unwrap().port();
    assert_eq!(
        String::from_utf8(ask(client, b"hola")).unwrap(),
        format!("tcp {ours} {port}\nHOLA")
    );
    assert_eq!(relay.stop().code, Some(0));
}

#[test]
fn two_that_both_connect_are_joined_by_listening_twice() {
    let (relay, at) = Tool::serve(&["relay", "-v", "--listen-both", "127.0.0.1:0", "127.0.0.1:0"]);
    let second = {
        let mut found = None;
        until("the second listener is said", || {
            let text = relay.stderr.text();
            let lines: Vec<_> = text
                .lines()
                .filter(|line| line.starts_with("listening"))
                .collect();
            found = lines
                .get(1)
                .and_then(|line| line.split([' ', ':']).nth(3).map(str::to_owned));
            found.is_some()
        });
        found.unwrap()
    };
    let mut one = TcpStream::connect(&at[0]).unwrap();
    let mut other = TcpStream::connect(format!("127.0.0.1:{second}")).unwrap();
    other.set_read_timeout(PATIENCE).unwrap();
    one.write_all(b"hello").unwrap();
    let mut buffer = [0; 5];
    other.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello");
}

#[test]
fn a_stop_lets_a_conversation_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let (relay, at) = Tool::serve_one(&["relay", "-v", "127.0.0.1:0", &to]);
    let mut client = TcpStream::connect(&at).unwrap();
    client.set_read_timeout(PATIENCE).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    relay.signal(rustix::process::Signal::TERM);
    relay.stderr.wait_for("stopping");
    until("nobody is accepted any more", || {
        TcpStream::connect(&at).is_err()
    });
    server.write_all(b"the rest").unwrap();
    drop(server);
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "the rest");
    drop(client);
    assert_eq!(relay.end().code, Some(0));
}

#[test]
fn once_is_one_conversation_and_the_end() {
    let to = echo_once();
    let (mut relay, at) = Tool::serve_one(&["relay", "-v", "--once", "127.0.0.1:0", &to]);
    assert_eq!(ask(TcpStream::connect(&at).unwrap(), b"only"), b"only");
    let ran = relay.ran();
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("conversations: 1"), "{ran:?}");
    assert!(
        !ran.stderr.contains("--max-conversations"),
        "nobody waits for a place: {ran:?}"
    );
}

#[test]
fn the_plan_is_printed_and_nothing_is_opened() {
    let ran = sockeye(&["relay", "--dry-run", ":8080", "unix:/nowhere/at/all"]);
    assert_eq!(ran.code, Some(0));
    let expected = "from tcp://:8080  listens; each client there is one conversation\n\
                    to   unix:/nowhere/at/all  is opened once a conversation\n\
                    plan bytes are copied while they are few and spliced in the kernel once they are many\n";
    assert_eq!(ran.stdout, expected);
    let seen = sockeye(&["relay", "--dry-run", "--hex", ":8080", ":7"]);
    assert!(
        seen.stdout
            .contains("copied through a buffer, because a view, a checksum"),
        "{}",
        seen.stdout
    );
}

#[test]
fn what_a_file_cannot_take_back_is_counted_and_said() {
    let directory = Directory::new("one-way");
    let path = directory.path("in");
    std::fs::write(&path, "question").unwrap();
    let ran = sockeye(&["relay", &format!("file:{path}"), &echo_once()]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("8 B from") && ran.stderr.contains("nowhere to go"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ran = sockeye(&["relay", "file:/nowhere/at/all", "127.0.0.1:9"]);
    assert_eq!(ran.code, Some(10));
    assert!(
        ran.last_line().contains("/nowhere/at/all"),
        "{}",
        ran.stderr
    );
}
