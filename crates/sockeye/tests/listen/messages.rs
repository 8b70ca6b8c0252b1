//! One conversation of messages: `connect` asks and waits for late answers, `listen` hears its first peer alone.

use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
    bind, listen, recv, send, socket_with,
};

use crate::closed_port::ClosedPort;
use crate::peers::{Scratch, datagram, datagram_from, udp, udp_to, unix_dgram};
use crate::ran::{sockeye, sockeye_with};
use crate::tool::Tool;

const ANY_PORT: &str = "udp://127.0.0.1:0";

fn url(socket: &std::net::UdpSocket) -> String {
    format!("udp://{}", socket.local_addr().unwrap())
}

/// Answers so many messages, the first after `pause`.
fn answering(count: usize, pause: Duration) -> (String, thread::JoinHandle<Vec<Vec<u8>>>) {
    let server = udp();
    let address = url(&server);
    let thread = thread::spawn(move || {
        (0..count)
            .map(|number| {
                let (message, peer) = datagram_from(&server);
                if number == 0 {
                    thread::sleep(pause);
                }
                server
                    .send_to(&[b">", &message[..]].concat(), peer)
                    .unwrap();
                message
            })
            .collect()
    });
    (address, thread)
}

#[test]
fn each_line_is_a_message_and_answers_are_waited_for() {
    // The first answer may take longer than --wait.
    let (address, server) = answering(3, Duration::from_millis(1_300));
    let ran = sockeye_with(&["connect", &address, "--send", "a"], b"b\nc");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        (">a\n>b\n>c", "")
    );
    assert_eq!(server.join().unwrap(), [&b"a\n"[..], b"b\n", b"c"]);
}

#[test]
fn as_many_answers_as_asked_for_end_it_at_once_and_fewer_are_code_13() {
    let (address, server) = answering(1, Duration::ZERO);
    let began = Instant::now();
    let words = ["connect", &address, "--send", "a", "--reply", "1"];
    let ran = sockeye(&[&words[..], &["--wait", "60s"]].concat());
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), ">a\n"),
        "{ran:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(30));
    server.join().unwrap();

    let (address, server) = answering(1, Duration::ZERO);
    let ran = sockeye(&["connect", &address, "--send", "a", "--reply", "2"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(13), ">a\n"),
        "{ran:?}"
    );
    assert!(ran.last_line().contains("1 of 2 answers"), "{ran:?}");
    server.join().unwrap();
}

