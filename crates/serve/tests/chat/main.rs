//! Chat: the machine in virtual time, and members as they come over every kind of socket.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod crowd;
mod garbage;
mod hall;
mod properties;
mod rules;
mod scene;
mod sockets;
mod strangers;
