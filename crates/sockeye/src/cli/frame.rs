//! `--frame`: how messages are marked in a stream, with sizes as people write them.

use std::num::NonZeroUsize;

use clap::Args;
pub(crate) use sockeye_net::framing::Framing;

use crate::cli::{quantity, words};
use crate::limits::{CHUNK_MAX, FRAME_MAX};
use crate::wording::Wording;

/// `--frame` and its limit.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FrameFlags {
    /// Messages in a stream: line, nul, delim:HEX, fixed:SIZE, len16, len32, chunk[=SIZE]
    #[arg(long, value_name = "HOW", value_parser = framing)]
    pub(crate) frame: Option<Framing>,
    /// A longer message in a stream is an error
    #[arg(long, value_name = "SIZE", value_parser = max_frame, default_value = "16MiB")]
    pub(crate) max_frame: usize,
}

/// Reads the value of `--max-frame`.
fn max_frame(text: &str) -> Result<usize, Wording> {
    match quantity::size(text)? {
        0 => Err(words::FRAME_EMPTY.into()),
        size if size <= FRAME_MAX => Ok(size),
        _ => Err(Wording::of(
            words::FRAME_TOO_BIG,
            &[("most", &quantity::size_text(FRAME_MAX))],
        )),
    }
}

/// Reads the value of `--frame`.
pub(crate) fn framing(text: &str) -> Result<Framing, Wording> {
    let (name, size) = match text.split_once([':', '=']) {
        Some(("delim", _)) => {
            return text.parse().map_err(|_| words::WANTS_DELIMITER.into());
        }
        Some((name @ ("chunk" | "fixed"), size)) => (name, size),
        _ => return text.parse().map_err(|_| words::WANTS_FRAME.into()),
    };
    match NonZeroUsize::new(quantity::size(size)?) {
        Some(size) if size.get() <= CHUNK_MAX && name == "fixed" => Ok(Framing::Fixed(size)),
        Some(size) if size.get() <= CHUNK_MAX => Ok(Framing::Chunk(size)),
        Some(_) => Err(Wording::of(
            words::CHUNK_TOO_BIG,
            &[("most", &quantity::size_text(CHUNK_MAX))],
        )),
        None => Err(words::CHUNK_EMPTY.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_net::framing::{DEFAULT_CHUNK, Delimiter};

    #[test]
    fn every_choice_is_read() {
        for (text, frame) in [
            ("line", Framing::Line),
            ("nul", Framing::Nul),
            ("len16", Framing::Len16),
            ("len32", Framing::Len32),
            ("chunk", Framing::Chunk(DEFAULT_CHUNK)),
            (
                "chunk=8k",
                Framing::Chunk(NonZeroUsize::new(8_192).unwrap()),
            ),
            (
                "fixed:8k",
                Framing::Fixed(NonZeroUsize::new(8_192).unwrap()),
            ),
            (
                "delim:0d0A",
                Framing::Delim(Delimiter::new(b"\r\n").unwrap()),
            ),
        ] {
            assert_eq!(framing(text), Ok(frame));
        }
    }

    #[test]
    fn another_word_is_answered_with_the_choices() {
        assert_eq!(framing("lines"), Err(words::WANTS_FRAME.into()));
        assert!(framing("chunk=0").is_err());
        assert!(framing("chunk=").is_err());
        assert!(framing("fixed").is_err() && framing("fixed:0").is_err());
        for wrong in [
            "delim:",
            "delim:0",
            "delim:0x",
            "delim:0d0a0d0a0d0a0d0a0d0a0d0a0d0a0d0a0d",
        ] {
            assert_eq!(
                framing(wrong),
                Err(words::WANTS_DELIMITER.into()),
                "{wrong}"
            );
        }
        assert!(max_frame("0").is_err() && max_frame("2g").is_err());
        assert_eq!(max_frame("1g"), Ok(FRAME_MAX));
        assert!(framing("chunk=17m").unwrap_err().spanish.contains("16MiB"));
    }
}
