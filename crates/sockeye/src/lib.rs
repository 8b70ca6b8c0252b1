//! Every socket, in plain sight: the library behind the tool `sockeye`.
//!
//! [`Socket`] is one type for every family and type of socket, with the calls of the sockets API under their own
//! names, in the blocking form that courses teach; [`AsyncSocket`] is the same in an event loop. What a socket does
//! can be told as it happens: each call is one [`Event`], a [`Tap`] takes it from the socket, and whoever implements
//! [`Sink`] is told. The views of the tool ([`view`]) are such sinks.
//!
//! A client and a server:
//!
//! ```
//! use sockeye::{Family, Shutdown, Socket, Type};
//!
//! let server = Socket::new(Family::Inet, Type::Stream)?;
//! let address = server.bind(("127.0.0.1", 0))?; // port 0: the system chooses one
//! server.listen(5)?;
//!
//! let client = Socket::new(Family::Inet, Type::Stream)?;
//! client.connect(&address)?;
//! client.send_all(b"hola")?;
//! client.shutdown(Shutdown::Write)?;
//!
//! let (conversation, _peer) = server.accept()?;
//! let mut buffer = [0; 16];
//! assert_eq!(conversation.recv(&mut buffer)?, 4);
//! assert_eq!(conversation.recv(&mut buffer)?, 0, "the end");
//! # Ok::<(), sockeye::Error>(())
//! ```
//!
//! The same for UDP, narrated:
//!
//! ```
//! use sockeye::{Family, Policy, Protocol, Socket, Tally, Type};
//! use sockeye::view::{Explain, ExplainOptions};
//!
//! let narration = Explain::new(std::io::stderr(), ExplainOptions::default());
//! let (tap, viewer) = sockeye::start(vec![Box::new(narration)], Policy::Lossy, None)?;
//!
//! let server = Socket::with_protocol(Family::Inet, Type::Datagram, Protocol::DEFAULT, &tap)?;
//! let address = server.bind(("127.0.0.1", 0))?;
//! let client = Socket::with_protocol(Family::Inet, Type::Datagram, Protocol::DEFAULT, &tap)?;
//! client.send_to(b"hola", address)?;
//!
//! let mut buffer = [0; 65_535];
//! let (n, peer) = server.recv_from(&mut buffer)?;
//! server.send_to(&buffer[..n], peer)?;
//! drop((server, client));
//! viewer.finish(Tally::default(), None)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What dropping does
//!
//! Dropping a [`Socket`] or an [`AsyncSocket`] closes it, and never waits. The kernel still delivers what was sent; over
//! TCP it then says that this was all (FIN), or throws the connection away (RST) if something that had arrived was left
//! unread: whoever cares for the peer's last bytes receives until the end first. A listener that is dropped takes no more
//! clients; those that it has accepted go on. The path of a UNIX socket stays in the file system, as
//! [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html) has it. Dropping the future of an
//! [`AsyncSocket`]'s `recv`, `send` or `accept` loses nothing: it has done nothing yet; `send_all` may have sent a part.
//!
//! # Examples
//!
//! In the folder `examples`, each to be run with `cargo run --example NAME`: `tcp_server` and `tcp_client`, `udp_server`
//! and `udp_client`, `time_server` (the server speaks first), `web_client` (the client speaks first), `many_clients` (a
//! thread for each) and `echo_async` (one thread for all).
//!
//! # Features
//!
//! `tool`, on by default, builds the command line and brings clap; a program that uses only the library switches it off.

pub use sockeye_model::{
    Address, AddressError, AddressProblem, BindTo, Call, Caller, Carries, DropReason, End, Errno,
    Event, Family, Flow, Host, Kind, NotASocketAddress, Note, OPTIONS, OptionName, Options,
    Payload, Place, Port, ProcessName, Protocol, SCHEMES, Scheme, SchemeRow, Sink, SocketAddress,
    SocketId, SocketOption, Source, Tally, Target, TcpSample, Timestamp, TlsVersion, Totals, Type,
    Unit, UnixName, Wants,
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

/// The examples of the READMEs are compiled and run with those of this documentation.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../../../README.md")]
    struct English;
    #[doc = include_str!("../../../README.es.md")]
    struct Spanish;
}
