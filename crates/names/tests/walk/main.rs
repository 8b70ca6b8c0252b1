//! Walks from the root through small Internets on loopback, well-kept and hostile ones.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails there")]

mod aliases;
mod bounds;
mod descent;
mod edns;
mod glue;
mod internet;
mod lame;
