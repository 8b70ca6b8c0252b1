//! Records as a master file has them (RFC 1035 section 5.1): in printable ASCII, whatever a server has sent.
//!
//! Each type is a row of fields, read from the record's own bytes. What does not fit its row, and every type without
//! one, is written as any type may be: `\#`, the length, and the bytes (RFC 3597 section 5). Numbers, hexadecimal digits
//! and Base64 are never cut into groups.

mod fields;
mod service;

use std::fmt::Write as _;

use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

use crate::record_type::type_name;

/// A name with its final dot: `www.example.org.`. A byte that has a meaning in master files stands behind a backslash,
/// one that is no printable ASCII is `\DDD`.
///
/// ```
/// let name = sockeye_names::Name::from_labels([&b"a.b"[..], b"\xc3\xb1"])?;
/// assert_eq!(sockeye_names::name_text(&name), r"a\.b.\195\177.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn name_text(name: &Name) -> String {
    let mut text = String::new();
    for label in name.iter() {
        put_label(&mut text, label);
        text.push('.');
    }
    if text.is_empty() {
        text.push('.');
    }
    text
}

/// The data of a record, as it stands behind the type.
///
/// ```
/// use sockeye_names::{RData, data_text};
/// let text = hickory_proto::rr::rdata::TXT::new(vec!["say \"hola\"\n".to_owned()]);
/// assert_eq!(data_text(&RData::TXT(text)), r#""say \"hola\"\010""#);
/// ```
pub fn data_text(data: &RData) -> String {
    let bytes = data_bytes(data);
    let number = u16::from(data.record_type());
    fields::of(number)
        .and_then(|row| fields::text(row, &bytes))
        .unwrap_or_else(|| generic(&bytes))
}

/// The data of a record as it is sent, with no name in it compressed. Two records are the same when these are, but for
/// the capitals of names.
pub fn data_bytes(data: &RData) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    // What was read can be written.
    let _ = data.emit(&mut encoder);
    bytes
}

/// A record as one line of a master file: name, TTL in seconds, type and data, each behind a space.
pub fn record_text(record: &Record) -> String {
    format!(
        "{} {} {} {}",
        name_text(&record.name),
        record.ttl,
        type_name(record.record_type()),
        data_text(&record.data)
    )
}

/// The form that every type has (RFC 3597 section 5).
fn generic(bytes: &[u8]) -> String {
    let mut text = format!("\\# {}", bytes.len());
    if !bytes.is_empty() {
        text.push(' ');
        put_hex(&mut text, bytes);
    }
    text
}

/// A label of a name: RFC 4343 section 2.1, and the characters that mean something in a master file.
fn put_label(text: &mut String, label: &[u8]) {
    for byte in label {
        match byte {
            b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            b'!'..=b'~' => text.push(char::from(*byte)),
            _ => put_decimal(text, *byte),
        }
    }
}

/// Text between quotes: any bytes.
fn put_quoted(text: &mut String, bytes: &[u8]) {
    text.push('"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => put_decimal(text, *byte),
        }
    }
    text.push('"');
}

fn put_decimal(text: &mut String, byte: u8) {
    // Writing to a string can't fail.
    let _ = write!(text, "\\{byte:03}");
}

fn put_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
}

/// Base64 (RFC 4648 section 4).
fn put_base64(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let word = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..4 {
            if place <= group.len() {
                let digit = word >> (18 - 6 * place) & 63;
                text.push(char::from(DIGITS[digit as usize]));
            } else {
                text.push('=');
            }
        }
    }
}

/// Base32 with the extended hex alphabet, without padding (RFC 4648 section 7), as NSEC3 has it (RFC 5155 section 3.3).
fn put_base32(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let (mut word, mut bits) = (0_u32, 0);
    for byte in bytes {
        word = word << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(word >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(word << (5 - bits) & 31) as usize]));
    }
}

