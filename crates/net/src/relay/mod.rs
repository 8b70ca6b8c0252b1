//! Two streams joined: bytes go both ways, each direction ends alone, and nothing is lost on the way.
//!
//! A conversation begins as one task of the event loop that copies through pooled buffers. Once a direction has moved
//! [`BUSY`] bytes both sockets leave the loop and each direction gets a thread, which splices where nobody wants the
//! bytes; after a second of silence they come back. Ends that can't be registered (inherited stdio, files) are on
//! threads from the start.

mod direction;
mod end;
mod filter;
mod join;
mod pipes;
mod task;
mod thread;

pub use direction::Broken;
pub use end::Stream;
pub use filter::{Crlf, Filter, Printable};
pub use join::{Joined, Joining, Passing, Until, Way, join};

/// A direction that has moved this many bytes is busy.
const BUSY: u64 = 1 << 20;
