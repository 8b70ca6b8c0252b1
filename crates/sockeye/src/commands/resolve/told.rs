//! A walk from the root as it is read: zone by zone, who was asked and what came of it.

use std::net::IpAddr;

use sockeye_model::{Call, Errno};
use sockeye_names::walk::{
    Asked, Delegate, Facts, Known, Lameness, NotAsked, Outcome, Proof, Referral, Said, Step, Stuck,
    Walked,
};
use sockeye_names::{
    Name, NoReply, RData, Record, RecordType, data_text, dname_target, name_text, rcode_name,
    type_name,
};
use sockeye_net::tls::TlsError;
use sockeye_view::catalogue::{Language, Text, bytes, duration, errno_text};
use sockeye_view::wrap;

use super::walk_words as words;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};

/// Tells the steps of a walk as they come: a heading for each zone, a line for each server.
pub(super) struct Telling {
    language: Language,
    /// The zone and the depth of the last heading.
    under: Option<(Name, usize)>,
    /// The most columns of a line; none where nobody's window has them.
    columns: Option<usize>,
    /// No character but ASCII.
    ascii: bool,
    /// What stands before the next step.
    before: String,
}

impl Telling {
    pub(super) fn new(language: Language, columns: Option<usize>, ascii: bool) -> Self {
        Self {
            language,
            under: None,
            columns,
            ascii,
            before: String::new(),
        }
    }

    /// The walk to another type begins: said once there is a step of it.
    pub(super) fn next(&mut self, kind: RecordType) {
        self.under = None;
        let text = self.fill(words::NEXT_TYPE, &[("kind", &type_name(kind))]);
        self.before = self.line("", &text);
    }

    /// The lines of a step, each with its end.
    pub(super) fn step(&mut self, step: &Step) -> String {
        let before = std::mem::take(&mut self.before);
        before + &self.told(step)
    }

    fn told(&mut self, step: &Step) -> String {
        match step {
            Step::Asked(asked) => self.asked(asked),
            Step::Fetching {
                depth,
                server,
                kind,
                ..
            } => {
                self.under = None;
                let text = match kind {
                    RecordType::AAAA => words::FETCHING_V6,
                    _ => words::FETCHING_V4,
                };
                let text = self.fill(text, &[("server", &name_text(server))]);
                self.line(&indent(*depth, 1), &text)
            }
            Step::NotAsked {
                depth,
                zone,
                server,
                why,
            } => {
                let text = match why {
                    NotAsked::Loop => words::NOT_ASKED_LOOP,
                    NotAsked::NoAddress => words::NOT_ASKED_NO_ADDRESS,
                    NotAsked::Failed => words::NOT_ASKED_FAILED,
                    NotAsked::TooDeep => words::NOT_ASKED_TOO_DEEP,
                    NotAsked::Unusable => words::NOT_ASKED_UNUSABLE,
                };
                let heading = self.heading(zone, *depth);
                let text = self.fill(text, &[("server", &name_text(server))]);
                format!("{heading}{}", self.line(&indent(*depth, 1), &text))
            }
            Step::Restart { depth, name, zone } => {
                self.under = None;
                let places: [(&str, &dyn std::fmt::Display); 2] =
                    [("name", &name_text(name)), ("zone", &name_text(zone))];
                let text = self.fill(words::RESTART, &places);
                self.line(&indent(*depth, 0), &text)
            }
        }
    }

    fn asked(&mut self, asked: &Asked) -> String {
        let heading = self.heading(&asked.zone, asked.depth);
        let mut what = self.said(asked).replace("TTL ", concat!("TTL", "\u{a0}"));
        if let Some(facts) = &asked.reply {
            what.push_str(&self.beside(facts));
        }
        let took = asked
            .reply
            .map_or_else(String::new, |facts| duration(facts.took, self.language));
        let who = format!("{} {}", asked.server.address.ip(), server_name(asked));
        let mark = match asked.said {
            Said::Lame(_) | Said::Nothing(_) => "✗",
            Said::Referral(_) | Said::Alias { .. } => "→",
            _ => "=",
        };
        let indent = indent(asked.depth, 1);
        let start = format!("{indent}{who:<WHO$} {took:>7}  ");
        let hanging = start.chars().count() + 2;
        // A narrow window has the sentence below.
        let below = self
            .columns
            .is_some_and(|columns| columns < hanging + NARROWEST);
        let (start, hanging) = if below {
            (format!("{start}\n{indent}  "), indent.len() + 4)
        } else {
            (start, hanging)
        };
        let lines = self.wrapped(&what, hanging);
        let mark = if self.ascii { ascii(mark) } else { mark };
        format!("{heading}{}{mark} {lines}\n", start.replace(" \n", "\n"))
    }

