//! Why an address could not be opened, in plain words, with the calls and addresses it was about.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use sockeye_local::{FileKind, PathState};
use sockeye_model::{Call, Errno, Family, OptionName, Scheme};

use crate::Error;
use crate::tls::TlsError;
use crate::websocket::NotOpened;

/// Why an address could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A host name that gave no address.
    Name {
        /// The name as typed.
        name: String,
        /// Why not.
        why: NameError,
    },
    /// One call on one address failed.
    Call(Error),
    /// A name had several addresses and none could be reached.
    EachFailed {
        /// Host and port as typed.
        target: String,
        /// One failure an address, in the order in which they failed.
        failures: Vec<Error>,
    },
    /// This user may make no socket of that kind, whatever the address: icmp and raw need a privilege.
    NotPermitted {
        /// Which scheme.
        scheme: Scheme,
        /// The `socket(2)` calls that failed: for icmp a datagram socket, then a raw one.
        failures: Vec<Error>,
    },
    /// A service name that neither `/etc/services` nor the table of ports knows for this scheme.
    UnknownService {
        /// The name as typed.
        service: String,
        /// For which scheme it was looked up.
        scheme: Scheme,
    },
    /// A zone or `interface=` that names no network interface of this machine.
    UnknownInterface {
        /// The name or number as typed.
        interface: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A link-local IPv6 address means nothing without the interface it is on.
    NoZone {
        /// The address.
        address: IpAddr,
        /// The interfaces it may be meant on.
        candidates: Vec<String>,
    },
    /// A path that something else has.
    PathInUse {
        /// The path as typed.
        path: PathBuf,
        /// What is there.
        why: PathState,
    },
    /// TLS could not begin: a file, a certificate, or what the other side said.
    Tls(TlsError),
    /// The upgrade to WebSocket was refused, or could not be asked for.
    WebSocket(Box<NotOpened>),
    /// The address can't be meant here.
    Unusable(Unusable),
}

/// Why a name gave no address.
#[derive(Debug)]
pub enum NameError {
    /// There is no such name, or it has no address.
    NotFound,
    /// It has addresses, but none of this family, which alone was asked for.
    NoneOf(Family),
    /// Nobody could say now (`EAI_AGAIN`): no server answered, or none is configured.
    NoAnswer,
    /// The deadline passed first.
    TimedOut,
    /// The resolver failed.
    Failed(io::Error),
}

/// What makes an address unusable for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// This scheme opens no kernel socket of its own: stdio, file, exec, fd.
    NoSocket(Scheme),
    /// Target and scheme don't belong together; no parsed address is so.
    Mismatch(Scheme),
    /// Port 0 is no port that one could connect to.
    PortZero,
    /// `bind=` and the peer have no IP version in common, or one is a path and the other is not.
    BindFamily,
    /// An option that is no socket option, such as `mode`, `bind`, `append` or `ca`.
    NotASocketOption(OptionName),
}

