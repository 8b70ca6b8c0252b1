//! Descriptors that one process gives another: `SCM_RIGHTS` of unix(7), pidfd_getfd(2).

use sockeye_model::Came;

use super::decode::{Message, int};
use super::sockets::Key;
use super::{Origin, Pending, World, failure};
use crate::made::Made;
use crate::tracee::Tracee;

impl World {
    /// A message is about to be sent: what it carries will be recognized by its inode.
    pub(super) fn note_passed(&mut self, pending: &Pending, tracee: &dyn Tracee) {
        for (descriptor, key) in self.carried(pending, tracee) {
            self.judge_fully(key);
            let unknown = self
                .sockets
                .get(key)
                .is_some_and(|open| open.inode.is_none());
            if unknown && let Some(facts) = tracee.facts(descriptor) {
                self.sockets.has_inode(key, facts.inode);
            }
        }
    }

    /// The message was sent: until it is received, what it carries stays open without a descriptor.
    pub(super) fn sent_passed(&mut self, pending: &Pending, tracee: &dyn Tracee) {
        for (_, key) in self.carried(pending, tracee) {
            if let Some(open) = self.sockets.get_mut(key) {
                open.in_flight += 1;
            }
        }
    }

    fn carried(&self, pending: &Pending, tracee: &dyn Tracee) -> Vec<(i32, Key)> {
        let pid = pending.entry.by.process;
        let Some(message) = Message::read(tracee, pending.entry.arguments[1]) else {
            return Vec::new();
        };
        let descriptors = message.rights(tracee).into_iter();
        descriptors
            .filter_map(|descriptor| Some((descriptor, self.descriptors.get(pid, descriptor)?)))
            .collect()
    }

    /// Descriptors came with a message.
    pub(super) fn received_passed(
        &mut self,
        message: &Message,
        pending: &Pending,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        for descriptor in message.rights(tracee) {
            self.passed(pending.entry.by.process, descriptor, origin, tracee);
        }
    }

    fn passed(&mut self, pid: u32, descriptor: i32, origin: &Origin, tracee: &dyn Tracee) {
        let origin = origin.without_call();
        let Some(facts) = tracee.facts(descriptor) else {
            self.replace_unseen(pid, descriptor, &origin);
            self.descriptors.mark_foreign(pid, descriptor);
            return;
        };
        let key = self.adopt(pid, descriptor, &facts, Came::Passed, &origin, tracee);
        if let Some(open) = self.sockets.get_mut(key) {
            open.in_flight = open.in_flight.saturating_sub(1);
            if open.live {
                self.arm_descriptor(pid, descriptor, key);
            } else {
                self.come_alive(key);
            }
        }
    }

    pub(super) fn made_pidfd_getfd(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        if failure(made.returned).is_some() {
            return;
        }
        let descriptor = int(made.returned.cast_unsigned());
        let pid = pending.entry.by.process;
        let origin = pending.came(made.at);
        let in_flight = |world: &Self, key: Key| {
            let open = world.sockets.get(key);
            open.map_or(0, |open| open.in_flight)
        };
        let known = tracee.facts(descriptor);
        let known = known.and_then(|facts| self.sockets.by_inode(facts.inode));
        let before = known.map(|key| (key, in_flight(self, key)));
        self.passed(pid, descriptor, &origin, tracee);
        if let Some((key, before)) = before
            && let Some(open) = self.sockets.get_mut(key)
        {
            // It was taken, not sent.
            open.in_flight = before;
        }
    }
}
