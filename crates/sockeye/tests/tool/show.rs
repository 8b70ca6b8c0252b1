//! A recording is shown in every view, whatever state it is in.

use sockeye_model::{
    Call, End, Event, Family, Kind, Payload, Sink, SocketId, Tally, Timestamp, Totals, Type, Unit,
};
use sockeye_view::{Header, Record};

use crate::ran::{Ran, shell, sockeye, sockeye_with};

/// A short conversation, recorded.
fn recording() -> Vec<u8> {
    let mut lines = Vec::new();
    let header = Header {
        started: 5,
        version: "0.1.0".into(),
        command: vec!["sockeye".into()],
    };
    let mut record = Record::new(&mut lines, &header);
    let local: sockeye_model::SocketAddress = "127.0.0.1:50000".parse().unwrap();
    let peer: sockeye_model::SocketAddress = "127.0.0.1:7007".parse().unwrap();
    let totals = Totals {
        bytes_sent: 5,
        bytes_received: 0,
        sends: 1,
        receives: 0,
    };
    let kinds = [
        Kind::Created {
            family: Family::Inet,
            kind: Type::Stream,
            protocol: Default::default(),
        },
        Kind::Connecting { peer: peer.clone() },
        Kind::Connected { local, peer },
        Kind::Sent {
            buffer: None,
            call: Call::Send,
            payload: Payload::Bytes {
                data: b"hola\n"[..].into(),
                unit: Unit::Bytes,
            },
            asked: 5,
            peer: None,
        },
        Kind::HalfClosed { end: End::Peer },
        Kind::Closed {
            totals,
            first: Some(End::Peer),
        },
    ];
    for (index, kind) in (1..).zip(kinds) {
        let at = Timestamp::from_nanos(index * 1_000_000);
        let event = Event {
            at,
            took: None,
            socket: SocketId(1),
            parent: None,
            by: None,
            place: None,
            kind,
        };
        record.event(&event).unwrap();
    }
    let tally = Tally {
        totals,
        conversations: 1,
        ..Tally::default()
    };
    record.finish(&tally).unwrap();
    lines
}

fn show(view: &str, recording: &[u8]) -> Ran {
    sockeye_with(&["show", "-", "--as", view], recording)
}

#[test]
fn every_view_shows_the_recording() {
    let recording = recording();
    for (view, words) in [
        ("explain", "connect"),
        ("diagram", "connect"),
        ("hex", "68 6f 6c 61 0a"),
        ("json", "\"event\":\"connected\""),
    ] {
        let ran = show(view, &recording);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(0), ""),
            "{view}: {ran:?}"
        );
        assert!(ran.stdout.contains(words), "{view}: {}", ran.stdout);
    }
}

#[test]
fn json_is_the_recording_itself() {
    let recording = recording();
    assert_eq!(show("json", &recording).stdout.as_bytes(), recording);
}

#[test]
fn spanish_is_spoken_when_asked_for() {
    let ran = sockeye_with(&["show", "-", "--lang", "es"], &recording());
    assert!(ran.stdout.contains("enviad"), "{}", ran.stdout);
}

#[test]
fn a_recording_that_was_cut_off_is_shown_and_said_to_be() {
    let recording = recording();
    let text = String::from_utf8(recording).unwrap();
    let (whole_lines, _end) = text.trim_end().rsplit_once('\n').unwrap();
    let ran = show("hex", format!("{whole_lines}\n").as_bytes());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("68 6f 6c 61 0a"), "{ran:?}");
    assert!(ran.last_line().contains("cut off"), "{ran:?}");
}

#[test]
fn a_damaged_line_is_named_and_the_rest_is_shown() {
    let text = String::from_utf8(recording()).unwrap();
    let damaged = text.replacen("\"event\":\"half_closed\"", "\"event\":", 1);
    let ran = show("hex", damaged.as_bytes());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("line 6"), "{ran:?}");
    assert!(ran.stdout.contains("68 6f 6c 61 0a"), "{ran:?}");
}