impl From<TlsError> for OpenError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl From<NotOpened> for OpenError {
    fn from(error: NotOpened) -> Self {
        match error {
            NotOpened::Call(error) => Self::Call(error),
            other => Self::WebSocket(Box::new(other)),
        }
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl OpenError {
    /// The one call and error number that tells the most, for an exit code; `None` when the address itself is wrong.
    ///
    /// Of several failures it is "refused" only if every address that could be tried refused: then somebody said no
    /// everywhere. Else a timeout comes first, then what a network said. An address that this machine has no way to
    /// try at all (`ENETUNREACH`, `EAFNOSUPPORT`, `EADDRNOTAVAIL`) counts only if all are so. A name that isn't found
    /// is `getaddrinfo` with `ENOENT`, one that nobody could tell now `EAGAIN`.
    pub fn cause(&self) -> Option<(Call, Errno)> {
        match self {
            Self::Name { why, .. } => Some((
                Call::Resolve,
                match why {
                    NameError::NotFound | NameError::NoneOf(_) => Errno::ENOENT,
                    NameError::NoAnswer => Errno::EAGAIN,
                    NameError::TimedOut => Errno::ETIMEDOUT,
                    NameError::Failed(error) => Errno::from(error),
                },
            )),
            Self::UnknownService { .. } => Some((Call::Resolve, Errno::ENOENT)),
            Self::Call(error) => Some((error.call, error.errno())),
            Self::NotPermitted { failures, .. } => {
                let last = failures.last()?;
                Some((last.call, last.errno()))
            }
            Self::EachFailed { failures, .. } => {
                let telling = failures.iter().min_by_key(|failure| rank(failure))?;
                Some((telling.call, telling.errno()))
            }
            Self::PathInUse { .. } => Some((Call::Bind, Errno::EADDRINUSE)),
            Self::Tls(TlsError::Call(error)) => Some((error.call, error.errno())),
            Self::Tls(TlsError::TimedOut(_)) => Some((Call::Connect, Errno::ETIMEDOUT)),
            Self::Tls(_) => None,
            Self::WebSocket(error) => match &**error {
                NotOpened::TimedOut(_) => Some((Call::Connect, Errno::ETIMEDOUT)),
                _ => None,
            },
            Self::UnknownInterface { .. } | Self::NoZone { .. } | Self::Unusable(_) => None,
        }
    }

    /// The calls that failed, one an address that was tried; empty when none was made.
    pub fn failures(&self) -> &[Error] {
        match self {
            Self::Call(error) => std::slice::from_ref(error),
            Self::EachFailed { failures, .. } | Self::NotPermitted { failures, .. } => failures,
            _ => &[],
        }
    }

    /// Whether trying again later may help: the server may not be there *yet*.
    pub fn may_pass(&self) -> bool {
        if let Self::Tls(error) = self {
            // A server that is starting, or a proxy in front of it.
            return matches!(
                error,
                TlsError::Call(_) | TlsError::TimedOut(_) | TlsError::EndedEarly
            );
        }
        let Some((call, errno)) = self.cause() else {
            return false;
        };
        match call {
            Call::Resolve => !matches!(self, Self::UnknownService { .. }),
            Call::Connect => matches!(
                errno,
                Errno::ECONNREFUSED
                    | Errno::ECONNRESET
                    | Errno::ECONNABORTED
                    | Errno::ETIMEDOUT
                    | Errno::EHOSTUNREACH
                    | Errno::EHOSTDOWN
                    | Errno::ENETUNREACH
                    | Errno::ENETDOWN
                    | Errno::EADDRNOTAVAIL
                    | Errno::ENOENT
                    | Errno::EAGAIN
            ),
            _ => false,
        }
    }
}

/// The lower, the more it tells.
fn rank(failure: &Error) -> u8 {
    match failure.errno() {
        Errno::ETIMEDOUT => 0,
        Errno::EHOSTUNREACH | Errno::EHOSTDOWN => 1,
        Errno::ENETUNREACH | Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL => 4,
        Errno::ECONNREFUSED => 3,
        _ => 2,
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, why } => write!(f, "look up {name}: {why}"),
            Self::Call(error) => error.fmt(f),
            Self::EachFailed { target, failures } => {
                write!(f, "connect to {target}: ")?;
                for (index, failure) in failures.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "; " };
                    f.write_str(comma)?;
                    if failure.call != Call::Connect {
                        write!(f, "{failure}")?;
                    } else if let Some(address) = &failure.address {
                        write!(f, "{address}: {}", failure.source)?;
                    } else {
                        write!(f, "{}", failure.source)?;
                    }
                }
                Ok(())
            }
            Self::NotPermitted { scheme, failures } => {
                write!(f, "this user may open no {scheme} socket")?;
                for (index, failure) in failures.iter().enumerate() {
                    f.write_str(if index == 0 { ": " } else { "; " })?;
                    write!(f, "{failure}")?;
                }
                Ok(())
            }
            Self::UnknownService { service, scheme } => {
                write!(f, "no {scheme} service is called {service:?}")
            }
            Self::UnknownInterface { interface, known } => {
                write!(f, "no network interface is called {interface:?}")?;
                listed(f, "; there are ", known)
            }
            Self::NoZone {
                address,
                candidates,
            } => {
                write!(
                    f,
                    "{address} is link-local: it needs the interface it is on"
                )?;
                if let Some(first) = candidates.first() {
                    write!(f, ", as in [{address}%{first}]")?;
                }
                listed(f, "; there are ", candidates)
            }
            Self::PathInUse { path, why } => {
                write!(f, "bind to {}: {}", path.display(), Taken(why))
            }
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::WebSocket(error) => write!(f, "WebSocket: {error}"),
            Self::Unusable(why) => why.fmt(f),
        }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, before: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "{before}{}", names.join(", "))
}

struct Taken<'a>(&'a PathState);

impl fmt::Display for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            PathState::Live { .. } => f.write_str("a running program has this socket"),
            PathState::NotASocket(kind) => write!(
                f,
                "{} is there, and it is not ours to remove",
                match kind {
                    FileKind::Regular => "a regular file",
                    FileKind::Directory => "a directory",
                    FileKind::Fifo => "a named pipe",
                    FileKind::Device => "a device",
                    FileKind::Other => "a file that is no socket",
                }
            ),
            PathState::Symlink { target, .. } => write!(
                f,
                "a symbolic link to {} is there, and bind does not follow it",
                target.display()
            ),
            PathState::Unknown { .. } => f.write_str(
                "a socket is there, and it cannot be told whether a program still has it",
            ),
            PathState::Absent | PathState::Stale { .. } => {
                f.write_str("the file changed meanwhile")
            }
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such name, or it has no address"),
            Self::NoneOf(Family::Inet6) => f.write_str("the name has no IPv6 address"),
            Self::NoneOf(_) => f.write_str("the name has no IPv4 address"),
            Self::NoAnswer => f.write_str("no answer from the name servers now (EAI_AGAIN)"),
            Self::TimedOut => f.write_str("no answer before the deadline"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSocket(scheme) => write!(f, "{scheme} is no socket"),
            Self::Mismatch(scheme) => write!(f, "this is no target of {scheme}"),
            Self::PortZero => {
                f.write_str("port 0 is only for listening: nobody can be connected to there")
            }
            Self::BindFamily => f.write_str("bind= and the peer have no address family in common"),
            Self::NotASocketOption(option) => write!(f, "{option} is no option of a socket"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(&error.source),
            Self::Tls(error) => Some(error),
            Self::Name {
                why: NameError::Failed(error),
                ..
            } => Some(error),
            _ => None,
        }
    }
}
