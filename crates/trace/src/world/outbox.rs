//! The events that wait to be taken: held back while it is not clear whose socket they are of, numbered when they go.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Kind, Note, SocketId, Timestamp};

use super::sockets::Key;

/// A queue of events whose sockets are still [`Key`]s.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Event<'static>>,
    /// Until when the events of a socket stay, and all behind them.
    held: FxHashMap<Key, Timestamp>,
    numbers: FxHashMap<Key, Number>,
    /// A socket that is closed, and of which one event is still to come.
    last_word: Option<Key>,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    own: SocketId,
    parent: Option<SocketId>,
}

impl Outbox {
    pub(crate) fn push(&mut self, event: Event<'static>) {
        self.queue.push_back(event);
    }

    /// The event that was pushed last.
    pub(crate) fn last(&self) -> Option<&Event<'static>> {
        self.queue.back()
    }

    /// The events of this socket stay until then at most.
    pub(crate) fn hold(&mut self, key: Key, until: Timestamp) {
        self.held.insert(key, until);
    }

    pub(crate) fn release(&mut self, key: Key) {
        self.held.remove(&key);
    }

    pub(crate) fn holds(&self, key: Key) -> bool {
        self.held.contains_key(&key)
    }

    /// The sockets that were held long enough; they are held no more.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<Key> {
        let expired: Vec<Key> = self
            .held
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in &expired {
            self.held.remove(key);
        }
        expired
    }

    /// How many sockets have numbers.
    #[cfg(test)]
    pub(crate) fn numbers(&self) -> usize {
        self.numbers.len()
    }

    /// Whether any socket is held.
    pub(crate) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// When the first of them is due.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.held.values().min().copied()
    }

    /// The last event belongs where the first one stood that waits of these sockets, and to its time.
    pub(crate) fn date_back(&mut self, of: &[Key]) {
        let is_of = |event: &Event<'_>| of.iter().any(|key| event.socket == SocketId(key.0));
        if let Some(index) = self.queue.iter().position(is_of)
            && let Some(mut event) = self.queue.pop_back()
        {
            event.at = self.queue.get(index).map_or(event.at, |first| first.at);
            self.queue.insert(index, event);
        }
    }

    /// The socket's events are never told.
    pub(crate) fn forget(&mut self, key: Key) {
        self.held.remove(&key);
        self.queue.retain(|event| event.socket != SocketId(key.0));
    }

    /// What may be told now, in order.
    pub(crate) fn take(&mut self) -> Vec<Event<'static>> {
        let mut taken = Vec::new();
        while let Some(event) = self.queue.front() {
            if self.held.contains_key(&Key(event.socket.0)) {
                break;
            }
            if let Some(event) = self.queue.pop_front() {
                taken.push(self.number(event));
            }
        }
        taken
    }

    fn number(&mut self, mut event: Event<'static>) -> Event<'static> {
        if event.socket == SocketId::NONE {
            return event;
        }
        let key = Key(event.socket.0);
        let parent = event.parent.map(|parent| Key(parent.0));
        let number = self.number_of(key, parent);
        event.socket = number.own;
        event.parent = number.parent;
        if let Kind::Noted(Note::Paired { with }) = &mut event.kind {
            *with = self.number_of(Key(with.0), None).own;
        }
        if let Kind::Closed { .. } = event.kind {
            if self
                .queue
                .front()
                .is_some_and(|next| next.socket == SocketId(key.0))
            {
                self.last_word = Some(key);
            } else if !self.is_named(key) {
                self.numbers.remove(&key);
            }
        } else if self.last_word == Some(key) {
            self.last_word = None;
            if !self.is_named(key) {
                self.numbers.remove(&key);
            }
        }
        event
    }

    /// Whether an event that waits names this socket as the other end of its own.
    fn is_named(&self, key: Key) -> bool {
        let other = SocketId(key.0);
        self.queue
            .iter()
            .any(|event| event.kind == Kind::Noted(Note::Paired { with: other }))
    }

    fn number_of(&mut self, key: Key, parent: Option<Key>) -> Number {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        self.last += 1;
        let number = Number {
            own: SocketId(self.last),
            parent: parent.and_then(|parent| Some(self.numbers.get(&parent)?.own)),
        };
        self.numbers.insert(key, number);
        number
    }
}
