//! What a socket is and does, as plain values: no IO, no clock, no threads.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod address;
mod call;
mod errno;
pub mod escape;
pub mod event;
mod finding;
pub mod option;
pub mod plan;
pub mod quote;
pub mod scheme;
mod sink;
mod slips;
mod socket_address;
mod syscall;
mod tally;
pub mod text;
mod time;

pub use address::{
    Address, AddressError, AddressProblem, Host, Port, SUN_PATH_MAX, Target, UnixName,
};
pub use call::Call;
pub use errno::Errno;
pub use event::{
    Blind, Caller, Came, Detail, DropReason, End, Event, Family, Kind, Note, Payload, Place,
    ProcessName, Protocol, Queues, Runtime, SocketId, Source, TcpSample, Totals, Type, Unit,
};
pub use finding::{Finding, Saying, Value, Weight};
pub use option::{BindTo, OPTIONS, OptionName, Options, SocketOption, TlsVersion};
pub use scheme::{Carries, SCHEMES, Scheme, SchemeRow};
pub use sink::{Flow, Sink, Wants};
pub use slips::slips;
pub use socket_address::{NotASocketAddress, SocketAddress};
pub use syscall::Syscall;
pub use tally::Tally;
pub use time::Timestamp;
