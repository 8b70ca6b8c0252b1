//! `sockeye listen` with many peers, and messages over `listen` and `connect`, as their users and peers meet them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../tool/closed_port.rs"]
mod closed_port;
mod many;
mod messages;
mod once;
#[path = "../traps/peers.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod peers;
mod programs;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod ran;
mod sessions;
mod stopping;
mod strangers;
mod terminal;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod tool;
