//! Frames that come: framing, pings, reserved bits and opcodes, fragments, UTF-8, closes, limits.

use proptest::prelude::*;
use sockeye_net::websocket::{
    Close, CloseCode, FRAGMENT, Header, Inbound, MessageType, Opcode, Role, Step, Violation, frames,
};

use crate::property::{Seen, check, found};

/// A masked frame with this first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..65536 => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0xFF);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(i, byte)| byte ^ mask[i % 4]),
    );
    bytes
}

/// What a server finds in these frames, whichever way they are cut.
fn seen(frames: &[Vec<u8>]) -> Vec<Seen> {
    let bytes = frames.concat();
    let whole = found(Role::Server, &bytes, bytes.len().max(1));
    for piece in [1, 2, 3, 7, 100] {
        assert_eq!(
            found(Role::Server, &bytes, piece),
            whole,
            "in pieces of {piece}"
        );
    }
    whole
}

fn text(text: &str) -> Seen {
    Seen::Message(MessageType::Text, text.as_bytes().to_vec())
}

fn binary(bytes: &[u8]) -> Seen {
    Seen::Message(MessageType::Binary, bytes.to_vec())
}

#[test]
fn messages_of_every_length_around_those_of_the_header_come_whole() {
    for len in [0, 1, 125, 126, 127, 128, 65535, 65536] {
        let payload = vec![b'*'; len];
        assert_eq!(seen(&[frame(0x82, &payload)]), [binary(&payload)], "{len}");
        let text_of_it = String::from_utf8(payload.clone()).unwrap();
        assert_eq!(seen(&[frame(0x81, &payload)]), [text(&text_of_it)], "{len}");
    }
}

#[test]
fn pings_and_pongs_come_with_their_payload_also_between_fragments() {
    let long = vec![0xFE; 125];
    let frames = [
        frame(0x89, b""),
        frame(0x8A, b"unasked"),
        frame(0x01, b"frag"),
        frame(0x89, &long),
        frame(0x00, b"m"),
        frame(0x8A, b""),
        frame(0x80, b"ent"),
    ];
    let expected = [
        Seen::Ping(Vec::new()),
        Seen::Pong(b"unasked".to_vec()),
        Seen::Ping(long),
        Seen::Pong(Vec::new()),
        text("fragment"),
    ];
    assert_eq!(seen(&frames), expected);
}

#[test]
fn what_breaks_a_rule_is_refused_and_what_came_before_is_kept() {
    let hello = || frame(0x81, b"Hello");
    for (bad, violation) in [
        (vec![frame(0x89, &[0; 126])], Violation::LongControl),
        (vec![frame(0xC1, b"x")], Violation::ReservedBits),
        (vec![frame(0xA1, b"x")], Violation::ReservedBits),
        (vec![frame(0x91, b"x")], Violation::ReservedBits),
        (vec![frame(0xF8, b"")], Violation::ReservedBits),
        (vec![frame(0x83, b"")], Violation::ReservedOpcode(3)),
        (vec![frame(0x87, b"x")], Violation::ReservedOpcode(7)),
        (vec![frame(0x8B, b"")], Violation::ReservedOpcode(11)),
        (vec![frame(0x8F, b"x")], Violation::ReservedOpcode(15)),
        (
            vec![frame(0x09, b"a"), frame(0x80, b"b")],
            Violation::FragmentedControl,
        ),
        (vec![frame(0x0A, b"a")], Violation::FragmentedControl),
        (vec![frame(0x80, b"x")], Violation::NothingToContinue),
        (vec![frame(0x00, b"x")], Violation::NothingToContinue),
        (
            vec![frame(0x01, b"a"), frame(0x81, b"b")],
            Violation::InsideMessage,
        ),
        (
            vec![frame(0x01, b"a"), frame(0x02, b"b")],
            Violation::InsideMessage,
        ),
        (vec![vec![0x81, 0x05, b'H']], Violation::NotMasked),
        (
            vec![vec![0x82, 0xFE, 0, 5, 1, 2, 3, 4]],
            Violation::LongLength,
        ),
        (vec![vec![0x82, 0xFF, 0x80, 0]], Violation::HugeLength),
        (
            vec![vec![
                0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4,
            ]],
            Violation::TooLong(1 << 16),
        ),
        (
            vec![frame(0x02, &[0; 40_000]), frame(0x80, &[0; 40_000])],
            Violation::TooLong(1 << 16),
        ),
        (vec![frame(0x88, b"\x03")], Violation::HalfCode),
        (vec![frame(0x88, b"\x03\xE8\xFF")], Violation::NotUtf8),
        (vec![frame(0x88, b"\x03\xED")], Violation::BadCode(1005)),
        (vec![frame(0x88, b"\x07\xD0")], Violation::BadCode(2000)),
    ] {
        let mut frames = vec![hello()];
        frames.extend(bad);
        assert_eq!(
            seen(&frames),
            [text("Hello"), Seen::Broken(violation)],
            "{violation}"
        );
    }
    let masked = found(Role::Client, &hello(), 100);
    assert_eq!(masked, [Seen::Broken(Violation::Masked)]);
}

