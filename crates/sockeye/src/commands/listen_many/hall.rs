//! The peers that are here, by number: who comes, who goes, and what is said to one or to all of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sockeye_model::{SocketAddress, Totals};
use tokio::sync::Notify;

use super::queue::Queue;

/// All peers of a listener.
pub(super) struct Hall {
    state: Mutex<State>,
    arrived: Notify,
    room: Arc<Notify>,
    stopped: Notify,
}

#[derive(Default)]
struct State {
    here: BTreeMap<u64, Arc<Peer>>,
    last: u64,
    input: Input,
    /// Bytes of peers that have gone.
    gone: Totals,
}

/// How far our own side has come.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Input {
    /// There may be something to send.
    #[default]
    Open,
    /// Nothing more will be sent. Who comes now is only listened to: it is told of no end before its own.
    Over,
    /// Told to stop: everybody is told of the end.
    Stopping,
}

/// One peer that is here.
pub(super) struct Peer {
    /// From 1, in the order they came.
    pub(super) number: u64,
    pub(super) address: SocketAddress,
    /// What waits to be sent to it.
    pub(super) queue: Queue,
    received: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
}

/// Why nothing was said to somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotHere;

impl Hall {
    /// An empty one. Without input, peers are only listened to.
    pub(super) fn new(has_input: bool) -> Self {
        let state = State {
            input: if has_input { Input::Open } else { Input::Over },
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            arrived: Notify::new(),
            room: Arc::new(Notify::new()),
            stopped: Notify::new(),
        }
    }

    /// Somebody comes, and has the next number.
    pub(super) fn enter(&self, address: SocketAddress) -> Arc<Peer> {
        let mut state = self.state();
        state.last += 1;
        let peer = Arc::new(Peer {
            number: state.last,
            address,
            queue: Queue::new(Arc::clone(&self.room)),
            received: Arc::default(),
            sent: Arc::default(),
        });
        if state.input == Input::Stopping {
            peer.queue.end();
        }
        state.here.insert(peer.number, Arc::clone(&peer));
        drop(state);
        self.arrived.notify_one();
        peer
    }

    /// It goes; its bytes stay counted.
    pub(super) fn leave(&self, peer: &Peer) {
        peer.queue.close();
        let mut state = self.state();
        if state.here.remove(&peer.number).is_some() {
            state.gone.bytes_received += peer.received();
            state.gone.bytes_sent += peer.sent();
        }
    }

    /// Who is here, the first to come first.
    pub(super) fn here(&self) -> Vec<Arc<Peer>> {
        self.state().here.values().cloned().collect()
    }

    /// Waits for somebody.
    pub(super) async fn somebody(&self) {
        while self.state().here.is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Says it to everybody.
    pub(super) fn tell_all(&self, piece: &Arc<[u8]>) -> Result<(), NotHere> {
        let here = self.here();
        here.iter().for_each(|peer| peer.queue.push(piece));
        if here.is_empty() {
            Err(NotHere)
        } else {
            Ok(())
        }
    }

    /// Says it to one.
    pub(super) fn tell(&self, number: u64, piece: &Arc<[u8]>) -> Result<(), NotHere> {
        let peer = self.state().here.get(&number).cloned().ok_or(NotHere)?;
        peer.queue.push(piece);
        Ok(())
    }

    /// Waits until no queue is full: a peer that reads slowly slows the input, one that does not read is cut off by
    /// its own conversation.
    pub(super) async fn room(&self) {
        while self.here().iter().any(|peer| peer.queue.is_full()) {
            self.room.notified().await;
        }
    }

    /// Whether nothing more will be said.
    pub(super) fn input_is_over(&self) -> bool {
        self.state().input != Input::Open
    }

    /// Returns when the server stops.
    pub(super) async fn stopping(&self) {
        let mut told = std::pin::pin!(self.stopped.notified());
        loop {
            // Registered before it is asked for, so that it is not missed.
            told.as_mut().enable();
            if self.state().input == Input::Stopping {
                return;
            }
            told.as_mut().await;
            told.set(self.stopped.notified());
        }
    }

    /// Our input has ended: whoever is here is told so once all before it is sent.
    pub(super) fn end_input(&self) {
        self.end(Input::Over);
    }

    /// The server stops: whoever is here, or still comes, is told of the end.
    pub(super) fn stop(&self) {
        self.end(Input::Stopping);
        self.stopped.notify_waiters();
    }

    fn end(&self, input: Input) {
        let mut state = self.state();
        if state.input != Input::Stopping {
            state.input = input;
        }
        state.here.values().for_each(|peer| peer.queue.end());
    }

    /// Bytes of all who came.
    pub(super) fn totals(&self) -> Totals {
        let state = self.state();
        let mut totals = state.gone;
        for peer in state.here.values() {
            totals.bytes_received += peer.received();
            totals.bytes_sent += peer.sent();
        }
        totals
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer {
    /// So many bytes came from it.
    pub(super) fn has_sent_us(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// So many bytes of what waited went to it.
    pub(super) fn was_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.queue.sent(bytes);
    }

    /// The counters of what goes to it and what comes from it, for somebody else to count.
    pub(super) fn counters(&self) -> [Arc<AtomicU64>; 2] {
        [Arc::clone(&self.sent), Arc::clone(&self.received)]
    }

    /// Bytes that came from it.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes that went to it.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Arc<[u8]> {
        text.as_bytes().into()
    }

    #[test]
    fn numbers_go_up_and_are_not_given_twice() {
        let hall = Hall::new(true);
        let first = hall.enter(SocketAddress::UnixUnnamed);
        let second = hall.enter(SocketAddress::UnixUnnamed);
        hall.leave(&first);
        let third = hall.enter(SocketAddress::UnixUnnamed);
        assert_eq!((first.number, second.number, third.number), (1, 2, 3));
        let here: Vec<u64> = hall.here().iter().map(|peer| peer.number).collect();
        assert_eq!(here, [2, 3]);
    }

    #[test]
    fn what_is_said_to_one_does_not_reach_another() {
        let hall = Hall::new(true);
        let first = hall.enter(SocketAddress::UnixUnnamed);
        let second = hall.enter(SocketAddress::UnixUnnamed);
        hall.tell(2, &piece("two")).unwrap();
        assert_eq!((first.queue.unsent(), second.queue.unsent()), (0, 3));
        hall.tell_all(&piece("all!")).unwrap();
        assert_eq!((first.queue.unsent(), second.queue.unsent()), (4, 7));
        assert_eq!(hall.tell(3, &piece("x")), Err(NotHere));
    }

    #[test]
    fn bytes_of_those_who_have_gone_stay_counted() {
        let hall = Hall::new(true);
        let first = hall.enter(SocketAddress::UnixUnnamed);
        first.has_sent_us(5);
        first.was_sent(7);
        hall.leave(&first);
        hall.leave(&first);
        hall.enter(SocketAddress::UnixUnnamed).has_sent_us(1);
        let totals = hall.totals();
        assert_eq!((totals.bytes_received, totals.bytes_sent), (6, 7));
    }
}
