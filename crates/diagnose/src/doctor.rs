//! All rules over one stream of events, and what they found: each thing once at each place, with how often it was.

use std::collections::HashMap;

use sockeye_model::{Event, Finding, Kind, Place, SocketId, Timestamp};

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
    last: Timestamp,
}

/// Findings of one rule with the same key are the same finding, again.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    rule: &'static str,
    process: Option<u32>,
    place: Option<Place<'static>>,
    /// Where no place is known: the listener whose connections show it.
    listener: Option<SocketId>,
}

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
            last: Timestamp::START,
        }
    }

    /// The next event, in the order of time. What it shows for the first time at its place is returned; what was found
    /// there before is only counted.
    pub fn event(&mut self, event: &Event<'_>) -> Vec<Finding> {
        if matches!(event.kind, Kind::Diagnosed(_)) {
            return Vec::new();
        }
        self.last = self.last.max(event.at);
        for rule in &mut self.rules {
            rule.event(event, &self.scene, &mut self.found);
        }
        let new = self.take();
        self.scene.after(event);
        new
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
        for finding in self.found.drain(..) {
            let key = Key {
                rule: finding.rule,
                process: finding.by.map(|by| by.process),
                place: finding.place.clone(),
                listener: match finding.place {
                    Some(_) => None,
                    None => self
                        .scene
                        .socket(finding.socket)
                        .and_then(|state| state.parent),
                },
            };
            match self.known.get(&key) {
                Some(index) => {
                    let known = &mut self.findings[*index];
                    known.times += finding.times;
                    known.weight = known.weight.max(finding.weight);
                }
                None => {
                    self.known.insert(key, self.findings.len());
                    self.findings.push(finding.clone());
                    new.push(finding);
                }
            }
        }
        new
    }
}
