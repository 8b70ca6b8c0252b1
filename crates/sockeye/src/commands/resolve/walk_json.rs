//! A walk from the root as one JSON document; docs/resolve.md describes it.

use std::time::Duration;

use serde::Serialize;

use super::json::{self, QuestionObject};
use crate::cli::ResolveArgs;
use sockeye_names::walk::{
    Asked, Known, Lameness, NotAsked, Outcome, Proof, Referral, Said, Step, Stuck, Walked,
};
use sockeye_names::{Name, NoReply, Question, Record, data_text, name_text, rcode_name, type_name};

/// The document: what was asked, the records of all types, and a walk for each type.
#[derive(Serialize)]
pub(super) struct Document {
    question: QuestionObject,
    answers: Vec<ARecord>,
    walks: Vec<AWalk>,
}

#[derive(Serialize)]
struct AWalk {
    question: AQuestion,
    outcome: &'static str,
    rcode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    answers: Vec<ARecord>,
    zone: Option<String>,
    asked: u32,
    took_ms: f64,
    steps: Vec<AStep>,
}

#[derive(Serialize)]
struct AQuestion {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize)]
struct ARecord {
    name: String,
    ttl: u32,
    #[serde(rename = "type")]
    kind: String,
    data: String,
}

#[derive(Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum AStep {
    Asked(Box<AnAsked>),
    Fetching {
        depth: usize,
        zone: String,
        server: String,
        #[serde(rename = "type")]
        kind: String,
    },
    NotAsked {
        depth: usize,
        zone: String,
        server: String,
        why: &'static str,
    },
    Restart {
        depth: usize,
        name: String,
        zone: String,
    },
}

#[derive(Serialize)]
struct AnAsked {
    depth: usize,
    question: AQuestion,
    zone: String,
    server: String,
    address: String,
    known: &'static str,
    for_zone: bool,
    #[serde(flatten)]
    said: ASaid,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Facts>,
}

#[derive(Serialize)]
struct Facts {
    took_ms: f64,
    transport: String,
    size: usize,
    truncated: bool,
    without_edns: bool,
    authoritative: bool,
    strays: u32,
}

