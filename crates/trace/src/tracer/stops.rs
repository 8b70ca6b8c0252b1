//! What is done when a traced thread has stopped.

use std::io;

use sockeye_model::{Blind, Caller, Timestamp};

use super::filter::{self, Said};
use super::orphans::Early;
use super::tasks::{Pending, Process, State, Task};
use super::{Clock, QUICK, Tracer, programs};
use crate::made::{Attend, Entry, Made};
use crate::sys::memory;
use crate::sys::ptrace::{self, CallStop, Resume};
use crate::sys::registers::{ARCHITECTURE, Registers};
use crate::sys::wait::{CALL_STOP, Status};

/// What the kernel gives inside of a call that a signal interrupts: the program never sees these.
const RESTART: std::ops::RangeInclusive<i64> = -514..=-512;
/// The same, where `restart_syscall(2)` goes on with it.
const RESTART_BLOCK: i64 = -516;

const EVENT_FORK: i32 = libc::PTRACE_EVENT_FORK;
const EVENT_VFORK: i32 = libc::PTRACE_EVENT_VFORK;
const EVENT_CLONE: i32 = libc::PTRACE_EVENT_CLONE;
const EVENT_EXEC: i32 = libc::PTRACE_EVENT_EXEC;
const EVENT_EXIT: i32 = libc::PTRACE_EVENT_EXIT;
const EVENT_SECCOMP: i32 = libc::PTRACE_EVENT_SECCOMP;
const EVENT_STOP: i32 = libc::PTRACE_EVENT_STOP;

impl Tracer {
    /// A thread has stopped or ended.
    pub(super) fn stopped(&mut self, thread: u32, status: Status, now: Clock<'_>) {
        let Status::Stopped { signal, event } = status else {
            return self.ended(thread, status, now());
        };
        if !self.tasks.contains_key(&thread) {
            self.early.insert(thread, Early::new(status));
            return;
        }
        if event == EVENT_STOP || (event == 0 && signal == CALL_STOP) {
            self.make_again(thread);
        }
        let born = matches!(event, EVENT_FORK | EVENT_VFORK | EVENT_CLONE);
        if !born && self.let_go(thread, status) {
            return;
        }
        // What fails here fails because the thread was killed meanwhile, which is told next.
        let _killed = match event {
            0 if signal == CALL_STOP => self.at_call(thread, now),
            0 => self.signalled(thread, signal, now),
            EVENT_SECCOMP => self.at_filter(thread, now),
            EVENT_FORK | EVENT_VFORK | EVENT_CLONE => {
                let result = self.gave_birth(thread, event == EVENT_CLONE, now);
                if self.let_go(thread, status) {
                    return;
                }
                self.go_on(thread, 0);
                result
            }
            EVENT_EXEC => self.replaced(thread, now),
            EVENT_EXIT => {
                self.ending(thread, now());
                self.go_on(thread, 0);
                Ok(())
            }
            EVENT_STOP if signal != libc::SIGTRAP => {
                self.group_stopped(thread, signal, now());
                ptrace::resume(thread, Resume::Listen, 0)
            }
            _ => {
                self.go_on(thread, 0);
                Ok(())
            }
        };
    }

    /// Lets a thread go on, the way its state asks for.
    pub(super) fn go_on(&mut self, thread: u32, signal: i32) {
        let Some(task) = self.tasks.get(&thread) else {
            return;
        };
        let every_call = self
            .processes
            .get(&task.process)
            .is_some_and(|process| process.every_call);
        let how = match task.state {
            State::Within(_) | State::Replaced => Resume::ToCall,
            State::Interrupted(pending) if pending.by_restart => Resume::ToCall,
            State::Stepping(_) => Resume::Step,
            _ if every_call => Resume::ToCall,
            _ => Resume::Run,
        };
        // It was killed where this fails, and is told so.
        let _killed = ptrace::resume(thread, how, signal);
    }

    fn by(&self, thread: u32) -> Caller {
        Caller {
            process: self.process_of(thread).unwrap_or(thread),
            thread,
        }
    }

