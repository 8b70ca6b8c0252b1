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

/// A clause of a finding as a sentence: its first letter large, a full stop at its end. A name of the API at its beginning, and
/// code at its end, stay as they are.
///
/// ```
/// use sockeye_view::finding::sentence;
/// assert_eq!(sentence("read until recv() gives 0"), "Read until recv() gives 0.");
/// assert_eq!(sentence("close() did it"), "close() did it.");
/// assert_eq!(sentence("before bind(): s.listen(5)"), "Before bind(): s.listen(5)");
/// ```
pub fn sentence(clause: &str) -> String {
    let clause = ended(clause);
    let mut letters = clause.chars();
    let first_word = clause.split([' ', ',', ':']).next().unwrap_or("");
    let is_name = first_word.contains(['(', '_', '.', '/', '#']) && !first_word.ends_with('.');
    match letters.next() {
        Some(first) if !is_name => first.to_uppercase().chain(letters).collect(),
        _ => clause,
    }
}

/// A clause with the full stop of a sentence, unless it ends in code that somebody may copy.
pub(crate) fn ended(clause: &str) -> String {
    let clause = clause.trim();
    let is_ended = clause.is_empty() || clause.ends_with(['.', '!', '?', ':', ';']);
    if is_ended || ends_in_call(clause) {
        return clause.to_owned();
    }
    format!("{clause}.")
}

/// Whether it ends in a call that is shown as code: behind a mark, `: s.listen(5)`, or with several arguments. In a sentence,
/// `before shutdown(SHUT_WR)`, a call is but a name; and words in brackets have a space before them.
fn ends_in_call(clause: &str) -> bool {
    let mut open = 0;
    for (at, letter) in clause.char_indices().rev() {
        open += match letter {
            ')' => 1,
            '(' => -1,
            _ => 0,
        };
        if open == 0 {
            let name =
                clause[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
            let begins = clause[..at]
                .rfind(' ')
                .map_or("", |space| clause[..space].trim_end());
            let is_code = begins.is_empty()
                || begins.ends_with([':', ';', ','])
                || clause[at..].contains(',');
            return letter == '(' && name && !clause.ends_with("()") && is_code;
        }
    }
    false
}

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
    fn a_clause_becomes_a_sentence_and_code_stays_code() {
        for (clause, said) in [
            (
                "read until your message ends",
                "Read until your message ends.",
            ),
            ("connect to [::1]:5000", "Connect to [::1]:5000."),
            (
                "shutdown(SHUT_WR) sends FIN",
                "shutdown(SHUT_WR) sends FIN.",
            ),
            (
                "which wakes accept() and recv()",
                "Which wakes accept() and recv().",
            ),
            (
                "some ports (ip_local_port_range)",
                "Some ports (ip_local_port_range).",
            ),
            ("first: s.bind(('', 5005))", "First: s.bind(('', 5005))"),
            ("then s.listen(a, 5)", "Then s.listen(a, 5)"),
            (
                "all before shutdown(SHUT_WR)",
                "All before shutdown(SHUT_WR).",
            ),
            ("leave: if (n == 0) break;", "Leave: if (n == 0) break;"),
            ("#1 waits", "#1 waits."),
            ("¿y ahora?", "¿y ahora?"),
            ("óyelos a todos", "Óyelos a todos."),
            ("", ""),
        ] {
            assert_eq!(sentence(clause), said);
        }
    }

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
