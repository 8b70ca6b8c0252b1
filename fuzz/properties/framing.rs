//! What holds for any stream and every framing; the fuzz target and the ordinary tests both check it.

use std::num::NonZeroUsize;

use sockeye_net::framing::{Decoder, Delimiter, FrameError, Framing};

/// Panics if messages or the error depend on how the stream was cut, if a message is longer than the limit, or if what
/// came out does not go back in.
pub(crate) fn check(bytes: &[u8]) {
    // The first bytes choose, so that a fuzzer reaches everything.
    let [limit, size, cut, marks, stream @ ..] = bytes else {
        return;
    };
    let (limit, size, cut) = (usize::from(*limit), usize::from(*size), usize::from(*cut));
    let size = NonZeroUsize::new(size % 40).unwrap_or(NonZeroUsize::MIN);
    let mark = &stream[..stream.len().min(usize::from(marks % 16) + 1)];
    let delimiter = Delimiter::new(mark).map(Framing::Delim);
    let framings = [
        Framing::Line,
        Framing::Nul,
        Framing::Len16,
        Framing::Len32,
        Framing::Fixed(size),
        Framing::Chunk(size),
    ];
    for framing in framings.into_iter().chain(delimiter) {
        let whole = decode(framing, limit, stream, stream.len().max(1));
        let pieces = decode(framing, limit, stream, cut % 20 + 1);
        // How long a message without an end is, is known earlier or later.
        let known = |error: &Option<FrameError>| match error {
            Some(FrameError::TooLong { spot, max, .. }) => Some((*spot, *max)),
            _ => None,
        };
        assert_eq!(whole.0, pieces.0, "{framing}");
        assert_eq!(known(&whole.1), known(&pieces.1), "{framing}");
        assert_eq!(whole.1.is_some(), pieces.1.is_some(), "{framing}");
        let (messages, error) = whole;
        assert!(messages.iter().all(|message| message.len() <= limit));
        let mut again = Vec::new();
        for message in &messages {
            framing
                .encode(message, &mut again)
                .unwrap_or_else(|error| assert!(last_piece(framing, message), "{error}"));
        }
        if error.is_none() {
            // A last line of the most bytes has got a newline.
            let came_back = decode(framing, limit.max(40) + 1, &again, 7);
            assert!(came_back.1.is_none(), "{framing}: {came_back:?}");
            if framing != Framing::Line {
                assert_eq!(came_back.0, messages, "{framing}");
            }
        }
        let prefix = stream.len().min(again.len());
        if error.is_none() && messages.len() > 1 {
            assert_eq!(again[..prefix], stream[..prefix], "{framing}");
        }
    }
}

/// Whether it is what a stream may end with.
fn last_piece(framing: Framing, message: &[u8]) -> bool {
    matches!(framing, Framing::Line) && !message.ends_with(b"\n")
}

/// Every message up to the first error, which no further piece takes back.
fn decode(
    framing: Framing,
    limit: usize,
    stream: &[u8],
    cut: usize,
) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = Decoder::new(framing, limit);
    let mut messages = Vec::new();
    for piece in stream.chunks(cut) {
        decoder.push(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => break,
                Err(error) => {
                    assert!(decoder.next_message().is_err(), "{framing}: {error}");
                    return (messages, Some(error));
                }
            }
        }
    }
    match decoder.finish() {
        Ok(last) => {
            messages.extend(last.map(<[u8]>::to_vec));
            (messages, None)
        }
        Err(error) => (messages, Some(error)),
    }
}
