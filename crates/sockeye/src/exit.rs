//! How the tool ends: one enum of exit codes, which scripts may rely on.

use std::process;

use sockeye_model::{Call, Errno};

/// An exit code. The numbers are a contract: they change only with a major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Everything went as asked.
    Clean,
    /// A failure that has no code of its own.
    Failure,
    /// The command line cannot be meant.
    Usage,
    /// A host, service or UNIX path does not exist.
    NameNotFound,
    /// Nobody listens there.
    Refused,
    /// No way leads there.
    Unreachable,
    /// A deadline passed.
    TimedOut,
    /// The TLS handshake or a certificate failed.
    Tls,
    /// A WebSocket upgrade or a proxy said no.
    UpgradeRefused,
    /// An address could not be bound.
    CannotBind,
    /// The peer reset the conversation.
    Reset,
    /// The peer left without the protocol's goodbye.
    EndedEarly,
    /// Nothing moved for as long as `--idle` allows.
    Idle,
    /// A check found something.
    CheckFailed,
    /// What was to be written could not be.
    OutputFailed,
    /// The program to run could not be started for a reason of our own.
    CannotStart,
    /// The program to run is no program.
    NotExecutable,
    /// The program to run is not there.
    CommandNotFound,
    /// A program's own code, handed on: it was traced, or `--exec-status` or `wait -- CMD` asked for it.
    Program(u8),
    /// A program was killed by this signal, handed on likewise.
    Signal(u8),
}

/// The contract as `--help` and the manual page print it: code and meaning.
pub(crate) const TABLE: &[(&str, &str)] = &[
    (
        "0",
        "it went as asked; also when the reader of stdout has left (| head)",
    ),
    (
        "1",
        "another failure; also a WebSocket closed with a code of failure, or a broken protocol",
    ),
    ("2", "the command line is wrong"),
    ("10", "name not found: a host, a service or a UNIX path"),
    (
        "11",
        "refused: nobody listens there (for UDP: port unreachable)",
    ),
    ("12", "unreachable: no route to the host or network"),
    (
        "13",
        "timed out: --timeout, no answer from the name servers, fewer answers than --reply asked for",
    ),
    ("14", "TLS failed"),
    ("15", "a WebSocket upgrade or a proxy was refused"),
    (
        "16",
        "cannot bind: the address is busy, forbidden or not of this machine",
    ),
    ("20", "reset by the peer; the bytes that arrived are said"),
    (
        "21",
        "ended early: the peer left without the protocol's goodbye",
    ),
    ("22", "idle for longer than --idle allows"),
    ("23", "a check failed"),
    ("24", "output could not be written: disk full, file closed"),
    ("125", "a program was to be run and sockeye itself failed"),
    ("126", "a program was to be run and is not executable"),
    ("127", "a program was to be run and is not there"),
    ("128+N", "killed by signal N"),
];

