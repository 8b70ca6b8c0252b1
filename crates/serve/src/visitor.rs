//! One conversation of a service: its link, and the ledger that it is entered in when it is over.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sockeye_model::Totals;

use crate::idle::Watcher;
use sockeye_net::Link;

/// Totals of all conversations that are over.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    sends: AtomicU64,
    receives: AtomicU64,
}

impl Ledger {
    /// Adds what one conversation has moved.
    pub(crate) fn enter(&self, totals: Totals) {
        self.bytes_sent
            .fetch_add(totals.bytes_sent, Ordering::Relaxed);
        self.bytes_received
            .fetch_add(totals.bytes_received, Ordering::Relaxed);
        self.sends.fetch_add(totals.sends, Ordering::Relaxed);
        self.receives.fetch_add(totals.receives, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals {
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            sends: self.sends.load(Ordering::Relaxed),
            receives: self.receives.load(Ordering::Relaxed),
        }
    }
}

/// A conversation whose totals are entered however its conversation ends.
#[derive(Debug)]
pub(crate) struct Visitor {
    link: Held,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
enum Held {
    Alone(Link),
    /// The sweep of idle ones looks at it too.
    Watched(Arc<Link>),
}

impl Visitor {
    pub(crate) fn new(link: Link, ledger: &Arc<Ledger>, watcher: Option<&Watcher>) -> Self {
        let link = match watcher {
            None => Held::Alone(link),
            Some(watcher) => {
                let link = Arc::new(link);
                watcher.watch(&link);
                Held::Watched(link)
            }
        };
        Self {
            link,
            ledger: Arc::clone(ledger),
        }
    }
}

impl Deref for Visitor {
    type Target = Link;
    fn deref(&self) -> &Link {
        match &self.link {
            Held::Alone(link) => link,
            Held::Watched(link) => link,
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.ledger.enter(self.totals());
    }
}
