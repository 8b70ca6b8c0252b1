//! One kernel socket and its calls: each makes one system call and tells one event.
//!
//! The descriptor never blocks. [`crate::Socket`] waits with poll(2), [`crate::AsyncSocket`] in the event loop; both
//! make the same calls through here, so that neither can tell a different story.

mod told;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use rustix::net::{self, RecvFlags, SendFlags, SocketFlags, SocketType};
use sockeye_model::event::Protocol;
use sockeye_model::{Call, End, Errno, Family, Kind, SocketAddress, SocketId, Timestamp, Type};
use sockeye_tap::Tap;

use crate::buffer::Buffer;
use crate::kernel_address::{KernelAddress, from_kernel};
use crate::sys;
use told::Counters;

/// What a receive brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// This many bytes; of a message, perhaps none.
    Data {
        /// Bytes now in the buffer.
        len: usize,
        /// The message's real length, when the buffer was too small and the rest is gone.
        truncated_from: Option<usize>,
    },
    /// The other side will send no more.
    End,
}

pub(crate) struct Handle {
    fd: OwnedFd,
    pub(crate) tap: Tap,
    pub(crate) id: SocketId,
    parent: Option<SocketId>,
    pub(crate) family: Family,
    pub(crate) kind: Type,
    /// Which end finished first: 0 none, 1 ours, 2 the peer's.
    first_end: AtomicU8,
    connected: AtomicU8,
    /// The peer, where it has no port: `getpeername` then says that there is none.
    portless: OnceLock<Box<SocketAddress>>,
    /// A send of a stream was told that the connection broke: the kernel says so once, and then calls it an end.
    broke: AtomicBool,
    /// A layer above it has the conversation: its calls carry what nobody above has sent.
    veiled: AtomicBool,
    /// The layer above all others is one of messages.
    keeps_messages_above: AtomicBool,
    counters: Counters,
}

impl Handle {
    /// `socket(2)`, never blocking and closed on exec.
    pub(crate) fn new(
        tap: &Tap,
        family: Family,
        kind: Type,
        protocol: Protocol,
    ) -> io::Result<Self> {
        let began = tap.now();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let number = u32::try_from(protocol.0)
            .ok()
            .and_then(std::num::NonZeroU32::new);
        let protocol_argument = number.map(net::Protocol::from_raw);
        let made = net::socket_with(
            address_family(family),
            socket_type(kind),
            flags,
            protocol_argument,
        );
        let fd = match made {
            Ok(fd) => fd,
            Err(errno) => {
                let failed = Kind::Failed {
                    call: Call::Socket,
                    errno: Errno(errno.raw_os_error()),
                    address: None,
                };
                tap.emit(SocketId::NONE, None, Some(began), failed);
                return Err(errno.into());
            }
        };
        let handle = Self::adopt(fd, tap, tap.next_socket(), None, family, kind)?;
        handle.emit(
            began,
            Kind::Created {
                family,
                kind,
                protocol,
            },
        );
        Ok(handle)
    }

    /// A descriptor that exists already: accepted, inherited or passed.
    pub(crate) fn adopt(
        fd: OwnedFd,
        tap: &Tap,
        id: SocketId,
        parent: Option<SocketId>,
        family: Family,
        kind: Type,
    ) -> io::Result<Self> {
        if kind == Type::SeqPacket {
            // Each message then carries its sender's credentials, which tells an empty message from the end.
            net::sockopt::set_socket_passcred(&fd, true)?;
        }
        Ok(Self {
            fd,
            tap: tap.clone(),
            id,
            parent,
            family,
            kind,
            first_end: AtomicU8::new(0),
            connected: AtomicU8::new(0),
            portless: OnceLock::new(),
            broke: AtomicBool::new(false),
            veiled: AtomicBool::new(false),
            keeps_messages_above: AtomicBool::new(false),
            counters: Counters::default(),
        })
    }

