//! ICMP messages: echo requests written, and any bytes read.

use std::fmt;

use super::checksum::checksum;
use super::header::protocol_name;
use super::{Header, Version, Why};

/// What an echo request carries, and its reply brings back unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Whose request it is: one number a socket.
    pub id: u16,
    /// Which request of that socket's.
    pub sequence: u16,
    /// Anything.
    pub data: &'a [u8],
}

/// An ICMP message, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Asks for the same back.
    EchoRequest(Echo<'a>),
    /// Brings it back.
    EchoReply(Echo<'a>),
    /// A packet did not arrive.
    Error {
        /// Why not.
        why: Why,
        /// How that packet began; `None` where what stands there is no IP packet.
        about: Option<Original<'a>>,
    },
    /// Any other message.
    Other {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
}

/// The packet that an error is about, as far as the error repeats it: its header, and at least the 8 bytes behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original<'a> {
    /// Its header.
    pub header: Header,
    /// How its payload began.
    pub payload: &'a [u8],
}

/// Why bytes are no ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Shorter than the 8 bytes that each begins with.
    TooShort {
        /// How many there are.
        len: usize,
    },
    /// Its checksum is wrong: it was damaged on the way, or made up.
    Checksum,
}

/// Reads an ICMP message, without the header of IP.
///
/// The checksum of ICMP for IPv4 is checked; that of ICMPv6, which covers addresses too, was by the kernel.
///
/// # Errors
/// [`Malformed`].
///
/// ```
/// use sockeye_net::icmp::{Echo, Message, Version, read, write_request};
/// let echo = Echo { id: 7, sequence: 1, data: b"hola" };
/// let bytes = write_request(Version::V4, &echo);
/// assert_eq!(read(Version::V4, &bytes)?, Message::EchoRequest(echo));
/// assert_eq!(read(Version::V4, &bytes)?.to_string(), "echo request id 7 seq 1, 4 B");
/// # Ok::<(), sockeye_net::icmp::Malformed>(())
/// ```
pub fn read(version: Version, bytes: &[u8]) -> Result<Message<'_>, Malformed> {
    let short = Malformed::TooShort { len: bytes.len() };
    let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(short)?;
    if version == Version::V4 && checksum(bytes) != 0 {
        return Err(Malformed::Checksum);
    }
    let [kind, code, _, _, a, b, c, d] = *head;
    let echo = Echo {
        id: u16::from_be_bytes([a, b]),
        sequence: u16::from_be_bytes([c, d]),
        data: rest,
    };
    if (kind, code) == (request_type(version), 0) {
        return Ok(Message::EchoRequest(echo));
    }
    if (kind, code) == (reply_type(version), 0) {
        return Ok(Message::EchoReply(echo));
    }
    let info = u32::from_be_bytes([a, b, c, d]);
    Ok(match Why::of(version, kind, code, info) {
        Some(why) => Message::Error {
            why,
            about: Original::read(version, rest),
        },
        None => Message::Other { kind, code },
    })
}

/// The bytes of an echo request. The checksum of ICMP for IPv4 is in them; ICMPv6's is the kernel's to fill in.
pub fn write_request(version: Version, echo: &Echo<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + echo.data.len());
    bytes.extend([request_type(version), 0, 0, 0]);
    bytes.extend(echo.id.to_be_bytes());
    bytes.extend(echo.sequence.to_be_bytes());
    bytes.extend_from_slice(echo.data);
    if version == Version::V4 {
        let sum = checksum(&bytes).to_be_bytes();
        bytes[2..4].copy_from_slice(&sum);
    }
    bytes
}

/// Id and sequence of the echo request that `bytes` begin with, as an error repeats it: perhaps nothing but its head.
pub(super) fn request_of(version: Version, bytes: &[u8]) -> Option<(u16, u16)> {
    let [kind, code, _, _, a, b, c, d] = *bytes.first_chunk::<HEAD>()?;
    let request = (kind, code) == (request_type(version), 0);
    request.then(|| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

impl<'a> Original<'a> {
    fn read(version: Version, packet: &'a [u8]) -> Option<Self> {
        let header = Header::read(version, packet)?;
        Some(Self {
            header,
            payload: packet.get(header.len..)?,
        })
    }

    /// Id and sequence, if it was an echo request.
    pub fn request(&self) -> Option<(u16, u16)> {
        let version = Version::of(self.header.source);
        if self.header.protocol != version.protocol() {
            return None;
        }
        request_of(version, self.payload)
    }

    /// From which port to which, if it was TCP or UDP.
    pub fn ports(&self) -> Option<(u16, u16)> {
        if !matches!(self.header.protocol, 6 | 17) {
            return None;
        }
        let [a, b, c, d] = *self.payload.first_chunk()?;
        Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
    }
}

/// The type of an echo request.
const fn request_type(version: Version) -> u8 {
    match version {
        Version::V4 => 8,
        Version::V6 => 128,
    }
}

/// The type of an echo reply.
const fn reply_type(version: Version) -> u8 {
    match version {
        Version::V4 => 0,
        Version::V6 => 129,
    }
}

impl fmt::Display for Echo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, sequence, len) = (self.id, self.sequence, self.data.len());
        write!(f, "id {id} seq {sequence}, {len} B")
    }
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EchoRequest(echo) => write!(f, "echo request {echo}"),
            Self::EchoReply(echo) => write!(f, "echo reply {echo}"),
            Self::Error { why, about: None } => why.fmt(f),
            Self::Error {
                why,
                about: Some(original),
            } => write!(f, "{why}, about {original}"),
            Self::Other { kind, code } => write!(f, "type {kind} code {code}"),
        }
    }
}

