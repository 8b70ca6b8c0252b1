//! The text of `--send` with its C-like escapes: `\n \r \t \0 \\ \xNN`.

use crate::cli::words;
use crate::wording::Wording;

/// The bytes that `text` stands for.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, Wording> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (&letter, tail) = rest.split_first().ok_or(words::LONE_BACKSLASH)?;
        rest = tail;
        bytes.push(match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => {
                let (byte, tail) = hexadecimal(rest).ok_or(words::WANTS_HEX)?;
                rest = tail;
                byte
            }
            _ => return Err(words::ESCAPES.into()),
        });
    }
    Ok(bytes)
}

fn hexadecimal(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    let high = char::from(digits[0]).to_digit(16)?;
    let low = char::from(digits[1]).to_digit(16)?;
    Some((u8::try_from(high * 16 + low).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_the_bytes_they_name() {
        assert_eq!(
            unescape(r"a\r\n\t\0\\\x1bñ").unwrap(),
            "a\r\n\t\0\\\x1bñ".as_bytes()
        );
        assert_eq!(unescape(r"\xFF\xff").unwrap(), [255, 255]);
        assert_eq!(unescape("").unwrap(), b"");
    }

    #[test]
    fn half_an_escape_is_refused() {
        for text in ["\\", r"\x", r"\x1", r"\xg0", r"\x+1", r"\q", r"\xñ"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
