//! A message while it comes: in one stretch of memory, which grows with what has come and not with what was announced.

use crate::buffer::{Buffer, Lease};

/// The bytes of a message so far.
#[derive(Default)]
pub(crate) struct Assembly {
    buffer: Option<Buffer>,
    len: usize,
}

impl Assembly {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.as_ref().map_or(0, |buffer| buffer.len())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => &buffer[HEADROOM..HEADROOM + self.len],
            None => &[],
        }
    }

    /// Room for at least so many more bytes, and as much as there is.
    pub(crate) fn room(&mut self, more: usize) -> &mut [u8] {
        let used = HEADROOM + self.len;
        let needed = used + more;
        if self
            .buffer
            .as_ref()
            .is_none_or(|buffer| buffer.len() < needed)
        {
            let size = match &self.buffer {
                Some(buffer) => needed.max(2 * buffer.len()),
                None => needed,
            };
            let mut larger = Buffer::lend_at_least(size);
            if let Some(buffer) = &self.buffer {
                larger[HEADROOM..used].copy_from_slice(&buffer[HEADROOM..used]);
            }
            self.buffer = Some(larger);
        }
        match &mut self.buffer {
            Some(buffer) => &mut buffer[used..],
            None => &mut [],
        }
    }

    /// So many bytes have been put into [`Self::room`].
    pub(crate) fn filled(&mut self, more: usize) {
        self.len += more;
    }

    /// The message, and this is empty again.
    pub(crate) fn take(&mut self) -> Lease {
        let buffer = self.buffer.take().unwrap_or_else(Buffer::lend);
        let len = std::mem::take(&mut self.len);
        Lease::within(buffer, HEADROOM..HEADROOM + len)
    }
}

impl std::fmt::Debug for Assembly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assembly({} B)", self.len)
    }
}

/// What is left free in front, so that the message can be sent on behind a header of its own.
const HEADROOM: usize = 16;
