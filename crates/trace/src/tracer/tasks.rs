//! What the tracer keeps of each thread and process.

use std::cell::RefCell;

use sockeye_model::Timestamp;

use super::arming::{Armed, Watch};
use super::target::{Handle, Lines, Target};
use super::{Clock, Ended, Tracer};
use crate::made::{Attend, Entry};
use crate::place::Places;
use crate::sys::wait::Status;

/// A traced thread.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) process: u32,
    pub(super) state: State,
    /// It is about to end, and has told so.
    pub(super) ending: bool,
    /// It was stopped by us, wherever it was, and has not told so yet.
    pub(super) stopping: bool,
}

/// What a thread is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing that is watched.
    Running,
    /// `execve` has succeeded and not returned.
    Replaced,
    /// A call whose return is waited for.
    Within(Pending),
    /// A call that a signal interrupted: it is made again, unless a handler runs and ends it.
    Interrupted(Pending),
    /// The same, while a handler may be set up.
    Stepping(Pending),
}

/// A call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) entry: Entry,
    pub(super) attend: Attend,
    /// The kernel goes on with it by `restart_syscall(2)`.
    pub(super) by_restart: bool,
}

/// A traced process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) handle: Handle,
    /// Its lines, where they are asked for.
    pub(super) places: Option<Lines>,
    /// The words it was started with.
    pub(super) command: String,
    /// Its threads that have not ended.
    pub(super) threads: u32,
    pub(super) armed: Armed,
    /// Descriptors that are to be armed.
    pub(super) wanted: Vec<(u32, Watch)>,
    /// Where filters may be laid in its memory.
    pub(super) scratch: Option<u64>,
    /// It has a filter of its own, behind which ours are not installed.
    pub(super) own_filter: bool,
    /// It stops at every call, since filters can't be had.
    pub(super) every_call: bool,
    /// It ran before us and outlives us.
    pub(super) attached: bool,
    /// That calls of another architecture are not seen has been told.
    pub(super) foreign: bool,
}

impl Task {
    pub(super) fn new(process: u32) -> Self {
        Self {
            process,
            state: State::Running,
            ending: false,
            stopping: false,
        }
    }

    /// Whether it is in a call that may turn out to wait.
    pub(super) fn in_call(&self) -> bool {
        matches!(
            self.state,
            State::Within(_) | State::Interrupted(_) | State::Stepping(_)
        )
    }
}

impl Process {
    pub(super) fn new(attached: bool, places: Option<Lines>) -> Self {
        Self {
            handle: Handle::default(),
            places,
            command: String::new(),
            threads: 1,
            armed: Armed::default(),
            wanted: Vec::new(),
            scratch: None,
            own_filter: false,
            every_call: attached,
            attached,
            foreign: false,
        }
    }

    /// A child that has just been forked: filters and memory are as its parent's.
    pub(super) fn forked(&self, places: Option<Lines>) -> Self {
        Self {
            handle: Handle::default(),
            places,
            threads: 1,
            armed: self.armed.clone(),
            wanted: self.wanted.clone(),
            command: self.command.clone(),
            ..*self
        }
    }

    /// From here on it stops at every call.
    pub(super) fn watch_every_call(&mut self) {
        self.every_call = true;
        self.wanted.clear();
    }

    pub(super) fn target(&self, process: u32, thread: u32) -> Target {
        Target {
            process,
            thread,
            handle: self.handle.clone(),
            places: self.places.clone(),
        }
    }
}

impl Tracer {
    /// Whatever tells the lines of a process, where they are asked for.
    pub(super) fn places(&self, pid: u32) -> Option<Lines> {
        let lines = self.options.lines;
        lines.then(|| Lines::new(RefCell::new(Places::new(pid, &self.binaries))))
    }

    /// The program of a process is at its end: why its lines could not be told is kept, once a program.
    pub(super) fn note_lacking(&mut self, process: &Process) {
        let Some(lacking) = process
            .places
            .as_ref()
            .and_then(|places| places.borrow().reason_without())
        else {
            return;
        };
        let lacking = (process.command.clone(), lacking);
        if !self.lacking.contains(&lacking) {
            self.lacking.push(lacking);
        }
    }

    pub(super) fn process_of(&self, thread: u32) -> Option<u32> {
        self.tasks.get(&thread).map(|task| task.process)
    }

    /// The process of a thread, seen from that thread.
    pub(super) fn target_of(&self, thread: u32) -> Option<Target> {
        let pid = self.process_of(thread)?;
        Some(self.processes.get(&pid)?.target(pid, thread))
    }

    /// What the world wants armed is remembered until a thread of the process is where it can be done.
    pub(super) fn note_wanted(&mut self) {
        let life = self.world.take_to_arm_life().into_iter();
        let data = self.world.take_to_arm().into_iter();
        let all = life
            .map(|place| (place, Watch::Life))
            .chain(data.map(|place| (place, Watch::Data)));
        for ((pid, descriptor), watch) in all {
            if let Some(process) = self.processes.get_mut(&pid)
                && !process.every_call
                && let Ok(descriptor) = u32::try_from(descriptor)
            {
                process.wanted.push((descriptor, watch));
            }
        }
    }

    /// A thread has ended, and with the first one its process.
    pub(super) fn ended(&mut self, thread: u32, status: Status, at: Timestamp) {
        self.early.remove(&thread);
        let Some(task) = self.tasks.remove(&thread) else {
            return;
        };
        self.count_ending(&task);
        if thread != task.process {
            return;
        }
        if let Some(process) = self.processes.remove(&thread) {
            self.note_lacking(&process);
        }
        let (result, ended) = match status {
            Status::Killed(signal) => (Err(signal), Ended::Signal(signal)),
            Status::Exited(code) => (Ok(code), Ended::Code(code)),
            Status::Stopped { .. } => return,
        };
        if self.first == Some(thread) {
            self.ended = Some(ended);
        }
        self.world.exited(at, thread, result);
    }

    /// One thread of its process less; whether it was the last.
    pub(super) fn count_ending(&mut self, task: &Task) -> bool {
        if task.ending {
            return false;
        }
        let Some(process) = self.processes.get_mut(&task.process) else {
            return false;
        };
        process.threads = process.threads.saturating_sub(1);
        process.threads == 0
    }

    /// Whatever is left has ended without a word.
    pub(super) fn forget_all(&mut self, now: Clock<'_>) {
        self.tasks.clear();
        let mut left: Vec<_> = self.processes.drain().map(|(pid, _)| pid).collect();
        left.sort_unstable();
        for pid in left {
            self.world.exited(now(), pid, Err(libc::SIGKILL));
        }
    }
}
