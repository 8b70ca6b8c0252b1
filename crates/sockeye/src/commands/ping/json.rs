//! The answer as JSON, an object a line: the shape is described in docs/ping.md, and grows only by new members.

use std::time::Duration;

use serde::Serialize;
use sockeye_net::icmp::{Way, Why};
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_json;

use super::lines;
use super::outcome::{Answer, By, End, Replied};
use super::score::Score;

#[derive(Serialize)]
struct Probe<'a> {
    version: u32,
    r#type: &'static str,
    target: &'a str,
    number: u64,
    outcome: &'static str,
    time_ms: Option<f64>,
    from: Option<String>,
    ttl: Option<u8>,
    reply: Option<&'static str>,
    bytes: Option<usize>,
    changed: Option<bool>,
    why: Option<&'static str>,
    mtu: Option<u32>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Summary<'a> {
    version: u32,
    r#type: &'static str,
    target: &'a str,
    address: Option<&'a str>,
    by: Option<&'static str>,
    socket: Option<&'static str>,
    bytes: Option<usize>,
    sent: u64,
    answered: u64,
    lost: u64,
    refused: u64,
    undelivered: u64,
    failed: u64,
    waiting: u64,
    late: u64,
    duplicates: u64,
    changed: u64,
    lost_percent: Option<f64>,
    min_ms: Option<f64>,
    median_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    histogram: Vec<Step>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Step {
    up_to_ms: f64,
    count: usize,
}

/// A probe that has ended.
pub(super) fn probe(
    score: &Score,
    number: u64,
    end: &End,
    took: Duration,
    timeout: Duration,
    language: Language,
) -> String {
    let mut probe = Probe {
        version: VERSION,
        r#type: "probe",
        target: &score.asked.typed,
        number,
        outcome: "lost",
        time_ms: Some(millis(took)),
        from: None,
        ttl: None,
        reply: None,
        bytes: None,
        changed: None,
        why: None,
        mtu: None,
        error: None,
    };
    match end {
        End::Answered(answer) => probe.answered("answered", answer),
        End::Late(answer) => probe.answered("late", answer),
        End::Again(answer) => probe.answered("duplicate", answer),
        End::Refused { from } => {
            probe.outcome = "refused";
            probe.from = Some(from.clone());
        }
        End::Undelivered { why, from } => {
            probe.outcome = "undelivered";
            probe.from = from.map(|from| from.to_string());
            (probe.why, probe.mtu) = reason(*why);
        }
        End::Failed(_) => {
            probe.outcome = "failed";
            probe.error = Some(lines::ended(score, end, took, timeout, language));
        }
        End::Lost => probe.time_ms = None,
    }
    line(&probe)
}

impl Probe<'_> {
    fn answered(&mut self, outcome: &'static str, answer: &Answer) {
        self.outcome = outcome;
        self.from = Some(answer.from.clone());
        match answer.what {
            Replied::Echo { hops, changed } => {
                self.reply = Some("echo");
                self.ttl = hops;
                self.changed = Some(changed);
            }
            Replied::Connected => self.reply = Some("connected"),
            Replied::Pong => self.reply = Some("pong"),
            Replied::Datagram(len) => {
                self.reply = Some("datagram");
                self.bytes = Some(len);
            }
            Replied::PortClosed => self.reply = Some("port-unreachable"),
        }
    }
}

fn reason(why: Why) -> (Option<&'static str>, Option<u32>) {
    let name = match why {
        Why::NoRoute => "network-unreachable",
        Why::HostUnreachable => "host-unreachable",
        Why::ProtocolUnreachable => "protocol-unreachable",
        Why::PortUnreachable => "port-unreachable",
        Why::TooBig { mtu } => return (Some("too-big"), Some(mtu)),
        Why::Prohibited => "prohibited",
        Why::TimeExceeded => "time-exceeded",
        Why::ReassemblyTimeExceeded => "reassembly-time-exceeded",
        Why::ParameterProblem => "parameter-problem",
        Why::Unreachable(_) => "unreachable",
    };
    (Some(name), None)
}

/// What a target comes to; `error` is why it could not be asked.
pub(super) fn summary(score: &Score, error: Option<String>) -> String {
    let spread = score.times.spread();
    let (by, socket, bytes) = match score.by {
        None => (None, None, None),
        Some(By::Icmp(Way::Datagram, len)) => (Some("icmp"), Some("datagram"), Some(len)),
        Some(By::Icmp(Way::Raw, len)) => (Some("icmp"), Some("raw"), Some(len)),
        Some(By::Udp(len)) => (Some("udp"), None, Some(len)),
        Some(By::Tcp | By::Unix | By::Layered | By::WebSocket) => {
            (Some(score.asked.address.scheme.name()), None, None)
        }
    };
    let time = |pick: fn(&super::times::Spread) -> Duration| {
        spread.as_ref().map(|spread| millis(pick(spread)))
    };
    let steps = spread.as_ref().map_or(&[][..], |spread| &spread.steps);
    line(&Summary {
        version: VERSION,
        r#type: "summary",
        target: &score.asked.typed,
        address: Some(score.address.as_str()).filter(|address| !address.is_empty()),
        by,
        socket,
        bytes,
        sent: score.sent,
        answered: score.answered,
        lost: score.lost,
        refused: score.refused,
        undelivered: score.undelivered,
        failed: score.failed,
        waiting: score.waiting(),
        late: score.late,
        duplicates: score.again,
        changed: score.changed,
        lost_percent: score.lost_percent(),
        min_ms: time(|spread| spread.least),
        median_ms: time(|spread| spread.median),
        p99_ms: time(|spread| spread.p99),
        max_ms: time(|spread| spread.greatest),
        histogram: steps
            .iter()
            .map(|(end, count)| Step {
                up_to_ms: millis(*end),
                count: *count,
            })
            .collect(),
        error,
    })
}

fn line(object: &impl Serialize) -> String {
    // Maps with keys that are no strings are what could fail; there are none.
    let text = serde_json::to_string(object).unwrap_or_default();
    escape_json(&text).into_owned()
}

/// To the nanosecond.
fn millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

const VERSION: u32 = 1;
