//! Whatever the events are, in whatever order: narration and diagram say something harmless and go on.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod scenes;

use std::borrow::Cow;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use sockeye_model::{
    Call, Caller, DropReason, End, Errno, Event, Family, Kind, Note, Payload, Place, ProcessName,
    Protocol, Sink, SocketAddress, SocketId, Source, Syscall, Tally, TcpSample, Timestamp, Totals,
    Type, Unit,
};
use sockeye_view::catalogue::Language;
use sockeye_view::{
    Columns, Diagram, DiagramOptions, Explain, ExplainOptions, Form, Html, HtmlOptions, Mermaid,
    MermaidOptions, Reasons,
};

/// The numbers an event is made of.
type Seed = (u8, u32, u64, u8, u8, Vec<u8>, i64);

fn an_address(choice: u8) -> SocketAddress {
    match choice % 8 {
        0 => "127.0.0.1:7007".parse().unwrap(),
        1 => "0.0.0.0:7007".parse().unwrap(),
        2 => "127.0.0.1:51000".parse().unwrap(),
        3 => "[::1]:7007".parse().unwrap(),
        4 => "[2001:db8::1%7]:65535".parse().unwrap(),
        5 => "/run/a\u{202e}b".parse().unwrap(),
        6 => "@name".parse().unwrap(),
        _ => SocketAddress::UnixUnnamed,
    }
}

fn an_event((kind, socket, at, one, two, data, number): Seed) -> Event<'static> {
    let text = || Cow::Owned(String::from_utf8_lossy(&data).into_owned());
    let call = Call::ALL[usize::from(one) % Call::ALL.len()];
    let size = number.unsigned_abs();
    let unit = if two & 1 == 0 {
        Unit::Bytes
    } else {
        Unit::Message
    };
    let payload = || match two & 2 {
        0 => Payload::Bytes {
            data: Cow::Owned(data.clone()),
            unit,
        },
        _ => Payload::Unseen { len: size, unit },
    };
    let peer = (two & 4 == 0).then(|| an_address(one));
    let end = if two & 1 == 0 { End::Ours } else { End::Peer };
    let process = || ProcessName {
        pid: socket,
        name: text(),
    };
    let kind_number = kind;
    let kind = match kind % 26 {
        0 => Kind::Created {
            family: [Family::Inet, Family::Inet6, Family::Unix][usize::from(one) % 3],
            kind: [Type::Stream, Type::Datagram, Type::SeqPacket, Type::Raw][usize::from(two) % 4],
            protocol: Protocol(i32::from(one) % 60),
        },
        1 => Kind::Configured {
            option: text(),
            value: text(),
        },
        2 => Kind::Resolved {
            name: text(),
            addresses: Cow::Owned(vec!["::1".parse().unwrap(); usize::from(two % 9)]),
            source: [Source::Literal, Source::HostsFile, Source::System][usize::from(one) % 3],
        },
        3 => Kind::Bound {
            local: an_address(one),
        },
        4 => Kind::Listening {
            local: an_address(one),
            backlog: socket,
        },
        5 => Kind::Connecting {
            peer: an_address(one),
        },
        6 => Kind::Connected {
            local: an_address(one),
            peer: an_address(two),
        },
        7 | 8 => Kind::Accepted {
            local: an_address(one),
            peer: an_address(two),
        },
        9 | 10 => Kind::Waiting { call },
        11 | 12 => Kind::Sent {
            buffer: None,
            call,
            payload: payload(),
            asked: size,
            peer,
        },
        13 | 14 => Kind::Received {
            call,
            payload: payload(),
            room: size,
            truncated_from: (two & 8 == 0).then_some(size),
            peer,
        },
        15 => Kind::Called {
            call,
            result: if two & 1 == 0 {
                Ok(number)
            } else {
                Err(Errno(i32::from(one)))
            },
        },
        16 => Kind::HalfClosed { end },
        17 => Kind::Closed {
            totals: Totals {
                bytes_sent: size,
                ..Totals::default()
            },
            first: (two & 2 == 0).then_some(end),
        },
        18 => Kind::Failed {
            call,
            errno: Errno(i32::from(two)),
            address: peer,
        },
        19 => Kind::Sampled {
            sample: TcpSample {
                rtt: Duration::from_nanos(size),
                retransmitted: socket,
                ..TcpSample::default()
            },
        },
        20 => Kind::Planned { plan: text() },
        21 => Kind::Started {
            pid: socket,
            command: text(),
        },
        22 => Kind::Exited {
            pid: socket,
            status: if two & 1 == 0 { Ok(3) } else { Err(9) },
        },
        23 => Kind::Noted(match two % 8 {
            0 => Note::PeerProcess(process()),
            1 => Note::Holder {
                address: an_address(one),
                process: (two & 16 == 0).then(process),
                resting: socket,
            },
            2 => Note::Nearby {
                protocol: text(),
                address: an_address(one),
            },
            3 => Note::SessionExpired {
                peer: an_address(one),
                idle: Duration::from_nanos(size),
            },
            4 => Note::Leftover {
                address: an_address(one),
            },
            5 => Note::Meaning {
                protocol: text(),
                text: text(),
            },
            6 => Note::Syscall(Box::new(Syscall {
                name: ["poll", "select", "sendto"][usize::from(one % 3)].into(),
                number: socket,
                arguments: vec![text().into_owned(); usize::from(one % 4)],
                result: Ok(number),
            })),
            _ => Note::Dropped {
                messages: size,
                why: DropReason::TooLong,
            },
        }),
        24 => Kind::Upgraded {
            protocol: text(),
            details: Cow::Owned(vec![
                (text(), text()),
                ("name".into(), text()),
                ("days left".into(), number.to_string().into()),
            ]),
        },
        _ => Kind::Unshown { events: size },
    };
    Event {
        at: Timestamp::from_nanos(at),
        took: (two & 32 == 0).then(|| Duration::from_nanos(size)),
        socket: SocketId(socket),
        parent: (two & 64 == 0).then(|| SocketId(u32::from(one % 6))),
        // Only another program's calls have the kernel's behind them.
        by: (kind_number % 26 == 23 && two % 8 == 6).then_some(Caller {
            process: 1,
            thread: 1,
        }),
        place: (two & 128 == 0).then(|| Place {
            function: None,
            file: text(),
            line: socket,
        }),
        kind,
    }
}

