//! The figures of a whole session, for the summary at its end.

use std::time::Duration;

use crate::Totals;

/// What a session came to. Kept by whoever runs it, so that a summary is true even when a view fell behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How long it lasted.
    pub lasted: Duration,
    /// Bytes and calls of all conversations.
    pub totals: Totals,
    /// Conversations that began.
    pub conversations: u64,
    /// Conversations that did not end cleanly.
    pub failed: u64,
    /// Events that no view showed, because it was too slow.
    pub unshown: u64,
}
