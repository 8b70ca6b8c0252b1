//! Puts events into the order in which they can be drawn: a receive after the send that caused it, and no socket before it is
//! known on which side it belongs.
//!
//! An event is told when its call has returned, so on two threads a recv can be told before the send that caused it. What
//! waits here waits for its cause, within a bound of time and number; nothing is ever left out.

use std::collections::VecDeque;
use std::time::Duration;

use sockeye_model::{Event, Kind, SocketId, Timestamp};

use super::ends::Ends;

/// How many events may wait; beyond it the oldest is drawn as it is.
const HELD: usize = 64;

/// How long an event waits for its cause.
const PATIENCE: Duration = Duration::from_millis(100);

/// Each event may have something with it that waits along.
#[derive(Debug)]
pub(crate) struct Order<T = ()> {
    held: VecDeque<(Event<'static>, T)>,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            held: VecDeque::new(),
        }
    }
}

impl<T> Order<T> {
    /// Whether `event` can be drawn at once.
    pub(crate) fn passes(&self, event: &Event<'_>, ends: &Ends) -> bool {
        ends.is_ready(event) && !self.held.iter().any(|(held, _)| precedes(held, event))
    }

    pub(crate) fn hold(&mut self, event: Event<'static>, with: T) {
        self.held.push_back((event, with));
    }

    /// The next event that can be drawn, because its cause was or because it has waited long enough by `now`.
    pub(crate) fn next(&mut self, ends: &Ends, now: Timestamp) -> Option<(Event<'static>, T)> {
        let overdue = |event: &Event<'_>| event.at + PATIENCE < now;
        let full = self.held.len() > HELD;
        let index = self
            .held
            .iter()
            .enumerate()
            .position(|(index, (event, _))| {
                let mut earlier = self.held.iter().take(index);
                !earlier.any(|(held, _)| precedes(held, event))
                    && (ends.is_ready(event) || overdue(event) || (full && index == 0))
            })?;
        self.held.remove(index)
    }

    /// The oldest that waits, whatever it waits for: the session is over.
    pub(crate) fn oldest(&mut self) -> Option<(Event<'static>, T)> {
        self.held.pop_front()
    }
}

/// Whether `event` has to wait for `held`, which was told before it: of one socket all stays in order, and a process ends after
/// all it did.
fn precedes(held: &Event<'_>, event: &Event<'_>) -> bool {
    match event.kind {
        Kind::Exited { pid, .. } => held.by.is_some_and(|by| by.process == pid),
        _ => event.socket != SocketId::NONE && held.socket == event.socket,
    }
}

/// Events of sockets whose side is not known yet: made and named, and nothing more.
#[derive(Debug, Default)]
pub(crate) struct Prologue {
    waiting: VecDeque<Event<'static>>,
}

impl Prologue {
    /// Whether an event says nothing of the side its socket belongs to.
    pub(crate) fn is_part(event: &Event<'_>) -> bool {
        matches!(
            event.kind,
            Kind::Created { .. }
                | Kind::Configured { .. }
                | Kind::Bound { .. }
                | Kind::Called { .. }
                | Kind::Noted(_)
                | Kind::Diagnosed(_)
        )
    }

    pub(crate) fn push(&mut self, event: Event<'static>) {
        self.waiting.push_back(event);
    }

    /// The next event of `socket` that waited for its side.
    pub(crate) fn next_of(&mut self, socket: SocketId) -> Option<Event<'static>> {
        let index = self
            .waiting
            .iter()
            .position(|event| event.socket == socket)?;
        self.waiting.remove(index)
    }

    /// The oldest, when there are too many or the session is over.
    pub(crate) fn oldest(&mut self, over: bool) -> Option<Event<'static>> {
        if over || self.waiting.len() > HELD {
            return self.waiting.pop_front();
        }
        None
    }
}
