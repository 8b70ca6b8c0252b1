//! All rules over one stream of events, and what they found: each thing once at each place, with how often it was.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sockeye_model::{Event, Finding, Kind, Place, SocketAddress, SocketId, Timestamp, Value};

use crate::rule::{RULES, Rule};
use crate::scene::Scene;

/// Tells what is wrong from what happened.
///
/// ```
/// use sockeye_diagnose::Doctor;
/// use sockeye_model::Timestamp;
///
/// let mut doctor = Doctor::new();
/// doctor.finish(Timestamp::START);
/// assert!(doctor.findings().is_empty());
/// ```
pub struct Doctor {
    scene: Scene,
    rules: Vec<Box<dyn Rule>>,
    findings: Vec<Finding>,
    /// Where a finding stands in the list, by rule and place.
    known: HashMap<Key, usize>,
    found: Vec<Finding>,
    /// The listeners that connections came from, the closed ones among them.
    listeners: BTreeMap<SocketId, SocketId>,
    last: Timestamp,
    /// When the rules are next told that time goes by.
    next_second: Timestamp,
}

/// Findings of one rule with the same key are the same finding, again.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    rule: &'static str,
    process: Option<u32>,
    place: Option<Place<'static>>,
    /// Where no place is known: the listener whose connections show it, and the addresses that it is about.
    listener: Option<SocketId>,
    addresses: Vec<SocketAddress>,
}

/// Different findings that are kept; further ones are counted nowhere, so that a program that runs for weeks costs no more.
const MOST_FINDINGS: usize = 1_000;

/// How often the rules are told that time goes by.
const SECOND: Duration = Duration::from_secs(1);

/// Connections whose listener is remembered.
const MOST_LISTENERS: usize = 4_096;

impl std::fmt::Debug for Doctor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doctor")
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl Default for Doctor {
    fn default() -> Self {
        Self::new()
    }
}

impl Doctor {
    /// With every rule there is.
    pub fn new() -> Self {
        Self {
            scene: Scene::default(),
            rules: RULES.iter().map(|row| (row.make)()).collect(),
            findings: Vec::new(),
            known: HashMap::new(),
            found: Vec::new(),
            listeners: BTreeMap::new(),
            last: Timestamp::START,
            next_second: Timestamp::START + SECOND,
        }
    }

    /// The next event, in the order of time. What it shows for the first time at its place is returned; what was found
    /// there before is only counted.
    pub fn event(&mut self, event: &Event<'_>) -> Vec<Finding> {
        if matches!(event.kind, Kind::Diagnosed(_)) {
            return Vec::new();
        }
        self.last = self.last.max(event.at);
        self.second(event.at);
        if let (Kind::Accepted { .. }, Some(listener)) = (&event.kind, event.parent) {
            self.listeners.insert(event.socket, listener);
            if self.listeners.len() > MOST_LISTENERS {
                self.listeners.pop_first();
            }
        }
        if !self.scene.is_runtime(event.socket) {
            for rule in &mut self.rules {
                rule.event(event, &self.scene, &mut self.found);
            }
        }
        let new = self.take();
        self.scene.after(event);
        new
    }

    /// Nothing has happened up to this moment: what shows by that is returned. An event says the same of its own time, so this
    /// is for whoever knows that time goes by without one.
    pub fn passes(&mut self, at: Timestamp) -> Vec<Finding> {
        self.last = self.last.max(at);
        self.second(at);
        self.take()
    }

    fn second(&mut self, at: Timestamp) {
        if at < self.next_second {
            return;
        }
        self.next_second = at + SECOND;
        for rule in &mut self.rules {
            rule.passes(at, &self.scene, &mut self.found);
        }
    }

    /// The end of the stream.
    pub fn finish(&mut self, at: Timestamp) -> Vec<Finding> {
        let at = self.last.max(at);
        for rule in &mut self.rules {
            rule.finish(at, &self.scene, &mut self.found);
        }
        self.take()
    }

