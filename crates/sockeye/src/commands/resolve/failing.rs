//! How it ended: the exit code, and the line that says why there is no answer.

use sockeye_model::Errno;
use sockeye_names::{
    Answer, NoReply, RData, ResponseCode, Verdict, name_text, rcode_name, type_name,
};
use sockeye_view::catalogue::{Language, Text, duration};
use sockeye_view::escape::escape_name;

use super::entry::{By, Entry, server_text};
use super::way::Way;
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
///
/// Of several servers one that knows outweighs one that will not or can't say.
pub(super) fn outcome(entries: &[Entry<'_>], way: Way<'_>, language: Language) -> Outcome {
    if entries.iter().any(Entry::is_answered) {
        return Ok(ExitCode::Clean);
    }
    let entries: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| !is_known_better(entry, entries))
        .collect();
    let worst = entries.iter().copied().max_by_key(|entry| reason(entry));
    let Some(worst) = worst else {
        return Ok(ExitCode::Clean);
    };
    let why = reason(worst);
    let alike: Vec<&Entry<'_>> = entries
        .iter()
        .copied()
        .filter(|entry| reason(entry) == why)
        .collect();
    let mut line = match &worst.by {
        By::Dns {
            outcome: Err(NoReply::TimedOut { .. }),
            ..
        } if way.asked_in_vain().len() > 1 => way.silence(worst, &types(&alike), language),
        _ => sentence(worst, &types(&alike), way, language),
    };
    let others: Vec<String> = way
        .names()
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
pub(super) fn beside(entries: &[Entry<'_>], way: Way<'_>, look: Look) -> Vec<String> {
    if look.quiet || !entries.iter().any(Entry::is_answered) {
        return Vec::new();
    }
    let wrong = |entry: &&Entry<'_>| {
        !entry.is_answered() && matches!(reason(entry), Reason::Silence | Reason::Error)
    };
    let each = entries.iter().filter(wrong).map(|entry| {
        let kind = type_name(entry.question.kind);
        sentence(entry, &kind, way, look.language)
    });
    each.collect()
}

/// Whether a server failed to answer what another one knows.
fn is_known_better(entry: &Entry<'_>, entries: &[Entry<'_>]) -> bool {
    let failed = |entry: &Entry<'_>| matches!(reason(entry), Reason::Silence | Reason::Error);
    let mut same = entries
        .iter()
        .filter(|other| other.question == entry.question);
    failed(entry) && same.any(|other| !failed(other))
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
            outcome: Err(error),
            ..
        } => match error {
            NoReply::CutShort { over_tcp, .. } => code_of(over_tcp, language),
            other => code_of(other, language),
        },
        _ => ExitCode::TimedOut,
    }
}

fn code_of(error: &NoReply, language: Language) -> ExitCode {
    match error {
        NoReply::Call { source, .. } => Failure::of_net(source, None, language).exit,
        NoReply::Garbage { .. } | NoReply::Ended { .. } => ExitCode::Failure,
        NoReply::TimedOut { .. } | NoReply::CutShort { .. } => ExitCode::TimedOut,
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
fn sentence(entry: &Entry<'_>, types: &str, way: Way<'_>, language: Language) -> String {
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
            if let Some(line) = way.closed(server, error, language) {
                return line;
            }
            let server = server_text(server);
            let mut places: Vec<(&str, &dyn std::fmt::Display)> =
                vec![("name", &name), ("types", &types), ("server", &server)];
            match error {
                NoReply::TimedOut { waited, strays, .. } => {
                    let time = duration(*waited, language);
                    places.push(("time", &time));
                    let mut line = fill(words::NO_ANSWER, &places);
                    match strays {
                        0 => {}
                        1 => line.push_str(words::STRAY.say(language)),
                        _ => line.push_str(&fill(words::STRAYS, &[("count", strays)])),
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
                NoReply::CutShort { over_tcp, .. } => {
                    let tcp = match &**over_tcp {
                        NoReply::TimedOut { .. } => words::TCP_SILENT.say(language).to_owned(),
                        NoReply::Call { source, .. } if source.errno() == Errno::ECONNREFUSED => {
                            words::TCP_REFUSED.say(language).to_owned()
                        }
                        NoReply::Call { source, .. } => {
                            let error = source.errno();
                            fill(words::TCP_FAILED, &[("error", &error)])
                        }
                        other => {
                            let error = other.to_string();
                            fill(words::TCP_FAILED, &[("error", &escape_name(&error))])
                        }
                    };
                    places.push(("tcp", &tcp));
                    fill(words::CUT_SHORT, &places)
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
    let count = answer.chain.aliases.len();
    let places: [(&str, &dyn std::fmt::Display); 10] = [
        ("name", &name),
        ("count", &count),
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
        // Where they would lead back to is among the names that they lead from.
        Verdict::Loop
            if answer
                .chain
                .aliases
                .iter()
                .all(|alias| alias.name != answer.chain.name) =>
        {
            words::TOO_MANY_ALIASES
        }
        Verdict::Loop => words::LOOP,
        Verdict::Referral => words::REFERRAL,
        Verdict::Error(_) => words::ERROR,
    };
    let mut line = text.fill(language, &places);
    if !matches!(answer.verdict, Verdict::Error(_)) {
        line.push_str(&extended);
    }
    // The server was to find out, and could not: a walk shows where it ends.
    if answer.verdict == Verdict::Error(ResponseCode::ServFail) {
        line.push_str(&words::TRACE_IT.fill(language, &[("name", &name)]));
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
