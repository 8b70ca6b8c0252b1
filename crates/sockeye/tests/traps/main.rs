//! The traps that the netcat family falls into, each with a test that fails when the tool falls in.
//!
//! A test's number is its trap's; its modules are by subject. Numbers 24 and 25 are in tests/tls; 10 and 21 are
//! WebSocket's.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bad_input;
#[path = "../tool/closed_port.rs"]
mod closed_port;
mod crowd;
mod ending;
mod families;
mod flow;
mod lines;
mod many;
mod messages;
mod network;
mod ordinary_user;
mod output;
mod paths;
mod peers;
mod programs;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod ran;
mod start;
mod strangers;
mod terminal;
mod tool;
mod udp_client;
mod udp_listener;
mod urgent;
