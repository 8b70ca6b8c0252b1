//! `serve dns` as its clients meet it: beside NSD, over TCP, and with what is no question at all.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skip says why")]

mod beside_nsd;
mod internet;
mod junk;
mod message;
mod server;
mod streams;
mod told;
