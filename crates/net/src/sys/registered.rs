//! Descriptors in the event loop: tokio wants a promise that they stay open, which owning them keeps.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::handle::Handle;

/// What owns one descriptor from birth to drop and never changes it.
trait OwnsDescriptor: AsRawFd {}
impl OwnsDescriptor for Handle {}
impl OwnsDescriptor for OwnedFd {}

/// A socket in the event loop that runs now.
pub(crate) fn register_socket(handle: Handle) -> io::Result<AsyncFd<Handle>> {
    // Urgent data too: a receive stops before it, and then a short one has not emptied the socket.
    let interest = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
    register(handle, interest)
}

/// One end of a pipe in the event loop that runs now.
pub(crate) fn register_pipe(end: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    register(end, interest)
}

fn register<T: OwnsDescriptor>(owner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: `owner` holds an `OwnedFd` that it neither closes nor replaces before it is dropped, which happens only
    // after `AsyncFd` has let go of it; both implementors of `OwnsDescriptor` are in this crate or std.
    Ok(unsafe { AsyncFd::register_with_interest(owner, interest) }?)
}
