//! `ping`, `icmp://` and `raw://` in networks of the tests' own: a router between two hosts, loss, hostile replies, an
//! ordinary user; and what ping(8) of iputils says of the same hosts.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod channels;
#[path = "../tool/closed_port.rs"]
mod closed_port;
mod hostile;
mod kinds;
#[path = "../traps/network.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod network;
mod permission;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod ran;
mod routes;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod tool;
mod world;
