//! Drives each direction of a conversation on a thread of its own, which waits with poll(2) for the one side it needs.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd};
use tokio::sync::oneshot;

use super::direction::{Direction, Next, State};
use super::end::{End, What};

/// Why a thread stopped driving its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The direction is over.
    Done,
    /// Neither direction moved anything for a second.
    Quiet,
    /// It was told to.
    Told,
}

/// A thread at work on a direction; dropping it tells the thread to stop.
pub(crate) struct Driven {
    stop: Arc<Stop>,
    back: oneshot::Receiver<(Direction, Stopped)>,
}

/// Tells a thread to stop, whether it waits or works.
struct Stop {
    event: OwnedFd,
    said: AtomicBool,
}

impl Driven {
    /// Starts the thread. `may_return` lets it come back when it is quiet.
    ///
    /// # Errors
    /// The direction, and why no thread could be started for it.
    pub(crate) fn start(
        mut direction: Direction,
        other_moved: Arc<AtomicU64>,
        may_return: bool,
    ) -> Result<Self, Box<(Direction, io::Error)>> {
        let stop = match eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK) {
            Ok(event) => Arc::new(Stop {
                event,
                said: AtomicBool::new(false),
            }),
            Err(errno) => return Err(Box::new((direction, errno.into()))),
        };
        direction.set_bulk(true);
        let (give_back, back) = oneshot::channel();
        // Where the direction can be found again if the thread never starts.
        let slot = Arc::new(Mutex::new(Some(direction)));
        let take = |slot: &Mutex<Option<Direction>>| {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let in_thread = Arc::clone(&slot);
        let stop_in_thread = Arc::clone(&stop);
        let spawned = thread::Builder::new()
            .name("relay".into())
            .stack_size(STACK)
            .spawn(move || {
                if let Some(mut direction) = take(&in_thread) {
                    let quiet = may_return.then_some(other_moved);
                    let stopped = drive(&mut direction, &stop_in_thread, quiet.as_deref());
                    direction.set_bulk(false);
                    let _ = give_back.send((direction, stopped));
                }
            });
        match spawned {
            Ok(_) => Ok(Self { stop, back }),
            Err(error) => match take(&slot) {
                Some(direction) => Err(Box::new((direction, error))),
                None => Ok(Self { stop, back }),
            },
        }
    }

    /// Tells the thread to stop; it does before its next call.
    pub(crate) fn stop(&self) {
        self.stop.said.store(true, Ordering::Relaxed);
        let _ = rustix::io::write(&self.stop.event, &1_u64.to_ne_bytes());
    }

    /// The direction, once the thread has stopped; `None` if it panicked.
    pub(crate) async fn stopped(&mut self) -> Option<(Direction, Stopped)> {
        (&mut self.back).await.ok()
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.stop();
    }
}

fn drive(direction: &mut Direction, stop: &Stop, other_moved: Option<&AtomicU64>) -> Stopped {
    loop {
        // A direction that never has to wait would never hear of it.
        if stop.said.load(Ordering::Relaxed) {
            return Stopped::Told;
        }
        // Descriptors that block are asked first; sockets say by themselves that they can't.
        let ahead = match (direction.has_pending(), &direction.source, &direction.sink) {
            (true, _, End::Shared(_, What::Pipe | What::Device | What::Socket)) => {
                Some(Next::Writable)
            }
            // Once: a terminal tells its end a single time.
            (false, End::Shared(_, What::Pipe | What::Device | What::Socket), _)
                if matches!(direction.state, State::Running) =>
            {
                Some(Next::Readable)
            }
            _ => None,
        };
        if let Some(next) = ahead
            && let Some(stopped) = wait(direction, next, stop.event.as_fd(), None)
        {
            return stopped;
        }
        if !direction.has_pending()
            && let Some(handle) = direction.watched()
        {
            handle.tap.wait_room();
        }
        match direction.step() {
            Next::More => {}
            Next::Done => return Stopped::Done,
            next => {
                let before = other_moved.map(|moved| (moved.load(Ordering::Relaxed), moved));
                match wait(direction, next, stop.event.as_fd(), before.map(|_| QUIET)) {
                    None => {}
                    Some(Stopped::Quiet)
                        if before
                            .is_some_and(|(then, moved)| moved.load(Ordering::Relaxed) != then) => {
                    }
                    Some(stopped) => return stopped,
                }
            }
        }
    }
}

/// Waits for the side that is needed; `Some` when there is a reason to stop.
fn wait(
    direction: &mut Direction,
    next: Next,
    stop: BorrowedFd<'_>,
    quiet: Option<Duration>,
) -> Option<Stopped> {
    // Whether a wait begins is asked for apart only where somebody is told.
    let mut said = !direction.is_watched();
    loop {
        let (end, flags) = match next {
            Next::Readable => (&direction.source, PollFlags::IN),
            _ => (&direction.sink, PollFlags::OUT),
        };
        let fd = end.fd()?;
        let mut asked = vec![
            PollFd::from_borrowed_fd(fd, flags),
            PollFd::from_borrowed_fd(stop, PollFlags::IN),
        ];
        // A reader of our output that goes away is noticed while nothing comes in, too.
        if next == Next::Readable
            && let End::Shared(sink, What::Pipe | What::Device) = &direction.sink
        {
            asked.push(PollFd::from_borrowed_fd(sink.as_fd(), PollFlags::empty()));
        }
        let timeout = if said { quiet } else { Some(Duration::ZERO) };
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match rustix::event::poll(&mut asked, timeout.as_ref()) {
            Ok(0) if said => return Some(Stopped::Quiet),
            Ok(0) => {
                drop(asked);
                said = true;
                direction.park(next);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
            Ok(_) if !asked[1].revents().is_empty() => return Some(Stopped::Told),
            Ok(_) if !asked[0].revents().is_empty() => return None,
            // Only the sink is in error: a write will say why.
            Ok(_) => {
                drop(asked);
                direction.sink_went_away();
                return None;
            }
        }
    }
}

/// How long both directions move nothing before they come back to the event loop.
const QUIET: Duration = Duration::from_secs(1);
/// These threads only move bytes.
const STACK: usize = 256 << 10;
