//! What a member is told: one value, written as a line for a terminal or as JSON for a program.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sockeye_model::escape::escape_json;
use sockeye_model::text::{Language, Text};

use super::bus::Why;
use super::words;
use crate::daytime;

/// Something ready to be sent, shared by all who get it. A line ends with LF; a JSON object has no end.
pub type Frame = Arc<[u8]>;

/// How a member is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// In lines.
    Lines,
    /// In JSON objects.
    Json,
}

/// What a member is told. The names of variants and fields are those of the JSON objects.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Told<'a> {
    Entered {
        room: &'a str,
        name: &'a str,
        who: Names<'a>,
        more: usize,
        /// For the first time.
        #[serde(skip)]
        first: bool,
    },
    History {
        room: &'a str,
        messages: Vec<Past<'a>>,
    },
    Message {
        room: &'a str,
        #[serde(flatten)]
        message: Past<'a>,
    },
    Joined {
        room: &'a str,
        name: &'a str,
        at: String,
    },
    Left {
        room: &'a str,
        name: &'a str,
        why: &'static str,
        at: String,
        #[serde(skip)]
        text: Text,
    },
    Renamed {
        room: &'a str,
        was: &'a str,
        name: &'a str,
        at: String,
    },
    Private {
        from: &'a str,
        to: &'a str,
        text: &'a str,
        at: String,
        /// The one who is told has said it.
        #[serde(skip)]
        own: bool,
    },
    Rooms {
        rooms: Vec<RoomRow<'a>>,
        more: usize,
    },
    Who {
        room: &'a str,
        names: Names<'a>,
        more: usize,
    },
    Missed {
        messages: u64,
    },
    Help {
        text: &'a str,
    },
    Error {
        error: &'static str,
        text: String,
    },
    Goodbye {
        why: &'static str,
        text: String,
    },
}

/// One message of a room.
#[derive(Debug, Serialize)]
pub(super) struct Past<'a> {
    pub(super) from: &'a str,
    pub(super) text: &'a str,
    pub(super) at: String,
}

#[derive(Debug, Serialize)]
pub(super) struct RoomRow<'a> {
    pub(super) name: &'a str,
    pub(super) members: usize,
}

pub(super) type Names<'a> = Vec<&'a str>;

impl Told<'_> {
    pub(super) fn frame(&self, tongue: Tongue, language: Language) -> Frame {
        match tongue {
            Tongue::Lines => self.lines(language).into_bytes().into(),
            Tongue::Json => {
                // Maps with texts for keys, and texts: nothing in them can fail.
                let json = serde_json::to_string(self).unwrap_or_default();
                escape_json(&json).as_bytes().into()
            }
        }
    }

    fn lines(&self, language: Language) -> String {
        let mark = |text: Text, places: &[(&str, &dyn Display)]| {
            format!("* {}\n", text.fill(language, places))
        };
        let listed = |list: &[String], more: usize| {
            let list = list.join(", ");
            if more == 0 {
                return list;
            }
            words::AND_MORE.fill(language, &[("list", &list), ("count", &more)])
        };
        let names = |names: &Names<'_>, more| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            listed(&names, more)
        };
        match self {
            Self::Entered {
                room,
                name,
                who,
                more,
                first,
            } => {
                let mut lines = if who.is_empty() {
                    mark(words::YOU_ARE_ALONE, &[("name", name), ("room", room)])
                } else {
                    let names = names(who, *more);
                    let places: [(&str, &dyn Display); 3] =
                        [("name", name), ("room", room), ("names", &names)];
                    mark(words::YOU_ARE, &places)
                };
                if *first {
                    lines += &mark(words::FIRST_WORDS, &[]);
                }
                lines
            }
            Self::History { messages, .. } => {
                let mut lines = mark(words::HISTORY, &[]);
                for Past { from, text, at } in messages {
                    let time = at.get(11..16).unwrap_or_default();
                    lines += &format!("{time}Z {from}: {text}\n");
                }
                lines
            }
            Self::Message { message, .. } => format!("{}: {}\n", message.from, message.text),
            Self::Joined { name, .. } => mark(words::JOINED, &[("name", name)]),
            Self::Left { name, text, .. } => mark(*text, &[("name", name)]),
            Self::Renamed { was, name, .. } => {
                mark(words::RENAMED, &[("was", was), ("name", name)])
            }
            Self::Private {
                from,
                to,
                text,
                own,
                ..
            } => {
                let you = words::YOU.say(language);
                let (from, to) = if *own { (you, *to) } else { (*from, you) };
                format!("[{from} → {to}] {text}\n")
            }
            Self::Rooms { rooms, more } => {
                let row = |room: &RoomRow<'_>| format!("{} {}", room.name, room.members);
                let rows: Vec<String> = rooms.iter().map(row).collect();
                mark(words::ROOMS, &[("rooms", &listed(&rows, *more))])
            }
            Self::Who {
                room, names: who, ..
            } if who.is_empty() => mark(words::NOBODY, &[("room", room)]),
            Self::Who {
                room,
                names: who,
                more,
            } => mark(words::WHO, &[("room", room), ("names", &names(who, *more))]),
            Self::Missed { messages } => mark(words::MISSED, &[("count", messages)]),
            Self::Help { text } => text
                .split(" | ")
                .map(|line| format!("* {line}\n"))
                .collect(),
            Self::Error { text, .. } | Self::Goodbye { text, .. } => format!("* {text}\n"),
        }
    }
}

impl Why {
    /// What it is called in JSON, and what the others in the room are told.
    pub(super) const fn said(self) -> (&'static str, Text) {
        match self {
            Self::Moved => ("moved", words::MOVED),
            Self::Quit => ("quit", words::QUIT),
            Self::Gone => ("gone", words::GONE),
            Self::Behind => ("behind", words::BEHIND),
            Self::Silent => ("silent", words::SILENT),
            Self::Closing => ("closing", words::CLOSING),
        }
    }
}

/// A moment as `2026-11-22T16:43:55.123Z`: the form of [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339), in UTC.
pub(super) fn written(date: SystemTime) -> String {
    let since = date.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = since.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = daytime::date(days);
    let month = month + 1;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_has_it() {
        let date = UNIX_EPOCH + Duration::from_millis(951_782_399_007);
        assert_eq!(written(date), "2000-02-28T23:59:59.007Z");
        assert_eq!(written(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped_in_json_too() {
        let told = Told::Help { text: "a\u{202e}" };
        let frame = told.frame(Tongue::Json, Language::English);
        assert_eq!(&*frame, br#"{"type":"help","text":"a\u202e"}"#);
    }
}
