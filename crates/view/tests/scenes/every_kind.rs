//! What a peer may send to harm, and one event of each kind.

use super::*;

/// Everything a peer, a name or a path could do to a terminal.
pub(crate) fn hostile() -> Scene {
    let evil = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}\u{2066}\u{200f}\u{7f}\r\n";
    let mut scene = Scene::default();
    let owned = || Cow::Owned(evil.to_owned());
    scene.at(
        1,
        0,
        Kind::Resolved {
            name: owned(),
            addresses: Cow::Owned(Vec::new()),
            source: Source::System,
        },
    );
    let path = SocketAddress::UnixPath(std::path::Path::new(evil).into());
    scene.created(2, 1, Family::Unix, Type::Datagram);
    scene.at(
        3,
        1,
        Kind::Bound {
            local: path.clone(),
        },
    );
    scene.at(
        4,
        1,
        Kind::Configured {
            option: owned(),
            value: owned(),
        },
    );
    scene.at(
        5,
        1,
        Kind::Received {
            call: Call::RecvFrom,
            payload: bytes(evil.as_bytes(), Unit::Message),
            room: 4096,
            truncated_from: None,
            peer: Some(path.clone()),
        },
    );
    scene.at(
        6,
        1,
        Kind::Sent {
            buffer: None,
            call: Call::SendTo,
            payload: bytes(&[0x1b, 0x9b, 0xff, b'\r'], Unit::Message),
            asked: 4,
            peer: Some(path.clone()),
        },
    );
    let process = || ProcessName {
        pid: 1,
        name: Cow::Owned(evil.to_owned()),
    };
    scene.at(7, 1, Kind::Noted(Note::PeerProcess(process())));
    scene.at(
        8,
        1,
        Kind::Noted(Note::Holder {
            address: path.clone(),
            process: Some(process()),
            resting: 0,
        }),
    );
    scene.at(
        8,
        1,
        Kind::Noted(Note::Leftover {
            address: path.clone(),
        }),
    );
    scene.at(
        9,
        1,
        Kind::Noted(Note::Nearby {
            protocol: owned(),
            address: path.clone(),
        }),
    );
    scene.at(10, 0, Kind::Planned { plan: owned() });
    scene.at(
        11,
        1,
        Kind::Started {
            pid: 2,
            command: owned(),
        },
    );
    scene.at(
        12,
        1,
        Kind::Waiting {
            call: Call::RecvFrom,
        },
    );
    scene.at(
        12,
        1,
        Kind::Upgraded {
            protocol: owned(),
            details: Cow::Owned(vec![
                (owned(), owned()),
                ("name".into(), owned()),
                ("days left".into(), owned()),
                ("path".into(), owned()),
            ]),
        },
    );
    scene.failed(13, 1, Call::SendTo, Errno(4095), None);
    scene.events.last_mut().unwrap().place = Some(sockeye_model::Place {
        function: None,
        file: owned(),
        line: 7,
    });
    scene
}

fn finding() -> sockeye_model::Finding {
    use sockeye_model::text::Text;
    use sockeye_model::{Saying, SocketId, Value, Weight};
    const UNREAD: Text = Text::new("{unread} were not read", "{unread} sin leer");
    let saying = Saying::of(UNREAD).with("unread", Value::Bytes(18));
    sockeye_model::Finding {
        rule: "S09",
        weight: Weight::Mistake,
        socket: SocketId(9),
        by: None,
        place: None,
        times: 2,
        again: false,
        short: saying.clone(),
        happened: saying.clone(),
        why: saying.clone(),
        fix: saying,
    }
}

