//! `who` as its user meets it: real sockets of the test's own processes, beside what ss(8) says of them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod beside_ss;
mod json;
mod machine;
mod named;
mod others;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod ran;
mod watch;
