//! What a member asks for, read from a line or from a JSON object.

use std::borrow::Cow;

use serde_json::{Map, Value};
use sockeye_model::escape::{escape_message, preview};

use super::problem::Problem;

/// What a member asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// Nothing: an empty line.
    Nothing,
    /// Say this to the room; it can be shown anywhere as it is.
    Say(Cow<'a, str>),
    /// Be called so from now on.
    Name(Cow<'a, str>),
    /// Go to this room.
    Join(Cow<'a, str>),
    /// Go back to the first room.
    Leave,
    /// Which rooms are there?
    Rooms,
    /// Who is in this room, or in one's own?
    Who(Option<Cow<'a, str>>),
    /// Say this to one member alone.
    Private(Cow<'a, str>, Cow<'a, str>),
    /// What can be asked for?
    Help,
    /// Leave.
    Quit,
}

impl<'a> Ask<'a> {
    /// Reads one line, without its end; a CR before it is taken for a part of the end.
    ///
    /// # Errors
    /// What is wrong with it; `longest` is the most bytes of a message.
    pub fn of_line(line: &'a [u8], longest: usize) -> Result<Self, Problem> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if is_http(line) {
            return Err(Problem::Http);
        }
        let Some(command) = line.strip_prefix(b"/") else {
            return say(line, longest);
        };
        if command.starts_with(b"/") {
            return say(command, longest);
        }
        let end = command.iter().position(u8::is_ascii_whitespace);
        let (word, rest) = command.split_at(end.unwrap_or(command.len()));
        let rest = rest.trim_ascii();
        let name = || name(rest);
        Ok(match word {
            b"name" | b"nick" => Self::Name(name()),
            b"join" => Self::Join(name()),
            b"leave" => Self::Leave,
            b"rooms" => Self::Rooms,
            b"who" if rest.is_empty() => Self::Who(None),
            b"who" => Self::Who(Some(name())),
            b"msg" => {
                let end = rest.iter().position(u8::is_ascii_whitespace);
                let (to, text) = rest.split_at(end.unwrap_or(rest.len()));
                let text = text.trim_ascii();
                if text.is_empty() {
                    return Err(Problem::NoText);
                }
                check_length(text, longest)?;
                Self::Private(self::name(to), escape_message(text))
            }
            b"help" => Self::Help,
            b"quit" => Self::Quit,
            _ => {
                let mut command = vec![b'/'];
                command.extend_from_slice(word);
                return Err(Problem::NoCommand(preview(&command, SHOWN, false)));
            }
        })
    }

    /// Reads one JSON object.
    ///
    /// # Errors
    /// What is wrong with it; `longest` is the most bytes of a message.
    pub fn of_json(json: &'a [u8], longest: usize) -> Result<Self, Problem> {
        let Ok(Value::Object(object)) = serde_json::from_slice(json) else {
            return Err(Problem::NotJson);
        };
        let Some(kind) = object.get("type").and_then(Value::as_str) else {
            return Err(Problem::NoField("", "type"));
        };
        Ok(match kind {
            "message" => return say_owned(text_of(&object, "message", "text")?, longest),
            "name" => Self::Name(text_of(&object, "name", "name")?.to_owned().into()),
            "join" => Self::Join(text_of(&object, "join", "room")?.to_owned().into()),
            "leave" => Self::Leave,
            "rooms" => Self::Rooms,
            "who" => match object.get("room") {
                None | Some(Value::Null) => Self::Who(None),
                Some(_) => Self::Who(Some(text_of(&object, "who", "room")?.to_owned().into())),
            },
            "private" => {
                let to = text_of(&object, "private", "to")?.to_owned();
                let text = text_of(&object, "private", "text")?;
                check_length(text.as_bytes(), longest)?;
                if text.trim().is_empty() {
                    return Err(Problem::NoText);
                }
                let text = escape_message(text.as_bytes()).into_owned();
                Self::Private(to.into(), text.into())
            }
            "help" => Self::Help,
            "quit" => Self::Quit,
            _ => return Err(Problem::NoType(preview(kind.as_bytes(), SHOWN, false))),
        })
    }
}

/// The types of objects that a member may send.
pub(super) const TYPES: &str = "message, name, join, leave, rooms, who, private, help, quit";

fn say(text: &[u8], longest: usize) -> Result<Ask<'_>, Problem> {
    check_length(text, longest)?;
    if text.trim_ascii().is_empty() {
        return Ok(Ask::Nothing);
    }
    Ok(Ask::Say(escape_message(text)))
}

fn say_owned(text: &str, longest: usize) -> Result<Ask<'static>, Problem> {
    Ok(match say(text.as_bytes(), longest)? {
        Ask::Say(text) => Ask::Say(text.into_owned().into()),
        _ => Ask::Nothing,
    })
}

