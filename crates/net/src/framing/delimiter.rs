//! The bytes that end a message in a stream.

use std::fmt;
use std::str::FromStr;

use super::UnknownFraming;

/// The bytes that end a message: 1 to 16 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delimiter {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Delimiter {
    /// The most bytes that it can have.
    pub const MAX: usize = 16;

    /// `None` unless there are 1 to 16 bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut own = [0; Self::MAX];
        own.get_mut(..bytes.len())
            .filter(|own| !own.is_empty())?
            .copy_from_slice(bytes);
        Some(Self {
            bytes: own,
            len: bytes.len() as u8,
        })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len.into()]
    }

    /// Where in `bytes` it stands first.
    pub(super) fn position(&self, bytes: &[u8]) -> Option<usize> {
        match self.as_bytes() {
            [only] => bytes.iter().position(|byte| byte == only),
            own => bytes.windows(own.len()).position(|window| window == own),
        }
    }
}

/// In hexadecimal, as `delim:` takes it.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Delimiter {
    type Err = UnknownFraming;

    fn from_str(text: &str) -> Result<Self, UnknownFraming> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect();
        digits
            .filter(|digits| digits.len().is_multiple_of(2))
            .map(|digits| -> Vec<u8> {
                digits
                    .chunks_exact(2)
                    .map(|pair| pair[0] << 4 | pair[1])
                    .collect()
            })
            .and_then(|bytes| Self::new(&bytes))
            .ok_or_else(|| UnknownFraming(format!("delim:{text}")))
    }
}

pub(super) const NEWLINE: Delimiter = one(b'\n');
pub(super) const NUL: Delimiter = one(0);

const fn one(byte: u8) -> Delimiter {
    let mut bytes = [0; Delimiter::MAX];
    bytes[0] = byte;
    Delimiter { bytes, len: 1 }
}
