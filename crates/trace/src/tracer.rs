//! The loop around waitpid(2): starts and stops threads, keeps filters in place, hands calls to the world.

use std::ffi::OsString;

use sockeye_model::{Event, Timestamp};

/// How a program is traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Look up the line of the program that makes each call.
    pub lines: bool,
    /// Watch `read`, `write` and their kin on sockets too; without, a program that uses them on sockets shows no data.
    pub read_write: bool,
    /// Ask for the bytes of what is sent and received.
    pub bytes: bool,
}

/// What [`Tracer::run`] tells.
#[derive(Debug)]
pub enum Heard<'a> {
    /// What a traced program did, in the order of time.
    Event(Event<'a>),
    /// Nothing has happened for a while, up to this moment: told at least once a second while a program runs and is quiet.
    Quiet(Timestamp),
    /// A program that [`Next::Start`] asked for could not be started; the others go on.
    NotStarted(StartError),
}

/// What the tracer does after it has told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Goes on.
    GoOn,
    /// Starts another program beside the first.
    Start(Vec<OsString>),
}

/// How the first program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// Why a program could not be started or traced.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such program.
    #[error("{0:?}: not found")]
    NotFound(OsString),
    /// It can't be executed.
    #[error("{0:?}: {1}")]
    NotExecutable(OsString, std::io::Error),
    /// The system forbids to trace.
    #[error("ptrace: {0}")]
    Forbidden(std::io::Error),
}

/// Runs programs and tells what their sockets do.
#[derive(Debug)]
pub struct Tracer {
    options: Options,
}

impl Tracer {
    /// A tracer without programs yet.
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// Starts a program, with this process' stdin, stdout and stderr.
    ///
    /// # Errors
    /// The program is not there, can't be executed, or the system forbids tracing.
    pub fn start(&mut self, _command: &[OsString]) -> Result<u32, StartError> {
        let _ = self.options;
        Err(StartError::Forbidden(
            std::io::ErrorKind::Unsupported.into(),
        ))
    }

    /// Traces a process that runs already; only its system calls from here on are seen.
    ///
    /// # Errors
    /// There is no such process, or the system forbids it.
    pub fn attach(&mut self, _pid: u32) -> Result<(), StartError> {
        Err(StartError::Forbidden(
            std::io::ErrorKind::Unsupported.into(),
        ))
    }

    /// Traces until all programs have ended. What happens is given to `each`, in the order of time; `now` is the clock of
    /// the events. Gives how the program that was started first ended.
    ///
    /// # Errors
    /// Tracing itself failed.
    pub fn run(
        &mut self,
        _now: &dyn Fn() -> Timestamp,
        _each: &mut dyn FnMut(Heard<'_>) -> Next,
    ) -> std::io::Result<Ended> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
