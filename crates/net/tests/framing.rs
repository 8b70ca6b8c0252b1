//! Framing: what goes in as messages comes out as the same messages, however the stream is cut.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::num::NonZeroUsize;

use proptest::collection::vec;
use proptest::prelude::*;
use sockeye_net::framing::{Decoder, Delimiter, FrameError, Framing, Spot};

#[path = "../../../fuzz/properties/framing.rs"]
mod property;

/// Feeds `stream` in pieces and returns every message, the unfinished last one too.
fn decode(
    framing: Framing,
    max: usize,
    stream: &[u8],
    cuts: &[usize],
) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut decoder = Decoder::new(framing, max);
    let mut messages = Vec::new();
    let mut rest = stream;
    let mut cuts = cuts.iter().copied().cycle();
    while !rest.is_empty() {
        let cut = cuts.next().unwrap_or(rest.len()).min(rest.len());
        let (piece, after) = rest.split_at(cut);
        rest = after;
        decoder.push(piece);
        while let Some(message) = decoder.next_message()? {
            messages.push(message.to_vec());
        }
    }
    messages.extend(decoder.finish()?.map(<[u8]>::to_vec));
    Ok(messages)
}

fn encode(framing: Framing, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        framing.encode(message, &mut stream).unwrap();
    }
    stream
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(1_usize..9, 1..6)
}

