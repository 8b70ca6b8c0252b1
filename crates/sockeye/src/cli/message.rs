//! What clap says, in the tool's own words: context first, the problem and what to try in the last line.

use std::error::Error as _;
use std::fmt::Display;
use std::io::IsTerminal;
use std::num::ParseIntError;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use sockeye_view::catalogue::Text;
use sockeye_view::escape::escape_name;

use crate::cli::{Usage, words};
use crate::wording::Wording;

/// The text that was asked for, if the "error" is help or the version.
pub(crate) fn answer(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let styled = error.render();
            let colored = std::io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            Some(if colored {
                styled.ansi().to_string()
            } else {
                styled.to_string()
            })
        }
        _ => None,
    }
}

/// The command line that clap could not read.
pub(crate) fn usage(error: &clap::Error) -> Usage {
    let (usage, said) = rendered(&error.render().to_string());
    let problem = match (error.kind(), &usage) {
        // clap gives the help for an answer; the last word of the usage says what is missing.
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, Some(usage)) => {
            let word = usage.rsplit(' ').next().unwrap_or_default();
            Some(Wording::of(words::MISSING, &[("words", &word)]))
        }
        _ => Refused(error).problem(),
    };
    Usage {
        context: usage.map_or_else(Wording::default, |usage| {
            Wording::of(words::USAGE, &[("usage", &usage)])
        }),
        // What nobody has met yet is said as clap has it.
        ..Usage::new(problem.unwrap_or_else(|| said.into()))
    }
}

/// How the command is used, and what is wrong, out of clap's text.
fn rendered(text: &str) -> (Option<String>, String) {
    let mut problem: Vec<&str> = Vec::new();
    let mut usage: Option<String> = None;
    let mut in_usage = false;
    for line in text.lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("Usage: ") {
            in_usage = true;
            usage = Some(line.to_owned());
        } else if line.starts_with("For more information") || line.is_empty() {
            in_usage = false;
        } else if let (true, Some(usage)) = (in_usage, &mut usage) {
            usage.push_str(&format!("\n       {line}"));
        } else {
            problem.push(line.strip_prefix("error: ").unwrap_or(line));
        }
    }
    (usage, joined(&problem))
}

/// Lines as one: what ends in a colon goes on, the rest is set apart.
fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        if text.ends_with(':') || text.ends_with(',') {
            text.push(' ');
        } else if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(line);
    }
    text
}

/// What clap has refused, by its kind.
struct Refused<'a>(&'a clap::Error);

