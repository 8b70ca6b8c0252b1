//! The one clock and the one queue between whoever makes events and whoever shows them.
//!
//! The data path pays as little as it can: with no view on, a [`Tap`] is a null pointer; with one on, an event is
//! written into a batch under a short lock, and a single view thread swaps the batch, feeds the sinks and flushes.
//! A blocked terminal never stops the data.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batch;
mod queue;
mod viewer;

pub use queue::{Begun, HOLD, Policy, Tap};
pub use viewer::{ViewFailed, Viewer, start};
