//! Whoever is told of events: every view is a [`Sink`], and sinks compose.

use std::io;
use std::ops::BitOr;

use crate::{Event, Tally, Timestamp};

/// What a sink needs to be told; a fast path is chosen by what nobody wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wants(u8);

impl Wants {
    /// Nothing at all: no view is on.
    pub const NOTHING: Self = Self(0);
    /// Births, ends, waits, failures; sends and receives may be summed up.
    pub const LIFECYCLE: Self = Self(1);
    /// Each send and receive as one event, with its size.
    pub const EACH_IO: Self = Self(3);
    /// And the bytes of each.
    pub const BYTES: Self = Self(7);

    /// Whether all that `other` asks for is asked for here too.
    pub const fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The number behind it, for an atomic.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From the number behind it; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }
}

impl BitOr for Wants {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Whether a sink goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Send the next.
    Continue,
    /// It has seen all it needs.
    Stop,
}

/// A fold over the stream of events. It writes where it was told to, and reads no clock.
pub trait Sink: Send {
    /// What it needs; asked before the first event, and again each time it has been told something and flushed. From
    /// nothing it does not come back.
    fn wants(&self) -> Wants {
        Wants::LIFECYCLE
    }

    /// The next event, in the order of time.
    ///
    /// # Errors
    /// Whatever writing gave. A sink that fails is told no more; the data goes on.
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow>;

    /// Time passes and nothing happens: a moment to redraw a counter. Only called where output is a terminal.
    ///
    /// # Errors
    /// As for [`Sink::event`].
    fn tick(&mut self, _now: Timestamp) -> io::Result<()> {
        Ok(())
    }

    /// All that was queued has been told: a moment to flush.
    ///
    /// # Errors
    /// As for [`Sink::event`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// The session is over: the summary.
    ///
    /// # Errors
    /// As for [`Sink::event`].
    fn finish(&mut self, _tally: &Tally) -> io::Result<()> {
        Ok(())
    }
}

impl<A: Sink, B: Sink> Sink for (A, B) {
    fn wants(&self) -> Wants {
        self.0.wants() | self.1.wants()
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let first = self.0.event(event)?;
        let second = self.1.event(event)?;
        Ok(if first == Flow::Stop && second == Flow::Stop {
            Flow::Stop
        } else {
            Flow::Continue
        })
    }

    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        self.0.tick(now)?;
        self.1.tick(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        self.0.finish(tally)?;
        self.1.finish(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wants_bytes_wants_each_send_too() {
        assert!(Wants::BYTES.include(Wants::EACH_IO));
        assert!(!Wants::LIFECYCLE.include(Wants::EACH_IO));
        assert_eq!(Wants::LIFECYCLE | Wants::BYTES, Wants::BYTES);
    }
}
