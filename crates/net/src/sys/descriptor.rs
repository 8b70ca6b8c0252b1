//! Descriptors that others opened, and that this process was started with.

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::FdFlags;

/// A copy of descriptor `number`, closed on exec.
///
/// # Errors
/// `EBADF` when it isn't open, or was opened by this process.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    // SAFETY: the borrow lasts for two fcntl(2), which fail with EBADF if the number is not open; -1 is excluded.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    // Whatever is opened in here is closed on exec, and what was inherited is not: or it would not be here.
    if rustix::io::fcntl_getfd(borrowed)?.contains(FdFlags::CLOEXEC) {
        return Err(rustix::io::Errno::BADF.into());
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?)
}

/// Takes descriptor `number`: dropping what is returned closes it for good.
///
/// # Errors
/// As [`duplicate`], and `EBADF` for a second taking and for the standard three, which belong to everybody.
pub(crate) fn take(number: i32) -> io::Result<OwnedFd> {
    if number <= 2 {
        return Err(rustix::io::Errno::BADF.into());
    }
    let copy = duplicate(number)?;
    // SAFETY: `duplicate` found it open and inherited, so no value in this process owns it; from now on none can be
    // made again, because the copy is closed on exec.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
    Ok(copy)
}
