//! What can't be told by a call alone: that it waits, and what waits in the queues meanwhile.

use std::collections::VecDeque;
use std::time::Duration;

use sockeye_model::{Call, Kind, Queues, Timestamp};

use super::decode::Syscall;
use super::entry::may_wait;
use super::processes::first_thread;
use super::sockets::{AcceptQueue, Key};
use super::{Origin, Pending, World};
use crate::tracee::Tracee;

/// When what was looked at.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    peers: VecDeque<Timestamp>,
}

impl Looks {
    /// Whether this machine may be asked who is at the other end: it takes milliseconds, so a few times a second.
    pub(crate) fn may_ask_for_peer(&mut self, at: Timestamp) -> bool {
        while let Some(first) = self.peers.front()
            && at.since(*first) >= Duration::from_secs(1)
        {
            self.peers.pop_front();
        }
        let may = self.peers.len() < PEERS_A_SECOND;
        if may {
            self.peers.push_back(at);
        }
        may
    }
}

/// A process of the given number, where it can be asked.
pub(super) type Ask<'a> = &'a dyn Fn(u32) -> Option<Box<dyn Tracee>>;

impl World {
    /// A moment in which no thread stopped: waits that last are told, queues are looked at. Called some ten times a second at
    /// most; says when it wants to be called next.
    pub(crate) fn idle(&mut self, now: Timestamp, tracee: Ask<'_>) -> Option<Timestamp> {
        self.now = self.now.max(now);
        let waits = self.tell_waits(now, tracee);
        let polls = self.tell_polls(now, tracee);
        let queues = self.look_at_queues(now, tracee);
        [waits, polls, queues, self.outbox.due()]
            .into_iter()
            .flatten()
            .min()
    }

    fn tell_waits(&mut self, now: Timestamp, tracee: Ask<'_>) -> Option<Timestamp> {
        let mut due = Vec::new();
        let mut next: Option<Timestamp> = None;
        for (thread, pending) in &self.pending {
            if pending.key.is_none() || !may_wait(pending.call) {
                continue;
            }
            let threshold = match (pending.waits, LOOKS.get(pending.looks)) {
                (false, _) => WAITS,
                // A listener's queue is looked at by itself.
                (true, Some(look)) if pending.call != Call::Accept => *look,
                (true, _) => continue,
            };
            let at = pending.entry.at + threshold;
            if at <= now {
                due.push(*thread);
            } else {
                next = sooner(next, at);
            }
        }
        due.sort_by_key(|thread| self.pending.get(thread).map(|pending| pending.entry.at));
        for thread in due {
            let Some(mut pending) = self.pending.remove(&thread) else {
                continue;
            };
            self.tell_wait(&pending);
            pending.waits = true;
            while let Some(look) = LOOKS.get(pending.looks)
                && pending.entry.at + *look <= now
            {
                pending.looks += 1;
                let is_last = LOOKS
                    .get(pending.looks)
                    .is_none_or(|look| pending.entry.at + *look > now);
                if is_last {
                    self.look_at_blocked(&pending, now, tracee);
                }
            }
            if let Some(look) = LOOKS.get(pending.looks)
                && pending.call != Call::Accept
            {
                let at = pending.entry.at + *look;
                next = sooner(next, at);
            }
            self.pending.insert(thread, pending);
        }
        next
    }

    /// A call that has not returned for a while is told as waiting, once, with the time at which it was entered.
    pub(super) fn tell_wait(&mut self, pending: &Pending) {
        let Some(key) = pending.key else {
            return;
        };
        if pending.waits || !may_wait(pending.call) {
            return;
        }
        let origin = Origin {
            took: None,
            ..pending.came(pending.entry.at)
        };
        let call = pending.call;
        self.tell(key, &origin, Kind::Waiting { call });
    }

    fn look_at_blocked(&mut self, pending: &Pending, now: Timestamp, tracee: Ask<'_>) {
        let Some(key) = pending.key else {
            return;
        };
        let listens = self
            .sockets
            .get(key)
            .is_none_or(|open| open.backlog.is_some() || open.folded.is_some());
        if listens {
            return;
        }
        let by = pending.entry.by;
        let Some(asked) = tracee(by.process) else {
            return;
        };
        let held = self.descriptors.of(key).into_iter();
        let Some((_, descriptor)) = held.into_iter().find(|(pid, _)| *pid == by.process) else {
            return;
        };
        let unread = asked.unread(descriptor).unwrap_or(0);
        let unsent = asked.unsent(descriptor).unwrap_or(0);
        let origin = Origin {
            took: None,
            ..pending.came(now)
        };
        let queued = Queues::Data { unread, unsent };
        self.tell(key, &origin, Kind::Queued(queued));
    }