#[derive(Serialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
enum ASaid {
    Answer {
        answers: Vec<ARecord>,
    },
    Alias {
        answers: Vec<ARecord>,
        to: String,
    },
    Referral {
        to: String,
        ttl: u32,
        servers: Vec<ADelegate>,
        left_out: usize,
    },
    NoData {
        soa: Option<String>,
        ttl: Option<u32>,
    },
    NoSuchName {
        soa: Option<String>,
        ttl: Option<u32>,
    },
    Lame {
        why: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        rcode: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    Nothing {
        why: &'static str,
        error: String,
    },
}

#[derive(Serialize)]
struct ADelegate {
    name: String,
    glue: Vec<String>,
    foreign_glue: Vec<String>,
}

impl Document {
    pub(super) fn of(args: &ResolveArgs, walks: &[Walked]) -> Self {
        let found = walks
            .iter()
            .flat_map(|walked| walked.aliases.iter().chain(&walked.records));
        Self {
            question: json::question(args),
            answers: records(found),
            walks: walks.iter().map(AWalk::of).collect(),
        }
    }
}

impl AWalk {
    fn of(walked: &Walked) -> Self {
        let (outcome, rcode, reason) = match &walked.outcome {
            Outcome::Answered => ("answered", "NOERROR", None),
            Outcome::NoData(_) => ("no-data", "NOERROR", None),
            Outcome::NoSuchName(_) => ("no-such-name", "NXDOMAIN", None),
            Outcome::Failed(stuck @ Stuck::AliasTooLong(_)) => {
                ("failed", "YXDOMAIN", Some(reason(stuck)))
            }
            Outcome::Failed(stuck) => ("failed", "SERVFAIL", Some(reason(stuck))),
        };
        Self {
            question: question(&walked.question),
            outcome,
            rcode,
            reason,
            answers: records(walked.aliases.iter().chain(&walked.records)),
            zone: walked.zone.as_ref().map(name_text),
            asked: walked.asked,
            took_ms: millis(walked.took),
            steps: walked.steps.iter().map(step).collect(),
        }
    }
}

fn reason(stuck: &Stuck) -> String {
    let (word, of) = match stuck {
        Stuck::Silent(zone) => ("silent", Some(zone)),
        Stuck::Unreachable(zone, _) => ("unreachable", Some(zone)),
        Stuck::NoServerHelped(zone) => ("lame", Some(zone)),
        Stuck::NoAddress(zone) => ("no-address", Some(zone)),
        Stuck::AliasLoop(name) => ("alias-loop", Some(name)),
        Stuck::TooManyAliases => ("too-many-aliases", None),
        Stuck::AliasTooLong(name) => ("alias-too-long", Some(name)),
        Stuck::TooManyQuestions => ("too-many-questions", None),
        Stuck::OutOfTime(zone) => ("out-of-time", Some(zone)),
    };
    of.map_or_else(
        || word.to_owned(),
        |name| format!("{word} {}", name_text(name)),
    )
}

fn step(step: &Step) -> AStep {
    match step {
        Step::Asked(asked) => AStep::Asked(Box::new(asked_json(asked))),
        Step::Fetching {
            depth,
            zone,
            server,
            kind,
        } => AStep::Fetching {
            depth: *depth,
            zone: name_text(zone),
            server: name_text(server),
            kind: type_name(*kind).into_owned(),
        },
        Step::NotAsked {
            depth,
            zone,
            server,
            why,
        } => AStep::NotAsked {
            depth: *depth,
            zone: name_text(zone),
            server: name_text(server),
            why: match why {
                NotAsked::Loop => "loop",
                NotAsked::NoAddress => "no-address",
                NotAsked::Failed => "failed",
                NotAsked::TooDeep => "too-deep",
                NotAsked::Unusable => "unusable",
            },
        },
        Step::Restart { depth, name, zone } => AStep::Restart {
            depth: *depth,
            name: name_text(name),
            zone: name_text(zone),
        },
    }
}

fn asked_json(asked: &Asked) -> AnAsked {
    AnAsked {
        depth: asked.depth,
        question: question(&asked.question),
        zone: name_text(&asked.zone),
        server: name_text(&asked.name),
        address: asked.server.address.to_string(),
        known: match asked.known {
            Known::Hint => "hint",
            Known::Glue => "glue",
            Known::Fetched => "fetched",
        },
        for_zone: asked.for_zone,
        said: said(&asked.said),
        reply: asked.reply.map(|facts| Facts {
            took_ms: millis(facts.took),
            transport: facts.transport.to_string(),
            size: facts.size,
            truncated: facts.was_cut,
            without_edns: facts.without_edns,
            authoritative: facts.authoritative,
            strays: facts.strays,
        }),
    }
}

fn said(said: &Said) -> ASaid {
    match said {
        Said::Answer {
            aliases,
            records: found,
        } => ASaid::Answer {
            answers: records(aliases.iter().chain(found)),
        },
        Said::Alias { aliases, name } => ASaid::Alias {
            answers: records(aliases),
            to: name_text(name),
        },
        Said::Referral(referral) => referral_json(referral),
        Said::NoData(proof) => {
            let (soa, ttl) = soa(proof);
            ASaid::NoData { soa, ttl }
        }
        Said::NoSuchName(proof) => {
            let (soa, ttl) = soa(proof);
            ASaid::NoSuchName { soa, ttl }
        }
        Said::Lame(lameness) => {
            let (why, rcode, to) = match lameness {
                Lameness::Code(code) => ("rcode", Some(rcode_name(*code).into_owned()), None),
                Lameness::Resolver => ("resolver", None, None),
                Lameness::Upward(to) => ("upward", None, Some(name_text(to))),
                Lameness::Itself => ("itself", None, None),
                Lameness::Empty => ("empty", None, None),
                Lameness::TwoWays => ("two-ways", None, None),
            };
            ASaid::Lame { why, rcode, to }
        }
        Said::Nothing(no_reply) => ASaid::Nothing {
            why: match no_reply {
                NoReply::TimedOut { .. } => "timed-out",
                NoReply::Call { .. } => "call",
                NoReply::Garbage { .. } => "garbage",
                NoReply::Ended { .. } => "ended",
                NoReply::CutShort { .. } => "cut-short",
            },
            error: no_reply.to_string(),
        },
    }
}

fn referral_json(referral: &Referral) -> ASaid {
    let servers = referral.servers.iter().map(|server| ADelegate {
        name: name_text(&server.name),
        glue: server.glue.iter().map(ToString::to_string).collect(),
        foreign_glue: server
            .foreign_glue
            .iter()
            .map(ToString::to_string)
            .collect(),
    });
    ASaid::Referral {
        to: name_text(&referral.zone),
        ttl: referral.ttl,
        servers: servers.collect(),
        left_out: referral.left_out,
    }
}

fn soa(proof: &Proof) -> (Option<String>, Option<u32>) {
    let named = |(zone, ttl): &(Name, u32)| (name_text(zone), *ttl);
    proof.soa.as_ref().map(named).unzip()
}

fn question(question: &Question) -> AQuestion {
    AQuestion {
        name: name_text(&question.name),
        kind: type_name(question.kind).into_owned(),
    }
}

fn records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<ARecord> {
    records
        .into_iter()
        .map(|record| ARecord {
            name: name_text(&record.name),
            ttl: record.ttl,
            kind: type_name(record.record_type()).into_owned(),
            data: data_text(&record.data),
        })
        .collect()
}

fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
