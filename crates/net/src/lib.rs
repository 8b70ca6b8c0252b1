//! Real sockets of every family and type, and what is done with them; the only crate with an event loop.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod async_socket;
mod buffer;
pub mod channel;
mod error;
pub mod exec;
pub mod framing;
mod handle;
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
pub mod websocket;
