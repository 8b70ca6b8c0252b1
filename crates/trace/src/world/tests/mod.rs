//! Calls of made-up programs, and the events they must give.

mod data;
mod descriptors;
pub(super) mod fake;
mod lives;
mod polling;
mod runtimes;
mod sequences;
mod waiting;
