//! Reads from a certificate what a person wants to know: whose it is, for which names, from when to when, and its key.
//!
//! It decides nothing: whether a certificate is good is rustls' to say. See [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{SystemTime, UNIX_EPOCH};

use super::crypto;

/// What a certificate says of itself. All texts in it are its maker's: escape them before showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as `CN=localhost, O=Example`; empty where it says nothing.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The DNS names and addresses it is for, in its order.
    pub names: Vec<String>,
    /// The first moment it is good for.
    pub not_before: Moment,
    /// The last one.
    pub not_after: Moment,
    /// The SHA-256 of its public key.
    pub pin: Pin,
    /// Subject and issuer are the same.
    pub self_issued: bool,
}

/// The SHA-256 of a certificate's `SubjectPublicKeyInfo`, in DER: the key with its algorithm, whatever else the
/// certificate says, so that a renewed certificate with the same key has the same pin (RFC 7469 section 2.4).
///
/// ```
/// use sockeye_net::tls::Pin;
/// let text = "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// assert_eq!(text.parse::<Pin>().map(|pin| pin.to_string()), Ok(text.to_owned()));
/// assert!("sha256:00".parse::<Pin>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

/// A second, counted from 1970 in UTC; before it, negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Certificate {
    /// Reads a certificate in DER; `None` when it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut file = Der(der);
        let mut certificate = Der(file.take(SEQUENCE)?);
        let mut signed = Der(certificate.take(SEQUENCE)?);
        signed.skip_if(CONTEXT_0)?;
        signed.take(INTEGER)?;
        signed.take(SEQUENCE)?;
        let issuer = signed.take(SEQUENCE)?;
        let mut validity = Der(signed.take(SEQUENCE)?);
        let not_before = validity.moment()?;
        let not_after = validity.moment()?;
        let subject = signed.take(SEQUENCE)?;
        let (tag, _, key) = signed.next()?;
        if tag != SEQUENCE {
            return None;
        }
        Some(Self {
            subject: distinguished(subject)?,
            issuer: distinguished(issuer)?,
            names: alternative_names(signed).unwrap_or_default(),
            not_before,
            not_after,
            pin: Pin(crypto::sha256(key)),
            self_issued: subject == issuer,
        })
    }

    /// Whole days until it ends; negative once it has.
    pub fn days_left(&self, now: Moment) -> i64 {
        (self.not_after.0 - now.0).div_euclid(DAY)
    }
}

impl Moment {
    /// The clock's.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        }))
    }

    /// Year, month and day.
    pub fn date(self) -> (i64, u8, u8) {
        // The proleptic Gregorian calendar in eras of 400 years, each beginning on a 1 March.
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |number: i64| u8::try_from(number).unwrap_or_default();
        (year, small(month), small(day))
    }

    fn of(year: i64, month: i64, day: i64, seconds: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let from_march = (month + 9) % 12;
        let of_year = (153 * from_march + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        Self(days * DAY + seconds)
    }
}

impl fmt::Display for Moment {
    /// `2027-01-31 12:00 UTC`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let of_day = self.0.rem_euclid(DAY);
        let (hour, minute) = (of_day / 3600, of_day / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Pin {
    type Err = NoPin;

    fn from_str(text: &str) -> Result<Self, NoPin> {
        let hex = text.strip_prefix("sha256:").ok_or(NoPin)?;
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoPin);
        }
        let mut pin = [0; 32];
        for (at, byte) in pin.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).map_err(|_| NoPin)?;
        }
        Ok(Self(pin))
    }
}

/// A text that is no pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pin is sha256: and 64 hexadecimal digits")]
pub struct NoPin;

