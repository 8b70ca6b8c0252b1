//! A listener for one conversation of messages: the first peer has it, whole and alone.

use std::net::UdpSocket;
use std::time::Duration;

use rustix::process::Signal;

use crate::peers::{datagram, datagram_from, readable_within, udp, udp_on, udp_to};
use crate::tool::{Tool, assert_same, pattern, skipped};

#[test]
fn trap_07_a_listener_for_one_mixes_nobody_into_its_conversation() {
    let (mut tool, address) = Tool::serve_one(&["listen", "--wait", "300ms", "udp://127.0.0.1:0"]);
    let (a, b) = (udp_to(&address), udp_to(&address));
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    for (client, text) in [(&a, "a1\n"), (&b, "b1\n"), (&b, "b2\n"), (&a, "a2\n")] {
        client.send(text.as_bytes()).unwrap();
    }
    tool.signal(Signal::CONT);
    tool.stdout.wait_for("a2");
    tool.type_in(b"for a\n");
    assert_eq!(datagram(&a), b"for a\n");
    let ran = tool.end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "a1\na2\n"),
        "{ran:?}"
    );
    // The other was not heard, and that is said with its number.
    assert!(ran.stderr.contains('2'), "{ran:?}");
    assert!(!readable_within(&b, Duration::ZERO));
}

#[test]
fn trap_08_a_listener_for_one_has_every_size_whole() {
    for (host, sizes) in [
        ("127.0.0.1", &[1, 0, 1_472, 8_193, 16_385, 65_507][..]),
        ("[::1]", &[1, 0, 8_193, 65_508, 65_527]),
    ] {
        if UdpSocket::bind((host.trim_matches(['[', ']']), 0)).is_err() {
            skipped("no ::1 here");
            return;
        }
        let words = [
            "listen",
            "--wait",
            "300ms",
            "--frame",
            "len32",
            &format!("udp://{host}:0"),
        ];
        let (mut tool, address) = Tool::serve_one(&words);
        let client = udp_to(&address);
        let mut wanted = Vec::new();
        for size in sizes {
            let message = pattern(*size);
            client.send(&message).unwrap();
            let marked = [&u32::try_from(*size).unwrap().to_be_bytes()[..], &message].concat();
            wanted.extend(&marked);
            assert_same(
                &tool.stdout.wait_until(|bytes| bytes.len() >= wanted.len()),
                &wanted,
            );
            tool.type_in(&marked);
            assert_same(&datagram(&client), &message);
        }
        assert_eq!(tool.end().code, Some(0));
    }
}

#[test]
fn trap_09_an_empty_datagram_is_a_first_word_and_no_end() {
    let (tool, address) = Tool::serve_one(&[
        "listen",
        "--wait",
        "300ms",
        "--frame",
        "len16",
        "udp://127.0.0.1:0",
    ]);
    let client = udp_to(&address);
    for text in [&b""[..], b"x", b"", b"y"] {
        client.send(text).unwrap();
    }
    let wanted = b"\0\0\0\x01x\0\0\0\x01y";
    tool.stdout.wait_until(|bytes| bytes.len() >= wanted.len());
    // Plainly written, an empty message is nothing, and what follows is there.
    let (plain, address) = Tool::serve_one(&["listen", "--wait", "300ms", "udp://127.0.0.1:0"]);
    let client = udp_to(&address);
    client.send(b"").unwrap();
    client.send(b"x\n").unwrap();
    plain.stdout.wait_for("x\n");
    for (tool, wanted) in [(tool, &wanted[..]), (plain, b"x\n")] {
        let ran = tool.end();
        assert_eq!(
            (ran.code, ran.stdout.as_bytes()),
            (Some(0), wanted),
            "{ran:?}"
        );
    }
}

#[test]
fn trap_16_a_listener_for_one_answers_from_the_address_that_was_asked() {
    let (mut tool, addresses) = Tool::serve(&["listen", "--wait", "300ms", "udp://any:0"]);
    let port = addresses[0].rsplit_once(':').unwrap().1.to_owned();
    let client = udp_on("127.0.0.1");
    client
        .send_to(b"hola\n", format!("127.0.0.2:{port}"))
        .unwrap();
    tool.stdout.wait_for("hola");
    tool.type_in(b"hey\n");
    let (text, from) = datagram_from(&client);
    assert_eq!(
        (text, from.to_string()),
        (b"hey\n".to_vec(), format!("127.0.0.2:{port}"))
    );
    assert_eq!(tool.end().code, Some(0));
}

#[test]
fn trap_14_a_listener_for_one_goes_on_when_an_answer_found_nobody() {
    let words = [
        "listen",
        "--explain",
        "--wait",
        "300ms",
        "udp://127.0.0.1:0",
    ];
    let (mut tool, address) = Tool::serve_one(&words);
    let client = udp_to(&address);
    client.send(b"hola\n").unwrap();
    tool.stdout.wait_for("hola");
    // Its port stays its own, and is closed to whoever it is not connected to.
    let somebody_else = udp();
    client.connect(somebody_else.local_addr().unwrap()).unwrap();
    tool.type_in(b"gone?\n");
    tool.stderr.wait_for("port unreachable");
    // The same peer, once more.
    client.connect(&address).unwrap();
    client.send(b"back\n").unwrap();
    tool.stdout.wait_for("back");
    tool.type_in(b"welcome\n");
    assert_eq!(datagram(&client), b"welcome\n");
    assert_eq!(tool.end().code, Some(0));
}
