//! A traced process' own descriptor, looked at through a duplicate that is closed at once:
//! [pidfd_getfd(2)](https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html).

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use sockeye_model::TcpSample;

/// A handle of a process that stays its own whatever becomes of the number.
///
/// # Errors
/// There is no such process, or the kernel is older than 5.3.
pub(crate) fn of_process(pid: u32) -> io::Result<OwnedFd> {
    pidfd(pid, 0)
}

/// A handle of one thread: of use where the first thread has ended already. Since Linux 6.9.
pub(crate) fn of_thread(thread: u32) -> io::Result<OwnedFd> {
    const PIDFD_THREAD: libc::c_uint = libc::O_EXCL as libc::c_uint;
    pidfd(thread, PIDFD_THREAD)
}

fn pidfd(pid: u32, flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: two numbers go in, a new descriptor comes out.
    let made = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.cast_signed(), flags) };
    owned(made)
}

/// A duplicate of one of its descriptors.
///
/// # Errors
/// It is not open there, or the system forbids it.
pub(crate) fn duplicate(process: BorrowedFd<'_>, descriptor: i32) -> io::Result<OwnedFd> {
    // SAFETY: three numbers go in, a new descriptor comes out.
    let made = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0) };
    owned(made)
}

fn owned(made: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(made) {
        // SAFETY: the kernel has just made it for us, and nobody else knows it.
        Ok(number) if number >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(number) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The process at the other end of a UNIX socket when they were connected (`SO_PEERCRED`, whose first field it is); `None` where there
/// is none, or it is not to be seen from here.
pub(crate) fn peer_process(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut credentials = [0_i32; 3];
    if !read_option(
        socket,
        libc::SOL_SOCKET,
        libc::SO_PEERCRED,
        &mut credentials,
    ) {
        return None;
    }
    u32::try_from(credentials[0]).ok().filter(|pid| *pid != 0)
}

/// The counters of `SO_MEMINFO`, in the order of `SK_MEMINFO_…`.
pub(crate) fn memory_info(socket: BorrowedFd<'_>) -> Option<[u32; 9]> {
    let mut values = [0; 9];
    read_option(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut values).then_some(values)
}

/// Bytes that have arrived and were not received (`SIOCINQ`).
pub(crate) fn unread(socket: BorrowedFd<'_>) -> Option<u64> {
    queued(socket, libc::FIONREAD)
}

/// Bytes that were sent and not yet taken (`SIOCOUTQ`).
pub(crate) fn unsent(socket: BorrowedFd<'_>) -> Option<u64> {
    queued(socket, libc::TIOCOUTQ)
}

/// `TCP_INFO` of a connection.
pub(crate) fn tcp(socket: BorrowedFd<'_>) -> Option<TcpSample> {
    let info = tcp_info(socket)?;
    Some(TcpSample {
        rtt: Duration::from_micros(info.tcpi_rtt.into()),
        rtt_deviation: Duration::from_micros(info.tcpi_rttvar.into()),
        retransmitted: info.tcpi_total_retrans,
        segments_out: info.tcpi_segs_out,
        segments_in: info.tcpi_segs_in,
        mss: info.tcpi_snd_mss,
        acknowledged: info.tcpi_bytes_acked,
        unacknowledged: unsent(socket).unwrap_or(0),
        unread: unread(socket).unwrap_or(0),
    })
}

/// The state of a TCP socket.
pub(crate) fn tcp_state(socket: BorrowedFd<'_>) -> Option<u8> {
    Some(tcp_info(socket)?.tcpi_state)
}

/// Of a TCP listener: connections that wait for `accept`, and how many may. `TCP_INFO` has them in fields named otherwise.
pub(crate) fn tcp_accept_queue(socket: BorrowedFd<'_>) -> Option<(u32, u32)> {
    const LISTEN: u8 = 10;
    let info = tcp_info(socket)?;
    (info.tcpi_state == LISTEN).then_some((info.tcpi_unacked, info.tcpi_sacked))
}

fn tcp_info(socket: BorrowedFd<'_>) -> Option<libc::tcp_info> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut len = libc::socklen_t::try_from(mem::size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the kernel writes at most `len` bytes to `info`, which has that many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    // SAFETY: zeroed above and then partly overwritten; every bit pattern of integers is valid.
    (result == 0).then(|| unsafe { info.assume_init() })
}

fn read_option<T: Copy>(socket: BorrowedFd<'_>, level: i32, name: i32, into: &mut [T]) -> bool {
    let Ok(mut len) = libc::socklen_t::try_from(mem::size_of_val(into)) else {
        return false;
    };
    // SAFETY: the kernel writes at most `len` bytes to `into`, which has that many and is made of integers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            into.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    result == 0
}

fn queued(socket: BorrowedFd<'_>, request: libc::Ioctl) -> Option<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: both requests write one int.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), request, &raw mut bytes) };
    if result != 0 {
        return None;
    }
    u64::try_from(bytes).ok()
}