/// What is left of a value in DER ([X.690](https://www.itu.int/rec/T-REC-X.690)).
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag, what it holds, and all its bytes.
    fn next(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let len = len
                    .iter()
                    .fold(0, |len, &byte| len << 8 | usize::from(byte));
                (len, rest)
            }
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(len)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some((tag, value, whole))
    }

    /// What the next value holds, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|(found, ..)| *found == tag)
            .map(|(_, value, _)| value)
    }

    fn skip_if(&mut self, tag: u8) -> Option<()> {
        if self.0.first() == Some(&tag) {
            self.next()?;
        }
        Some(())
    }

    /// UTCTime or GeneralizedTime, both in seconds and UTC (RFC 5280 section 4.1.2.5).
    fn moment(&mut self) -> Option<Moment> {
        let (tag, text, _) = self.next()?;
        let (year, rest) = match tag {
            UTC_TIME => {
                let (year, rest) = text.split_at_checked(2)?;
                let year = number(year)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            GENERALIZED_TIME => {
                let (year, rest) = text.split_at_checked(4)?;
                (number(year)?, rest)
            }
            _ => return None,
        };
        if rest.len() != 11 || rest[10] != b'Z' {
            return None;
        }
        let part = |at: usize| number(&rest[2 * at..2 * at + 2]);
        let (month, day) = (part(0)?, part(1)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let seconds = part(2)? * 3600 + part(3)? * 60 + part(4)?;
        Some(Moment::of(year, month, day, seconds))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A distinguished name, in the certificate's order.
fn distinguished(name: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut sets = Der(name);
    while !sets.0.is_empty() {
        let mut pairs = Der(sets.take(SET)?);
        while !pairs.0.is_empty() {
            let mut pair = Der(pairs.take(SEQUENCE)?);
            let kind = pair.take(OBJECT)?;
            let (tag, value, _) = pair.next()?;
            if !text.is_empty() {
                text.push_str(", ");
            }
            let known = ATTRIBUTES.iter().find(|(object, _)| *object == kind);
            text.push_str(known.map_or("?", |(_, name)| name));
            text.push('=');
            text.push_str(&string(tag, value));
        }
    }
    Some(text)
}

fn string(tag: u8, value: &[u8]) -> String {
    match tag {
        TELETEX => value.iter().map(|&byte| char::from(byte)).collect(),
        BMP => {
            let units: Vec<u16> = value
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(value).into_owned(),
    }
}

/// The DNS names and addresses of subjectAltName, among what follows the key.
fn alternative_names(mut rest: Der<'_>) -> Option<Vec<String>> {
    let mut extensions = loop {
        let (tag, value, _) = rest.next()?;
        if tag == CONTEXT_3 {
            break Der(Der(value).take(SEQUENCE)?);
        }
    };
    while !extensions.0.is_empty() {
        let mut extension = Der(extensions.take(SEQUENCE)?);
        if extension.take(OBJECT)? != SUBJECT_ALT_NAME {
            continue;
        }
        extension.skip_if(BOOLEAN)?;
        let mut names = Der(Der(extension.take(OCTETS)?).take(SEQUENCE)?);
        let mut found = Vec::new();
        while !names.0.is_empty() {
            match names.next()? {
                (DNS_NAME, name, _) => found.push(String::from_utf8_lossy(name).into_owned()),
                (IP_ADDRESS, address, _) => found.extend(ip(address)),
                _ => {}
            }
        }
        return Some(found);
    }
    None
}

fn ip(address: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(address) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(address).ok()?;
    Some(Ipv6Addr::from(sixteen).to_string())
}

/// The attributes that names are made of, by their object identifiers (RFC 4519, RFC 2985).
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 42], "GN"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        "emailAddress",
    ),
];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const TELETEX: u8 = 0x14;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_3: u8 = 0xa3;
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn made(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Vec<u8> {
        let names = ["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn names_dates_and_subject_are_read() {
        let der = made(|params| {
            params.not_before = rcgen::date_time_ymd(2024, 2, 29);
            params.not_after = rcgen::date_time_ymd(2051, 12, 31);
            let name = &mut params.distinguished_name;
            *name = rcgen::DistinguishedName::new();
            name.push(rcgen::DnType::CommonName, "prueba ñ");
            name.push(rcgen::DnType::OrganizationName, "Example");
        });
        let read = Certificate::read(&der).unwrap();
        assert_eq!(read.subject, "CN=prueba ñ, O=Example");
        assert_eq!(read.issuer, read.subject);
        assert!(read.self_issued);
        assert_eq!(read.names, ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(read.not_before.to_string(), "2024-02-29 00:00 UTC");
        assert_eq!(read.not_after.to_string(), "2051-12-31 00:00 UTC");
        assert_eq!(read.days_left(Moment(read.not_after.0 - 2 * DAY - 1)), 2);
        assert_eq!(read.days_left(Moment(read.not_after.0 + 1)), -1);
    }

    #[test]
    fn a_date_is_the_same_there_and_back() {
        for seconds in [
            0,
            -1,
            951_782_400,
            1_709_164_800,
            4_102_444_800,
            -2_208_988_800,
        ] {
            let moment = Moment(seconds);
            let (year, month, day) = moment.date();
            let back = Moment::of(year, month.into(), day.into(), seconds.rem_euclid(DAY));
            assert_eq!(back, moment, "{moment}");
        }
        assert_eq!(Moment(951_782_400).to_string(), "2000-02-29 00:00 UTC");
    }

    #[test]
    fn a_certificate_that_is_cut_anywhere_is_none_and_no_panic() {
        let der = made(|_| {});
        for len in 0..der.len() {
            assert_eq!(Certificate::read(&der[..len]), None, "{len}");
        }
        for at in 0..der.len() {
            for bit in [0x01, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[at] ^= bit;
                let _ = Certificate::read(&changed);
            }
        }
    }

    #[test]
    fn a_pin_is_of_the_key_and_not_of_the_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let pin = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let made = rcgen::CertificateParams::new(names).unwrap();
            let der = made.self_signed(&key).unwrap();
            Certificate::read(der.der()).unwrap().pin
        };
        assert_eq!(pin(&["one"]), pin(&["two", "three"]));
        let text = pin(&["one"]).to_string();
        assert_eq!(text.parse(), Ok(pin(&["one"])));
        assert_eq!(text.to_uppercase().parse::<Pin>(), Err(NoPin));
    }
}
