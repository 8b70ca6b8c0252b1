//! How long a message may be; a longer one is an error, never cut.

use std::io;
use std::net::IpAddr;

use rustix::net::sockopt::socket_send_buffer_size;
use sockeye_model::Call;

use crate::error::{Error, Result};
use crate::handle::Handle;

/// A message longer than its socket can carry. Nothing of it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {len} B is too long: {max} B is the most here, and a message is never cut")]
pub struct TooLong {
    /// The message's length, bytes.
    pub len: usize,
    /// The longest that fits, bytes.
    pub max: usize,
}

impl TooLong {
    /// The reason of `error`, if it is this one; `EMSGSIZE` of the kernel is another matter, and tells no limit.
    pub fn of(error: &Error) -> Option<Self> {
        error.source.get_ref()?.downcast_ref().copied()
    }
}

pub(super) fn check_length(len: usize, max: usize) -> io::Result<()> {
    if len > max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            TooLong { len, max },
        ));
    }
    Ok(())
}

/// UDP's longest message to `peer`: the 16 bits of the IP length, less the headers that are counted in it (RFC 768,
/// RFC 791; in RFC 8200 the IPv6 header isn't).
pub(super) fn udp_max(peer: IpAddr) -> usize {
    match peer.to_canonical() {
        IpAddr::V4(_) => 65_535 - 20 - 8,
        IpAddr::V6(_) => 65_535 - 8,
    }
}

/// A UNIX message's longest: it has to fit in the sender's buffer, `SO_SNDBUF` of
/// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), less 32 bytes that the kernel keeps for itself.
pub(super) fn unix_max(handle: &Handle) -> Result<usize> {
    let buffer = socket_send_buffer_size(handle)
        .map_err(|errno| Error::new(Call::GetSockOpt, io::Error::from(errno)))?;
    Ok(buffer.saturating_sub(32))
}
