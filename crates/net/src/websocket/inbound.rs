//! What comes, taken apart: bytes in, messages and control frames out. No IO and no clock.

use super::assembly::Assembly;
use super::close::Close;
use super::compression::Decompressor;
use super::extension::Deflate;
use super::frame::{Header, Opcode};
use super::mask::Mask;
use super::utf8::Utf8;
use super::violation::Violation;
use super::{MessageType, Role};
use crate::buffer::Lease;

/// Reads the other side's frames: a machine that is given bytes as they come, in pieces of any size.
///
/// It holds the other side to the protocol strictly, and says so at the first byte that breaks a rule: text that can't
/// be UTF-8 any more is refused inside a frame that has not ended.
#[derive(Debug)]
pub struct Inbound {
    role: Role,
    /// Bytes that one message may have.
    limit: usize,
    /// The beginning of a header that was cut.
    head: [u8; Header::MAX],
    head_len: usize,
    frame: Option<Frame>,
    message: Option<Begun>,
    assembly: Assembly,
    utf8: Utf8,
    control: [u8; Header::CONTROL_MAX],
    control_len: usize,
    decompressor: Option<Decompressor>,
    /// A close has come: whatever follows is thrown away.
    closed: bool,
}

/// A frame whose payload has not come whole.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    left: u64,
    mask: Option<Mask>,
}

/// A message whose last frame has not come.
#[derive(Clone, Copy, Debug)]
struct Begun {
    kind: MessageType,
    compressed: bool,
}

/// What a step over the input found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing whole yet: all of the input is taken.
    More,
    /// A message that lies in the input, unmasked there: from `start` to where the step ended.
    Here {
        /// Its type.
        kind: MessageType,
        /// Where it begins in the input.
        start: usize,
    },
    /// A message that came in parts: [`Inbound::take_message`] has it.
    Assembled {
        /// Its type.
        kind: MessageType,
    },
    /// A ping, with [`Inbound::control`] to be sent back.
    Ping,
    /// A pong, with [`Inbound::control`].
    Pong,
    /// The goodbye. What follows is not looked at.
    Close(Close),
}

impl Inbound {
    /// For the side that plays `role`: a server's frames come masked, a client's don't. A message may have `limit`
    /// bytes.
    pub fn new(role: Role, limit: usize, deflate: Option<Deflate>) -> Self {
        Self {
            role,
            limit,
            head: [0; Header::MAX],
            head_len: 0,
            frame: None,
            message: None,
            assembly: Assembly::default(),
            utf8: Utf8::default(),
            control: [0; Header::CONTROL_MAX],
            control_len: 0,
            decompressor: deflate.map(|deflate| Decompressor::new(deflate.theirs)),
            closed: false,
        }
    }

    /// Goes on over `input` until something is whole or all of it is taken; what it found, and how far it came.
    ///
    /// # Errors
    /// The rule that was broken. The conversation can't go on after it.
    pub fn step(&mut self, input: &mut [u8]) -> Result<(Step, usize), Violation> {
        let mut at = 0;
        loop {
            if self.closed {
                return Ok((Step::More, input.len()));
            }
            if self.frame.is_none() {
                let Some((header, end)) = self.header(&input[at..])? else {
                    return Ok((Step::More, input.len()));
                };
                at += end;
                self.check(&header)?;
                if let Some(step) = self.here(&header, &mut input[at..])? {
                    let kind = step;
                    let end = at + usize::try_from(header.len).unwrap_or(0);
                    return Ok((Step::Here { kind, start: at }, end));
                }
                self.begin(&header);
            }
            at += self.payload(&mut input[at..])?;
            if self.frame.as_ref().is_some_and(|frame| frame.left > 0) {
                return Ok((Step::More, at));
            }
            if let Some(step) = self.end_of_frame()? {
                return Ok((step, at));
            }
        }
    }

    /// The message that [`Step::Assembled`] told of.
    pub fn take_message(&mut self) -> Lease {
        self.assembly.take()
    }

    /// What the last control frame carried.
    pub fn control(&self) -> &[u8] {
        &self.control[..self.control_len]
    }

    /// The header at the start of `input`, which may have begun before; and where it ends there.
    fn header(&mut self, input: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        if self.head_len == 0 {
            let parsed = Header::parse(input)?;
            if parsed.is_none() {
                self.head[..input.len()].copy_from_slice(input);
                self.head_len = input.len();
            }
            return Ok(parsed);
        }
        for (index, byte) in input.iter().enumerate() {
            self.head[self.head_len] = *byte;
            self.head_len += 1;
            if let Some((header, _)) = Header::parse(&self.head[..self.head_len])? {
                self.head_len = 0;
                return Ok(Some((header, index + 1)));
            }
        }
        Ok(None)
    }

