//! What the traced processes have open, and what their calls mean: calls in, events out. Asks only through [`Tracee`].

use sockeye_model::{Event, Timestamp};

use crate::made::{Attend, Entry, Made};
use crate::tracee::Tracee;

/// All traced processes, their descriptors and sockets.
#[derive(Debug, Default)]
pub(crate) struct World {
    events: Vec<Event<'static>>,
    arm: Vec<(u32, i32)>,
}

impl World {
    /// Nothing is traced yet; with `bytes` the events hold what is sent and received.
    pub(crate) fn new(_bytes: bool) -> Self {
        Self::default()
    }

    /// A process is traced from here on; what it holds already is found in `descriptors`.
    pub(crate) fn started(
        &mut self,
        _at: Timestamp,
        _pid: u32,
        _command: &str,
        _descriptors: &[i32],
        _tracee: &dyn Tracee,
    ) {
    }

    /// A thread is about to make a call that the filters stop at.
    pub(crate) fn entered(&mut self, _entry: &Entry, _tracee: &dyn Tracee) -> Attend {
        Attend::No
    }

    /// The call has returned.
    pub(crate) fn made(&mut self, _made: &Made, _tracee: &dyn Tracee) {}

    /// `fork`, `vfork`, or `clone` of a process; with `shares_files` (`CLONE_FILES`) both have one table of descriptors. A new
    /// thread of the same process has `child` as its thread id and the same `process`.
    pub(crate) fn forked(
        &mut self,
        _at: Timestamp,
        _by: sockeye_model::Caller,
        _child: sockeye_model::Caller,
        _shares_files: bool,
    ) {
    }

    /// `execve` has succeeded: `descriptors` are those that stayed open.
    pub(crate) fn replaced(
        &mut self,
        _at: Timestamp,
        _pid: u32,
        _command: &str,
        _descriptors: &[i32],
        _tracee: &dyn Tracee,
    ) {
    }

    /// A process is about to end, with its last thread, and can still be asked: what its sockets leave unread is told.
    pub(crate) fn exiting(&mut self, _at: Timestamp, _pid: u32, _tracee: &dyn Tracee) {}

    /// A process has ended: its exit code, or the signal that killed it.
    pub(crate) fn exited(&mut self, _at: Timestamp, _pid: u32, _status: Result<i32, i32>) {}

    /// A moment in which no thread stopped: waits that last are told, queues are looked at. Called some ten times a second at
    /// most; says when it wants to be called next.
    pub(crate) fn idle(
        &mut self,
        _now: Timestamp,
        _tracee: &dyn Fn(u32) -> Option<Box<dyn Tracee>>,
    ) -> Option<Timestamp> {
        None
    }

    /// The descriptors of sockets that have come alive since the last time: reads, writes and closes of them are to be stopped
    /// at from here on. With the process each belongs to.
    pub(crate) fn to_arm(&mut self) -> Vec<(u32, i32)> {
        std::mem::take(&mut self.arm)
    }

    /// The events since the last time, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event<'static>> {
        std::mem::take(&mut self.events)
    }
}
