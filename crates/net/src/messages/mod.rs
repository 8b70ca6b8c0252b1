//! Sockets of messages: servers that hear many peers, conversations of messages, and how two of them are joined.
//!
//! One message in is one message out, or an error: never cut, joined, or passed to another peer. An empty message is
//! data.

mod bound;
mod conversation;
mod framed;
mod inbox;
mod length;
mod limits;
mod line;
mod pooled;
mod relay;
mod serve;
mod serve_unix;
mod server;
mod session;
mod sessions;
mod would_loop;

pub use conversation::{Messages, is_passing};
pub use framed::{Answers, FramedJoined, FramedJoining, Over, Refused, join_framed};
pub use length::TooLong;
pub use limits::{Dropped, SessionLimits, WhenFull};
pub use relay::{Joined, Joining, Passed, relay, relay_seen};
pub use serve::{Message, Reply};
pub use server::MessageServer;
pub use session::Session;
pub use would_loop::would_loop;
