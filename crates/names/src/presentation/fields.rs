//! Which fields each type of record has, and the text of each.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    put_base32, put_base64, put_decimal, put_hex, put_label, put_quoted, service, type_of,
};

/// A field of a record's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A number of 8, 16 or 32 bits.
    U8,
    U16,
    U32,
    /// Seconds since 1970 as a date, RFC 4034 section 3.2.
    Date,
    /// The number of a type.
    Type,
    /// A domain name.
    Name,
    /// Domain names, to the end.
    Names,
    /// A text with its length before it, between quotes.
    Text,
    /// One or more of them, to the end.
    Texts,
    /// A word with its length before it, without quotes.
    Word,
    /// Text to the end, between quotes.
    Rest,
    /// Addresses.
    Ipv4,
    Ipv6,
    /// Bytes to the end; none is nothing at all.
    Hex,
    Base64,
    /// Bytes with their length before them; none is `-`.
    Salt,
    Hash,
    /// A list of types, RFC 4034 section 4.1.2.
    Types,
    /// So many bytes in pairs of small hexadecimal digits with `-` between, RFC 7043.
    Pairs(usize),
    /// 64 bits in groups as in an IPv6 address, RFC 6742.
    Groups,
    /// RFC 1876.
    Place,
    /// RFC 3123.
    Prefixes,
    /// RFC 4025: precedence, type of gateway, algorithm, gateway.
    Gateway,
    /// RFC 8777: precedence, the discovery bit, type of relay, relay.
    Relay,
    /// RFC 8005: the lengths first; algorithm, tag, key.
    HostIdentity,
    /// RFC 1706: `0x` and the digits.
    Nsap,
    /// RFC 9460 section 2.1: key and value, to the end.
    Parameters,
}

/// The row of a type, by its number.
#[rustfmt::skip]
pub(super) fn of(number: u16) -> Option<&'static [Field]> {
    use Field::*;
    Some(match number {
        1 => &[Ipv4],
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAP-PTR, DNAME
        2..=5 | 7..=9 | 12 | 23 | 39 => &[Name],
        6 => &[Name, Name, U32, U32, U32, U32, U32],        // SOA
        13 => &[Text, Text],                                // HINFO
        14 | 17 | 58 => &[Name, Name],                      // MINFO, RP, TALINK
        15 | 18 | 21 | 36 | 107 => &[U16, Name],            // MX, AFSDB, RT, KX, LP
        16 | 56 | 99 | 258 | 261 | 262 => &[Texts],         // TXT, NINFO, SPF, AVC, RESINFO, WALLET
        19 => &[Text],                                      // X25
        20 => &[Texts],                                     // ISDN
        22 => &[Nsap],
        24 | 46 => &[Type, U8, U8, U32, Date, Date, U16, Name, Base64], // SIG, RRSIG
        25 | 48 | 57 | 60 => &[U16, U8, U8, Base64],        // KEY, DNSKEY, RKEY, CDNSKEY
        26 => &[U16, Name, Name],                           // PX
        27 => &[Text, Text, Text],                          // GPOS
        28 => &[Ipv6],
        29 => &[Place],
        33 => &[U16, U16, U16, Name],                       // SRV
        35 => &[U16, U16, Text, Text, Text, Name],          // NAPTR
        37 => &[U16, U16, U8, Base64],                      // CERT
        42 => &[Prefixes],
        43 | 59 | 32768 | 32769 => &[U16, U8, U8, Hex],     // DS, CDS, TA, DLV
        44 => &[U8, U8, Hex],                               // SSHFP
        45 => &[Gateway, Base64],
        47 => &[Name, Types],                               // NSEC
        49 | 61 => &[Base64],                               // DHCID, OPENPGPKEY
        50 => &[U8, U8, U16, Salt, Hash, Types],            // NSEC3
        51 => &[U8, U8, U16, Salt],                         // NSEC3PARAM
        52 | 53 => &[U8, U8, U8, Hex],                      // TLSA, SMIMEA
        55 => &[HostIdentity, Names],
        62 => &[U32, U16, Types],                           // CSYNC
        63 => &[U32, U8, U8, Hex],                          // ZONEMD
        64 | 65 => &[U16, Name, Parameters],                // SVCB, HTTPS
        66 => &[Type, U8, U16, Name],                       // DSYNC
        104 | 106 => &[U16, Groups],                        // NID, L64
        105 => &[U16, Ipv4],                                // L32
        108 => &[Pairs(6)],
        109 => &[Pairs(8)],
        256 => &[U16, U16, Rest],                           // URI
        257 => &[U8, Word, Rest],                           // CAA
        260 => &[Relay],
        _ => return None,
    })
}

