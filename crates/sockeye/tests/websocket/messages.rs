//! Messages at the command line: one line each, empty ones too, any size, both types.

use std::io::Write;
use std::time::{Duration, Instant};

use sockeye_net::websocket::Role;

use crate::peer::{Heard, Peer, client, frame, port, served, server};
use crate::ran::sockeye_with;

#[test]
fn trap_10_an_empty_message_is_a_message_both_ways() {
    let (address, served) = server(|mut peer: Peer| {
        peer.tell(0x81, b"");
        peer.tell(0x81, b"after");
        let heard = [peer.hear(), peer.hear(), peer.hear()];
        peer.tell(0x88, b"\x03\xE8");
        heard
    });
    let ran = sockeye_with(&["connect", &address], b"\nafter\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "\nafter\n"),
        "{ran:?}"
    );
    let text = |text: &str| Heard::Text(text.to_owned());
    assert_eq!(
        served.join().unwrap(),
        [text(""), text("after"), Heard::Close(1000)]
    );
}

#[test]
fn trap_21_a_long_line_is_one_message_and_comes_back_as_one() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    for len in [200 << 10, 16 << 20] {
        let mut line = vec![b'x'; len];
        line[len - 1] = b'\n';
        let ran = sockeye_with(&["connect", &address], &line);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(
            ran.stdout.as_bytes() == line,
            "{len}: {} came",
            ran.stdout.len()
        );
    }
    drop(tool);
}

#[test]
fn trap_21_pings_between_fragments_and_characters_cut_by_them_are_no_trouble() {
    let (address, served) = server(|mut peer: Peer| {
        let text = "κόσμε".as_bytes();
        peer.tell(0x01, &text[..3]);
        peer.tell(0x89, b"here?");
        peer.tell(0x00, &text[3..4]);
        peer.tell(0x80, &text[4..]);
        let pong = peer.hear();
        peer.tell(0x88, b"");
        pong
    });
    let ran = sockeye_with(&["connect", "--no-stdin", &address], b"");
    assert_eq!(served.join().unwrap(), Heard::Pong(b"here?".to_vec()));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "κόσμε\n"),
        "{ran:?}"
    );
}

#[test]
fn typed_lines_say_and_send_both_types() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let lines = "text a\\nb \\\\ ñ\nbinary 00ff0a\ntext \nbinary \n";
    let ran = sockeye_with(&["connect", "--typed", &address], lines.as_bytes());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), lines), "{ran:?}");
    let ran = sockeye_with(&["connect", "--typed", &address], b"hello\n");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("binary HEX"), "{ran:?}");
    drop(tool);
}

#[test]
fn what_can_not_be_sent_is_said_at_once_by_its_number_and_what_came_before_is_answered() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    for (flag, input, answered, said) in [
        (
            "--typed",
            &b"text a\nzz\ntext b\n"[..],
            "text a\n",
            "message 2 of the input, \"zz\": ",
        ),
        (
            "--text",
            b"\xff\n",
            "",
            r#"message 1 of the input, "\xff": "#,
        ),
    ] {
        let began = Instant::now();
        let ran = sockeye_with(&["connect", flag, &address], input);
        // An answer would be waited for five seconds.
        assert!(began.elapsed() < Duration::from_secs(3), "{ran:?}");
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(1), answered),
            "{ran:?}"
        );
        assert!(ran.last_line().contains(said), "{ran:?}");
    }
    drop(tool);
}

#[test]
fn text_must_be_utf8_and_binary_need_not() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let ran = sockeye_with(&["connect", &address], b"caf\xe9\n");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("--binary"), "{ran:?}");
    let ran = sockeye_with(
        &["connect", "--binary", "--frame", "nul", &address],
        b"a\nb\0\xff\0",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "a\nb\0\u{fffd}\0");
    drop(tool);
}