#[test]
fn what_is_no_recording_is_refused() {
    for input in [
        &b""[..],
        b"hello\n",
        b"\0\xff\n",
        b"{\"sockeye\":\"recording\",\"schema\":99}\n",
    ] {
        let ran = show("explain", input);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(1), ""),
            "{input:?}: {ran:?}"
        );
        assert!(ran.last_line().starts_with("sockeye: -: line 1"), "{ran:?}");
    }
    let ran = sockeye(&["show", "/nonexistent/recording"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.last_line().contains("/nonexistent/recording") && ran.last_line().contains("ENOENT"),
        "{ran:?}"
    );
}

#[test]
fn a_full_disk_is_code_24_and_a_closed_pipe_is_a_quiet_end() {
    let path = std::env::temp_dir().join(format!("sockeye-show-{}.ndjson", std::process::id()));
    std::fs::write(&path, recording()).unwrap();
    let full = shell(&format!("\"$sockeye\" show {} > /dev/full", path.display()));
    let piped = shell(&format!(
        "{{ \"$sockeye\" show {}; echo $? >&2; }} | true",
        path.display()
    ));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(full.code, Some(24), "{full:?}");
    assert_eq!(piped.stderr, "0\n");
}

/// A recording of a bind that failed, and of who holds the address; by another program, or our own.
fn refused_bind(traced: bool) -> Vec<u8> {
    let mut lines = Vec::new();
    let header = Header {
        started: 5,
        version: "0.1.0".into(),
        command: vec!["sockeye".into()],
    };
    let mut record = Record::new(&mut lines, &header);
    let address: sockeye_model::SocketAddress = "127.0.0.1:5000".parse().unwrap();
    let kinds = [
        Kind::Created {
            family: Family::Inet,
            kind: Type::Stream,
            protocol: Default::default(),
        },
        Kind::Failed {
            call: Call::Bind,
            errno: sockeye_model::Errno::EADDRINUSE,
            address: Some(address.clone()),
        },
        Kind::Noted(sockeye_model::Note::Holder {
            address,
            process: Some(sockeye_model::ProcessName {
                pid: 812,
                name: "python3".into(),
            }),
            resting: 0,
        }),
    ];
    for (index, kind) in (1..).zip(kinds) {
        let event = Event {
            at: Timestamp::from_nanos(index * 1_000_000),
            took: None,
            socket: SocketId(1),
            parent: None,
            by: traced.then_some(sockeye_model::Caller {
                process: 7,
                thread: 7,
            }),
            place: None,
            kind,
        };
        record.event(&event).unwrap();
    }
    record.finish(&Tally::default()).unwrap();
    lines
}

#[test]
fn a_check_of_a_recording_is_code_23_and_says_what_to_correct() {
    for traced in [true, false] {
        let ran = sockeye_with(&["show", "-", "--check"], &refused_bind(traced));
        assert_eq!(ran.code, Some(23), "{ran:?}");
        assert!(ran.stdout.contains("✗ S02"), "{}", ran.stdout);
        assert!(ran.stdout.contains("what to correct"), "{}", ran.stdout);
        assert!(ran.stdout.contains("python3 (pid 812)"), "{}", ran.stdout);
    }
    let ran = sockeye_with(&["show", "-", "--check"], &recording());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("nothing to correct"), "{}", ran.stdout);
}

#[test]
fn findings_of_a_recording_are_told_in_every_telling_view_and_as_json() {
    for view in ["explain", "diagram"] {
        let ran = show(view, &refused_bind(true));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("S02"), "{view}: {}", ran.stdout);
    }
    let ran = sockeye_with(
        &["show", "-", "--json", "--lang", "es"],
        &refused_bind(true),
    );
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["check"], "failed");
    assert_eq!(document["language"], "es");
    assert_eq!(document["findings"][0]["id"], "S02");
    assert_eq!(document["findings"][0]["call"]["name"], "bind");
    assert_eq!(
        show("json", &refused_bind(true)).stdout.as_bytes(),
        refused_bind(true)
    );
}
