//! The blocking socket: the calls of the sockets API under their own names, each one event.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use sockeye_model::event::Protocol;
use sockeye_model::{
    Call, Errno, Family, NotASocketAddress, SocketAddress, SocketId, TcpSample, Timestamp, Totals,
    Type,
};
use sockeye_tap::Tap;

use crate::error::{Error, IntoIo, Result};
use crate::handle::{Handle, Received};
use crate::{AsyncSocket, sys};

/// Which direction `shutdown` ends: [shutdown(2)](https://man7.org/linux/man-pages/man2/shutdown.2.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `SHUT_RD`: we will receive no more. TCP tells nobody.
    Read,
    /// `SHUT_WR`: we will send no more (FIN); receiving goes on.
    Write,
    /// `SHUT_RDWR`: both.
    Both,
}

impl From<Shutdown> for rustix::net::Shutdown {
    fn from(how: Shutdown) -> Self {
        match how {
            Shutdown::Read => Self::Read,
            Shutdown::Write => Self::Write,
            Shutdown::Both => Self::Both,
        }
    }
}

/// A socket of any family and type, in the blocking form that courses teach.
///
/// The calls have the names and the meaning of the manual pages; each is one [`Event`](sockeye_model::Event) where a
/// view is on. A call that has to wait waits, for as long as it takes or up to [`Socket::set_timeout`]. One thread may
/// receive while another sends, since every call takes `&self`.
///
/// **Dropping** it closes it, as [`Socket::close`] does: the descriptor goes, the kernel still delivers what was sent,
/// and on TCP says FIN, or RST if received bytes were left unread. It never waits, and no error can be seen.
///
/// The descriptor itself is non-blocking and close-on-exec; who takes it by [`AsRawFd`] finds it so.
///
/// ```
/// use sockeye_net::{Family, Socket, Type};
///
/// let server = Socket::new(Family::Inet, Type::Stream)?;
/// server.bind(("127.0.0.1", 0))?;
/// server.listen(5)?;
///
/// let client = Socket::new(Family::Inet, Type::Stream)?;
/// client.connect(server.local_address()?)?;
/// client.send_all(b"hola\n")?;
///
/// let (conversation, peer) = server.accept()?;
/// let mut buffer = [0; 1024];
/// let n = conversation.recv(&mut buffer)?;
/// assert_eq!(&buffer[..n], b"hola\n");
/// assert_eq!(peer, client.local_address()?);
/// # Ok::<(), sockeye_net::Error>(())
/// ```
pub struct Socket {
    handle: Handle,
    /// Nanoseconds; 0 is for ever.
    timeout: AtomicU64,
}

impl Socket {
    /// `socket(family, type)`: [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html) with the protocol that
    /// family and type decide.
    ///
    /// # Errors
    /// `EMFILE` when the process has no descriptor left, `EPERM` for RAW without `CAP_NET_RAW`, `EAFNOSUPPORT` where
    /// the kernel lacks the family.
    pub fn new(family: Family, kind: Type) -> Result<Self> {
        Self::with_protocol(family, kind, Protocol::DEFAULT, &Tap::off())
    }

    /// The same, with the third argument of `socket(2)` and whoever watches: every call will be an event of `tap`.
    ///
    /// # Errors
    /// As for [`Socket::new`]; `EPROTONOSUPPORT` for a protocol that isn't the family's.
    pub fn with_protocol(
        family: Family,
        kind: Type,
        protocol: Protocol,
        tap: &Tap,
    ) -> Result<Self> {
        let handle = Handle::new(tap, family, kind, protocol)
            .map_err(|source| Error::new(Call::Socket, source))?;
        Ok(Self::from_handle(handle))
    }

    pub(crate) fn from_handle(handle: Handle) -> Self {
        Self {
            handle,
            timeout: AtomicU64::new(0),
        }
    }

