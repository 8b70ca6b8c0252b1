//! Page-aligned buffers, lent by a pool of each thread: at a page's offset 16 the same copy takes twice the time.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut, Range};

use crate::websocket::MessageType;

/// A page-aligned buffer; one of [`Buffer::SIZE`] bytes goes back to its thread's pool when dropped.
pub(crate) struct Buffer(Memory);

/// A page longer than what is lent, so that there is an aligned stretch inside, and where that begins.
#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
    start: usize,
}

thread_local! {
    static POOL: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
    static LARGE: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
    static HUGE: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

impl Buffer {
    /// The length of each, 64 KiB: any UDP message fits, and a longer copy gains little.
    pub(crate) const SIZE: usize = 64 << 10;

    /// Takes one of the thread's pool, or makes one.
    pub(crate) fn lend() -> Self {
        POOL.with_borrow_mut(Vec::pop)
            .map_or_else(|| Self::with_size(Self::SIZE), Self)
    }

    /// The length of a large one, 256 KiB: what a thread that copies reads at once.
    pub(crate) const LARGE: usize = 256 << 10;

    /// A large one of the thread's pool, or a new one: making it costs a fault a page.
    pub(crate) fn lend_large() -> Self {
        LARGE
            .with_borrow_mut(Vec::pop)
            .map_or_else(|| Self::with_size(Self::LARGE), Self)
    }

    /// The length of the longest that is kept: a message of 1 MiB with what stands before it.
    const HUGE: usize = (1 << 20) + PAGE;

    /// One of at least this size: of the pool, if it is not longer than what the pool has.
    pub(crate) fn lend_at_least(size: usize) -> Self {
        if size <= Self::SIZE {
            Self::lend()
        } else if size <= Self::LARGE {
            Self::lend_large()
        } else if size <= Self::HUGE {
            HUGE.with_borrow_mut(Vec::pop)
                .map_or_else(|| Self::with_size(Self::HUGE), Self)
        } else {
            Self::with_size(size)
        }
    }

    /// One of another size, not of the pool.
    pub(crate) fn with_size(size: usize) -> Self {
        let bytes = vec![0; size + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE).min(PAGE);
        Self(Memory { bytes, start })
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        let Memory { bytes, start } = &self.0;
        &bytes[*start..*start + bytes.len() - PAGE]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let Memory { bytes, start } = &mut self.0;
        let end = *start + bytes.len() - PAGE;
        &mut bytes[*start..end]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = mem::take(&mut self.0);
        let (pool, most) = match memory.bytes.len().saturating_sub(PAGE) {
            Self::SIZE => (&POOL, POOLED),
            Self::LARGE => (&LARGE, 4),
            Self::HUGE => (&HUGE, 2),
            _ => return,
        };
        // The pool is gone when its thread is ending: then the memory goes too.
        let _ = pool.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < most {
                pool.push(memory);
            }
        });
    }
}

/// What a receive brought, in a buffer lent by the pool; dropping it gives the buffer back.
pub struct Lease {
    buffer: Buffer,
    part: Range<usize>,
    message_type: Option<MessageType>,
}

impl Lease {
    pub(crate) fn new(buffer: Buffer, len: usize) -> Self {
        Self::within(buffer, 0..len)
    }

    /// This part of a buffer.
    pub(crate) fn within(buffer: Buffer, part: Range<usize>) -> Self {
        Self {
            buffer,
            part,
            message_type: None,
        }
    }

    /// A copy in a buffer of the pool.
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        let mut buffer = Buffer::lend_at_least(bytes.len());
        buffer[..bytes.len()].copy_from_slice(bytes);
        Self::new(buffer, bytes.len())
    }

    /// Text or binary, where it is a message of a kind of socket that tells them apart: WebSocket.
    pub fn message_type(&self) -> Option<MessageType> {
        self.message_type
    }

    pub(crate) fn of_type(mut self, message_type: MessageType) -> Self {
        self.message_type = Some(message_type);
        self
    }

    /// The same without its first `len` bytes, or without any where it has not so many.
    pub(crate) fn without_first(mut self, len: usize) -> Self {
        self.part.start = (self.part.start + len).min(self.part.end);
        self
    }

    /// A part of it.
    pub(crate) fn narrowed(mut self, part: Range<usize>) -> Self {
        let start = self.part.start;
        self.part = start + part.start..(start + part.end).min(self.part.end);
        self
    }

    /// One byte more behind it.
    pub(crate) fn and_byte(mut self, byte: u8) -> Self {
        if self.part.end == self.buffer.len() {
            let len = self.part.len();
            let mut longer = Buffer::lend_at_least(len + 1);
            longer[..len].copy_from_slice(&self);
            self.buffer = longer;
            self.part = 0..len;
        }
        self.buffer[self.part.end] = byte;
        self.part.end += 1;
        self
    }

    /// The bytes, to be changed in place.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.part.clone()]
    }

    /// The buffer, and which part of it counts.
    pub(crate) fn into_buffer(self) -> (Buffer, Range<usize>) {
        (self.buffer, self.part)
    }
}

impl Deref for Lease {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.buffer[self.part.clone()]
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} B)", self.part.len())
    }
}

const PAGE: usize = 4096;
/// Buffers that a thread keeps: enough for the calls under way at once, few enough to forget.
const POOLED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_on_a_page_and_has_its_whole_length() {
        for size in [1, 4096, Buffer::SIZE, 256 << 10] {
            let buffer = Buffer::with_size(size);
            assert_eq!(buffer.as_ptr().align_offset(PAGE), 0);
            assert_eq!(buffer.len(), size);
        }
    }

    #[test]
    fn a_buffer_given_back_is_lent_again() {
        for lend in [Buffer::lend, Buffer::lend_large] {
            let first = lend();
            let place = first.as_ptr();
            drop(first);
            assert_eq!(lend().as_ptr(), place);
        }
    }
}
