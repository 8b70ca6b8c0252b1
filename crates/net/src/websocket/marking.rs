//! How messages are written where there are lines: without their type, or with it.

use std::borrow::Cow;

use super::MessageType;
use super::fault::Fault;
use crate::buffer::Lease;

/// How a message is given to be sent, and handed over when it has come, by [`Messages`](crate::messages::Messages).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marking {
    /// As it is.
    #[default]
    Whole,
    /// As a line: a newline at its end is not sent, and one is put behind what has come.
    Line,
    /// As a line that says its type: `text hello`, with `\n`, `\r`, `\t`, `\\` and `\xNN` for what a line can't have;
    /// `binary 00ff`, each byte in two hexadecimal digits.
    Typed,
}

impl Marking {
    /// What is sent for what was given.
    pub(crate) fn outgoing(
        self,
        usual: MessageType,
        given: &[u8],
    ) -> Result<(MessageType, Cow<'_, [u8]>), Fault> {
        let line = given.strip_suffix(b"\n").unwrap_or(given);
        match self {
            Self::Whole => Ok((usual, Cow::Borrowed(given))),
            Self::Line => Ok((usual, Cow::Borrowed(line))),
            Self::Typed => {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let space = line.iter().position(|byte| *byte == b' ');
                let (kind, rest) = line.split_at(space.unwrap_or(line.len()));
                let rest = rest.get(1..).unwrap_or(&[]);
                let message = match kind {
                    b"text" => unescaped(rest).map(|text| (MessageType::Text, text)),
                    b"binary" => unhex(rest).map(|bytes| (MessageType::Binary, bytes)),
                    _ => None,
                };
                message
                    .map(|(kind, bytes)| (kind, Cow::Owned(bytes)))
                    .ok_or(Fault::NotTyped)
            }
        }
    }

    /// What is handed over for what has come.
    pub(crate) fn incoming(self, kind: MessageType, message: Lease) -> Lease {
        match self {
            Self::Whole => message,
            Self::Line => message.and_byte(b'\n'),
            Self::Typed => Lease::copied(typed(kind, &message).as_bytes()),
        }
        .of_type(kind)
    }
}

fn typed(kind: MessageType, message: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut line = String::with_capacity(message.len() + 8);
    match (kind, str::from_utf8(message)) {
        (MessageType::Text, Ok(text)) => {
            line.push_str("text ");
            for one in text.chars() {
                match one {
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\t' => line.push_str("\\t"),
                    '\\' => line.push_str("\\\\"),
                    control if control.is_ascii_control() => {
                        let _ = write!(line, "\\x{:02x}", u32::from(control));
                    }
                    other => line.push(other),
                }
            }
        }
        _ => {
            line.push_str("binary ");
            for byte in message {
                let _ = write!(line, "{byte:02x}");
            }
        }
    }
    line.push('\n');
    line
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => digit(*rest.next()?)? << 4 | digit(*rest.next()?)?,
            _ => return None,
        });
    }
    Some(bytes)
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_typed_line_that_says_no_message_is_refused() {
        for line in [
            "",
            "hello",
            "Text x",
            "binary 0",
            "binary 0g",
            "text \\",
            "text \\q",
            "text \\x1",
        ] {
            let refused = Marking::Typed.outgoing(MessageType::Text, line.as_bytes());
            assert_eq!(refused, Err(Fault::NotTyped), "{line}");
        }
        let sent = |line: &str| {
            let (kind, bytes) = Marking::Typed
                .outgoing(MessageType::Text, line.as_bytes())
                .unwrap();
            (kind, bytes.into_owned())
        };
        assert_eq!(sent("text\n"), (MessageType::Text, vec![]));
        assert_eq!(
            sent("text  a\\x41\r\n"),
            (MessageType::Text, b" aA".to_vec())
        );
        assert_eq!(sent("binary 00fF"), (MessageType::Binary, vec![0, 255]));
    }

    proptest! {
        #[test]
        fn a_message_is_one_typed_line_and_reads_back(
            (kind, bytes) in prop_oneof![
                "(.|\n|\r){0,40}".prop_map(|text| (MessageType::Text, text.into_bytes())),
                any::<Vec<u8>>().prop_map(|bytes| (MessageType::Binary, bytes)),
            ],
        ) {
            let line = Marking::Typed.incoming(kind, Lease::copied(&bytes));
            prop_assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let back = Marking::Typed.outgoing(MessageType::Text, &line);
            prop_assert_eq!(back, Ok((kind, Cow::Owned(bytes))));
        }

        #[test]
        fn a_line_is_the_message_with_a_newline(text: Vec<u8>) {
            let line = Marking::Line.incoming(MessageType::Binary, Lease::copied(&text));
            let (kind, back) = Marking::Line.outgoing(MessageType::Binary, &line).unwrap();
            prop_assert_eq!((kind, back.as_ref()), (MessageType::Binary, &text[..]));
        }
    }
}