/// The text of `bytes`; `None` when they are not what the row says.
pub(super) fn text(row: &[Field], bytes: &[u8]) -> Option<String> {
    let mut reader = Reader { bytes };
    let mut text = String::with_capacity(2 * bytes.len());
    for field in row {
        let before = text.len();
        if before > 0 {
            text.push(' ');
        }
        let start = text.len();
        put(&mut text, *field, &mut reader)?;
        if text.len() == start {
            text.truncate(before);
        }
    }
    reader.bytes.is_empty().then_some(text)
}

fn put(text: &mut String, field: Field, reader: &mut Reader<'_>) -> Option<()> {
    match field {
        Field::U8 => put_number(text, reader.u8()?),
        Field::U16 => put_number(text, reader.u16()?),
        Field::U32 => put_number(text, reader.u32()?),
        Field::Date => put_date(text, reader.u32()?),
        Field::Type => text.push_str(&type_of(reader.u16()?)),
        Field::Name => put_name(text, reader)?,
        Field::Names => put_each(text, reader, put_name)?,
        Field::Text => put_quoted(text, reader.counted()?),
        Field::Texts => {
            put_quoted(text, reader.counted()?);
            while !reader.bytes.is_empty() {
                text.push(' ');
                put_quoted(text, reader.counted()?);
            }
        }
        Field::Word => put_word(text, reader.counted()?)?,
        Field::Rest => put_quoted(text, reader.rest()),
        Field::Ipv4 => put_number(text, Ipv4Addr::from(reader.array()?)),
        Field::Ipv6 => put_number(text, Ipv6Addr::from(reader.array()?)),
        Field::Hex => put_hex(text, reader.rest()),
        Field::Base64 => put_base64(text, reader.rest()),
        Field::Salt => match reader.counted()? {
            [] => text.push('-'),
            salt => put_hex(text, salt),
        },
        Field::Hash => put_base32(text, reader.counted()?),
        Field::Types => put_types(text, reader)?,
        Field::Pairs(len) => put_pairs(text, reader.take(len)?),
        Field::Groups => {
            let groups: [u8; 8] = reader.array()?;
            let groups: Vec<String> = groups
                .chunks(2)
                .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]))
                .collect();
            text.push_str(&groups.join(":"));
        }
        Field::Place => put_place(text, reader)?,
        Field::Prefixes => put_each(text, reader, put_prefix)?,
        Field::Gateway => put_gateway(text, reader)?,
        Field::Relay => put_relay(text, reader)?,
        Field::HostIdentity => put_host_identity(text, reader)?,
        Field::Nsap => {
            text.push_str("0x");
            put_hex(text, reader.rest());
        }
        Field::Parameters => service::put_parameters(text, reader)?,
    }
    Some(())
}

fn put_number(text: &mut String, number: impl std::fmt::Display) {
    // Writing to a string can't fail.
    let _ = write!(text, "{number}");
}

/// One after the other to the end, a space between.
fn put_each(
    text: &mut String,
    reader: &mut Reader<'_>,
    one: fn(&mut String, &mut Reader<'_>) -> Option<()>,
) -> Option<()> {
    let start = text.len();
    while !reader.bytes.is_empty() {
        if text.len() > start {
            text.push(' ');
        }
        one(text, reader)?;
    }
    Some(())
}

fn put_name(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let start = text.len();
    let mut length = 1;
    loop {
        // A pointer (RFC 1035 section 4.1.4) leads out of what there is here.
        let label = match reader.u8()? {
            0 => break,
            len @ 1..=63 => reader.take(usize::from(len))?,
            _ => return None,
        };
        length += 1 + label.len();
        if length > 255 {
            return None;
        }
        put_label(text, label);
        text.push('.');
    }
    if text.len() == start {
        text.push('.');
    }
    Some(())
}

/// A tag: letters and digits (RFC 8659 section 4.1); anything else is no tag.
fn put_word(text: &mut String, word: &[u8]) -> Option<()> {
    let plain = !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric);
    plain.then(|| text.extend(word.iter().map(|byte| char::from(*byte))))
}

/// `YYYYMMDDHHmmSS` in UTC.
fn put_date(text: &mut String, seconds: u32) {
    let (days, second) = (i64::from(seconds / 86_400), seconds % 86_400);
    // Days to a date of the Gregorian calendar, in eras of 400 years from 1 March of the year 0.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(
        text,
        "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}"
    );
}

fn put_types(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let start = text.len();
    let mut after = -1_i32;
    while !reader.bytes.is_empty() {
        let window = reader.u8()?;
        // Windows come in order, each once, and none is empty.
        if i32::from(window) <= after {
            return None;
        }
        after = i32::from(window);
        let bitmap = reader.counted()?;
        if bitmap.is_empty() || bitmap.len() > 32 {
            return None;
        }
        for (at, byte) in bitmap.iter().enumerate() {
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                if text.len() > start {
                    text.push(' ');
                }
                let low = u16::try_from(at * 8).ok()? + bit;
                text.push_str(&type_of(u16::from(window) << 8 | low));
            }
        }
    }
    Some(())
}

