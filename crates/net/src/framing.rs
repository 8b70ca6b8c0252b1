//! Messages in a stream of bytes: where one ends and the next begins. Pure: it reads and writes nothing.
//!
//! | framing | in the stream | a message is |
//! |---|---|---|
//! | `line` | up to and with a newline | the line with its newline, as nc sends it |
//! | `nul` | up to a NUL byte | what is before it |
//! | `len16`, `len32` | two or four bytes of length, the highest first, then the message | any bytes, also none |
//! | `chunk=N` | N bytes each, the last perhaps fewer | those bytes |
//!
//! Back from messages to the stream, `line` adds a newline to a message that ends without one, and `chunk` writes the
//! bytes as they are: there the boundaries are gone. A message that would be read back as two (it has a newline before
//! its end, a NUL, more bytes than the length can say) is an error, never two messages.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// How messages are marked in a stream; see the [module](self).
///
/// ```
/// use sockeye_net::framing::Framing;
/// assert_eq!("chunk=512".parse::<Framing>()?.to_string(), "chunk=512");
/// assert_eq!(
///     "lines".parse::<Framing>().unwrap_err().to_string(),
///     "no framing is called \"lines\": choose line, nul, len16, len32, chunk or chunk=BYTES"
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
    /// Each so many bytes.
    Chunk(NonZeroUsize),
}

/// `chunk` without a number: what one Ethernet frame carries over IPv4 and IPv6, so that nothing is fragmented.
pub const DEFAULT_CHUNK: NonZeroUsize = NonZeroUsize::new(1452).unwrap();

/// The words that [`Framing`] is chosen by, for a line of help or an error.
pub const CHOICES: &str = "line, nul, len16, len32, chunk or chunk=BYTES";

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(text: &str) -> Result<Self, UnknownFraming> {
        match text {
            "line" => Ok(Self::Line),
            "nul" => Ok(Self::Nul),
            "len16" => Ok(Self::Len16),
            "len32" => Ok(Self::Len32),
            "chunk" => Ok(Self::Chunk(DEFAULT_CHUNK)),
            _ => text
                .strip_prefix("chunk=")
                .and_then(|size| size.parse().ok())
                .map(Self::Chunk)
                .ok_or_else(|| UnknownFraming(text.to_owned())),
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
                    return cannot("has a newline inside");
                }
                stream.extend_from_slice(message);
                if !ended {
                    stream.push(b'\n');
                }
            }
            Self::Nul => {
                if message.contains(&0) {
                    return cannot("has a NUL byte inside");
                }
                stream.extend_from_slice(message);
                stream.push(0);
            }
            Self::Len16 => {
                let Ok(len) = u16::try_from(message.len()) else {
                    return cannot("is longer than 65535 B");
                };
                stream.extend_from_slice(&len.to_be_bytes());
                stream.extend_from_slice(message);
            }
            Self::Len32 => {
                let Ok(len) = u32::try_from(message.len()) else {
                    return cannot("is longer than 4294967295 B");
                };
                stream.extend_from_slice(&len.to_be_bytes());
                stream.extend_from_slice(message);
            }
            Self::Chunk(_) => stream.extend_from_slice(message),
        }
        Ok(())
    }
}

/// Takes a stream apart into messages; however it was cut into pieces, the messages are the same.
///
/// ```
/// use sockeye_net::framing::{Decoder, Framing};
/// let mut decoder = Decoder::new(Framing::Line, 65507);
/// decoder.push(b"one\ntw");
/// assert_eq!(decoder.next_message()?, Some(&b"one\n"[..]));
/// assert_eq!(decoder.next_message()?, None);
/// decoder.push(b"o");
/// assert_eq!(decoder.finish()?, Some(&b"two"[..]));
/// # Ok::<(), sockeye_net::framing::FrameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    max: usize,
    buffer: Vec<u8>,
    /// Where the next message begins.
    start: usize,
    /// Up to here no terminator was found.
    searched: usize,
}

impl Decoder {
    /// A decoder of messages of at most `max` bytes each. It keeps no more than one such message and the last piece.
    pub fn new(framing: Framing, max: usize) -> Self {
        Self {
            framing,
            max,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
        }
    }

