//! Real sockets of every family and type, and what is done with them; the only crate with an event loop.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod async_socket;
mod buffer;
pub mod channel;
mod error;
pub mod exec;
pub mod framing;
mod handle;
pub mod icmp;
mod kernel_address;
mod layers;
pub mod messages;
mod open;
mod poll_stream;
pub mod relay;
mod resolve;
pub mod server;
mod signals;
mod socket;
mod sys;
pub mod tls;
pub mod websocket;
mod wire;

pub use async_socket::{AsyncSocket, Lent};
pub use buffer::Lease;
pub use error::{Error, Result};
pub use handle::Received;
pub use kernel_address::SUN_PATH_MAX;
pub use layers::{Connected, Layers, Link, NotBegun, connect};
pub use open::{
    BoundPath, Dialed, Dialing, Listener, Listening, NameError, OpenError, Reach, Unusable, dial,
    listen,
};
pub use poll_stream::UnderWay;
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use signals::Signals;
pub use socket::{Shutdown, Socket};
pub use sockeye_model::event::Protocol;
pub use sockeye_model::{Family, SocketAddress, Type};
pub use sockeye_tap::Tap;
pub use wire::Wire;
