//! The messages that wait for one session's reader: bounded, and one stretch of memory however many there are.

use std::collections::VecDeque;
use std::task::Waker;

use super::limits::SessionLimits;
use crate::buffer::Buffer;
use crate::{Lease, sys};

#[derive(Default)]
pub(super) struct Inbox {
    bytes: VecDeque<u8>,
    lengths: VecDeque<usize>,
    /// Whoever waits for a message.
    pub(super) reader: Option<Waker>,
    /// Whoever waits for room: the task that reads the socket.
    pub(super) writer: Option<Waker>,
    /// No more will come; what is here is still read.
    pub(super) ended: bool,
    /// Waiting for its reader was given up once; until it reads again nobody waits.
    pub(super) stuck: bool,
    /// Messages dropped since that was last said.
    pub(super) dropped: u64,
}

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether a message of `len` bytes would be taken.
    pub(super) fn has_room(&self, len: usize, limits: &SessionLimits) -> bool {
        self.lengths.is_empty()
            || (self.lengths.len() < limits.queued_messages
                && self.bytes.len() + len <= limits.queued_bytes)
    }

    /// Adds a message and wakes the reader; `false` when there is no room.
    pub(super) fn push(&mut self, message: &[u8], limits: &SessionLimits) -> bool {
        if !self.has_room(message.len(), limits) {
            return false;
        }
        self.bytes.extend(message);
        self.lengths.push_back(message.len());
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        true
    }

    /// The oldest message, in a buffer lent by the pool.
    pub(super) fn pop(&mut self) -> Option<Lease> {
        let len = self.lengths.pop_front()?;
        let mut buffer = if len > Buffer::SIZE {
            Buffer::with_size(len)
        } else {
            Buffer::lend()
        };
        let (first, second) = self.front(len);
        buffer[..first.len()].copy_from_slice(first);
        buffer[first.len()..len].copy_from_slice(second);
        self.took(len);
        Some(Lease::new(buffer, len))
    }

    /// As many of the oldest messages as fit in `batch`.
    pub(super) fn pop_into(&mut self, batch: &mut sys::Batch) {
        while let Some(&len) = self.lengths.front() {
            let (first, second) = self.front(len);
            if !batch.push(first, second) {
                return;
            }
            self.lengths.pop_front();
            self.took(len);
        }
    }

    fn front(&self, len: usize) -> (&[u8], &[u8]) {
        let (first, second) = self.bytes.as_slices();
        let in_first = len.min(first.len());
        (&first[..in_first], &second[..len - in_first])
    }

    fn took(&mut self, len: usize) {
        self.bytes.drain(..len);
        self.stuck = false;
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            // A peer that sent much once and is quiet now holds no memory.
            self.bytes = VecDeque::new();
        }
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

/// Bytes of memory that an empty inbox keeps at most.
const KEPT: usize = 8 << 10;
