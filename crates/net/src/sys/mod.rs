//! The calls that no safe crate offers; the only `unsafe` of this crate.
#![expect(unsafe_code, reason = "each block says why it is sound")]

mod registered;
mod tcp_info;

pub(crate) use registered::{register_pipe, register_socket};
pub(crate) use tcp_info::tcp_sample;
