//! The calls that no safe crate offers; the only `unsafe` of this crate.
#![expect(unsafe_code, reason = "each block says why it is sound")]

mod descriptor;
mod error_queue;
mod look_up;
mod mmsg;
mod packet_info;
mod registered;
mod reports;
mod set_option;
mod stop_signals;
mod tcp_info;

pub(crate) use descriptor::{duplicate, take};
pub(crate) use error_queue::{next_error, set_int_option};
pub(crate) use look_up::look_up;
pub(crate) use mmsg::{BATCH, Batch, Name, Outgoing, ROOM, send_batch};
pub(crate) use packet_info::LocalIp;
pub(crate) use registered::{register_pipe, register_socket};
pub(crate) use reports::{Reason, Report, next_report, only_echo_replies, receive};
pub(crate) use set_option::{bind_to_device, bound_device, mark, set_mark};
pub(crate) use stop_signals::{catch as catch_signals, release as release_signals};
pub(crate) use tcp_info::tcp_sample;
