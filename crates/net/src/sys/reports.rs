//! One message with what the kernel tells beside it, or the next ICMP error with the packet it is about:
//! [recvmsg(2)](https://man7.org/linux/man-pages/man2/recvmsg.2.html) with its control messages.

use std::io;
use std::mem;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, SystemTime};

use sockeye_model::Errno;

use crate::icmp::{Version, Why};
use crate::sys::mmsg::Name;

/// What one `recvmsg` brought.
pub(crate) struct Report {
    /// Bytes now in the buffer: the message, or what is kept of the packet that an error is about.
    pub(crate) len: usize,
    /// The message's real length; more than `len` when it was cut.
    pub(crate) whole: usize,
    /// Who sent it; of an error, to whom the packet went.
    pub(crate) name: Name,
    /// The TTL or hop limit that it came with.
    pub(crate) hops: Option<u8>,
    /// When it came to this machine, by the clock on the wall.
    pub(crate) at: Option<SystemTime>,
    /// The error, where it is one that ICMP reported.
    pub(crate) error: Option<Reason>,
}

/// An ICMP error: `struct sock_extended_err` of [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
#[derive(Clone, Copy)]
pub(crate) struct Reason {
    /// What ICMP said.
    pub(crate) why: Why,
    /// What the kernel makes of it.
    pub(crate) errno: Errno,
    /// Who said so.
    pub(crate) from: Option<IpAddr>,
}

/// Takes the next message.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Report> {
    recvmsg(socket, buffer, libc::MSG_TRUNC)
}

/// Takes the next error of the queue.
pub(crate) fn next_report(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Report> {
    recvmsg(socket, buffer, libc::MSG_ERRQUEUE)
}

fn recvmsg(socket: BorrowedFd<'_>, buffer: &mut [u8], flags: libc::c_int) -> io::Result<Report> {
    let mut name = Name::new((std::net::Ipv6Addr::UNSPECIFIED, 0).into());
    let mut control = Control([0; CONTROL_BYTES]);
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all zero is the empty `msghdr`.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    let room = name.room();
    header.msg_name = room.as_mut_ptr().cast();
    header.msg_namelen = room.len() as libc::socklen_t;
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: the header points to a name, one buffer and a control buffer with their lengths; all outlive the call and
    // are borrowed by nobody else.
    let result = unsafe {
        libc::recvmsg(
            socket.as_raw_fd(),
            &raw mut header,
            flags | libc::MSG_DONTWAIT,
        )
    };
    let whole = usize::try_from(result).map_err(|_| io::Error::last_os_error())?;
    name.set_len(header.msg_namelen);
    let filled = size(header.msg_controllen);
    let mut report = Report {
        len: whole.min(buffer.len()),
        whole,
        name,
        hops: None,
        at: None,
        error: None,
    };
    read_control(&control.0[..filled.min(CONTROL_BYTES)], &mut report);
    Ok(report)
}

/// A length that is a `usize` on one C library and an `u32` on another.
fn size(len: impl TryInto<usize>) -> usize {
    len.try_into().unwrap_or(0)
}

/// Reads the control messages: each has its length, level and kind before it.
fn read_control(mut control: &[u8], report: &mut Report) {
    let word = mem::size_of::<usize>();
    let int = |bytes: Option<&[u8]>| Some(i32::from_ne_bytes(bytes?.try_into().ok()?));
    while let Some(length) = control.get(..word) {
        let Ok(length) = length.try_into().map(usize::from_ne_bytes) else {
            return;
        };
        let (level, kind) = (
            int(control.get(word..word + 4)),
            int(control.get(word + 4..word + 8)),
        );
        let (Some(level), Some(kind), Some(data)) = (level, kind, control.get(word + 8..length))
        else {
            return;
        };
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                report.hops = int(data.get(..4)).and_then(|hops| u8::try_from(hops).ok());
            }
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => report.at = wall_clock(data),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
                report.error = reason(data);
            }
            _ => {}
        }
        let next = length.next_multiple_of(word);
        control = control.get(next..).unwrap_or(&[]);
    }
}

/// A `struct timespec` since the epoch.
fn wall_clock(data: &[u8]) -> Option<SystemTime> {
    let (seconds, nanos) = data.split_at_checked(mem::size_of::<libc::time_t>())?;
    let seconds = libc::time_t::from_ne_bytes(seconds.try_into().ok()?);
    let nanos = libc::c_long::from_ne_bytes(nanos.try_into().ok()?);
    let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// `struct sock_extended_err`, and the address of who sent it behind; `None` for what is no ICMP error, such as our own
/// kernel's word that a message is too long.
fn reason(data: &[u8]) -> Option<Reason> {
    let fixed: &[u8; EXTENDED] = data.first_chunk()?;
    let number = i32::from_ne_bytes(fixed[..4].try_into().ok()?);
    let version = match fixed[4] {
        libc::SO_EE_ORIGIN_ICMP => Version::V4,
        libc::SO_EE_ORIGIN_ICMP6 => Version::V6,
        _ => return None,
    };
    let info = u32::from_ne_bytes(fixed[8..12].try_into().ok()?);
    let mut offender = Name::new((std::net::Ipv6Addr::UNSPECIFIED, 0).into());
    let room = offender.room();
    let name = &data[EXTENDED..];
    let len = name.len().min(room.len());
    room.fill(0);
    room[..len].copy_from_slice(&name[..len]);
    offender.set_len(len as libc::socklen_t);
    let from = offender.address().map(|address| address.ip());
    Some(Reason {
        why: Why::of(version, fixed[5], fixed[6], info)?,
        errno: Errno(number),
        from: from.filter(|from| !from.is_unspecified()),
    })
}

/// Of ICMP, nothing but echo replies: `ICMP_FILTER` of [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html),
/// `ICMP6_FILTER` of [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542) section 3.2. A bit that is set is a type that
/// does not get through.
pub(crate) fn only_echo_replies(socket: BorrowedFd<'_>, version: Version) -> io::Result<()> {
    let (level, option, mask) = match version {
        Version::V4 => (SOL_RAW, ICMP_FILTER, [!1_u32, 0, 0, 0, 0, 0, 0, 0]),
        Version::V6 => {
            let mut mask = [u32::MAX; 8];
            mask[129 >> 5] &= !(1 << (129 & 31));
            (libc::IPPROTO_ICMPV6, ICMP6_FILTER, mask)
        }
    };
    let len = match version {
        Version::V4 => 4,
        Version::V6 => mem::size_of_val(&mask),
    };
    // SAFETY: the kernel reads `len` bytes of `mask`, which has at least as many.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            mask.as_ptr().cast(),
            len as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Room for the error, who sent it, the hop limit, and what else the kernel adds.
const CONTROL_BYTES: usize = 256;

#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// The length of `struct sock_extended_err`.
const EXTENDED: usize = 16;
const SOL_RAW: libc::c_int = 255;
const ICMP_FILTER: libc::c_int = 1;
const ICMP6_FILTER: libc::c_int = 1;