    /// Everything found, in the order in which it was first found, each with how often it was.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn take(&mut self) -> Vec<Finding> {
        let mut new = Vec::new();
        for mut finding in std::mem::take(&mut self.found) {
            let key = self.key(&finding);
            match self.known.get(&key) {
                Some(index) => {
                    let known = &mut self.findings[*index];
                    finding.times = finding.times.saturating_add(known.times);
                    if finding.weight > known.weight {
                        *known = finding.clone();
                        new.push(finding);
                    } else {
                        known.times = finding.times;
                    }
                }
                None if self.findings.len() < MOST_FINDINGS => {
                    // A rule that says no more of what it has said counts 0, and may be wrong about the first.
                    finding.times = finding.times.max(1);
                    self.known.insert(key, self.findings.len());
                    self.findings.push(finding.clone());
                    new.push(finding);
                }
                None => {}
            }
        }
        new
    }

    fn key(&self, finding: &Finding) -> Key {
        let mut key = Key {
            rule: finding.rule,
            process: finding.by.map(|by| self.scene.program_of(by.process)),
            place: finding.place.clone(),
            listener: None,
            addresses: Vec::new(),
        };
        if key.place.is_none() {
            key.listener = self.listeners.get(&finding.socket).copied();
            let named = |value: &Value| match value {
                Value::Address(address) => Some(address.clone()),
                _ => None,
            };
            let places = &finding.happened.places;
            key.addresses = places
                .iter()
                .filter_map(|(_, value)| named(value))
                .collect();
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Errno, Kind, Weight};

    use crate::story::{Story, at};

    #[test]
    fn the_same_thing_at_the_same_place_is_found_once_and_counted() {
        let mut story = Story::of("python3 server.py");
        for _ in 0..3 {
            story.line(7).failed(
                1,
                sockeye_model::Call::Bind,
                Errno::EACCES,
                at("0.0.0.0:80"),
            );
        }
        story.line(8).failed(
            1,
            sockeye_model::Call::Bind,
            Errno::EACCES,
            at("0.0.0.0:80"),
        );
        story.marks();
        let times: Vec<u64> = story.findings().iter().map(|found| found.times).collect();
        assert_eq!(times, [3, 1]);
    }

    #[test]
    fn without_lines_the_address_tells_findings_apart() {
        let mut story = Story::of("python3 server.py");
        for port in ["0.0.0.0:80", "0.0.0.0:81", "0.0.0.0:80"] {
            story.failed(1, sockeye_model::Call::Bind, Errno::EACCES, at(port));
        }
        story.marks();
        assert_eq!(story.findings().len(), 2);
    }

    #[test]
    fn a_forked_child_makes_its_parents_mistake_not_another() {
        let mut story = Story::of("python3 server.py");
        story.failed(
            1,
            sockeye_model::Call::Bind,
            Errno::EACCES,
            at("0.0.0.0:80"),
        );
        story.event(
            0,
            Kind::Forked {
                parent: Story::PID,
                child: 200,
            },
        );
        story.from(200).failed(
            1,
            sockeye_model::Call::Bind,
            Errno::EACCES,
            at("0.0.0.0:80"),
        );
        story.marks();
        assert_eq!(story.findings().len(), 1);
        assert_eq!(story.findings()[0].weight, Weight::Mistake);
    }

    #[test]
    fn what_belongs_to_the_runtime_is_no_mistake_of_the_program() {
        let mut story = Story::of("python3 server.py");
        story.event(
            1,
            Kind::Noted(sockeye_model::Note::Runtime {
                of: sockeye_model::Runtime::WakeUp,
                sockets: 1,
            }),
        );
        story.failed(
            1,
            sockeye_model::Call::Bind,
            Errno::EACCES,
            at("0.0.0.0:80"),
        );
        assert!(story.marks().is_empty());
    }
}
