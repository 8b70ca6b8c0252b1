//! The kernel's own tables of sockets, asked over netlink: sock_diag(7).
//!
//! Faster than the files of `/proc/net`, and it tells more: the length of a listener's queue, a TCP socket that is bound
//! and neither listens nor connects, IPV6_V6ONLY, round-trip times. An ordinary user may ask. A seccomp filter may forbid
//! it, and a small kernel may lack it: whoever asks here then reads `/proc/net` instead.

#[cfg(test)]
mod garbage;
mod inet;
mod unix;

pub(crate) use inet::{Ask, inet_rows};
pub(crate) use unix::{UnixRow, unix_files, unix_rows};
