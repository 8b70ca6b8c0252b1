//! Events in, findings out: the mistakes that a program's calls prove, each rule in a file of its own.
//!
//! A false alarm is worse than silence. A rule marks only what the calls prove ([`Weight::Mistake`], [`Weight::Risk`]); what it
//! can't be sure of is a [`Weight::Hint`], or nothing.
//!
//! [`Weight::Mistake`]: sockeye_model::Weight::Mistake
//! [`Weight::Risk`]: sockeye_model::Weight::Risk
//! [`Weight::Hint`]: sockeye_model::Weight::Hint
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod doctor;
#[cfg(test)]
mod near_misses;
mod rule;
mod rules;
mod scene;
#[cfg(test)]
mod story;

pub use doctor::Doctor;
pub use rule::{About, RULES, RuleRow};
pub use scene::{Scene, SocketState, Tongue, Wait};
