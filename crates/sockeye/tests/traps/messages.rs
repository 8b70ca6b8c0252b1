//! A message stays one message: whole at every size, also an empty one, never cut, joined or divided.

use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, listen,
    socket_with,
};

use crate::peers::{
    Scratch, again, datagram, datagram_from, readable, readable_within, udp, udp_on, udp_to,
    unix_dgram,
};
use crate::tool::{Tool, assert_same, pattern, skipped};

/// Sizes at which others cut, and the largest that IPv4 and IPv6 carry.
const SIZES: &[usize] = &[
    1, 0, 1_472, 2_048, 8_192, 8_193, 16_384, 16_385, 65_506, 65_507,
];
const SIZES_V6: &[usize] = &[1, 0, 1_452, 8_193, 65_507, 65_508, 65_527];
const SIZES_UNIX: &[usize] = &[1, 0, 4_096, 65_508, 65_536, 65_537, 131_073, 200_000];

fn unix_message(socket: &UnixDatagram) -> Vec<u8> {
    let mut buffer = vec![0; 300_000];
    let n = again(|| socket.recv(&mut buffer)).unwrap();
    buffer.truncate(n);
    buffer
}

#[test]
fn trap_08_every_size_passes_a_relay_of_udp_whole_both_ways() {
    for (host, sizes) in [("127.0.0.1", SIZES), ("[::1]", SIZES_V6)] {
        let plain = host.trim_matches(['[', ']']);
        if UdpSocket::bind((plain, 0)).is_err() {
            skipped("no ::1 here");
            return;
        }
        let backend = udp_on(plain);
        let to = format!("udp://{}", backend.local_addr().unwrap());
        let (_tool, address) = Tool::serve_one(&["relay", &format!("udp://{host}:0"), &to]);
        let client = udp_to(&address);
        for size in sizes {
            let sent = pattern(*size);
            client.send(&sent).unwrap();
            let (got, peer) = datagram_from(&backend);
            assert_same(&got, &sent);
            backend.send_to(&got, peer).unwrap();
            assert_same(&datagram(&client), &sent);
        }
    }
}

#[test]
fn trap_08_every_size_passes_the_echo_service_whole() {
    for (host, sizes) in [("127.0.0.1", SIZES), ("[::1]", SIZES_V6)] {
        if UdpSocket::bind((host.trim_matches(['[', ']']), 0)).is_err() {
            skipped("no ::1 here");
            return;
        }
        let (_tool, address) = Tool::serve_one(&["serve", &format!("echo=udp://{host}:0")]);
        let client = udp_to(&address);
        for size in sizes {
            let sent = pattern(*size);
            client.send(&sent).unwrap();
            assert_same(&datagram(&client), &sent);
        }
    }
}

#[test]
fn trap_08_a_unix_datagram_of_200_kb_passes_whole() {
    let scratch = Scratch::new();
    let backend = unix_dgram(&scratch.path("backend"));
    let from = format!("unix-dgram:{}", scratch.text("front"));
    let to = format!("unix-dgram:{}", scratch.text("backend"));
    let (_relay, _) = Tool::serve_one(&["relay", &from, &to]);
    let (_echo, _) = Tool::serve_one(&[
        "serve",
        &format!("echo=unix-dgram:{}", scratch.text("echo")),
    ]);
    let client = unix_dgram(&scratch.path("client"));
    for size in SIZES_UNIX {
        let sent = pattern(*size);
        client.send_to(&sent, scratch.path("front")).unwrap();
        assert_same(&unix_message(&backend), &sent);
        client.send_to(&sent, scratch.path("echo")).unwrap();
        assert_same(&unix_message(&client), &sent);
    }
}

