//! Puts events into the order in which they can be drawn: a receive after the send that caused it, and no socket before it is
//! known on which side it belongs.
//!
//! An event is told when its call has returned, so on two threads a recv can be told before the send that caused it. What
//! waits here waits for its cause, within a bound of time and number; nothing is ever left out.

use std::collections::VecDeque;
use std::time::Duration;

use sockeye_model::{Event, Finding, Kind, SocketId, Timestamp};

use super::ends::Ends;

/// How many events may wait; beyond it the oldest is drawn as it is.
const HELD: usize = 256;

/// How long an event waits for its cause.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long an event of a traced program waits for what began before it and is told later: a wait is told 20 ms after its call
/// was entered.
const WINDOW: Duration = Duration::from_millis(50);

/// A send that took longer stands where it ended: that it waited, is told where it began.
const PROMPT: Duration = Duration::from_millis(20);

/// Each event may have something with it that waits along.
///
/// Of traced programs the order is a rule, and not that of arrival: what one thread did stays in its order; a cause stands
/// above its effect; apart from that, time decides. What the row above still waits for comes first.
#[derive(Debug)]
pub(crate) struct Order<T = ()> {
    held: VecDeque<(Event<'static>, T)>,
    /// Processes are traced: there are calls of several, and each event waits for [`WINDOW`].
    traced: bool,
    /// The latest time that was heard of.
    now: Timestamp,
    /// The socket of the last event that was given out.
    last: SocketId,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            held: VecDeque::new(),
            traced: false,
            now: Timestamp::START,
            last: SocketId::NONE,
        }
    }
}

impl<T> Order<T> {
    /// Whether `event` can be drawn at once.
    pub(crate) fn passes(&mut self, event: &Event<'_>, ends: &Ends) -> bool {
        self.traced |= event.by.is_some() && ends.pairs();
        !self.traced
            && ends.is_ready(event)
            && !self.held.iter().any(|(held, _)| precedes(held, event))
    }

    /// Whether the same was found again, and is heavier by now.
    pub(crate) fn holds_heavier(&self, finding: &Finding) -> bool {
        self.held.iter().any(|(held, _)| match &held.kind {
            Kind::Diagnosed(other) => {
                (other.rule, other.socket) == (finding.rule, finding.socket)
                    && other.place == finding.place
                    && other.weight > finding.weight
            }
            _ => false,
        })
    }

    pub(crate) fn hold(&mut self, event: Event<'static>, with: T) {
        self.held.push_back((event, with));
    }

    /// The next event that can be drawn, because its cause was or because it has waited long enough by `now`; `joins` says
    /// whether the last row waits for an event.
    pub(crate) fn next(
        &mut self,
        ends: &Ends,
        now: Timestamp,
        joins: impl Fn(&Event<'_>) -> bool,
    ) -> Option<(Event<'static>, T)> {
        self.now = self.now.max(now);
        let (index, is_due) = self.choose(ends, joins)?;
        let full = self.held.len() > HELD;
        (is_due || full).then(|| self.give(index))?
    }

    /// The next one though more may come of what was before it: the session is over.
    pub(crate) fn last(
        &mut self,
        ends: &Ends,
        joins: impl Fn(&Event<'_>) -> bool,
    ) -> Option<(Event<'static>, T)> {
        let index = self.choose(ends, joins).map_or(0, |(index, _)| index);
        self.give(index)
    }

    fn give(&mut self, index: usize) -> Option<(Event<'static>, T)> {
        let given = self.held.remove(index)?;
        self.last = given.0.socket;
        Some(given)
    }

    /// Which one is next, and whether nothing more can come before it.
    fn choose(&self, ends: &Ends, joins: impl Fn(&Event<'_>) -> bool) -> Option<(usize, bool)> {
        let mut first: Option<(Timestamp, usize)> = None;
        let mut joining = None;
        for (index, (event, _)) in self.held.iter().enumerate() {
            let mut earlier = self.held.iter().take(index);
            if earlier.any(|(held, _)| precedes(held, event)) {
                continue;
            }
            // Belongs to the row above, or is no row at all.
            let clings = matches!(event.kind, Kind::Diagnosed(_) | Kind::Noted(_))
                && event.socket != SocketId::NONE
                && event.socket == self.last;
            if self.traced && (clings || ends.is_silent(event)) {
                return Some((index, true));
            }
            let is_ready = ends.is_ready(event);
            if !is_ready && event.at + PATIENCE >= self.now {
                continue;
            }
            if !self.traced {
                return Some((index, true));
            }
            if is_ready && joining.is_none() && joins(event) {
                joining = Some(index);
            }
            let at = moment(event);
            if first.is_none_or(|(earliest, _)| at < earliest) {
                first = Some((at, index));
            }
        }
        if let Some(index) = joining {
            return Some((index, true));
        }
        match first {
            Some((at, index)) => Some((index, at + WINDOW <= self.now)),
            // Each waits for a cause: the oldest is drawn without it when there is no more room.
            None => (self.held.len() > HELD).then_some((0, true)),
        }
    }
}

/// When an event stands in the picture: a send when it began, if it did not wait; all else when it was over.
pub(crate) fn moment(event: &Event<'_>) -> Timestamp {
    match (&event.kind, event.took) {
        (Kind::Sent { .. }, Some(took)) if took < PROMPT => event.at - took,
        _ => event.at,
    }
}

/// Whether `event` has to wait for `held`, which was told before it: what one socket and one thread did stays in order, and a
/// process begins before all it does and ends after it.
fn precedes(held: &Event<'_>, event: &Event<'_>) -> bool {
    if let (Kind::Forked { child, .. }, Some(by)) = (&held.kind, event.by)
        && by.process == *child
    {
        return true;
    }
    match event.kind {
        Kind::Exited { pid, .. } => held.by.is_some_and(|by| by.process == pid),
        _ => {
            (event.by.is_some() && held.by == event.by)
                || (event.socket != SocketId::NONE && held.socket == event.socket)
        }
    }
}

/// How many events may wait for their socket's side.
const UNDECIDED: usize = 64;

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
        if over || self.waiting.len() > UNDECIDED {
            return self.waiting.pop_front();
        }
        None
    }
}
