//! What the rules find in a stream of events, which call showed it, and what the sockets came to.

use std::collections::VecDeque;
use std::io;

use rustc_hash::FxHashMap;
use sockeye_diagnose::Doctor;
use sockeye_model::{
    Call, Caller, End, Event, Finding, Flow, Kind, Note, Sink, SocketId, Tally, Timestamp, Wants,
};
use sockeye_view::{Found, Sums};

/// The rules over one stream of events. Bounded by the sockets that are open.
#[derive(Debug, Default)]
pub(crate) struct Diagnosis {
    doctor: Doctor,
    calls: FxHashMap<SocketId, Calls>,
    /// Sockets that were closed lately: some things are found only then.
    closed: VecDeque<SocketId>,
    /// The call that showed each finding, in their order.
    shown_by: Vec<Option<(Call, u64)>>,
    sums: Sums,
    /// The sockets are another program's.
    traced: bool,
}

/// So many closed sockets are remembered.
const CLOSED: usize = 64;

/// The calls on one socket so far.
#[derive(Debug, Default)]
struct Calls {
    counts: FxHashMap<Call, u64>,
    last: Option<(Call, u64)>,
    last_receive: Option<(Call, u64)>,
    last_failure: Option<(Call, u64)>,
    /// The one that has not returned.
    waiting: Option<(Option<Caller>, (Call, u64))>,
}

impl Calls {
    fn latest(&self, call: Call) -> Option<(Call, u64)> {
        self.counts.get(&call).map(|count| (call, *count))
    }

    /// The call that a finding is about: the last one, unless its rule is about an earlier one.
    fn shown_by(&self, rule: &str, by: Option<Caller>) -> Option<(Call, u64)> {
        let waits = self.waiting.filter(|(waiting, _)| *waiting == by);
        match rule {
            "S01" | "S03" | "S04" => self.latest(Call::Bind),
            "S05" | "S06" | "S35" | "S40" => self.latest(Call::Connect),
            // Held until the program has tried something else, or closed the socket.
            "S02" | "S07" | "S41" => self.last_failure.or(self.last),
            "S16" => self.latest(Call::Listen),
            "S08" | "S20" => self.last_receive,
            _ => waits.map(|(_, call)| call).or(self.last),
        }
    }
}