#[test]
fn trap_08_listen_many_has_every_message_whole() {
    let (tool, address) = Tool::serve_one(&[
        "listen",
        "--many",
        "--no-stdin",
        "--raw",
        "--frame",
        "len32",
        "udp://127.0.0.1:0",
    ]);
    let client = udp_to(&address);
    let mut wanted = Vec::new();
    for size in SIZES {
        let sent = pattern(*size);
        client.send(&sent).unwrap();
        wanted.extend((*size as u32).to_be_bytes());
        wanted.extend(&sent);
        // One after the other: the socket's queue does not hold them all.
        tool.stdout.wait_until(|bytes| bytes.len() >= wanted.len());
    }
    assert_same(&tool.stdout.bytes(), &wanted);
}

/// A socket of packets that listens at this path.
fn packets_at(path: &std::path::Path) -> OwnedFd {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    listen(&socket, 8).unwrap();
    socket
}

fn packets_to(path: &std::path::Path) -> OwnedFd {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    rustix::net::connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

fn packet(socket: &OwnedFd) -> Vec<u8> {
    readable(socket);
    let mut buffer = vec![0; 300_000];
    let (n, _) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()).unwrap();
    buffer.truncate(n);
    buffer
}

#[test]
fn trap_09_an_empty_datagram_is_a_message_in_a_relay() {
    let backend = udp();
    let to = format!("udp://{}", backend.local_addr().unwrap());
    let (mut tool, address) = Tool::serve_one(&["relay", "udp://127.0.0.1:0", &to]);
    let client = udp_to(&address);
    for text in [&b""[..], b"x", b"", b"", b"y"] {
        client.send(text).unwrap();
        let (got, peer) = datagram_from(&backend);
        assert_eq!(got, text);
        backend.send_to(text, peer).unwrap();
        assert_eq!(datagram(&client), text);
    }
    assert!(tool.runs());
}

#[test]
fn trap_09_an_empty_message_is_one_on_unix_sockets_too() {
    let scratch = Scratch::new();
    let backend = unix_dgram(&scratch.path("backend"));
    let words = ["front", "backend"].map(|name| format!("unix-dgram:{}", scratch.text(name)));
    let (mut tool, _) = Tool::serve_one(&["relay", &words[0], &words[1]]);
    let client = UnixDatagram::unbound().unwrap();
    client.connect(scratch.path("front")).unwrap();
    for text in [&b""[..], b"x", b"", b"y"] {
        client.send(text).unwrap();
        assert_eq!(unix_message(&backend), text);
    }
    assert!(tool.runs());

    let listener = packets_at(&scratch.path("packets"));
    let words =
        ["packets-front", "packets"].map(|name| format!("unix-seqpacket:{}", scratch.text(name)));
    let (mut tool, _) = Tool::serve_one(&["relay", &words[0], &words[1]]);
    let client = packets_to(&scratch.path("packets-front"));
    readable(&listener);
    let server = rustix::net::accept_with(&listener, SocketFlags::CLOEXEC).unwrap();
    for text in [&b""[..], b"x", b"", b"", b"y"] {
        rustix::net::send(&client, text, SendFlags::empty()).unwrap();
        assert_eq!(packet(&server), text);
        rustix::net::send(&server, text, SendFlags::empty()).unwrap();
        assert_eq!(packet(&client), text);
    }
    assert!(
        !readable_within(&server, Duration::from_millis(50)),
        "no end yet"
    );
    // And the end is one, in one direction alone.
    rustix::net::shutdown(&client, rustix::net::Shutdown::Write).unwrap();
    assert_eq!(packet(&server), b"");
    rustix::net::send(&server, b"after the end", SendFlags::empty()).unwrap();
    assert_eq!(packet(&client), b"after the end");
    drop(server);
    assert_eq!(packet(&client), b"");
    assert!(tool.runs());
}

