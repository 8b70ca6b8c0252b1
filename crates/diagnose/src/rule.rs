//! What a rule is, and the table of all of them.

use sockeye_model::text::Text;
use sockeye_model::{Event, Finding, Timestamp, Weight};

use crate::scene::Scene;

/// One rule: it is told of every event, in order, and remembers what it needs.
pub(crate) trait Rule: Send {
    /// The next event. `scene` is as it was just before it.
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>);

    /// Time has gone by, up to `at`: told about once a second, whether anything happens or not.
    fn passes(&mut self, _at: Timestamp, _scene: &Scene, _found: &mut Vec<Finding>) {}

    /// The program, and so the stream of events, has ended; `scene` is as it was then.
    fn finish(&mut self, _at: Timestamp, _scene: &Scene, _found: &mut Vec<Finding>) {}
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its id, `S09`, which is also a topic of `sockeye explain`.
    pub id: &'static str,
    /// The heaviest mark it gives.
    pub weight: Weight,
    /// The rule in a few words.
    pub title: Text,
}

/// A row of the table of rules.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow {
    /// What it is about.
    pub about: About,
    pub(crate) make: fn() -> Box<dyn Rule>,
}

/// Every rule there is, in the order of their ids.
pub const RULES: &[RuleRow] = crate::rules::ALL;
