//! The answer as text: a line for each probe as it ends, then a table with a row for each target.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use sockeye_net::icmp::{Way, Why};
use sockeye_view::catalogue::{Language, bytes};
use sockeye_view::escape::{columns, escape_name};
use sockeye_view::{Align, Table};

use super::outcome::{Answer, By, End, Replied};
use super::score::Score;
use super::times::picture;
use super::words;
use crate::cli::quantity::duration_text;
use crate::report::Failure;
use crate::views::Look;

/// A probe that has ended, in one line.
pub(super) fn probe(
    score: &Score,
    width: usize,
    number: u64,
    end: &End,
    took: Duration,
    timeout: Duration,
    look: Look,
) -> String {
    let label = escape_name(&score.asked.typed);
    let space = width.saturating_sub(columns(&label));
    let text = ended(score, end, took, timeout, look.language);
    let line = format!("{label}{:space$}  {number:>3}  {text}", "");
    let color = match end {
        _ if !look.color => return line,
        End::Answered(_) => return line,
        End::Late(_) | End::Again(_) => YELLOW,
        _ => RED,
    };
    format!("{color}{line}{PLAIN}")
}

/// How a probe ended, in words.
pub(super) fn ended(
    score: &Score,
    end: &End,
    took: Duration,
    timeout: Duration,
    language: Language,
) -> String {
    // In a column, so that a slow one is seen.
    let took = format!("{:>9}  ", millis(took, language));
    said(score, end, &took, timeout, language)
}

/// Why a probe got no answer, without the time.
pub(super) fn why(score: &Score, end: &End, timeout: Duration, language: Language) -> String {
    said(score, end, "", timeout, language)
}

fn said(score: &Score, end: &End, took: &str, timeout: Duration, language: Language) -> String {
    let fill = |text: sockeye_view::catalogue::Text, places: &[(&str, &dyn Display)]| {
        text.fill(language, places)
    };
    let limit = duration_text(timeout);
    match end {
        End::Answered(reply) => answer(reply, took, language),
        End::Late(reply) => {
            let answer = answer(reply, took, language);
            fill(words::LATE, &[("answer", &answer), ("time", &limit)])
        }
        End::Again(reply) => {
            let answer = answer(reply, took, language);
            fill(words::AGAIN, &[("answer", &answer)])
        }
        End::Refused { from } => fill(words::REFUSED, &[("took", &took), ("from", from)]),
        End::Undelivered { why, from } => {
            let why = reason(*why, language);
            match from {
                Some(from) => fill(
                    words::UNDELIVERED,
                    &[("took", &took), ("why", &why), ("from", from)],
                ),
                None => fill(words::UNDELIVERED_PLAIN, &[("took", &took), ("why", &why)]),
            }
        }
        End::Failed(error) => {
            let address = &score.asked.address;
            Failure::of_open(error, address, timeout, language).line
        }
        End::Lost => fill(words::LOST, &[("time", &limit)]),
    }
}

fn answer(answer: &Answer, took: &str, language: Language) -> String {
    let fill = |text: sockeye_view::catalogue::Text, places: &[(&str, &dyn Display)]| {
        text.fill(language, places)
    };
    let from = escape_name(&answer.from);
    match answer.what {
        Replied::Echo { hops, changed } => {
            let mut text = match hops {
                Some(ttl) => fill(
                    words::ECHO,
                    &[("took", &took), ("from", &from), ("ttl", &ttl)],
                ),
                None => fill(words::ECHO_PLAIN, &[("took", &took), ("from", &from)]),
            };
            if changed {
                text.push_str(words::CHANGED.say(language));
            }
            text
        }
        Replied::Connected => fill(words::CONNECTED, &[("took", &took), ("from", &from)]),
        Replied::Pong => fill(words::PONG, &[("took", &took), ("from", &from)]),
        Replied::Datagram(len) => {
            let bytes = bytes(len as u64, language);
            fill(
                words::DATAGRAM,
                &[("took", &took), ("bytes", &bytes), ("from", &from)],
            )
        }
        Replied::PortClosed => fill(words::PORT_CLOSED, &[("took", &took), ("from", &from)]),
    }
}

fn reason(why: Why, language: Language) -> String {
    let text = match why {
        Why::NoRoute => words::NO_ROUTE,
        Why::HostUnreachable => words::HOST_UNREACHABLE,
        Why::ProtocolUnreachable => words::PROTOCOL_UNREACHABLE,
        Why::PortUnreachable => words::PORT_UNREACHABLE,
        Why::TooBig { mtu: 0 } => words::TOO_BIG,
        Why::TooBig { mtu } => return words::TOO_BIG_FOR.fill(language, &[("mtu", &mtu)]),
        Why::Prohibited => words::PROHIBITED,
        Why::TimeExceeded => words::TIME_EXCEEDED,
        Why::ReassemblyTimeExceeded => words::REASSEMBLY,
        Why::ParameterProblem => words::PARAMETER,
        Why::Unreachable(code) => return words::UNREACHABLE.fill(language, &[("code", &code)]),
    };
    text.say(language).to_owned()
}

