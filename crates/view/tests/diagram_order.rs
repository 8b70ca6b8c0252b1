//! Two threads tell their events in whatever order they come to it; the picture has causes above what they caused.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(dead_code, reason = "the scenes have more than these tests need")]

mod scenes;

use scenes::Scene;
use sockeye_model::{End, Family, Kind, Type};
use sockeye_view::{Columns, Diagram, DiagramOptions, Reasons};

fn drawn(scene: &Scene) -> String {
    let options = DiagramOptions {
        columns: Columns::Two,
        reasons: Reasons::None,
        ..DiagramOptions::default()
    };
    let mut out = Vec::new();
    scene.show(Diagram::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

/// A server and a client on two threads, whose events are told in any order that the two allow.
fn tcp_on_two_threads(server: &[u64; 5], client: &[u64; 3]) -> Scene {
    let mut scene = Scene::default();
    scene.bound(0, 1, "127.0.0.1:7007");
    scene.listening(1, 1, "127.0.0.1:7007");
    scene.created(2, 2, Family::Inet, Type::Stream);
    scene.connecting(3, 2, "127.0.0.1:7007");
    scene.connected(8, 2, "127.0.0.1:51546", "127.0.0.1:7007", 5);
    scene.accepted(server[0], 1, 3, "127.0.0.1:7007", "127.0.0.1:51546");
    scene.received(server[1], 3, b"hola");
    scene.sent(server[2], 3, b"HOLA");
    scene.closed(server[3], 3, 4, 4, Some(End::Ours));
    scene.closed(server[4], 1, 0, 0, None);
    scene.sent(client[0], 2, b"hola");
    scene.received(client[1], 2, b"HOLA");
    scene.half_closed(client[2], 2, End::Peer);
    scene.events.sort_by_key(|event| event.at);
    scene
}

#[test]
fn a_client_that_sends_before_its_accept_is_told_is_received_all_the_same() {
    for scene in [
        tcp_on_two_threads(&[10, 30, 40, 60, 80], &[20, 50, 70]),
        tcp_on_two_threads(&[20, 30, 40, 60, 80], &[10, 50, 70]),
        tcp_on_two_threads(&[10, 20, 40, 50, 55], &[30, 60, 70]),
    ] {
        let text = drawn(&scene);
        let calls: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once(" #"))
            .map(|(_, call)| call.split('│').next().unwrap_or_default().trim_end())
            .collect();
        let received = calls.iter().position(|call| call.starts_with("3 recv"));
        let gone = calls.iter().position(|call| call.starts_with("1 close"));
        assert!(received.is_some() && received < gone, "{text}");
    }
}

#[test]
fn a_close_stands_below_the_receive_of_what_was_sent_before_it() {
    let told_late = tcp_on_two_threads(&[10, 30, 40, 45, 80], &[20, 50, 70]);
    let text = drawn(&told_late);
    let line = |what: &str| text.lines().position(|line| line.contains(what));
    assert_eq!(line("#3 send"), line("#2 recv after"), "{text}");
    assert_eq!(line("#3 close"), line("#2 recv 0 B"), "{text}");
    assert!(line("#3 send") < line("#3 close"), "{text}");
}

#[test]
fn titles_have_a_blank_line_between_them_and_what_is_above() {
    let mut scene = Scene::default();
    for title in ["first", "second"] {
        scene.at(0, 0, Kind::Planned { plan: title.into() });
        scene.bound(10, 1, "127.0.0.1:5005");
    }
    let text = drawn(&scene);
    assert!(text.starts_with("── first ──"), "{text}");
    assert!(text.contains("\n\n── second ──"), "{text}");
}
