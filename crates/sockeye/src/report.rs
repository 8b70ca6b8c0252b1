//! An error as the user reads it: one line that names the call and the address, says what happened and what to try.

pub(crate) mod tls;

use std::fmt::Display;
use std::io;
use std::time::Duration;

use sockeye_local::PathState;
use sockeye_model::{Address, Call, Errno, Family, Options, Scheme};
use sockeye_net::tls::{TlsError, ended_early};
use sockeye_net::websocket::Fault;
use sockeye_net::{NameError, OpenError, Unusable};
use sockeye_view::catalogue::{Language, Text, errno_text, failure_reason, failure_sentence};
use sockeye_view::escape::escape_name;

use crate::cli::quantity::duration_text;
use crate::exit::ExitCode;
use crate::{stdio, websocket, words};

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
        if let Some(fault) = Fault::of(error) {
            let what = address.map_or_else(String::new, |address| format!("{address}: "));
            let text = websocket::fault_text(fault, language);
            return Self::new(websocket::fault_exit(fault), format!("{what}{text}"));
        }
        match error.errno() {
            // Not the kernel's own number: the error's text is all there is.
            Errno(0) if TlsError::behind(&error.source).is_some() || ended_early(&error.source) => {
                let what = address.map_or_else(String::new, |address| format!("{address}: "));
                Self {
                    exit: exit_of(error.call, &error.source),
                    line: format!("{what}{}", io_text(&error.source, language)),
                }
            }
            Errno(0) => {
                let what = address.map_or_else(String::new, |address| format!(" {address}"));
                Self {
                    exit: of_kind(error.call, error.source.kind()),
                    line: format!("{}{what}: {}", error.call, io_text(&error.source, language)),
                }
            }
            errno => Self::of_call(error.call, address, errno, language),
        }
    }

    /// An address that could not be opened within `patience`.
    pub(crate) fn of_open(
        error: &OpenError,
        typed: &Address,
        patience: Duration,
        language: Language,
    ) -> Self {
        let exit = match (error, error.cause()) {
            (OpenError::Tls(error), _) => tls::exit(error),
            (_, Some((call, errno))) => ExitCode::of_call(call, errno),
            (OpenError::WebSocket(error), None) => websocket::not_opened_exit(error),
            (_, None) => ExitCode::Usage,
        };
        Self::new(exit, open_text(error, typed, patience, language))
    }

    /// The same with one more thing to know or to try.
    pub(crate) fn with_advice(mut self, advice: Option<String>) -> Self {
        if let Some(advice) = advice {
            self.line
                .push_str(if self.line.ends_with('?') { " " } else { "; " });
            self.line.push_str(&advice);
        }
        self
    }

    /// Says it, as the last line on stderr.
    pub(crate) fn say(&self) {
        stdio::say(&format!("sockeye: {}", self.line));
    }
}