#[test]
fn an_echo_keeps_the_type_of_each_message_also_as_a_client() {
    let (address, served) = server(|mut peer: Peer| {
        let mut heard = Vec::new();
        for (first, payload) in [(0x81, &b"text"[..]), (0x82, b"\0\xff"), (0x81, b"")] {
            peer.tell(first, payload);
            heard.push(peer.hear());
        }
        peer.tell(0x88, b"\x03\xE8");
        heard.push(peer.hear());
        heard
    });
    let ran = sockeye_with(&["connect", "--echo", &address], b"not read\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let expected = [
        Heard::Text("text".to_owned()),
        Heard::Binary(b"\0\xff".to_vec()),
        Heard::Text(String::new()),
        Heard::Close(1000),
    ];
    assert_eq!(served.join().unwrap(), expected);
}

#[test]
fn a_relay_between_two_keeps_types_and_the_close_code() {
    let (address, served) = server(|mut peer: Peer| {
        let heard = [peer.hear(), peer.hear()];
        peer.tell(0x82, b"back");
        peer.tell(0x88, b"\x0F\xA3");
        (heard, peer.hear())
    });
    let (tool, relay) = crate::peer::served(&["relay", "ws://127.0.0.1:0", &address]);
    let mut peer = client(port(&relay));
    assert!(peer.ask(0x81, b"there"));
    assert!(peer.ask(0x82, b"\0"));
    assert_eq!(peer.hear(), Heard::Binary(b"back".to_vec()));
    assert_eq!(peer.hear(), Heard::Close(4003));
    let (heard, _) = served.join().unwrap();
    let expected = [
        Heard::Text("there".to_owned()),
        Heard::Binary(b"\0".to_vec()),
    ];
    assert_eq!(heard, expected);
    drop(tool);
}

#[test]
fn what_is_typed_into_a_listener_goes_to_its_client_line_by_line() {
    let (mut tool, address) = served(&["listen", "ws://127.0.0.1:0"]);
    let mut peer = client(port(&address));
    assert!(peer.ask(0x81, b"hola"));
    tool.stdout.wait_for("hola\n");
    tool.type_in(b"one\n\ntwo\n");
    for line in ["one", "", "two"] {
        assert_eq!(peer.hear(), Heard::Text(line.to_owned()));
    }
    assert!(peer.ask(0x88, b"\x03\xE8"));
    assert_eq!(peer.hear(), Heard::Close(1000));
    assert_eq!(tool.wait().code(), Some(0));
}

#[test]
fn an_echo_of_messages_that_came_together_is_each_of_them_in_their_order() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let mut peer = client(port(&address));
    let sent: Vec<(u8, String)> = [5, 0, 20 << 10, 300, 40 << 10, 70_000, 1, 1 << 20, 64 << 10]
        .iter()
        .zip(0_u8..)
        .cycle()
        .take(27)
        .map(|(&len, nth)| {
            (
                0x81 + nth % 2,
                char::from(b'a' + nth).to_string().repeat(len),
            )
        })
        .collect();
    let mut together = Vec::new();
    for (first, message) in &sent {
        together.extend(frame(*first, message.as_bytes(), Role::Client));
        if message.len() == 300 {
            together.extend(frame(0x89, b"there?", Role::Client));
        }
    }
    together.extend(frame(0x88, b"\x03\xE8", Role::Client));
    let mut writing = peer.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || writing.write_all(&together).unwrap());
    let (mut pongs, mut came) = (0, Vec::new());
    loop {
        match peer.hear() {
            Heard::Pong(_) => pongs += 1,
            Heard::Text(text) => came.push((0x81, text)),
            Heard::Binary(bytes) => came.push((0x82, String::from_utf8(bytes).unwrap())),
            last => {
                assert_eq!(last, Heard::Close(1000));
                break;
            }
        }
    }
    writer.join().unwrap();
    assert!(came == sent, "{} of {} came", came.len(), sent.len());
    assert!(pongs > 0);
    drop(tool);
}
