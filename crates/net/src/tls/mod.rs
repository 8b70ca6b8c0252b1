//! TLS over a stream socket, on rustls with aws-lc: client and server, whom to trust, and what was agreed on.

mod agreed;
mod certificate;
mod crypto;
mod driver;
mod error;
mod flaw;
mod handshake;
mod keylog;
mod pem;
mod setup;
mod socket;
mod throwaway;
mod verify;

pub use agreed::Agreed;
pub use certificate::{Certificate, Moment, NoPin, Pin};
pub use error::{
    Alert, Common, EndedEarly, FileError, FileProblem, Peer, Problem, Refused, TlsError,
    ended_early,
};
pub use flaw::Flaw;
pub use handshake::{accept, connect};
pub use keylog::{KeyLog, KeyLogFailed};
pub use setup::{Client, Clients, Server, Settings};
pub use socket::TlsSocket;