#[test]
fn text_is_utf8_over_all_its_fragments_and_refused_at_its_first_wrong_byte() {
    let kosme = "Hello-µ@ßöäüàá-UTF-8!! κόσμε 🌍";
    let bytewise: Vec<Vec<u8>> = kosme
        .bytes()
        .enumerate()
        .map(|(i, byte)| {
            let first = u8::from(i == 0) | u8::from(i + 1 == kosme.len()) << 7;
            frame(first, &[byte])
        })
        .collect();
    assert_eq!(seen(&bytewise), [text(kosme)]);
    // Nothing of the message has to follow: neither its end nor its frame's.
    let mut cut = frame(0x01, "κόσμε\u{0}".as_bytes());
    let wrong = frame(0x80, b"\xf4\x90\x80\x80edited");
    cut.extend(&wrong[..wrong.len() - 8]);
    let mut inbound = Inbound::new(Role::Server, 1000, None);
    let mut refused_at = None;
    for (at, byte) in cut.iter().enumerate() {
        if let Err(violation) = inbound.step(&mut [*byte]) {
            assert_eq!(violation, Violation::NotUtf8);
            refused_at = Some(at);
            break;
        }
    }
    assert_eq!(
        refused_at,
        Some(cut.len() - 1),
        "0x90 behind 0xf4 is the wrong one"
    );
    let ends_inside = seen(&[frame(0x81, b"caf\xc3")]);
    assert_eq!(ends_inside, [Seen::Broken(Violation::NotUtf8)]);
    assert_eq!(seen(&[frame(0x82, b"\xff\xfe")]), [binary(b"\xff\xfe")]);
}

#[test]
fn a_close_comes_with_its_code_and_nothing_after_it() {
    let close = |code: u16, reason: &str| Close::new(CloseCode::new(code).unwrap(), reason);
    for (payload, expected) in [
        (&b""[..], Close::default()),
        (b"\x03\xE8", close(1000, "")),
        (b"\x03\xE9going", close(1001, "going")),
        (b"\x0B\xB8", close(3000, "")),
        (b"\x13\x87x", close(4999, "x")),
    ] {
        let frames = [frame(0x88, payload), frame(0x81, b"late"), vec![0xFF, 0xFF]];
        assert_eq!(seen(&frames), [Seen::Close(expected)]);
    }
}

#[test]
fn an_announced_length_takes_no_memory_before_it_comes() {
    let mut inbound = Inbound::new(Role::Server, usize::MAX >> 1, None);
    let mut huge = vec![0x82, 0xFF, 0x00, 0xFF, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5];
    assert_eq!(inbound.step(&mut huge), Ok((Step::More, 15)));
}

#[test]
fn a_long_message_goes_out_in_fragments_that_are_none_longer() {
    let long = vec![b'x'; 2 * FRAGMENT + 1];
    let bytes = frames(Role::Server, MessageType::Text, &long);
    let mut at = 0;
    let mut headers = Vec::new();
    while at < bytes.len() {
        let (header, len) = Header::parse(&bytes[at..]).unwrap().unwrap();
        at += len + usize::try_from(header.len).unwrap();
        headers.push((header.opcode, header.fin, header.len));
    }
    let whole = FRAGMENT as u64;
    let expected = [
        (Opcode::Text, false, whole),
        (Opcode::Continuation, false, whole),
        (Opcode::Continuation, true, 1),
    ];
    assert_eq!(headers, expected);
}

proptest! {
    #[test]
    fn messages_come_as_they_went_however_they_are_cut(
        messages in prop::collection::vec(
            prop_oneof![
                (Just(MessageType::Text), ".{0,200}".prop_map(String::into_bytes)),
                (Just(MessageType::Binary), prop::collection::vec(any::<u8>(), 0..70_000)),
            ],
            0..5,
        ),
        piece in 1..3000_usize,
        role in prop::sample::select(vec![Role::Client, Role::Server]),
    ) {
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        let messages: Vec<_> = messages.into_iter().filter(|(_, bytes)| bytes.len() <= 1 << 16).collect();
        let bytes: Vec<u8> = messages.iter().flat_map(|(kind, bytes)| frames(role, *kind, bytes)).collect();
        let expected: Vec<Seen> =
            messages.into_iter().map(|(kind, bytes)| Seen::Message(kind, bytes)).collect();
        prop_assert_eq!(found(other, &bytes, piece), expected);
    }

    #[test]
    fn any_bytes_are_understood_or_refused(bytes: Vec<u8>) {
        check(&bytes);
    }

    #[test]
    fn any_frames_are_understood_or_refused(
        first: u8,
        frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..140)), 0..6),
    ) {
        let mut bytes = vec![first & !1];
        for (head, payload) in frames {
            bytes.extend(frame(head, &payload));
        }
        check(&bytes);
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/websocket");
    let mut files = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        check(&std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files > 0);
}