impl Diagnosis {
    /// The next event. Gives what it shows for the first time, as events to be told behind it.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> Vec<Event<'static>> {
        // Says what was told already in other words: no rule may find more for it.
        if let Kind::Noted(Note::Syscall(_)) = event.kind {
            return Vec::new();
        }
        self.traced |= event.by.is_some();
        self.sums.event(event);
        if let Some(call) = call_of(&event.kind) {
            self.called(event.socket, event.by, call);
            if let (Call::Accept, Some(listener)) = (call, event.parent) {
                self.called(listener, event.by, call);
            }
            if let (Kind::Failed { .. }, Some(calls)) =
                (&event.kind, self.calls.get_mut(&event.socket))
            {
                calls.last_failure = calls.last;
            }
        }
        if let Kind::Waiting { call } = event.kind {
            let calls = self.calls.entry(event.socket).or_default();
            let before = calls.latest(call).map_or(0, |(_, count)| count);
            calls.waiting = Some((event.by, (call, before + 1)));
        }
        let new = self.doctor.event(event);
        let told = self.tell(event.at, new);
        if matches!(event.kind, Kind::Closed { .. }) {
            self.closed.push_back(event.socket);
            if self.closed.len() > CLOSED
                && let Some(oldest) = self.closed.pop_front()
            {
                self.calls.remove(&oldest);
            }
        }
        told
    }

    /// Time goes by without an event. Gives what shows by that.
    pub(crate) fn passes(&mut self, at: Timestamp) -> Vec<Event<'static>> {
        let new = self.doctor.passes(at);
        self.tell(at, new)
    }

    /// The end of the stream.
    pub(crate) fn finish(&mut self, at: Timestamp) -> Vec<Event<'static>> {
        let new = self.doctor.finish(at);
        let counted = self.counted(at, &new);
        let mut told = self.tell(at, new);
        told.extend(counted);
        told
    }

    /// What was found more than once, each with how often: a picture that is drawn at the end says so. What is `new` says it
    /// itself.
    fn counted(&self, at: Timestamp, new: &[Finding]) -> Vec<Event<'static>> {
        let findings = self.doctor.findings().iter();
        findings
            .filter(|finding| finding.times > 1 && !new.contains(finding))
            .filter(|finding| concerns_the_user(self.traced, finding))
            .map(|finding| {
                let finding = Finding {
                    again: true,
                    ..finding.clone()
                };
                diagnosed(at, finding)
            })
            .collect()
    }

    fn called(&mut self, socket: SocketId, by: Option<Caller>, call: Call) {
        let calls = self.calls.entry(socket).or_default();
        let count = calls.counts.entry(call).or_default();
        *count += 1;
        calls.last = Some((call, *count));
        calls.waiting = calls.waiting.filter(|(waiting, _)| *waiting != by);
        if receives(call) {
            calls.last_receive = calls.last;
        }
    }

    fn tell(&mut self, at: Timestamp, new: Vec<Finding>) -> Vec<Event<'static>> {
        for finding in &new {
            let calls = self.calls.get(&finding.socket);
            let shown_by = calls.and_then(|calls| calls.shown_by(finding.rule, finding.by));
            // One that has become heavier keeps its place in the list.
            let index = self.doctor.findings().iter().rposition(|known| {
                (known.rule, known.socket, known.by) == (finding.rule, finding.socket, finding.by)
                    && known.place == finding.place
                    && known.happened == finding.happened
            });
            if let Some(index) = index {
                let most = self.shown_by.len().max(index + 1);
                self.shown_by.resize(most, None);
                self.shown_by[index] = shown_by.or(self.shown_by[index]);
            }
        }
        new.into_iter()
            .filter(|finding| concerns_the_user(self.traced, finding))
            .map(|finding| diagnosed(at, finding))
            .collect()
    }

    /// All that was found, in the order in which it first was, each with how often.
    pub(crate) fn found(&self) -> Vec<Found<'_>> {
        let calls = self.shown_by.iter().copied().chain(std::iter::repeat(None));
        self.doctor
            .findings()
            .iter()
            .zip(calls)
            .filter(|(finding, _)| concerns_the_user(self.traced, finding))
            .map(|(finding, call)| Found { finding, call })
            .collect()
    }

    /// Whether the sockets are another program's: then there is a summary of them.
    pub(crate) fn is_traced(&self) -> bool {
        self.traced
    }

    /// What the sockets came to.
    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }
}

fn diagnosed(at: Timestamp, finding: Finding) -> Event<'static> {
    Event {
        at,
        took: None,
        socket: finding.socket,
        parent: None,
        by: finding.by,
        place: finding.place.clone(),
        kind: Kind::Diagnosed(Box::new(finding)),
    }
}

fn receives(call: Call) -> bool {
    matches!(
        call,
        Call::Recv | Call::RecvFrom | Call::RecvMsg | Call::RecvMmsg | Call::Read | Call::ReadV
    )
}

fn call_of(kind: &Kind<'_>) -> Option<Call> {
    Some(match kind {
        Kind::Created { .. } => Call::Socket,
        Kind::Configured { .. } => Call::SetSockOpt,
        Kind::Bound { .. } => Call::Bind,
        Kind::Listening { .. } => Call::Listen,
        Kind::Accepted { .. } => Call::Accept,
        Kind::Connected { .. } => Call::Connect,
        Kind::Sent { call, .. }
        | Kind::Received { call, .. }
        | Kind::Called { call, .. }
        | Kind::Failed { call, .. } => *call,
        Kind::HalfClosed { end: End::Ours } => Call::Shutdown,
        Kind::HalfClosed { end: End::Peer } => Call::Recv,
        Kind::Closed { .. } => Call::Close,
        _ => return None,
    })
}

