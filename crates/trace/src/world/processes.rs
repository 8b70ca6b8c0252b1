//! Processes: born, forked, running another program, ended; and what is said of each only once.

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Blind, Caller, Came, Kind, Note, ProcessName, Runtime, Timestamp};

use super::{Origin, World};
use crate::tracee::Tracee;

/// What is known of the processes beside their descriptors.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: FxHashMap<u32, Process>,
    /// Sockets of the runtime, of each program: how many there were, and how many when it was told last.
    folded: FxHashMap<(u32, Runtime), (u32, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Process {
    name: String,
    /// It ran before it was traced.
    found: bool,
    /// It was said that it has more than one thread.
    threads: bool,
    blind: FxHashSet<Blind>,
    /// The process that was started, or found, and that this one comes from; 0 of itself.
    program: u32,
}

impl Processes {
    fn of(&mut self, pid: u32) -> &mut Process {
        self.known.entry(pid).or_default()
    }

    /// Whether this is to be said of the process now: only the first time.
    pub(crate) fn tell_once(&mut self, pid: u32, blind: Blind) -> bool {
        self.of(pid).blind.insert(blind)
    }

    /// So many more sockets of the runtime; gives how many the whole program has had when that is to be told: the first time,
    /// and when there are [`AGAIN`] times as many. Of the program, since a start script may run dozens of processes that ask as much.
    pub(crate) fn folded(&mut self, pid: u32, of: Runtime, more: u32) -> Option<u32> {
        let program = self.program_of(pid);
        let (count, told) = self.folded.entry((program, of)).or_default();
        *count = count.saturating_add(more);
        if *told != 0 && *count < told.saturating_mul(AGAIN) {
            return None;
        }
        *told = *count;
        Some(*count)
    }

    fn program_of(&self, pid: u32) -> u32 {
        match self.known.get(&pid) {
            Some(process) if process.program != 0 => process.program,
            _ => pid,
        }
    }

    /// How the process came by a socket of which nothing was seen.
    pub(crate) fn came(&self, pid: u32) -> Came {
        match self.known.get(&pid) {
            Some(process) if process.found => Came::Found,
            _ => Came::Inherited,
        }
    }

    /// The process as others call it.
    pub(crate) fn name(&self, pid: u32) -> ProcessName<'static> {
        let name = self.known.get(&pid).map(|process| process.name.clone());
        ProcessName {
            pid,
            name: name.unwrap_or_default().into(),
        }
    }
}

/// So many times as many sockets of the runtime make its line worth saying again.
const AGAIN: u32 = 8;

