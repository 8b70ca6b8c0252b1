//! What a chat keeps at most; each of them is printed by `--show-limits`.

use std::time::Duration;

/// The bounds of a chat. None of them is infinite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLimits {
    /// Members at once, in all rooms.
    pub members: usize,
    /// Rooms at once.
    pub rooms: usize,
    /// The longest message, bytes as it was sent.
    pub text: usize,
    /// Messages that a room keeps for whoever comes later.
    pub history_messages: usize,
    /// Bytes of text and names of them.
    pub history_bytes: usize,
    /// Messages that may wait to be sent to one member; later ones are left out, counted and told.
    pub queued_messages: usize,
    /// Bytes of them; a single longer one is still taken when none waits.
    pub queued_bytes: usize,
    /// How long a member that fell behind may take to receive all that waits for it, before it is dropped.
    pub behind: Duration,
    /// Messages and commands of one member that are heard at once.
    pub burst: u32,
    /// The pause between two, once that many came at once: what comes sooner waits.
    pub pace: Duration,
    /// How long a member that speaks in datagrams may say nothing; such a peer can vanish without a word.
    pub silent: Duration,
    /// Comings and goings are told in rooms of no more members than this.
    pub told_members: usize,
    /// Names, or rooms, that one list shows.
    pub listed: usize,
}

impl ChatLimits {
    /// What `sockeye serve chat` keeps to.
    pub const USUAL: Self = Self {
        members: 16_384,
        rooms: 1_024,
        text: 4 << 10,
        history_messages: 50,
        history_bytes: 64 << 10,
        queued_messages: 512,
        queued_bytes: 256 << 10,
        behind: Duration::from_secs(10),
        burst: 200,
        pace: Duration::from_millis(20),
        silent: Duration::from_secs(600),
        told_members: 256,
        listed: 100,
    };

    /// The longest line, or JSON object, that is read: a message whose every character is written as `\uXXXX`, and what
    /// is around it.
    pub const fn input(&self) -> usize {
        self.text * 6 + 256
    }
}

impl Default for ChatLimits {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The most characters of a member's or a room's name.
pub const NAME_CHARACTERS: usize = 32;
