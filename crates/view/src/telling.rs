//! What one event says, in words: the name of the call, the fact, and the reasons that belong to it.
//!
//! Narration and diagram both take their words from here, so they cannot disagree; they differ in where they put them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Display;

use sockeye_model::{Call, Event, SocketAddress, SocketId, Timestamp};

use crate::catalogue::{Language, Text};
use crate::layout::glued;

mod asides;
mod calls;
mod layers;
mod lifecycle;
mod notes;
mod programs;
mod sockets;
mod summary;
mod transfers;

pub(crate) use asides::{Worth, worth};
pub(crate) use layers::{Agreed, is_beneath};
pub(crate) use programs::{NAME as WHO, Programs, program_name};
pub(crate) use sockets::{Known, Sockets, Transport, waits_to_receive};
pub(crate) use summary::Summary;

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Away from this socket.
    Out,
    /// To this socket.
    In,
}

/// Whether a line is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing to remark.
    Plain,
    /// Something was lost, and nobody else will say so.
    Loss,
    /// A call failed.
    Failure,
}

/// A reason: its text is its identity, its words are filled in.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) text: Text,
    pub(crate) words: Cow<'static, str>,
}

/// What an event says.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// When.
    pub(crate) at: Timestamp,
    /// Whose call it was: for `accept`, the listener's.
    pub(crate) socket: SocketId,
    /// The call, or the word for what is none.
    pub(crate) name: Cow<'static, str>,
    /// For bytes that moved.
    pub(crate) way: Option<Way>,
    /// The fact itself.
    pub(crate) fact: String,
    /// Whom to or whom from, where the call said so.
    pub(crate) peer: Option<String>,
    /// What follows it: how long it took or waited.
    pub(crate) more: Vec<String>,
    /// Why.
    pub(crate) reasons: Vec<Reason>,
    /// Good or bad.
    pub(crate) mark: Mark,
    /// The call that parked, for a wait.
    pub(crate) wait: Option<Call>,
    /// It belongs to the line above, and has no time of its own.
    pub(crate) below: bool,
    /// It throws the connection away.
    pub(crate) resets: bool,
    /// The line of the program that made the call, where it is known: `:7` in the file that the heading names, else `lib.py:7`.
    pub(crate) place: Option<String>,
}

impl Told {
    pub(crate) fn new(
        event: &Event<'_>,
        name: impl Into<Cow<'static, str>>,
        fact: impl Into<String>,
    ) -> Self {
        Self {
            at: event.at,
            socket: event.socket,
            name: name.into(),
            way: None,
            fact: fact.into(),
            peer: None,
            more: Vec::new(),
            reasons: Vec::new(),
            mark: Mark::Plain,
            wait: None,
            below: false,
            resets: false,
            place: None,
        }
    }

    pub(crate) fn because(mut self, text: Text, language: Language) -> Self {
        self.reasons.push(Reason {
            text,
            words: text.say(language).into(),
        });
        self
    }

    pub(crate) fn because_of(
        mut self,
        text: Text,
        language: Language,
        places: &[(&str, &dyn Display)],
    ) -> Self {
        self.reasons.push(Reason {
            text,
            words: text.fill(language, places).into(),
        });
        self
    }

    pub(crate) fn more(mut self, more: impl Into<String>) -> Self {
        self.more.push(glued(&more.into()));
        self
    }

    pub(crate) fn way(mut self, way: Way) -> Self {
        self.way = Some(way);
        self
    }

    pub(crate) fn below(mut self) -> Self {
        self.below = true;
        self
    }

    pub(crate) fn mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }

    /// The fact with all that follows it.
    pub(crate) fn whole_fact(&self) -> String {
        let mut whole = self.fact.clone();
        for more in self.peer.iter().chain(&self.more) {
            if !whole.is_empty() {
                whole.push_str("  ");
            }
            whole.push_str(more);
        }
        whole
    }
}

/// When reasons are given beside the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reasons {
    /// Each once a session: after that it is known.
    #[default]
    Once,
    /// Each time.
    All,
    /// Never.
    None,
}

/// The reasons that were given already. Bounded: there are only so many texts.
#[derive(Debug)]
pub(crate) struct Said {
    policy: Reasons,
    texts: HashSet<&'static str>,
}

impl Said {
    pub(crate) fn new(policy: Reasons) -> Self {
        Self {
            policy,
            texts: HashSet::new(),
        }
    }

    /// Whether a reason would be given now.
    pub(crate) fn would_say(&self, reason: Text) -> bool {
        match self.policy {
            Reasons::None => false,
            Reasons::All => true,
            Reasons::Once => !self.texts.contains(reason.english),
        }
    }

    /// Whether calls beneath a layer are shown: beside what the layer tells they are noise.
    pub(crate) fn tells_beneath(&self) -> bool {
        self.policy == Reasons::All
    }

    /// The words of those reasons that are still to be said, and remembers that they were.
    pub(crate) fn select(&mut self, reasons: Vec<Reason>) -> Vec<String> {
        let unsaid = self.unsaid(reasons).into_iter();
        unsaid.map(|reason| reason.words.into_owned()).collect()
    }

    /// Those reasons that are still to be said, and remembers that they were.
    pub(crate) fn unsaid(&mut self, mut reasons: Vec<Reason>) -> Vec<Reason> {
        reasons.retain(|reason| match self.policy {
            Reasons::None => false,
            Reasons::All => true,
            Reasons::Once => self.texts.insert(reason.text.english),
        });
        reasons
    }
}

/// Turns events into words, remembering of each socket what later events need.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) language: Language,
    pub(crate) ascii: bool,
    /// Columns that a preview of data may take.
    pub(crate) preview: usize,
    pub(crate) sockets: Sockets,
    pub(crate) programs: Programs,
    /// What is told is another program's.
    pub(crate) traced: bool,
}

impl Teller {
    pub(crate) fn new(language: Language, ascii: bool, preview: usize) -> Self {
        Self {
            language,
            ascii,
            preview,
            sockets: Sockets::default(),
            programs: Programs::default(),
            traced: false,
        }
    }

    /// What `event` says. Remembers it.
    pub(crate) fn tell(&mut self, event: &Event<'_>) -> Told {
        self.traced |= event.by.is_some();
        let mut told = self.words(event);
        told.place = self.programs.place_of(event);
        self.sockets.after(event);
        self.programs.after(event);
        told
    }

    pub(crate) fn fill(&self, text: Text, places: &[(&str, &dyn Display)]) -> String {
        text.fill(self.language, places)
    }

    pub(crate) fn say(&self, text: Text) -> &'static str {
        text.say(self.language)
    }

    /// An address as a line shows it; control characters are escaped by its own `Display`, the rest here.
    pub(crate) fn address(&self, address: &SocketAddress) -> String {
        self.name(&address.to_string())
    }

    /// A name from outside, made harmless.
    pub(crate) fn name(&self, name: &str) -> String {
        if self.ascii && !name.is_ascii() {
            return crate::escape::escape_line_ascii(name.as_bytes());
        }
        crate::escape::escape_name(name).into_owned()
    }
}
