//! [waitpid(2)](https://man7.org/linux/man-pages/man2/waitpid.2.html) for the threads this thread traces, and no others' children.

use std::io;

/// What became of a traced thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It ended with this code.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// It stopped: by which signal, and for which `PTRACE_EVENT_…`, 0 for none.
    Stopped { signal: i32, event: i32 },
}

/// A stop for a system call: the option `PTRACE_O_TRACESYSGOOD` sets this bit in the signal.
pub(crate) const CALL_STOP: i32 = libc::SIGTRAP | 0x80;

/// Waits for the next change of a traced thread, of any with `None`.
///
/// # Errors
/// `EINTR` when a signal of our own came, `ECHILD` when nothing is traced any more.
pub(crate) fn wait(thread: Option<u32>) -> io::Result<(u32, Status)> {
    // Without `WNOHANG` it does not come back with nothing.
    changed(thread, 0)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

/// The next change of any traced thread, if there has been one.
///
/// # Errors
/// `ECHILD` when nothing is traced any more.
pub(crate) fn look() -> io::Result<Option<(u32, Status)>> {
    changed(None, libc::WNOHANG)
}

fn changed(thread: Option<u32>, flags: i32) -> io::Result<Option<(u32, Status)>> {
    let mut status = 0;
    let which = thread.map_or(-1, u32::cast_signed);
    // `__WNOTHREAD`: children of our other threads are theirs to wait for.
    let flags = flags | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: the kernel writes one int to `status`.
    match unsafe { libc::waitpid(which, &raw mut status, flags) } {
        0 => Ok(None),
        found @ 1.. => Ok(Some((found.cast_unsigned(), decode(status)))),
        _ => Err(io::Error::last_os_error()),
    }
}

fn decode(status: i32) -> Status {
    if libc::WIFEXITED(status) {
        Status::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Status::Killed(libc::WTERMSIG(status))
    } else {
        Status::Stopped {
            signal: (status >> 8) & 0xff,
            event: status >> 16,
        }
    }
}