    fn set_state(&mut self, thread: u32, state: State) {
        if let Some(task) = self.tasks.get_mut(&thread) {
            task.state = state;
        }
    }

    fn process_mut(&mut self, thread: u32) -> Option<&mut Process> {
        let pid = self.process_of(thread)?;
        self.processes.get_mut(&pid)
    }

    /// A filter has stopped a thread before a call.
    fn at_filter(&mut self, thread: u32, now: Clock<'_>) -> io::Result<()> {
        if let CallStop::Filter {
            arch,
            number,
            arguments,
            data,
        } = ptrace::call_stop(thread)?
        {
            match Said::from_data(data) {
                Said::Foreign => self.foreign(thread, now()),
                Said::OwnFilter => self.own_filter(thread, number, &arguments),
                // Where it stops at every call, it has been seen already.
                Said::Watched if arch == ARCHITECTURE => {
                    if !self.within(thread, number) {
                        self.entered(thread, number, arguments, now)?;
                    }
                }
                Said::Watched => {}
            }
        }
        self.go_on(thread, 0);
        Ok(())
    }

    fn within(&self, thread: u32, number: i64) -> bool {
        self.tasks.get(&thread).is_some_and(
            |task| matches!(task.state, State::Within(pending) if pending.entry.number == number),
        )
    }

    fn foreign(&mut self, thread: u32, at: Timestamp) {
        let by = self.by(thread);
        if let Some(process) = self.process_mut(thread)
            && !std::mem::replace(&mut process.foreign, true)
        {
            self.blind(at, by, Blind::ForeignCalls);
        }
    }

    /// The program restricts its own calls: ours, made in its place, could be what it is killed for.
    fn own_filter(&mut self, thread: u32, number: i64, arguments: &[u64; 6]) {
        const SET_MODE_STRICT: u64 = 0;
        const SET_MODE_FILTER: u64 = 1;
        let installs =
            number == libc::SYS_prctl || matches!(arguments[0], SET_MODE_STRICT | SET_MODE_FILTER);
        if installs && let Some(process) = self.process_mut(thread) {
            process.own_filter = true;
        }
    }

    /// A thread enters a call, or goes on with one that was interrupted.
    fn entered(
        &mut self,
        thread: u32,
        number: i64,
        arguments: [u64; 6],
        now: Clock<'_>,
    ) -> io::Result<()> {
        let Some(state) = self.tasks.get(&thread).map(|task| task.state) else {
            return Ok(());
        };
        if let State::Interrupted(pending) | State::Stepping(pending) = state {
            let same = pending.entry.number == number && pending.entry.arguments == arguments;
            if same || number == libc::SYS_restart_syscall {
                return self.attend(thread, pending);
            }
            // A handler ran, and this is its call or the program's next one.
            self.interrupted(thread, pending, now);
        }
        let entry = Entry {
            by: self.by(thread),
            number,
            arguments,
            at: now(),
        };
        let Some(target) = self.target_of(thread) else {
            return Ok(());
        };
        let attend = self.world.entered(&entry, &target);
        self.world.goes_on(thread, now());
        self.note_wanted();
        let pending = Pending {
            entry,
            attend,
            by_restart: false,
        };
        self.attend(thread, pending)
    }

    /// Sees to it that the thread stops again when the call returns, as the world asked for.
    fn attend(&mut self, thread: u32, pending: Pending) -> io::Result<()> {
        let state = match pending.attend {
            Attend::No => State::Running,
            Attend::Return => State::Within(pending),
            Attend::ReturnWithLength { argument, .. } => {
                let flags = pending.entry.arguments[argument];
                let mut registers = Registers::of(thread)?;
                registers.set_argument(argument, flags | libc::MSG_TRUNC as u64);
                registers.put(thread)?;
                State::Within(pending)
            }
        };
        self.set_state(thread, state);
        Ok(())
    }

