//! The answer as JSON: the shape is described in docs/resolve.md, and grows only by new members.

use std::time::Duration;

use serde::Serialize;
use sockeye_names::{
    Answer, Asked, NoReply, Record, Reply, Server, Step, Verdict, Wanted, data_text, in_its_script,
    name_text, rcode_name, type_name,
};
use sockeye_view::escape::escape_json;

use super::entry::{By, Entry, server_text};
use super::lines;
use crate::cli::ResolveArgs;

/// The whole.
#[derive(Serialize)]
pub(super) struct Document {
    question: QuestionObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    steps: Vec<StepObject>,
    answers: Vec<RecordObject>,
    responses: Vec<Response>,
}

#[derive(Serialize)]
pub(super) struct QuestionObject {
    typed: String,
    name: String,
    unicode: Option<String>,
    types: Vec<String>,
}

#[derive(Serialize)]
struct RecordObject {
    name: String,
    /// Seconds; none for what the hosts file says.
    ttl: Option<u32>,
    r#type: String,
    data: String,
}

/// What came to one question.
#[derive(Serialize, Default)]
struct Response {
    name: String,
    r#type: String,
    source: &'static str,
    status: &'static str,
    rcode: Option<String>,
    flags: Vec<&'static str>,
    server: Option<String>,
    transport: Option<String>,
    took_ms: Option<f64>,
    tries: Option<u32>,
    size: Option<usize>,
    truncated: bool,
    strays: u32,
    extended_errors: Vec<ExtendedErrorObject>,
    error: Option<String>,
}

#[derive(Serialize)]
struct ExtendedErrorObject {
    code: u16,
    text: String,
}

#[derive(Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum StepObject {
    HostsFile {
        path: String,
        found: usize,
        error: Option<String>,
    },
    Localhost,
    NotAsked {
        service: String,
    },
    Ended {
        service: String,
    },
    NoDns,
    Servers {
        path: String,
        servers: Vec<String>,
        names: Vec<String>,
        error: Option<String>,
    },
    Asked(Box<Response>),
}

