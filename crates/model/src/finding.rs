//! A mistake that the calls of a program prove, a risk they show, or something good to know.

use std::borrow::Cow;
use std::time::Duration;

use crate::text::Text;
use crate::{Call, Caller, Errno, Place, SocketAddress, SocketId};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// `i`: good to know. Never makes a check fail.
    Hint,
    /// `!`: it will bite.
    Risk,
    /// `✗`: it happened.
    Mistake,
}

impl Weight {
    /// Its sign: `i`, `!` or `✗`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Hint => "i",
            Self::Risk => "!",
            Self::Mistake => "✗",
        }
    }

    /// Its word in JSON: `hint`, `risk` or `mistake`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Risk => "risk",
            Self::Mistake => "mistake",
        }
    }
}

/// What stands in a place of a [`Saying`]; written in the reader's language by whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes: `1,024 B`.
    Bytes(u64),
    /// A number of things.
    Count(u64),
    /// How long.
    Time(Duration),
    /// A call, by its name.
    Call(Call),
    /// An error, by its name.
    Errno(Errno),
    /// A socket, by its number.
    Socket(SocketId),
    /// An address.
    Address(SocketAddress),
    /// A line of the program.
    Place(Place<'static>),
    /// A name from outside, such as a path or a process: escaped when it is shown.
    Name(String),
    /// A word of the sockets API, the same in every language.
    Word(Cow<'static, str>),
    /// Words that are translated.
    Text(Text),
}

/// A sentence in both languages with what stands in its places.
///
/// ```
/// use sockeye_model::{Saying, Value, text::Text};
/// const UNREAD: Text = Text::new("{unread} were not read", "{unread} sin leer");
/// let saying = Saying::of(UNREAD).with("unread", Value::Bytes(18));
/// assert_eq!(saying.places.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// The sentence.
    pub text: Text,
    /// The names of its places, and what stands there.
    pub places: Vec<(&'static str, Value)>,
}

impl Saying {
    /// A sentence without places, or whose places follow.
    pub const fn of(text: Text) -> Self {
        Self {
            text,
            places: Vec::new(),
        }
    }

    /// Fills one place.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.places.push((name, value));
        self
    }
}

/// One finding, at one place of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id: `S09`.
    pub rule: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// The socket it is about; [`SocketId::NONE`] where it is about none.
    pub socket: SocketId,
    /// The process and thread whose call it is.
    pub by: Option<Caller>,
    /// The line to correct, where it is known.
    pub place: Option<Place<'static>>,
    /// How often it happened at this place, and of how many chances where that can be said: `2 of 2 connections`.
    pub times: u64,
    /// It was told before, and only how often is new.
    pub again: bool,
    /// A few words, for the line of the call that showed it.
    pub short: Saying,
    /// What happened.
    pub happened: Saying,
    /// Why that is so; what the kernel does.
    pub why: Saying,
    /// The correction, in the program's own language where that is known.
    pub fix: Saying,
}
