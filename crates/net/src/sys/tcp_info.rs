//! What the kernel knows of a TCP connection: `TCP_INFO`, and the bytes in its two queues.

use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use sockeye_model::TcpSample;

/// `getsockopt(TCP_INFO)`, `SIOCINQ` and `SIOCOUTQ` of [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html);
/// `None` for a socket that is no TCP socket.
pub(crate) fn tcp_sample(socket: BorrowedFd<'_>) -> Option<TcpSample> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut len = libc::socklen_t::try_from(mem::size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the kernel writes at most `len` bytes to `info`, which has that many and is plain zeroed integers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result != 0 {
        return None;
    }
    // SAFETY: zeroed above and then partly overwritten by the kernel; every bit pattern of integers is valid.
    let info = unsafe { info.assume_init() };
    let (unread, unacknowledged) = queued(socket);
    Some(TcpSample {
        rtt: Duration::from_micros(info.tcpi_rtt.into()),
        rtt_deviation: Duration::from_micros(info.tcpi_rttvar.into()),
        retransmitted: info.tcpi_total_retrans,
        segments_out: info.tcpi_segs_out,
        segments_in: info.tcpi_segs_in,
        mss: info.tcpi_snd_mss,
        acknowledged: info.tcpi_bytes_acked,
        unacknowledged,
        unread,
    })
}

/// Bytes arrived and not received (`SIOCINQ`), bytes sent and not acknowledged (`SIOCOUTQ`); 0 where the kernel
/// doesn't say.
fn queued(socket: BorrowedFd<'_>) -> (u64, u64) {
    (
        queue_length(socket, libc::FIONREAD),
        queue_length(socket, libc::TIOCOUTQ),
    )
}

fn queue_length(socket: BorrowedFd<'_>, request: libc::Ioctl) -> u64 {
    let mut bytes: libc::c_int = 0;
    // SAFETY: both requests write one int.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), request, &raw mut bytes) };
    if result == 0 {
        u64::try_from(bytes).unwrap_or(0)
    } else {
        0
    }
}
