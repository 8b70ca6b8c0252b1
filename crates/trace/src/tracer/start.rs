//! Starting a program behind its first filter.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use sockeye_model::{Blind, Caller, quote};

use super::tasks::{Process, State, Task};
use super::{Clock, StartError, Tracer, filter, programs};
use crate::sys::fork::{Failure, Program};
use crate::sys::ptrace::{self, Resume};
use crate::sys::wait::{self, Status};

/// A program that was started and has not run its first instruction.
#[derive(Debug)]
pub(super) struct Fresh {
    pid: u32,
    command: String,
    blind: Option<Blind>,
}

impl Tracer {
    /// Starts a program, with this process' stdin, stdout and stderr. It runs from [`Tracer::run`] on.
    ///
    /// # Errors
    /// The program is not there, can't be executed, or the system forbids tracing.
    pub fn start(&mut self, command: &[OsString]) -> Result<u32, StartError> {
        let Some(name) = command.first() else {
            return Err(StartError::NotFound(OsString::new()));
        };
        let not_executable = |error| StartError::NotExecutable(name.clone(), error);
        let path = programs::find(name)?;
        let words = programs::words(command).map_err(not_executable)?;
        let as_path = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| not_executable(io::ErrorKind::InvalidInput.into()))?;
        let program = Program::new(as_path, words, filter::base());
        let mut held = program.fork().map_err(StartError::Forbidden)?;
        let pid = held.pid();
        let traced = ptrace::seize(pid, ptrace::STARTED).and_then(|()| held.let_go());
        if let Err(error) = traced {
            held.give_up();
            return Err(StartError::Forbidden(error));
        }
        if until_replaced(pid).map_err(StartError::Forbidden)? {
            self.tasks.insert(pid, Task::new(pid));
            let places = self.places(pid);
            self.processes.insert(pid, Process::new(false, places));
            self.first.get_or_insert(pid);
            let told: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
            self.fresh.push(Fresh {
                pid,
                command: quote::line(told.iter().map(AsRef::as_ref)),
                blind: programs::blind(&path),
            });
            return Ok(pid);
        }
        Err(match held.failure() {
            // Also where it is not found: the file is there, what is missing is what its first line names.
            Some(Failure::Execute(error)) => not_executable(error),
            Some(Failure::Filter(error)) => StartError::Forbidden(error),
            None => StartError::Forbidden(io::ErrorKind::UnexpectedEof.into()),
        })
    }

    /// Lets programs run that were started.
    pub(super) fn begin(&mut self, now: Clock<'_>) {
        for Fresh {
            pid,
            command,
            blind,
        } in std::mem::take(&mut self.fresh)
        {
            let by = Caller {
                process: pid,
                thread: pid,
            };
            if let Some(blind) = blind {
                self.blind(now(), by, blind);
            }
            let descriptors = programs::sockets(pid);
            if let Some(process) = self.processes.get_mut(&pid) {
                process.command.clone_from(&command);
            }
            if let Some(target) = self.target_of(pid) {
                self.world
                    .started(now(), pid, &command, &descriptors, &target);
            }
            self.note_wanted();
            self.go_on_replaced(pid);
        }
        self.begin_attached(now);
    }

    /// Goes on after `execve`: up to its return, where there is something to arm.
    pub(super) fn go_on_replaced(&mut self, pid: u32) {
        let wants = self
            .processes
            .get(&pid)
            .is_some_and(|process| !process.wanted.is_empty());
        if let Some(task) = self.tasks.get_mut(&pid) {
            task.state = if wants {
                State::Replaced
            } else {
                State::Running
            };
        }
        self.go_on(pid, 0);
    }
}

/// Waits until a child has become its program: false when it ended before.
fn until_replaced(pid: u32) -> io::Result<bool> {
    loop {
        let status = match wait::wait(Some(pid)) {
            Ok((_, status)) => status,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match status {
            Status::Exited(_) | Status::Killed(_) => return Ok(false),
            Status::Stopped {
                event: libc::PTRACE_EVENT_EXEC,
                ..
            } => return Ok(true),
            Status::Stopped { event: 0, signal } => ptrace::resume(pid, Resume::Run, signal)?,
            Status::Stopped { .. } => ptrace::resume(pid, Resume::Run, 0)?,
        }
    }
}