    /// The rules that depend on who sends it, what was agreed, and what came before.
    fn check(&self, header: &Header) -> Result<(), Violation> {
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(Violation::NotMasked),
            (Role::Client, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        if header.rsv1 && self.decompressor.is_none() {
            return Err(Violation::ReservedBits);
        }
        let compressed = match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(Violation::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Violation::InsideMessage),
            (Opcode::Continuation, Some(begun)) => begun.compressed,
            _ => header.rsv1,
        };
        let whole = header.len.saturating_add(self.assembly.len() as u64);
        if !header.opcode.is_control() && !compressed && whole > self.limit as u64 {
            return Err(Violation::TooLong(self.limit as u64));
        }
        Ok(())
    }

    /// A message of one frame that lies whole at the start of `input`: unmasked there, and nothing is copied.
    fn here(
        &mut self,
        header: &Header,
        input: &mut [u8],
    ) -> Result<Option<MessageType>, Violation> {
        let kind = match header.opcode {
            Opcode::Text => MessageType::Text,
            Opcode::Binary => MessageType::Binary,
            _ => return Ok(None),
        };
        let whole = usize::try_from(header.len).ok();
        let Some(payload) = whole.and_then(|len| input.get_mut(..len)) else {
            return Ok(None);
        };
        if !header.fin || header.rsv1 {
            return Ok(None);
        }
        if let Some(key) = header.mask {
            Mask::new(key).apply(payload);
        }
        if kind == MessageType::Text && str::from_utf8(payload).is_err() {
            return Err(Violation::NotUtf8);
        }
        Ok(Some(kind))
    }

    fn begin(&mut self, header: &Header) {
        let kind = match header.opcode {
            Opcode::Text => Some(MessageType::Text),
            Opcode::Binary => Some(MessageType::Binary),
            _ => None,
        };
        if let Some(kind) = kind {
            let compressed = header.rsv1;
            self.message = Some(Begun { kind, compressed });
        }
        if header.opcode.is_control() {
            self.control_len = 0;
        } else if self.message.is_some_and(|begun| !begun.compressed) {
            // What was announced is believed up to here; a longer message grows as it comes.
            let announced = header.len.min(BELIEVED);
            self.assembly.room(usize::try_from(announced).unwrap_or(0));
        }
        self.frame = Some(Frame {
            opcode: header.opcode,
            fin: header.fin,
            left: header.len,
            mask: header.mask.map(Mask::new),
        });
    }

    /// Takes what has come of the frame's payload; how much that was.
    fn payload(&mut self, input: &mut [u8]) -> Result<usize, Violation> {
        let Some(frame) = &mut self.frame else {
            return Ok(0);
        };
        let len = input
            .len()
            .min(usize::try_from(frame.left).unwrap_or(usize::MAX));
        frame.left -= len as u64;
        let piece = &mut input[..len];
        match self.message {
            _ if frame.opcode.is_control() => {
                if let Some(mask) = &mut frame.mask {
                    mask.apply(piece);
                }
                self.control[self.control_len..][..len].copy_from_slice(piece);
                self.control_len += len;
            }
            Some(Begun { kind, compressed }) => {
                let had = self.assembly.len();
                if compressed {
                    if let Some(mask) = &mut frame.mask {
                        mask.apply(piece);
                    }
                    if let Some(decompressor) = &mut self.decompressor {
                        decompressor.push(piece, &mut self.assembly, self.limit)?;
                    }
                } else {
                    let room = &mut self.assembly.room(len)[..len];
                    match &mut frame.mask {
                        Some(mask) => mask.apply_to(piece, room),
                        None => room.copy_from_slice(piece),
                    }
                    self.assembly.filled(len);
                }
                if kind == MessageType::Text {
                    self.utf8.push(&self.assembly.bytes()[had..])?;
                }
            }
            None => {}
        }
        Ok(len)
    }

    fn end_of_frame(&mut self) -> Result<Option<Step>, Violation> {
        let Some(frame) = self.frame.take() else {
            return Ok(None);
        };
        Ok(match frame.opcode {
            Opcode::Ping => Some(Step::Ping),
            Opcode::Pong => Some(Step::Pong),
            Opcode::Close => {
                self.closed = true;
                Some(Step::Close(Close::parse(self.control())?))
            }
            _ if frame.fin => self.end_of_message()?,
            _ => None,
        })
    }

    fn end_of_message(&mut self) -> Result<Option<Step>, Violation> {
        let Some(Begun { kind, compressed }) = self.message.take() else {
            return Ok(None);
        };
        let had = self.assembly.len();
        if compressed && let Some(decompressor) = &mut self.decompressor {
            decompressor.finish(&mut self.assembly, self.limit)?;
        }
        if kind == MessageType::Text {
            self.utf8.push(&self.assembly.bytes()[had..])?;
            self.utf8.finish()?;
        }
        Ok(Some(Step::Assembled { kind }))
    }
}

/// Bytes of an announced message that memory is taken for before they have come.
const BELIEVED: u64 = 1 << 20;
