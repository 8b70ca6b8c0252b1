//! The data of a record: from the words of a master file to what the type is made of.
//!
//! A type is one row of a table. The row gives the octets of a message; reading those with hickory checks them and
//! makes the record. The generic form of [RFC 3597](https://www.rfc-editor.org/rfc/rfc3597#section-5) takes the same
//! way, so that a known type written generically is the same record.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::{
    BinDecodable, BinDecoder, BinEncodable, BinEncoder, Restrict,
};
use hickory_proto::serialize::txt::parse_ttl;

use sockeye_names::{type_name, type_named};

use super::error::Reason;
use super::name;
use super::text::{Character, Word, characters};

/// What a record's data is made of, word by word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// A number of 8 bits.
    U8,
    /// A number of 16 bits.
    U16,
    /// A number of 32 bits.
    U32,
    /// Seconds, perhaps with units: `1h30m`.
    Time,
    /// A domain name.
    Host,
    /// An IPv4 address.
    V4,
    /// An IPv6 address.
    V6,
    /// A character string: a length and up to 255 octets.
    Text,
    /// One character string or more.
    Texts,
    /// A string that goes to the end of the data: no length, no limit of 255.
    Rest,
    /// Hexadecimal digits to the end.
    Hex,
    /// Base 64 to the end.
    Base64,
}

use Field::{Base64, Hex, Host, Rest, Text, Texts, Time, U8, U16, U32, V4, V6};

/// A type by its number, and its fields with the words of the errors.
struct Row {
    number: u16,
    fields: &'static [Field],
    form: &'static str,
}

#[rustfmt::skip]
const TYPES: &[Row] = &[
    Row { number: 1, fields: &[V4], form: "an IPv4 address" },
    Row { number: 2, fields: &[Host], form: "the name of a server" },
    Row { number: 5, fields: &[Host], form: "a name" },
    Row { number: 6, fields: &[Host, Host, U32, Time, Time, Time, Time], form: "SERVER MAILBOX SERIAL REFRESH RETRY EXPIRE MINIMUM" },
    Row { number: 12, fields: &[Host], form: "a name" },
    Row { number: 13, fields: &[Text, Text], form: "CPU OS" },
    Row { number: 15, fields: &[U16, Host], form: "PREFERENCE SERVER" },
    Row { number: 16, fields: &[Texts], form: "one string or more, each of at most 255 octets" },
    Row { number: 17, fields: &[Host, Host], form: "MAILBOX NAME" },
    Row { number: 18, fields: &[U16, Host], form: "SUBTYPE SERVER" },
    Row { number: 28, fields: &[V6], form: "an IPv6 address" },
    Row { number: 33, fields: &[U16, U16, U16, Host], form: "PRIORITY WEIGHT PORT SERVER" },
    Row { number: 35, fields: &[U16, U16, Text, Text, Text, Host], form: "ORDER PREFERENCE FLAGS SERVICE REGEXP REPLACEMENT" },
    Row { number: 37, fields: &[U16, U16, U8, Base64], form: "TYPE KEY-TAG ALGORITHM BASE64" },
    Row { number: 39, fields: &[Host], form: "a name" },
    Row { number: 43, fields: &[U16, U8, U8, Hex], form: "KEY-TAG ALGORITHM DIGEST-TYPE HEX" },
    Row { number: 44, fields: &[U8, U8, Hex], form: "ALGORITHM TYPE HEX" },
    Row { number: 48, fields: &[U16, U8, U8, Base64], form: "FLAGS PROTOCOL ALGORITHM BASE64" },
    Row { number: 52, fields: &[U8, U8, U8, Hex], form: "USAGE SELECTOR MATCHING HEX" },
    Row { number: 53, fields: &[U8, U8, U8, Hex], form: "USAGE SELECTOR MATCHING HEX" },
    Row { number: 59, fields: &[U16, U8, U8, Hex], form: "KEY-TAG ALGORITHM DIGEST-TYPE HEX" },
    Row { number: 60, fields: &[U16, U8, U8, Base64], form: "FLAGS PROTOCOL ALGORITHM BASE64" },
    Row { number: 61, fields: &[Base64], form: "BASE64" },
    Row { number: SVCB, fields: &[], form: "PRIORITY TARGET KEY=VALUE…" },
    Row { number: HTTPS, fields: &[], form: "PRIORITY TARGET KEY=VALUE…" },
    Row { number: 99, fields: &[Texts], form: "one string or more, each of at most 255 octets" },
    Row { number: 256, fields: &[U16, U16, Rest], form: "PRIORITY WEIGHT TARGET" },
    Row { number: 257, fields: &[U8, Text, Rest], form: "FLAGS TAG VALUE" },
];

