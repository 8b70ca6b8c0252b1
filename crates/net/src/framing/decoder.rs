//! A stream of bytes taken apart into messages, and what is wrong with one that can't be.

use std::fmt;

use super::Framing;
use super::delimiter::{NEWLINE, NUL};

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
    /// Before this no terminator begins.
    searched: usize,
    /// Which message begins there, and at which byte of the whole stream.
    spot: Spot,
}

/// A message of a stream: its number, and the byte that it begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// How many messages came before it.
    pub before: u64,
    /// How many bytes of the stream did, marks and lengths included.
    pub at: u64,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}, from byte {} on", self.before + 1, self.at)
    }
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
            spot: Spot::default(),
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
            Framing::Line | Framing::Nul | Framing::Delim(_) => {
                let (mark, kept) = match self.framing {
                    Framing::Delim(delimiter) => (delimiter, 0),
                    Framing::Line => (NEWLINE, 1),
                    _ => (NUL, 0),
                };
                let length = mark.as_bytes().len();
                match mark.position(&self.buffer[self.searched..]) {
                    Some(at) => {
                        let len = self.searched + at - self.start;
                        (len + length, 0..len + kept)
                    }
                    None => {
                        // The first bytes of the mark may be there.
                        let from = (self.buffer.len() + 1).saturating_sub(length);
                        self.searched = from.max(self.searched);
                        if (have + 1).saturating_sub(length) > self.max {
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
            Framing::Fixed(size) | Framing::Chunk(size) => {
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
        self.spot.before += 1;
        self.spot.at += whole as u64;
        Ok(Some(&self.buffer[from + message.start..from + message.end]))
    }

    /// The stream has ended: what is left. A last line, NUL string or chunk is a message without its mark.
    ///
    /// # Errors
    /// With `delim`, `len16`, `len32` and `fixed`, the stream ended inside of a message; it is lost, and this says so.
    pub fn finish(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let have = self.buffer.len() - self.start;
        if have == 0 {
            return Ok(None);
        }
        let spot = self.spot;
        match self.framing {
            Framing::Len16 | Framing::Len32 => {
                return Err(match self.header() {
                    Some((header, len)) => FrameError::EndedInside {
                        spot,
                        len,
                        have: have - header,
                    },
                    None => FrameError::EndedInLength { spot, have },
                });
            }
            Framing::Fixed(size) => {
                let len = size.get();
                return Err(FrameError::EndedInside { spot, len, have });
            }
            Framing::Delim(_) => return Err(FrameError::EndedUnmarked { spot, have }),
            Framing::Line | Framing::Nul | Framing::Chunk(_) => {}
        }
        if have > self.max {
            return Err(self.too_long(Some(have)));
        }
        let from = self.start;
        self.start = self.buffer.len();
        self.searched = self.start;
        Ok(Some(&self.buffer[from..]))
    }

    /// What has come of a `chunk` that is not full: nothing more comes for now, and whoever waits for it should have it.
    /// `None` for every other framing, whose messages have an end of their own.
    pub fn flush(&mut self) -> Option<&[u8]> {
        if !self.holds_part() {
            return None;
        }
        let from = self.start;
        self.start = self.buffer.len();
        self.searched = self.start;
        self.spot.before += 1;
        self.spot.at += (self.start - from) as u64;
        Some(&self.buffer[from..])
    }

    /// Whether there is something that [`Decoder::flush`] would give.
    pub fn holds_part(&self) -> bool {
        matches!(self.framing, Framing::Chunk(_)) && self.start < self.buffer.len()
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
        FrameError::TooLong {
            spot: self.spot,
            len,
            max: self.max,
        }
    }
}

/// A stream that can't be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message is longer than the other side can carry.
    #[error("a message {} is too long: the limit is {max} B ({spot})", Length(*len, *max))]
    TooLong {
        /// Which one.
        spot: Spot,
        /// Its length, bytes, where that is known.
        len: Option<usize>,
        /// The limit, bytes.
        max: usize,
    },
    /// The stream ended before a message did.
    #[error("the stream ended inside a message of {len} B after {have} B ({spot})")]
    EndedInside {
        /// Which one.
        spot: Spot,
        /// The message's length as it was announced or agreed, bytes.
        len: usize,
        /// What came of it, bytes.
        have: usize,
    },
    /// The stream ended inside of the bytes that say a message's length.
    #[error("the stream ended inside a message's length, after {have} B of it ({spot})")]
    EndedInLength {
        /// Which one.
        spot: Spot,
        /// What came of it, bytes.
        have: usize,
    },
    /// With `delim`, the stream ended before the delimiter came.
    #[error("the stream ended without the delimiter, after {have} B of a message ({spot})")]
    EndedUnmarked {
        /// Which one.
        spot: Spot,
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
