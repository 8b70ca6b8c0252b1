//! A whole small Internet in one network namespace, and the tool in it: real servers (NSD, Knot) as root, top-level
//! domains and zones, a real resolver (Unbound), and what dig and getent say of the same names; then servers that send
//! garbage.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod asked;
mod hostile;
mod machine;
#[path = "../traps/network.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod network;
#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod ran;
mod recursing;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod tool;
mod walks;
mod world;