    /// A socket that is open already: inherited from whoever started this program, or passed by another.
    ///
    /// Its `O_NONBLOCK` flag is set, which whoever shares its file description sees too.
    ///
    /// # Errors
    /// `ENOTSOCK` when the descriptor is no socket, `EAFNOSUPPORT` for a family that is neither INET, INET6 nor UNIX.
    pub fn from_fd(fd: OwnedFd, tap: &Tap) -> Result<Self> {
        let open = || -> io::Result<Handle> {
            use rustix::net::{AddressFamily, SocketType, sockopt};
            let family = match sockopt::socket_domain(&fd)? {
                AddressFamily::INET => Family::Inet,
                AddressFamily::INET6 => Family::Inet6,
                AddressFamily::UNIX => Family::Unix,
                _ => return Err(Errno::EAFNOSUPPORT.into_io()),
            };
            let kind = match sockopt::socket_type(&fd)? {
                SocketType::STREAM => Type::Stream,
                SocketType::DGRAM => Type::Datagram,
                SocketType::SEQPACKET => Type::SeqPacket,
                _ => Type::Raw,
            };
            rustix::io::ioctl_fionbio(&fd, true)?;
            let id = tap.next_socket();
            Handle::adopt(fd, tap, id, None, family, kind)
        };
        open()
            .map(Self::from_handle)
            .map_err(|source| Error::new(Call::Socket, source))
    }

    /// `bind`: gives it an address; port 0 lets the system choose, and the address it chose is returned.
    ///
    /// The address is a [`SocketAddress`], a `std::net::SocketAddr`, or what can be read as one: `("127.0.0.1", 7007)`,
    /// `"[::1]:7007"`, `"/run/app.sock"`. [`Socket::connect`] and [`Socket::send_to`] take the same.
    ///
    /// Nothing is set on the way: a server that is to restart at once sets `SO_REUSEADDR` first
    /// ([`Socket::set_option`]), see [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    ///
    /// # Errors
    /// `EADDRINUSE` when it is taken, `EACCES` for a port below 1024 without privilege, `EADDRNOTAVAIL` for an address
    /// that is not this machine's, `ENAMETOOLONG` for a UNIX name that can't fit; no number of the kernel's for text
    /// that is no address.
    pub fn bind(
        &self,
        address: impl TryInto<SocketAddress, Error: Into<NotASocketAddress>>,
    ) -> Result<SocketAddress> {
        let address = address_of(Call::Bind, address)?;
        self.handle
            .bind(&address)
            .map_err(|source| Error::at(Call::Bind, address, source))
    }

    /// `listen`: returns at once; from now on the kernel answers handshakes, up to about `backlog` not yet accepted.
    ///
    /// # Errors
    /// `EOPNOTSUPP` on a socket of messages: UDP has nothing to listen for.
    pub fn listen(&self, backlog: u32) -> Result<()> {
        self.handle
            .listen(backlog)
            .map_err(|source| Error::new(Call::Listen, source))
    }

    /// `accept`: waits for a client; gives a new socket, on the same port, and the client's address.
    ///
    /// # Errors
    /// `EMFILE` when no descriptor is left, `EINVAL` without `listen`, `ETIMEDOUT` after the time set.
    pub fn accept(&self) -> Result<(Self, SocketAddress)> {
        let (handle, peer) = self
            .call(Call::Accept, PollFlags::IN, |handle, began| {
                handle.accept(began)
            })
            .map_err(|source| Error::new(Call::Accept, source))?;
        Ok((Self::from_handle(handle), peer))
    }

    /// `connect`: for a stream, the handshake, answered by the other *kernel*; for messages, the peer is remembered
    /// and nothing is sent.
    ///
    /// # Errors
    /// `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `ENETUNREACH`; `ENOENT` for a UNIX path that isn't there.
    pub fn connect(
        &self,
        peer: impl TryInto<SocketAddress, Error: Into<NotASocketAddress>>,
    ) -> Result<()> {
        let peer = address_of(Call::Connect, peer)?;
        self.connect_within(&peer)
            .map_err(|source| Error::at(Call::Connect, peer, source))
    }

