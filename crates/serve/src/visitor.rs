//! One connection of a service: its socket, and the ledger that it is entered in when it is over.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sockeye_model::Totals;

use crate::idle::Sweep;
use sockeye_net::AsyncSocket;

/// Totals of all conversations that are over.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    sends: AtomicU64,
    receives: AtomicU64,
}

impl Ledger {
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            sends: self.sends.load(Ordering::Relaxed),
            receives: self.receives.load(Ordering::Relaxed),
        }
    }
}

/// A connected socket whose totals are entered however its conversation ends.
#[derive(Debug)]
pub(crate) struct Visitor {
    socket: Held,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
enum Held {
    Alone(AsyncSocket),
    /// The sweep of idle ones looks at it too.
    Watched(Arc<AsyncSocket>),
}

impl Visitor {
    pub(crate) fn new(socket: AsyncSocket, ledger: &Arc<Ledger>, sweep: Option<&Sweep>) -> Self {
        let socket = match sweep {
            None => Held::Alone(socket),
            Some(sweep) => {
                let socket = Arc::new(socket);
                sweep.watch(&socket);
                Held::Watched(socket)
            }
        };
        Self {
            socket,
            ledger: Arc::clone(ledger),
        }
    }
}

impl Deref for Visitor {
    type Target = AsyncSocket;
    fn deref(&self) -> &AsyncSocket {
        match &self.socket {
            Held::Alone(socket) => socket,
            Held::Watched(socket) => socket,
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let totals = self.totals();
        let ledger = &self.ledger;
        ledger
            .bytes_sent
            .fetch_add(totals.bytes_sent, Ordering::Relaxed);
        ledger
            .bytes_received
            .fetch_add(totals.bytes_received, Ordering::Relaxed);
        ledger.sends.fetch_add(totals.sends, Ordering::Relaxed);
        ledger
            .receives
            .fetch_add(totals.receives, Ordering::Relaxed);
    }
}
