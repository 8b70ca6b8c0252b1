//! A finding in words: its sentences with their places filled, in the reader's language.

use sockeye_model::{Finding, Place, Saying, Value};

use crate::catalogue::{self, Language};
use crate::escape::escape_name;

/// A sentence with its places filled. What comes from outside is escaped.
///
/// ```
/// use sockeye_model::{Saying, Value, text::{Language, Text}};
/// const UNREAD: Text = Text::new("{unread} were not read", "{unread} sin leer");
/// let saying = Saying::of(UNREAD).with("unread", Value::Bytes(18));
/// assert_eq!(sockeye_view::finding::say(&saying, Language::Spanish), "18 B sin leer");
/// ```
pub fn say(saying: &Saying, language: Language) -> String {
    let values: Vec<(&str, String)> = saying
        .places
        .iter()
        .map(|(name, value)| (*name, value_text(value, language)))
        .collect();
    let places: Vec<(&str, &dyn std::fmt::Display)> = values
        .iter()
        .map(|(name, value)| (*name, value as &dyn std::fmt::Display))
        .collect();
    saying.text.fill(language, &places)
}

fn value_text(value: &Value, language: Language) -> String {
    match value {
        Value::Bytes(bytes) => catalogue::bytes(*bytes, language),
        Value::Count(count) => catalogue::count(*count, language),
        Value::Time(time) => catalogue::duration(*time, language),
        Value::Call(call) => call.name().to_owned(),
        Value::Errno(errno) => errno.to_string(),
        Value::Socket(socket) => socket.to_string(),
        Value::Address(address) => escape_name(&address.to_string()).into_owned(),
        Value::Place(place) => place_text(place),
        Value::Name(name) => escape_name(name).into_owned(),
        Value::Word(word) => word.clone().into_owned(),
        Value::Text(text) => text.say(language).to_owned(),
    }
}

/// A place as a person writes it: `server.py:8`, or the function where no line is known. Of the path only the file's own name,
/// and the folder before it where many files have that name.
pub fn place_text(place: &Place<'_>) -> String {
    let file = escape_name(file_name(&place.file));
    match (place.line, &place.function) {
        (0, Some(function)) => format!("{} ({file})", escape_name(function)),
        (0, None) => file.into_owned(),
        (line, _) => format!("{file}:{line}"),
    }
}

fn file_name(path: &str) -> &str {
    let own = path.rfind('/').map_or(0, |slash| slash + 1);
    if !COMMON.contains(&&path[own..]) {
        return &path[own..];
    }
    let folder = path[..own.saturating_sub(1)].rfind('/');
    &path[folder.map_or(0, |slash| slash + 1)..]
}

/// Names that say nothing without their folder.
const COMMON: [&str; 5] = [
    "__init__.py",
    "__main__.py",
    "index.js",
    "mod.rs",
    "main.rs",
];

/// A finding in one line: `✗ S09 18 B were not read`.
pub fn in_short(finding: &Finding, language: Language) -> String {
    in_short_at(finding, None, language)
}

/// The same with the place to correct, where that is not the one it stands at: `✗ S08 (:7) it filled your 10 B`.
pub(crate) fn in_short_at(finding: &Finding, at: Option<String>, language: Language) -> String {
    let short = say(&finding.short, language);
    let place = at.map_or_else(String::new, |at| format!("({at}) "));
    format!("{} {} {place}{short}", finding.weight.sign(), finding.rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_said_by_the_files_own_name() {
        for (file, said) in [
            ("server.py", "server.py:9"),
            ("/home/ann/server.py", "server.py:9"),
            ("/srv/app/__init__.py", "app/__init__.py:9"),
            ("__init__.py", "__init__.py:9"),
            ("/", ":9"),
        ] {
            let place = Place {
                file: file.into(),
                line: 9,
                function: None,
            };
            assert_eq!(place_text(&place), said);
        }
    }
}