    fn connect_within(&self, peer: &SocketAddress) -> io::Result<()> {
        let handle = &self.handle;
        handle.emit(
            handle.tap.now(),
            sockeye_model::Kind::Connecting { peer: peer.clone() },
        );
        let began = handle.tap.now();
        let deadline = self.deadline();
        let in_progress = loop {
            match handle.connect(began, peer) {
                Ok(done) => break !done,
                // A UNIX listener with a full queue: nothing ever becomes ready, so ask again.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait_a_little(deadline, CONNECT_AGAIN).inspect_err(|_| {
                        handle.emit_failed(began, Call::Connect, Errno::ETIMEDOUT, Some(peer))
                    })?;
                }
                Err(error) => return Err(error),
            }
        };
        if in_progress {
            wait_until(handle.as_fd(), PollFlags::OUT, deadline).inspect_err(|error| {
                handle.emit_failed(began, Call::Connect, Errno::from(error), Some(peer))
            })?;
            handle.connect_result(began, peer)?;
        }
        Ok(())
    }

    /// `send`: copies what fits to the kernel and says how many bytes that was; it says nothing about the reader.
    /// A message goes whole or not at all.
    ///
    /// # Errors
    /// `EPIPE` or `ECONNRESET` when the peer has gone, `EMSGSIZE` for a message that is too long, `ENOTCONN`;
    /// on UDP `ECONNREFUSED`, which belongs to an *earlier* message.
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        self.call(Call::Send, PollFlags::OUT, |handle, began| {
            handle.send(began, data)
        })
        .map_err(|source| self.about_peer(Call::Send, source))
    }

    /// `send` again and again until all is with the kernel.
    ///
    /// # Errors
    /// As for [`Socket::send`]; what was sent before the failure stays sent.
    pub fn send_all(&self, mut data: &[u8]) -> Result<()> {
        loop {
            let sent = self.send(data)?;
            data = &data[sent..];
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    /// `recv`: waits for something and gives it, 1 byte or up to the buffer's length.
    ///
    /// 0 means that the other side of a stream will send no more; for UDP it is an empty message. Where the two must
    /// be told apart, use [`Socket::receive`].
    ///
    /// # Errors
    /// `ECONNRESET`, `ETIMEDOUT` after the time set; on UDP `ECONNREFUSED`.
    pub fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        Ok(match self.receive(buffer)? {
            Received::Data { len, .. } => len,
            Received::End => 0,
        })
    }

    /// `recv`, with the end, an empty message and a message that was cut told apart.
    ///
    /// # Errors
    /// As for [`Socket::recv`].
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Received> {
        self.call(Call::Recv, PollFlags::IN, |handle, began| {
            handle.recv(began, buffer)
        })
        .map_err(|source| self.about_peer(Call::Recv, source))
    }

    /// `sendto`: one message to that address, without a connection.
    ///
    /// # Errors
    /// `EMSGSIZE` above 65,507 bytes over IPv4 or 65,527 over IPv6, `EACCES` to a broadcast address without
    /// `SO_BROADCAST`.
    pub fn send_to(
        &self,
        data: &[u8],
        peer: impl TryInto<SocketAddress, Error: Into<NotASocketAddress>>,
    ) -> Result<usize> {
        let peer = address_of(Call::SendTo, peer)?;
        self.call(Call::SendTo, PollFlags::OUT, |handle, began| {
            handle.send_to(began, data, &peer)
        })
        .map_err(|source| Error::at(Call::SendTo, peer, source))
    }

    /// `recvfrom`: waits for one message; gives its length and who sent it. What doesn't fit is lost for good:
    /// 64 KiB hold any UDP message.
    ///
    /// # Errors
    /// As for [`Socket::recv`].
    pub fn recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddress)> {
        let (received, peer) = self
            .call(Call::RecvFrom, PollFlags::IN, |handle, began| {
                handle.recv_from(began, buffer)
            })
            .map_err(|source| Error::new(Call::RecvFrom, source))?;
        match received {
            Received::Data { len, .. } => Ok((len, peer)),
            Received::End => Ok((0, peer)),
        }
    }

    /// `shutdown`: ends one direction; the other goes on.
    ///
    /// # Errors
    /// `ENOTCONN` when there is no connection (any more).
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.handle
            .shutdown(how.into())
            .map_err(|source| self.about_peer(Call::Shutdown, source))
    }

    /// `close`: the descriptor goes. The same as dropping it, said aloud.
    pub fn close(self) {}

    /// How long a call may wait; `None`, the default, is for ever. Then it fails with `ETIMEDOUT`.
    pub fn set_timeout(&self, timeout: Option<Duration>) {
        let nanos = timeout.map_or(0, |timeout| {
            u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1)
        });
        self.timeout.store(nanos, Ordering::Relaxed);
    }

    /// `getsockname`: this end's address.
    ///
    /// # Errors
    /// `ENOBUFS`, in theory.
    pub fn local_address(&self) -> Result<SocketAddress> {
        self.handle
            .local_address()
            .map_err(|source| Error::new(Call::GetSockName, source))
    }

    /// `getpeername`: the other end's address.
    ///
    /// # Errors
    /// `ENOTCONN` when there is none.
    pub fn peer_address(&self) -> Result<SocketAddress> {
        self.handle
            .peer_address()
            .map_err(|source| Error::new(Call::GetPeerName, source))
    }

    /// Its number in the stream of events.
    pub fn id(&self) -> SocketId {
        self.handle.id
    }

    /// INET, INET6 or UNIX.
    pub fn family(&self) -> Family {
        self.handle.family
    }

    /// STREAM, DGRAM, SEQPACKET or RAW.
    pub fn kind(&self) -> Type {
        self.handle.kind
    }

    /// Bytes and calls so far, in both directions.
    pub fn totals(&self) -> Totals {
        self.handle.totals()
    }

    /// What the kernel knows of a TCP connection now; `None` for other sockets.
    pub fn tcp_sample(&self) -> Option<TcpSample> {
        sys::tcp_sample(self.as_fd())
    }

    /// The asynchronous form of the same socket, in the event loop that runs now.
    ///
    /// # Errors
    /// What `epoll_ctl(2)` gave.
    ///
    /// # Panics
    /// Outside of a tokio runtime with IO enabled.
    pub fn into_async(self) -> Result<AsyncSocket> {
        AsyncSocket::register(self.handle)
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn about_peer(&self, call: Call, source: io::Error) -> Error {
        Error {
            call,
            address: self.handle.peer_address().ok(),
            source,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.timeout.load(Ordering::Relaxed) {
            0 => None,
            nanos => Instant::now().checked_add(Duration::from_nanos(nanos)),
        }
    }

    /// Makes the call; waits with poll(2) while it can't go on, and says so once.
    fn call<T>(
        &self,
        call: Call,
        readiness: PollFlags,
        mut attempt: impl FnMut(&Handle, Timestamp) -> io::Result<T>,
    ) -> io::Result<T> {
        let handle = &self.handle;
        handle.tap.wait_room();
        let began = handle.tap.now();
        let mut waiting = false;
        loop {
            match attempt(handle, began) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !waiting {
                        waiting = true;
                        handle.emit_waiting(call);
                    }
                    wait_until(handle.as_fd(), readiness, self.deadline()).inspect_err(
                        |error| handle.emit_failed(began, call, Errno::from(error), None),
                    )?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("fd", &self.as_raw_fd())
            .field("family", &self.handle.family)
            .field("kind", &self.handle.kind)
            .finish_non_exhaustive()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.handle.as_raw_fd()
    }
}

/// The address that `call` was given, or why it is none.
fn address_of<A>(call: Call, given: A) -> Result<SocketAddress>
where
    A: TryInto<SocketAddress, Error: Into<NotASocketAddress>>,
{
    given.try_into().map_err(|error| {
        let source = io::Error::new(io::ErrorKind::InvalidInput, error.into());
        Error::new(call, source)
    })
}

/// Waits with poll(2) until `fd` is ready, or in error, or hung up.
fn wait_until(
    fd: BorrowedFd<'_>,
    readiness: PollFlags,
    deadline: Option<Instant>,
) -> io::Result<()> {
    loop {
        let left = match deadline {
            None => None,
            Some(deadline) => Some(time_left(deadline)?),
        };
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(
            &mut [PollFd::from_borrowed_fd(fd, readiness)],
            timeout.as_ref(),
        ) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn wait_a_little(deadline: Option<Instant>, pause: Duration) -> io::Result<()> {
    let pause = match deadline {
        None => pause,
        Some(deadline) => time_left(deadline)?.min(pause),
    };
    std::thread::sleep(pause);
    Ok(())
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(Errno::ETIMEDOUT.into_io())
    } else {
        Ok(left)
    }
}

/// How often a connect to a UNIX listener with a full queue is tried again.
pub(crate) const CONNECT_AGAIN: Duration = Duration::from_millis(10);
