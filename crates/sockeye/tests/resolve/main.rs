//! `sockeye resolve` as its user meets it: answers, exit codes, comparisons, and every record as dig and kdig print it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod asked;
mod beside_dig;
#[path = "../tool/closed_port.rs"]
mod closed_port;
mod failures;
#[path = "../tool/free_port.rs"]
mod free_port;
mod json;
mod machine;
mod several;
mod told;
