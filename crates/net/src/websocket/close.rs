//! The goodbye: close codes and what a close frame carries, [RFC 6455, section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4).

use std::fmt;

use super::violation::Violation;

/// A close code that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// What was to be done is done.
    pub const NORMAL: Self = Self(1000);
    /// A server that ends, a page that is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// The other side broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// Text that is none, or data that is broken.
    pub const INVALID_DATA: Self = Self(1007);
    /// The other side does what it may not.
    pub const POLICY: Self = Self(1008);
    /// A message over the limit.
    pub const TOO_BIG: Self = Self(1009);
    /// A server that can't go on.
    pub const INTERNAL_ERROR: Self = Self(1011);

    /// The code, if it may be sent: 1000–1003 and 1007–1014 are defined, 3000–4999 are for libraries and programs.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// What the registry calls it; nothing for the codes of libraries and programs.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            1007 => "invalid data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "extension required",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            _ => return None,
        })
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a close frame says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Close {
    /// Why; a frame without is "no code" (1005).
    pub code: Option<CloseCode>,
    /// In words; at most 123 bytes.
    pub reason: String,
}

impl Close {
    /// The longest reason, bytes of UTF-8.
    pub const REASON_MAX: usize = 123;

    /// A close with this code and a reason, which is cut at a character where it is longer than
    /// [`Self::REASON_MAX`].
    pub fn new(code: CloseCode, reason: &str) -> Self {
        let mut end = reason.len().min(Self::REASON_MAX);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code: Some(code),
            reason: reason[..end].to_owned(),
        }
    }

    /// Reads the payload of a close frame.
    ///
    /// # Errors
    /// One byte, a code that may not be sent, a reason that is not UTF-8.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        let Some((octets, reason)) = payload.split_first_chunk::<2>() else {
            return match payload {
                [] => Ok(Self::default()),
                _ => Err(Violation::HalfCode),
            };
        };
        let number = u16::from_be_bytes(*octets);
        let code = CloseCode::new(number).ok_or(Violation::BadCode(number))?;
        let reason = str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
        Ok(Self {
            code: Some(code),
            reason: reason.to_owned(),
        })
    }

    /// The payload of its frame.
    pub fn payload(&self) -> Vec<u8> {
        let Some(code) = self.code else {
            return Vec::new();
        };
        let mut payload = code.number().to_be_bytes().to_vec();
        payload.extend_from_slice(self.reason.as_bytes());
        payload
    }

    /// Whether the conversation ended as it should: 1000, 1001, or no code.
    pub fn is_clean(&self) -> bool {
        matches!(
            self.code,
            None | Some(CloseCode::NORMAL | CloseCode::GOING_AWAY)
        )
    }
}

impl fmt::Display for Close {
    /// `1001 "going"`, `1000`, or `no code`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => f.write_str("no code"),
            Some(code) if self.reason.is_empty() => code.fmt(f),
            Some(code) => write!(f, "{code} {:?}", self.reason),
        }
    }
}

const _: () = assert!(Close::REASON_MAX + 2 == super::frame::Header::CONTROL_MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_codes_that_may_be_sent_are_those_of_the_registry() {
        let sent: Vec<u16> = (0..=u16::MAX)
            .filter(|code| CloseCode::new(*code).is_some())
            .collect();
        let expected: Vec<u16> = (1000..=1003)
            .chain(1007..=1014)
            .chain(3000..=4999)
            .collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_close_that_may_not_be_is_refused_by_its_rule() {
        for (payload, violation) in [
            (&[3][..], Violation::HalfCode),
            (&[0, 0], Violation::BadCode(0)),
            (&[0x03, 0xE7], Violation::BadCode(999)),
            (&[0x03, 0xEC], Violation::BadCode(1004)),
            (&[0x03, 0xED], Violation::BadCode(1005)),
            (&[0x03, 0xEE], Violation::BadCode(1006)),
            (&[0x03, 0xF7], Violation::BadCode(1015)),
            (&[0x13, 0x88], Violation::BadCode(5000)),
            (&[0x03, 0xE8, 0xFF], Violation::NotUtf8),
        ] {
            assert_eq!(Close::parse(payload), Err(violation));
        }
    }

    proptest! {
        #[test]
        fn a_close_reads_back_as_it_was_and_fits_into_a_control_frame(
            code in prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16],
            reason in ".{0,80}",
        ) {
            let close = Close::new(CloseCode::new(code).unwrap(), &reason);
            prop_assert!(close.payload().len() <= 125);
            prop_assert_eq!(Close::parse(&close.payload()), Ok(close));
        }
    }
}
