//! The tool as its user meets it: command lines in, output and exit codes out.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod closed_port;
mod connect;
mod output;
mod ran;
mod show;
mod terminal;
mod trace;
mod trace_syscalls;
mod usage;
