//! The sending half: one message at a time, and what is due between its frames. A lock around it is never held over a wait.

use std::task::{Context, Poll, ready};

use sockeye_model::Call;

use super::close::Close;
use super::compression::Compressor;
use super::extension::Deflate;
use super::fault::Fault;
use super::frame::{Header, Opcode};
use super::mask::Mask;
use super::outbound::{Fragments, Keys, control};
use super::{MessageType, Role};
use crate::buffer::Buffer;
use crate::error::Result;
use crate::poll_stream::UnderWay;
use crate::wire::Wire;

/// What is sent, and how far it has come.
#[derive(Debug)]
pub(super) struct Writer {
    /// A client masks.
    keys: Option<Box<Keys>>,
    compressor: Option<Box<Compressor>>,
    /// Pings and pongs that wait for the end of a frame.
    control: Vec<u8>,
    /// The close that waits for the end of a message.
    goodbye: Option<Vec<u8>>,
    /// A close was sent, or will be next.
    closed: bool,
    out: Out,
    /// What of `out` are whole messages that nobody waits for: counted when the kernel has them.
    gathered: Gathered,
    sending: Option<Sending>,
    call: Option<UnderWay>,
}

/// Bytes on their way to the wire; without a buffer while there are none.
#[derive(Default)]
struct Out {
    buffer: Option<Buffer>,
    at: usize,
    end: usize,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Out({} B)", self.end - self.at)
    }
}

/// Messages that were put behind one another.
#[derive(Debug, Default)]
struct Gathered {
    messages: u64,
    bytes: u64,
}

/// A message that has been begun.
#[derive(Debug)]
struct Sending {
    fragments: Fragments,
    /// In its compressed form, where it has one.
    compressed: Option<Vec<u8>>,
    /// Bytes of it that have been put into frames.
    at: usize,
    /// Bytes that the frame under way still lacks.
    left: usize,
    mask: Option<Mask>,
}

