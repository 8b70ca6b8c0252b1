//! Messages in a stream of bytes: where one ends and the next begins. Pure: it reads and writes nothing.
//!
//! | framing | in the stream | a message is |
//! |---|---|---|
//! | `line` | up to and with a newline | the line with its newline, as nc sends it |
//! | `nul` | up to a NUL byte | what is before it |
//! | `delim:HEX` | up to those 1 to 16 bytes | what is before them |
//! | `len16`, `len32` | two or four bytes of length, the highest first, then the message | any bytes, also none |
//! | `fixed:N` | N bytes each | those bytes |
//! | `chunk=N` | N bytes each; fewer before a pause and at the end | those bytes |
//!
//! Back from messages to the stream, `line` adds a newline to a message that ends without one, and `chunk` writes the
//! bytes as they are: there the boundaries are gone. A message that would be read back as two or as another (it has a
//! newline before its end, a NUL, the delimiter, more bytes than the length can say, not N of them) is an error, never
//! two messages.
//!
//! A stream that ends inside of a message is an error with `delim`, `len16`, `len32` and `fixed`, which says of which
//! message and where it began; what came before has been given. The end of the stream ends a line, a string before a
//! NUL (as for xargs -0) and a chunk.

mod decoder;
mod delimiter;

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

pub use decoder::{Decoder, FrameError, Spot};
pub use delimiter::Delimiter;

/// How messages are marked in a stream; see the [module](self).
///
/// ```
/// use sockeye_net::framing::Framing;
/// assert_eq!("chunk=512".parse::<Framing>()?.to_string(), "chunk=512");
/// assert_eq!(
///     "lines".parse::<Framing>().unwrap_err().to_string(),
///     "no framing is called \"lines\": choose line, nul, delim:HEX, fixed:BYTES, len16, len32, chunk or chunk=BYTES"
/// );
/// # Ok::<(), sockeye_net::framing::UnknownFraming>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Each line, with its newline.
    Line,
    /// What stands between NUL bytes.
    Nul,
    /// A length of two bytes, big-endian, before each message; DNS over TCP does so (RFC 1035, 4.2.2).
    Len16,
    /// A length of four bytes, big-endian, before each message.
    Len32,
    /// What stands between these bytes.
    Delim(Delimiter),
    /// Each exactly so many bytes.
    Fixed(NonZeroUsize),
    /// Each so many bytes; the last before a pause, or the end, may have fewer.
    Chunk(NonZeroUsize),
}

/// The longest message that a stream may announce, if nothing else is said: 16 MiB.
pub const MAX_FRAME: usize = 16 << 20;

/// `chunk` without a number: what one Ethernet frame carries over IPv4 and IPv6, so that nothing is fragmented.
pub const DEFAULT_CHUNK: NonZeroUsize = NonZeroUsize::new(1452).unwrap();

/// The words that [`Framing`] is chosen by, for a line of help or an error.
pub const CHOICES: &str = "line, nul, delim:HEX, fixed:BYTES, len16, len32, chunk or chunk=BYTES";

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(text: &str) -> Result<Self, UnknownFraming> {
        match text {
            "line" => Ok(Self::Line),
            "nul" => Ok(Self::Nul),
            "len16" => Ok(Self::Len16),
            "len32" => Ok(Self::Len32),
            "chunk" => Ok(Self::Chunk(DEFAULT_CHUNK)),
            _ => {
                let (name, value) = text.split_once([':', '=']).unwrap_or((text, ""));
                match name {
                    "chunk" => value.parse().ok().map(Self::Chunk),
                    "fixed" => value.parse().ok().map(Self::Fixed),
                    "delim" => value.parse().ok().map(Self::Delim),
                    _ => None,
                }
                .ok_or_else(|| UnknownFraming(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for Framing {
    /// What [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => f.write_str("line"),
            Self::Nul => f.write_str("nul"),
            Self::Len16 => f.write_str("len16"),
            Self::Len32 => f.write_str("len32"),
            Self::Delim(delimiter) => write!(f, "delim:{delimiter}"),
            Self::Fixed(size) => write!(f, "fixed:{size}"),
            Self::Chunk(size) => write!(f, "chunk={size}"),
        }
    }
}

impl Framing {
    /// Appends `message` to `stream` as this framing marks it.
    ///
    /// # Errors
    /// The message can't be marked so that it is read back as one; nothing is appended.
    pub fn encode(self, message: &[u8], stream: &mut Vec<u8>) -> Result<(), Unframable> {
        let cannot = |why| {
            Err(Unframable {
                framing: self,
                len: message.len(),
                why,
            })
        };
        match self {
            Self::Line => {
                let (line, ended) = match message.split_last() {
                    Some((b'\n', line)) => (line, true),
                    _ => (message, false),
                };
                if line.contains(&b'\n') {
                    return cannot(WhyNot::NewlineInside);
                }
                stream.extend_from_slice(message);
                if !ended {
                    stream.push(b'\n');
                }
            }
            Self::Nul => {
                if message.contains(&0) {
                    return cannot(WhyNot::NulInside);
                }
                stream.extend_from_slice(message);
                stream.push(0);
            }
            Self::Len16 => {
                let Ok(len) = u16::try_from(message.len()) else {
                    return cannot(WhyNot::LongerThan(u16::MAX.into()));
                };
                stream.extend_from_slice(&len.to_be_bytes());
                stream.extend_from_slice(message);
            }
            Self::Len32 => {
                let Ok(len) = u32::try_from(message.len()) else {
                    return cannot(WhyNot::LongerThan(u32::MAX));
                };
                stream.extend_from_slice(&len.to_be_bytes());
                stream.extend_from_slice(message);
            }
            Self::Delim(delimiter) => {
                let from = stream.len();
                stream.extend_from_slice(message);
                stream.extend_from_slice(delimiter.as_bytes());
                // Also where the message's last bytes and the first of its mark are one.
                if delimiter.position(&stream[from..]) != Some(message.len()) {
                    stream.truncate(from);
                    return cannot(WhyNot::DelimiterInside);
                }
            }
            Self::Fixed(size) => {
                if message.len() != size.get() {
                    return cannot(WhyNot::NotOf(size.get()));
                }
                stream.extend_from_slice(message);
            }
            Self::Chunk(_) => stream.extend_from_slice(message),
        }
        Ok(())
    }
}

/// Text that names no framing; its own text has the choices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no framing is called {0:?}: choose {CHOICES}")]
pub struct UnknownFraming(pub String);

/// A message that a framing can't carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a message of {len} B {why}, and --frame {framing} would not give it back as one: len32 carries any message"
)]
pub struct Unframable {
    /// The framing.
    pub framing: Framing,
    /// The message's length, bytes.
    pub len: usize,
    /// What is the matter with it.
    pub why: WhyNot,
}

/// What keeps a message from being marked; it prints in words that follow "a message".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// `line`: a newline before its end.
    NewlineInside,
    /// `nul`: a NUL.
    NulInside,
    /// `delim`: the delimiter, or its beginning at the message's end.
    DelimiterInside,
    /// `len16`, `len32`: more bytes than the length can say.
    LongerThan(u32),
    /// `fixed`: not so many bytes.
    NotOf(usize),
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewlineInside => f.write_str("has a newline inside"),
            Self::NulInside => f.write_str("has a NUL byte inside"),
            Self::DelimiterInside => f.write_str("has the delimiter inside"),
            Self::LongerThan(most) => write!(f, "is longer than {most} B"),
            Self::NotOf(size) => write!(f, "has not {size} B"),
        }
    }
}
