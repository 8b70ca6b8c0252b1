//! Socket options that no safe crate sets: `SO_MARK` and `SO_BINDTODEVICE` of
//! [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `SO_MARK`; needs `CAP_NET_ADMIN`.
pub(crate) fn set_mark(socket: BorrowedFd<'_>, mark: u32) -> io::Result<()> {
    set(socket, libc::SO_MARK, &mark.to_ne_bytes())
}

/// The mark, 0 when there is none.
pub(crate) fn mark(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut bytes = [0; size_of::<u32>()];
    read(socket, libc::SO_MARK, &mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

/// `SO_BINDTODEVICE`: only this interface from now on.
pub(crate) fn bind_to_device(socket: BorrowedFd<'_>, interface: &str) -> io::Result<()> {
    set(socket, libc::SO_BINDTODEVICE, interface.as_bytes())
}

/// The interface it is bound to; empty when to none.
pub(crate) fn bound_device(socket: BorrowedFd<'_>) -> io::Result<String> {
    let mut bytes = [0; libc::IFNAMSIZ];
    let len = read(socket, libc::SO_BINDTODEVICE, &mut bytes)?;
    let name = bytes[..len].split(|byte| *byte == 0).next().unwrap_or(&[]);
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn set(socket: BorrowedFd<'_>, option: libc::c_int, value: &[u8]) -> io::Result<()> {
    let len = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads at most `len` bytes of `value`, which has that many.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            value.as_ptr().cast(),
            len,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn read(socket: BorrowedFd<'_>, option: libc::c_int, value: &mut [u8]) -> io::Result<usize> {
    let mut len = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `len` bytes to `value`, which has that many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            value.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result == 0 {
        Ok((len as usize).min(value.len()))
    } else {
        Err(io::Error::last_os_error())
    }
}