fn put_pairs(text: &mut String, bytes: &[u8]) {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push_str(&pairs.join("-"));
}

fn put_place(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    if reader.u8()? != 0 {
        return None;
    }
    let sizes: [u8; 3] = reader.array()?;
    let latitude = reader.u32()?;
    let longitude = reader.u32()?;
    let altitude = i64::from(reader.u32()?) - 10_000_000;
    put_angle(text, latitude, 90, ['N', 'S'])?;
    text.push(' ');
    put_angle(text, longitude, 180, ['E', 'W'])?;
    let sign = if altitude < 0 { "-" } else { "" };
    let centimetres = altitude.abs();
    let _ = write!(
        text,
        " {sign}{}.{:02}m",
        centimetres / 100,
        centimetres % 100
    );
    for size in sizes {
        let (base, exponent) = (u64::from(size >> 4), u32::from(size & 15));
        if base > 9 || exponent > 9 {
            return None;
        }
        let centimetres = base * 10_u64.pow(exponent);
        match centimetres % 100 {
            0 => {
                let _ = write!(text, " {}m", centimetres / 100);
            }
            rest => {
                let _ = write!(text, " {}.{rest:02}m", centimetres / 100);
            }
        }
    }
    Some(())
}

/// Thousandths of a second of arc from 2^31, which is the equator or the meridian.
fn put_angle(text: &mut String, angle: u32, most: u32, sides: [char; 2]) -> Option<()> {
    const ZERO: u32 = 1 << 31;
    let (angle, side) = if angle >= ZERO {
        (angle - ZERO, sides[0])
    } else {
        (ZERO - angle, sides[1])
    };
    let (degrees, minutes, thousandths) = (angle / 3_600_000, angle / 60_000 % 60, angle % 60_000);
    if angle > most * 3_600_000 {
        return None;
    }
    let (seconds, rest) = (thousandths / 1_000, thousandths % 1_000);
    let _ = write!(text, "{degrees} {minutes} {seconds}.{rest:03} {side}");
    Some(())
}

fn put_prefix(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let family = reader.u16()?;
    let prefix = reader.u8()?;
    let length = reader.u8()?;
    let bytes = reader.take(usize::from(length & 0x7f))?;
    // Zeros at the end are never sent (RFC 3123 section 4).
    if bytes.last() == Some(&0) {
        return None;
    }
    if length & 0x80 != 0 {
        text.push('!');
    }
    let mut octets = [0; 16];
    octets.get_mut(..bytes.len())?.copy_from_slice(bytes);
    match (family, bytes.len(), prefix) {
        (1, ..=4, ..=32) => {
            let address = Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]);
            let _ = write!(text, "1:{address}/{prefix}");
        }
        (2, _, ..=128) => {
            let _ = write!(text, "2:{}/{prefix}", Ipv6Addr::from(octets));
        }
        _ => return None,
    }
    Some(())
}

/// What a gateway or relay is: nothing, an address, or a name.
fn put_target(text: &mut String, kind: u8, reader: &mut Reader<'_>) -> Option<()> {
    match kind {
        0 => text.push('.'),
        1 => put_number(text, Ipv4Addr::from(reader.array()?)),
        2 => put_number(text, Ipv6Addr::from(reader.array()?)),
        3 => put_name(text, reader)?,
        _ => return None,
    }
    Some(())
}

fn put_gateway(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let [precedence, kind, algorithm] = reader.array()?;
    let _ = write!(text, "{precedence} {kind} {algorithm} ");
    put_target(text, kind, reader)
}

fn put_relay(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let [precedence, kind] = reader.array()?;
    let (discovery, kind) = (kind >> 7, kind & 0x7f);
    let _ = write!(text, "{precedence} {discovery} {kind} ");
    put_target(text, kind, reader)
}

fn put_host_identity(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let [tag, algorithm] = reader.array()?;
    let key = reader.u16()?;
    let tag = reader.take(usize::from(tag))?;
    let key = reader.take(usize::from(key))?;
    if tag.is_empty() || key.is_empty() {
        return None;
    }
    let _ = write!(text, "{algorithm} ");
    put_hex(text, tag);
    text.push(' ');
    put_base64(text, key);
    Some(())
}

/// A text whose commas separate: a comma or backslash in a value is escaped once for the list and once more for the
/// text (RFC 9460 appendix A.1).
pub(super) fn put_list_item(text: &mut String, item: &[u8]) {
    for byte in item {
        match byte {
            b',' => text.push_str("\\\\,"),
            b'\\' => text.push_str("\\\\\\\\"),
            b'"' => text.push_str("\\\""),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => put_decimal(text, *byte),
        }
    }
}

/// What is left of a record's bytes.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes with their length, one byte, before them.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }
}