/// The program's name from the words that started it.
fn program_of(command: &str) -> String {
    let words = sockeye_model::quote::words(command);
    let program = words.first().map_or("", String::as_str);
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

impl World {
    /// A process is traced from here on; what it holds already is found in `descriptors`.
    pub(crate) fn started(
        &mut self,
        at: Timestamp,
        pid: u32,
        command: &str,
        descriptors: &[i32],
        tracee: &dyn Tracee,
    ) {
        self.now = self.now.max(at);
        self.descriptors.add(pid);
        self.processes.of(pid).name = program_of(command);
        let origin = Origin::beside(at, Some(first_thread(pid)));
        let command = command.to_owned().into();
        self.tell_of_none(&origin, Kind::Started { pid, command });
        let came = self.processes.came(pid);
        self.take_in(pid, descriptors, came, &origin, tracee);
    }

    /// The tracer has come to a process that runs already; `started` comes next.
    pub(crate) fn found(&mut self, pid: u32) {
        self.processes.of(pid).found = true;
    }

    /// `fork`, `vfork`, or `clone` of a process; with `shares_files` (`CLONE_FILES`) both have one table of descriptors. A new
    /// thread of the same process has `child` as its thread id and the same `process`.
    pub(crate) fn forked(&mut self, at: Timestamp, by: Caller, child: Caller, shares_files: bool) {
        self.now = self.now.max(at);
        if child.process == by.process {
            let process = self.processes.of(by.process);
            if !std::mem::replace(&mut process.threads, true) {
                let origin = Origin::beside(at, Some(by));
                self.tell_of_none(&origin, Kind::Noted(Note::Threads));
            }
            return;
        }
        if self.descriptors.knows(child.process) {
            return;
        }
        for (_, key) in self.descriptors.chosen(by.process, |_| true) {
            self.judge_at_fork(key, at);
        }
        // The child has the one thread that called fork.
        let process = Process {
            threads: false,
            program: self.processes.program_of(by.process),
            ..self.processes.of(by.process).clone()
        };
        self.processes.known.insert(child.process, process);
        let copied = self
            .descriptors
            .fork(by.process, child.process, shares_files);
        for key in copied {
            if let Some(open) = self.sockets.get_mut(key) {
                open.references += 1;
            }
        }
        let forked = Kind::Forked {
            parent: by.process,
            child: child.process,
        };
        self.tell_of_none(&Origin::beside(at, Some(by)), forked);
    }

    /// `execve` has succeeded: `descriptors` are those that stayed open.
    pub(crate) fn replaced(
        &mut self,
        at: Timestamp,
        pid: u32,
        command: &str,
        descriptors: &[i32],
        _tracee: &dyn Tracee,
    ) {
        self.now = self.now.max(at);
        self.pending
            .retain(|_, pending| pending.entry.by.process != pid);
        self.end_polls_of(pid, at);
        *self.processes.of(pid) = Process {
            name: program_of(command),
            program: self.processes.program_of(pid),
            ..Process::default()
        };
        let origin = Origin::beside(at, Some(first_thread(pid)));
        let replaced = Kind::Replaced {
            pid,
            command: command.to_owned().into(),
        };
        self.tell_of_none(&origin, replaced);
        for key in self.descriptors.unshare(pid) {
            if let Some(open) = self.sockets.get_mut(key) {
                open.references += 1;
            }
        }
        let stayed: FxHashSet<i32> = descriptors.iter().copied().collect();
        for (descriptor, key) in self
            .descriptors
            .chosen(pid, |descriptor| !stayed.contains(&descriptor))
        {
            self.descriptors.take(pid, descriptor);
            self.drop_reference(key, &origin.unseen());
        }
    }

    /// A process is about to end, with its last thread, and can still be asked: what its sockets leave unread is told.
    pub(crate) fn exiting(&mut self, at: Timestamp, pid: u32, tracee: &dyn Tracee) {
        self.now = self.now.max(at);
        let origin = Origin::beside(at, Some(first_thread(pid)));
        let lost = self.descriptors.last_of(pid);
        let mut looked = FxHashSet::default();
        for (descriptor, key) in &lost {
            let own = lost.iter().filter(|(_, other)| other == key).count();
            let Some(open) = self.sockets.get(*key) else {
                continue;
            };
            if open.references == own && open.in_flight == 0 && looked.insert(*key) {
                // A descriptor that was closed unseen may be another socket by now.
                let same = |facts: crate::tracee::Facts| Some(facts.inode) == open.inode;
                if open.live || tracee.facts(*descriptor).is_some_and(same) {
                    self.tell_last_queues(*key, *descriptor, &origin, tracee);
                }
            }
        }
    }

    /// A process has ended: its exit code, or the signal that killed it.
    pub(crate) fn exited(&mut self, at: Timestamp, pid: u32, status: Result<i32, i32>) {
        self.now = self.now.max(at);
        self.pending
            .retain(|_, pending| pending.entry.by.process != pid);
        self.end_polls_of(pid, at);
        let origin = Origin::beside(at, Some(first_thread(pid)));
        for (_, key) in self.descriptors.leave(pid) {
            self.drop_reference(key, &origin);
        }
        self.processes.known.remove(&pid);
        if self.descriptors.is_empty() {
            self.end_of_all(&origin);
        }
        self.tell_of_none(&origin, Kind::Exited { pid, status });
    }
}

pub(super) fn first_thread(pid: u32) -> Caller {
    Caller {
        process: pid,
        thread: pid,
    }
}
