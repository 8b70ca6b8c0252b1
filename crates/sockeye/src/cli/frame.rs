//! `--frame`: how messages are marked in a stream, with sizes as people write them.

use std::num::NonZeroUsize;

pub(crate) use sockeye_net::framing::Framing;

use crate::cli::{quantity, words};
use crate::limits::CHUNK_MAX;
use crate::wording::Wording;

/// Reads the value of `--frame`.
pub(crate) fn framing(text: &str) -> Result<Framing, Wording> {
    let Some(size) = text.strip_prefix("chunk=") else {
        return text.parse().map_err(|_| words::WANTS_FRAME.into());
    };
    match NonZeroUsize::new(quantity::size(size)?) {
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
    use sockeye_net::framing::DEFAULT_CHUNK;

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
        ] {
            assert_eq!(framing(text), Ok(frame));
        }
    }

    #[test]
    fn another_word_is_answered_with_the_choices() {
        assert_eq!(framing("lines"), Err(words::WANTS_FRAME.into()));
        assert!(framing("chunk=0").is_err());
        assert!(framing("chunk=").is_err());
        assert!(framing("chunk=17m").unwrap_err().spanish.contains("16MiB"));
    }
}