/// One event of each kind, with what it needs before it; the kind's name beside it.
pub(crate) fn one_of_each() -> Vec<(&'static str, Event<'static>)> {
    let mut scene = Scene::default();
    scene.created(1_000, 9, Family::Inet, Type::Stream);
    scene.at(
        2_000,
        9,
        Kind::Configured {
            option: "TCP_NODELAY".into(),
            value: "1".into(),
        },
    );
    scene.at(
        3_000,
        0,
        Kind::Resolved {
            name: "localhost".into(),
            addresses: Cow::Owned(vec!["::1".parse().unwrap()]),
            source: Source::Literal,
        },
    );
    scene.bound(4_000, 9, "127.0.0.1:1");
    scene.listening(5_000, 9, "127.0.0.1:2");
    scene.connecting(6_000, 9, "127.0.0.1:3");
    scene.connected(7_000, 9, "127.0.0.1:4", "127.0.0.1:5", 10);
    scene.accepted(8_000, 9, 10, "127.0.0.1:6", "127.0.0.1:7");
    scene.waiting(9_000, 9, Call::Accept);
    scene.sent(10_000, 9, b"x");
    scene.received(11_000, 9, b"y");
    scene.at(
        12_000,
        9,
        Kind::Called {
            call: Call::Poll,
            result: Ok(1),
        },
    );
    scene.half_closed(13_000, 9, End::Ours);
    scene.closed(14_000, 9, 0, 0, None);
    scene.failed(
        15_000,
        9,
        Call::Bind,
        Errno::EADDRINUSE,
        Some("127.0.0.1:8"),
    );
    scene.at(16_000, 9, sample());
    scene.at(
        17_000,
        0,
        Kind::Planned {
            plan: "splice".into(),
        },
    );
    scene.at(
        18_000,
        9,
        Kind::Started {
            pid: 77,
            command: "cat".into(),
        },
    );
    scene.at(
        19_000,
        9,
        Kind::Exited {
            pid: 77,
            status: Err(9),
        },
    );
    scene.at(
        20_000,
        9,
        Kind::Noted(Note::Dropped {
            messages: 3,
            why: DropReason::QueueFull,
        }),
    );
    scene.at(21_000, 0, Kind::Unshown { events: 12 });
    scene.at(
        22_000,
        9,
        Kind::Upgraded {
            protocol: "WebSocket".into(),
            details: Cow::Owned(vec![("path".into(), "/chat".into())]),
        },
    );
    scene.at(
        23_000,
        9,
        Kind::Queued(sockeye_model::Queues::Accept {
            waiting: 2,
            backlog: 1,
        }),
    );
    scene.at(
        24_000,
        0,
        Kind::Forked {
            parent: 77,
            child: 78,
        },
    );
    scene.at(
        25_000,
        0,
        Kind::Replaced {
            pid: 78,
            command: "nc -l 5000".into(),
        },
    );
    scene.at(26_000, 9, Kind::Diagnosed(Box::new(finding())));
    let names = [
        "Created",
        "Configured",
        "Resolved",
        "Bound",
        "Listening",
        "Connecting",
        "Connected",
        "Accepted",
        "Waiting",
        "Sent",
        "Received",
        "Called",
        "HalfClosed",
        "Closed",
        "Failed",
        "Sampled",
        "Planned",
        "Started",
        "Exited",
        "Noted",
        "Unshown",
        "Upgraded",
        "Queued",
        "Forked",
        "Replaced",
        "Diagnosed",
    ];
    // A new kind fails to compile here until it has a place in the list.
    for event in &scene.events {
        match event.kind {
            Kind::Created { .. }
            | Kind::Configured { .. }
            | Kind::Resolved { .. }
            | Kind::Bound { .. }
            | Kind::Listening { .. }
            | Kind::Connecting { .. }
            | Kind::Connected { .. }
            | Kind::Accepted { .. }
            | Kind::Upgraded { .. }
            | Kind::Waiting { .. }
            | Kind::Sent { .. }
            | Kind::Received { .. }
            | Kind::Called { .. }
            | Kind::HalfClosed { .. }
            | Kind::Closed { .. }
            | Kind::Failed { .. }
            | Kind::Sampled { .. }
            | Kind::Planned { .. }
            | Kind::Started { .. }
            | Kind::Exited { .. }
            | Kind::Noted(_)
            | Kind::Queued(_)
            | Kind::Forked { .. }
            | Kind::Replaced { .. }
            | Kind::Diagnosed(_)
            | Kind::Unshown { .. } => {}
        }
    }
    assert_eq!(names.len(), scene.events.len());
    names.into_iter().zip(scene.events).collect()
}
