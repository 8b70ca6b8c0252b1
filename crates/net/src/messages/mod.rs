//! Sockets of messages: servers that hear many peers, conversations of messages, and how two of them are joined.
//!
//! One message in is one message out, or an error: never cut, joined, or passed to another peer. An empty message is
//! data.

mod bound;
mod limits;
mod serve;
mod serve_unix;
mod server;
mod would_loop;

pub use limits::{Dropped, SessionLimits, WhenFull};
pub use serve::{Message, Reply};
pub use server::MessageServer;
pub use would_loop::would_loop;