    /// A thread is at the beginning or the end of a call.
    fn at_call(&mut self, thread: u32, now: Clock<'_>) -> io::Result<()> {
        match ptrace::call_stop(thread)? {
            CallStop::Entry {
                arch,
                number,
                arguments,
            } => {
                let goes_on = number == libc::SYS_restart_syscall;
                if arch == ARCHITECTURE && (goes_on || filter::may_matter(number, &arguments)) {
                    let interrupted = self.tasks.get(&thread).is_some_and(Task::in_call);
                    if !goes_on || interrupted {
                        self.entered(thread, number, arguments, now)?;
                    }
                } else if arch != ARCHITECTURE {
                    self.foreign(thread, now());
                }
            }
            CallStop::Exit { returned } => self.returned(thread, returned, now)?,
            CallStop::Filter { .. } | CallStop::Elsewhere => {}
        }
        self.go_on(thread, 0);
        Ok(())
    }

    /// The call a thread was in has come back from the kernel.
    fn returned(&mut self, thread: u32, returned: i64, now: Clock<'_>) -> io::Result<()> {
        let pending = match self.tasks.get(&thread).map(|task| task.state) {
            Some(State::Within(pending)) => pending,
            Some(State::Replaced) => {
                self.set_state(thread, State::Running);
                self.arm(thread);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let by_restart = returned == RESTART_BLOCK;
        let interrupted = by_restart || RESTART.contains(&returned);
        if let Attend::ReturnWithLength { argument, room } = pending.attend {
            // Programs may count on the registers that a call does not change.
            let mut registers = Registers::of(thread)?;
            registers.set_argument(argument, pending.entry.arguments[argument]);
            if u64::try_from(returned).is_ok_and(|returned| returned > room) {
                registers.set_returned(room);
            }
            registers.put(thread)?;
        }
        if interrupted {
            let pending = Pending {
                by_restart,
                ..pending
            };
            self.set_state(thread, State::Interrupted(pending));
            return Ok(());
        }
        self.set_state(thread, State::Running);
        self.made(thread, pending.entry, returned, now());
        self.arm(thread);
        Ok(())
    }

    fn made(&mut self, thread: u32, entry: Entry, returned: i64, at: Timestamp) {
        let made = Made {
            entry,
            returned,
            at,
        };
        if let Some(target) = self.target_of(thread) {
            self.world.made(&made, &target);
            self.note_wanted();
        }
    }

    /// A call was ended by a signal's handler.
    fn interrupted(&mut self, thread: u32, pending: Pending, now: Clock<'_>) {
        self.set_state(thread, State::Running);
        self.made(thread, pending.entry, -i64::from(libc::EINTR), now());
    }

    /// A thread is about to get a signal.
    fn signalled(&mut self, thread: u32, signal: i32, now: Clock<'_>) -> io::Result<()> {
        match self.tasks.get(&thread).map(|task| task.state) {
            Some(State::Stepping(pending)) if signal == libc::SIGTRAP => {
                return self.at_handler(thread, pending, now);
            }
            // One step shows whether a handler runs, and what it does to the call.
            Some(State::Interrupted(pending)) if !pending.by_restart => {
                self.set_state(thread, State::Stepping(pending));
            }
            _ => {}
        }
        let process = self.process_of(thread);
        if process == self.first
            && let Some(got) = self.got.get_mut(signal.unsigned_abs() as usize)
        {
            *got = Some(now());
            if signal == libc::SIGTSTP {
                self.asked_to_stop = ptrace::signal_origin(thread)? == libc::SI_KERNEL;
            }
        }
        self.go_on(thread, signal);
        Ok(())
    }

    /// A handler is about to run. What its frame holds as the call's result says whether the call is made again after it.
    fn at_handler(&mut self, thread: u32, pending: Pending, now: Clock<'_>) -> io::Result<()> {
        let stack = Registers::of(thread)?.stack();
        let mut result = [0; 8];
        let at = stack.wrapping_add(Registers::RESULT_IN_SIGNAL_FRAME);
        let read = memory::read(thread, at, &mut result);
        if read == result.len() && i64::from_ne_bytes(result) == -i64::from(libc::EINTR) {
            self.interrupted(thread, pending, now);
        } else {
            self.set_state(thread, State::Interrupted(pending));
        }
        self.go_on(thread, 0);
        Ok(())
    }

    /// The whole process has stopped, as by Ctrl-Z.
    fn group_stopped(&mut self, thread: u32, signal: i32, at: Timestamp) {
        // Only now is it sure that the program stops: what the terminal meant for both stops us too, a little later, so that
        // the others of the group have stopped as well.
        if signal == libc::SIGTSTP
            && self.process_of(thread) == self.first
            && std::mem::take(&mut self.asked_to_stop)
        {
            self.stops_at = Some(at + QUICK);
        }
    }

    /// A thread has made a thread or a process.
    fn gave_birth(&mut self, thread: u32, by_clone: bool, now: Clock<'_>) -> io::Result<()> {
        let Ok(child) = u32::try_from(ptrace::event_message(thread)?) else {
            return Ok(());
        };
        let flags = clone_flags(thread);
        let is_thread = by_clone
            && match flags {
                Some(flags) => flags & flag(libc::CLONE_THREAD) != 0,
                None => programs::process_of(child) == self.process_of(thread),
            };
        let by = self.by(thread);
        let process = if is_thread { by.process } else { child };
        let places = if is_thread { None } else { self.places(child) };
        if let Some(parent) = self.processes.get_mut(&by.process) {
            if is_thread {
                parent.threads += 1;
            } else {
                let forked = parent.forked(places);
                self.processes.insert(child, forked);
            }
        }
        self.tasks.insert(child, Task::new(process));
        let made = Caller {
            process,
            thread: child,
        };
        let shares_files = flags.is_some_and(|flags| flags & flag(libc::CLONE_FILES) != 0);
        self.world.forked(now(), by, made, shares_files);
        self.note_wanted();
        if let Some(early) = self.early.remove(&child) {
            self.deferred.push_back((child, early.status));
        }
        Ok(())
    }

    /// A process runs another program from here on.
    fn replaced(&mut self, thread: u32, now: Clock<'_>) -> io::Result<()> {
        // Whichever thread called `execve`, it is the first one now, and the others are gone.
        let former = u32::try_from(ptrace::event_message(thread)?).unwrap_or(thread);
        if former != thread {
            self.tasks.remove(&former);
        }
        self.tasks
            .retain(|&other, task| other == thread || task.process != thread);
        self.tasks.insert(thread, Task::new(thread));
        let command = programs::command(thread);
        let places = self.places(thread);
        if let Some(mut process) = self.processes.remove(&thread) {
            self.note_lacking(&process);
            process.threads = 1;
            process.scratch = None;
            process.places = places;
            process.command.clone_from(&command);
            self.processes.insert(thread, process);
        }
        let descriptors = programs::sockets(thread);
        if let Some(target) = self.target_of(thread) {
            self.world
                .replaced(now(), thread, &command, &descriptors, &target);
        }
        if let Some(blind) = programs::running(thread).and_then(|path| programs::blind(&path)) {
            self.blind(now(), self.by(thread), blind);
        }
        self.note_wanted();
        self.go_on_replaced(thread);
        Ok(())
    }

    /// A thread is about to end; with the last one its process, whose descriptors are still open.
    fn ending(&mut self, thread: u32, at: Timestamp) {
        let Some(mut task) = self.tasks.remove(&thread) else {
            return;
        };
        let last = self.count_ending(&task);
        task.ending = true;
        task.state = State::Running;
        let process = task.process;
        self.tasks.insert(thread, task);
        if last && let Some(target) = self.target_of(thread) {
            self.world.exiting(at, process, &target);
        }
    }
}

/// The flags of the `clone(2)` a thread is in; none for `fork` and for calls of another architecture.
fn clone_flags(thread: u32) -> Option<u64> {
    let registers = Registers::of(thread).ok()?;
    match registers.call() {
        libc::SYS_clone => Some(registers.argument(0)),
        libc::SYS_clone3 => {
            let mut flags = [0; 8];
            let read = memory::read(thread, registers.argument(0), &mut flags);
            (read == flags.len()).then(|| u64::from_ne_bytes(flags))
        }
        _ => None,
    }
}

#[expect(clippy::cast_sign_loss, reason = "flags")]
fn flag(flag: i32) -> u64 {
    flag as u64
}
