//! The header of a frame as bytes: [RFC 6455, section 5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2).

use super::violation::Violation;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message that an earlier frame began.
    Continuation,
    /// The first frame, or the only one, of a message of text.
    Text,
    /// The first frame, or the only one, of a message of bytes.
    Binary,
    /// The goodbye.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping, or is sent unasked.
    Pong,
}

impl Opcode {
    fn of(bits: u8) -> Result<Self, Violation> {
        match bits {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Text),
            0x2 => Ok(Self::Binary),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xA => Ok(Self::Pong),
            reserved => Err(Violation::ReservedOpcode(reserved)),
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Close, ping and pong: short, never fragmented, and allowed between the fragments of a message.
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

/// The header of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// The first reserved bit: with permessage-deflate, the message is compressed.
    pub rsv1: bool,
    /// What it carries.
    pub opcode: Opcode,
    /// What each byte of the payload is XORed with; a client's frames have one.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload.
    pub len: u64,
}

impl Header {
    /// The longest header: 2 bytes, 8 of length, 4 of mask.
    pub const MAX: usize = 14;
    /// The longest payload of a control frame, bytes.
    pub const CONTROL_MAX: usize = 125;

    /// Reads one at the start of `bytes`, and how long it is; `None` while there are too few bytes.
    ///
    /// # Errors
    /// What no frame may look like, whoever sends it: bits and opcodes that are reserved, a length that is not in its
    /// shortest form or over 2^63, a control frame that is long or fragmented. Refused at the first byte that says so.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        if first & 0x30 != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = Opcode::of(first & 0x0F)?;
        let (fin, rsv1) = (first & 0x80 != 0, first & 0x40 != 0);
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        if rsv1 && (opcode.is_control() || opcode == Opcode::Continuation) {
            return Err(Violation::ReservedBits);
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        if opcode.is_control() && second & 0x7F > 125 {
            return Err(Violation::LongControl);
        }
        let (len, after_len) = match second & 0x7F {
            126 => {
                let Some(&[high, low]) = bytes.get(2..4).and_then(<[u8]>::first_chunk::<2>) else {
                    return Ok(None);
                };
                let len = u64::from(u16::from_be_bytes([high, low]));
                if len < 126 {
                    return Err(Violation::LongLength);
                }
                (len, 4)
            }
            127 => {
                let Some(octets) = bytes.get(2..10).and_then(<[u8]>::first_chunk::<8>) else {
                    // "The most significant bit MUST be 0": known from the first of the eight.
                    return match bytes.get(2) {
                        Some(&top) if top & 0x80 != 0 => Err(Violation::HugeLength),
                        _ => Ok(None),
                    };
                };
                let len = u64::from_be_bytes(*octets);
                if len >> 63 != 0 {
                    return Err(Violation::HugeLength);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(Violation::LongLength);
                }
                (len, 10)
            }
            short => (u64::from(short), 2),
        };
        let (mask, end) = if second & 0x80 == 0 {
            (None, after_len)
        } else {
            match bytes[after_len..].first_chunk::<4>() {
                Some(mask) => (Some(*mask), after_len + 4),
                None => return Ok(None),
            }
        };
        let header = Self {
            fin,
            rsv1,
            opcode,
            mask,
            len,
        };
        Ok(Some((header, end)))
    }

    /// Writes it at the start of `into` and returns how long it is.
    pub fn print(&self, into: &mut [u8; Self::MAX]) -> usize {
        into[0] = u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode.bits();
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut end = 2;
        match (u8::try_from(self.len), u16::try_from(self.len)) {
            (Ok(short @ 0..=125), _) => into[1] = masked | short,
            (_, Ok(medium)) => {
                into[1] = masked | 126;
                into[2..4].copy_from_slice(&medium.to_be_bytes());
                end = 4;
            }
            _ => {
                into[1] = masked | 127;
                into[2..10].copy_from_slice(&self.len.to_be_bytes());
                end = 10;
            }
        }
        if let Some(mask) = self.mask {
            into[end..end + 4].copy_from_slice(&mask);
            end += 4;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_header() -> impl Strategy<Value = Header> {
        let opcode = prop::sample::select(vec![
            Opcode::Continuation,
            Opcode::Text,
            Opcode::Binary,
            Opcode::Close,
            Opcode::Ping,
            Opcode::Pong,
        ]);
        let len = prop_oneof![0..200_u64, 65_000..66_000_u64, 0..1_u64 << 63];
        (opcode, any::<(bool, bool, Option<[u8; 4]>)>(), len).prop_map(
            |(opcode, (fin, rsv1, mask), len)| Header {
                fin: fin || opcode.is_control(),
                rsv1: rsv1 && matches!(opcode, Opcode::Text | Opcode::Binary),
                opcode,
                mask,
                len: if opcode.is_control() { len % 126 } else { len },
            },
        )
    }

    proptest! {
        #[test]
        fn a_printed_header_reads_back_and_a_shorter_one_is_not_whole(header in any_header()) {
            let mut bytes = [0; Header::MAX];
            let end = header.print(&mut bytes);
            prop_assert_eq!(Header::parse(&bytes[..end]), Ok(Some((header, end))));
            for cut in 0..end {
                prop_assert_eq!(Header::parse(&bytes[..cut]), Ok(None));
            }
        }

        #[test]
        fn what_is_read_prints_back_as_the_same_bytes(bytes in any::<[u8; 14]>()) {
            if let Ok(Some((header, end))) = Header::parse(&bytes) {
                let mut printed = [0; Header::MAX];
                prop_assert_eq!(header.print(&mut printed), end);
                prop_assert_eq!(&printed[..end], &bytes[..end]);
            }
        }
    }

    #[test]
    fn each_rule_of_the_header_is_kept_at_the_first_byte_that_breaks_it() {
        for (bytes, violation) in [
            (&[0xA1][..], Violation::ReservedBits),
            (&[0x91], Violation::ReservedBits),
            (&[0xC9], Violation::ReservedBits),
            (&[0xC0], Violation::ReservedBits),
            (&[0x83], Violation::ReservedOpcode(3)),
            (&[0x8B], Violation::ReservedOpcode(11)),
            (&[0x09], Violation::FragmentedControl),
            (&[0x89, 0x7E], Violation::LongControl),
            (&[0x88, 0xFF], Violation::LongControl),
            (&[0x82, 0x7E, 0, 125], Violation::LongLength),
            (
                &[0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
                Violation::LongLength,
            ),
            (&[0x82, 0x7F, 0x80], Violation::HugeLength),
            (&[0x82, 0xFF, 0xFF], Violation::HugeLength),
        ] {
            assert_eq!(Header::parse(bytes), Err(violation), "{bytes:02x?}");
            let before = &bytes[..bytes.len() - 1];
            assert_eq!(Header::parse(before), Ok(None), "{before:02x?}");
        }
    }
}
