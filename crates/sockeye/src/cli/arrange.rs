//! Puts the command first: `sockeye ADDRESS` is `connect`, and view flags may stand before the command.

use std::ffi::{OsStr, OsString};

use clap::Command;
use sockeye_view::escape::escape_name;

use crate::cli::nearest::nearest;
use crate::cli::{ENTRIES, Entry, Usage, words};

/// `typed` with its command in front.
pub(crate) fn with_command(typed: &[OsString]) -> Result<Vec<OsString>, Usage> {
    let is_command = |word: &OsStr| Entry::named(word).is_some() || word == "help";
    let asks_for_text = |word: &OsStr| {
        let flags = ["-h", "--help", "-V", "--version"];
        flags.iter().any(|flag| word == *flag)
    };
    let Some(first) = typed.first() else {
        return Ok(Vec::new());
    };
    if is_command(first) || asks_for_text(first) {
        return Ok(typed.to_vec());
    }
    let at = if first.as_encoded_bytes().starts_with(b"-") {
        let connect = Entry::named("connect".as_ref()).map(Entry::definition);
        first_operand(typed, connect.as_ref())
    } else {
        Some(0)
    };
    let mut arranged = typed.to_vec();
    match at.map(|at| (at, typed[at].as_os_str())) {
        Some((at, word)) if is_command(word) => {
            let command = arranged.remove(at);
            arranged.insert(0, command);
        }
        Some((at, word)) => {
            if let Some(meant) = misspelt(word) {
                return Err(did_you_mean(typed, at, meant));
            }
            arranged.insert(0, "connect".into());
        }
        // Only flags: connect will say what is missing.
        None => arranged.insert(0, "connect".into()),
    }
    Ok(arranged)
}

fn did_you_mean(typed: &[OsString], at: usize, meant: &str) -> Usage {
    let texts: Vec<_> = typed.iter().map(|word| word.to_string_lossy()).collect();
    let others = texts.iter().enumerate().filter(|(index, _)| *index != at);
    let line = ["sockeye", meant]
        .into_iter()
        .chain(others.map(|(_, word)| &**word));
    Usage::of(
        words::NO_COMMAND,
        &[
            ("word", &escape_name(&texts[at])),
            ("line", &super::quote::line(line)),
        ],
    )
}

/// The place of the first word that is neither a flag nor a flag's value, as the flags of `command` have it.
fn first_operand(typed: &[OsString], command: Option<&Command>) -> Option<usize> {
    let takes_value = |matches: &dyn Fn(&clap::Arg) -> bool| {
        let arg = command
            .into_iter()
            .flat_map(Command::get_arguments)
            .find(|arg| matches(arg));
        arg.is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
    };
    let mut index = 0;
    while let Some(word) = typed.get(index) {
        let text = word.to_string_lossy();
        index += match text.strip_prefix("--") {
            Some("") => return (index + 1 < typed.len()).then_some(index + 1),
            Some(long) => {
                let name = long.split('=').next().unwrap_or("");
                1 + usize::from(
                    !long.contains('=') && takes_value(&|arg| arg.get_long() == Some(name)),
                )
            }
            None if text.len() > 1 && text.starts_with('-') => {
                let valued = text
                    .char_indices()
                    .skip(1)
                    .find(|(_, c)| takes_value(&|arg| arg.get_short() == Some(*c)));
                1 + usize::from(valued.is_some_and(|(at, c)| at + c.len_utf8() == text.len()))
            }
            None => return Some(index),
        };
    }
    None
}

/// The command that `word` was probably meant to be: a slip away, and no service by that name is known.
fn misspelt(word: &OsStr) -> Option<&'static str> {
    let word = word.to_str()?;
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let meant = nearest(word, ENTRIES.iter().map(|entry| entry.name))?;
    let is_service = sockeye_local::service_port(word, sockeye_local::Protocol::Tcp).is_some();
    (!is_service).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(line: &str) -> Result<String, String> {
        let typed: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let words = with_command(&typed).map_err(|usage| usage.problem.english)?;
        Ok(words
            .iter()
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "))
    }

    #[test]
    fn the_command_comes_first() {
        for (typed, meant) in [
            ("localhost 7", "connect localhost 7"),
            ("listen :7", "listen :7"),
            ("--explain listen :7", "listen --explain :7"),
            ("--record serve serve echo", "serve --record serve echo"),
            ("--record=x --lang es serve", "serve --record=x --lang es"),
            ("-v listen", "listen -v"),
            ("-q", "connect -q"),
            ("-- -x", "connect -- -x"),
            ("--help", "--help"),
            ("help connect", "help connect"),
            ("-", "connect -"),
        ] {
            assert_eq!(arranged(typed).as_deref(), Ok(meant), "{typed}");
        }
    }

    #[test]
    fn a_slip_is_noticed_and_a_service_is_not_one() {
        assert!(
            arranged("realy :1 :2")
                .unwrap_err()
                .contains("sockeye relay :1 :2")
        );
        assert_eq!(arranged("http").as_deref(), Ok("connect http"));
        assert_eq!(arranged("localhost").as_deref(), Ok("connect localhost"));
    }
}
