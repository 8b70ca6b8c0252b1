//! How it ended: the exit code, and the line that says why there is no answer.

use std::time::Duration;

use sockeye_names::{Answer, Name, NoReply, RData, Verdict, name_text, rcode_name, type_name};
use sockeye_view::catalogue::{Language, Text, duration};
use sockeye_view::escape::escape_name;

use super::entry::{By, Entry, server_text};
use super::{errors, words};
use crate::commands::Outcome;
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::views::Look;

/// What stands in the way of an answer, the worst last: it decides how the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// The name exists.
    NoData,
    /// No server said anything of use.
    Silence,
    /// A server said that it can't.
    Error,
    /// There is no such name: whatever else was asked, nothing more will be found.
    NoName,
}

/// The exit code: 0 when one of the types was answered; else what is known for sure goes before what is not.
pub(super) fn outcome(
    entries: &[Entry<'_>],
    tried: &[Name],
    timeout: Duration,
    language: Language,
) -> Outcome {
    if entries.iter().any(Entry::is_answered) {
        return Ok(ExitCode::Clean);
    }
    let worst = entries.iter().max_by_key(|entry| reason(entry));
    let Some(worst) = worst else {
        return Ok(ExitCode::Clean);
    };
    let why = reason(worst);
    let alike: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| reason(entry) == why)
        .collect();
    let mut line = sentence(worst, &types(&alike), Some(timeout), language);
    let others: Vec<String> = tried
        .iter()
        .filter(|name| **name != worst.question.name)
        .map(name_text)
        .collect();
    if !others.is_empty() && why >= Reason::Error {
        line.push_str(&words::TRIED.fill(language, &[("names", &others.join(", "))]));
    }
    let exit = match why {
        Reason::NoName | Reason::NoData => ExitCode::NameNotFound,
        Reason::Error => ExitCode::Failure,
        Reason::Silence => silence(worst, language),
    };
    Err(Failure::new(exit, line))
}

/// What went wrong beside an answer: said even where success is silent, since something is missing.
pub(super) fn beside(entries: &[Entry<'_>], look: Look) -> Vec<String> {
    if look.quiet || !entries.iter().any(Entry::is_answered) {
        return Vec::new();
    }
    let wrong = |entry: &&Entry<'_>| {
        !entry.is_answered() && matches!(reason(entry), Reason::Silence | Reason::Error)
    };
    let each = entries.iter().filter(wrong).map(|entry| {
        let kind = type_name(entry.question.kind);
        sentence(entry, &kind, None, look.language)
    });
    each.collect()
}

fn reason(entry: &Entry<'_>) -> Reason {
    match &entry.by {
        By::Hosts { .. } | By::Localhost(_) => Reason::NoData,
        By::NotInHosts(_) | By::NotAsked => Reason::NoName,
        By::Dns {
            outcome: Ok(answer),
            ..
        } => match answer.verdict {
            Verdict::Records | Verdict::NoData => Reason::NoData,
            Verdict::NoName => Reason::NoName,
            Verdict::Elsewhere | Verdict::Referral | Verdict::Loop | Verdict::Error(_) => {
                Reason::Error
            }
        },
        By::Dns {
            outcome: Err(NoReply::Garbage { .. } | NoReply::Ended { .. }),
            ..
        } => Reason::Error,
        By::Dns { .. } => Reason::Silence,
    }
}

/// The code of a server that can't be reached or does not answer.
fn silence(entry: &Entry<'_>, language: Language) -> ExitCode {
    match &entry.by {
        By::Dns {
            outcome: Err(NoReply::Call { source, .. }),
            ..
        } => Failure::of_net(source, None, language).exit,
        _ => ExitCode::TimedOut,
    }
}