    /// Listeners whose queue may grow unseen, and UDP sockets that may lose messages.
    fn look_at_queues(&mut self, now: Timestamp, tracee: Ask<'_>) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        let mut due = Vec::new();
        for (key, open) in self.sockets.iter() {
            if open.folded.is_some() || open.references == 0 {
                continue;
            }
            let every = match (open.backlog, open.is_udp() && open.live) {
                // Who waits in accept has an empty queue.
                (Some(_), _) if self.is_accepting(key) && open.queue.waiting == 0 => continue,
                (Some(_), _) => EVERY_QUEUE,
                (None, true) => EVERY_DROPS,
                (None, false) => continue,
            };
            let at = open.looked.map_or(now, |looked| looked + every);
            if at <= now {
                due.push(key);
            }
            let at = if at <= now { now + every } else { at };
            next = sooner(next, at);
        }
        due.sort_unstable();
        for key in due {
            let held = self.descriptors.of(key);
            let Some((pid, descriptor)) = held.first().copied() else {
                continue;
            };
            if let Some(open) = self.sockets.get_mut(key) {
                open.looked = Some(now);
            }
            if let Some(asked) = tracee(pid) {
                let origin = Origin::beside(now, Some(first_thread(pid)));
                self.look(key, descriptor, &origin, &*asked);
            }
        }
        next
    }

    fn is_accepting(&self, key: Key) -> bool {
        let in_accept = |pending: &Pending| {
            pending.key == Some(key)
                && matches!(pending.syscall, Syscall::Accept | Syscall::Accept4)
        };
        self.pending.values().any(in_accept)
    }

    fn look(&mut self, key: Key, descriptor: i32, origin: &Origin, tracee: &dyn Tracee) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        if open.backlog.is_some() {
            self.look_at_accept_queue(key, descriptor, origin, tracee);
        } else if open.is_udp() {
            self.look_at_drops(key, descriptor, origin, tracee);
        }
    }

    /// After a call, while the process can be asked anyway.
    pub(super) fn look_after(&mut self, pending: &Pending, at: Timestamp, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let accepts =
            open.backlog.is_some() && matches!(pending.syscall, Syscall::Accept | Syscall::Accept4);
        let receives = open.is_udp()
            && matches!(
                pending.syscall,
                Syscall::RecvFrom | Syscall::RecvMsg | Syscall::RecvMmsg
            );
        let every = match (accepts, receives) {
            (true, _) => EVERY_ACCEPT,
            (_, true) => EVERY_DROPS,
            _ => return,
        };
        // What was told of a queue must not be left standing.
        let stands = accepts && open.queue.waiting > 0;
        let lately = open.looked.is_some_and(|looked| at.since(looked) < every);
        if open.folded.is_some() || (lately && !stands) {
            return;
        }
        open.looked = Some(at);
        let origin = Origin::beside(at, Some(pending.entry.by));
        self.look(key, pending.descriptor(), &origin, tracee);
    }

    fn look_at_accept_queue(
        &mut self,
        key: Key,
        descriptor: i32,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        let Some((waiting, backlog)) = tracee.accept_queue(descriptor) else {
            return;
        };
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let told_long_ago = open
            .queue
            .told
            .is_none_or(|told| origin.at.since(told) >= EVERY_TOLD);
        let changed = waiting != open.queue.waiting;
        if !changed && (waiting == 0 || !told_long_ago) {
            return;
        }
        open.queue = AcceptQueue {
            waiting,
            told: Some(origin.at),
        };
        let queued = Queues::Accept { waiting, backlog };
        self.tell(key, origin, Kind::Queued(queued));
    }

    pub(super) fn look_at_drops(
        &mut self,
        key: Key,
        descriptor: i32,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        let Some((messages, buffer)) = tracee.drops(descriptor) else {
            return;
        };
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        if messages > open.drops {
            open.drops = messages;
            let queued = Queues::Dropped { messages, buffer };
            self.tell(key, origin, Kind::Queued(queued));
        }
    }
}

/// The earlier of two moments, of which the first may not be.
pub(super) fn sooner(next: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    Some(next.map_or(at, |next| next.min(at)))
}

/// A call that takes longer waits.
pub(super) const WAITS: Duration = Duration::from_millis(20);
/// A wait as long as this is told, even if it is over.
pub(super) const LONG: Duration = Duration::from_secs(1);
/// After how long the queues of a socket are looked at in whose call a thread waits.
const LOOKS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How often a listener's queue is looked at while nobody waits in `accept`.
const EVERY_QUEUE: Duration = Duration::from_millis(250);
/// How often it is told though it has not changed.
const EVERY_TOLD: Duration = Duration::from_millis(500);
/// How often it is looked at after an `accept`.
const EVERY_ACCEPT: Duration = Duration::from_millis(100);
/// How often a UDP socket is asked for what the kernel has thrown away.
const EVERY_DROPS: Duration = Duration::from_millis(500);
/// How often this machine is asked who is at the other end.
const PEERS_A_SECOND: usize = 4;
