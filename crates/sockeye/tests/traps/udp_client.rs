//! A client of UDP and UNIX messages: it sends what it was given and nothing else, hears late answers and refusals.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use crate::closed_port::ClosedPort;
use crate::peers::{
    Scratch, accept, again, all, datagram, datagram_from, readable_within, udp, unix_dgram,
};
use crate::tool::{Tool, assert_same, pattern};

fn server() -> (UdpSocket, String) {
    let socket = udp();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    (socket, address)
}

#[test]
fn trap_12_an_answer_that_comes_late_is_waited_for() {
    for more in [&[][..], &["--reply", "1"]] {
        let (server, address) = server();
        let answering = thread::spawn(move || {
            let (question, peer) = datagram_from(&server);
            thread::sleep(Duration::from_millis(800));
            server.send_to(b"late\n", peer).unwrap();
            question
        });
        let mut tool = Tool::start(&[&["connect", &address], more].concat());
        tool.type_in(b"question\n");
        let ran = tool.end();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "late\n"),
            "{more:?}: {ran:?}"
        );
        assert_eq!(answering.join().unwrap(), b"question\n");
    }
}

#[test]
fn trap_12_the_answers_that_were_asked_for_are_counted() {
    let (server, address) = server();
    // Whoever does not count waits for far longer than this test does.
    let mut tool = Tool::start(&["connect", &address, "--reply", "3", "--wait", "60s"]);
    tool.type_in(b"question\n");
    let (_, peer) = datagram_from(&server);
    for text in ["1\n", "2\n", "3\n"] {
        server.send_to(text.as_bytes(), peer).unwrap();
    }
    let ran = tool.end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "1\n2\n3\n"),
        "{ran:?}"
    );
}

#[test]
fn trap_12_silence_is_told_for_what_it_is() {
    let (_server, address) = server();
    let began = Instant::now();
    let (plain, counted) = thread::scope(|scope| {
        let start = |more: &'static [&'static str]| {
            let address = address.clone();
            move || {
                let mut tool = Tool::start(&[&["connect", &address], more].concat());
                tool.type_in(b"anyone?\n");
                tool.end()
            }
        };
        let plain = scope.spawn(start(&[]));
        let counted = scope.spawn(start(&["--reply", "1"]));
        (plain.join().unwrap(), counted.join().unwrap())
    });
    assert_eq!(plain.code, Some(0), "{plain:?}");
    assert!(
        plain.stderr.contains("UDP"),
        "it cannot be told from loss: {plain:?}"
    );
    assert_eq!(counted.code, Some(13), "{counted:?}");
    assert!(
        began.elapsed() >= Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn trap_12_who_wants_no_answer_waits_for_none() {
    let (server, address) = server();
    let began = Instant::now();
    let ran = Tool::start(&["connect", &address, "--send", "x", "--send-only"]).end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // A first answer would be waited for five seconds.
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(datagram(&server), b"x\n");
}

#[test]
fn trap_13_only_what_was_given_is_sent() {
    for more in [&["-v"][..], &["--explain"], &["--hex", "-v"]] {
        let (server, address) = server();
        let mut tool = Tool::start(&[&["connect", &address, "--reply", "1"], more].concat());
        tool.type_in(b"the only one\n");
        let (text, peer) = datagram_from(&server);
        assert_eq!(text, b"the only one\n");
        server.send_to(b"heard\n", peer).unwrap();
        let ran = tool.end();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            !readable_within(&server, Duration::ZERO),
            "{:?}",
            datagram(&server)
        );
    }
}

#[test]
fn trap_13_a_probe_sends_nothing() {
    let (server, address) = server();
    for words in [&["connect", "-z", &address][..], &["wait", &address]] {
        let ran = Tool::start(words).end();
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.last_line().contains("--reply 1"), "{ran:?}");
        assert!(!readable_within(&server, Duration::ZERO), "{words:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for words in [
        &["connect", "-z", &address][..],
        &["wait", &address],
        &["connect", "-z", "-v", &address],
    ] {
        let heard = thread::scope(|scope| {
            let heard = scope.spawn(|| all(&mut accept(&listener)));
            assert_eq!(Tool::start(words).end().code, Some(0));
            heard.join().unwrap()
        });
        assert_eq!(heard, b"", "{words:?}");
    }
}

