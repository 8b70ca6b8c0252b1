//! The rules, one a file.

use sockeye_model::{Event, Finding, Saying, Weight};

use crate::rule::{About, RuleRow};
use crate::scene::owned;

mod s02_address_in_use;

/// Every rule, in the order of their ids.
pub(crate) const ALL: &[RuleRow] = &[s02_address_in_use::ROW];

/// A finding at the call that showed it.
fn at_call(about: &About, weight: Weight, event: &Event<'_>, words: Words) -> Finding {
    Finding {
        rule: about.id,
        weight,
        socket: event.socket,
        by: event.by,
        place: event.place.clone().map(owned),
        times: 1,
        short: words.short,
        happened: words.happened,
        why: words.why,
        fix: words.fix,
    }
}

/// The four sentences of a finding.
struct Words {
    /// A few words, beside the call.
    short: Saying,
    /// What happened.
    happened: Saying,
    /// Why that is so.
    why: Saying,
    /// The correction.
    fix: Saying,
}
