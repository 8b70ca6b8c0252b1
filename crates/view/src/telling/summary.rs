//! The figures of a session in one line: bytes both ways, answer times, what the kernel measured.

use std::time::Duration;

use sockeye_model::{Call, Errno, Event, Kind, Payload, Tally, TcpSample, Unit};

use super::{Sockets, Teller};
use crate::catalogue::{self, Text, narration};

/// Answer times that are kept for the median; beyond it every second one is dropped, evenly.
const KEPT: usize = 4096;

/// Collected as events pass. Bounded.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    answers: Answers,
    kernel: Kernel,
    messages: bool,
    /// Some came or went where a message can be lost without a word: over UDP, ICMP or raw.
    lossy: bool,
    stream: bool,
    cut: u64,
    failures: u64,
    last_failure: Option<(Call, Errno)>,
}

#[derive(Debug, Default)]
struct Answers {
    times: Vec<Duration>,
    /// One of `stride` is kept.
    stride: u64,
    seen: u64,
}

impl Answers {
    fn add(&mut self, time: Duration) {
        if self.stride == 0 {
            self.stride = 1;
        }
        if self.seen.is_multiple_of(self.stride) {
            if self.times.len() == KEPT {
                let mut index = 0;
                self.times.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.times.push(time);
            }
        }
        self.seen += 1;
    }

    fn median(&self) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        let middle = times.len() / 2;
        if times.len().is_multiple_of(2) && !times.is_empty() {
            return Some((times[middle - 1] + times[middle]) / 2);
        }
        times.get(middle).copied()
    }
}

/// The kernel's figures over all connections.
#[derive(Debug, Default)]
struct Kernel {
    connections: u64,
    last: TcpSample,
    least: Option<Duration>,
    most: Duration,
    retransmitted: u64,
    segments_out: u64,
    segments_in: u64,
}

impl Kernel {
    fn add(&mut self, sample: &TcpSample) {
        self.connections += 1;
        self.last = *sample;
        if !sample.rtt.is_zero() {
            self.least = Some(self.least.map_or(sample.rtt, |least| least.min(sample.rtt)));
            self.most = self.most.max(sample.rtt);
        }
        self.retransmitted += u64::from(sample.retransmitted);
        self.segments_out += u64::from(sample.segments_out);
        self.segments_in += u64::from(sample.segments_in);
    }
}

