//! Copies of descriptors that others opened.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A copy of descriptor `number`, closed on exec.
///
/// # Errors
/// `EBADF` when it isn't open.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    // SAFETY: the borrow lasts for one fcntl(2), which fails with EBADF if the number is not open; -1 is excluded.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?)
}