fn types(entries: &[&Entry<'_>]) -> String {
    let mut names: Vec<_> = entries
        .iter()
        .map(|entry| type_name(entry.question.kind))
        .collect();
    names.dedup();
    names.join(", ")
}

/// Why there is no answer.
fn sentence(
    entry: &Entry<'_>,
    types: &str,
    timeout: Option<Duration>,
    language: Language,
) -> String {
    let name = name_text(&entry.question.name);
    let fill = |text: Text, places: &[(&str, &dyn std::fmt::Display)]| text.fill(language, places);
    match &entry.by {
        By::Hosts { path, .. } => {
            let text = words::HERE_NO_DATA;
            fill(
                text,
                &[
                    ("name", &name),
                    ("path", &path.display()),
                    ("types", &types),
                ],
            )
        }
        By::NotInHosts(path) => fill(
            words::HERE_NOTHING,
            &[("name", &name), ("path", &path.display())],
        ),
        By::Localhost(_) => fill(words::LOCALHOST_ONLY, &[("name", &name), ("types", &types)]),
        By::NotAsked => fill(words::NOT_ASKED, &[("name", &name)]),
        By::Dns {
            server,
            outcome: Ok(answer),
        } => said(answer, &server_text(server), types, language),
        By::Dns {
            server,
            outcome: Err(error),
        } => {
            let server = server_text(server);
            let mut places: Vec<(&str, &dyn std::fmt::Display)> =
                vec![("name", &name), ("types", &types), ("server", &server)];
            match error {
                NoReply::TimedOut { waited, strays, .. } => {
                    let time = duration(timeout.map_or(*waited, |all| all.min(*waited)), language);
                    places.push(("time", &time));
                    let mut line = fill(words::NO_ANSWER, &places);
                    if *strays > 0 {
                        line.push_str(&fill(words::STRAYS, &[("count", strays)]));
                    }
                    line
                }
                NoReply::Call { source, .. } => {
                    Failure::of_net(
                        source,
                        Some(&format!("{server} ({name} {types})")),
                        language,
                    )
                    .line
                }
                NoReply::Garbage { why, .. } => {
                    let why = escape_name(why);
                    places.push(("why", &why));
                    fill(words::GARBAGE, &places)
                }
                NoReply::Ended { got, .. } => {
                    places.push(("got", got));
                    fill(words::CUT_OFF, &places)
                }
            }
        }
    }
}

/// What an answer without the records says.
fn said(answer: &Answer, server: &str, types: &str, language: Language) -> String {
    let name = name_text(&answer.question.name);
    let target = name_text(&answer.chain.name);
    let is_alias = !answer.chain.aliases.is_empty();
    let code = rcode_name(answer.reply.message.metadata.response_code);
    let meaning = errors::meaning(answer.reply.message.metadata.response_code).say(language);
    let extended = errors::extended(answer, language);
    let (zone, others) = referred(answer);
    let places: [(&str, &dyn std::fmt::Display); 9] = [
        ("name", &name),
        ("target", &target),
        ("server", &server),
        ("types", &types),
        ("code", &code),
        ("meaning", &meaning),
        ("extended", &extended),
        ("zone", &zone),
        ("others", &others),
    ];
    let text = match answer.verdict {
        Verdict::NoName if is_alias => words::ALIAS_TO_NOTHING,
        Verdict::NoName => words::NO_SUCH_NAME,
        Verdict::NoData | Verdict::Records if is_alias => words::ALIAS_NO_DATA,
        Verdict::NoData | Verdict::Records => words::NO_DATA,
        Verdict::Elsewhere => words::ELSEWHERE,
        Verdict::Loop => words::LOOP,
        Verdict::Referral => words::REFERRAL,
        Verdict::Error(_) => words::ERROR,
    };
    let mut line = text.fill(language, &places);
    if !matches!(answer.verdict, Verdict::Error(_)) {
        line.push_str(&extended);
    }
    line
}

/// The zone of a referral and its servers.
fn referred(answer: &Answer) -> (String, String) {
    let mut zone = String::new();
    let mut others = Vec::new();
    for record in &answer.reply.message.authorities {
        if let RData::NS(server) = &record.data {
            zone = name_text(&record.name);
            others.push(name_text(&server.0));
        }
    }
    (zone, others.join(", "))
}
