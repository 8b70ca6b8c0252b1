//! New threads whose parent was killed before it could tell of them.

use sockeye_model::Timestamp;

use super::tasks::{Process, Task};
use super::{Tracer, programs};
use crate::sys::wait::Status;

/// A thread that stopped before its parent told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Early {
    pub(super) status: Status,
    /// Whether a look has found it waiting already.
    is_overdue: bool,
}

/// Which of them are taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adopt {
    /// Those that have waited from one look to the next.
    Waiting,
    /// All: nobody is left who could tell of them.
    All,
}

impl Early {
    pub(super) fn new(status: Status) -> Self {
        Self {
            status,
            is_overdue: false,
        }
    }
}

impl Tracer {
    /// Takes on what nobody has told of, so that it does not stand still for ever. Whether there was any.
    pub(super) fn adopt(&mut self, at: Timestamp, which: Adopt) -> bool {
        let mut orphans = Vec::new();
        self.early.retain(|&thread, early| {
            let is_orphan = early.is_overdue || which == Adopt::All;
            if is_orphan {
                orphans.push((thread, early.status));
            }
            early.is_overdue = true;
            !is_orphan
        });
        let any = !orphans.is_empty();
        for (thread, status) in orphans {
            let pid = programs::process_of(thread).unwrap_or(thread);
            self.tasks.insert(thread, Task::new(pid));
            if let Some(process) = self.processes.get_mut(&pid) {
                process.threads += 1;
            } else {
                self.adopt_process(at, pid);
            }
            self.deferred.push_back((thread, status));
        }
        any
    }

    fn adopt_process(&mut self, at: Timestamp, pid: u32) {
        let places = self.places(pid);
        let attached = self.processes.values().any(|process| process.attached);
        let mut process = Process::new(attached, places);
        process.command = programs::command(pid);
        let target = process.target(pid, pid);
        let descriptors = programs::sockets(pid);
        self.world
            .started(at, pid, &process.command, &descriptors, &target);
        self.processes.insert(pid, process);
        self.note_wanted();
    }
}
