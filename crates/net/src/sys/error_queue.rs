//! ICMP errors of a socket that isn't connected, each with the peer it is about: `IP_RECVERR` of
//! [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use sockeye_model::Errno;

use crate::sys::mmsg::Name;

/// Sets an option that is one int.
pub(crate) fn set_int_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the kernel reads one int, which is there.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes the next error of the queue: which peer, and what came back. `None` when there is none.
pub(crate) fn next_error(socket: BorrowedFd<'_>) -> Option<(Name, Errno)> {
    let mut name = Name::new((std::net::Ipv6Addr::UNSPECIFIED, 0).into());
    let mut control = Control([0; CONTROL_BYTES]);
    // SAFETY: all zero is the empty `msghdr`.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    let room = name.room();
    header.msg_name = room.as_mut_ptr().cast();
    header.msg_namelen = room.len() as libc::socklen_t;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: the header points to a name and a control buffer with their lengths, and to no data; both outlive the
    // call and are borrowed by nobody else.
    let result = unsafe {
        libc::recvmsg(
            socket.as_raw_fd(),
            &raw mut header,
            libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT,
        )
    };
    if result < 0 {
        return None;
    }
    name.set_len(header.msg_namelen);
    let number = error_number(&control, header.msg_controllen)?;
    Some((name, Errno(number)))
}

/// Looks for the error among the control messages: `struct sock_extended_err` begins with its number.
fn error_number(control: &Control, len: impl TryInto<usize>) -> Option<i32> {
    let mut control = &control.0[..len.try_into().ok()?.min(CONTROL_BYTES)];
    let word = mem::size_of::<usize>();
    let int = |bytes: Option<&[u8]>| Some(i32::from_ne_bytes(bytes?.try_into().ok()?));
    loop {
        let len = usize::from_ne_bytes(control.get(..word)?.try_into().ok()?);
        let level = int(control.get(word..word + 4))?;
        let kind = int(control.get(word + 4..word + 8))?;
        if matches!(
            (level, kind),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
        ) {
            return int(control.get(word + 8..word + 12));
        }
        control = control.get(len.max(word + 8).next_multiple_of(word)..)?;
    }
}

/// Room for the error, who sent it, and what else the kernel adds.
const CONTROL_BYTES: usize = 256;

#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);