fn check_length(text: &[u8], longest: usize) -> Result<(), Problem> {
    if text.len() > longest {
        return Err(Problem::TooLong);
    }
    Ok(())
}

/// A name as it was typed, with `#` before a room's left out; what is no UTF-8 has characters that no name has.
fn name(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"#").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(name) => name.into(),
        Err(_) => "\u{0}".into(),
    }
}

fn text_of<'v>(
    object: &'v Map<String, Value>,
    kind: &'static str,
    field: &'static str,
) -> Result<&'v str, Problem> {
    let text = object.get(field).and_then(Value::as_str);
    text.ok_or(Problem::NoField(kind, field))
}

/// The first line of a request of HTTP/1: what a page in a browser can send to any port of this machine must not be said
/// in a room.
fn is_http(line: &[u8]) -> bool {
    line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0")
}

/// Columns of what was typed that an answer repeats.
const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: &str) -> Result<Ask<'_>, Problem> {
        Ask::of_line(line.as_bytes(), 10)
    }

    #[test]
    fn a_line_without_a_slash_is_a_message() {
        assert_eq!(line("hola\r"), Ok(Ask::Say("hola".into())));
        assert_eq!(line("//who"), Ok(Ask::Say("/who".into())));
        assert_eq!(line(" \t"), Ok(Ask::Nothing));
        assert_eq!(line(""), Ok(Ask::Nothing));
        assert_eq!(
            line("\u{1b}[2J\t\u{202e}"),
            Ok(Ask::Say("\\x1b[2J\t\\u{202e}".into()))
        );
        assert_eq!(line("0123456789"), Ok(Ask::Say("0123456789".into())));
        assert_eq!(line("0123456789a"), Err(Problem::TooLong));
    }

    #[test]
    fn a_line_with_a_slash_is_a_command() {
        assert_eq!(line("/name  ana "), Ok(Ask::Name("ana".into())));
        assert_eq!(line("/join #rust"), Ok(Ask::Join("rust".into())));
        assert_eq!(line("/who"), Ok(Ask::Who(None)));
        assert_eq!(line("/who rust"), Ok(Ask::Who(Some("rust".into()))));
        assert_eq!(
            line("/msg ben  hi you"),
            Ok(Ask::Private("ben".into(), "hi you".into()))
        );
        assert_eq!(line("/msg ben"), Err(Problem::NoText));
        assert_eq!(line("/msg ben 0123456789a"), Err(Problem::TooLong));
        assert_eq!(line("/nam ana"), Err(Problem::NoCommand("/nam".to_owned())));
        assert_eq!(line("/"), Err(Problem::NoCommand("/".to_owned())));
        assert_eq!(line("/quit\r"), Ok(Ask::Quit));
    }

    #[test]
    fn a_request_of_http_is_no_message() {
        assert_eq!(line("POST / HTTP/1.1\r"), Err(Problem::Http));
    }

    #[test]
    fn an_object_says_by_its_type_what_it_is() {
        let json = |json: &'static str| Ask::of_json(json.as_bytes(), 10);
        assert_eq!(
            json(r#"{"type":"message","text":"/who"}"#),
            Ok(Ask::Say("/who".into()))
        );
        assert_eq!(
            json(r#"{"type":"message","text":"a\nb\u001b"}"#),
            Ok(Ask::Say("a\\nb\\x1b".into()))
        );
        assert_eq!(
            json(r#"{"type":"private","to":"ben","text":"hi","more":[1]}"#),
            Ok(Ask::Private("ben".into(), "hi".into()))
        );
        assert_eq!(json(r#"{"type":"who","room":null}"#), Ok(Ask::Who(None)));
        assert_eq!(
            json(r#"{"type":"shout"}"#),
            Err(Problem::NoType("shout".to_owned()))
        );
        assert_eq!(
            json(r#"{"type":"name"}"#),
            Err(Problem::NoField("name", "name"))
        );
        assert_eq!(json(r#"{"text":"hi"}"#), Err(Problem::NoField("", "type")));
        assert_eq!(json("hola"), Err(Problem::NotJson));
        assert_eq!(json("[]"), Err(Problem::NotJson));
        assert_eq!(
            json(r#"{"type":"message","text":"0123456789a"}"#),
            Err(Problem::TooLong)
        );
    }
}