#[test]
fn trap_14_a_closed_port_is_refused_and_code_11() {
    for _ in 0..2 {
        let closed = ClosedPort::new();
        let address = format!("udp://{}", closed.at());
        for _ in 0..2 {
            let mut tool = Tool::start(&["connect", &address]);
            tool.type_in(b"first\n");
            let ran = tool.end();
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(11), ""), "{ran:?}");
            assert!(ran.last_line().contains("ECONNREFUSED"), "{ran:?}");
            assert!(
                ran.last_line()
                    .contains(address.trim_start_matches("udp://")),
                "{ran:?}"
            );
        }
    }
}

#[test]
fn trap_34_a_refusal_is_heard_at_once_by_who_only_reads() {
    let closed = ClosedPort::new();
    let address = format!("udp://{}", closed.at());
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let mut tool = Tool::start(&["connect", &address]);
        let asked = Instant::now();
        // The input stays open: nothing but the ICMP error can end this.
        tool.type_in(b"anyone?\n");
        let ran = tool.ran();
        best = best.min(asked.elapsed());
        assert_eq!(ran.code, Some(11), "{ran:?}");
        if best < Duration::from_secs(1) {
            break;
        }
    }
    assert!(best < Duration::from_secs(1), "{best:?}");
}

#[test]
fn trap_34_a_refusal_is_heard_without_stdin_too() {
    let closed = ClosedPort::new();
    let address = format!("udp://{}", closed.at());
    let ran = Tool::start(&["connect", &address, "--send", "anyone?", "--no-stdin"]).ran();
    assert_eq!(ran.code, Some(11), "{ran:?}");
}

/// A conversation in which the server sends these messages, and the client marks each with its length.
fn received(messages: &[Vec<u8>]) -> Vec<u8> {
    let (server, address) = server();
    let count = messages.len().to_string();
    let mut tool = Tool::start(&["connect", &address, "--frame", "len32", "--reply", &count]);
    tool.type_in(&[0, 0, 0, 5]);
    tool.type_in(b"begin");
    let (text, peer) = datagram_from(&server);
    assert_eq!(text, b"begin");
    let mut heard = 0;
    for message in messages {
        server.send_to(message, peer).unwrap();
        heard += 4 + message.len();
        tool.stdout.wait_until(|bytes| bytes.len() >= heard);
    }
    assert_eq!(tool.wait().code(), Some(0));
    tool.stdout.whole()
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
    }
    bytes
}

#[test]
fn trap_08_a_client_receives_and_sends_every_size_whole() {
    let sizes = [1, 1_472, 8_193, 16_385, 65_506, 65_507];
    let messages: Vec<Vec<u8>> = sizes.iter().map(|size| pattern(*size)).collect();
    assert_same(&received(&messages), &framed(&messages));

    let (server, address) = server();
    let mut tool = Tool::start(&["connect", &address, "--frame", "len32", "--send-only"]);
    for message in &messages {
        tool.type_in(&framed(std::slice::from_ref(message)));
        assert_same(&datagram(&server), message);
    }
    assert_eq!(tool.end().code, Some(0));
}

#[test]
fn trap_08_a_client_receives_a_unix_datagram_of_200_kb_whole() {
    let scratch = Scratch::new();
    let server = unix_dgram(&scratch.path("server"));
    let address = format!("unix-dgram:{}", scratch.text("server"));
    let mut tool = Tool::start(&["connect", &address, "--frame", "len32", "--reply", "1"]);
    let message = pattern(200_000);
    tool.type_in(&framed(std::slice::from_ref(&message)));
    let mut buffer = vec![0; 300_000];
    let (n, peer) = again(|| server.recv_from(&mut buffer)).unwrap();
    assert_same(&buffer[..n], &message);
    server.send_to_addr(&message, &peer).unwrap();
    let got = tool
        .stdout
        .wait_until(|bytes| bytes.len() >= 4 + message.len());
    assert_same(&got[4..], &message);
    assert_eq!(tool.end().code, Some(0));
}

#[test]
fn trap_09_an_empty_datagram_ends_nothing_for_a_client() {
    let messages = [
        b"".to_vec(),
        b"x".to_vec(),
        b"".to_vec(),
        b"".to_vec(),
        b"y".to_vec(),
    ];
    assert_eq!(received(&messages), framed(&messages));
    // Without marks on the output an empty message adds nothing to it, and what follows comes all the same.
    let (server, address) = server();
    let mut tool = Tool::start(&["connect", &address, "--reply", "2"]);
    tool.type_in(b"begin\n");
    let (_, peer) = datagram_from(&server);
    server.send_to(b"", peer).unwrap();
    server.send_to(b"x\n", peer).unwrap();
    let ran = tool.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "x\n"), "{ran:?}");
}

