//! How a conversation ends: whose close, which code, and what the exit code says.

use crate::peer::{Heard, Peer, port, served, server};
use crate::ran::{sockeye, sockeye_with};
use crate::tool::Tool;

#[test]
fn trap_21_a_close_is_answered_with_its_code_and_mapped_to_the_exit_code() {
    for (payload, answered, exit, said) in [
        (&b""[..], 0, 0, ""),
        (b"\x03\xE8", 1000, 0, ""),
        (b"\x03\xE9bye", 1001, 0, ""),
        (b"\x0F\xA1no more", 4001, 1, "4001: no more"),
        (b"\x03\xF3", 1011, 1, "1011 (internal error)"),
    ] {
        let (address, served) = server(move |mut peer: Peer| {
            peer.tell(0x81, b"hola");
            peer.tell(0x88, payload);
            peer.hear()
        });
        let ran = sockeye(&["connect", "--no-stdin", &address]);
        assert_eq!(served.join().unwrap(), Heard::Close(answered));
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(exit), "hola\n"),
            "{ran:?}"
        );
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
}

#[test]
fn trap_21_an_end_without_a_close_is_code_21_and_what_came_is_kept() {
    let (address, served) = server(|mut peer: Peer| peer.tell(0x81, b"half"));
    let ran = sockeye(&["connect", "--no-stdin", &address]);
    served.join().unwrap();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(21), "half\n"),
        "{ran:?}"
    );
    assert!(ran.last_line().contains("without a close frame"), "{ran:?}");
}

#[test]
fn trap_21_the_peers_close_ends_it_at_once_although_stdin_is_open() {
    let (address, served) = server(|mut peer: Peer| {
        peer.tell(0x88, b"\x03\xE8");
        peer.hear()
    });
    let mut tool = Tool::start(&["connect", &address]);
    assert_eq!(tool.wait().code(), Some(0));
    assert_eq!(served.join().unwrap(), Heard::Close(1000));
}

#[test]
fn an_answer_that_comes_late_after_the_end_of_input_is_waited_for_before_the_close() {
    let (address, served) = server(|mut peer: Peer| {
        let asked = peer.hear();
        std::thread::sleep(std::time::Duration::from_millis(800));
        peer.tell(0x81, b"late answer");
        let close = peer.hear();
        peer.tell(0x81, b"after your close");
        peer.tell(0x88, b"\x03\xE8");
        (asked, close)
    });
    let ran = sockeye_with(&["connect", &address], b"question\n");
    let (asked, close) = served.join().unwrap();
    assert_eq!(asked, Heard::Text("question".to_owned()));
    assert_eq!(close, Heard::Close(1000));
    let said = "late answer\nafter your close\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), said), "{ran:?}");
}

#[test]
fn the_last_word_can_be_chosen() {
    let (address, served) = server(|mut peer: Peer| {
        let close = peer.hear();
        peer.tell(0x88, b"\x0F\xA7");
        close
    });
    let ran = sockeye(&["connect", &address, "--close", "4007:enough", "--send-only"]);
    assert_eq!(served.join().unwrap(), Heard::Close(4007));
    assert_eq!(ran.code, Some(0), "the answer to our own close: {ran:?}");
    let (address, served) = server(|mut peer: Peer| {
        let close = peer.hear();
        peer.tell(0x88, b"\x0F\xA8");
        close
    });
    let ran = sockeye(&["connect", &address, "--close", "4007", "--send-only"]);
    assert_eq!(served.join().unwrap(), Heard::Close(4007));
    assert_eq!(ran.code, Some(1), "a code of theirs: {ran:?}");
    assert!(ran.last_line().contains("4008"), "{ran:?}");
}

#[test]
fn a_listener_that_closes_with_a_code_ends_well_and_its_client_is_told() {
    let (mut tool, address) = served(&[
        "listen",
        "--exec",
        "true",
        "--close",
        "4005:fin",
        "ws://127.0.0.1:0",
    ]);
    let ran = sockeye(&["connect", "--no-stdin", &address]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("4005: fin"), "{ran:?}");
    assert_eq!(tool.wait().code(), Some(0));
}

#[test]
fn a_peer_that_answers_no_ping_is_left_with_code_13() {
    let (address, served) = server(|mut peer: Peer| {
        let mut pings = 0;
        loop {
            match peer.hear() {
                Heard::Ping(_) => pings += 1,
                Heard::Close(code) => return (pings, code),
                other => panic!("{other:?}"),
            }
        }
    });
    let ran = sockeye(&["connect", "--no-stdin", &format!("{address}#ping=100ms")]);
    assert_eq!(ran.code, Some(13), "{ran:?}");
    let (pings, code) = served.join().unwrap();
    assert_eq!((pings, code), (1, 1008));
}

#[test]
fn who_answers_pings_stays() {
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0#ping=50ms"]);
    let mut peer = crate::peer::client(port(&address));
    for _ in 0..4 {
        let Heard::Ping(payload) = peer.hear() else {
            panic!("a ping")
        };
        assert!(peer.ask(0x8A, &payload));
    }
    assert!(peer.ask(0x81, b"still here"));
    loop {
        match peer.hear() {
            Heard::Ping(payload) => assert!(peer.ask(0x8A, &payload)),
            heard => {
                assert_eq!(heard, Heard::Text("still here".to_owned()));
                break;
            }
        }
    }
    drop(tool);
}
