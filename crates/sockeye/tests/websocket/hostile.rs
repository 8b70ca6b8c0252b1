//! Peers that mean harm: each is refused by its rule, costs little, and keeps nobody else from being served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::peer::{Heard, client, frame, port, served, server};
use crate::ran::{sockeye, sockeye_with};

use sockeye_net::websocket::Role;

fn echoed(address: &str) {
    let ran = sockeye_with(&["connect", address], b"hola\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola\n"),
        "{ran:?}"
    );
}

#[test]
fn frames_that_break_a_rule_are_answered_with_its_code_and_the_others_are_served() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let mut other = client(port(&address));
    for (bytes, code) in [
        (vec![0xC1, 0x80, 1, 2, 3, 4], 1002),
        (vec![0x83, 0x80, 1, 2, 3, 4], 1002),
        (vec![0x81, 0x01, b'x'], 1002),
        (vec![0x89, 0xFE, 0, 126], 1002),
        (vec![0x80, 0x80, 1, 2, 3, 4], 1002),
        (vec![0x82, 0xFF, 0xFF], 1002),
        (
            vec![
                0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4,
            ],
            1009,
        ),
        (frame(0x01, b"caf\xff", Role::Client), 1007),
        (frame(0x88, b"\x03", Role::Client), 1002),
        (frame(0x88, b"\x03\xEE", Role::Client), 1002),
    ] {
        let mut peer = client(port(&address));
        peer.stream.write_all(&bytes).unwrap();
        assert_eq!(peer.hear(), Heard::Close(code), "{bytes:02x?}");
        assert_eq!(peer.hear(), Heard::End);
    }
    assert!(other.ask(0x81, b"still here"));
    assert_eq!(other.hear(), Heard::Text("still here".to_owned()));
    drop(tool);
}

#[test]
fn a_client_refuses_a_server_that_masks_and_says_so_with_code_1() {
    let (address, served) = server(|mut peer| {
        peer.stream
            .write_all(&frame(0x81, b"x", Role::Client))
            .unwrap();
        peer.hear()
    });
    let ran = sockeye(&["connect", "--no-stdin", &address]);
    assert_eq!(served.join().unwrap(), Heard::Close(1002));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("with a mask"), "{ran:?}");
}

#[test]
fn lengths_that_are_only_announced_take_no_memory() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    echoed(&address);
    let before = tool.status("VmRSS");
    let mut liars: Vec<_> = (0..200)
        .map(|_| {
            let mut peer = client(port(&address));
            // 60 MiB announced, three bytes sent.
            let liar = [0x82, 0xFF, 0, 0, 0, 0, 3, 0xC0, 0, 0, 1, 2, 3, 4, 5, 6, 7];
            peer.stream.write_all(&liar).unwrap();
            peer
        })
        .collect();
    assert!(liars[199].ask(0x00, b""));
    echoed(&address);
    let grown = tool.status("VmRSS").saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} kB for 200 liars");
    drop(tool);
}

#[test]
fn a_message_over_the_limit_is_refused_also_when_it_only_grows_to_that() {
    let limited = "echo=ws://127.0.0.1:0#deflate,max-message=1m";
    let (tool, address) = served(&["serve", limited]);
    let before = tool.status("VmRSS");
    let mut peer = deflating(port(&address));
    // Deflate blocks with fixed codes: a zero, then 258 more of it a piece of 2 bits, for some 40 MiB.
    peer.write_all(&frame(0xC2, &bomb(160_000), Role::Client))
        .unwrap();
    let mut answer = [0; 4];
    peer.read_exact(&mut answer).unwrap();
    assert_eq!(
        (answer[0], u16::from_be_bytes([answer[2], answer[3]])),
        (0x88, 1009)
    );
    let grown = tool.status("VmRSS").saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} kB for a bomb");
    echoed(&address);
    drop(tool);
}

/// One zero and `times` copies of the 258 before it, as one block with fixed codes
/// ([RFC 1951, section 3.2.6](https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6)).
fn bomb(times: usize) -> Vec<u8> {
    let mut bits = Vec::new();
    // Not the last block, fixed codes; then the literal 0, whose code is 00110000.
    bits.extend([0, 1, 0].map(|bit| bit == 1));
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0].map(|bit| bit == 1));
    for _ in 0..times {
        // Length 258 is symbol 285, code 11000101; distance 1 is symbol 0, five zeros.
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0].map(|bit| bit == 1));
    }
    // The end of the block, and an empty stored one, whose last four bytes are not sent.
    bits.extend([false; 7]);
    bits.extend([false; 3]);
    let byte = |eight: &[bool]| {
        let set = eight.iter().enumerate().filter(|(_, bit)| **bit);
        set.fold(0, |byte, (index, _)| byte | 1 << index)
    };
    bits.chunks(8).map(byte).collect()
}

/// A connection with permessage-deflate agreed.
fn deflating(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    .unwrap();
    let head = String::from_utf8(crate::peer::head(&mut stream)).unwrap();
    assert!(head.contains("permessage-deflate"), "{head}");
    stream
}

#[test]
fn endless_heads_are_refused_and_slow_ones_are_cut_off_while_others_are_served() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let refused = |head: String| {
        let mut stream = TcpStream::connect(("127.0.0.1", port(&address))).unwrap();
        // It may be refused before all of it is sent.
        let _ = stream.write_all(head.as_bytes());
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8_lossy(&status[9..]).into_owned()
    };
    assert_eq!(
        refused(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000))),
        "431"
    );
    assert_eq!(
        refused(format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(200))),
        "431"
    );
    assert_eq!(refused("\x16\x03\x01 hello\r\n\r\n".to_owned()), "400");
    let began = Instant::now();
    let mut slow = TcpStream::connect(("127.0.0.1", port(&address))).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut rest = [0; 1];
    // A byte each half second, until it is cut off.
    let cut = b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        .iter()
        .any(|byte| {
            echoed_once(began, &address);
            slow.write_all(&[*byte]).is_err() || matches!(slow.read(&mut rest), Ok(0))
        });
    let took = began.elapsed();
    assert!(
        cut && took > Duration::from_secs(8) && took < Duration::from_secs(19),
        "{took:?}"
    );
    drop(tool);
}

/// Somebody else is served, asked for in the first second alone.
fn echoed_once(began: Instant, address: &str) {
    if began.elapsed() < Duration::from_secs(1) {
        echoed(address);
    }
}
