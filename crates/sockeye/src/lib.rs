//! Every socket, in plain sight: the library behind the tool `sockeye`.
//!
//! [`Socket`] is one type for every family and type of socket, with the calls of the sockets API under their own
//! names, in the blocking form that courses teach; [`AsyncSocket`] is the same in an event loop. What a socket does
//! can be told as it happens: each call is one [`Event`], a [`Tap`] takes it from the socket, and whoever implements
//! [`Sink`] is told. The views of the tool ([`view`]) are such sinks.
//!
//! A client and a server, narrated:
//!
//! ```
//! use sockeye::{Family, Policy, Protocol, Socket, Tally, Type};
//! use sockeye::view::{Explain, ExplainOptions};
//!
//! let narration = Explain::new(std::io::stderr(), ExplainOptions::default());
//! let (tap, viewer) = sockeye::start(vec![Box::new(narration)], Policy::Lossy, None)?;
//!
//! let server = Socket::with_protocol(Family::Inet, Type::Stream, Protocol::DEFAULT, &tap)?;
//! server.bind("127.0.0.1:0".parse::<std::net::SocketAddr>()?)?;
//! server.listen(5)?;
//! let client = Socket::with_protocol(Family::Inet, Type::Stream, Protocol::DEFAULT, &tap)?;
//! client.connect(server.local_address()?)?;
//! client.send_all(b"hola\n")?;
//! client.close();
//!
//! let (conversation, _peer) = server.accept()?;
//! let mut buffer = [0; 16];
//! assert_eq!(conversation.recv(&mut buffer)?, 5);
//! assert_eq!(conversation.recv(&mut buffer)?, 0, "the end");
//! drop((conversation, server));
//! viewer.finish(Tally::default(), None)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate's feature `tool`, on by default, builds the command line and brings clap; a program that uses only the
//! library switches it off.

pub use sockeye_model::{
    Address, AddressError, AddressProblem, BindTo, Call, Caller, Carries, DropReason, End, Errno,
    Event, Family, Flow, Host, Kind, Note, OPTIONS, OptionName, Options, Payload, Place, Port,
    ProcessName, Protocol, SCHEMES, Scheme, SchemeRow, Sink, SocketAddress, SocketId, SocketOption,
    Source, Tally, Target, TcpSample, Timestamp, Totals, Type, Unit, UnixName, Wants,
};
pub use sockeye_net::{AsyncSocket, Error, Lease, Lent, Received, Result, Shutdown, Socket};
pub use sockeye_tap::{Policy, Tap, ViewFailed, Viewer, start};

/// The views of the tool: sinks that write what they are told to the output they are given.
pub mod view {
    pub use sockeye_view::catalogue::Language;
    pub use sockeye_view::{
        Columns, Diagram, DiagramOptions, Explain, ExplainOptions, Header, Hex, HexOptions,
        Reasons, Record, Replay, ReplayError,
    };
}