#[test]
fn no_answer_is_code_0_and_it_is_said_that_nothing_is_known() {
    let silent = udp();
    let ran = sockeye(&["connect", &url(&silent), "--send", "a"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.last_line()
            .contains("UDP cannot tell loss from silence"),
        "{ran:?}"
    );
    assert_eq!(datagram(&silent), b"a\n");
    let began = Instant::now();
    let ran = sockeye_with(&["connect", &url(&silent), "--send-only"], b"b\nc\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    // A first answer would be waited for five seconds.
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(datagram(&silent), b"b\n");
    assert_eq!(datagram(&silent), b"c\n");
}

#[test]
fn a_closed_port_is_code_11() {
    let closed = ClosedPort::new();
    let address = format!("udp://{}", closed.at());
    for arguments in [&["--send", "a"][..], &["--send", "a", "--reply", "1"]] {
        let ran = sockeye(&[&["connect", &address], arguments].concat());
        assert_eq!(ran.code, Some(11), "{ran:?}");
        assert!(ran.last_line().contains("ECONNREFUSED"), "{ran:?}");
    }
}

#[test]
fn an_empty_message_is_no_end_and_counts_as_an_answer() {
    let server = udp();
    let address = url(&server);
    let thread = thread::spawn(move || {
        let (_, peer) = datagram_from(&server);
        server.send_to(b"", peer).unwrap();
        server.send_to(b"x", peer).unwrap();
    });
    let ran = sockeye(&["connect", &address, "--send", "a", "--reply", "2"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "x"), "{ran:?}");
    thread.join().unwrap();
}

#[test]
fn the_longest_message_is_sent_whole_and_a_longer_one_is_an_error() {
    let server = udp();
    let arguments = ["connect", &url(&server), "--frame", "nul", "--send-only"];
    let ran = sockeye_with(&arguments, &[b'x'; 65_507]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(datagram(&server), [b'x'; 65_507]);
    let ran = sockeye_with(&arguments, &[&b"first\0"[..], &[b'x'; 65_508]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("65507 B is the most"), "{ran:?}");
    assert_eq!(datagram(&server), b"first");
    server.set_nonblocking(true).unwrap();
    assert!(server.recv(&mut [0; 1]).is_err(), "nothing of it was sent");
}

#[test]
fn messages_are_marked_on_stdout_as_on_stdin_when_asked() {
    let (address, server) = answering(2, Duration::ZERO);
    let ran = sockeye_with(
        &["connect", &address, "--frame", "len16", "--reply", "2"],
        b"\0\x03a\nb\0\0",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "\0\x04>a\nb\0\x01>");
    assert_eq!(server.join().unwrap(), [&b"a\nb"[..], b""]);
}

#[test]
fn unix_datagrams_are_exchanged_too() {
    let scratch = Scratch::new();
    let path = scratch.path("server");
    let server = unix_dgram(&path);
    let thread = thread::spawn(move || answer_unix(&server));
    let ran = sockeye_with(
        &[
            "connect",
            &format!("unix-dgram:{}", path.display()),
            "--reply",
            "1",
        ],
        b"hola\n",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola\n"),
        "{ran:?}"
    );
    thread.join().unwrap();
}

fn answer_unix(server: &UnixDatagram) {
    let mut buffer = [0; 64];
    let (n, peer) = server.recv_from(&mut buffer).unwrap();
    // The client's name is one that the kernel chose, which std can't send to by path.
    use std::os::linux::net::SocketAddrExt;
    assert!(peer.as_abstract_name().is_some());
    server.send_to_addr(&buffer[..n], &peer).unwrap();
}

#[test]
fn packets_keep_their_borders_and_have_an_end() {
    let scratch = Scratch::new();
    let path = scratch.path("server");
    let server = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&server, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&server, 1).unwrap();
    let thread = thread::spawn(move || {
        let client = accept_with(&server, SocketFlags::CLOEXEC).unwrap();
        let mut messages = Vec::new();
        loop {
            let mut buffer = [0; 64];
            let (n, _) = recv(&client, &mut buffer, RecvFlags::empty()).unwrap();
            if n == 0 {
                break;
            }
            messages.push(buffer[..n].to_vec());
        }
        send(&client, b"late", SendFlags::empty()).unwrap();
        messages
    });
    let ran = sockeye_with(
        &["connect", &format!("unix-seqpacket:{}", path.display())],
        b"a\nb\n",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "late"),
        "{ran:?}"
    );
    assert_eq!(thread.join().unwrap(), [b"a\n", b"b\n"]);
}

#[test]
fn listen_hears_its_first_peer_alone_and_says_that_others_were_left_out() {
    let (mut tool, address) = Tool::serve_one(&["listen", ANY_PORT]);
    let (first, second) = (udp_to(&address), udp_to(&address));
    first.send(b"A1").unwrap();
    tool.stdout.wait_for("A1");
    second.send(b"B1").unwrap();
    tool.stderr.wait_for("others write here too");
    first.send(b"").unwrap();
    first.send(b"A2").unwrap();
    tool.stdout.wait_for("A2");
    tool.type_in(b"hola\n");
    assert_eq!(datagram(&first), b"hola\n");
    second.set_nonblocking(true).unwrap();
    assert!(
        second.recv(&mut [0; 1]).is_err(),
        "the answer was the first's alone"
    );
    let ran = tool.end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "A1A2"),
        "{ran:?}"
    );
    assert_eq!(
        ran.last_line(),
        "messages of others that were left out: 1",
        "{ran:?}"
    );
}

#[test]
fn listen_goes_on_when_its_peer_has_gone() {
    let (mut tool, address) = Tool::serve_one(&["listen", ANY_PORT]);
    let peer = udp_to(&address);
    peer.send(b"here\n").unwrap();
    tool.stdout.wait_for("here");
    let port = peer.local_addr().unwrap();
    drop(peer);
    tool.type_in(b"where are you\n");
    let again = std::net::UdpSocket::bind(port).unwrap();
    again.send_to(b"back\n", &address).unwrap();
    tool.stdout.wait_for("back");
    let ran = tool.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn listen_gives_its_peer_a_program() {
    let (mut tool, address) =
        Tool::serve_one(&["listen", ANY_PORT, "--exec", "head -n 1", "--exec-status"]);
    let peer = udp_to(&address);
    peer.send(b"echo me\n").unwrap();
    assert_eq!(datagram(&peer), b"echo me\n");
    assert_eq!(tool.ran().code, Some(0));
}
