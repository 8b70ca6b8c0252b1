//! TLS with the programs that everyone has at the other end: openssl, curl, Python; and what it says when it fails.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod failures;
#[path = "../tool/free_port.rs"]
mod free_port;
mod interop;
mod names;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod ran;
mod strangers;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod tool;
mod world;