fn events() -> impl Strategy<Value = Vec<Event<'static>>> {
    let seed = (
        any::<u8>(),
        0..6u32,
        prop_oneof![0..3_000_000_000u64, any::<u64>()],
        any::<u8>(),
        any::<u8>(),
        vec(any::<u8>(), 0..40),
        any::<i64>(),
    );
    vec(seed.prop_map(an_event), 0..60)
}

/// Nothing but what a view itself writes: line ends, and returns where a counter is wiped.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|character| {
        let code = u32::from(character);
        let bidi = matches!(code, 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
        matches!(character, '\n' | '\r') || !(character.is_control() || bidi)
    })
}

fn show(mut view: impl Sink, events: &[Event<'static>]) {
    for (index, event) in events.iter().enumerate() {
        view.event(event).unwrap();
        if index % 5 == 0 {
            view.tick(event.at + Duration::from_secs(2)).unwrap();
            view.flush().unwrap();
        }
    }
    view.finish(&Tally::default()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn narration_goes_on_whatever_it_is_told(events in events(), width in 0..200usize, flags in any::<u8>()) {
        let mut out = Vec::new();
        let options = ExplainOptions {
            language: Language::ALL[usize::from(flags & 1)],
            reasons: [Reasons::Once, Reasons::All, Reasons::None][usize::from(flags >> 6) % 3],
            margin: flags & 2 == 0,
            colour: false,
            ascii: flags & 4 == 0,
            live: flags & 8 == 0,
            width,
            previews: flags & 16 == 0,
            everything: flags & 32 == 0,
            rules: width % 3 == 0,
            form: if width % 2 == 0 { Form::Columns } else { Form::Json },
        };
        show(Explain::new(&mut out, options), &events);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(is_harmless(&text), "{text:?}");
        if width % 2 == 1 {
            for line in text.lines() {
                let read = serde_json::from_str::<serde_json::Value>(line);
                prop_assert!(read.is_ok_and(|line| line.is_object()), "{line}");
            }
        }
    }

    #[test]
    fn the_diagram_goes_on_whatever_it_is_told(events in events(), width in 0..200usize, flags in any::<u8>()) {
        let mut out = Vec::new();
        let options = DiagramOptions {
            language: Language::ALL[usize::from(flags & 1)],
            reasons: [Reasons::Once, Reasons::All, Reasons::None][usize::from(flags >> 6) % 3],
            columns: [Columns::Auto, Columns::One, Columns::Two][usize::from(flags >> 1) % 3],
            partner: None,
            colour: false,
            ascii: flags & 8 == 0,
            width,
        };
        show(Diagram::new(&mut out, options), &events);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(is_harmless(&text), "{text:?}");
    }

    #[test]
    fn the_page_and_the_mermaid_text_go_on_whatever_they_are_told(events in events(), flags in any::<u8>()) {
        let language = Language::ALL[usize::from(flags & 1)];
        let limit = if flags & 2 == 0 { 5_000 } else { 20 };
        let mut out = Vec::new();
        let options = HtmlOptions { language, limit, ..HtmlOptions::default() };
        show(Html::new(&mut out, options), &events);
        let page = String::from_utf8(out).unwrap();
        prop_assert!(page.chars().all(|c| c == '\t' || is_harmless(c.encode_utf8(&mut [0; 4]))), "{page:?}");
        for (start, end) in [("<ol", "</ol>"), ("<div", "</div>"), ("<svg", "</svg>"), ("<details>", "</details>")] {
            prop_assert_eq!(page.matches(start).count(), page.matches(end).count(), "{}", start);
        }
        let mut out = Vec::new();
        let options = MermaidOptions { language, length: 2_000 };
        show(Mermaid::new(&mut out, options), &events);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(is_harmless(&text), "{text:?}");
        prop_assert!(text.chars().count() <= 2_000, "{text}");
    }

    #[test]
    fn every_send_is_drawn_in_whatever_order_it_comes(events in events()) {
        let mut out = Vec::new();
        let options = DiagramOptions { columns: Columns::Two, reasons: Reasons::None, width: 140, ..DiagramOptions::default() };
        let mut diagram = Diagram::new(&mut out, options);
        for event in &events {
            diagram.event(event).unwrap();
        }
        diagram.finish(&Tally::default()).unwrap();
        drop(diagram);
        let text = String::from_utf8(out).unwrap();
        let sends = events.iter().filter(|event| matches!(event.kind, Kind::Sent { .. })).count();
        let arrows = text.lines().filter(|line| line.contains('▶') || line.contains('◀')).count();
        prop_assert!(arrows >= sends, "{sends} sends\n{text}");
    }
}

#[test]
fn thousands_of_closed_sockets_leave_nothing_behind() {
    let mut out = Vec::new();
    let options = DiagramOptions {
        columns: Columns::Two,
        ..DiagramOptions::default()
    };
    let mut diagram = Diagram::new(&mut out, options);
    let mut other_out = Vec::new();
    let mut explain = Explain::new(&mut other_out, ExplainOptions::default());
    let mut sizes = Vec::new();
    for round in 0..2_000u32 {
        let mut scene = scenes::Scene::default();
        let at = u64::from(round) * 1_000;
        let (client, server) = (2 * round + 2, 2 * round + 3);
        scene.connecting(at, client, "127.0.0.1:7007");
        scene.connected(at + 1, client, "127.0.0.1:51000", "127.0.0.1:7007", 1);
        scene.accepted(at + 2, 1, server, "127.0.0.1:7007", "127.0.0.1:51000");
        scene.sent(at + 3, client, b"x");
        scene.received(at + 4, server, b"x");
        scene.closed(at + 5, client, 1, 0, None);
        scene.closed(at + 6, server, 0, 1, None);
        for event in &scene.events {
            diagram.event(event).unwrap();
            explain.event(event).unwrap();
        }
        if round == 0 || round == 1_999 {
            sizes.push((
                remembered(&diagram, "Remembered {"),
                remembered(&diagram, "Known {"),
                remembered(&explain, "Known {"),
            ));
        }
    }
    assert_eq!(sizes[0], sizes[1]);
}

/// How many records of sockets a view's own account of itself shows.
fn remembered(view: &impl std::fmt::Debug, what: &str) -> usize {
    format!("{view:?}").matches(what).count()
}