/// Whether somebody who did not write the program can do something about it.
fn concerns_the_user(traced: bool, finding: &Finding) -> bool {
    traced || OF_OUR_OWN.contains(&finding.rule)
}

/// Of our own sockets: the rules about what the user of the tool can change; the others are about how a program is written.
const OF_OUR_OWN: &[&str] = &["S02", "S05", "S06", "S07", "S27", "S28"];

/// The rules in front of a view of our own sockets: what they find is shown at its place.
pub(crate) struct Diagnosed {
    diagnosis: Diagnosis,
    /// When the last event was.
    last: Timestamp,
    view: Box<dyn Sink>,
}

impl Diagnosed {
    /// In front of `view`.
    pub(crate) fn new(view: Box<dyn Sink>) -> Self {
        Self {
            diagnosis: Diagnosis::default(),
            last: Timestamp::START,
            view,
        }
    }
}

impl Sink for Diagnosed {
    fn wants(&self) -> Wants {
        self.view.wants()
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.last = self.last.max(event.at);
        let found = self.diagnosis.event(event);
        let mut flow = self.view.event(event)?;
        for found in found {
            if flow == Flow::Continue {
                flow = self.view.event(&found)?;
            }
        }
        Ok(flow)
    }

    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        for found in self.diagnosis.passes(now) {
            // Whether the view has had enough it says again at the next event.
            let _flow = self.view.event(&found)?;
        }
        self.view.tick(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.view.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        for counted in self.diagnosis.counted(self.last, &[]) {
            let _flow = self.view.event(&counted)?;
        }
        self.view.finish(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::{Errno, Note};

    fn event(socket: u32, kind: Kind<'static>) -> Event<'static> {
        Event {
            at: Timestamp::from_nanos(7),
            took: None,
            socket: SocketId(socket),
            parent: None,
            by: None,
            place: None,
            kind,
        }
    }

    /// Three binds that fail, and who holds the address.
    fn refused(diagnosis: &mut Diagnosis) -> Vec<Event<'static>> {
        let mut told = Vec::new();
        let address: sockeye_model::SocketAddress = "127.0.0.1:5000".parse().unwrap();
        for _ in 0..3 {
            let failed = Kind::Failed {
                call: Call::Bind,
                errno: Errno::EADDRINUSE,
                address: Some(address.clone()),
            };
            let holder = Kind::Noted(Note::Holder {
                address: address.clone(),
                process: Some(sockeye_model::ProcessName {
                    pid: 812,
                    name: "python3".into(),
                }),
                resting: 0,
            });
            told.extend(diagnosis.event(&event(1, failed)));
            told.extend(diagnosis.event(&event(1, holder)));
        }
        told
    }

    #[test]
    fn a_finding_is_told_once_and_says_which_call_showed_it() {
        let mut diagnosis = Diagnosis::default();
        let mut told = refused(&mut diagnosis);
        told.extend(diagnosis.finish(Timestamp::from_nanos(7)));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (told[0].at, told[0].socket),
            (Timestamp::from_nanos(7), SocketId(1))
        );
        let found = diagnosis.found();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].finding.rule, "S02");
        let (call, number) = found[0].call.unwrap();
        assert_eq!(call, Call::Bind);
        assert!((1..=3).contains(&number), "{number}");
    }

    #[test]
    fn a_finding_of_a_wait_names_the_call_that_waits_and_not_the_one_before() {
        let by = |thread| Some(Caller { process: 9, thread });
        let mut calls = Calls {
            last: Some((Call::Send, 4)),
            waiting: Some((by(1), (Call::Recv, 3))),
            ..Calls::default()
        };
        assert_eq!(calls.shown_by("S18", by(1)), Some((Call::Recv, 3)));
        assert_eq!(calls.shown_by("S18", by(2)), Some((Call::Send, 4)));
        calls.waiting = None;
        assert_eq!(calls.shown_by("S18", by(1)), Some((Call::Send, 4)));
    }

    #[test]
    fn a_failure_that_was_held_back_names_the_call_that_failed_and_not_the_close_behind_it() {
        let mut diagnosis = Diagnosis::default();
        let mut told = refused(&mut diagnosis);
        let closed = Kind::Closed {
            totals: Default::default(),
            first: None,
        };
        told.extend(diagnosis.event(&event(1, closed)));
        told.extend(diagnosis.finish(Timestamp::from_nanos(7)));
        let found = diagnosis.found();
        assert_eq!(found[0].finding.rule, "S02");
        assert_eq!(found[0].call, Some((Call::Bind, 3)));
    }

    /// Keeps what it is shown.
    #[derive(Clone, Default)]
    struct Kept(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl Sink for Kept {
        fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
            if let Kind::Diagnosed(finding) = &event.kind {
                self.0.lock().unwrap().push(finding.rule.to_owned());
            }
            Ok(Flow::Continue)
        }
    }

    #[test]
    fn a_view_is_shown_what_time_alone_tells() {
        let kept = Kept::default();
        let mut diagnosed = Diagnosed::new(Box::new(kept.clone()));
        let failed = Kind::Failed {
            call: Call::Connect,
            errno: Errno::ECONNREFUSED,
            address: Some("127.0.0.1:5001".parse().unwrap()),
        };
        diagnosed.event(&event(2, failed)).unwrap();
        assert!(kept.0.lock().unwrap().is_empty());
        diagnosed
            .tick(Timestamp::from_nanos(4_000_000_000))
            .unwrap();
        assert_eq!(*kept.0.lock().unwrap(), ["S05"]);
    }

    #[test]
    fn a_finding_that_becomes_heavier_keeps_its_place_and_its_call() {
        let mut diagnosis = Diagnosis::default();
        refused(&mut diagnosis);
        let later = Timestamp::from_nanos(4_000_000_000);
        let told = diagnosis.passes(later);
        assert_eq!(told.len(), 1, "{told:?}");
        let failed = Kind::Failed {
            call: Call::Connect,
            errno: Errno::ECONNREFUSED,
            address: Some("127.0.0.1:5001".parse().unwrap()),
        };
        diagnosis.event(&event(2, failed));
        diagnosis.finish(later);
        let found = diagnosis.found();
        let calls: Vec<_> = found
            .iter()
            .map(|found| (found.finding.rule, found.call.map(|(call, _)| call)))
            .collect();
        let expected = [("S02", Some(Call::Bind)), ("S05", Some(Call::Connect))];
        assert_eq!(calls, expected);
    }

    #[test]
    fn a_rule_about_an_earlier_call_names_that_call() {
        let mut calls = Calls::default();
        for (call, count) in [(Call::Listen, 1), (Call::RecvFrom, 4)] {
            calls.counts.insert(call, count);
        }
        calls.last = Some((Call::Close, 1));
        calls.last_receive = Some((Call::RecvFrom, 4));
        calls.last_failure = Some((Call::SendTo, 2));
        assert_eq!(calls.shown_by("S16", None), Some((Call::Listen, 1)));
        assert_eq!(calls.shown_by("S20", None), Some((Call::RecvFrom, 4)));
        for rule in ["S02", "S07", "S41"] {
            assert_eq!(
                calls.shown_by(rule, None),
                Some((Call::SendTo, 2)),
                "{rule}"
            );
        }
        assert_eq!(calls.shown_by("S09", None), Some((Call::Close, 1)));
    }

    #[test]
    fn closed_sockets_are_forgotten() {
        let mut diagnosis = Diagnosis::default();
        for socket in 1..1_000 {
            diagnosis.event(&event(
                socket,
                Kind::Called {
                    call: Call::Dup,
                    result: Ok(5),
                },
            ));
            let closed = Kind::Closed {
                totals: Default::default(),
                first: None,
            };
            diagnosis.event(&event(socket, closed));
        }
        assert!(diagnosis.calls.len() <= CLOSED);
    }
}
