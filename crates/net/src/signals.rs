//! The signals that end a server: the first SIGINT or SIGTERM asks it to stop, the second kills as usual.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// Catches the next SIGINT or SIGTERM, and only that one: its handler gives both signals their default action back.
///
/// One that is ignored when this is made stays ignored, as for a job that a shell without job control put in the
/// background. Programs that are started meanwhile have the default actions. Dropping it puts the default actions back.
#[derive(Debug)]
pub struct Signals {
    event: AsyncFd<OwnedFd>,
}

impl Signals {
    /// Catches them from now on; one at a time in a process.
    ///
    /// # Errors
    /// `AlreadyExists` when another one lives; what `eventfd(2)` or `sigaction(2)` gave.
    ///
    /// # Panics
    /// Outside of a tokio runtime with IO enabled.
    pub fn new() -> io::Result<Self> {
        Self::caught(false)
    }

    /// The same with SIGHUP, for a program that has set its terminal and must put it back.
    ///
    /// # Errors
    /// As [`Signals::new`].
    ///
    /// # Panics
    /// As [`Signals::new`].
    pub fn with_hangup() -> io::Result<Self> {
        Self::caught(true)
    }

    fn caught(hangup: bool) -> io::Result<Self> {
        let event = sys::catch_signals(hangup)?;
        match sys::register_pipe(event, Interest::READABLE) {
            Ok(event) => Ok(Self { event }),
            Err(error) => {
                sys::release_signals();
                Err(error)
            }
        }
    }

    /// Returns once SIGINT or SIGTERM has come; at once if it came before. It may be dropped and called again.
    pub async fn stop(&mut self) {
        // Nobody reads the counter, so it stays readable. An error of the event loop is the end of everything.
        let _ = self.event.readable().await;
    }
}

/// Readable once a signal has come, for who waits with poll(2). Nothing is to be read from it.
impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        sys::release_signals();
    }
}
