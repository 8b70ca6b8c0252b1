//! Attaching to a process that runs already, and letting it go again.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;

use sockeye_model::{Caller, Timestamp};

use super::tasks::{Process, Task};
use super::{Clock, StartError, Tracer, programs};
use crate::made::Entry;
use crate::sys::ptrace::{self, Resume};
use crate::sys::registers::Registers;
use crate::sys::wait::Status;
use crate::world::World;

impl Tracer {
    /// Traces a process that runs already; only its system calls from here on are seen. No filter is put into it, for it
    /// would fail without us: it stops at every call, and runs slower for that.
    ///
    /// # Errors
    /// There is no such process, or the system forbids it.
    pub fn attach(&mut self, pid: u32) -> Result<(), StartError> {
        let not_there = || StartError::NotFound(OsString::from(pid.to_string()));
        let mut seen = HashSet::new();
        // Threads may be born meanwhile: until a look finds none that is not traced. Those of a traced thread are traced.
        loop {
            let threads = programs::threads(pid).map_err(|_| not_there())?;
            let new: Vec<_> = threads
                .into_iter()
                .filter(|&thread| seen.insert(thread))
                .collect();
            if new.is_empty() {
                break;
            }
            for thread in new {
                match ptrace::seize(thread, ptrace::ATTACHED) {
                    Ok(()) => {
                        self.tasks.insert(thread, Task::new(pid));
                    }
                    // It ended meanwhile, or came traced from one of the others.
                    Err(_) if thread != pid => {}
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                        return Err(not_there());
                    }
                    Err(error) => return Err(StartError::Forbidden(error)),
                }
            }
        }
        let threads = self.tasks.values().filter(|task| task.process == pid);
        let mut process = Process::new(true, self.places(pid));
        process.threads = u32::try_from(threads.count()).unwrap_or(u32::MAX);
        self.processes.insert(pid, process);
        self.attached.push(pid);
        Ok(())
    }

    /// Begins with the processes that were attached to.
    pub(super) fn begin_attached(&mut self, now: Clock<'_>) {
        for pid in std::mem::take(&mut self.attached) {
            let descriptors = programs::sockets(pid);
            let command = programs::command(pid);
            if let Some(process) = self.processes.get_mut(&pid) {
                process.command.clone_from(&command);
            }
            if let Some(target) = self.target_of(pid) {
                self.world.found(pid);
                self.world
                    .started(now(), pid, &command, &descriptors, &target);
            }
            if let Some(blind) = programs::running(pid).and_then(|path| programs::blind(&path)) {
                let by = Caller {
                    process: pid,
                    thread: pid,
                };
                self.blind(now(), by, blind);
            }
            self.world.take_to_arm();
            self.world.take_to_arm_life();
            for thread in self.threads_of(pid) {
                if thread != pid {
                    let caller = |thread| Caller {
                        process: pid,
                        thread,
                    };
                    self.world.forked(now(), caller(pid), caller(thread), true);
                }
                self.note_call(pid, thread, now());
                self.stop(thread);
            }
        }
    }

    /// A call that only waits and was entered before the tracer came: it may go on without being entered again.
    fn note_call(&mut self, process: u32, thread: u32, at: Timestamp) {
        let Some((number, arguments)) = programs::call_of(process, thread) else {
            return;
        };
        if !World::only_waits(number) {
            return;
        }
        let entry = Entry {
            by: Caller { process, thread },
            number,
            arguments,
            at,
        };
        if let Some(target) = self.target_of(process) {
            self.world.entered(&entry, &target);
        }
    }

    /// Lets all processes go that were attached to; each thread when it has stopped.
    pub(super) fn detach(&mut self) {
        if self.detaching {
            return;
        }
        self.detaching = true;
        let threads: Vec<u32> = self.tasks.keys().copied().collect();
        for thread in threads {
            if self.is_attached(thread) {
                self.stop(thread);
            }
        }
    }

    /// Stops a thread, wherever it is.
    fn stop(&mut self, thread: u32) {
        if let Some(task) = self.tasks.get_mut(&thread) {
            task.stopping = true;
        }
        // It has ended where this fails, and is told so.
        let _ended = ptrace::interrupt(thread);
    }

    /// The stop was ours, and no reason for a call to fail: what the kernel does not make again by itself after a stop,
    /// signal(7), it makes again all the same. A handler that runs meanwhile still ends it.
    pub(super) fn make_again(&mut self, thread: u32) {
        let Some(task) = self.tasks.get_mut(&thread) else {
            return;
        };
        if !std::mem::take(&mut task.stopping) {
            return;
        }
        let Ok(mut registers) = Registers::of(thread) else {
            return;
        };
        if ENDED_BY_A_STOP.contains(&registers.call()) && registers.make_again() {
            // It was killed where this fails, and is told so.
            let _killed = registers.put(thread);
        }
    }

    /// Lets one thread go that has stopped. Whether it was one to be let go.
    pub(super) fn let_go(&mut self, thread: u32, status: Status) -> bool {
        if !self.detaching || !self.is_attached(thread) {
            return false;
        }
        let signal = match status {
            Status::Stopped { signal, event: 0 } if signal & 0x80 == 0 => signal,
            Status::Stopped { .. } => 0,
            Status::Exited(_) | Status::Killed(_) => return false,
        };
        let done: io::Result<()> = ptrace::resume(thread, Resume::Detach, signal);
        if done.is_ok()
            && let Some(task) = self.tasks.remove(&thread)
            && !self
                .tasks
                .values()
                .any(|other| other.process == task.process)
        {
            self.processes.remove(&task.process);
        }
        true
    }

    fn is_attached(&self, thread: u32) -> bool {
        self.process_of(thread)
            .and_then(|pid| self.processes.get(&pid))
            .is_some_and(|process| process.attached)
    }

    fn threads_of(&self, pid: u32) -> Vec<u32> {
        let of = self.tasks.iter().filter(|(_, task)| task.process == pid);
        of.map(|(&thread, _)| thread).collect()
    }
}

/// Calls that fail with `EINTR` though nothing has come but a stop: `epoll_wait`, and those on sockets that have a timeout. None
/// of them has done anything then. Not `connect`, which can't be made twice.
const ENDED_BY_A_STOP: &[i64] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_io_getevents,
    libc::SYS_rt_sigtimedwait,
];