    /// Adds the stream's next piece. [`Decoder::next_message`] then gives what it completed: all of it should be
    /// taken before the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole message; `None` until more is pushed.
    ///
    /// # Errors
    /// The message is longer than the maximum. It stays so: where it ends is not looked for.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let have = self.buffer.len() - self.start;
        // How long what stands in the stream is, and which part of it is the message.
        let (whole, message) = match self.framing {
            Framing::Line | Framing::Nul => {
                let line = self.framing == Framing::Line;
                let terminator = if line { b'\n' } else { 0 };
                let found = self.buffer[self.searched..]
                    .iter()
                    .position(|byte| *byte == terminator);
                match found {
                    Some(at) => {
                        let len = self.searched + at - self.start;
                        (len + 1, 0..if line { len + 1 } else { len })
                    }
                    None => {
                        self.searched = self.buffer.len();
                        if have > self.max {
                            return Err(self.too_long(None));
                        }
                        return Ok(None);
                    }
                }
            }
            Framing::Len16 | Framing::Len32 => {
                let Some((header, len)) = self.header() else {
                    return Ok(None);
                };
                // Before the rest comes: what can't be taken is not waited for.
                if len > self.max {
                    return Err(self.too_long(Some(len)));
                }
                (header + len, header..header + len)
            }
            Framing::Chunk(size) => {
                if size.get() > self.max {
                    return Err(self.too_long(Some(size.get())));
                }
                (size.get(), 0..size.get())
            }
        };
        if message.len() > self.max {
            return Err(self.too_long(Some(message.len())));
        }
        if have < whole {
            return Ok(None);
        }
        let from = self.start;
        self.start += whole;
        self.searched = self.start;
        Ok(Some(&self.buffer[from + message.start..from + message.end]))
    }

    /// The stream has ended: what is left. A last line, NUL string or chunk is a message without its mark.
    ///
    /// # Errors
    /// With `len16` and `len32`, the stream ended inside of a message; it is lost, and this says so.
    pub fn finish(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let have = self.buffer.len() - self.start;
        if have == 0 {
            return Ok(None);
        }
        if matches!(self.framing, Framing::Len16 | Framing::Len32) {
            return Err(match self.header() {
                Some((header, len)) => FrameError::EndedInside {
                    len,
                    have: have - header,
                },
                None => FrameError::EndedInLength { have },
            });
        }
        if have > self.max {
            return Err(self.too_long(Some(have)));
        }
        let from = self.start;
        self.start = self.buffer.len();
        self.searched = self.start;
        Ok(Some(&self.buffer[from..]))
    }

    /// The length's own length, and what it says.
    fn header(&self) -> Option<(usize, usize)> {
        let rest = &self.buffer[self.start..];
        match self.framing {
            Framing::Len16 => Some((2, u16::from_be_bytes(*rest.first_chunk()?).into())),
            _ => {
                let len = u32::from_be_bytes(*rest.first_chunk()?);
                Some((4, usize::try_from(len).unwrap_or(usize::MAX - 4)))
            }
        }
    }

    fn too_long(&self, len: Option<usize>) -> FrameError {
        FrameError::TooLong { len, max: self.max }
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
    /// What is the matter with it, in words that follow "a message".
    pub why: &'static str,
}

/// A stream that can't be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message is longer than the other side can carry.
    #[error("a message {} is too long: the limit is {max} B", Length(*len, *max))]
    TooLong {
        /// Its length, bytes, where that is known.
        len: Option<usize>,
        /// The limit, bytes.
        max: usize,
    },
    /// The stream ended before a message did.
    #[error("the stream ended inside a message of {len} B after {have} B")]
    EndedInside {
        /// The message's length as it was announced, bytes.
        len: usize,
        /// What came of it, bytes.
        have: usize,
    },
    /// The stream ended inside of the bytes that say a message's length.
    #[error("the stream ended inside a message's length, after {have} B of it")]
    EndedInLength {
        /// What came of it, bytes.
        have: usize,
    },
}

struct Length(Option<usize>, usize);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(len) => write!(f, "of {len} B"),
            None => write!(f, "of more than {} B", self.1),
        }
    }
}
