//! What a walk tells of itself, step by step, and what it comes to.

use std::time::Duration;

use hickory_proto::rr::{Name, Record, RecordType};
use sockeye_model::Errno;

use super::{Lameness, Proof, Referral};
use crate::{NoReply, Question, Server, Transport};

/// One step of a walk.
#[derive(Debug)]
pub enum Step {
    /// A server was asked.
    Asked(Box<Asked>),
    /// No address is known of a server of this zone: it is looked for next, in a walk of its own.
    Fetching {
        /// How deep in walks within walks: 0 for the one that was asked for.
        depth: usize,
        /// The zone that the server is for.
        zone: Name,
        /// The server.
        server: Name,
        /// A for its IPv4 addresses, AAAA for those of IPv6.
        kind: RecordType,
    },
    /// A server can't be asked.
    NotAsked {
        /// As in [`Step::Fetching`].
        depth: usize,
        /// The zone that the server is for.
        zone: Name,
        /// The server.
        server: Name,
        /// Why.
        why: NotAsked,
    },
    /// An alias leads to another name: the walk goes on with that.
    Restart {
        /// As in [`Step::Fetching`].
        depth: usize,
        /// The name it goes on with.
        name: Name,
        /// The deepest zone above that name whose servers are known already.
        zone: Name,
    },
}

/// Why a server could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// To find its address one would have to know its address: the zones name each other's servers.
    Loop,
    /// Its name has no address.
    NoAddress,
    /// Looking for its address failed.
    Failed,
    /// That would be a walk within a walk within a walk too many.
    TooDeep,
    /// Its address is none that can be asked: unspecified, multicast or broadcast.
    Unusable,
}

/// A question, and what came of it.
#[derive(Debug)]
pub struct Asked {
    /// As in [`Step::Fetching`].
    pub depth: usize,
    /// What was asked.
    pub question: Question,
    /// Asked at the end, to learn in which zone the name is.
    pub for_zone: bool,
    /// The zone that the server was asked as a server of.
    pub zone: Name,
    /// The server's name, and its address.
    pub name: Name,
    /// See `name`.
    pub server: Server,
    /// How its address is known.
    pub known: Known,
    /// The answer's facts, when one came.
    pub reply: Option<Facts>,
    /// What it means.
    pub said: Said,
}

/// How a server's address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// From the hints that the walk began with.
    Hint,
    /// It came along with the referral.
    Glue,
    /// It was looked for in a walk of its own.
    Fetched,
}

/// Facts about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// From the question to the answer.
    pub took: Duration,
    /// What it came over.
    pub transport: Transport,
    /// Its length, in bytes.
    pub size: usize,
    /// It did not fit over UDP.
    pub was_cut: bool,
    /// It was given without EDNS: the server does not know it, or was silent when it was asked with it.
    pub without_edns: bool,
    /// The server speaks for this zone (AA).
    pub authoritative: bool,
    /// Datagrams that came meanwhile and were no answer to the question.
    pub strays: u32,
}

/// What a server said, as far as it is believed.
#[derive(Debug)]
pub enum Said {
    /// The records, perhaps behind aliases.
    Answer {
        /// The aliases, in order.
        aliases: Vec<Record>,
        /// The records.
        records: Vec<Record>,
    },
    /// Aliases that lead on.
    Alias {
        /// The aliases, in order.
        aliases: Vec<Record>,
        /// The name they lead to.
        name: Name,
    },
    /// Ask others.
    Referral(Referral),
    /// The name has no such record.
    NoData(Proof),
    /// There is no such name.
    NoSuchName(Proof),
    /// Nothing to go by.
    Lame(Lameness),
    /// Nothing at all.
    Nothing(NoReply),
}

/// What a walk came to.
#[derive(Debug)]
pub struct Walked {
    /// What was asked.
    pub question: Question,
    /// How it ended.
    pub outcome: Outcome,
    /// The aliases that were followed, in order; also where they lead nowhere.
    pub aliases: Vec<Record>,
    /// The records that were asked for.
    pub records: Vec<Record>,
    /// The zone that the last name is in, where a server has said so.
    pub zone: Option<Name>,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// How many questions were put to servers.
    pub asked: u32,
    /// How long it took.
    pub took: Duration,
}

/// How a walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With the records.
    Answered,
    /// The name exists and has no record of this type.
    NoData(Proof),
    /// The name does not exist.
    NoSuchName(Proof),
    /// Without an answer: a resolver says SERVFAIL to this.
    Failed(Stuck),
}

/// Why a walk could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// No server of this zone gave an answer in time.
    Silent(Name),
    /// No server of this zone can be reached.
    Unreachable(Name, Errno),
    /// The servers of this zone that answered are of no use for it.
    NoServerHelped(Name),
    /// No server of this zone has an address that can be found.
    NoAddress(Name),
    /// Aliases lead back to this name.
    AliasLoop(Name),
    /// More aliases than are followed.
    TooManyAliases,
    /// The DNAME at this name makes a name of more than 255 bytes (YXDOMAIN, RFC 6672 section 2.2).
    AliasTooLong(Name),
    /// More questions than are asked for one walk.
    TooManyQuestions,
    /// The time for the whole walk is over; this zone's servers were being asked.
    OutOfTime(Name),
}