impl Writer {
    pub(super) fn new(role: Role, deflate: Option<Deflate>) -> Self {
        Self {
            keys: (role == Role::Client).then(|| Box::new(Keys::new())),
            compressor: deflate.map(|deflate| Box::new(Compressor::new(deflate.ours))),
            control: Vec::new(),
            goodbye: None,
            closed: false,
            out: Out::default(),
            gathered: Gathered::default(),
            sending: None,
            call: None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Begins a message; [`Self::poll_message`] sends it.
    pub(super) fn begin(&mut self, kind: MessageType, message: &[u8]) -> Result<()> {
        if self.closed {
            return Err(Fault::AfterClose.on(Call::Send));
        }
        if self
            .sending
            .as_ref()
            .is_some_and(|given_up| given_up.at > 0 || given_up.left > 0)
        {
            return Err(Fault::Unfinished.on(Call::Send));
        }
        let compressor = self.compressor.as_mut();
        let compressed = compressor.and_then(|compressor| compressor.compress(message));
        let len = compressed.as_ref().map_or(message.len(), Vec::len);
        self.sending = Some(Sending {
            fragments: Fragments::new(kind, compressed.is_some(), len),
            compressed,
            at: 0,
            left: 0,
            mask: None,
        });
        Ok(())
    }

    /// Sends the message that was begun, and what is due with it.
    pub(super) fn poll_message(
        &mut self,
        context: &mut Context<'_>,
        wire: &Wire,
        message: &[u8],
    ) -> Poll<Result<()>> {
        loop {
            ready!(self.poll_out(context, wire))?;
            let Some(sending) = &mut self.sending else {
                return self.poll_due(context, wire).map_ok(drop);
            };
            let bytes = sending.compressed.as_deref().unwrap_or(message);
            if sending.left > 0 {
                let rest = &bytes[sending.at..sending.at + sending.left];
                let sent = if sending.mask.is_some() {
                    self.out.put(&[], rest, &mut sending.mask)
                } else {
                    // Nothing has to be changed in it: it goes from where it is.
                    ready!(wire.poll_send(context, &mut self.call, rest))?
                };
                sending.at += sent;
                sending.left -= sent;
            } else if !self.control.is_empty() {
                self.out.put(&self.control, &[], &mut None);
                self.control.clear();
            } else if let Some(mut header) = sending.fragments.next() {
                header.mask = self.keys.as_mut().map(|keys| keys.draw());
                sending.mask = header.mask.map(Mask::new);
                sending.left = usize::try_from(header.len).unwrap_or(usize::MAX);
                let mut head = [0; Header::MAX];
                let end = header.print(&mut head);
                let rest = &bytes[sending.at..sending.at + sending.left];
                let put = self.out.put(&head[..end], rest, &mut sending.mask);
                sending.at += put;
                sending.left -= put;
            } else {
                self.sending = None;
            }
        }
    }

    /// Puts the message that was begun behind what waits, whole and as one frame; whether there was room.
    /// [`Self::poll_out`] sends it. A message that something has been sent of, and one that something is due before,
    /// are for [`Self::poll_message`].
    pub(super) fn gather(&mut self, message: &[u8]) -> bool {
        let Some(sending) = &mut self.sending else {
            return true;
        };
        let bytes = sending.compressed.as_deref().unwrap_or(message);
        if sending.at > 0
            || sending.left > 0
            || !self.control.is_empty()
            || !self.out.has_room(Header::MAX + bytes.len())
        {
            return false;
        }
        if let Some(mut header) = sending.fragments.next() {
            header.mask = self.keys.as_mut().map(|keys| keys.draw());
            let mut head = [0; Header::MAX];
            let end = header.print(&mut head);
            self.out.add(&head[..end], bytes, header.mask);
        }
        self.sending = None;
        self.gathered.messages += 1;
        self.gathered.bytes += message.len() as u64;
        true
    }

    /// Sends what is due without a message: pongs, a close; whether nothing is left. Between the frames of a message
    /// whoever sends that does it.
    pub(super) fn poll_due(
        &mut self,
        context: &mut Context<'_>,
        wire: &Wire,
    ) -> Poll<Result<bool>> {
        if self.sending.is_some() {
            return Poll::Ready(Ok(false));
        }
        loop {
            ready!(self.poll_out(context, wire))?;
            if !self.control.is_empty() {
                self.out.put(&self.control, &[], &mut None);
                self.control.clear();
            } else if let Some(goodbye) = self.goodbye.take() {
                self.out.put(&goodbye, &[], &mut None);
            } else {
                return Poll::Ready(Ok(true));
            }
        }
    }

    /// Sends what waits in frames.
    pub(super) fn poll_out(&mut self, context: &mut Context<'_>, wire: &Wire) -> Poll<Result<()>> {
        while let Some(bytes) = self.out.bytes() {
            match ready!(wire.poll_send(context, &mut self.call, bytes)) {
                Ok(sent) => self.out.sent(sent),
                Err(error) => {
                    // What did not go will never go.
                    self.out = Out::default();
                    self.gathered = Gathered::default();
                    self.closed = true;
                    return Poll::Ready(Err(error));
                }
            }
        }
        if self.gathered.messages > 0 {
            let Gathered { messages, bytes } = std::mem::take(&mut self.gathered);
            wire.socket().handle().count_sent(bytes, messages);
        }
        Poll::Ready(Ok(()))
    }

    /// Queues a ping or a pong. Of too many pongs the last one is kept, which answers for all.
    pub(super) fn queue(&mut self, opcode: Opcode, payload: &[u8]) {
        if self.closed {
            return;
        }
        if self.control.len() > CONTROL_MOST {
            self.control.clear();
        }
        control(opcode, payload, self.keys.as_deref_mut(), &mut self.control);
    }

    /// Queues the close; whether it is the first.
    pub(super) fn close(&mut self, close: &Close) -> bool {
        if std::mem::replace(&mut self.closed, true) {
            return false;
        }
        let mut frame = Vec::new();
        let payload = close.payload();
        control(
            Opcode::Close,
            &payload,
            self.keys.as_deref_mut(),
            &mut frame,
        );
        self.goodbye = Some(frame);
        true
    }
}

impl Out {
    fn bytes(&self) -> Option<&[u8]> {
        self.buffer
            .as_ref()
            .map(|buffer| &buffer[self.at..self.end])
    }

    fn sent(&mut self, sent: usize) {
        self.at += sent;
        if self.at == self.end {
            *self = Self::default();
        }
    }

    /// Whether so many bytes more can be added.
    fn has_room(&self, len: usize) -> bool {
        let room = match &self.buffer {
            Some(buffer) => buffer.len() - self.end,
            None => Buffer::SIZE,
        };
        len <= room
    }

    /// Adds a whole frame, for which [`Self::has_room`].
    fn add(&mut self, head: &[u8], payload: &[u8], mask: Option<[u8; 4]>) {
        let buffer = self.buffer.get_or_insert_with(Buffer::lend);
        let start = self.end + head.len();
        buffer[self.end..start].copy_from_slice(head);
        let into = &mut buffer[start..start + payload.len()];
        match mask {
            Some(key) => Mask::new(key).apply_to(payload, into),
            None => into.copy_from_slice(payload),
        }
        self.end = start + payload.len();
    }

    /// Takes `head` and as much of `payload`, masked, as there is room for; how much of the payload that was.
    fn put(&mut self, head: &[u8], payload: &[u8], mask: &mut Option<Mask>) -> usize {
        // One that is hardly longer than a buffer goes in one call all the same.
        let mut buffer = match head.len() + payload.len() {
            long if long > Buffer::SIZE && long <= 2 * Buffer::SIZE => Buffer::lend_large(),
            _ => Buffer::lend(),
        };
        buffer[..head.len()].copy_from_slice(head);
        let len = payload.len().min(buffer.len() - head.len());
        let into = &mut buffer[head.len()..head.len() + len];
        match mask {
            Some(mask) => mask.apply_to(&payload[..len], into),
            None => into.copy_from_slice(&payload[..len]),
        }
        self.at = 0;
        self.end = head.len() + len;
        self.buffer = (self.end > 0).then_some(buffer);
        len
    }
}

/// Bytes of pings and pongs that wait; more than this and one of their frames are never kept.
const CONTROL_MOST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(writer: &mut Writer, message: &[u8]) -> bool {
        writer.begin(MessageType::Binary, message).unwrap();
        writer.gather(message)
    }

    #[test]
    fn messages_lie_behind_one_another_until_one_finds_no_room() {
        let mut writer = Writer::new(Role::Server, None);
        assert!(gathered(&mut writer, b"one") && gathered(&mut writer, b""));
        assert_eq!(writer.out.bytes(), Some(&b"\x82\x03one\x82\x00"[..]));
        assert_eq!((writer.gathered.messages, writer.gathered.bytes), (2, 3));
        assert!(!gathered(&mut writer, &[0; Buffer::SIZE - 10]));
        assert_eq!(writer.out.end, 7);
    }

    #[test]
    fn a_pong_that_is_due_goes_before_the_next_message() {
        let mut writer = Writer::new(Role::Server, None);
        writer.queue(Opcode::Pong, b"");
        assert!(!gathered(&mut writer, b"one"));
    }
}
