//! One field of a head: a name and a value that can't break out of its line.

use super::super::extension::is_token;

/// A field that is sent with a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: String,
    value: String,
}

impl Field {
    /// A field; `None` where the name is no token, the value has control characters, or it is one that the handshake
    /// itself sends.
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        let plain = !value.chars().any(|one| one.is_control() && one != '\t');
        let ours = OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        (is_token(name) && plain && !ours).then(|| Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }

    /// Those of a file, `Name: value` a line; empty lines and those that begin with `#` are left out.
    ///
    /// # Errors
    /// The number of the line that has none, from 1.
    pub fn read(text: &str) -> Result<Vec<Self>, usize> {
        let lines = text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(index, line)| {
                let field = line.split_once(':');
                let field = field.and_then(|(name, value)| Self::new(name, value));
                field.ok_or(index + 1)
            })
            .collect()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// What the handshake and its framing say themselves.
const OURS: [&str; 9] = [
    "Connection",
    "Content-Length",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Transfer-Encoding",
    "Upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_can_not_break_out_of_its_line_nor_change_the_handshake() {
        assert_eq!(Field::new("X-A", " b\tc ").unwrap().value(), "b\tc");
        for (name, value) in [
            ("X-A", "b\r\nc: d"),
            ("X A", "b"),
            ("", "b"),
            ("upgrade", "h2c"),
            ("X-A", "\0"),
        ] {
            assert_eq!(Field::new(name, value), None, "{name}: {value}");
        }
        let read = Field::read("# c\n\nCookie: a=b:c\nX-Y:z\n").unwrap();
        assert_eq!((read[0].name(), read[0].value()), ("Cookie", "a=b:c"));
        assert_eq!(read.len(), 2);
        assert_eq!(Field::read("A: b\nnonsense\n"), Err(2));
    }
}
