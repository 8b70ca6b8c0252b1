//! `--frame`: how messages are marked in a stream.

use crate::cli::quantity;
use crate::limits::{CHUNK, CHUNK_MAX};

/// The rule by which a stream is cut into messages, and messages are put into a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A message ends with a newline.
    Line,
    /// A message ends with a NUL byte.
    Nul,
    /// A message follows its length in 2 bytes, most significant first.
    Len16,
    /// A message follows its length in 4 bytes, most significant first.
    Len32,
    /// A message is whatever one read gave, of at most this many bytes; the borders are lost on the way back.
    Chunk(usize),
}

/// The words that `--frame` takes.
pub(crate) const CHOICES: &str = "line, nul, len16, len32, chunk or chunk=SIZE";

/// Reads the value of `--frame`.
pub(crate) fn framing(text: &str) -> Result<Framing, String> {
    Ok(match text {
        "line" => Framing::Line,
        "nul" => Framing::Nul,
        "len16" => Framing::Len16,
        "len32" => Framing::Len32,
        "chunk" => Framing::Chunk(CHUNK),
        _ => {
            let size = text
                .strip_prefix("chunk=")
                .ok_or_else(|| format!("wants {CHOICES}"))?;
            match quantity::size(size)? {
                0 => return Err("wants a chunk of at least 1 byte".to_owned()),
                size if size > CHUNK_MAX => {
                    return Err(format!(
                        "wants a chunk of at most {}",
                        quantity::size_text(CHUNK_MAX)
                    ));
                }
                size => Framing::Chunk(size),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_read() {
        for (text, frame) in [
            ("line", Framing::Line),
            ("nul", Framing::Nul),
            ("len16", Framing::Len16),
            ("len32", Framing::Len32),
            ("chunk", Framing::Chunk(CHUNK)),
            ("chunk=8k", Framing::Chunk(8_192)),
        ] {
            assert_eq!(framing(text), Ok(frame));
        }
    }

    #[test]
    fn another_word_is_answered_with_the_choices() {
        assert_eq!(framing("lines"), Err(format!("wants {CHOICES}")));
        assert!(framing("chunk=0").is_err());
        assert!(framing("chunk=17m").unwrap_err().contains("16MiB"));
    }
}
