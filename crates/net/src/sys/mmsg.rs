//! Many messages a call: [recvmmsg(2)](https://man7.org/linux/man-pages/man2/recvmmsg.2.html) and
//! [sendmmsg(2)](https://man7.org/linux/man-pages/man2/sendmmsg.2.html), for sockets of IPv4 and IPv6.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use crate::buffer::Buffer;
use crate::sys::packet_info::{Control, LocalIp};

/// Messages that one call moves at most.
pub(crate) const BATCH: usize = 64;
/// Room for one message: any UDP message fits, so none is ever cut.
pub(crate) const ROOM: usize = 64 << 10;
/// Places that a `recv` offers at least.
const LEAST_ROOM: usize = 8;
/// Places of a batch are this far apart: at exactly 64 KiB all messages would share the same few cache lines.
const STRIDE: usize = ROOM + 128;

/// A `sockaddr_in` or `sockaddr_in6` as the kernel wrote it: read only where somebody asks who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(8))]
pub(crate) struct Name {
    bytes: [u8; NAME_BYTES],
    len: u8,
}

const NAME_BYTES: usize = mem::size_of::<libc::sockaddr_in6>();

impl Name {
    const NONE: Self = Self {
        bytes: [0; NAME_BYTES],
        len: 0,
    };

    /// The form the kernel takes.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let mut name = Self::NONE;
        name.bytes[2..4].copy_from_slice(&address.port().to_be_bytes());
        let (family, len) = match address {
            SocketAddr::V4(v4) => {
                name.bytes[4..8].copy_from_slice(&v4.ip().octets());
                (libc::AF_INET, mem::size_of::<libc::sockaddr_in>())
            }
            SocketAddr::V6(v6) => {
                name.bytes[4..8].copy_from_slice(&v6.flowinfo().to_be_bytes());
                name.bytes[8..24].copy_from_slice(&v6.ip().octets());
                name.bytes[24..28].copy_from_slice(&v6.scope_id().to_ne_bytes());
                (libc::AF_INET6, NAME_BYTES)
            }
        };
        name.bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        name.len = len as u8;
        name
    }

    /// Reads it; `None` for a family that isn't IP, and for none.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        let family = i32::from(u16::from_ne_bytes([self.bytes[0], self.bytes[1]]));
        let port = self.port();
        match (family, usize::from(self.len)) {
            (libc::AF_INET, 16..) => {
                let ip: [u8; 4] = self.bytes[4..8].try_into().ok()?;
                Some(SocketAddrV4::new(Ipv4Addr::from(ip), port).into())
            }
            (libc::AF_INET6, NAME_BYTES..) => {
                let flow = u32::from_be_bytes(self.bytes[4..8].try_into().ok()?);
                let ip: [u8; 16] = self.bytes[8..24].try_into().ok()?;
                let scope = u32::from_ne_bytes(self.bytes[24..28].try_into().ok()?);
                Some(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope).into())
            }
            _ => None,
        }
    }

    /// Where the kernel writes; [`Name::set_len`] follows.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// How much the kernel wrote.
    pub(crate) fn set_len(&mut self, len: libc::socklen_t) {
        self.len = len.min(NAME_BYTES as u32) as u8;
    }

    /// The port, without the rest.
    pub(crate) fn port(&self) -> u16 {
        u16::from_be_bytes([self.bytes[2], self.bytes[3]])
    }
}

/// What is known of one message of a batch.
#[derive(Clone, Copy)]
struct Slot {
    name: Name,
    local: Option<LocalIp>,
    /// The message's real length; more than [`ROOM`] when it was cut.
    whole: usize,
}

/// Up to [`BATCH`] messages with their senders. Its 4 MiB are zeroed pages that cost nothing until a message needs one.
pub(crate) struct Batch {
    data: Buffer,
    slots: Box<[Slot; BATCH]>,
    count: usize,
    /// Places that the next `recv` offers.
    room: usize,
    full: bool,
}

impl Batch {
    pub(crate) fn new() -> Self {
        let empty = Slot {
            name: Name::NONE,
            local: None,
            whole: 0,
        };
        Self {
            data: Buffer::with_size(BATCH * STRIDE),
            slots: Box::new([empty; BATCH]),
            count: 0,
            room: LEAST_ROOM,
            full: false,
        }
    }

    /// How many messages it holds.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// The message at `index`; cut to [`ROOM`] if it was longer.
    pub(crate) fn message(&self, index: usize) -> &[u8] {
        let start = index * STRIDE;
        &self.data[start..start + self.slots[index].whole.min(ROOM)]
    }

    /// Its real length, when that is more than what is here.
    pub(crate) fn truncated_from(&self, index: usize) -> Option<usize> {
        let whole = self.slots[index].whole;
        (whole > ROOM).then_some(whole)
    }

    /// Who sent it.
    pub(crate) fn name(&self, index: usize) -> &Name {
        &self.slots[index].name
    }

    /// The address it was sent to, where the socket was told to say so.
    pub(crate) fn local(&self, index: usize) -> Option<LocalIp> {
        self.slots[index].local
    }

    /// Adds a message, a copy of two parts; `false` when it is full or the message doesn't fit.
    pub(crate) fn push(&mut self, first: &[u8], second: &[u8]) -> bool {
        let whole = first.len() + second.len();
        if self.count == BATCH || whole > ROOM {
            return false;
        }
        let start = self.count * STRIDE;
        let middle = start + first.len();
        self.data[start..middle].copy_from_slice(first);
        self.data[middle..start + whole].copy_from_slice(second);
        self.slots[self.count] = Slot {
            name: Name::NONE,
            local: None,
            whole,
        };
        self.count += 1;
        true
    }

