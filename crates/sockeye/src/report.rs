//! An error as the user reads it: one line that names the call and the address, says what happened and what to try.

use std::fmt::Display;
use std::io;

use sockeye_model::{Call, Errno};
use sockeye_view::catalogue::{Language, errno_text, failure_sentence};
use sockeye_view::escape::escape_name;

use crate::exit::ExitCode;
use crate::stdio;

/// A command that did not go as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: ExitCode,
    /// The last line on stderr.
    pub(crate) line: String,
}

impl Failure {
    /// A failure with its own text.
    pub(crate) fn new(exit: ExitCode, line: impl Into<String>) -> Self {
        Self {
            exit,
            line: line.into(),
        }
    }

    /// A call that failed. `address` is what was typed, in canonical form, or the socket's address.
    pub(crate) fn of_call(
        call: Call,
        address: Option<&dyn Display>,
        errno: Errno,
        language: Language,
    ) -> Self {
        Self {
            exit: ExitCode::of_call(call, errno),
            line: failure_sentence(call, address, errno, language),
        }
    }

    /// A failure of the socket layer. `typed` is the address the user gave: it is named where the error names none,
    /// or another (`localhost:7` was typed and `127.0.0.1:7` refused).
    pub(crate) fn of_net(
        error: &sockeye_net::Error,
        typed: Option<&dyn Display>,
        language: Language,
    ) -> Self {
        let socket = error.address.as_ref().map(ToString::to_string);
        let typed = typed.map(ToString::to_string);
        let address = match (typed, socket) {
            (Some(typed), Some(socket)) if !typed.contains(&socket) => {
                Some(format!("{} ({socket})", escape_name(&typed)))
            }
            (Some(typed), _) => Some(escape_name(&typed).into_owned()),
            (None, socket) => socket,
        };
        let address = address.as_ref().map(|address| address as &dyn Display);
        match error.errno() {
            // Not the kernel's own number: the error's text is all there is.
            Errno(0) => {
                let what = address.map_or_else(String::new, |address| format!(" {address}"));
                Self {
                    exit: of_kind(error.call, error.source.kind()),
                    line: format!("{}{what}: {}", error.call, error.source),
                }
            }
            errno => Self::of_call(error.call, address, errno, language),
        }
    }

    /// The same with one more thing to know or to try.
    pub(crate) fn with_advice(mut self, advice: Option<String>) -> Self {
        if let Some(advice) = advice {
            self.line.push_str("; ");
            self.line.push_str(&advice);
        }
        self
    }

    /// Says it, as the last line on stderr.
    pub(crate) fn say(&self) {
        stdio::say(&format!("sockeye: {}", self.line));
    }
}

/// An error of a file of ours in words: the kernel's number with its meaning, or what the error says of itself.
pub(crate) fn io_text(error: &io::Error, language: Language) -> String {
    match Errno::from(error) {
        Errno(0) => error.to_string(),
        errno => errno_text(errno, language),
    }
}

/// The exit code of an error that is not the kernel's.
fn of_kind(call: Call, kind: io::ErrorKind) -> ExitCode {
    match (call, kind) {
        (_, io::ErrorKind::TimedOut) => ExitCode::TimedOut,
        (Call::Resolve, _) => ExitCode::NameNotFound,
        (_, io::ErrorKind::ConnectionRefused) => ExitCode::Refused,
        (_, io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => ExitCode::Reset,
        (Call::Bind | Call::Listen, _) => ExitCode::CannotBind,
        _ => ExitCode::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(call: Call, errno: Errno) -> Failure {
        let error = sockeye_net::Error::at(
            call,
            "127.0.0.1:7".parse().unwrap(),
            io::Error::from_raw_os_error(errno.0),
        );
        Failure::of_net(&error, Some(&"tcp://localhost:7"), Language::English)
    }

    #[test]
    fn the_line_names_call_address_reason_and_remedy() {
        let refused = failure(Call::Connect, Errno::ECONNREFUSED);
        assert_eq!(refused.exit, ExitCode::Refused);
        let start = "connect to tcp://localhost:7 (127.0.0.1:7): ECONNREFUSED (connection refused): nothing listens";
        assert!(refused.line.starts_with(start), "{}", refused.line);
    }

    #[test]
    fn each_reason_has_its_code() {
        for (call, errno, exit) in [
            (Call::Connect, Errno::ETIMEDOUT, ExitCode::TimedOut),
            (Call::Connect, Errno::EHOSTUNREACH, ExitCode::Unreachable),
            (Call::Bind, Errno::EADDRINUSE, ExitCode::CannotBind),
            (Call::Recv, Errno::ECONNRESET, ExitCode::Reset),
        ] {
            let failure = failure(call, errno);
            assert_eq!(failure.exit, exit);
            assert!(
                failure.line.contains(&errno.to_string()),
                "{}",
                failure.line
            );
        }
    }

    #[test]
    fn an_error_without_a_number_keeps_its_text_and_finds_its_code() {
        let error = sockeye_net::Error::new(Call::Resolve, io::Error::other("no such host"));
        let failure = Failure::of_net(&error, Some(&"tcp://nowhere.invalid:7"), Language::English);
        assert_eq!(failure.exit, ExitCode::NameNotFound);
        assert_eq!(
            failure.line,
            "getaddrinfo tcp://nowhere.invalid:7: no such host"
        );
    }

    #[test]
    fn spanish_keeps_the_name_of_the_error() {
        let failure = Failure::of_call(
            Call::Connect,
            Some(&"tcp://h:1"),
            Errno::ECONNREFUSED,
            Language::Spanish,
        );
        let start = "connect a tcp://h:1: ECONNREFUSED (conexión rechazada): ";
        assert!(failure.line.starts_with(start), "{}", failure.line);
    }

    #[test]
    fn advice_stands_behind_the_reason() {
        let failure =
            Failure::new(ExitCode::Refused, "refused").with_advice(Some("try 7007".into()));
        assert_eq!(failure.line, "refused; try 7007");
        assert_eq!(
            Failure::new(ExitCode::Refused, "refused")
                .with_advice(None)
                .line,
            "refused"
        );
    }
}
