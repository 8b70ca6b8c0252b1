//! The picture of whole sessions, in both languages, looked at as a person would look at it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod scenes;

use scenes::Scene;
use sockeye_model::Kind;
use sockeye_view::catalogue::Language;
use sockeye_view::{Columns, Diagram, DiagramOptions, Reasons};

fn drawn(scene: &Scene, options: DiagramOptions) -> String {
    let mut out = Vec::new();
    scene.show(Diagram::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

fn in_language(scene: &Scene, language: Language) -> String {
    let options = DiagramOptions {
        language,
        ..DiagramOptions::default()
    };
    drawn(scene, options)
}

macro_rules! sessions {
    ($($name:ident: $scene:ident;)+) => {
        $(#[test]
        fn $name() {
            let scene = scenes::$scene();
            insta::assert_snapshot!(concat!(stringify!($scene), "_en"), in_language(&scene, Language::English));
            insta::assert_snapshot!(concat!(stringify!($scene), "_es"), in_language(&scene, Language::Spanish));
        })+
    };
}

sessions! {
    both_ends_of_a_tcp_conversation_face_each_other: tcp_both;
    a_udp_server_faces_its_two_clients: udp_both;
    both_ends_of_a_unix_stream_face_each_other: unix_both;
    a_client_alone_sends_its_arrows_out: tcp_client;
    a_server_alone_draws_its_clients_by_number: tcp_server;
    a_udp_server_alone_names_its_peers: udp_server;
    a_udp_client_connects_without_sending_anything: udp_client;
    a_refused_connect_is_an_arrow_back: refused;
    a_reset_is_an_arrow_back: reset;
    a_slow_reader_is_a_wait: slow_reader;
    a_late_reply_comes_after_the_end_of_the_other_direction: late_reply;
    a_connect_that_takes_long_has_two_rows: several_addresses;
    a_handshake_is_one_arrow_between_both_ends: tls_both;
    two_traced_programs_have_their_names_their_lines_and_their_mistakes: two_programs;
}

#[test]
fn calls_beneath_a_layer_are_drawn_only_where_all_is() {
    for (reasons, beneath) in [
        (Reasons::Once, false),
        (Reasons::None, false),
        (Reasons::All, true),
    ] {
        let options = DiagramOptions {
            reasons,
            ..DiagramOptions::default()
        };
        let text = drawn(&scenes::tls_both(), options);
        assert_eq!(
            text.contains("1532 B beneath"),
            beneath,
            "{reasons:?}\n{text}"
        );
        assert_eq!(text.matches("◀═").count(), 3, "{text}");
    }
}

#[test]
fn eighty_columns_are_enough_for_two_columns() {
    let options = DiagramOptions {
        width: 80,
        ..DiagramOptions::default()
    };
    let text = drawn(&scenes::tcp_both(), options);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("tcp_both_80", text);
}

#[test]
fn no_line_is_wider_than_the_terminal_and_lifelines_are_unbroken() {
    for (width, language) in [
        (60, Language::Spanish),
        (80, Language::English),
        (100, Language::Spanish),
        (140, Language::English),
    ] {
        for scene in [
            scenes::tcp_both(),
            scenes::udp_both(),
            scenes::unix_both(),
            scenes::udp_server(),
            scenes::tcp_server(),
            scenes::reset(),
        ] {
            let options = DiagramOptions {
                width,
                language,
                ..DiagramOptions::default()
            };
            let text = drawn(&scene, options);
            for line in text
                .lines()
                .filter(|line| !line.starts_with([' ', '✓', '✗']) || line.contains('│'))
            {
                assert!(line.chars().count() <= width, "{width}: {line}");
                let bars: Vec<usize> = line
                    .char_indices()
                    .filter(|(_, c)| *c == '│')
                    .map(|(at, _)| line[..at].chars().count())
                    .collect();
                assert_eq!(bars.len(), 2, "{line}");
            }
        }
    }
}

#[test]
fn ascii_output_has_no_other_characters() {
    for language in Language::ALL {
        let options = DiagramOptions {
            language: *language,
            ascii: true,
            ..DiagramOptions::default()
        };
        for scene in [
            scenes::tcp_both(),
            scenes::udp_server(),
            scenes::reset(),
            scenes::hostile(),
        ] {
            let text = drawn(&scene, options.clone());
            assert!(text.is_ascii(), "{text}");
        }
    }
    let options = DiagramOptions {
        ascii: true,
        language: Language::Spanish,
        ..DiagramOptions::default()
    };
    insta::assert_snapshot!("udp_both_ascii", drawn(&scenes::udp_both(), options));
}

#[test]
fn every_kind_of_event_is_shown() {
    for columns in [Columns::Auto, Columns::One, Columns::Two] {
        let options = || DiagramOptions {
            columns,
            ..DiagramOptions::default()
        };
        let empty = drawn(&Scene::default(), options());
        for (name, event) in scenes::one_of_each() {
            let scene = Scene {
                events: vec![event],
                ..Scene::default()
            };
            assert_ne!(drawn(&scene, options()), empty, "{name} is not shown");
        }
    }
}

#[test]
fn what_a_peer_sends_never_reaches_the_terminal_as_it_is() {
    for columns in [Columns::Auto, Columns::One, Columns::Two] {
        let options = DiagramOptions {
            columns,
            ..DiagramOptions::default()
        };
        let text = drawn(&scenes::hostile(), options);
        for character in text.chars().filter(|c| *c != '\n') {
            let code = u32::from(character);
            let bidi = matches!(code, 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
            assert!(
                !character.is_control() && !bidi,
                "{character:?} in {text:?}"
            );
        }
    }
}

#[test]
fn a_receive_that_is_told_too_early_stands_after_its_send() {
    let ordered = scenes::tcp_both();
    let mut swapped = scenes::tcp_both();
    for index in 0..swapped.events.len() - 1 {
        let sent = matches!(swapped.events[index].kind, Kind::Sent { .. });
        let received = matches!(swapped.events[index + 1].kind, Kind::Received { .. });
        if sent && received {
            swapped.events.swap(index, index + 1);
        }
    }
    assert_ne!(ordered.events, swapped.events);
    let options = DiagramOptions {
        columns: Columns::Two,
        ..DiagramOptions::default()
    };
    let text = drawn(&swapped, options.clone());
    let arrows = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| Some(line.split('│').nth(1)?.trim().to_owned()))
            .filter(|arrow| !arrow.is_empty())
            .collect()
    };
    assert_eq!(arrows(&text), arrows(&drawn(&ordered, options)));
}

#[test]
fn each_send_is_one_arrow_and_each_receive_one_call() {
    let options = DiagramOptions {
        columns: Columns::Two,
        reasons: Reasons::None,
        ..DiagramOptions::default()
    };
    for scene in [scenes::tcp_both(), scenes::udp_both(), scenes::unix_both()] {
        let text = drawn(&scene, options.clone());
        let sends = scene
            .events
            .iter()
            .filter(|event| matches!(event.kind, Kind::Sent { .. }))
            .count();
        let receives = scene
            .events
            .iter()
            .filter(|event| matches!(event.kind, Kind::Received { .. }))
            .count();
        let arrows = text
            .lines()
            .filter(|line| {
                line.split('│')
                    .nth(1)
                    .is_some_and(|arrow| arrow.contains(" B \""))
            })
            .count();
        let calls = text.matches(" recv").count()
            - text.matches("recv waiting").count()
            - text.matches("recvfrom waiting").count()
            - text.matches("recv 0 B = the end").count();
        assert_eq!((arrows, calls), (sends, receives), "{text}");
    }
}

#[test]
fn columns_are_found_out_as_they_would_have_been_asked_for() {
    for (scene, columns) in [
        (scenes::tcp_both(), Columns::Two),
        (scenes::udp_both(), Columns::Two),
        (scenes::unix_both(), Columns::Two),
        (scenes::tcp_client(), Columns::One),
        (scenes::tcp_server(), Columns::One),
        (scenes::udp_server(), Columns::One),
        (scenes::refused(), Columns::One),
    ] {
        let asked = DiagramOptions {
            columns,
            ..DiagramOptions::default()
        };
        assert_eq!(
            drawn(&scene, DiagramOptions::default()),
            drawn(&scene, asked)
        );
    }
}

#[test]
fn a_plan_of_the_session_is_a_title_across_the_picture() {
    let mut scene = Scene::default();
    scene.at(
        0,
        0,
        Kind::Planned {
            plan: "UDP: one socket, two peers".into(),
        },
    );
    scene.bound(10, 1, "127.0.0.1:5005");
    let text = drawn(&scene, DiagramOptions::default());
    assert!(text.contains("── UDP: one socket, two peers ───"), "{text}");
}