/// One source: this machine's way, or one server.
pub(super) fn of_one(args: &ResolveArgs, steps: &[Step], entries: &[Entry<'_>]) -> Document {
    Document {
        question: question(args),
        server: match (steps, entries.first().map(|entry| &entry.by)) {
            ([], Some(By::Dns { server, .. })) => Some(server.to_string()),
            _ => None,
        },
        steps: steps.iter().map(step).collect(),
        answers: entries_records(entries),
        responses: entries.iter().map(response).collect(),
    }
}

/// What was asked, as it was typed and as DNS has it.
pub(super) fn question(args: &ResolveArgs) -> QuestionObject {
    QuestionObject {
        typed: args.typed.clone(),
        name: name_text(&args.wanted.name()),
        unicode: match &args.wanted {
            Wanted::Name(name) => in_its_script(name),
            Wanted::Address(_) => None,
        },
        types: args
            .kinds
            .iter()
            .map(|kind| type_name(*kind).into_owned())
            .collect(),
    }
}

/// Several servers: one document each, in their order.
pub(super) fn of_several(args: &ResolveArgs, each: &[Vec<Entry<'_>>]) -> Vec<Document> {
    each.iter()
        .map(|entries| of_one(args, &[], entries))
        .collect()
}

/// A document as text that ends with a line end.
pub(super) fn text(document: &impl Serialize) -> String {
    // Maps with keys that are no strings are what could fail; there are none.
    let text = serde_json::to_string_pretty(document).unwrap_or_default() + "\n";
    escape_json(&text).into_owned()
}

fn entries_records(entries: &[Entry<'_>]) -> Vec<RecordObject> {
    let here = |record: &Record| {
        entries.iter().any(|entry| match &entry.by {
            By::Hosts { records, .. } | By::Localhost(records) => {
                records.iter().any(|known| std::ptr::eq(known, record))
            }
            _ => false,
        })
    };
    lines::rows(entries)
        .into_iter()
        .map(|record| RecordObject {
            name: name_text(&record.name),
            ttl: (!here(record)).then_some(record.ttl),
            r#type: type_name(record.record_type()).into_owned(),
            data: data_text(&record.data),
        })
        .collect()
}

fn response(entry: &Entry<'_>) -> Response {
    let mut response = Response {
        name: name_text(&entry.question.name),
        r#type: type_name(entry.question.kind).into_owned(),
        status: if entry.is_answered() {
            "answered"
        } else {
            "no-data"
        },
        ..Response::default()
    };
    match &entry.by {
        By::Hosts { .. } | By::NotInHosts(_) => response.source = "hosts",
        By::Localhost(_) => response.source = "localhost",
        By::NotAsked => {
            response.source = "none";
            response.status = "not-asked";
        }
        By::Dns { server, outcome } => response.fill(*server, *outcome),
    }
    response
}

impl Response {
    fn fill(&mut self, server: Server, outcome: Result<&Answer, &NoReply>) {
        self.source = "dns";
        self.server = Some(server.to_string());
        match outcome {
            Ok(answer) => {
                self.status = match answer.verdict {
                    Verdict::Records => "answered",
                    Verdict::NoData => "no-data",
                    Verdict::NoName => "no-name",
                    Verdict::Elsewhere => "elsewhere",
                    Verdict::Referral => "referral",
                    Verdict::Loop => "loop",
                    Verdict::Error(_) => "error",
                };
                self.fill_reply(&answer.reply);
                self.extended_errors = answer
                    .extended_errors()
                    .into_iter()
                    .map(|error| ExtendedErrorObject {
                        code: error.code,
                        text: error.text,
                    })
                    .collect();
            }
            Err(error) => {
                self.status = match error {
                    NoReply::TimedOut { .. } => "timed-out",
                    NoReply::Call { .. } => "failed",
                    NoReply::Garbage { .. } => "garbage",
                    NoReply::Ended { .. } => "ended-early",
                    NoReply::CutShort { .. } => "cut-short",
                };
                if let NoReply::TimedOut { waited, strays, .. } = error {
                    self.took_ms = Some(millis(*waited));
                    self.strays = *strays;
                }
                self.error = Some(error.to_string());
            }
        }
    }

    fn fill_reply(&mut self, reply: &Reply) {
        let meta = &reply.message.metadata;
        self.rcode = Some(rcode_name(meta.response_code).into_owned());
        self.flags = [
            (true, "qr"),
            (meta.authoritative, "aa"),
            (meta.truncation, "tc"),
            (meta.recursion_desired, "rd"),
            (meta.recursion_available, "ra"),
            (meta.authentic_data, "ad"),
            (meta.checking_disabled, "cd"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
        self.transport = Some(reply.transport.to_string());
        self.took_ms = Some(millis(reply.took));
        self.tries = Some(reply.tries);
        self.size = Some(reply.size);
        self.truncated = reply.was_cut;
        self.strays = reply.strays;
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn step(step: &Step) -> StepObject {
    match step {
        Step::Hosts { path, found } => StepObject::HostsFile {
            path: path.display().to_string(),
            found: *found.as_ref().unwrap_or(&0),
            error: found.as_ref().err().map(ToString::to_string),
        },
        Step::Localhost => StepObject::Localhost,
        Step::LeftOut { service } => StepObject::NotAsked {
            service: service.clone(),
        },
        Step::Ended { service } => StepObject::Ended {
            service: service.clone(),
        },
        Step::NoDns => StepObject::NoDns,
        Step::Configured {
            path,
            error,
            names,
            servers,
            ..
        } => StepObject::Servers {
            path: path.display().to_string(),
            servers: servers.iter().map(server_text).collect(),
            names: names.iter().map(name_text).collect(),
            error: error.as_ref().map(ToString::to_string),
        },
        Step::Asked(asked) => StepObject::Asked(Box::new(of_asked(asked))),
    }
}

fn of_asked(asked: &Asked) -> Response {
    response(&Entry {
        question: asked.question.clone(),
        by: By::Dns {
            server: asked.server,
            outcome: asked.outcome.as_ref(),
        },
    })
}
