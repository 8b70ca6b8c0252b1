//! What goes, put together: messages as frames. No IO and no clock.

use super::frame::{Header, Opcode};
use super::mask::Mask;
use super::{MessageType, Role};

/// The frames of one message: one, or fragments of [`FRAGMENT`] bytes, so that a pong never waits behind more.
#[derive(Debug)]
pub(super) struct Fragments {
    kind: MessageType,
    compressed: bool,
    first: bool,
    left: usize,
    over: bool,
}

impl Fragments {
    pub(super) fn new(kind: MessageType, compressed: bool, len: usize) -> Self {
        Self {
            kind,
            compressed,
            first: true,
            left: len,
            over: false,
        }
    }

    /// The header of the next frame, unmasked; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Header> {
        if self.over {
            return None;
        }
        let len = self.left.min(FRAGMENT);
        self.left -= len;
        self.over = self.left == 0;
        let first = std::mem::replace(&mut self.first, false);
        Some(Header {
            fin: self.over,
            rsv1: first && self.compressed,
            opcode: match (first, self.kind) {
                (false, _) => Opcode::Continuation,
                (true, MessageType::Text) => Opcode::Text,
                (true, MessageType::Binary) => Opcode::Binary,
            },
            mask: None,
            len: len as u64,
        })
    }
}

/// The keys that a client masks with: unpredictable, and drawn many at a time.
#[derive(Debug)]
pub(super) struct Keys {
    drawn: [u8; 256],
    next: usize,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            drawn: [0; 256],
            next: 256,
        }
    }

    pub(super) fn draw(&mut self) -> [u8; 4] {
        if self.next == self.drawn.len() {
            super::random(&mut self.drawn);
            self.next = 0;
        }
        let mut key = [0; 4];
        key.copy_from_slice(&self.drawn[self.next..self.next + 4]);
        self.next += 4;
        key
    }
}

/// Appends a control frame with this payload, of at most 125 bytes, to `queue`.
pub(super) fn control(
    opcode: Opcode,
    payload: &[u8],
    keys: Option<&mut Keys>,
    queue: &mut Vec<u8>,
) {
    debug_assert!(payload.len() <= Header::CONTROL_MAX);
    let mask = keys.map(Keys::draw);
    let header = Header {
        fin: true,
        rsv1: false,
        opcode,
        mask,
        len: payload.len() as u64,
    };
    let mut head = [0; Header::MAX];
    let end = header.print(&mut head);
    queue.extend_from_slice(&head[..end]);
    let at = queue.len();
    queue.extend_from_slice(payload);
    if let Some(key) = mask {
        Mask::new(key).apply(&mut queue[at..]);
    }
}

/// The frames of a whole message, one behind the other: for tests and for who has no socket.
pub fn frames(role: Role, kind: MessageType, message: &[u8]) -> Vec<u8> {
    let mut keys = (role == Role::Client).then(Keys::new);
    let mut fragments = Fragments::new(kind, false, message.len());
    let (mut bytes, mut rest) = (Vec::with_capacity(message.len() + Header::MAX), message);
    while let Some(mut header) = fragments.next() {
        header.mask = keys.as_mut().map(Keys::draw);
        let mut head = [0; Header::MAX];
        let end = header.print(&mut head);
        bytes.extend_from_slice(&head[..end]);
        let (payload, after) = rest.split_at(usize::try_from(header.len).unwrap_or(rest.len()));
        let at = bytes.len();
        bytes.extend_from_slice(payload);
        if let Some(key) = header.mask {
            Mask::new(key).apply(&mut bytes[at..]);
        }
        rest = after;
    }
    bytes
}

/// The longest frame that is sent, bytes of payload.
pub const FRAGMENT: usize = 256 << 10;