fn open_text(error: &OpenError, typed: &Address, patience: Duration, language: Language) -> String {
    let fill = |text: Text, places: &[(&str, &dyn Display)]| text.fill(language, places);
    match error {
        OpenError::Call(only) if only.errno() == Errno::ETIMEDOUT && only.call == Call::Connect => {
            let time = duration_text(patience);
            fill(
                words::TIMED_OUT,
                &[("call", &only.call), ("address", typed), ("time", &time)],
            )
        }
        OpenError::Call(only) => Failure::of_net(only, Some(typed), language).line,
        OpenError::EachFailed { failures, .. } => {
            each_failed(error, failures, typed, patience, language)
        }
        OpenError::Name { name, why } => {
            let name = escape_name(name);
            match why {
                NameError::NotFound => fill(words::NO_NAME, &[("name", &name)]),
                NameError::NoneOf(family) => {
                    let (version, flag) = match family {
                        Family::Inet6 => ("IPv6", "-6"),
                        _ => ("IPv4", "-4"),
                    };
                    let places: [(&str, &dyn Display); 3] =
                        [("name", &name), ("version", &version), ("flag", &flag)];
                    fill(words::NAME_OTHER_VERSION, &places)
                }
                NameError::NoAnswer => fill(words::NAME_NO_ANSWER, &[("name", &name)]),
                NameError::TimedOut => fill(
                    words::NAME_TIMED_OUT,
                    &[("name", &name), ("time", &duration_text(patience))],
                ),
                NameError::Failed(error) => fill(
                    words::NAME_FAILED,
                    &[("name", &name), ("error", &io_text(error, language))],
                ),
            }
        }
        OpenError::NotPermitted { scheme, failures } => {
            let mut errors: Vec<&str> = failures
                .iter()
                .filter_map(|failure| failure.errno().name())
                .collect();
            // The same of each address.
            errors.sort_unstable();
            errors.dedup();
            let errors = errors.join(", ");
            let text = match scheme {
                Scheme::Icmp => words::ICMP_FORBIDDEN,
                _ => words::RAW_FORBIDDEN,
            };
            fill(text, &[("address", typed), ("errors", &errors)])
        }
        OpenError::UnknownService { service, scheme } => fill(
            words::NO_SERVICE,
            &[("service", &escape_name(service)), ("scheme", scheme)],
        ),
        OpenError::UnknownInterface { interface, known } => {
            let known = known.join(", ");
            fill(
                words::NO_INTERFACE,
                &[("interface", &escape_name(interface)), ("known", &known)],
            )
        }
        OpenError::NoZone {
            address,
            candidates,
        } => {
            let first = candidates.first().map_or("eth0", String::as_str);
            let known = candidates.join(", ");
            fill(
                words::NO_ZONE,
                &[("address", address), ("first", &first), ("known", &known)],
            )
        }
        OpenError::PathInUse { path, why } => {
            let text = match why {
                PathState::Live { .. } => words::PATH_LIVE,
                PathState::NotASocket(_) => words::PATH_NO_SOCKET,
                PathState::Symlink { .. } => words::PATH_SYMLINK,
                PathState::Unknown { .. } | PathState::Absent | PathState::Stale { .. } => {
                    words::PATH_DOUBT
                }
            };
            fill(text, &[("path", &escape_name(&path.to_string_lossy()))])
        }
        OpenError::WebSocket(error) => websocket::not_opened_text(error, typed, language),
        OpenError::Unusable(Unusable::PortZero) => fill(words::PORT_ZERO, &[("address", typed)]),
        OpenError::Unusable(Unusable::BindFamily) => {
            fill(words::BIND_FAMILY, &[("address", typed)])
        }
        OpenError::Tls(error) => {
            let why = tls::text(error, language);
            fill(words::TLS_WITH, &[("address", &bare(typed)), ("why", &why)])
        }
        OpenError::Unusable(other) => format!("{typed}: {other}"),
    }
}

/// It without its options: they are of no use to who looks for the other side.
fn bare(typed: &Address) -> Address {
    Address {
        options: Options::default(),
        ..typed.clone()
    }
}

/// A name with several addresses: what each said, said once where they agree, then the reason that tells the most.
fn each_failed(
    error: &OpenError,
    failures: &[sockeye_net::Error],
    typed: &Address,
    patience: Duration,
    language: Language,
) -> String {
    let (call, errno) = error.cause().unwrap_or((Call::Connect, Errno(0)));
    let of = |failure: &sockeye_net::Error| {
        failure
            .address
            .as_ref()
            .map_or_else(String::new, ToString::to_string)
    };
    if failures.iter().all(|failure| failure.errno() == errno) {
        let addresses: Vec<String> = failures.iter().map(of).collect();
        let where_to = format!("{typed} ({})", addresses.join(", "));
        if errno == Errno::ETIMEDOUT {
            let places: [(&str, &dyn Display); 3] = [
                ("call", &call),
                ("address", &where_to),
                ("time", &duration_text(patience)),
            ];
            return words::TIMED_OUT.fill(language, &places);
        }
        return failure_sentence(call, Some(&where_to), errno, language);
    }
    let each: Vec<String> = failures
        .iter()
        .map(|failure| format!("{}: {}", of(failure), errno_text(failure.errno(), language)))
        .collect();
    format!(
        "{call} {typed}: {}: {}",
        each.join(", "),
        failure_reason(call, errno, language)
    )
}

