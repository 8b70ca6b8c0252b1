//! JSON written straight into a byte buffer: made for speed, so that recording keeps up with a relay.

use std::net::SocketAddrV4;

use super::base64;

/// An object being written; members keep the order in which they are given.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Writes the opening brace.
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes the closing brace.
    pub fn close(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A whole number from 0.
    pub fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        decimal(self.out, number);
    }

    /// A whole number.
    pub fn signed(&mut self, key: &str, number: i64) {
        self.key(key);
        if number < 0 {
            self.out.push(b'-');
        }
        decimal(self.out, number.unsigned_abs());
    }

    /// A word that needs no escaping.
    pub fn plain(&mut self, key: &str, word: &str) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// Any text.
    pub fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        string(self.out, text);
    }

    /// A list of texts.
    pub fn list<'t>(&mut self, key: &str, texts: impl Iterator<Item = &'t str>) {
        self.key(key);
        self.out.push(b'[');
        for (index, text) in texts.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            string(self.out, text);
        }
        self.out.push(b']');
    }

    /// A list of objects with a `name` and a `value` each.
    pub fn pairs<'t>(&mut self, key: &str, pairs: impl Iterator<Item = (&'t str, &'t str)>) {
        self.key(key);
        self.out.push(b'[');
        for (index, (name, value)) in pairs.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            let mut pair = Object::open(self.out);
            pair.text("name", name);
            pair.text("value", value);
            pair.close();
        }
        self.out.push(b']');
    }

    /// An IPv4 address with its port: every datagram of a server has one, and formatting takes longer than the rest.
    pub fn ipv4(&mut self, key: &str, address: SocketAddrV4) {
        self.key(key);
        for (index, octet) in address.ip().octets().into_iter().enumerate() {
            self.out.push(if index == 0 { b'"' } else { b'.' });
            decimal(self.out, octet.into());
        }
        self.out.push(b':');
        decimal(self.out, address.port().into());
        self.out.push(b'"');
    }

    /// An object within this one.
    pub fn object(&mut self, key: &str) -> Object<'_> {
        self.key(key);
        Object::open(self.out)
    }

    /// Any bytes, as an object with one member: `text` where that loses nothing and stays readable, else `base64`.
    pub fn data(&mut self, key: &str, data: &[u8]) {
        let mut inner = self.object(key);
        inner.payload(data);
        inner.close();
    }

    /// Any bytes, as a member of this object that is called `text` or `base64`.
    pub fn payload(&mut self, data: &[u8]) {
        let before = (self.out.len(), self.empty);
        if let Ok(text) = std::str::from_utf8(data)
            && !is_mostly_controls(data)
        {
            self.key("text");
            self.out.reserve(text.len() + text.len() / 8 + 2);
            self.out.push(b'"');
            // Twice the length is enough for quotes and line ends; more means control characters all over.
            if escape(self.out, text, 2 * text.len()) {
                self.out.push(b'"');
                return;
            }
            self.out.truncate(before.0);
            self.empty = before.1;
        }
        self.key("base64");
        self.out.push(b'"');
        base64::encode(self.out, data);
        self.out.push(b'"');
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text, usize::MAX);
    out.push(b'"');
}

fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `text` with what JSON or a terminal must not see escaped; `false`, half done, beyond `most` bytes.
///
/// Beside what [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-7) asks for, DEL, the C1 controls, the
/// line and paragraph separators and the characters that turn the direction of text are escaped, so that a
/// recording can be shown on any terminal, and any line reader agrees on what a line is.
fn escape(out: &mut Vec<u8>, text: &str, most: usize) -> bool {
    let bytes = text.as_bytes();
    let start = out.len();
    // Written here first, whole words at a time, and copied out when full: no look at the capacity a byte.
    let mut scratch = [0; SCRATCH];
    let mut filled = 0;
    let mut at = 0;
    while at < bytes.len() {
        if filled > SCRATCH - MOST_A_CHUNK {
            out.extend_from_slice(&scratch[..filled]);
            filled = 0;
            if out.len() - start > most {
                return false;
            }
        }
        if let Some(chunk) = bytes[at..].first_chunk::<CHUNK>()
            && is_plain(chunk)
        {
            scratch[filled..filled + CHUNK].copy_from_slice(chunk);
            filled += CHUNK;
            at += CHUNK;
            continue;
        }
        let stop = bytes.len().min(at + CHUNK);
        while at < stop {
            let (word, length) = word(&bytes[at..]);
            let clean = length.min(suspects(word).trailing_zeros() as usize / 8);
            scratch[filled..filled + 8].copy_from_slice(&word.to_le_bytes());
            filled += clean;
            at += clean;
            if clean == length {
                continue;
            }
            let byte = bytes[at];
            let letter = SHORT[usize::from(byte)];
            if letter != 0 {
                scratch[filled..filled + 2].copy_from_slice(&[b'\\', letter]);
                filled += 2;
                at += 1;
            } else if let Some((length, code)) = escaped(byte, &bytes[at + 1..]) {
                scratch[filled..filled + 6].copy_from_slice(&unicode(code));
                filled += 6;
                at += length;
            } else {
                scratch[filled] = byte;
                filled += 1;
                at += 1;
            }
        }
    }
    out.extend_from_slice(&scratch[..filled]);
    out.len() - start <= most
}

/// Whether all is ASCII and nothing is escaped; no branch a byte, so that the compiler makes vector code of it.
fn is_plain(chunk: &[u8; CHUNK]) -> bool {
    let mut any = false;
    for &byte in chunk {
        any |= (byte < b' ') | (byte == b'"') | (byte == b'\\') | (byte >= 0x7f);
    }
    !any
}