/// The type that a word names, `TYPE65280` too.
pub(crate) fn record_type(word: &[u8]) -> Option<RecordType> {
    type_named(std::str::from_utf8(word).ok()?)
}

/// Whether no record can be of this type: QTYPEs and meta-TYPEs of RFC 6895, section 3.1, and OPT.
pub(crate) fn is_of_questions(kind: RecordType) -> bool {
    matches!(u16::from(kind), 0 | 41 | 128..=255)
}

/// Reads the data of a record.
pub(crate) fn read(
    kind: RecordType,
    words: &[Word<'_>],
    origin: Option<&Name>,
) -> Result<RData, Reason> {
    let number = u16::from(kind);
    if let Some((first, generic)) = words.split_first()
        && first.text == b"\\#"
        && !first.quoted
    {
        let octets = generic_octets(generic).ok_or_else(|| Reason::Data {
            kind: type_name(kind).into_owned(),
            form: "\\# LENGTH HEX".to_owned(),
            why: String::new(),
        })?;
        return record_data(kind, &octets, "the data of its type");
    }
    let row = TYPES.iter().find(|row| row.number == number);
    let Some(row) = row else {
        return Err(Reason::Generic(type_name(kind).into_owned()));
    };
    if matches!(number, SVCB | HTTPS) {
        return service(kind, row, words, origin);
    }
    let mut octets = Vec::new();
    let mut rest = words;
    for field in row.fields {
        let taken = field
            .take(rest, origin, &mut octets)
            .map_err(|why| match why {
                Unfit::Name(reason) => reason,
                Unfit::Other => row.unfit(rest.first()),
            })?;
        rest = &rest[taken..];
    }
    match rest.first() {
        Some(_) => Err(row.unfit(rest.first())),
        None => record_data(kind, &octets, row.form),
    }
}

impl Row {
    fn unfit(&self, word: Option<&Word<'_>>) -> Reason {
        Reason::Data {
            kind: type_name(RecordType::from(self.number)).into_owned(),
            form: self.form.to_owned(),
            why: match word {
                Some(word) => format!("; \"{}\" does not fit", name::shown(word.text)),
                None => "; something is missing".to_owned(),
            },
        }
    }
}

/// Why a word is not what a field holds.
enum Unfit {
    Name(Reason),
    Other,
}

impl Field {
    /// Writes what the next words hold; how many it took.
    fn take(
        self,
        words: &[Word<'_>],
        origin: Option<&Name>,
        out: &mut Vec<u8>,
    ) -> Result<usize, Unfit> {
        let word = *words.first().ok_or(Unfit::Other)?;
        match self {
            U8 => out.push(number(word)?),
            U16 => out.extend(number::<u16>(word)?.to_be_bytes()),
            U32 => out.extend(number::<u32>(word)?.to_be_bytes()),
            Time => out.extend(seconds(word).ok_or(Unfit::Other)?.to_be_bytes()),
            V4 => out.extend(number::<Ipv4Addr>(word)?.octets()),
            V6 => out.extend(number::<Ipv6Addr>(word)?.octets()),
            Host => {
                let name = name::read(word, origin).map_err(Unfit::Name)?;
                out.extend(wire(&name));
            }
            Text => string(word, out)?,
            Texts => {
                for word in words {
                    string(*word, out)?;
                }
                return Ok(words.len());
            }
            Rest => out.extend(octets(word)?),
            Hex => {
                hex(words, out).ok_or(Unfit::Other)?;
                return Ok(words.len());
            }
            Base64 => {
                base64(words, out).ok_or(Unfit::Other)?;
                return Ok(words.len());
            }
        }
        Ok(1)
    }
}

fn number<T: FromStr>(word: Word<'_>) -> Result<T, Unfit> {
    let text = std::str::from_utf8(word.text).map_err(|_| Unfit::Other)?;
    // No sign: "+1" is a number of Rust's, and of no master file.
    let text = Some(text).filter(|text| !text.starts_with('+') && !word.quoted);
    text.and_then(|text| text.parse().ok()).ok_or(Unfit::Other)
}

/// A TTL or another time in seconds, with units as in `1h30m` or without.
pub(crate) fn seconds(word: Word<'_>) -> Option<u32> {
    let text = std::str::from_utf8(word.text).ok()?;
    // RFC 2181, section 8: "a value between zero and 2147483647".
    let seconds = parse_ttl(text).ok()?;
    (!word.quoted && seconds <= i32::MAX as u32).then_some(seconds)
}

/// The octets of a word, escapes resolved.
fn octets(word: Word<'_>) -> Result<Vec<u8>, Unfit> {
    let octet = |character| match character {
        Character::Plain(byte) | Character::Escaped(byte) => byte,
    };
    characters(word.text)
        .map(|character| character.map(octet))
        .collect::<Result<_, _>>()
        .map_err(Unfit::Name)
}

fn string(word: Word<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let octets = octets(word)?;
    out.push(u8::try_from(octets.len()).map_err(|_| Unfit::Other)?);
    out.extend(octets);
    Ok(())
}

/// A name as messages have it, not compressed.
pub(crate) fn wire(name: &Name) -> Vec<u8> {
    let mut octets = Vec::with_capacity(name::NAME);
    for label in name.iter() {
        octets.push(label.len() as u8);
        octets.extend(label);
    }
    octets.push(0);
    octets
}

/// The name that a DNAME record holds, which hickory keeps as octets.
pub(crate) fn target(data: &RData) -> Option<Name> {
    let mut octets = Vec::with_capacity(name::NAME);
    data.emit(&mut BinEncoder::new(&mut octets)).ok()?;
    Name::read(&mut BinDecoder::new(&octets)).ok()
}

/// `LENGTH HEX`, behind `\#`.
fn generic_octets(words: &[Word<'_>]) -> Option<Vec<u8>> {
    let (len, digits) = words.split_first()?;
    let len: u16 = number(*len).ok()?;
    let mut octets = Vec::new();
    hex(digits, &mut octets)?;
    (octets.len() == usize::from(len)).then_some(octets)
}

fn hex(words: &[Word<'_>], out: &mut Vec<u8>) -> Option<()> {
    let digits: Vec<u8> = words.iter().flat_map(|word| word.text).copied().collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    for [high, low] in pairs {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        out.push((digit(*high)? * 16 + digit(*low)?) as u8);
    }
    odd.is_empty().then_some(())
}

/// RFC 4648, section 4: groups of four, the last one filled up with `=`.
fn base64(words: &[Word<'_>], out: &mut Vec<u8>) -> Option<()> {
    let digits: Vec<u8> = words.iter().flat_map(|word| word.text).copied().collect();
    let (groups, odd) = digits.as_chunks::<4>();
    for (index, group) in groups.iter().enumerate() {
        let filled = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if filled > 2 || filled > 0 && index + 1 < groups.len() {
            return None;
        }
        let mut bits = 0_u32;
        for byte in &group[..4 - filled] {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * filled;
        out.extend(&bits.to_be_bytes()[1..4 - filled]);
    }
    odd.is_empty().then_some(())
}

/// SVCB and HTTPS, [RFC 9460](https://www.rfc-editor.org/rfc/rfc9460#section-2.1): their parameters are hickory's.
fn service(
    kind: RecordType,
    row: &Row,
    words: &[Word<'_>],
    origin: Option<&Name>,
) -> Result<RData, Reason> {
    let [priority, target, parameters @ ..] = words else {
        return Err(row.unfit(None));
    };
    let target = name::read(*target, origin)?;
    let mut line = String::from_utf8_lossy(priority.text).into_owned();
    line.push(' ');
    // Its own escapes of names are octal, so names that need one can't take this way.
    let plain = target
        .iter()
        .flatten()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    if !plain {
        return Err(row.unfit(words.get(1)));
    }
    line.push_str(&target.to_string());
    for word in parameters {
        let text = std::str::from_utf8(word.text).ok().filter(|text| {
            !text.contains(['\\', ';', '(', ')'])
                && !text.contains(char::is_whitespace)
                && !word.quoted
        });
        line.push(' ');
        line.push_str(text.ok_or_else(|| row.unfit(Some(word)))?);
    }
    let data = RData::try_from_str(kind, &line).map_err(|error| Reason::Data {
        kind: type_name(kind).into_owned(),
        form: row.form.to_owned(),
        why: format!("; {}", error.to_string().escape_debug()),
    })?;
    let mut octets = Vec::new();
    let emitted = data.emit(&mut BinEncoder::new(&mut octets));
    emitted.map_err(|_| row.unfit(None))?;
    record_data(kind, &octets, row.form)
}

/// Data of a message, checked and taken apart.
fn record_data(kind: RecordType, octets: &[u8], form: &str) -> Result<RData, Reason> {
    let wrong = |why: String| Reason::Data {
        kind: type_name(kind).into_owned(),
        form: form.to_owned(),
        why,
    };
    let len = u16::try_from(octets.len())
        .map_err(|_| wrong("; this is more than 65535 octets".to_owned()))?;
    let data = RData::read(&mut BinDecoder::new(octets), kind, Restrict::new(len));
    let data = data.map_err(|error| wrong(format!("; {}", error.to_string().escape_debug())))?;
    if data.record_type() != kind {
        return Err(wrong("; it holds no data".to_owned()));
    }
    Ok(data)
}

const SVCB: u16 = 64;
const HTTPS: u16 = 65;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::text::Entries;

    fn data(text: &str) -> Result<RData, Reason> {
        let origin = Name::from_ascii("example.").unwrap();
        let entry = Entries::new(text.as_bytes()).next().unwrap().unwrap();
        let kind = record_type(entry.words[0].text).unwrap();
        read(kind, &entry.words[1..], Some(&origin))
    }

    fn octets(text: &str) -> Vec<u8> {
        let mut octets = Vec::new();
        let data = data(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        data.emit(&mut BinEncoder::new(&mut octets)).unwrap();
        octets
    }

    #[test]
    fn each_type_becomes_the_octets_of_its_rfc() {
        for (text, expected) in [
            ("A 192.0.2.1", &b"\xc0\x00\x02\x01"[..]),
            ("MX 10 @", b"\x00\x0a\x07example\x00"),
            ("TXT a \"b c\" \\065\\255", b"\x01a\x03b c\x02A\xff"),
            (
                "SRV 1 2 443 www",
                b"\x00\x01\x00\x02\x01\xbb\x03www\x07example\x00",
            ),
            ("CAA 128 issue \"ca.example\"", b"\x80\x05issueca.example"),
            ("DNAME other.example.", b"\x05other\x07example\x00"),
            ("DS 1 8 2 00ff 0a", b"\x00\x01\x08\x02\x00\xff\x0a"),
            ("TLSA 3 1 1 (\n0a0B\n0C)", b"\x03\x01\x01\x0a\x0b\x0c"),
            (
                "DNSKEY 256 3 8 AQID BA==",
                b"\x01\x00\x03\x08\x01\x02\x03\x04",
            ),
            ("TYPE65280 \\# 3 0a 0b0c", b"\x0a\x0b\x0c"),
            ("TYPE65280 \\# 0", b""),
            ("TYPE1 \\# 4 c0000201", b"\xc0\x00\x02\x01"),
            ("A \\# 4 c0000201", b"\xc0\x00\x02\x01"),
            (
                "NAPTR 1 2 s \"a+b\" \"\" .",
                b"\x00\x01\x00\x02\x01s\x03a+b\x00\x00",
            ),
            (
                "HTTPS 1 . alpn=\"h2,h3\" port=8443",
                b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x03\x00\x02\x20\xfb",
            ),
            (
                "URI 1 2 \"https://a.example/\"",
                b"\x00\x01\x00\x02https://a.example/",
            ),
        ] {
            assert_eq!(octets(text), expected, "{text}");
            // What is written of it is read as the same again.
            let read = data(text).unwrap();
            let kind = type_name(read.record_type());
            let written = format!("{kind} {}", sockeye_names::data_text(&read));
            assert_eq!(octets(&written), expected, "{text}: {written}");
        }
        let soa = octets("SOA ns mail\\.box 1 1h 15m 4w 300");
        assert_eq!(&soa[..4], b"\x02ns\x07");
        assert!(soa.windows(9).any(|octets| octets == b"\x08mail.box"));
        assert_eq!(
            soa[soa.len() - 16..],
            [0, 0, 14, 16, 0, 0, 3, 132, 0, 36, 234, 0, 0, 0, 1, 44]
        );
    }

    #[test]
    fn what_does_not_fit_a_type_says_what_the_type_takes() {
        for (text, said) in [
            (
                "A 192.0.2",
                "A takes an IPv4 address; \"192.0.2\" does not fit",
            ),
            ("A 192.0.2.1 x", "\"x\" does not fit"),
            ("AAAA 192.0.2.1", "AAAA takes an IPv6 address"),
            ("MX www", "MX takes PREFERENCE SERVER; \"www\" does not fit"),
            ("MX 10", "something is missing"),
            ("MX +1 a", "\"+1\" does not fit"),
            ("SRV 1 2 70000 a", "\"70000\""),
            ("A \\# 3 c00002", "A takes"),
            ("A \\# 0", "A takes"),
            ("TYPE65280 \\# 3 0a0b", "\\# LENGTH HEX"),
            ("TYPE65280 x", "\\# LENGTH HEX"),
            ("RRSIG A", "\\# LENGTH HEX"),
            ("DNSKEY 256 3 8 A", "BASE64"),
            ("HTTPS 1 . nonsense=1", "HTTPS takes PRIORITY TARGET"),
            ("TXT", "something is missing"),
        ] {
            let error = data(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        let long = format!("TXT {}", "a".repeat(256));
        assert!(data(&long).unwrap_err().to_string().contains("255"));
    }

    #[test]
    fn each_type_has_one_row_and_a_name() {
        assert!(TYPES.windows(2).all(|pair| pair[0].number < pair[1].number));
        for row in TYPES {
            let name = type_name(RecordType::from(row.number));
            assert!(!name.starts_with("TYPE"), "{name}");
        }
    }
}
