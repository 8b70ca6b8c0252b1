//! Two streams joined: bytes go both ways, each direction ends alone, and nothing is lost on the way.
//!
//! A conversation begins as one task of the event loop that copies through pooled buffers. Once a direction has moved
//! 1 MiB both sockets leave the loop and each direction gets a thread, which splices where nobody wants the
//! bytes; after a second of silence they come back. Inherited pipes are in the loop too, as they are: a call on one is
//! made once poll(2) has said that it won't block. A terminal can't be waited for there, so it is on threads from the
//! start.

mod direction;
mod end;
mod filter;
mod join;
mod pipes;
mod task;
mod thread;
mod witness;

pub use direction::Broken;
pub use end::Stream;
pub use filter::{Crlf, Filter};
pub use join::{Joined, Joining, Passing, Until, Way, join};
pub use witness::Witness;

/// A direction that has moved this many bytes is busy.
const BUSY: u64 = 1 << 20;