/// The next eight bytes, filled up with spaces, and how many there were.
fn word(bytes: &[u8]) -> (u64, usize) {
    match bytes.first_chunk::<8>() {
        Some(word) => (u64::from_le_bytes(*word), 8),
        None => {
            let mut word = [b' '; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            (u64::from_le_bytes(word), bytes.len())
        }
    }
}

/// The top bit of each byte that is escaped or may begin a character that is; only the lowest one set is sure.
fn suspects(word: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const TOP: u64 = EACH << 7;
    // A byte below `than` borrows from its top bit; what it does to the bytes above it does not matter.
    let below = |bits: u64, than: u64| bits.wrapping_sub(EACH * than) & !bits & TOP;
    let equal = |byte: u64| below(word ^ (EACH * byte), 1);
    let ascii = below(word, b' '.into()) | equal(b'"'.into()) | equal(b'\\'.into());
    if (word | word.wrapping_add(EACH)) & TOP == 0 {
        return ascii;
    }
    ascii | equal(0x7f) | equal(0xc2) | equal(0xd8) | equal(0xe2)
}

/// Whether so many bytes are control characters without a short escape that escaping would double the length.
fn is_mostly_controls(bytes: &[u8]) -> bool {
    let controls: usize = bytes
        .chunks(128)
        .map(|chunk| {
            let mut count = 0u8;
            for &byte in chunk {
                count += u8::from((byte < b' ') & !(0x08..=0x0d).contains(&byte));
            }
            usize::from(count)
        })
        .sum();
    5 * controls > bytes.len()
}

fn unicode(code: u16) -> [u8; 6] {
    let digit = |shift: u16| HEX[usize::from(code >> shift & 15)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

/// How many bytes make up the character to escape, and its number; `None` where it may stay.
fn escaped(byte: u8, rest: &[u8]) -> Option<(usize, u16)> {
    match (byte, rest) {
        (0xc2, &[second @ 0x80..=0x9f, ..]) => Some((2, second.into())),
        (0xd8, &[0x9c, ..]) => Some((2, 0x061c)),
        (0xe2, &[0x80, third @ (0x8e | 0x8f | 0xa8..=0xae), ..]) => {
            Some((3, 0x2000 | u16::from(third & 0x3f)))
        }
        (0xe2, &[0x81, third @ 0xa6..=0xa9, ..]) => Some((3, 0x2040 | u16::from(third & 0x3f))),
        (0xc2 | 0xd8 | 0xe2, _) => None,
        _ => Some((1, byte.into())),
    }
}

/// The letter after the backslash, for the bytes that have one.
static SHORT: [u8; 256] = {
    let mut table = [0; 256];
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[0x08] = b'b';
    table[0x0c] = b'f';
    table
};

/// How far plain text is looked through at once.
const CHUNK: usize = 32;

/// The most that a chunk becomes: six bytes for each of its own, and a word that reaches beyond.
const MOST_A_CHUNK: usize = 6 * CHUNK + 8;

const SCRATCH: usize = 1024;

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.data("d", bytes);
        object.close();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_text_and_everything_else_becomes_base64() {
        assert_eq!(data(b""), r#"{"d":{"text":""}}"#);
        assert_eq!(
            data(b"a\"\\\n\r\t\x08\x0c"),
            r#"{"d":{"text":"a\"\\\n\r\t\b\f"}}"#
        );
        assert_eq!(data(b"\xff\x00"), r#"{"d":{"base64":"/wA="}}"#);
        assert_eq!(data(&[0; 3]), r#"{"d":{"base64":"AAAA"}}"#);
    }

    #[test]
    fn what_could_harm_a_terminal_is_escaped_and_other_letters_are_not() {
        assert_eq!(
            data("hello \x1b[2J, ¿qué?, ص, €".as_bytes()),
            r#"{"d":{"text":"hello \u001b[2J, ¿qué?, ص, €"}}"#
        );
        let plain = "x".repeat(99);
        for (character, code) in [
            ('\0', "0000"),
            ('\x7f', "007f"),
            ('\u{9b}', "009b"),
            ('\u{61c}', "061c"),
            ('\u{200e}', "200e"),
            ('\u{2028}', "2028"),
            ('\u{2029}', "2029"),
            ('\u{202e}', "202e"),
            ('\u{2066}', "2066"),
            ('\u{2069}', "2069"),
        ] {
            assert_eq!(
                data(format!("{plain}{character}{plain}").as_bytes()),
                format!(r#"{{"d":{{"text":"{plain}\u{code}{plain}"}}}}"#)
            );
        }
    }

    #[test]
    fn no_data_takes_more_than_twice_its_length() {
        for filling in [
            "\n", "\"", "a", "\0", "a\0\0", "\0aaaaa", "\u{2028}", "ñ\u{9b}",
        ] {
            for most in [0, 1, 2, 3, 100, 1000] {
                let bytes = filling.repeat(most);
                let frame = r#"{"d":{"base64":"=="}}"#.len();
                let length = data(bytes.as_bytes()).len();
                assert!(length <= frame + 2 * bytes.len(), "{filling:?} {most}");
            }
        }
    }

    #[test]
    fn numbers_are_written_to_their_last_digit() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.number("a", u64::MAX);
        object.number("b", 0);
        object.signed("c", i64::MIN);
        object.close();
        assert_eq!(
            out,
            br#"{"a":18446744073709551615,"b":0,"c":-9223372036854775808}"#
        );
    }
}