impl Summary {
    /// Looks at an event before the sockets learn of it.
    pub(crate) fn before(&mut self, event: &Event<'_>, sockets: &Sockets) {
        let known = sockets.of(event.socket);
        let mut unit = |payload: &Payload<'_>| match payload.unit() {
            Unit::Message => {
                self.messages = true;
                self.lossy |= known.is_none_or(|known| known.transport.may_lose());
            }
            Unit::Bytes => self.stream = true,
        };
        match &event.kind {
            Kind::Sent { payload, .. } => unit(payload),
            Kind::Received {
                payload,
                truncated_from,
                ..
            } => {
                unit(payload);
                self.cut += u64::from(truncated_from.is_some());
                if let Some(time) = known.and_then(|known| known.answer_time(event.at)) {
                    self.answers.add(time);
                }
            }
            Kind::Failed { call, errno, .. } => {
                self.failures += 1;
                self.last_failure = Some((*call, *errno));
            }
            Kind::Closed { .. } => {
                if let Some(sample) = known.and_then(|known| known.sample) {
                    self.kernel.add(&sample);
                }
            }
            _ => {}
        }
    }

    /// Whether it went well, and the phrases that say so.
    pub(crate) fn phrases(mut self, tally: &Tally, teller: &Teller) -> (bool, Vec<String>) {
        for (_, known) in teller.sockets.iter() {
            if let Some(sample) = known.sample {
                self.kernel.add(&sample);
            }
        }
        let well = tally.failed == 0 && (tally.conversations > 0 || self.failures == 0);
        let mut phrases = Vec::new();
        if let (false, Some((call, errno))) = (well, self.last_failure) {
            let error = catalogue::errno_text(errno, teller.language);
            phrases.push(format!("{call}: {error}"));
        }
        self.conversations(tally, teller, &mut phrases);
        self.bytes(tally, teller, &mut phrases);
        self.times(teller, &mut phrases);
        self.figures(teller, &mut phrases);
        if tally.unshown > 0 {
            let count = catalogue::count(tally.unshown, teller.language);
            phrases.push(teller.fill(narration::SUM_UNSHOWN, &[("count", &count)]));
        }
        (well, phrases)
    }

    fn conversations(&self, tally: &Tally, teller: &Teller, phrases: &mut Vec<String>) {
        let count = |number| catalogue::count(number, teller.language);
        match tally.conversations {
            // A look-up has no conversations, but it may have sent and received.
            0 if tally.totals == sockeye_model::Totals::default()
                && !self.messages
                && !self.stream =>
            {
                phrases.push(teller.say(narration::SUM_NO_CONVERSATION).to_owned());
            }
            0 | 1 => {}
            many => {
                phrases.push(teller.fill(narration::SUM_CONVERSATIONS, &[("count", &count(many))]))
            }
        }
        match tally.failed {
            0 => {}
            1 if tally.conversations <= 1 => {}
            1 => phrases.push(teller.say(narration::SUM_FAILED_ONE).to_owned()),
            many => phrases.push(teller.fill(narration::SUM_FAILED, &[("count", &count(many))])),
        }
    }

    fn bytes(&self, tally: &Tally, teller: &Teller, phrases: &mut Vec<String>) {
        let totals = &tally.totals;
        if *totals == sockeye_model::Totals::default() {
            return;
        }
        let sent = catalogue::bytes(totals.bytes_sent, teller.language);
        let received = catalogue::bytes(totals.bytes_received, teller.language);
        if self.messages && !self.stream {
            let sends = catalogue::count(totals.sends, teller.language);
            let receives = catalogue::count(totals.receives, teller.language);
            phrases.push(teller.fill(
                narration::SUM_MESSAGES,
                &[
                    ("sent", &sent),
                    ("sends", &sends),
                    ("received", &received),
                    ("receives", &receives),
                ],
            ));
            if self.cut == 1 {
                phrases.push(teller.say(narration::SUM_CUT_ONE).to_owned());
            } else if self.cut > 1 {
                let count = catalogue::count(self.cut, teller.language);
                phrases.push(teller.fill(narration::SUM_CUT, &[("count", &count)]));
            }
            if self.lossy {
                phrases.push(teller.say(narration::SUM_LOSS).to_owned());
            }
        } else {
            phrases.push(teller.fill(
                narration::SUM_BYTES,
                &[("sent", &sent), ("received", &received)],
            ));
        }
    }

    fn times(&self, teller: &Teller, phrases: &mut Vec<String>) {
        if let Some(median) = self.answers.median() {
            let text: Text = if self.answers.seen == 1 {
                narration::SUM_ANSWER
            } else {
                narration::SUM_ANSWERS
            };
            let time = catalogue::duration(median, teller.language);
            phrases.push(teller.fill(text, &[("time", &time)]));
        }
    }

    fn figures(&self, teller: &Teller, phrases: &mut Vec<String>) {
        let kernel = &self.kernel;
        match kernel.connections {
            0 => {}
            1 => phrases.extend(teller.figures(&kernel.last)),
            _ => {
                let duration = |time| catalogue::duration(time, teller.language);
                let count = |number| catalogue::count(number, teller.language);
                if let Some(least) = kernel.least {
                    phrases.push(teller.fill(
                        narration::SUM_RTT_RANGE,
                        &[
                            ("least", &duration(least)),
                            ("most", &duration(kernel.most)),
                        ],
                    ));
                }
                phrases.push(teller.fill(
                    narration::SUM_RETRANSMITTED,
                    &[("count", &count(kernel.retransmitted))],
                ));
                phrases.push(teller.fill(
                    narration::SUM_SEGMENTS,
                    &[
                        ("out", &count(kernel.segments_out)),
                        ("in", &count(kernel.segments_in)),
                    ],
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_times_is_exact() {
        let mut answers = Answers::default();
        assert_eq!(answers.median(), None);
        for millis in [5, 1, 3] {
            answers.add(Duration::from_millis(millis));
        }
        assert_eq!(answers.median(), Some(Duration::from_millis(3)));
        answers.add(Duration::from_millis(4));
        assert_eq!(answers.median(), Some(Duration::from_micros(3_500)));
    }

    #[test]
    fn a_million_times_take_no_more_room_than_a_few_thousand() {
        let mut answers = Answers::default();
        for index in 0..1_000_000u64 {
            answers.add(Duration::from_nanos(index));
        }
        assert!(answers.times.len() <= KEPT);
        let median = answers.median().unwrap().as_nanos();
        assert!((490_000..510_000).contains(&median), "{median}");
    }
}
