//! What waits to be sent to one peer: bounded, and whoever fills it waits for room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::limits::PEER_QUEUE;

/// Pieces of a stream, or messages, on their way to one peer.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something came, or nothing more will: for the one who sends.
    news: Notify,
    /// It is full: for the one who looks after a peer that does not read.
    filled: Notify,
    /// There is room again: for the one who fills all queues.
    room: Arc<Notify>,
}

struct State {
    waiting: VecDeque<Arc<[u8]>>,
    /// Bytes that wait or are being sent.
    bytes: usize,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// What waits is sent, then the end.
    Ended,
    /// Nothing is sent any more.
    Closed,
}

impl Queue {
    pub(super) fn new(room: Arc<Notify>) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                bytes: 0,
                stage: Stage::Open,
            }),
            news: Notify::new(),
            filled: Notify::new(),
            room,
        }
    }

    /// Puts one piece more into it, full or not: who does should wait for room first.
    pub(super) fn push(&self, piece: &Arc<[u8]>) {
        let mut state = self.state();
        if state.stage != Stage::Open {
            return;
        }
        state.bytes += piece.len();
        state.waiting.push_back(Arc::clone(piece));
        if state.is_full() {
            self.filled.notify_one();
        }
        self.news.notify_one();
    }

    /// What waits is all there will be.
    pub(super) fn end(&self) {
        let mut state = self.state();
        if state.stage == Stage::Open {
            state.stage = Stage::Ended;
            self.news.notify_one();
        }
    }

    /// The peer takes no more: what waits is thrown away, and nobody waits for room.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.stage = Stage::Closed;
        state.waiting.clear();
        self.room.notify_one();
    }

    /// The next piece to send; `None` at the end. One task at a time.
    pub(super) async fn next(&self) -> Option<Arc<[u8]>> {
        loop {
            {
                let mut state = self.state();
                if let Some(piece) = state.waiting.pop_front() {
                    return Some(piece);
                }
                if state.stage != Stage::Open {
                    return None;
                }
            }
            self.news.notified().await;
        }
    }

    /// So many bytes of the piece that was given out are with the kernel.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.state();
        let was_full = state.is_full();
        state.bytes = state.bytes.saturating_sub(bytes);
        // A piece of no bytes makes room by having been taken out.
        if was_full && !state.is_full() || bytes == 0 {
            self.room.notify_one();
        }
    }

    /// Whether nothing more should be put into it.
    pub(super) fn is_full(&self) -> bool {
        let state = self.state();
        state.stage == Stage::Open && state.is_full()
    }

    /// Returns when it is full, at once if it was lately.
    pub(super) async fn fills(&self) {
        self.filled.notified().await;
    }

    /// Bytes that have not reached the kernel.
    pub(super) fn unsent(&self) -> u64 {
        self.state().bytes as u64
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Many small messages weigh more than their bytes.
    fn is_full(&self) -> bool {
        self.bytes + self.waiting.len() * PIECE_WEIGHT >= PEER_QUEUE
    }
}

/// Memory that a piece takes beside its bytes.
const PIECE_WEIGHT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn queue() -> (Queue, Arc<Notify>) {
        let room = Arc::new(Notify::new());
        (Queue::new(Arc::clone(&room)), room)
    }

    #[test]
    fn pieces_come_out_in_order_and_the_end_after_them() {
        let (queue, _) = queue();
        assert_eq!(at_once(queue.next()), None);
        for piece in [&b"a"[..], b"", b"b"] {
            queue.push(&piece.into());
        }
        queue.end();
        queue.push(&b"late"[..].into());
        let pieces: Vec<Vec<u8>> = std::iter::from_fn(|| at_once(queue.next()).unwrap())
            .map(|piece| piece.to_vec())
            .collect();
        assert_eq!(pieces, [b"a".to_vec(), b"".to_vec(), b"b".to_vec()]);
    }

    #[test]
    fn it_is_full_by_bytes_or_by_number_and_room_is_told_when_it_no_longer_is() {
        let (queue, room) = queue();
        queue.push(&vec![0; PEER_QUEUE].into());
        assert!(queue.is_full());
        assert_eq!(at_once(queue.fills()), Some(()));
        assert_eq!(at_once(room.notified()), None);
        let _piece = at_once(queue.next()).unwrap();
        queue.sent(PEER_QUEUE);
        assert!(!queue.is_full());
        assert_eq!(at_once(room.notified()), Some(()));
        for _ in 0..PEER_QUEUE / PIECE_WEIGHT {
            queue.push(&b""[..].into());
        }
        assert!(queue.is_full());
    }

    #[test]
    fn a_closed_queue_makes_nobody_wait() {
        let (queue, room) = queue();
        queue.push(&vec![0; PEER_QUEUE].into());
        queue.close();
        assert!(!queue.is_full());
        assert_eq!(at_once(room.notified()), Some(()));
        assert_eq!(at_once(queue.next()), Some(None));
    }
}
