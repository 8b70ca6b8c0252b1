//! Ends conversations in which nothing moves: one timer for all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use sockeye_net::{Link, Shutdown};

/// Looks at every conversation it was given, eight times within the limit, and shuts down those that have not moved.
///
/// Both directions are shut down, so a conversation meets its end in whatever call it waits in.
#[derive(Debug)]
pub(crate) struct Sweep {
    watcher: Watcher,
    task: AbortHandle,
}

/// Puts conversations under a sweep's eyes.
#[derive(Clone, Debug)]
pub(crate) struct Watcher(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    links: Mutex<Vec<Quiet>>,
    ended: AtomicU64,
}

#[derive(Debug)]
struct Quiet {
    link: Weak<Link>,
    moved: u64,
    since: Instant,
}

impl Sweep {
    /// Starts it in the event loop that runs now.
    pub(crate) fn start(limit: Duration) -> Self {
        let watched = Arc::new(Watched::default());
        let sweeping = Arc::clone(&watched);
        let every = (limit / 8).max(SHORTEST);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                sweeping.look(limit);
            }
        });
        Self {
            watcher: Watcher(watched),
            task: task.abort_handle(),
        }
    }

    pub(crate) fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// How many it has ended.
    pub(crate) fn ended(&self) -> u64 {
        self.watcher.0.ended.load(Ordering::Relaxed)
    }
}

impl Watcher {
    pub(crate) fn watch(&self, link: &Arc<Link>) {
        let quiet = Quiet {
            link: Arc::downgrade(link),
            moved: 0,
            since: Instant::now(),
        };
        let links = &self.0.links;
        links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(quiet);
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    fn look(&self, limit: Duration) {
        let now = Instant::now();
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain_mut(|quiet| {
            let Some(link) = quiet.link.upgrade() else {
                return false;
            };
            let totals = link.totals();
            // Calls too: an empty message moves no byte.
            let moved = totals.bytes_sent + totals.bytes_received + totals.sends + totals.receives;
            if moved != quiet.moved {
                (quiet.moved, quiet.since) = (moved, now);
            } else if now.duration_since(quiet.since) >= limit {
                self.ended.fetch_add(1, Ordering::Relaxed);
                if let Some(socket) = link.socket() {
                    // One that its peer has reset meanwhile is over as well.
                    let _ = socket.shutdown(Shutdown::Both);
                }
                return false;
            }
            true
        });
    }
}

/// A shorter limit than eight of these is kept less exactly.
const SHORTEST: Duration = Duration::from_millis(5);
