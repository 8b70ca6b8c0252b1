//! `sockeye resolve` as its user meets it: answers, exit codes, comparisons, and every record as dig and kdig print it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod asked;
mod beside_dig;
mod failures;
mod json;
mod machine;
mod several;
mod told;