impl Refused<'_> {
    fn problem(&self) -> Option<Wording> {
        use ContextKind as C;
        let said = |text: Text, places: &[(&str, &dyn Display)]| Some(Wording::of(text, places));
        let option = || self.shown(C::InvalidArg);
        let value = || self.shown(C::InvalidValue);
        match self.0.kind() {
            ErrorKind::UnknownArgument => {
                let typed = option()?;
                let problem = if typed.starts_with('-') && typed.len() > 1 {
                    Wording::of(words::UNKNOWN_OPTION, &[("option", &typed)])
                } else {
                    Wording::of(words::TOO_MUCH, &[("word", &typed)])
                };
                Some(self.with_hint(problem, C::SuggestedArg))
            }
            ErrorKind::InvalidValue => {
                let (option, known) = (option()?, self.shown(C::ValidValue));
                let known = known.filter(|known| !known.is_empty());
                let problem = match (value().filter(|value| !value.is_empty()), known) {
                    (None, None) => Wording::of(words::NO_VALUE, &[("option", &option)]),
                    (None, Some(known)) => Wording::of(
                        words::NO_VALUE_KNOWN,
                        &[("option", &bare(&option)), ("known", &known)],
                    ),
                    (Some(value), known) => Wording::of(
                        words::WRONG_VALUE,
                        &[
                            ("value", &value),
                            ("option", &bare(&option)),
                            ("known", &known.unwrap_or_default()),
                        ],
                    ),
                };
                Some(self.with_hint(problem, C::SuggestedValue))
            }
            ErrorKind::ValueValidation => {
                let (option, value, why) = (option()?, value()?, self.why()?);
                Some(Wording::made(|language| {
                    let why = why.say(language);
                    let places: [(&str, &dyn Display); 3] =
                        [("option", &bare(&option)), ("value", &value), ("why", &why)];
                    words::VALUE.fill(language, &places)
                }))
            }
            ErrorKind::MissingRequiredArgument => said(words::MISSING, &[("words", &option()?)]),
            ErrorKind::ArgumentConflict => {
                let (option, other) = (option()?, self.shown(C::PriorArg));
                match other.filter(|other| *other != option) {
                    None => said(words::TWICE, &[("option", &option)]),
                    Some(other) => said(
                        words::NOT_TOGETHER,
                        &[("option", &option), ("other", &other)],
                    ),
                }
            }
            ErrorKind::TooManyValues => {
                let (option, value) = (option()?, value()?);
                said(
                    words::UNWANTED_VALUE,
                    &[("option", &option), ("value", &value)],
                )
            }
            ErrorKind::NoEquals => said(words::BEHIND_EQUALS, &[("option", &option()?)]),
            ErrorKind::InvalidSubcommand => {
                let word = self.shown(C::InvalidSubcommand)?;
                let known = self.shown(C::ValidSubcommand);
                let problem = match known {
                    Some(known) => {
                        Wording::of(words::NO_SUBCOMMAND, &[("word", &word), ("known", &known)])
                    }
                    None => Wording::of(words::TOO_MUCH, &[("word", &word)]),
                };
                Some(self.with_hint(problem, C::SuggestedSubcommand))
            }
            ErrorKind::MissingSubcommand => {
                let known = self.shown(C::ValidSubcommand)?;
                said(words::COMMAND_MISSING, &[("known", &known)])
            }
            ErrorKind::InvalidUtf8 => Some(words::NO_TEXT.into()),
            _ => None,
        }
    }

    /// What clap knows of it, safe to print; several are a list.
    fn shown(&self, kind: ContextKind) -> Option<String> {
        match self.0.get(kind)? {
            ContextValue::String(one) => Some(escape_name(one).into_owned()),
            ContextValue::Strings(several) => {
                let several: Vec<_> = several.iter().map(|one| escape_name(one)).collect();
                Some(several.join(", "))
            }
            _ => None,
        }
    }

    fn with_hint(&self, problem: Wording, kind: ContextKind) -> Wording {
        let Some(meant) = self.shown(kind) else {
            return problem;
        };
        Wording::made(|language| {
            let hint = words::DID_YOU_MEAN.fill(language, &[("meant", &meant)]);
            format!("{}{hint}", problem.say(language))
        })
    }

    /// What the reader of a value said of it.
    fn why(&self) -> Option<Wording> {
        let source = self.0.source()?;
        if let Some(ours) = source.downcast_ref::<Wording>() {
            return Some(ours.clone());
        }
        if source.is::<ParseIntError>() {
            return Some(words::NO_NUMBER.into());
        }
        // clap's own, of a number in a range.
        let text = source.to_string();
        Some(match text.split_once(" is not in ") {
            Some((_, range)) => {
                let range = range.replacen("..=", "–", 1);
                Wording::of(words::OUT_OF_RANGE, &[("range", &range)])
            }
            None => text.into(),
        })
    }
}

/// An option without what stands for its value.
fn bare(option: &str) -> &str {
    if option.starts_with('-') {
        option.split([' ', '[', '=']).next().unwrap_or(option)
    } else {
        option
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_that_reads_well() {
        assert_eq!(
            joined(&["these were not provided:", "<ADDRESS>...", "tip: try"]),
            "these were not provided: <ADDRESS>...; tip: try"
        );
        assert_eq!(joined(&[]), "");
    }
}