impl ExitCode {
    /// The number that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NameNotFound => 10,
            Self::Refused => 11,
            Self::Unreachable => 12,
            Self::TimedOut => 13,
            Self::Tls => 14,
            Self::UpgradeRefused => 15,
            Self::CannotBind => 16,
            Self::Reset => 20,
            Self::EndedEarly => 21,
            Self::Idle => 22,
            Self::CheckFailed => 23,
            Self::OutputFailed => 24,
            Self::CannotStart => 125,
            Self::NotExecutable => 126,
            Self::CommandNotFound => 127,
            Self::Program(code) => code,
            Self::Signal(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// What a call that failed with `errno` means for the whole command.
    ///
    /// Calls on our own output (stdout, a recording) are not asked here: they are [`ExitCode::OutputFailed`], and a
    /// closed pipe is no failure at all.
    pub(crate) const fn of_call(call: Call, errno: Errno) -> Self {
        match (call, errno) {
            // EAGAIN is EAI_AGAIN: nobody could say whether there is such a name.
            (Call::Resolve, Errno::ETIMEDOUT | Errno::EAGAIN) => Self::TimedOut,
            (Call::Resolve, _) => Self::NameNotFound,
            (Call::Bind | Call::Listen, _) => Self::CannotBind,
            (Call::Exec, Errno::ENOENT) => Self::CommandNotFound,
            (Call::Exec, Errno::EACCES | Errno::EISDIR) => Self::NotExecutable,
            (Call::Exec | Call::Fork, _) => Self::CannotStart,
            (Call::Connect | Call::Open, Errno::ENOENT | Errno::ENOTDIR) => Self::NameNotFound,
            (_, Errno::ECONNREFUSED) => Self::Refused,
            (
                _,
                Errno::ENETUNREACH
                | Errno::EHOSTUNREACH
                | Errno::ENETDOWN
                | Errno::EHOSTDOWN
                | Errno::EADDRNOTAVAIL,
            ) => Self::Unreachable,
            (_, Errno::ETIMEDOUT) => Self::TimedOut,
            (_, Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED | Errno::ENETRESET) => {
                Self::Reset
            }
            (_, Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG) => Self::OutputFailed,
            _ => Self::Failure,
        }
    }

    /// How a program ended, as a shell says it.
    pub(crate) fn of_program(status: process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Program(u8::try_from(code).unwrap_or(1)),
            (None, Some(signal)) => Self::Signal(u8::try_from(signal).unwrap_or(127)),
            (None, None) => Self::Failure,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(exit: ExitCode) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const ALL: &[ExitCode] = &[
        ExitCode::Clean,
        ExitCode::Failure,
        ExitCode::Usage,
        ExitCode::NameNotFound,
        ExitCode::Refused,
        ExitCode::Unreachable,
        ExitCode::TimedOut,
        ExitCode::Tls,
        ExitCode::UpgradeRefused,
        ExitCode::CannotBind,
        ExitCode::Reset,
        ExitCode::EndedEarly,
        ExitCode::Idle,
        ExitCode::CheckFailed,
        ExitCode::OutputFailed,
        ExitCode::CannotStart,
        ExitCode::NotExecutable,
        ExitCode::CommandNotFound,
    ];

    #[test]
    fn the_printed_table_lists_exactly_the_codes_there_are() {
        let codes: Vec<String> = ALL.iter().map(|exit| exit.code().to_string()).collect();
        let printed: Vec<&str> = TABLE
            .iter()
            .map(|(code, _)| *code)
            .filter(|code| *code != "128+N")
            .collect();
        assert_eq!(codes, printed);
    }

    #[test]
    fn a_failed_call_has_the_code_of_its_reason() {
        for (call, errno, exit) in [
            (Call::Resolve, Errno::ENOENT, ExitCode::NameNotFound),
            (Call::Resolve, Errno::ETIMEDOUT, ExitCode::TimedOut),
            (Call::Resolve, Errno::EAGAIN, ExitCode::TimedOut),
            (Call::Connect, Errno::ECONNREFUSED, ExitCode::Refused),
            (Call::Recv, Errno::ECONNREFUSED, ExitCode::Refused),
            (Call::Connect, Errno::ENOENT, ExitCode::NameNotFound),
            (Call::Connect, Errno::ENETUNREACH, ExitCode::Unreachable),
            (Call::Connect, Errno::ETIMEDOUT, ExitCode::TimedOut),
            (Call::Bind, Errno::EADDRINUSE, ExitCode::CannotBind),
            (Call::Bind, Errno::EACCES, ExitCode::CannotBind),
            (Call::Bind, Errno::EADDRNOTAVAIL, ExitCode::CannotBind),
            (Call::Listen, Errno::EADDRINUSE, ExitCode::CannotBind),
            (Call::Recv, Errno::ECONNRESET, ExitCode::Reset),
            (Call::Send, Errno::EPIPE, ExitCode::Reset),
            (Call::Write, Errno::ENOSPC, ExitCode::OutputFailed),
            (Call::Exec, Errno::ENOENT, ExitCode::CommandNotFound),
            (Call::Exec, Errno::EACCES, ExitCode::NotExecutable),
            (Call::Fork, Errno::EAGAIN, ExitCode::CannotStart),
            (Call::Socket, Errno::EMFILE, ExitCode::Failure),
        ] {
            assert_eq!(ExitCode::of_call(call, errno), exit, "{call}: {errno}");
        }
    }

    #[test]
    fn a_program_hands_on_its_code_or_its_signal_as_in_a_shell() {
        let exited = process::ExitStatus::from_raw(3 << 8);
        assert_eq!(ExitCode::of_program(exited).code(), 3);
        let killed = process::ExitStatus::from_raw(15);
        assert_eq!(ExitCode::of_program(killed).code(), 143);
    }
}