#[test]
fn trap_09_an_empty_message_can_be_sent() {
    let (server, address) = server();
    let messages = [b"".to_vec(), b"x".to_vec(), b"".to_vec()];
    let mut tool = Tool::start(&["connect", &address, "--frame", "len16", "--send-only"]);
    tool.type_in(&[0, 0, 0, 1, b'x', 0, 0]);
    for message in messages {
        assert_eq!(datagram(&server), message);
    }
    assert_eq!(tool.end().code, Some(0));
}

#[test]
fn trap_09_an_empty_packet_is_no_end_and_an_end_is_no_packet() {
    use rustix::net::{
        AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind,
        listen, send, socket_with,
    };
    let scratch = Scratch::new();
    let listener = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&listener, &SocketAddrUnix::new(scratch.path("s")).unwrap()).unwrap();
    listen(&listener, 1).unwrap();
    let address = format!("unix-seqpacket:{}", scratch.text("s"));
    let mut tool = Tool::start(&["connect", &address, "--frame", "len16"]);
    drop(tool.stdin.take());
    crate::peers::readable(&listener);
    let server = accept_with(&listener, SocketFlags::CLOEXEC).unwrap();
    for message in [&b""[..], b"x", b"", b"y"] {
        send(&server, message, SendFlags::empty()).unwrap();
    }
    drop(server);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(tool.stdout.whole(), b"\0\0\0\x01x\0\0\0\x01y");
}

#[test]
fn trap_11_a_file_on_stdin_becomes_exactly_the_records_that_were_asked_for() {
    // What fits into the queue of a socket at once, with all that the kernel counts.
    let file = pattern(60_000);
    for size in [1_000, 1_452, 9_000, 65_507] {
        let (server, address) = server();
        let mut tool = Tool::start(&[
            "connect",
            &address,
            "--frame",
            &format!("chunk={size}"),
            "--send-only",
        ]);
        tool.feed(file.clone());
        // A pipe may give less than a chunk: what counts is that none is longer, and that all of it comes in order.
        let mut got = Vec::new();
        while got.len() < file.len() {
            let record = datagram(&server);
            assert!(record.len() <= size, "{}", record.len());
            got.extend(record);
        }
        assert_same(&got, &file);
        assert_eq!(tool.wait().code(), Some(0));
    }
}

#[test]
fn trap_11_each_line_is_a_message_and_one_too_long_is_an_error() {
    let (server, address) = server();
    let mut tool = Tool::start(&["connect", &address, "--send-only"]);
    tool.type_in(b"one\ntwo\n\nlast without an end");
    drop(tool.stdin.take());
    for line in ["one\n", "two\n", "\n", "last without an end"] {
        assert_eq!(datagram(&server), line.as_bytes());
    }
    assert_eq!(tool.ran().code, Some(0));

    let mut tool = Tool::start(&["connect", &address, "--send-only"]);
    let mut line = vec![b'x'; 65_507];
    line.push(b'\n');
    tool.type_in(&line);
    let ran = tool.end();
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.last_line().contains("65507") || ran.last_line().contains("EMSGSIZE"),
        "{ran:?}"
    );
    assert!(
        !readable_within(&server, Duration::from_millis(50)),
        "part of it was sent"
    );
}

#[test]
fn trap_35_a_unix_peer_that_never_reads_costs_a_client_no_processor_time() {
    let scratch = Scratch::new();
    let _never_reads: UnixDatagram = unix_dgram(&scratch.path("full"));
    let mut tool = Tool::start(&["connect", &format!("unix-dgram:{}", scratch.text("full"))]);
    let mut stdin = tool.stdin.take().unwrap();
    let feeding = thread::spawn(move || {
        // Until the pipe breaks, at the end of this test.
        while stdin.write_all(b"more than it takes\n").is_ok() {}
    });
    // All buffers are full by now: the time is what is measured.
    thread::sleep(Duration::from_millis(300));
    let before = tool.cpu();
    thread::sleep(Duration::from_secs(1));
    let used = tool.cpu() - before;
    assert!(used < Duration::from_millis(100), "{used:?} of a second");
    assert!(tool.runs());
    drop(tool);
    feeding.join().unwrap();
}
