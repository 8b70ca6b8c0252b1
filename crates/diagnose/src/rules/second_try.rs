//! Findings about a call that failed, held back until the program has had its chance of another way.

use std::time::Duration;

use sockeye_model::{Event, Finding, Kind, Timestamp, Type, Weight};

use crate::scene::Scene;

/// What a program may yet mend: a port that is taken, while the next one is tried.
#[derive(Default)]
pub(super) struct SecondTry {
    held: Vec<Held>,
}

struct Held {
    finding: Finding,
    kind: Option<Type>,
    /// When it first happened.
    since: Timestamp,
    /// It was told, as a hint, because the program goes on without another way.
    told: bool,
}

/// Findings that are held; a program that fails for ever at one place makes one finding of it.
const MOST_HELD: usize = 64;

/// A program that goes on for so long without another way may do so for hours: whoever watches is told why it does not serve.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

impl SecondTry {
    /// Holds a finding about a `bind` that failed, at this moment.
    pub(super) fn hold(
        &mut self,
        finding: Finding,
        at: Timestamp,
        scene: &Scene,
        found: &mut Vec<Finding>,
    ) {
        let same = |held: &&mut Held| {
            let (held, new) = (&held.finding, &finding);
            let process = |finding: &Finding| finding.by.map(|by| by.process);
            process(held) == process(new)
                && held.place == new.place
                && held.happened == new.happened
        };
        if let Some(held) = self.held.iter_mut().find(same) {
            held.finding.times += finding.times;
            held.finding.socket = finding.socket;
            return;
        }
        let kind = scene.socket(finding.socket).and_then(|it| it.created);
        if self.held.len() == MOST_HELD {
            found.push(self.held.remove(0).finding);
        }
        self.held.push(Held {
            finding,
            kind: kind.map(|(_, kind, _)| kind),
            since: at,
            told: false,
        });
    }

    /// The next event. What is held is told as it is when its process ends, and as a hint once the program has bound a socket of
    /// the same type elsewhere.
    pub(super) fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            _ if self.held.is_empty() => {}
            Kind::Bound { .. } => {
                let kind = scene.socket(event.socket).and_then(|it| it.created);
                let kind = kind.map(|(_, kind, _)| kind);
                let program = event.by.map(|by| scene.program_of(by.process));
                self.tell(found, |finding, other| {
                    let same = finding.by.map(|by| scene.program_of(by.process)) == program;
                    (same && other == kind).then_some(Weight::Hint)
                });
            }
            Kind::Exited { pid, .. } => self.tell(found, |finding, _| {
                let ended = finding.by.is_some_and(|by| by.process == *pid);
                ended.then_some(finding.weight)
            }),
            _ => {}
        }
    }

    /// What has been held for long is told as a hint: its weight is known only when the program has bound another one, or ended.
    pub(super) fn passes(&mut self, at: Timestamp, found: &mut Vec<Finding>) {
        for held in &mut self.held {
            if !held.told && at.since(held.since) >= PATIENCE {
                held.told = true;
                let weight = held.finding.weight.min(Weight::Hint);
                found.push(Finding {
                    weight,
                    ..held.finding.clone()
                });
                // Counted already.
                held.finding.times = 0;
            }
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, found: &mut Vec<Finding>) {
        self.tell(found, |finding, _| Some(finding.weight));
    }

    fn tell(
        &mut self,
        found: &mut Vec<Finding>,
        weight: impl Fn(&Finding, Option<Type>) -> Option<Weight>,
    ) {
        for mut held in std::mem::take(&mut self.held) {
            match weight(&held.finding, held.kind) {
                Some(weight) => {
                    held.finding.weight = held.finding.weight.min(weight);
                    found.push(held.finding);
                }
                None => self.held.push(held),
            }
        }
    }
}
