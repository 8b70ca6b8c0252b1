//! A dump shows every byte, where it belongs, and nothing that acts on a terminal.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod record_samples;

use proptest::prelude::*;
use record_samples::{address, bytes, events, tally};
use sockeye_model::{
    Call, Event, Kind, Sink, SocketAddress, SocketId, Timestamp, Totals, Unit, Wants,
};
use sockeye_view::catalogue::Language;
use sockeye_view::{Hex, HexOptions};

fn dumped(options: HexOptions, events: &[Event<'_>]) -> String {
    let mut out = Vec::new();
    let mut hex = Hex::new(&mut out, options);
    for event in events {
        hex.event(event).unwrap();
    }
    hex.finish(&tally()).unwrap();
    String::from_utf8(out).unwrap()
}

fn event(socket: u32, kind: Kind<'static>) -> Event<'static> {
    Event {
        at: Timestamp::START,
        took: None,
        socket: SocketId(socket),
        parent: None,
        by: None,
        place: None,
        kind,
    }
}

fn sent(socket: u32, data: &[u8], unit: Unit) -> Event<'static> {
    event(
        socket,
        Kind::Sent {
            buffer: None,
            call: Call::Send,
            payload: bytes(data, unit),
            asked: data.len() as u64,
            peer: None,
        },
    )
}

fn received(socket: u32, data: &[u8], unit: Unit) -> Event<'static> {
    event(
        socket,
        Kind::Received {
            call: Call::Recv,
            payload: bytes(data, unit),
            room: 65536,
            truncated_from: None,
            peer: None,
        },
    )
}

/// The bytes that the rows of a dump stand for.
fn read_back(dump: &str) -> Vec<u8> {
    dump.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_hexdigit()))
        .flat_map(|line| {
            let hex = line
                .split_once("  ")
                .unwrap()
                .1
                .split_once("  |")
                .unwrap()
                .0;
            hex.split_whitespace()
                .map(|pair| u8::from_str_radix(pair, 16).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_kind_is_shown_or_left_to_the_narration() {
    insta::assert_snapshot!(dumped(HexOptions::default(), &events()));
}

#[test]
fn a_terminal_has_a_margin_colours_and_the_readers_language() {
    let options = HexOptions {
        width: 8,
        colour: true,
        margin: "┊ ",
        language: Language::Spanish,
    };
    insta::assert_snapshot!(dumped(options, &events()).replace('\x1b', "ESC"));
}

#[test]
fn each_direction_of_a_stream_counts_on_and_a_message_begins_at_0() {
    let dump = dumped(
        HexOptions::default(),
        &[
            sent(1, b"hello", Unit::Bytes),
            received(1, b"abc", Unit::Bytes),
            sent(2, b"other", Unit::Bytes),
            sent(1, b"world", Unit::Bytes),
            received(1, b"def", Unit::Bytes),
            sent(3, b"one", Unit::Message),
            sent(3, b"two", Unit::Message),
        ],
    );
    let offsets: Vec<_> = dump
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(offset, _)| offset))
        .collect();
    assert_eq!(
        offsets,
        [
            "00000000", "00000000", "00000000", "00000005", "00000003", "00000000", "00000000"
        ]
    );
}

#[test]
fn the_peer_of_a_connection_is_named_on_every_line() {
    let connected = event(
        1,
        Kind::Connected {
            local: address("127.0.0.1:40000"),
            peer: address("127.0.0.1:7007"),
        },
    );
    let dump = dumped(
        HexOptions::default(),
        &[
            connected,
            sent(1, b"a", Unit::Bytes),
            received(1, b"b", Unit::Bytes),
        ],
    );
    assert!(
        dump.contains("→ 0.000000 #1 send to 127.0.0.1:7007: 1 B\n"),
        "{dump}"
    );
    assert!(
        dump.contains("← 0.000000 #1 recv from 127.0.0.1:7007: 1 B\n"),
        "{dump}"
    );
}

#[test]
fn nothing_a_peer_chose_acts_on_the_terminal() {
    let name = SocketAddress::UnixAbstract("\x1b[2J\u{202e}\n\u{9b}".as_bytes().into());
    let dump = dumped(
        HexOptions::default(),
        &[
            event(
                1,
                Kind::Accepted {
                    local: SocketAddress::UnixUnnamed,
                    peer: name,
                },
            ),
            received(
                1,
                "\x1b[2J\u{202e}\n\u{9b}\u{2028}\0".as_bytes(),
                Unit::Bytes,
            ),
        ],
    );
    assert_eq!(dump.lines().count(), 3, "{dump}");
    assert!(
        !dump.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}".contains(c)),
        "{dump:?}"
    );
}

#[test]
fn a_closed_socket_is_forgotten() {
    let closed = event(
        1,
        Kind::Closed {
            totals: sockeye_model::Totals::default(),
            first: None,
        },
    );
    let dump = dumped(
        HexOptions::default(),
        &[
            sent(1, b"12345", Unit::Bytes),
            closed,
            sent(1, b"6", Unit::Bytes),
        ],
    );
    assert!(
        dump.ends_with("|6|\n") && dump.contains("close nothing sent, nothing received"),
        "{dump}"
    );
    assert!(
        dump.lines().last().unwrap().starts_with("00000000"),
        "{dump}"
    );
}

#[test]
fn a_dump_asks_for_the_bytes() {
    assert_eq!(
        Hex::new(Vec::new(), HexOptions::default()).wants(),
        Wants::BYTES
    );
}

#[test]
fn a_large_message_is_written_in_stretches() {
    struct Largest(usize);
    impl std::io::Write for &mut Largest {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.max(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut largest = Largest(0);
    Hex::new(&mut largest, HexOptions::default())
        .event(&sent(1, &[7; 1 << 20], Unit::Message))
        .unwrap();
    assert!((128 << 10..200 << 10).contains(&largest.0), "{}", largest.0);
}

proptest! {
    #[test]
    fn every_byte_can_be_read_back_from_the_rows(
        data in prop::collection::vec(any::<u8>(), 0..400),
        width in 1usize..=64,
    ) {
        let options = HexOptions { width, ..HexOptions::default() };
        let dump = dumped(options, &[sent(1, &data, Unit::Bytes)]);
        prop_assert_eq!(read_back(&dump), data);
    }
}

#[test]
fn a_listener_moves_nothing_and_its_close_says_nothing_of_it() {
    let closed = |socket| {
        event(
            socket,
            Kind::Closed {
                totals: Totals::default(),
                first: None,
            },
        )
    };
    let local = address("127.0.0.1:7007");
    let backlog = 5;
    let dump = dumped(
        HexOptions::default(),
        &[
            event(1, Kind::Listening { local, backlog }),
            closed(1),
            closed(2),
        ],
    );
    let ends: Vec<_> = dump.lines().filter(|line| line.contains("close")).collect();
    assert!(ends[0].ends_with("close"), "{dump}");
    assert!(
        ends[1].ends_with("close nothing sent, nothing received"),
        "{dump}"
    );
}