/// An error of a call in words: the kernel's number with its meaning, what TLS says, or what the error says of itself.
pub(crate) fn io_text(error: &io::Error, language: Language) -> String {
    if let Some(error) = TlsError::behind(error) {
        return tls::text(error, language);
    }
    if ended_early(error) {
        return tls::early(language).to_owned();
    }
    match Errno::from(error) {
        Errno(0) => crate::frame_text::of(error, language).unwrap_or_else(|| error.to_string()),
        errno => errno_text(errno, language),
    }
}

/// How a command ends for a call of a conversation that failed.
pub(crate) fn exit_of(call: Call, error: &io::Error) -> ExitCode {
    match TlsError::behind(error) {
        Some(error) => tls::exit(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::EndedEarly,
        None => ExitCode::of_call(call, Errno::from(error)),
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

    fn refused(address: &str, errno: Errno) -> sockeye_net::Error {
        let error = io::Error::from_raw_os_error(errno.0);
        sockeye_net::Error::at(Call::Connect, address.parse().unwrap(), error)
    }

    fn open_failure(error: &OpenError, language: Language) -> Failure {
        let typed = "localhost:7".parse().unwrap();
        Failure::of_open(error, &typed, Duration::from_secs(10), language)
    }

    #[test]
    fn addresses_that_agree_are_said_once_and_others_one_by_one() {
        let both = |first, second| OpenError::EachFailed {
            target: "localhost:7".into(),
            failures: vec![refused("[::1]:7", first), refused("127.0.0.1:7", second)],
        };
        let same = open_failure(
            &both(Errno::ECONNREFUSED, Errno::ECONNREFUSED),
            Language::English,
        );
        assert_eq!(same.exit, ExitCode::Refused);
        let start = "connect to tcp://localhost:7 ([::1]:7, 127.0.0.1:7): ECONNREFUSED (connection refused): nothing";
        assert!(same.line.starts_with(start), "{}", same.line);

        let mixed = open_failure(
            &both(Errno::ENETUNREACH, Errno::ECONNREFUSED),
            Language::English,
        );
        assert_eq!(mixed.exit, ExitCode::Refused);
        assert!(
            mixed.line.contains("[::1]:7: ENETUNREACH")
                && mixed.line.contains("127.0.0.1:7: ECONNREFUSED")
        );

        let late = open_failure(&both(Errno::ETIMEDOUT, Errno::ETIMEDOUT), Language::Spanish);
        assert_eq!(late.exit, ExitCode::TimedOut);
        assert!(
            late.line.contains("10s") && late.line.contains("sin respuesta"),
            "{}",
            late.line
        );
    }

    #[test]
    fn a_name_that_is_not_found_is_code_10_and_one_that_nobody_tells_13() {
        let of = |why| OpenError::Name {
            name: "nowhere.invalid".into(),
            why,
        };
        let missing = open_failure(&of(NameError::NotFound), Language::English);
        let other = open_failure(&of(NameError::NoneOf(Family::Inet6)), Language::English);
        assert_eq!(other.exit, ExitCode::NameNotFound);
        assert!(other.line.contains("no IPv6 address"), "{}", other.line);
        assert_eq!(missing.exit, ExitCode::NameNotFound);
        assert!(
            missing.line.starts_with("look up nowhere.invalid: "),
            "{}",
            missing.line
        );
        assert_eq!(
            open_failure(&of(NameError::TimedOut), Language::English).exit,
            ExitCode::TimedOut
        );
        assert_eq!(
            open_failure(&of(NameError::NoAnswer), Language::English).exit,
            ExitCode::TimedOut
        );
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_usage_and_a_taken_path_is_16() {
        let zero = open_failure(&OpenError::Unusable(Unusable::PortZero), Language::English);
        assert_eq!(zero.exit, ExitCode::Usage);
        let taken = OpenError::PathInUse {
            path: "/tmp/x".into(),
            why: PathState::NotASocket(sockeye_local::FileKind::Regular),
        };
        let taken = open_failure(&taken, Language::Spanish);
        assert_eq!(taken.exit, ExitCode::CannotBind);
        assert!(taken.line.contains("no es un socket"), "{}", taken.line);
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