    /// `recvmmsg`, never waiting: what has come, at least one message. [`Batch::is_full`] tells whether there may be
    /// more.
    ///
    /// # Errors
    /// `EAGAIN` when nothing has come, a pending ICMP error, or the kernel's other reasons.
    pub(crate) fn recv(&mut self, socket: BorrowedFd<'_>, with_local: bool) -> io::Result<usize> {
        self.count = 0;
        let room = self.room;
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; BATCH];
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
        let data = self.data.as_mut_ptr();
        for (index, slot) in self.slots.iter_mut().enumerate().take(room) {
            let part = parts[index].write(libc::iovec {
                iov_base: data.wrapping_add(index * STRIDE).cast(),
                iov_len: ROOM,
            });
            let header = &mut headers[index].write(EMPTY_HEADER).msg_hdr;
            header.msg_name = slot.name.bytes.as_mut_ptr().cast();
            header.msg_namelen = NAME_BYTES as libc::socklen_t;
            header.msg_iov = &raw mut *part;
            header.msg_iovlen = 1;
            if with_local {
                controls[index].write(Control::EMPTY).make_room(header);
            }
        }
        // SAFETY: each of the first `room` headers points to a name of `NAME_BYTES`, to one part, and perhaps to a
        // control buffer with its length; each part lies within `data`, `BATCH` places of `STRIDE` >= `ROOM` bytes.
        // All outlive the call, and none is borrowed elsewhere meanwhile.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr().cast(),
                room as libc::c_uint,
                libc::MSG_DONTWAIT | libc::MSG_TRUNC,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (index, slot) in self.slots.iter_mut().enumerate().take(count) {
            // SAFETY: the first `room` headers were written above, and `count` <= `room`.
            let header = unsafe { headers[index].assume_init_ref() };
            slot.whole = header.msg_len as usize;
            slot.name.set_len(header.msg_hdr.msg_namelen);
            slot.local = if with_local {
                // SAFETY: with `with_local` the first `room` controls were written above.
                let control = unsafe { controls[index].assume_init_ref() };
                control.local_ip(header.msg_hdr.msg_controllen)
            } else {
                None
            };
        }
        self.count = count;
        self.full = count == room;
        // Preparing places that stay empty costs as much as a small message: as many as twice what came last.
        self.room = (2 * count).clamp(LEAST_ROOM, BATCH);
        Ok(count)
    }

    /// Whether the last `recv` stopped for want of places: there may be more to receive.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }
}

/// One message to send: its bytes, to whom on an unconnected socket, and from which of our addresses.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) to: Option<&'a Name>,
    pub(crate) from: Option<LocalIp>,
}

/// `sendmmsg` of `count` messages, at most [`BATCH`], never waiting: how many the kernel took, at least one.
///
/// # Errors
/// Why the first could not be sent; the others were not tried.
pub(crate) fn send_batch<'a>(
    socket: BorrowedFd<'_>,
    count: usize,
    message: impl Fn(usize) -> Outgoing<'a>,
) -> io::Result<usize> {
    let count = count.min(BATCH);
    let mut controls = [const { MaybeUninit::<Control>::uninit() }; BATCH];
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for index in 0..count {
        let Outgoing { data, to, from } = message(index);
        let part = parts[index].write(libc::iovec {
            iov_base: data.as_ptr().cast_mut().cast(),
            iov_len: data.len(),
        });
        let header = &mut headers[index].write(EMPTY_HEADER).msg_hdr;
        if let Some(name) = to {
            header.msg_name = name.bytes.as_ptr().cast_mut().cast();
            header.msg_namelen = name.len.into();
        }
        header.msg_iov = &raw mut *part;
        header.msg_iovlen = 1;
        if let Some(from) = from {
            controls[index]
                .write(Control::EMPTY)
                .set_source(from, header);
        }
    }
    // SAFETY: the first `count` headers point to names, parts and control buffers with their lengths, all of which
    // outlive the call; the kernel only reads what they point to, and writes `msg_len` of the headers.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

const EMPTY_HEADER: libc::mmsghdr = libc::mmsghdr {
    // SAFETY: a `msghdr` is pointers and integers; all zero is the empty one.
    msg_hdr: unsafe { mem::zeroed() },
    msg_len: 0,
};

/// The local address as an [`IpAddr`], an IPv4 address inside IPv6 as itself.
impl From<LocalIp> for IpAddr {
    fn from(local: LocalIp) -> Self {
        match local {
            LocalIp::V4(ip) => ip.into(),
            LocalIp::V6(ip) => IpAddr::V6(ip).to_canonical(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_to_the_kernels_form_and_back() {
        for text in ["127.0.0.2:7007", "[fe80::1%3]:65535", "[::ffff:1.2.3.4]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            let name = Name::new(address);
            assert_eq!(name.address(), Some(address));
            assert_eq!(name.port(), address.port());
        }
        assert_eq!(Name::NONE.address(), None);
    }

    #[test]
    fn a_full_batch_takes_no_more() {
        let mut batch = Batch::new();
        assert!(!batch.push(&[0; ROOM], b"x"));
        for index in 0..BATCH {
            assert!(batch.push(&[index as u8], &[index as u8; 2]));
        }
        assert!(!batch.push(b"x", b""));
        assert_eq!((batch.len(), batch.message(63)), (64, &[63; 3][..]));
    }
}