proptest! {
    #[test]
    fn messages_behind_their_length_come_back(messages in vec(vec(any::<u8>(), 0..40), 0..20), cuts in cuts()) {
        for framing in [Framing::Len16, Framing::Len32] {
            let stream = encode(framing, &messages);
            prop_assert_eq!(decode(framing, 40, &stream, &cuts), Ok(messages.clone()));
        }
    }

    #[test]
    fn strings_without_nul_come_back(messages in vec(vec(1_u8.., 0..40), 0..20), cuts in cuts()) {
        let stream = encode(Framing::Nul, &messages);
        prop_assert_eq!(decode(Framing::Nul, 40, &stream, &cuts), Ok(messages));
    }

    #[test]
    fn lines_come_back_with_their_newlines(lines in vec("[^\n]{0,20}\n", 0..20), cuts in cuts()) {
        let messages: Vec<_> = lines.into_iter().map(String::into_bytes).collect();
        let stream = encode(Framing::Line, &messages);
        prop_assert_eq!(decode(Framing::Line, 100, &stream, &cuts), Ok(messages));
    }

    #[test]
    fn no_byte_of_a_stream_of_lines_or_chunks_is_lost(stream in vec(any::<u8>(), 0..400), cuts in cuts(), size in 1_usize..50) {
        for framing in [Framing::Line, Framing::Chunk(NonZeroUsize::new(size).unwrap())] {
            let messages = decode(framing, 400, &stream, &cuts).unwrap();
            prop_assert_eq!(&messages.concat(), &stream);
        }
    }

    #[test]
    fn what_stands_between_delimiters_comes_back_or_is_refused(
        delimiter in vec(0_u8..3, 1..5),
        messages in vec(vec(0_u8..4, 0..9), 0..20),
        cuts in cuts(),
    ) {
        let framing = Framing::Delim(Delimiter::new(&delimiter).unwrap());
        let mut stream = Vec::new();
        let marked: Vec<Vec<u8>> = messages
            .into_iter()
            .filter(|message| framing.encode(message, &mut stream).is_ok())
            .collect();
        prop_assert_eq!(decode(framing, 9, &stream, &cuts), Ok(marked));
    }

    #[test]
    fn messages_of_one_length_come_back(
        (messages, size) in (1_usize..9).prop_flat_map(|size| (vec(vec(any::<u8>(), size), 0..20), Just(size))),
        cuts in cuts(),
    ) {
        let framing = Framing::Fixed(NonZeroUsize::new(size).unwrap());
        let stream = encode(framing, &messages);
        prop_assert_eq!(decode(framing, 9, &stream, &cuts), Ok(messages));
    }

    #[test]
    fn however_a_stream_is_cut_messages_and_error_are_the_same(bytes in vec(prop_oneof![0_u8..4, any::<u8>()], 0..200)) {
        property::check(&bytes);
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/framing");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        property::check(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 8, "only {replayed} in {}", folder.display());
}

#[test]
fn a_delimiter_that_is_cut_in_two_is_found_and_one_that_the_message_ends_with_is_not_made_up() {
    let framing: Framing = "delim:0d0a0d0a".parse().unwrap();
    let stream = b"GET /\r\nHost: a\r\n\r\n\r\n\r\nx\r\n\r\n";
    for cut in 1..9 {
        let messages = decode(framing, 20, stream, &[cut]).unwrap();
        assert_eq!(messages, [&b"GET /\r\nHost: a"[..], b"", b"x"], "{cut}");
    }
    let mut stream = Vec::new();
    // Its last byte and the mark would be read as the mark and a last byte.
    let double: Framing = "delim:6161".parse().unwrap();
    assert!(double.encode(b"xa", &mut stream).is_err() && stream.is_empty());
    double.encode(b"ax", &mut stream).unwrap();
    assert_eq!(stream, b"axaa");
}

#[test]
fn a_stream_that_ends_before_its_delimiter_or_length_is_an_error_that_says_where() {
    let error = |framing: &str, stream: &[u8]| {
        let error = decode(framing.parse().unwrap(), 20, stream, &[3]).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        error("delim:0d0a", b"one\r\ntwo\r"),
        "the stream ended without the delimiter, after 4 B of a message (message 2, from byte 5 on)"
    );
    assert_eq!(
        error("fixed:4", b"12345678901"),
        "the stream ended inside a message of 4 B after 3 B (message 3, from byte 8 on)"
    );
    assert_eq!(
        error("delim:00ff", &[1; 22]),
        "a message of more than 20 B is too long: the limit is 20 B (message 1, from byte 0 on)"
    );
}

#[test]
fn a_message_as_long_as_the_limit_is_taken_before_its_delimiter_has_come_whole() {
    let framing: Framing = "delim:0d0a0d".parse().unwrap();
    let stream = [&[b'x'; 20][..], b"\r\n\r"].concat();
    assert_eq!(decode(framing, 20, &stream, &[1]).unwrap(), [[b'x'; 20]]);
    assert!(decode(framing, 19, &stream, &[1]).is_err());
}

#[test]
fn a_last_line_without_a_newline_is_a_message() {
    let messages = decode(Framing::Line, 10, b"one\n\ntwo", &[2]).unwrap();
    assert_eq!(messages, [&b"one\n"[..], b"\n", b"two"]);
    let messages = decode(Framing::Nul, 10, b"one\0\0two", &[2]).unwrap();
    assert_eq!(messages, [&b"one"[..], b"", b"two"]);
}

#[test]
fn a_file_becomes_chunks_of_that_size_and_a_shorter_last_one() {
    let file = vec![7; 100_000];
    let messages = decode("chunk=1000".parse().unwrap(), 65_507, &file, &[4096]).unwrap();
    assert_eq!(messages.len(), 100);
    assert!(messages.iter().all(|message| message.len() == 1000));
    let last = decode("chunk=3000".parse().unwrap(), 65_507, &file, &[4096]).unwrap();
    assert_eq!((last.len(), last[33].len()), (34, 1000));
}

#[test]
fn a_message_over_the_limit_is_refused_with_the_limit() {
    let line = decode(Framing::Line, 5, b"12345\n", &[1]).unwrap_err();
    assert_eq!(
        line.to_string(),
        "a message of 6 B is too long: the limit is 5 B (message 1, from byte 0 on)"
    );
    let endless = decode(Framing::Line, 5, b"123456789", &[9]).unwrap_err();
    assert_eq!(
        endless.to_string(),
        "a message of more than 5 B is too long: the limit is 5 B (message 1, from byte 0 on)"
    );
    let announced = decode(Framing::Len32, 65_507, &[0, 1, 0, 0], &[1]).unwrap_err();
    assert_eq!(
        announced,
        FrameError::TooLong {
            spot: Spot::default(),
            len: Some(65_536),
            max: 65_507
        }
    );
    assert!(decode(Framing::Line, 5, b"1234\n", &[1]).is_ok());
    assert!(decode(Framing::Nul, 5, b"12345\0", &[1]).is_ok());
}

#[test]
fn a_stream_that_ends_inside_a_message_says_how_far_it_came() {
    let inside = decode(Framing::Len16, 100, b"\0\x05abc", &[2]).unwrap_err();
    assert_eq!(
        inside.to_string(),
        "the stream ended inside a message of 5 B after 3 B (message 1, from byte 0 on)"
    );
    let length = decode(Framing::Len32, 100, b"\0\0", &[1]).unwrap_err();
    assert_eq!(
        length.to_string(),
        "the stream ended inside a message's length, after 2 B of it (message 1, from byte 0 on)"
    );
}

#[test]
fn a_message_that_would_become_two_is_refused() {
    let mut stream = Vec::new();
    for (framing, message) in [
        (Framing::Line, &b"two\nlines\n"[..]),
        (Framing::Nul, b"two\0strings"),
        (Framing::Len16, &[0; 65_536]),
        (Framing::Delim(Delimiter::new(b"\r\n").unwrap()), b"two\r\n"),
        (Framing::Fixed(NonZeroUsize::new(4).unwrap()), b"three"),
    ] {
        let error = framing.encode(message, &mut stream).unwrap_err();
        assert!(
            error.to_string().contains(&format!("--frame {framing}")),
            "{error}"
        );
    }
    assert!(stream.is_empty());
    Framing::Line.encode(b"no newline", &mut stream).unwrap();
    assert_eq!(stream, b"no newline\n");
}

#[test]
fn every_name_of_a_framing_is_read_back() {
    for name in [
        "line",
        "nul",
        "len16",
        "len32",
        "chunk=1452",
        "chunk=1",
        "delim:0d0a",
        "fixed:188",
    ] {
        assert_eq!(name.parse::<Framing>().unwrap().to_string(), name);
    }
    assert_eq!("chunk".parse::<Framing>(), "chunk=1452".parse());
    for name in [
        "", "chunk=0", "chunk=", "chunk=-1", "LINE", "delim", "delim:a", "fixed", "fixed:0",
    ] {
        assert!(name.parse::<Framing>().is_err(), "{name}");
    }
}
