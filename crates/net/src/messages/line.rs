//! What a server's task and the owner of a session share: the queue, the counts, the events.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sockeye_model::event::Note;
use sockeye_model::{
    Call, DropReason, Kind, Payload, SocketAddress, SocketId, Timestamp, Totals, Unit,
};

use super::bound::Bound;
use super::inbox::Inbox;
use super::sessions::Shared;
use crate::sys::{LocalIp, Name};

/// What the server's task and the session's owner share.
pub(super) struct Line {
    pub(super) id: SocketId,
    pub(super) key: Key,
    /// The peer as the kernel takes it, for UDP.
    pub(super) name: Option<Name>,
    inbox: Mutex<Inbox>,
    /// When a message last came or went, milliseconds of the server's life.
    pub(super) active: AtomicU64,
    /// A message came since the server last looked for the oldest.
    pub(super) touched: AtomicBool,
    /// Its owner has it; before, it waits to be accepted.
    pub(super) accepted: AtomicBool,
    pub(super) refused: AtomicU64,
    totals: Counter,
}

/// [`Totals`] that several threads add to.
#[derive(Default)]
pub(super) struct Counter {
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    sends: AtomicU64,
    receives: AtomicU64,
}

impl Counter {
    fn received(&self, bytes: usize) {
        add(&self.bytes_received, bytes as u64);
        add(&self.receives, 1);
    }

    fn sent(&self, bytes: usize) {
        add(&self.bytes_sent, bytes as u64);
        add(&self.sends, 1);
    }

    pub(super) fn read(&self) -> Totals {
        Totals {
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            sends: self.sends.load(Ordering::Relaxed),
            receives: self.receives.load(Ordering::Relaxed),
        }
    }
}

/// What makes a conversation: the peer, and the socket and address of ours that it speaks to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) socket: usize,
    pub(super) peer: SocketAddress,
    pub(super) local: Option<LocalIp>,
}

impl Line {
    pub(super) fn new(id: SocketId, key: Key) -> Self {
        Self {
            id,
            name: key.peer.inet().map(Name::new),
            key,
            inbox: Mutex::default(),
            active: AtomicU64::new(0),
            touched: AtomicBool::new(false),
            accepted: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            totals: Counter::default(),
        }
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No more will come: whoever waits is woken.
    pub(super) fn end(&self) {
        let mut inbox = self.inbox();
        inbox.ended = true;
        if let Some(reader) = inbox.reader.take() {
            reader.wake();
        }
    }

    /// An event of this session.
    pub(super) fn emit(&self, bound: &Bound, began: Option<Timestamp>, kind: Kind<'_>) {
        let tap = &bound.handle().tap;
        tap.emit(self.id, Some(bound.id()), began, kind);
    }

    pub(super) fn tell_dropped(&self, bound: &Bound, messages: u64, why: DropReason) {
        let note = Note::Dropped { messages, why };
        let now = bound.handle().tap.now();
        self.emit(bound, Some(now), Kind::Noted(note));
    }

    /// "Port unreachable" came back for a message to this peer.
    pub(super) fn was_refused(&self, bound: &Bound) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.tell_dropped(bound, 1, DropReason::Refused);
    }

    /// Takes a message from the socket into the queue, or drops it for want of room. Each is told and counted.
    pub(super) fn deliver(
        &self,
        shared: &Shared,
        began: Timestamp,
        call: Call,
        message: &[u8],
        room: usize,
    ) {
        let bound = &shared.sockets[self.key.socket];
        // Its first message is its birth. If that counted as well, sessions of one message and those that have just spoken
        // again would look the same to whoever has to end one.
        if self.totals().receives > 0 {
            self.touched.store(true, Ordering::Relaxed);
        }
        self.totals.received(message.len());
        shared.totals.received(message.len());
        self.active.store(shared.millis(), Ordering::Relaxed);
        if bound.handle().tap.wants_each() {
            let kind = Kind::Received {
                call,
                payload: payload(bound, message),
                room: room as u64,
                truncated_from: None,
                peer: Some(self.key.peer.clone()),
            };
            self.emit(bound, Some(began), kind);
        }
        let mut inbox = self.inbox();
        if inbox.push(message, &shared.limits) {
            return;
        }
        inbox.dropped += 1;
        let first = inbox.dropped == 1;
        drop(inbox);
        bound.counts.queue_full.fetch_add(1, Ordering::Relaxed);
        if first {
            self.tell_dropped(bound, 1, DropReason::QueueFull);
        }
    }

    /// Says how many more were dropped after the first of them was said.
    pub(super) fn tell_late_drops(&self, bound: &Bound, inbox: &mut Inbox) {
        let dropped = std::mem::take(&mut inbox.dropped);
        if dropped > 1 {
            self.tell_dropped(bound, dropped - 1, DropReason::QueueFull);
        }
    }

    pub(super) fn sent(&self, shared: &Shared, began: Timestamp, call: Call, message: &[u8]) {
        let bound = &shared.sockets[self.key.socket];
        self.totals.sent(message.len());
        shared.totals.sent(message.len());
        self.active.store(shared.millis(), Ordering::Relaxed);
        if bound.handle().tap.wants_each() {
            let kind = Kind::Sent {
                buffer: None,
                call,
                payload: payload(bound, message),
                asked: message.len() as u64,
                peer: Some(self.key.peer.clone()),
            };
            self.emit(bound, Some(began), kind);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals.read()
    }
}

fn payload<'a>(bound: &Bound, message: &'a [u8]) -> Payload<'a> {
    if bound.handle().tap.wants_bytes() {
        Payload::Bytes {
            data: message.into(),
            unit: Unit::Message,
        }
    } else {
        Payload::Unseen {
            len: message.len() as u64,
            unit: Unit::Message,
        }
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
