//! WebSocket at the command line: with the programs that everyone has at the other end, with peers that break the rules,
//! and how each conversation ends. Traps 10 and 21 are here.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod ends;
mod hostile;
mod interop;
mod messages;
mod peer;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod ran;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod tool;
mod upgrade;
