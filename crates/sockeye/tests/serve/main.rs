//! `sockeye serve` as its user and its clients meet it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skip says why")]

mod chat;
mod dns;
mod files;
mod folder_bounds;
mod limits;
mod server;
mod signals;
mod start;
mod strangers;
mod web;
mod web_strangers;
