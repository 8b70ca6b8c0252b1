//! What holds for any bytes that may be an ICMP message, and for those that are.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use sockeye_net::icmp::{Echo, Message, Version, Why, checksum, read, write_request};

#[path = "../../../fuzz/properties/icmp.rs"]
mod icmp;

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V4), Just(Version::V6)]
}

/// An error of ICMP for IPv4 about an echo request, as much of it as a router repeats.
fn time_exceeded(id: u16, sequence: u16, repeated: usize) -> Vec<u8> {
    let data = [7; 64];
    let echo = Echo {
        id,
        sequence,
        data: &data,
    };
    let request = write_request(Version::V4, &echo);
    let mut packet = vec![0x45, 0, 0, 92, 0, 0, 0, 0, 1, 1, 0, 0];
    packet.extend([192, 0, 2, 1, 198, 51, 100, 2]);
    packet.extend_from_slice(&request[..repeated]);
    let mut message = vec![11, 0, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&packet);
    let sum = checksum(&message).to_be_bytes();
    message[2..4].copy_from_slice(&sum);
    message
}

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/icmp");
    let files: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
    assert!(files.len() >= 12);
    for file in files {
        icmp::check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_none(bytes in vec(any::<u8>(), 0..200)) {
        icmp::check(&bytes);
    }

    #[test]
    fn any_bytes_of_a_known_type_are_a_message_or_none(
        kind in prop::sample::select(vec![0_u8, 1, 2, 3, 4, 8, 11, 12, 128, 129]),
        code in 0_u8..16,
        first in prop::sample::select(vec![0x45_u8, 0x46, 0x4f, 0x44, 0x60]),
        rest in vec(any::<u8>(), 0..120),
    ) {
        let head = [kind, code, 0, 0, 0, 0, 0, 0, first];
        icmp::check(&[&head[..], &rest].concat());
    }

    #[test]
    fn a_request_is_read_as_it_was_written(
        version in version(), id: u16, sequence: u16, data in vec(any::<u8>(), 0..2_000)
    ) {
        let echo = Echo { id, sequence, data: &data };
        let bytes = write_request(version, &echo);
        prop_assert_eq!(bytes.len(), 8 + data.len());
        prop_assert_eq!(read(version, &bytes), Ok(Message::EchoRequest(echo)));
    }

    #[test]
    fn one_damaged_bit_is_noticed(data in vec(any::<u8>(), 0..100), at: prop::sample::Index, bit in 0_u8..8) {
        let echo = Echo { id: 1, sequence: 2, data: &data };
        let mut bytes = write_request(Version::V4, &echo);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(read(Version::V4, &bytes).is_err());
    }

    #[test]
    fn eight_bytes_of_a_request_are_enough_to_know_it(id: u16, sequence: u16, repeated in 0_usize..72) {
        let bytes = time_exceeded(id, sequence, repeated);
        let Ok(Message::Error { why, about: Some(original) }) = read(Version::V4, &bytes) else {
            panic!("{bytes:?}");
        };
        prop_assert_eq!(why, Why::TimeExceeded);
        prop_assert_eq!(original.request(), (repeated >= 8).then_some((id, sequence)));
    }
}
