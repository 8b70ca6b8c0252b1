//! What a server of messages keeps at most, and what it could not keep.

use std::time::Duration;

/// The bounds of a server's sessions. None of them is infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions at once.
    pub sessions: usize,
    /// What happens to a new peer when all are taken.
    pub when_full: WhenFull,
    /// How long a session may be quiet, in both directions, before it ends.
    pub idle: Duration,
    /// Messages that may wait for one session's reader.
    pub queued_messages: usize,
    /// Bytes that may wait for one session's reader; a single longer message is still taken when none waits.
    pub queued_bytes: usize,
}

/// What happens to a new peer when all sessions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The session that was quiet the longest ends.
    EndOldest,
    /// The new peer's messages are dropped: one conversation at a time.
    RefuseNew,
}

impl Default for SessionLimits {
    /// 1024 sessions, the oldest out; 60 s of silence; 1024 messages or 256 KiB waiting in each.
    fn default() -> Self {
        Self {
            sessions: 1024,
            when_full: WhenFull::EndOldest,
            idle: Duration::from_secs(60),
            queued_messages: 1024,
            queued_bytes: 256 << 10,
        }
    }
}

/// Messages that were not passed on, by reason; each was said as an event too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// "Port unreachable", or another ICMP error, came back.
    pub refused: u64,
    /// A session's queue was full.
    pub queue_full: u64,
    /// All sessions were taken.
    pub too_many_sessions: u64,
    /// They could have been answered for ever: [`would_loop`](super::would_loop).
    pub would_loop: u64,
    /// The kernel did not take them for another reason; a `Failed` event has it.
    pub unsent: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.refused + self.queue_full + self.too_many_sessions + self.would_loop + self.unsent
    }
}