    /// A sentence on lines of its own.
    fn line(&self, start: &str, text: &str) -> String {
        format!("{start}{}\n", self.wrapped(text, start.len()))
    }

    /// A text that stands `hanging` columns further in, also where it is broken.
    fn wrapped(&self, text: &str, hanging: usize) -> String {
        let wide = self.columns.map_or(usize::MAX, |columns| {
            columns.saturating_sub(hanging).max(NARROWEST)
        });
        let joint = format!("\n{}", " ".repeat(hanging));
        wrap(text, wide).join(&joint).replace(TOGETHER, " ")
    }

    /// The zone's own line, unless it stands above already.
    fn heading(&mut self, zone: &Name, depth: usize) -> String {
        let here = (zone.clone(), depth);
        if self.under.as_ref() == Some(&here) {
            return String::new();
        }
        self.under = Some(here);
        let level = level(zone).say(self.language);
        format!("{}{:<WIDE$}{level}\n", indent(depth, 0), name_text(zone))
    }

    fn said(&mut self, asked: &Asked) -> String {
        let name = name_text(&asked.question.name);
        let kind = type_name(asked.question.kind);
        if asked.for_zone {
            return self.zone_asked(&name, &asked.said);
        }
        match &asked.said {
            Said::Answer { aliases, records } => {
                let certain = asked.reply.is_some_and(|facts| facts.authoritative);
                let text = if certain {
                    words::ANSWER
                } else {
                    words::ANSWER_UNCERTAIN
                };
                let each: Vec<String> = aliases
                    .iter()
                    .chain(records)
                    .take(MOST_RECORDS)
                    .map(record)
                    .chain(more(aliases.len() + records.len()))
                    .collect();
                self.fill(text, &[("records", &each.join(", "))])
            }
            Said::Alias { aliases, .. } => {
                let each: Vec<String> = aliases.iter().filter_map(|one| self.alias(one)).collect();
                each.join(", ")
            }
            Said::Referral(referral) => self.referral(referral, &asked.zone),
            Said::NoData(Proof { soa }) => match soa {
                Some((_, ttl)) => {
                    let places: [(&str, &dyn std::fmt::Display); 3] =
                        [("name", &name), ("kind", &kind), ("ttl", ttl)];
                    self.fill(words::NO_DATA, &places)
                }
                None => {
                    let places: [(&str, &dyn std::fmt::Display); 2] =
                        [("name", &name), ("kind", &kind)];
                    self.fill(words::NO_DATA_UNPROVEN, &places)
                }
            },
            Said::NoSuchName(Proof { soa }) => match soa {
                Some((zone, ttl)) => {
                    let places: [(&str, &dyn std::fmt::Display); 3] =
                        [("name", &name), ("zone", &name_text(zone)), ("ttl", ttl)];
                    self.fill(words::NO_NAME, &places)
                }
                None => self.fill(words::NO_NAME_UNPROVEN, &[("name", &name)]),
            },
            Said::Lame(lameness) => self.lame(lameness, &asked.zone),
            Said::Nothing(no_reply) => self.nothing(no_reply),
        }
    }

    fn zone_asked(&self, name: &str, said: &Said) -> String {
        let zone = match said {
            Said::NoData(Proof {
                soa: Some((zone, _)),
            }) => Some(name_text(zone)),
            Said::Answer { .. } => Some(name.to_owned()),
            _ => None,
        };
        match zone {
            Some(zone) => self.fill(words::WHOSE_ZONE, &[("name", &name), ("zone", &zone)]),
            None => self.fill(words::WHOSE_ZONE_UNSAID, &[("name", &name)]),
        }
    }

    fn referral(&self, referral: &Referral, from: &Name) -> String {
        let mut servers: Vec<String> = referral
            .servers
            .iter()
            .take(MOST_RECORDS)
            .map(|server| self.delegate(server, from))
            .chain(more(referral.servers.len()))
            .collect();
        if referral.left_out > 0 {
            servers.push(self.fill(words::LEFT_OUT, &[("count", &referral.left_out)]));
        }
        let places: [(&str, &dyn std::fmt::Display); 3] = [
            ("zone", &name_text(&referral.zone)),
            ("servers", &servers.join(", ")),
            ("ttl", &referral.ttl),
        ];
        self.fill(words::REFERRAL, &places)
    }

    fn delegate(&self, server: &Delegate, from: &Name) -> String {
        let name = name_text(&server.name);
        if !server.glue.is_empty() {
            let glue: Vec<String> = server.glue.iter().map(IpAddr::to_string).collect();
            // Name and addresses stay on one line.
            return format!("{name}{TOGETHER}{}", glue.join(TOGETHER));
        }
        if server.foreign_glue.is_empty() {
            return self.fill(words::NO_GLUE, &[("name", &name)]);
        }
        let places: [(&str, &dyn std::fmt::Display); 2] =
            [("name", &name), ("zone", &name_text(from))];
        self.fill(words::FOREIGN_GLUE, &places)
    }