/// How a target is asked.
pub(super) fn opened(typed: &str, address: &str, by: By, language: Language) -> String {
    let (text, len) = match by {
        By::Icmp(Way::Datagram, len) => (words::BY_DATAGRAM, len),
        By::Icmp(Way::Raw, len) => (words::BY_RAW, len),
        By::Tcp => (words::BY_TCP, 0),
        By::Unix => (words::BY_UNIX, 0),
        By::Layered => (words::BY_LAYERED, 0),
        By::WebSocket => (words::BY_WEBSOCKET, 0),
        By::Udp(len) => (words::BY_UDP, len),
    };
    let (target, address) = (escape_name(typed), escape_name(address));
    let bytes = bytes(len as u64, language);
    text.fill(
        language,
        &[
            ("target", &target),
            ("address", &address),
            ("bytes", &bytes),
        ],
    )
}

/// The table of all targets, and a line for each of which there is more to say.
pub(super) fn summary(out: &mut dyn Write, scores: &[Score], look: Look) -> io::Result<()> {
    let language = look.language;
    let right = |text: sockeye_view::catalogue::Text| (text.say(language), Align::Right);
    let mut table = Table::new(&[
        (words::TARGET.say(language), Align::Left),
        right(words::SENT),
        right(words::ANSWERED),
        right(words::LOST_SHARE),
        right(words::LEAST),
        right(words::MEDIAN),
        right(words::P99),
        right(words::GREATEST),
        (words::SPREAD.say(language), Align::Left),
    ])
    .fitted(look.terminal.then_some(look.width));
    for score in scores.iter().filter(|score| score.by.is_some()) {
        let spread = score.times.spread();
        let time = |pick: fn(&super::times::Spread) -> Duration| {
            spread
                .as_ref()
                .map_or_else(|| "-".to_owned(), |spread| millis(pick(spread), language))
        };
        let bars = spread
            .as_ref()
            .map(|spread| picture(&spread.steps, look.ascii));
        table.row([
            score.asked.typed.clone(),
            score.sent.to_string(),
            score.answered.to_string(),
            share(score, language),
            time(|spread| spread.least),
            time(|spread| spread.median),
            time(|spread| spread.p99),
            time(|spread| spread.greatest),
            bars.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    if !look.quiet {
        writeln!(out)?;
    }
    table.write(out)?;
    for score in scores {
        let counts = counts(score, language);
        if !counts.is_empty() {
            let target = escape_name(&score.asked.typed);
            let places: [(&str, &dyn Display); 2] = [("target", &target), ("counts", &counts)];
            writeln!(out, "{}", words::NOTE.fill(language, &places))?;
        }
    }
    Ok(())
}

/// What the row of a target does not tell.
fn counts(score: &Score, language: Language) -> String {
    let each = [
        (words::COUNT_REFUSED, score.refused),
        (words::COUNT_UNDELIVERED, score.undelivered),
        (words::COUNT_FAILED, score.failed),
        (words::COUNT_LATE, score.late),
        (words::COUNT_AGAIN, score.again),
        (words::COUNT_CHANGED, score.changed),
        (words::COUNT_WAITING, score.waiting()),
    ];
    let said: Vec<String> = each
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(text, count)| text.fill(language, &[("count", count)]))
        .collect();
    said.join(", ")
}

/// The share of probes that got no answer in time, of those that had the time.
fn share(score: &Score, language: Language) -> String {
    let Some(percent) = score.lost_percent() else {
        return "-".to_owned();
    };
    // Some lost is never said to be none, nor almost all to be all.
    let text = match percent {
        0.0 | 100.0 => format!("{percent:.0}%"),
        percent if percent < 0.1 => "<0.1%".to_owned(),
        percent if percent > 99.9 => ">99.9%".to_owned(),
        percent => format!("{percent:.1}%"),
    };
    in_language(text, language)
}

/// Milliseconds as one word: `0.052ms`, `12.35ms`, `1203.1ms`.
pub(super) fn millis(time: Duration, language: Language) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    let text = if millis < 9.9995 {
        format!("{millis:.3}ms")
    } else if millis < 99.995 {
        format!("{millis:.2}ms")
    } else {
        format!("{millis:.1}ms")
    };
    in_language(text, language)
}

fn in_language(text: String, language: Language) -> String {
    match language {
        Language::English => text,
        Language::Spanish => text.replacen('.', ",", 1),
    }
}

const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_word_with_three_figures_or_more() {
        for (micros, english, spanish) in [
            (52, "0.052ms", "0,052ms"),
            (9_999, "9.999ms", "9,999ms"),
            (12_345, "12.35ms", "12,35ms"),
            (1_203_100, "1203.1ms", "1203,1ms"),
        ] {
            let time = Duration::from_micros(micros);
            assert_eq!(millis(time, Language::English), english);
            assert_eq!(millis(time, Language::Spanish), spanish);
        }
    }
}