impl fmt::Display for Original<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (protocol, to) = (self.header.protocol, self.header.destination);
        if let Some((id, sequence)) = self.request() {
            return write!(f, "echo request id {id} seq {sequence} to {to}");
        }
        match protocol_name(protocol) {
            Some(name) => write!(f, "{name} to {to}")?,
            None => write!(f, "protocol {protocol} to {to}")?,
        }
        match self.ports() {
            Some((_, port)) => write!(f, " port {port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => write!(f, "{len} B are too short for an ICMP message"),
            Self::Checksum => f.write_str("the checksum is wrong"),
        }
    }
}

impl std::error::Error for Malformed {}

/// The length of what every message begins with: type, code, checksum and four bytes of the type's own.
const HEAD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// A time exceeded of RFC 792 about an echo request, its checksum filled in.
    fn time_exceeded(about: &[u8]) -> Vec<u8> {
        let mut bytes = vec![11, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(about);
        let sum = checksum(&bytes).to_be_bytes();
        bytes[2..4].copy_from_slice(&sum);
        bytes
    }

    fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 1, protocol, 0, 0];
        bytes.extend([10, 0, 0, 1, 10, 0, 0, 9]);
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn a_request_is_as_the_rfc_draws_it() {
        let data = b"ab";
        let echo = Echo {
            id: 0x1234,
            sequence: 2,
            data,
        };
        let four = write_request(Version::V4, &echo);
        assert_eq!(four, [8, 0, 0x84, 0x67, 0x12, 0x34, 0, 2, b'a', b'b']);
        let six = write_request(Version::V6, &echo);
        assert_eq!(six, [128, 0, 0, 0, 0x12, 0x34, 0, 2, b'a', b'b']);
    }

    #[test]
    fn an_error_tells_which_request_it_is_about() {
        let head = [8, 0, 0, 0, 0, 7, 0, 3];
        let bytes = time_exceeded(&packet(1, &head));
        let message = read(Version::V4, &bytes).unwrap();
        let Message::Error { why, about } = message else {
            panic!("{message:?}")
        };
        assert_eq!(why, Why::TimeExceeded);
        assert_eq!(about.unwrap().request(), Some((7, 3)));
        assert_eq!(
            message.to_string(),
            "time exceeded, about echo request id 7 seq 3 to 10.0.0.9"
        );
    }

    #[test]
    fn an_error_about_udp_tells_the_port() {
        let bytes = time_exceeded(&packet(17, &[0, 53, 0, 80, 0, 8, 0, 0]));
        let message = read(Version::V4, &bytes).unwrap();
        assert_eq!(
            message.to_string(),
            "time exceeded, about UDP to 10.0.0.9 port 80"
        );
    }

    #[test]
    fn what_an_error_repeats_may_be_nonsense() {
        for about in [&[][..], &[0x45], &packet(1, &[])[..19], &[0x4f; 20]] {
            let bytes = time_exceeded(about);
            let Ok(Message::Error { about: None, .. }) = read(Version::V4, &bytes) else {
                panic!("{bytes:?}")
            };
        }
        let bytes = time_exceeded(&packet(1, &[8, 0, 0, 0, 0, 7]));
        let Ok(Message::Error {
            about: Some(original),
            ..
        }) = read(Version::V4, &bytes)
        else {
            panic!("{bytes:?}")
        };
        assert_eq!(original.request(), None);
    }

    #[test]
    fn a_short_or_damaged_message_is_none() {
        let echo = Echo {
            id: 1,
            sequence: 1,
            data: b"data",
        };
        let mut bytes = write_request(Version::V4, &echo);
        for len in 0..8 {
            let short = read(Version::V4, &bytes[..len]);
            assert_eq!(short, Err(Malformed::TooShort { len }));
        }
        bytes[9] ^= 1;
        assert_eq!(read(Version::V4, &bytes), Err(Malformed::Checksum));
    }

    #[test]
    fn both_versions_say_why_by_their_own_numbers() {
        for (version, kind, code, info, why) in [
            (Version::V4, 3, 3, 0, Some(Why::PortUnreachable)),
            (Version::V6, 1, 4, 0, Some(Why::PortUnreachable)),
            (Version::V4, 3, 13, 0, Some(Why::Prohibited)),
            (Version::V6, 1, 1, 0, Some(Why::Prohibited)),
            (
                Version::V4,
                3,
                4,
                0xffff_05dc,
                Some(Why::TooBig { mtu: 1500 }),
            ),
            (Version::V6, 2, 0, 70_000, Some(Why::TooBig { mtu: 70_000 })),
            (Version::V4, 11, 0, 0, Some(Why::TimeExceeded)),
            (Version::V6, 3, 0, 0, Some(Why::TimeExceeded)),
            (Version::V4, 3, 99, 0, Some(Why::Unreachable(99))),
            (Version::V4, 8, 0, 0, None),
            (Version::V6, 11, 0, 0, None),
        ] {
            assert_eq!(Why::of(version, kind, code, info), why, "{kind} {code}");
        }
    }
}