fn type_of(number: u16) -> std::borrow::Cow<'static, str> {
    type_name(RecordType::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::NULL;
    use proptest::prelude::*;

    /// The text of a type's bytes.
    fn of(kind: &str, bytes: &[u8]) -> String {
        let number = u16::from(crate::type_named(kind).unwrap());
        fields::of(number)
            .and_then(|row| fields::text(row, bytes))
            .unwrap_or_else(|| generic(bytes))
    }

    #[test]
    fn base64_and_base32_are_those_of_the_rfc() {
        // RFC 4648 section 10.
        let table = [
            ("", "", ""),
            ("f", "Zg==", "CO"),
            ("fo", "Zm8=", "CPNG"),
            ("foo", "Zm9v", "CPNMU"),
            ("foob", "Zm9vYg==", "CPNMUOG"),
            ("fooba", "Zm9vYmE=", "CPNMUOJ1"),
            ("foobar", "Zm9vYmFy", "CPNMUOJ1E8"),
        ];
        for (plain, base64, base32) in table {
            let (mut a, mut b) = (String::new(), String::new());
            put_base64(&mut a, plain.as_bytes());
            put_base32(&mut b, plain.as_bytes());
            assert_eq!((a.as_str(), b.as_str()), (base64, base32));
        }
    }

    #[test]
    fn names_are_escaped_where_a_master_file_would_misread_them() {
        let name = Name::from_labels([&b"_sip"[..], b"a b", b"\"(;)$@\\", b"\x00\x7f\x1b[", b"x"]);
        let text = name_text(&name.unwrap());
        assert_eq!(text, r#"_sip.a\032b.\"\(\;\)\$\@\\.\000\127\027[.x."#);
        assert_eq!(name_text(&Name::root()), ".");
    }

    #[test]
    fn a_type_without_a_row_and_bytes_that_do_not_fit_are_generic() {
        assert_eq!(of("TYPE65280", &[10, 0, 0, 1]), r"\# 4 0A000001");
        assert_eq!(of("TYPE65280", &[]), r"\# 0");
        // An address of three bytes, a text longer than its record, a name that never ends, one that points away.
        assert_eq!(of("A", &[1, 2, 3]), r"\# 3 010203");
        assert_eq!(of("TXT", &[9, 65]), r"\# 2 0941");
        assert_eq!(of("NS", &[1, 65]), r"\# 2 0141");
        assert_eq!(of("RP", &[0, 0xc0, 12]), r"\# 3 00C00C");
        // More than its row has.
        assert_eq!(of("MX", &[0, 10, 0, 7]), r"\# 4 000A0007");
    }

    #[test]
    fn what_is_written_by_hand_reads_as_in_its_rfc() {
        // RFC 4034 sections 2.3 and 5.4: the key tag, algorithm and digest type stay numbers.
        let ds = [0xec, 0x45, 5, 1, 0x2b, 0xb1];
        assert_eq!(of("DS", &ds), "60485 5 1 2BB1");
        // RFC 4034 section 4.3.
        let nsec = b"\x04host\x07example\x03com\0\0\x06\x40\x01\0\0\0\x03\x04\x1b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20";
        assert_eq!(
            of("NSEC", nsec),
            "host.example.com. A MX RRSIG NSEC TYPE1234"
        );
        // RFC 5155 sections 3.3 and 4.3: a salt of four bytes, and none.
        let mut nsec3 = vec![1, 1, 0, 12, 4, 0xaa, 0xbb, 0xcc, 0xdd, 20];
        nsec3.extend(
            *b"\x17\x4e\xb2\x40\x9f\xe2\x8b\xcb\x48\x87\xa1\x83\x6f\x95\x7f\x0a\x84\x25\xe2\x7b",
        );
        nsec3.extend([0, 7, 0x22, 1, 0, 0, 0, 2, 0x90]);
        assert_eq!(
            of("NSEC3", &nsec3),
            "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM"
        );
        assert_eq!(of("NSEC3PARAM", &[1, 0, 0, 0, 0]), "1 0 0 -");
        // RFC 8976 section 2.
        assert_eq!(of("ZONEMD", &[0, 0, 0, 1, 1, 1, 0xfe, 0xbe]), "1 1 1 FEBE");
        // RFC 7043 sections 3.2 and 4.2.
        assert_eq!(
            of("EUI48", &[0, 0, 0x5e, 0, 0x53, 0x2a]),
            "00-00-5e-00-53-2a"
        );
        // RFC 7553 section 4.4.
        assert_eq!(of("URI", b"\0\x0a\0\x01ftp://h/"), r#"10 1 "ftp://h/""#);
        // RFC 6742 section 2.
        assert_eq!(
            of("NID", b"\0\x0a\0\x14\x4f\xff\xff\x20\xee\x64"),
            "10 0014:4fff:ff20:ee64"
        );
    }

    #[test]
    fn a_place_on_earth_is_told_in_degrees() {
        // RFC 1876 appendix A: cambridge-net.kei.com.
        let place = |latitude: u32, longitude: u32, altitude: u32| {
            let mut bytes = vec![0, 0x12, 0x16, 0x13];
            for number in [latitude, longitude, altitude] {
                bytes.extend(number.to_be_bytes());
            }
            of("LOC", &bytes)
        };
        let equator = 1 << 31;
        let text = place(
            equator + (42 * 3600 + 21 * 60 + 54) * 1000,
            equator - (71 * 3600 + 6 * 60 + 18) * 1000,
            10_000_000 - 2_400,
        );
        assert_eq!(text, "42 21 54.000 N 71 6 18.000 W -24.00m 1m 10000m 10m");
        assert_eq!(
            place(equator - 1, equator, 0),
            "0 0 0.001 S 0 0 0.000 E -100000.00m 1m 10000m 10m"
        );
        // A version that nobody has described yet, and a size of ten times ten to the ninth.
        assert_eq!(of("LOC", &[1; 16]), generic(&[1; 16]));
        assert_eq!(
            of("LOC", &[0, 0xa9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            generic(&[0, 0xa9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        );
    }

    proptest! {
        /// Nothing a server can send makes a panic, or gets a byte to a terminal that could do something there.
        #[test]
        fn any_bytes_of_any_type_are_printable(number: u16, bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
            let unknown = RData::Unknown { code: RecordType::from(number), rdata: NULL::with(bytes.clone()) };
            for text in [data_text(&unknown), fields::of(number).and_then(|row| fields::text(row, &bytes)).unwrap_or_default()] {
                prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
            }
        }

        /// The same with types that have a row, and short bytes that more often fit it.
        #[test]
        fn any_short_bytes_of_a_known_type_are_printable(
            at in 0..crate::record_type::TYPES.len(),
            bytes in proptest::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..40),
        ) {
            let text = of(crate::record_type::TYPES[at].1, &bytes);
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
        }

        /// The same through a whole message: whatever a server sends and the message library takes.
        #[test]
        fn any_record_that_comes_in_a_message_is_printable(
            owner in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..8), 0..4),
            at in 0..crate::record_type::TYPES.len(),
            ttl: u32,
            data in proptest::collection::vec(prop_oneof![0_u8..4, Just(0xc0), any::<u8>()], 0..60),
        ) {
            // The header, one question for the root, one answer.
            let mut bytes = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1];
            for label in &owner {
                bytes.push(label.len() as u8);
                bytes.extend(label);
            }
            bytes.push(0);
            bytes.extend(crate::record_type::TYPES[at].0.to_be_bytes());
            bytes.extend([0, 1]);
            bytes.extend(ttl.to_be_bytes());
            bytes.extend((data.len() as u16).to_be_bytes());
            bytes.extend(&data);
            if let Ok(message) = crate::Message::from_vec(&bytes) {
                for record in message.all_sections() {
                    let text = record_text(record);
                    prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
                }
            }
        }
    }
}