#[test]
fn trap_09_an_empty_datagram_is_answered_and_written_down() {
    let (_tool, address) = Tool::serve_one(&["serve", "echo=udp://127.0.0.1:0"]);
    let client = udp_to(&address);
    for text in [&b""[..], b"x"] {
        client.send(text).unwrap();
        assert_eq!(datagram(&client), text);
    }
    let (mut tool, address) = Tool::serve_one(&["listen", "--many", "udp://127.0.0.1:0"]);
    let client = udp_to(&address);
    for text in [&b""[..], b"x", b""] {
        client.send(text).unwrap();
    }
    let lines = tool.stdout.wait_until(|bytes| data_lines(bytes).len() == 3);
    let lines = data_lines(&lines);
    assert!(lines[0].contains("\"text\":\"\""), "{lines:?}");
    assert!(lines[1].contains("\"text\":\"x\""), "{lines:?}");
    assert!(lines[2].contains("\"text\":\"\""), "{lines:?}");
    assert!(tool.runs());
}

/// The lines of JSON that tell what was received.
fn data_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .filter(|line| line.contains("\"event\":\"data\""))
        .map(str::to_owned)
        .collect()
}

#[test]
fn trap_11_what_is_too_long_is_refused_whole_and_the_next_passes() {
    for (host, most) in [("127.0.0.1", 65_507), ("[::1]", 65_527)] {
        let plain = host.trim_matches(['[', ']']);
        if UdpSocket::bind((plain, 0)).is_err() {
            skipped("no ::1 here");
            return;
        }
        let scratch = Scratch::new();
        let backend = udp_on(plain);
        let from = format!("unix-dgram:{}", scratch.text("front"));
        let to = format!("udp://{}", backend.local_addr().unwrap());
        let (tool, _) = Tool::serve_one(&["relay", &from, &to]);
        let client = UnixDatagram::unbound().unwrap();
        client.connect(scratch.path("front")).unwrap();
        for size in [most - 1, most, most + 1, 100_000, most] {
            client.send(&pattern(size)).unwrap();
            if size <= most {
                assert_same(&datagram(&backend), &pattern(size));
            }
        }
        assert!(
            !readable_within(&backend, Duration::from_millis(50)),
            "{:?}",
            datagram(&backend).len()
        );
        let ran = tool.stop();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr.contains(&most.to_string()) || ran.stderr.contains("EMSGSIZE"),
            "{ran:?}"
        );
    }
}

#[test]
fn trap_11_a_file_becomes_exactly_as_many_records_as_the_framing_says() {
    let scratch = Scratch::new();
    // What fits into the queue of a socket at once, with all that the kernel counts.
    let file = pattern(60_000);
    std::fs::write(scratch.path("file"), &file).unwrap();
    for size in [1_000, 1_452, 9_000, 65_507] {
        let backend = udp();
        let to = format!("udp://{}", backend.local_addr().unwrap());
        let from = format!("file:{}", scratch.text("file"));
        let chunk = format!("chunk={size}");
        let mut tool = Tool::start(&["relay", "--dial-both", &from, &to, "--frame", &chunk]);
        let mut sender = None;
        for record in file.chunks(size) {
            let (got, peer) = datagram_from(&backend);
            assert_same(&got, record);
            sender = Some(peer);
        }
        // An answer, so that it need not wait for a first one.
        backend.send_to(b"", sender.unwrap()).unwrap();
        let status = tool.wait();
        assert_eq!(status.code(), Some(0), "{}", tool.stderr.text());
        assert!(!readable_within(&backend, Duration::ZERO));
    }
}

