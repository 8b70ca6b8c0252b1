//! What a socket is and does, as plain values: no IO, no clock, no threads.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod call;
mod errno;
pub mod event;
mod sink;
mod socket_address;
mod tally;
mod time;

pub use call::Call;
pub use errno::Errno;
pub use event::{
    Caller, DropReason, End, Event, Family, Kind, Note, Payload, Place, ProcessName, Protocol,
    SocketId, Source, TcpSample, Totals, Type, Unit,
};
pub use sink::{Flow, Sink, Wants};
pub use socket_address::{NotASocketAddress, SocketAddress};
pub use tally::Tally;
pub use time::Timestamp;
