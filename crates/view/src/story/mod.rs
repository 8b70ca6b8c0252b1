//! A whole session as a picture that is drawn once it is over: lanes, steps with their arrows, the life of each socket.
//!
//! The page and the mermaid text are both written from this, so they show the same. What is kept is bounded: so many events,
//! so many bytes of what they carried; how many are left out is said.

use std::time::Duration;

use sockeye_model::{Call, Finding, SocketId, Tally, Timestamp, Totals};

use crate::catalogue::Language;
use crate::telling::{Mark, Way};

mod at_the_end;
mod cast;
mod kept;
mod lives;
mod script;
mod sorted;
mod steps;

pub(crate) use at_the_end::AtTheEnd;
pub(crate) use kept::Data;
use kept::Kept;
pub use kept::{ALL_BYTES, SHOWN_BYTES};

/// A session, ready to be drawn.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) steps: Vec<Step>,
    pub(crate) lives: Vec<Life>,
    /// Sockets whose life is not drawn.
    pub(crate) lives_left_out: usize,
    pub(crate) findings: Vec<Found>,
    /// What the calls carried, by the numbers in their cells.
    pub(crate) data: Vec<Data>,
    /// Events that are not in it.
    pub(crate) left_out: u64,
    /// Sockets in all, and what all of them moved; also of events that are left out.
    pub(crate) sockets: usize,
    pub(crate) totals: Totals,
    /// When the last of its events was over.
    pub(crate) until: Timestamp,
    /// Whether it went well, and the figures in phrases, as narration's last line has them.
    pub(crate) well: bool,
    pub(crate) phrases: Vec<String>,
}

impl Story {
    /// The story of what was kept.
    pub(crate) fn of(kept: Kept, tally: &Tally, language: Language) -> Self {
        script::story(kept, tally, language)
    }
}

/// A lifeline: a process, an end, or somebody who is only known by an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) name: String,
    /// What is known besides: its pid.
    pub(crate) detail: Option<String>,
    /// Its calls are in this session.
    pub(crate) ours: bool,
}

/// One row of the sequence.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) at: Timestamp,
    /// The silence before it, where it was long.
    pub(crate) gap: Option<Gap>,
    /// What was called, by one end or by both.
    pub(crate) cells: Vec<Cell>,
    pub(crate) arrow: Option<Arrow>,
}

/// A time in which nothing happened.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) lasted: Duration,
    /// Who waited in which call.
    pub(crate) waits: Vec<(usize, SocketId, Call)>,
}

/// One call, or a note, in the words of narration.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) lane: usize,
    pub(crate) socket: SocketId,
    pub(crate) name: String,
    pub(crate) way: Option<Way>,
    pub(crate) fact: String,
    pub(crate) more: Vec<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) mark: Mark,
    /// The line of the program.
    pub(crate) place: Option<String>,
    /// What it carried, in [`Story::data`].
    pub(crate) data: Option<usize>,
    /// What it proves, in [`Story::findings`].
    pub(crate) findings: Vec<usize>,
    pub(crate) shape: Shape,
    /// How often it happened in a row.
    pub(crate) times: u64,
}

/// The mark of a cell on its lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A call.
    Dot,
    /// It listens, or has a name of its own from here on.
    Named,
    /// A new socket.
    Born,
    /// A socket is gone.
    Gone,
    /// A call failed.
    Failed,
    /// No call: a process, a note.
    Note,
    /// What follows belongs together: the title of a part.
    Title,
}

/// What goes from one lane to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrow {
    pub(crate) kind: ArrowKind,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrowKind {
    /// Bytes or a message.
    Data,
    /// "I will send no more."
    End,
    /// Both ends are joined.
    Connection,
    /// The connection is thrown away, or something was refused.
    Thrown,
    /// A process makes another.
    Birth,
}

/// A finding, and the step that shows it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(crate) step: Option<usize>,
}

/// The life of one socket, for the timeline.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) socket: SocketId,
    /// What it is and whom it talks to.
    pub(crate) label: String,
    /// The process or end that it belongs to, where there are several.
    pub(crate) owner: Option<String>,
    pub(crate) born: Timestamp,
    /// The step that shows its birth, if there is one.
    pub(crate) step: usize,
    /// When it was closed; `None` when it was still open at the end.
    pub(crate) gone: Option<Timestamp>,
    pub(crate) listens: bool,
    pub(crate) waits: Vec<Wait>,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) totals: Totals,
}

/// A call that could not go on at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) call: Call,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Something in the life of a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick {
    pub(crate) at: Timestamp,
    pub(crate) kind: TickKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TickKind {
    /// So many bytes went out.
    Sent(u64),
    /// So many came in.
    Received(u64),
    /// A connection was accepted.
    Accepted,
    /// This end will send no more.
    End,
    /// The other end will.
    PeerEnd,
    /// A call failed.
    Failed,
}