#[test]
fn trap_11_a_line_too_long_for_udp_is_an_error_and_not_two_lines() {
    for (length, fits) in [(65_506, true), (65_507, false)] {
        let scratch = Scratch::new();
        let mut text = vec![b'x'; length];
        text.push(b'\n');
        std::fs::write(scratch.path("file"), [&text[..], b"after\n"].concat()).unwrap();
        let backend = udp();
        let to = format!("udp://{}", backend.local_addr().unwrap());
        let from = format!("file:{}", scratch.text("file"));
        let mut tool = Tool::start(&["relay", "--dial-both", &from, &to, "--frame", "line"]);
        if fits {
            let (got, peer) = datagram_from(&backend);
            assert!(got == text || got == text[..length], "{}", got.len());
            assert!(datagram(&backend).starts_with(b"after"));
            backend.send_to(b"", peer).unwrap();
            let ran = tool.ran();
            assert_eq!(ran.code, Some(0), "{ran:?}");
        } else {
            // What is sent is the other line, if anything.
            if readable_within(&backend, Duration::from_secs(1)) {
                let (got, peer) = datagram_from(&backend);
                assert!(got.starts_with(b"after"));
                backend.send_to(b"", peer).unwrap();
            }
            let ran = tool.ran();
            assert_ne!(ran.code, Some(0), "{ran:?}");
            assert!(ran.last_line().contains("65507"), "{ran:?}");
            assert!(!readable_within(&backend, Duration::from_millis(50)));
        }
    }
}

#[test]
fn trap_11_messages_keep_their_borders_through_a_stream_and_back() {
    // UDP to a stream with lengths, and that stream to UDP again.
    let backend = udp();
    let to = format!("udp://{}", backend.local_addr().unwrap());
    let (_back, middle) = Tool::serve_one(&["relay", "127.0.0.1:0", &to, "--frame", "len32"]);
    let (_there, front) =
        Tool::serve_one(&["relay", "udp://127.0.0.1:0", &middle, "--frame", "len32"]);
    let client = udp_to(&front);
    for size in SIZES {
        let sent = pattern(*size);
        client.send(&sent).unwrap();
        let (got, peer) = datagram_from(&backend);
        assert_same(&got, &sent);
        backend.send_to(&sent, peer).unwrap();
        assert_same(&datagram(&client), &sent);
    }
}

/// Processor time of the tool during a second in which nothing can move.
fn cpu_in_a_second(tool: &Tool) -> Duration {
    let before = tool.cpu();
    thread::sleep(Duration::from_secs(1));
    tool.cpu() - before
}

#[test]
fn trap_35_a_unix_peer_that_never_reads_costs_no_processor_time() {
    let scratch = Scratch::new();
    let _never_reads = unix_dgram(&scratch.path("full"));
    let to = format!("unix-dgram:{}", scratch.text("full"));
    let (mut relay, front) = Tool::serve_one(&["relay", "udp://127.0.0.1:0", &to]);
    let client = udp_to(&front);
    for _ in 0..500 {
        client.send(b"more than it takes").unwrap();
    }
    let used = cpu_in_a_second(&relay);
    assert!(used < Duration::from_millis(100), "{used:?} of a second");
    assert!(relay.runs());
}

#[test]
fn trap_35_a_client_that_never_reads_its_answers_costs_nothing_and_stops_nobody() {
    let scratch = Scratch::new();
    let path = scratch.path("server");
    let address = format!("unix-dgram:{}", path.display());
    let service = format!("echo={address}");
    for words in [
        &["serve", &service][..],
        &["listen", "--many", &address, "--exec", "cat"],
    ] {
        let (mut tool, _) = Tool::serve_one(words);
        let stuck = unix_dgram(&scratch.path("stuck"));
        stuck.connect(&path).unwrap();
        stuck.set_nonblocking(true).unwrap();
        for _ in 0..500 {
            // Refused when the server's own queue is full.
            let _full = stuck.send(b"and never read\n");
        }
        let used = cpu_in_a_second(&tool);
        assert!(
            used < Duration::from_millis(100),
            "{words:?}: {used:?} of a second"
        );
        let other = unix_dgram(&scratch.path("other"));
        other.connect(&path).unwrap();
        other.send(b"and I?\n").unwrap();
        assert_eq!(unix_message(&other), b"and I?\n", "{words:?}");
        assert!(tool.runs());
        drop((stuck, other, tool));
        for name in ["stuck", "other", "server"] {
            let _ = std::fs::remove_file(scratch.path(name));
        }
    }
}
