//! Questions to servers that follow a script: well-behaved ones, broken ones, and ones that lie.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails there")]

mod exchange;
mod scripted;
mod stub;