    fn alias(&self, record: &Record) -> Option<String> {
        let (text, target) = match dname_target(record) {
            Some(target) => (words::ALIAS_TREE, target),
            None => (words::ALIAS, alias_target(record)?),
        };
        let places: [(&str, &dyn std::fmt::Display); 3] = [
            ("name", &name_text(&record.name)),
            ("target", &name_text(&target)),
            ("ttl", &record.ttl),
        ];
        Some(self.fill(text, &places))
    }

    fn lame(&self, lameness: &Lameness, zone: &Name) -> String {
        let zone = name_text(zone);
        match lameness {
            Lameness::Code(code) => {
                let code = rcode_name(*code);
                let text = if zone == "." {
                    words::LAME_ROOT
                } else {
                    words::LAME_CODE
                };
                self.fill(text, &[("code", &code), ("zone", &zone)])
            }
            Lameness::Resolver => self.fill(words::LAME_RESOLVER, &[("zone", &zone)]),
            Lameness::Upward(to) => self.fill(words::LAME_UPWARD, &[("to", &name_text(to))]),
            Lameness::Itself => self.fill(words::LAME_ITSELF, &[("zone", &zone)]),
            Lameness::Empty => words::LAME_EMPTY.say(self.language).to_owned(),
            Lameness::TwoWays => words::LAME_TWO_WAYS.say(self.language).to_owned(),
        }
    }

    fn nothing(&self, no_reply: &NoReply) -> String {
        match no_reply {
            NoReply::TimedOut { waited, .. } => {
                let time = duration(*waited, self.language);
                self.fill(words::TIMED_OUT, &[("time", &time)])
            }
            NoReply::Call { source, .. } => {
                let error = call_text(source, self.language);
                self.fill(words::CALL_FAILED, &[("error", &error)])
            }
            NoReply::CutShort { over_tcp, .. } => {
                self.fill(words::CUT_SHORT, &[("tcp", &self.nothing(over_tcp))])
            }
            NoReply::Garbage { why, .. } => self.fill(words::GARBAGE, &[("why", why)]),
            NoReply::Ended { got, .. } => {
                let got = bytes(*got as u64, self.language);
                self.fill(words::ENDED, &[("bytes", &got)])
            }
        }
    }

    fn beside(&self, facts: &Facts) -> String {
        let mut text = String::new();
        if facts.was_cut {
            let size = bytes(facts.size as u64, self.language);
            text.push_str(&self.fill(words::WAS_CUT, &[("size", &size)]));
        }
        if facts.without_edns {
            text.push_str(words::WITHOUT_EDNS.say(self.language));
        }
        if facts.strays > 0 {
            text.push_str(&self.fill(words::STRAYS, &[("count", &facts.strays)]));
        }
        text
    }

    fn fill(&self, text: Text, places: &[(&str, &dyn std::fmt::Display)]) -> String {
        text.fill(self.language, places)
    }
}

/// What walks have shown as a whole: in which zone the name is, and what it cost.
pub(super) fn end(walks: &[Walked], language: Language, columns: Option<usize>) -> String {
    let telling = Telling::new(language, columns, false);
    let mut lines = String::new();
    let placed = walks.iter().find_map(|walked| {
        let is_there = matches!(walked.outcome, Outcome::Answered | Outcome::NoData(_));
        Some((last_name(walked), walked.zone.clone().filter(|_| is_there)?))
    });
    if let Some((last, zone)) = placed {
        let text = if last.is_root() {
            words::ROOT_ZONE
        } else if zone == last {
            words::OWN_ZONE
        } else {
            words::IN_PARENT
        };
        let places: [(&str, &dyn std::fmt::Display); 2] =
            [("name", &name_text(&last)), ("zone", &name_text(&zone))];
        lines.push_str(&telling.line("", &text.fill(language, &places)));
    }
    let asked: u32 = walks.iter().map(|walked| walked.asked).sum();
    let took = duration(walks.iter().map(|walked| walked.took).sum(), language);
    let places: [(&str, &dyn std::fmt::Display); 2] = [("count", &asked), ("time", &took)];
    lines.push_str(&words::TOTAL.fill(language, &places));
    lines.push('\n');
    lines
}

/// The name that was asked for, or where its aliases lead.
fn last_name(walked: &Walked) -> Name {
    walked
        .aliases
        .iter()
        .rev()
        .find_map(alias_target)
        .unwrap_or_else(|| walked.question.name.clone())
}

