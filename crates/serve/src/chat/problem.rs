//! Why something that a member asked for is not done: a code for programs and a sentence for people.

use std::fmt::Display;

use sockeye_model::text::{Language, Text};

use super::ask::TYPES;
use super::limits::{ChatLimits, NAME_CHARACTERS};
use super::name::BadName;
use super::words;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Somebody else has this name.
    NameTaken(String),
    /// It can't be a name.
    BadName(BadName),
    /// Nobody has this name.
    NoMember(String),
    /// A private message needs a text.
    NoText,
    /// They are in this room already.
    HereAlready(String),
    /// There are as many rooms as there may be.
    RoomsFull,
    /// There are as many members as there may be.
    Full,
    /// The server is ending.
    Closing,
    /// The message is too long.
    TooLong,
    /// No such command, as it may be shown.
    NoCommand(String),
    /// A request of HTTP.
    Http,
    /// No JSON object.
    NotJson,
    /// No such type of object, as it may be shown.
    NoType(String),
    /// This type needs that field, a text; of no type, it is the type that is missing.
    NoField(&'static str, &'static str),
}

impl Problem {
    /// What it is called in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameTaken(_) => "name-taken",
            Self::BadName(_) => "bad-name",
            Self::NoMember(_) => "no-member",
            Self::NoText => "no-text",
            Self::HereAlready(_) => "here-already",
            Self::RoomsFull => "rooms-full",
            Self::Full => "full",
            Self::Closing => "closing",
            Self::TooLong => "too-long",
            Self::NoCommand(_) => "no-command",
            Self::Http => "http",
            Self::NotJson => "not-json",
            Self::NoType(_) => "no-type",
            Self::NoField(..) => "no-field",
        }
    }

    /// The sentence.
    pub fn say(&self, language: Language, limits: &ChatLimits) -> String {
        let fill = |text: Text, places: &[(&str, &dyn Display)]| text.fill(language, places);
        match self {
            Self::NameTaken(name) => fill(words::NAME_TAKEN, &[("name", name)]),
            Self::BadName(BadName::Empty) => fill(words::NAME_EMPTY, &[("max", &NAME_CHARACTERS)]),
            Self::BadName(BadName::Long) => fill(words::NAME_LONG, &[("max", &NAME_CHARACTERS)]),
            Self::BadName(BadName::Invisible) => fill(words::NAME_INVISIBLE, &[]),
            Self::BadName(BadName::Reserved(character)) => {
                fill(words::NAME_RESERVED, &[("character", character)])
            }
            Self::NoMember(name) => fill(words::NO_MEMBER, &[("name", name)]),
            Self::NoText => fill(words::NO_TEXT, &[]),
            Self::HereAlready(room) => fill(words::HERE_ALREADY, &[("room", room)]),
            Self::RoomsFull => fill(words::ROOMS_FULL, &[("max", &limits.rooms)]),
            Self::Full => fill(words::FULL, &[("max", &limits.members)]),
            Self::Closing => fill(words::BYE_CLOSING, &[]),
            Self::TooLong => fill(words::TOO_LONG, &[("max", &limits.text)]),
            Self::NoCommand(command) => fill(words::NO_COMMAND, &[("command", command)]),
            Self::Http => fill(words::HTTP, &[]),
            Self::NotJson => fill(words::NOT_JSON, &[]),
            Self::NoType(kind) => fill(words::NO_TYPE, &[("type", kind), ("known", &TYPES)]),
            Self::NoField("", _) => fill(words::NO_KIND, &[("known", &TYPES)]),
            Self::NoField(kind, field) => {
                fill(words::NO_FIELD, &[("type", kind), ("field", field)])
            }
        }
    }
}

impl From<BadName> for Problem {
    fn from(bad: BadName) -> Self {
        Self::BadName(bad)
    }
}