    /// Urgent data (`MSG_OOB`) is received where it stands in the stream, as every other byte; the kernel would keep it
    /// apart otherwise, where no `recv` finds it. A socket that a TCP listener accepts has this from the listener, one of
    /// a UNIX listener has not. See `SO_OOBINLINE` in [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    pub(crate) fn keep_urgent(&self) -> io::Result<()> {
        Ok(net::sockopt::set_socket_oobinline(&self.fd, true)?)
    }

    pub(crate) fn emit(&self, began: Timestamp, kind: Kind<'_>) {
        self.tap.emit(self.id, self.parent, Some(began), kind);
    }

    /// The call can't go on: said when it parks, once.
    pub(crate) fn emit_waiting(&self, call: Call) {
        self.tap
            .emit(self.id, self.parent, None, Kind::Waiting { call });
    }

    /// A failed call is told; "come back later" is no failure, and a retry is no call.
    fn told<T>(
        &self,
        began: Timestamp,
        call: Call,
        address: Option<&SocketAddress>,
        result: io::Result<T>,
    ) -> io::Result<T> {
        if let Err(error) = &result
            && !comes_back(error)
        {
            self.emit(
                began,
                Kind::Failed {
                    call,
                    errno: Errno::from(error),
                    address: address.cloned(),
                },
            );
        }
        result
    }

    pub(crate) fn bind(&self, address: &SocketAddress) -> io::Result<SocketAddress> {
        let began = self.tap.now();
        let bound =
            KernelAddress::new(address).and_then(|kernel| Ok(net::bind(&self.fd, &kernel.any)?));
        self.told(began, Call::Bind, Some(address), bound)?;
        let local = match address {
            // A long path is bound by way of its directory; its own name is the one that people know.
            SocketAddress::UnixPath(_) => address.clone(),
            _ => self.local_address()?,
        };
        self.emit(
            began,
            Kind::Bound {
                local: local.clone(),
            },
        );
        Ok(local)
    }

    pub(crate) fn listen(&self, backlog: u32) -> io::Result<()> {
        let began = self.tap.now();
        let listening = net::listen(&self.fd, i32::try_from(backlog).unwrap_or(i32::MAX))
            .map_err(io::Error::from);
        self.told(began, Call::Listen, None, listening)?;
        if self.tap.is_on() {
            self.emit(
                began,
                Kind::Listening {
                    local: self.local_address()?,
                    backlog,
                },
            );
        }
        Ok(())
    }

    pub(crate) fn accept(&self, began: Timestamp) -> io::Result<(Self, SocketAddress)> {
        let accepted = self.accept_untold(began);
        self.told(began, Call::Accept, None, accepted)
    }

    /// The same, but a failure is the caller's to tell.
    pub(crate) fn accept_untold(&self, began: Timestamp) -> io::Result<(Self, SocketAddress)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (fd, peer) = net::acceptfrom_with(&self.fd, flags)?;
        let peer = from_kernel(peer);
        let id = self.tap.next_socket();
        let socket = Self::adopt(fd, &self.tap, id, Some(self.id), self.family, self.kind)?;
        socket.connected.store(1, Ordering::Relaxed);
        if self.tap.is_on() {
            let local = socket.local_address()?;
            socket.emit(
                began,
                Kind::Accepted {
                    local,
                    peer: peer.clone(),
                },
            );
        }
        Ok((socket, peer))
    }

    /// Begins to connect; `true` when that was all (UDP, UNIX).
    pub(crate) fn connect(&self, began: Timestamp, peer: &SocketAddress) -> io::Result<bool> {
        let result =
            KernelAddress::new(peer).and_then(|kernel| Ok(net::connect(&self.fd, &kernel.any)?));
        match result {
            Ok(()) => {
                self.emit_connected(began, peer)?;
                Ok(true)
            }
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS.0) => Ok(false),
            // EAGAIN here: the queue of a UNIX listener is full, and the socket is not connected.
            Err(error) => self.told(began, Call::Connect, Some(peer), Err(error)),
        }
    }

    /// The end of a connect that was in progress, once the socket is writable: `SO_ERROR`.
    pub(crate) fn connect_result(&self, began: Timestamp, peer: &SocketAddress) -> io::Result<()> {
        let result = match net::sockopt::socket_error(&self.fd) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(errno)) | Err(errno) => Err(errno.into()),
        };
        self.told(began, Call::Connect, Some(peer), result)?;
        self.emit_connected(began, peer)
    }

    fn emit_connected(&self, began: Timestamp, peer: &SocketAddress) -> io::Result<()> {
        self.connected.store(1, Ordering::Relaxed);
        if peer.port() == Some(0) {
            let _ = self.portless.set(Box::new(peer.clone()));
        }
        if self.tap.is_on() {
            self.emit(
                began,
                Kind::Connected {
                    local: self.local_address()?,
                    peer: peer.clone(),
                },
            );
        }
        Ok(())
    }

    /// A connect that nobody waits for any more.
    pub(crate) fn emit_failed(
        &self,
        began: Timestamp,
        call: Call,
        errno: Errno,
        address: Option<&SocketAddress>,
    ) {
        self.emit(
            began,
            Kind::Failed {
                call,
                errno,
                address: address.cloned(),
            },
        );
    }

    pub(crate) fn send(&self, began: Timestamp, data: &[u8]) -> io::Result<usize> {
        let _begun = self.tap.begin();
        let sent = net::send(&self.fd, data, SendFlags::NOSIGNAL).map_err(io::Error::from);
        self.note_break(&sent);
        let sent = self.told(began, Call::Send, None, sent)?;
        self.sent(began, Call::Send, &data[..sent], data.len(), None);
        Ok(sent)
    }

    /// `sendfile(2)`: bytes of a file that do not pass through this program.
    pub(crate) fn send_file(
        &self,
        began: Timestamp,
        file: BorrowedFd<'_>,
        mut offset: u64,
        len: usize,
    ) -> io::Result<usize> {
        let _begun = self.tap.begin();
        let sent =
            rustix::fs::sendfile(&self.fd, file, Some(&mut offset), len).map_err(io::Error::from);
        if sent
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
        {
            // This file system can't: it says nothing of the connection, and the bytes go another way.
            return sent;
        }
        self.note_break(&sent);
        let sent = self.told(began, Call::SendFile, None, sent)?;
        if sent > 0 {
            self.sent_unseen(began, Call::SendFile, sent);
        }
        Ok(sent)
    }

    pub(crate) fn send_to(
        &self,
        began: Timestamp,
        data: &[u8],
        peer: &SocketAddress,
    ) -> io::Result<usize> {
        let _begun = self.tap.begin();
        let sent = KernelAddress::new(peer).and_then(|kernel| {
            Ok(net::sendto(
                &self.fd,
                data,
                SendFlags::NOSIGNAL,
                &kernel.any,
            )?)
        });
        let sent = self.told(began, Call::SendTo, Some(peer), sent)?;
        self.sent(began, Call::SendTo, &data[..sent], data.len(), Some(peer));
        Ok(sent)
    }

    pub(crate) fn recv(&self, began: Timestamp, buffer: &mut [u8]) -> io::Result<Received> {
        let received = match self.kind {
            Type::Stream => match net::recv(&self.fd, &mut *buffer, RecvFlags::empty()) {
                Ok((0, _)) if !buffer.is_empty() => Ok(Received::End),
                Ok((len, _)) => Ok(Received::Data {
                    len,
                    truncated_from: None,
                }),
                Err(errno) => Err(errno.into()),
            },
            Type::SeqPacket => self.recv_packet(buffer),
            Type::Datagram | Type::Raw => match net::recv(&self.fd, &mut *buffer, RecvFlags::TRUNC)
            {
                Ok((len, whole)) => Ok(Received::Data {
                    len,
                    truncated_from: (whole > len).then_some(whole),
                }),
                Err(errno) => Err(errno.into()),
            },
        };
        let received = self.told(began, Call::Recv, None, received)?;
        match received {
            Received::End => self.peer_ended(began),
            Received::Data {
                len,
                truncated_from,
            } => {
                self.received(
                    began,
                    Call::Recv,
                    &buffer[..len],
                    buffer.len(),
                    truncated_from,
                    None,
                );
            }
        }
        Ok(received)
    }

    /// On a SEQPACKET socket 0 bytes are the end or an empty message: only a message has a sender.
    fn recv_packet(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = net::RecvAncillaryBuffer::new(&mut space);
        let mut parts = [io::IoSliceMut::new(buffer)];
        let message = net::recvmsg(&self.fd, &mut parts, &mut control, RecvFlags::TRUNC)?;
        let whole = message.bytes;
        if whole == 0 && control.drain().next().is_none() {
            return Ok(Received::End);
        }
        let len = whole.min(buffer.len());
        Ok(Received::Data {
            len,
            truncated_from: (whole > len).then_some(whole),
        })
    }

    pub(crate) fn recv_from(
        &self,
        began: Timestamp,
        buffer: &mut [u8],
    ) -> io::Result<(Received, SocketAddress)> {
        let received =
            net::recvfrom(&self.fd, &mut *buffer, RecvFlags::TRUNC).map_err(io::Error::from);
        let (len, whole, peer) = self.told(began, Call::RecvFrom, None, received)?;
        let peer = from_kernel(peer);
        if len == 0 && self.kind == Type::Stream && !buffer.is_empty() {
            self.peer_ended(began);
            return Ok((Received::End, peer));
        }
        let truncated_from = (whole > len).then_some(whole);
        self.received(
            began,
            Call::RecvFrom,
            &buffer[..len],
            buffer.len(),
            truncated_from,
            Some(&peer),
        );
        Ok((
            Received::Data {
                len,
                truncated_from,
            },
            peer,
        ))
    }

    /// The length of the next message, without taking it; waits for nobody.
    pub(crate) fn next_message_len(&self) -> io::Result<usize> {
        let (_, whole) = net::recv(&self.fd, &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::TRUNC)?;
        Ok(whole)
    }

    /// A buffer that the next message fits in: a UNIX message may be longer than those of the pool.
    pub(crate) fn buffer_for_next(&self) -> io::Result<Buffer> {
        if self.family == Family::Unix && self.kind.keeps_messages() {
            let len = self.next_message_len()?;
            if len > Buffer::SIZE {
                return Ok(Buffer::with_size(len));
            }
        }
        Ok(Buffer::lend())
    }

    pub(crate) fn shutdown(&self, how: net::Shutdown) -> io::Result<()> {
        let began = self.tap.now();
        if how != net::Shutdown::Read {
            // Before the call: the peer's end may be read, on another thread, before it returns.
            self.note_end(End::Ours);
        }
        let _begun = self.tap.begin();
        let done = net::shutdown(&self.fd, how).map_err(io::Error::from);
        self.told(began, Call::Shutdown, None, done)?;
        if how == net::Shutdown::Read {
            self.emit(
                began,
                Kind::Called {
                    call: Call::Shutdown,
                    result: Ok(0),
                },
            );
        } else {
            self.emit(began, Kind::HalfClosed { end: End::Ours });
        }
        Ok(())
    }

    pub(crate) fn local_address(&self) -> io::Result<SocketAddress> {
        let local = from_kernel(Some(net::getsockname(&self.fd)?));
        match (self.kind, local.inet()) {
            // Where others have a port, a raw socket has the number of its protocol.
            (Type::Raw, Some(mut inet)) => {
                inet.set_port(0);
                Ok(inet.into())
            }
            _ => Ok(local),
        }
    }

    pub(crate) fn peer_address(&self) -> io::Result<SocketAddress> {
        match (net::getpeername(&self.fd), self.portless.get()) {
            (Err(_), Some(peer)) => Ok((**peer).clone()),
            (peer, _) => Ok(from_kernel(peer?)),
        }
    }

    /// Closing it will be a reset, where there is a connection that can be reset.
    pub(crate) fn reset_on_close(&self) {
        if self.is_tcp() {
            let _ = net::sockopt::set_socket_linger(&self.fd, Some(Duration::ZERO));
        }
    }

    pub(crate) fn is_tcp(&self) -> bool {
        self.kind == Type::Stream && self.family != Family::Unix
    }
}