/// How a walk that did not end with records is told, and which code it has.
pub(super) fn failure(
    walked: &Walked,
    kinds: &[RecordType],
    patience: &str,
    language: Language,
) -> Option<Failure> {
    let name = name_text(&last_name(walked));
    let kinds: Vec<_> = kinds.iter().map(|kind| type_name(*kind)).collect();
    let kind = kinds.join(", ");
    let stuck = match &walked.outcome {
        Outcome::Answered => return None,
        Outcome::NoSuchName(_) => {
            let line = words::NO_SUCH_NAME.fill(language, &[("name", &name)]);
            return Some(Failure::new(ExitCode::NameNotFound, line));
        }
        Outcome::NoData(_) => {
            let line = words::NO_SUCH_RECORD.fill(language, &[("name", &name), ("kind", &kind)]);
            return Some(Failure::new(ExitCode::NameNotFound, line));
        }
        Outcome::Failed(stuck) => stuck,
    };
    let of_zone = |text: Text, zone: &Name| text.fill(language, &[("zone", &name_text(zone))]);
    let (exit, line) = match stuck {
        Stuck::Silent(zone) => (ExitCode::TimedOut, of_zone(words::STUCK_SILENT, zone)),
        Stuck::OutOfTime(zone) => {
            let places: [(&str, &dyn std::fmt::Display); 2] =
                [("zone", &name_text(zone)), ("time", &patience)];
            (
                ExitCode::TimedOut,
                words::STUCK_TIME.fill(language, &places),
            )
        }
        Stuck::Unreachable(zone, errno) => {
            let error = errno_text(*errno, language);
            let places: [(&str, &dyn std::fmt::Display); 2] =
                [("zone", &name_text(zone)), ("error", &error)];
            (
                ExitCode::of_call(Call::Connect, *errno),
                words::STUCK_UNREACHABLE.fill(language, &places),
            )
        }
        Stuck::NoServerHelped(zone) => (ExitCode::Failure, of_zone(words::STUCK_LAME, zone)),
        Stuck::NoAddress(zone) => (ExitCode::Failure, of_zone(words::STUCK_NO_ADDRESS, zone)),
        Stuck::AliasLoop(name) => (
            ExitCode::Failure,
            words::STUCK_ALIAS_LOOP.fill(language, &[("name", &name_text(name))]),
        ),
        Stuck::TooManyAliases => (
            ExitCode::Failure,
            words::STUCK_ALIASES.say(language).to_owned(),
        ),
        Stuck::AliasTooLong(name) => (
            ExitCode::Failure,
            words::STUCK_ALIAS_TOO_LONG.fill(language, &[("name", &name_text(name))]),
        ),
        Stuck::TooManyQuestions => (
            ExitCode::Failure,
            words::STUCK_QUESTIONS.say(language).to_owned(),
        ),
    };
    Some(Failure::new(exit, line))
}

fn alias_target(record: &Record) -> Option<Name> {
    match &record.data {
        RData::CNAME(target) => Some(target.0.clone()),
        _ => None,
    }
}

fn record(record: &Record) -> String {
    let kind = type_name(record.record_type());
    format!("{kind}{TOGETHER}{}", data_text(&record.data))
}

/// The part of the hierarchy that a zone is.
fn level(zone: &Name) -> Text {
    match zone.num_labels() {
        0 => words::ROOT,
        1 => words::TOP,
        2 => words::SECOND,
        _ => words::SUBDOMAIN,
    }
}

/// The name of a server where it is known, and how its address is known where that is worth saying.
fn server_name(asked: &Asked) -> String {
    match asked.known {
        Known::Hint if asked.name.num_labels() == 1 => String::new(),
        _ => name_text(&asked.name),
    }
}

fn call_text(error: &sockeye_net::Error, language: Language) -> String {
    match error.errno() {
        Errno(0) if TlsError::behind(&error.source).is_some() => io_text(&error.source, language),
        Errno(0) => error.to_string(),
        errno => format!("{}: {}", error.call, errno_text(errno, language)),
    }
}

/// A mark in ASCII.
fn ascii(mark: &str) -> &'static str {
    match mark {
        "✗" => "x",
        "→" => ">",
        _ => "=",
    }
}

/// What stands for those beyond the most that are shown.
fn more(count: usize) -> Option<String> {
    (count > MOST_RECORDS).then(|| format!("… (+{})", count - MOST_RECORDS))
}

fn indent(depth: usize, within: usize) -> String {
    "  ".repeat(2 * depth + within)
}

/// Shown of one list on one line.
const MOST_RECORDS: usize = 6;
/// A space at which no line is broken; names and data are ASCII and hold none.
const TOGETHER: &str = "\u{a0}";
/// Columns of a server's address and name.
const WHO: usize = 30;
/// Columns of a zone's name, so that its level stands above what its servers say.
const WIDE: usize = WHO + 12;
/// Columns that a sentence has at least, in the narrowest window.
const NARROWEST: usize = 24;
