//! What went wrong: which call, on which address, and what the kernel said.

use std::fmt;
use std::io;

use sockeye_model::{Call, Errno, SocketAddress};

/// A call that failed. Its text reads "connect to 127.0.0.1:1: Connection refused (os error 111)".
///
/// So does its `Debug` form: a `main` that returns it ends with that line on stderr, behind "Error: ".
#[derive(thiserror::Error)]
#[error("{}", self.describe())]
pub struct Error {
    /// The call.
    pub call: Call,
    /// The address it was about, where there is one.
    pub address: Option<SocketAddress>,
    /// What the kernel, or the clock, said.
    pub source: io::Error,
}

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of `call` that concerns no address.
    pub fn new(call: Call, source: impl Into<io::Error>) -> Self {
        Self {
            call,
            address: None,
            source: source.into(),
        }
    }

    /// A failure of `call` on `address`.
    pub fn at(call: Call, address: SocketAddress, source: impl Into<io::Error>) -> Self {
        Self {
            call,
            address: Some(address),
            source: source.into(),
        }
    }

    /// A call that did not finish before its deadline.
    pub fn timed_out(call: Call, address: Option<SocketAddress>) -> Self {
        Self {
            call,
            address,
            source: Errno::ETIMEDOUT.into_io(),
        }
    }

    /// The kernel's number, 0 where it was not the kernel.
    pub fn errno(&self) -> Errno {
        Errno::from(&self.source)
    }

    fn describe(&self) -> String {
        match &self.address {
            Some(address) => format!(
                "{} {} {address}: {}",
                self.call,
                preposition(self.call),
                self.source
            ),
            None => format!("{}: {}", self.call, self.source),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn preposition(call: Call) -> &'static str {
    match call {
        Call::Connect | Call::SendTo | Call::Send | Call::Bind => "to",
        Call::Recv | Call::RecvFrom | Call::Accept => "from",
        _ => "on",
    }
}

/// An error number as an [`io::Error`].
pub(crate) trait IntoIo {
    fn into_io(self) -> io::Error;
}

impl IntoIo for Errno {
    fn into_io(self) -> io::Error {
        io::Error::from_raw_os_error(self.0)
    }
}