impl Drop for Handle {
    /// Tells the close with the socket's totals; the kernel's last figures first, while there is a socket to ask.
    fn drop(&mut self) {
        if !self.tap.is_on() {
            return;
        }
        if self.is_tcp()
            && self.connected.load(Ordering::Relaxed) == 1
            && let Some(sample) = sys::tcp_sample(self.fd.as_fd())
        {
            self.tap
                .emit(self.id, self.parent, None, Kind::Sampled { sample });
        }
        let first = match self.first_end.load(Ordering::Relaxed) {
            1 => Some(End::Ours),
            2 => Some(End::Peer),
            _ if self.connected.load(Ordering::Relaxed) == 1 && self.kind != Type::Datagram => {
                Some(End::Ours)
            }
            _ => None,
        };
        self.tap.emit(
            self.id,
            self.parent,
            None,
            Kind::Closed {
                totals: self.totals(),
                first,
            },
        );
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Handle {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

fn comes_back(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

fn address_family(family: Family) -> net::AddressFamily {
    match family {
        Family::Inet => net::AddressFamily::INET,
        Family::Inet6 => net::AddressFamily::INET6,
        Family::Unix => net::AddressFamily::UNIX,
    }
}

fn socket_type(kind: Type) -> SocketType {
    match kind {
        Type::Stream => SocketType::STREAM,
        Type::Datagram => SocketType::DGRAM,
        Type::SeqPacket => SocketType::SEQPACKET,
        Type::Raw => SocketType::RAW,
    }
}
