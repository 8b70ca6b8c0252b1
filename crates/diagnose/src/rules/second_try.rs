//! Findings about a call that failed, held back until the program has had its chance of another way.

use sockeye_model::{Event, Finding, Kind, Type, Weight};

use crate::scene::Scene;

/// What a program may yet mend: a port that is taken, while the next one is tried.
#[derive(Default)]
pub(super) struct SecondTry {
    held: Vec<(Finding, Option<Type>)>,
}

/// Findings that are held; a program that fails for ever at one place makes one finding of it.
const MOST_HELD: usize = 64;

impl SecondTry {
    /// Holds a finding about a `bind` that failed.
    pub(super) fn hold(&mut self, finding: Finding, scene: &Scene, found: &mut Vec<Finding>) {
        let kind = scene.socket(finding.socket).and_then(|it| it.created);
        if self.held.len() == MOST_HELD {
            found.push(self.held.remove(0).0);
        }
        self.held.push((finding, kind.map(|(_, kind, _)| kind)));
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

    /// Nothing more will come.
    pub(super) fn finish(&mut self, found: &mut Vec<Finding>) {
        self.tell(found, |finding, _| Some(finding.weight));
    }

    fn tell(
        &mut self,
        found: &mut Vec<Finding>,
        weight: impl Fn(&Finding, Option<Type>) -> Option<Weight>,
    ) {
        for (mut finding, kind) in std::mem::take(&mut self.held) {
            match weight(&finding, kind) {
                Some(weight) => {
                    finding.weight = finding.weight.min(weight);
                    found.push(finding);
                }
                None => self.held.push((finding, kind)),
            }
        }
    }
}
