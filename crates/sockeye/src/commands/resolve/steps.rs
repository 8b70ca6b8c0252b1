//! The way to the answer: in a line a source for a status, in whole with `--explain`.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use sockeye_names::{
    Answer, Asked, RecordType, Reply, Server, Step, Transport, Verdict, Wanted, in_its_script,
    name_text, rcode_name, type_name,
};
use sockeye_view::catalogue::{Language, Text, duration};
use sockeye_view::escape::escape_name;

use super::entry::{By, Entry, server_text};
use super::{errors, lines, meanings, words};
use crate::cli::ResolveArgs;
use crate::report::io_text;
use crate::views::Look;

/// Who answered, each source in a line.
pub(super) fn status(
    args: &ResolveArgs,
    steps: &[Step],
    entries: &[Entry<'_>],
    look: Look,
) -> Vec<String> {
    let language = look.language;
    let mut told = naming(args, entries, language);
    let configured = steps.iter().find_map(|step| match step {
        Step::Configured { path, .. } => Some(format!(" ({})", path.display())),
        _ => None,
    });
    // Types that came from one source on one way share a line, with the longest of their times.
    let mut sources: Vec<Source> = Vec::new();
    for entry in entries {
        let Some(mut source) = source(entry, configured.as_deref().unwrap_or_default(), language)
        else {
            continue;
        };
        source.counts.push(count(entry, language));
        match sources.iter_mut().find(|known| known.is_same(&source)) {
            Some(known) => {
                known.took = known.took.max(source.took);
                known.counts.append(&mut source.counts);
            }
            None => sources.push(source),
        }
    }
    told.extend(sources.iter().map(|source| source.line(language)));
    if args.kinds.contains(&RecordType::ANY) {
        told.push(words::ANY.say(language).to_owned());
    }
    told
}

/// Whom an answer came from, and on which way.
struct Source {
    text: Text,
    who: String,
    configured: String,
    transport: String,
    took: Duration,
    counts: Vec<String>,
}

impl Source {
    fn is_same(&self, other: &Self) -> bool {
        self.text == other.text && self.who == other.who && self.transport == other.transport
    }

    fn line(&self, language: Language) -> String {
        let places: [(&str, &dyn Display); 6] = [
            ("path", &self.who),
            ("server", &self.who),
            ("configured", &self.configured),
            ("transport", &self.transport),
            ("time", &duration(self.took, language)),
            ("counts", &self.counts.join(", ")),
        ];
        self.text.fill(language, &places)
    }
}

fn source(entry: &Entry<'_>, configured: &str, language: Language) -> Option<Source> {
    let here = |text, who: String| Source {
        text,
        who,
        configured: String::new(),
        transport: String::new(),
        took: Duration::ZERO,
        counts: Vec::new(),
    };
    match &entry.by {
        By::Hosts { path, .. } => Some(here(words::FROM_HOSTS, path.display().to_string())),
        By::Localhost(_) => Some(here(words::FROM_LOCALHOST, String::new())),
        By::Dns {
            server,
            outcome: Ok(answer),
        } => {
            let server = Server {
                transport: Transport::Udp,
                ..*server
            };
            Some(Source {
                configured: configured.to_owned(),
                transport: transport(&answer.reply, language),
                took: answer.reply.took,
                ..here(words::FROM_SERVER, server_text(&server))
            })
        }
        By::NotInHosts(_) | By::NotAsked | By::Dns { .. } => None,
    }
}

fn transport(reply: &Reply, language: Language) -> String {
    let mut text = if reply.was_cut {
        words::CUT_FIRST.say(language).to_owned()
    } else {
        reply.transport.to_string()
    };
    if reply.tries > 1 {
        text.push_str(&words::AGAIN.fill(language, &[("tries", &reply.tries)]));
    }
    text
}

fn count(entry: &Entry<'_>, language: Language) -> String {
    let kind = type_name(entry.question.kind);
    let count = entry.of_its_type().len();
    if entry.is_answered() {
        return words::COUNT.fill(language, &[("type", &kind), ("count", &count)]);
    }
    match lines::code(entry).as_str() {
        "NODATA" | "NXDOMAIN" => words::COUNT_NONE.fill(language, &[("type", &kind)]),
        code => words::COUNT_FAILED.fill(language, &[("type", &kind), ("code", &code)]),
    }
}

/// An international name, and the name of the search list that was found.
fn naming(args: &ResolveArgs, entries: &[Entry<'_>], language: Language) -> Vec<String> {
    let mut told = Vec::new();
    let Wanted::Name(name) = &args.wanted else {
        return told;
    };
    if let Some(script) = in_its_script(name) {
        let places: [(&str, &dyn Display); 2] = [
            ("script", &escape_name(&script)),
            ("name", &name_text(name)),
        ];
        told.push(words::IN_ITS_SCRIPT.fill(language, &places));
    }
    let mut as_it_stands = name.clone();
    as_it_stands.set_fqdn(true);
    let matched = entries.iter().find(|entry| entry.is_answered());
    if let Some(entry) = matched.filter(|entry| entry.question.name != as_it_stands) {
        let name = name_text(&entry.question.name);
        told.push(words::MATCHED.fill(language, &[("name", &name)]));
    }
    told
}

/// Every step in words, then what the types mean.
pub(super) fn explained(
    args: &ResolveArgs,
    steps: &[Step],
    entries: &[Entry<'_>],
    look: Look,
) -> Vec<String> {
    let language = look.language;
    let mut told = naming(args, entries, language);
    if steps.is_empty() {
        told.push(words::WHO_IS_ASKED.say(language).to_owned());
        told.extend(entries.iter().filter_map(|entry| match &entry.by {
            By::Dns { server, outcome } => Some(asked_line(entry, *server, *outcome, language)),
            _ => None,
        }));
    }
    for step in steps {
        told.extend(step_lines(step, args, language));
    }
    if !look.quiet {
        let answers = entries.iter().filter_map(|entry| match &entry.by {
            By::Dns {
                server,
                outcome: Ok(answer),
            } => Some((*server, *answer)),
            _ => None,
        });
        for (server, answer) in answers {
            let reasons = reasons(server, answer, language);
            told.extend(
                reasons
                    .into_iter()
                    .filter(|line| !told.contains(line))
                    .collect::<Vec<_>>(),
            );
        }
        let mut kinds: Vec<RecordType> = args.kinds.clone();
        for record in lines::rows(entries) {
            if !kinds.contains(&record.record_type()) {
                kinds.push(record.record_type());
            }
        }
        for kind in kinds {
            told.push(format!(
                "{}: {}",
                type_name(kind),
                meanings::of(kind).say(language)
            ));
        }
        if args.kinds.contains(&RecordType::ANY) {
            told.push(words::ANY.say(language).to_owned());
        }
    }
    told
}

/// What the flags of an answer tell.
fn reasons(server: Server, answer: &Answer, language: Language) -> Vec<String> {
    let flags = &answer.reply.message.metadata;
    let mut texts = Vec::new();
    if !matches!(answer.verdict, Verdict::Error(_) | Verdict::Referral) {
        texts.push(if flags.authoritative {
            words::AUTHORITATIVE
        } else {
            words::NOT_AUTHORITATIVE
        });
    }
    if flags.authentic_data {
        texts.push(words::AUTHENTIC);
    }
    if !flags.recursion_available {
        texts.push(words::NO_RECURSION);
    }
    let server = server_text(&server);
    let each = texts
        .into_iter()
        .map(|text| text.fill(language, &[("server", &server)]));
    each.collect()
}

fn step_lines(step: &Step, args: &ResolveArgs, language: Language) -> Vec<String> {
    let fill = |text: Text, places: &[(&str, &dyn Display)]| vec![text.fill(language, places)];
    match step {
        Step::Hosts { path, found } => {
            let name = match &args.wanted {
                Wanted::Name(name) => name_text(name),
                Wanted::Address(address) => IpAddr::to_string(address),
            };
            let path = path.display();
            match found {
                Ok(0) => fill(words::STEP_HOSTS_NOT, &[("path", &path), ("name", &name)]),
                Ok(count) => fill(
                    words::STEP_HOSTS,
                    &[("path", &path), ("name", &name), ("count", count)],
                ),
                Err(error) => {
                    let error = io_text(error, language);
                    fill(
                        words::STEP_HOSTS_UNREAD,
                        &[("path", &path), ("error", &error)],
                    )
                }
            }
        }
        Step::Localhost => fill(words::STEP_LOCALHOST, &[]),
        Step::LeftOut { service } => {
            fill(words::STEP_LEFT_OUT, &[("service", &escape_name(service))])
        }
        Step::Ended { service } => fill(words::STEP_ENDED, &[("service", &escape_name(service))]),
        Step::NoDns => fill(words::STEP_NO_DNS, &[]),
        Step::Configured {
            path,
            error,
            names,
            servers,
            named,
        } => {
            let path = path.display();
            let servers: Vec<String> = servers.iter().map(server_text).collect();
            let servers = servers.join(", ");
            let mut lines = match error {
                None => fill(
                    if *named {
                        words::STEP_SERVERS
                    } else {
                        words::STEP_NO_SERVERS
                    },
                    &[("path", &path), ("servers", &servers)],
                ),
                Some(error) => {
                    let error = io_text(error, language);
                    let places: [(&str, &dyn Display); 3] =
                        [("path", &path), ("error", &error), ("servers", &servers)];
                    fill(words::STEP_SERVERS_UNREAD, &places)
                }
            };
            match &args.wanted {
                Wanted::Name(name) if name.is_fqdn() => {
                    lines.extend(fill(words::STEP_ABSOLUTE, &[]));
                }
                Wanted::Name(_) if names.len() > 1 => {
                    let names: Vec<String> = names.iter().map(name_text).collect();
                    lines.extend(fill(words::STEP_SEARCH, &[("names", &names.join(", "))]));
                }
                _ => {}
            }
            lines
        }
        Step::Asked(asked) => vec![step_asked(asked, language)],
    }
}

fn step_asked(asked: &Asked, language: Language) -> String {
    let entry = Entry {
        question: asked.question.clone(),
        by: By::Dns {
            server: asked.server,
            outcome: asked.outcome.as_ref(),
        },
    };
    asked_line(&entry, asked.server, asked.outcome.as_ref(), language)
}

fn asked_line(
    entry: &Entry<'_>,
    server: Server,
    outcome: Result<&Answer, &sockeye_names::NoReply>,
    language: Language,
) -> String {
    let what = match outcome {
        Ok(answer) => said(answer, language),
        Err(_) => lines::code(entry),
    };
    let places: [(&str, &dyn Display); 4] = [
        ("server", &server_text(&server)),
        ("name", &name_text(&entry.question.name)),
        ("type", &type_name(entry.question.kind)),
        ("what", &what),
    ];
    words::STEP_ASKED.fill(language, &places)
}

fn said(answer: &Answer, language: Language) -> String {
    let code = answer.reply.message.metadata.response_code;
    let text = match answer.verdict {
        Verdict::Records if answer.records().count() == 1 => words::SAID_RECORD,
        Verdict::Records => words::SAID_RECORDS,
        Verdict::NoData => words::SAID_NO_DATA,
        Verdict::NoName => words::SAID_NO_NAME,
        Verdict::Elsewhere => words::SAID_ELSEWHERE,
        Verdict::Referral => words::SAID_REFERRAL,
        Verdict::Loop => words::SAID_LOOP,
        Verdict::Error(_) => words::SAID_ERROR,
    };
    let places: [(&str, &dyn Display); 6] = [
        ("count", &answer.records().count()),
        ("transport", &transport(&answer.reply, language)),
        ("time", &duration(answer.reply.took, language)),
        ("code", &rcode_name(code)),
        ("meaning", &errors::meaning(code).say(language)),
        ("extended", &errors::extended(answer, language)),
    ];
    text.fill(language, &places)
}
