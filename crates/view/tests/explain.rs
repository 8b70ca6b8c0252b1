//! Narration of whole sessions, in both languages, read as a person would read it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod scenes;

use scenes::Scene;
use sockeye_model::{Sink, Timestamp};
use sockeye_view::catalogue::Language;
use sockeye_view::{Explain, ExplainOptions, Form, Reasons};

fn told(scene: &Scene, options: ExplainOptions) -> String {
    let mut out = Vec::new();
    scene.show(Explain::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

fn in_language(scene: &Scene, language: Language) -> String {
    let options = ExplainOptions {
        language,
        ..ExplainOptions::default()
    };
    told(scene, options)
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
    a_client_of_an_echo_server_reads_as_a_lesson: tcp_client;
    a_server_with_two_clients_numbers_its_sockets: tcp_server;
    both_ends_of_a_conversation_are_told_in_order: tcp_both;
    a_udp_server_hears_everybody_on_one_socket: udp_server;
    a_udp_client_connects_without_sending_anything: udp_client;
    a_refused_connect_says_what_to_try: refused;
    a_reset_says_how_many_bytes_had_arrived: reset;
    a_slow_reader_makes_send_wait: slow_reader;
    a_unix_stream_has_no_ports: unix_both;
    a_late_reply_after_half_close_is_kept: late_reply;
    a_name_with_several_addresses_is_tried_in_order: several_addresses;
    a_handshake_is_told_once_with_what_it_agreed_on: tls_both;
}

#[test]
fn eighty_columns_put_reasons_below_and_a_margin_beside() {
    let options = ExplainOptions {
        width: 80,
        margin: true,
        ..ExplainOptions::default()
    };
    let text = told(&scenes::tcp_client(), options);
    for line in text.lines() {
        assert!(line.starts_with("┊ "), "{line}");
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("tcp_client_80", text);
}

#[test]
fn ascii_output_has_no_other_characters_in_either_language() {
    for language in Language::ALL {
        let options = ExplainOptions {
            language: *language,
            ascii: true,
            margin: true,
            ..ExplainOptions::default()
        };
        for scene in [
            scenes::tcp_client(),
            scenes::udp_server(),
            scenes::hostile(),
        ] {
            let text = told(&scene, options.clone());
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn every_kind_of_event_is_shown() {
    let empty = told(&Scene::default(), ExplainOptions::default());
    for (name, event) in scenes::one_of_each() {
        let scene = Scene {
            events: vec![event],
            ..Scene::default()
        };
        let shown = told(&scene, ExplainOptions::default());
        assert_ne!(shown, empty, "{name} is not shown");
    }
}

#[test]
fn a_reason_is_said_once_or_each_time_or_never() {
    let reason = "copied to your kernel";
    for (reasons, times) in [(Reasons::Once, 1), (Reasons::All, 5), (Reasons::None, 0)] {
        let options = ExplainOptions {
            reasons,
            width: 200,
            ..ExplainOptions::default()
        };
        let text = told(&scenes::tcp_both(), options);
        assert_eq!(text.matches(reason).count(), times, "{reasons:?}\n{text}");
    }
}

#[test]
fn calls_beneath_a_layer_are_told_only_where_all_is() {
    for (reasons, language, beneath) in [
        (Reasons::Once, Language::English, false),
        (Reasons::None, Language::English, false),
        (Reasons::All, Language::English, true),
        (Reasons::All, Language::Spanish, true),
    ] {
        let options = ExplainOptions {
            reasons,
            language,
            ..ExplainOptions::default()
        };
        let text = told(&scenes::tls_both(), options);
        let words = match language {
            Language::English => "1532 B beneath",
            Language::Spanish => "1532 B por debajo",
        };
        assert_eq!(text.contains(words), beneath, "{reasons:?}\n{text}");
    }
}

#[test]
fn as_json_the_same_words_come_a_line_an_object() {
    let options = |language| ExplainOptions {
        form: Form::Json,
        reasons: Reasons::All,
        language,
        ..ExplainOptions::default()
    };
    let lines = |language| -> Vec<serde_json::Value> {
        let text = told(&scenes::tls_both(), options(language));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (english, spanish) = (lines(Language::English), lines(Language::Spanish));
    assert_eq!(english.len(), spanish.len());
    for (english, spanish) in english.iter().zip(&spanish) {
        // What holds in one language holds in the other; only words differ.
        for field in ["at", "socket", "way", "mark", "below", "ended"] {
            assert_eq!(english[field], spanish[field]);
        }
        let names = |line: &serde_json::Value| -> Vec<String> {
            let why = line["why"].as_array().into_iter().flatten();
            why.map(|why| why["name"].to_string()).collect()
        };
        assert_eq!(names(english), names(spanish));
    }
    let listen = spanish
        .iter()
        .find(|line| line["name"] == "listen")
        .unwrap();
    assert_eq!(listen["fact"], "cola de 128");
    assert_eq!(listen["time"], "0,000");
    assert!(
        english
            .iter()
            .all(|line| !line["fact"].to_string().contains("beneath"))
    );
    assert_eq!(english.last().unwrap()["ended"], "well");
    insta::assert_snapshot!(
        "tls_both_json",
        told(&scenes::tls_both(), options(Language::English))
    );
}

#[test]
fn a_handshake_without_reasons_is_two_lines() {
    let options = ExplainOptions {
        reasons: Reasons::None,
        ..ExplainOptions::default()
    };
    let text = told(&scenes::tls_both(), options);
    let agreed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("agreed"))
        .collect();
    assert_eq!(agreed.len(), 4, "{text}");
    assert!(
        agreed[2].ends_with("path /chat, extensions permessage-deflate"),
        "{text}"
    );
}

#[test]
fn no_reason_is_repeated_in_a_session() {
    let options = ExplainOptions {
        width: 300,
        ..ExplainOptions::default()
    };
    for scene in [
        scenes::tcp_both(),
        scenes::udp_both(),
        scenes::udp_server(),
        scenes::tcp_server(),
    ] {
        let text = told(&scene, options.clone());
        let mut seen = std::collections::HashSet::new();
        for line in text
            .lines()
            .skip(1)
            .filter(|line| !line.starts_with(' ') || line.len() > 60)
        {
            let Some(why) = line.get(60..).map(str::trim) else {
                continue;
            };
            if why.len() > 12 && !why.contains("TIME_WAIT") {
                assert!(seen.insert(why.to_owned()), "{why}\n{text}");
            }
        }
    }
}

#[test]
fn what_a_peer_sends_never_reaches_the_terminal_as_it_is() {
    for colour in [false, true] {
        for language in Language::ALL {
            let options = ExplainOptions {
                colour,
                language: *language,
                ..ExplainOptions::default()
            };
            let text = told(&scenes::hostile(), options);
            let own = text.replace("\u{1b}[0m", "");
            let own = (1..40).fold(own, |text, code| {
                text.replace(&format!("\u{1b}[{code}m"), "")
            });
            for character in own.chars().filter(|c| *c != '\n') {
                let code = u32::from(character);
                let bidi = matches!(code, 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
                assert!(
                    !character.is_control() && !bidi,
                    "{character:?} in {text:?}"
                );
            }
        }
    }
}

#[test]
fn a_recording_is_told_in_the_same_words_as_the_live_session() {
    for scene in [
        scenes::tcp_client(),
        scenes::tcp_server(),
        scenes::slow_reader(),
        scenes::udp_server(),
    ] {
        let options = ExplainOptions {
            live: true,
            ..ExplainOptions::default()
        };
        let mut out = Vec::new();
        let mut live = Explain::new(&mut out, options);
        let mut now = Timestamp::START;
        for event in &scene.events {
            while now < event.at {
                live.flush().unwrap();
                live.tick(now).unwrap();
                now = now + std::time::Duration::from_millis(97);
            }
            live.event(event).unwrap();
        }
        live.finish(&scene.tally).unwrap();
        drop(live);
        // Counters are drawn and wiped within one line: what a terminal shows in the end is after the last return.
        let text = String::from_utf8(out).unwrap();
        let shown: String = text
            .split_inclusive('\n')
            .map(|line| line.rsplit('\r').next().unwrap_or(""))
            .collect();
        assert_eq!(shown, told(&scene, ExplainOptions::default()));
    }
}

#[test]
fn a_wait_is_counted_on_a_terminal_while_it_lasts() {
    let options = ExplainOptions {
        live: true,
        language: Language::Spanish,
        ..ExplainOptions::default()
    };
    let mut out = Vec::new();
    let mut live = Explain::new(&mut out, options);
    for event in &scenes::tcp_server().events[..5] {
        live.event(event).unwrap();
    }
    live.tick(Timestamp::from_nanos(4_100_000_000)).unwrap();
    drop(live);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.ends_with("accept esperando a un cliente, 4 s"),
        "{text:?}"
    );
}

#[test]
fn time_wait_is_on_the_side_whose_shutdown_began_first_even_if_it_was_told_last() {
    let mut scene = scenes::late_reply();
    let shutdown = scene.events.remove(4);
    scene.events.truncate(6);
    scene.half_closed(1_500_450, 1, sockeye_model::End::Ours);
    scene.events.last_mut().unwrap().took = Some(std::time::Duration::from_micros(400));
    assert!(matches!(
        shutdown.kind,
        sockeye_model::Kind::HalfClosed { .. }
    ));
    scene.half_closed(1_500_400, 1, sockeye_model::End::Peer);
    let ours = scene.events.len() - 2;
    scene.events.swap(ours, ours + 1);
    scene.closed(1_500_500, 1, 8, 9, Some(sockeye_model::End::Peer));
    let text = in_language(&scene, Language::English);
    assert!(text.contains("port 51546 rests"), "{text}");
}

#[test]
fn nothing_that_happens_over_udp_is_called_a_connection() {
    for scene in [
        scenes::udp_client(),
        scenes::udp_server(),
        scenes::udp_both(),
    ] {
        let options = ExplainOptions {
            width: 300,
            ..ExplainOptions::default()
        };
        let text = told(&scene, options);
        let text = text
            .replace("no connection", "")
            .replace("(connection refused)", "");
        assert!(!text.contains("connection"), "{text}");
        assert!(
            !text.contains("FIN") && !text.contains("TIME_WAIT"),
            "{text}"
        );
    }
}
