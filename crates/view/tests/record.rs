//! A recording is what docs/events.md says it is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod record_samples;

use std::io::{self, Write};

use record_samples::{KINDS, bytes, events, header, kind_number, tally};
use sockeye_model::{Call, Event, Kind, Payload, Sink, SocketId, Tally, Timestamp, Unit, Wants};
use sockeye_view::{Header, Record, Replay};

fn recorded(events: &[Event<'_>]) -> String {
    let mut out = Vec::new();
    let mut record = Record::new(&mut out, &header());
    for event in events {
        record.event(event).unwrap();
    }
    record.finish(&tally()).unwrap();
    String::from_utf8(out).unwrap()
}

fn received(data: &[u8]) -> Event<'static> {
    Event {
        at: Timestamp::START,
        took: None,
        socket: SocketId(1),
        parent: None,
        by: None,
        place: None,
        kind: Kind::Received {
            call: Call::Recv,
            payload: bytes(data, Unit::Bytes),
            room: 65536,
            truncated_from: None,
            peer: None,
        },
    }
}

#[test]
fn the_samples_hold_every_kind() {
    let mut seen = [false; KINDS];
    for event in events() {
        seen[kind_number(&event.kind)] = true;
    }
    assert_eq!(seen, [true; KINDS]);
}

#[test]
fn every_kind_has_its_line() {
    insta::assert_snapshot!(recorded(&events()));
}

#[test]
fn the_documented_examples_are_the_lines_that_are_written() {
    let document = include_str!("../../../docs/events.md");
    let examples: String = document
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let mut documented: Vec<_> = examples.lines().collect();
    let recorded = recorded(&events());
    let mut written: Vec<_> = recorded.lines().collect();
    // The document explains them in an order of its own.
    documented.sort_unstable();
    written.sort_unstable();
    assert_eq!(documented, written);
}

#[test]
fn the_documented_examples_are_read_back() {
    let mut replay = Replay::new(io::Cursor::new(recorded(&events()))).unwrap();
    let read: Vec<_> = replay.by_ref().map(Result::unwrap).collect();
    assert_eq!(read, events());
    assert_eq!(*replay.header(), header());
    assert!(replay.is_whole());
    assert_eq!(replay.tally(), tally());
    assert_eq!(replay.unknown(), 0);
}

#[test]
fn every_field_in_a_line_is_documented() {
    let document = include_str!("../../../docs/events.md");
    for line in recorded(&events()).lines() {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        for key in line.keys() {
            assert!(document.contains(&format!("`{key}`")), "{key}");
        }
    }
}

#[test]
fn a_recording_asks_for_the_bytes() {
    assert_eq!(
        Record::new(Vec::new(), &Header::default()).wants(),
        Wants::BYTES
    );
}

#[test]
fn a_line_feed_in_the_data_never_ends_a_line() {
    let data = "a\nb\r\nc\u{2028}d\u{85}e\0\x1b[31m\u{202e}f".as_bytes();
    let text = recorded(&[received(data)]);
    assert_eq!(text.lines().count(), 3);
    assert_eq!(
        text.split(['\u{2028}', '\u{85}', '\u{202e}', '\x1b', '\0'])
            .count(),
        1
    );
    insta::assert_snapshot!(text.lines().nth(1).unwrap(), @r#"{"at":0,"socket":1,"event":"received","call":"recv","room":65536,"unit":"bytes","bytes":23,"data":{"text":"a\nb\r\nc\u2028d\u0085e\u0000\u001b[31m\u202ef"}}"#);
}

#[test]
fn a_payload_beyond_the_limit_is_recorded_by_its_length() {
    let data = vec![0xff; sockeye_view::record::PAYLOAD_LIMIT + 1];
    let text = recorded(&[received(&data)]);
    let event = Replay::new(text.as_bytes())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let Kind::Received { payload, .. } = event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(
        payload,
        Payload::Unseen {
            len: data.len() as u64,
            unit: Unit::Bytes
        }
    );
}

#[test]
fn flushing_leaves_nothing_behind() {
    let mut out = Vec::new();
    let mut record = Record::new(&mut out, &header());
    record.event(&received(b"x")).unwrap();
    record.flush().unwrap();
    assert_eq!(out.split(|&byte| byte == b'\n').count(), 3);
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut record = Record::new(Full, &header());
    let error = record.finish(&Tally::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
