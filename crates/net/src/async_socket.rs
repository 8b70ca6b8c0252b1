//! The asynchronous socket: the same calls, waiting in the event loop.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use rustix::net::Shutdown as How;
use sockeye_model::event::Protocol;
use sockeye_model::{
    Call, Family, Kind, SocketAddress, SocketId, TcpSample, Timestamp, Totals, Type,
};
use sockeye_tap::Tap;
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use crate::buffer::{Buffer, Lease};
use crate::error::{Error, Result};
use crate::handle::{Handle, Received};
use crate::socket::{CONNECT_AGAIN, Shutdown, Socket};
use crate::sys;

/// A socket of any family and type in the event loop: the calls of [`Socket`], which park instead of blocking.
///
/// One task may receive while another sends. Dropping a call's future loses nothing: a call that has not returned has
/// received nothing. Dropping the socket closes it, as for [`Socket`].
pub struct AsyncSocket {
    fd: AsyncFd<Handle>,
}

/// A received message or stretch of a stream, in a buffer lent by the pool.
#[derive(Debug)]
pub enum Lent {
    /// What came; perhaps an empty message.
    Data(Lease),
    /// The other side will send no more.
    End,
}

impl Lent {
    pub(crate) fn of(buffer: Buffer, received: Received) -> Self {
        match received {
            Received::Data { len, .. } => Self::Data(Lease::new(buffer, len)),
            Received::End => Self::End,
        }
    }
}

impl AsyncSocket {
    /// `socket(family, type)`; see [`Socket::new`].
    ///
    /// # Errors
    /// As for [`Socket::new`].
    ///
    /// # Panics
    /// Outside of a tokio runtime with IO enabled.
    pub fn new(family: Family, kind: Type, tap: &Tap) -> Result<Self> {
        Socket::with_protocol(family, kind, Protocol::DEFAULT, tap)?.into_async()
    }

    pub(crate) fn register(handle: Handle) -> Result<Self> {
        let fd = sys::register_socket(handle).map_err(|source| Error::new(Call::Poll, source))?;
        Ok(Self { fd })
    }

    /// The blocking form of the same socket; it leaves the event loop.
    pub fn into_blocking(self) -> Socket {
        Socket::from_handle(self.fd.into_inner())
    }

    /// `accept`; see [`Socket::accept`].
    ///
    /// # Errors
    /// As for [`Socket::accept`].
    pub async fn accept(&self) -> Result<(Self, SocketAddress)> {
        let (handle, peer) = self
            .read(Call::Accept, |handle, began| {
                handle.accept(began).map(|accepted| (accepted, Whole))
            })
            .await
            .map_err(|source| Error::new(Call::Accept, source))?;
        Ok((Self::register(handle)?, peer))
    }

    /// `connect`; see [`Socket::connect`]. Whoever wants a deadline drops the future.
    ///
    /// # Errors
    /// As for [`Socket::connect`].
    pub async fn connect(&self, peer: &SocketAddress) -> Result<()> {
        match begin_connect(self.handle(), peer).await? {
            Connect::Done => Ok(()),
            Connect::InProgress(began) => self.connected(began, peer).await,
        }
    }

    /// Waits for the end of a connect that [`begin_connect`] left in progress.
    pub(crate) async fn connected(&self, began: Timestamp, peer: &SocketAddress) -> Result<()> {
        let failed = |source| Error::at(Call::Connect, peer.clone(), source);
        self.writable().await.map_err(failed)?;
        self.handle().connect_result(began, peer).map_err(failed)
    }

    /// `recv`; 0 is the end of a stream. See [`Socket::recv`].
    ///
    /// # Errors
    /// As for [`Socket::recv`].
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        Ok(match self.receive(buffer).await? {
            Received::Data { len, .. } => len,
            Received::End => 0,
        })
    }

    /// `recv` with the end, an empty message and a cut one told apart; see [`Socket::receive`].
    ///
    /// # Errors
    /// As for [`Socket::recv`].
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<Received> {
        let room = buffer.len();
        self.read(Call::Recv, |handle, began| {
            let received = handle.recv(began, buffer)?;
            Ok((received, self.drained(received, room)))
        })
        .await
        .map_err(|source| self.about_peer(Call::Recv, source))
    }

    /// `recv` into a buffer of the pool, taken once there is something to receive: one who waits owns none.
    ///
    /// No message is cut: any UDP message fits, and for a UNIX message the buffer is made as long as it is.
    ///
    /// # Errors
    /// As for [`Socket::recv`].
    pub async fn recv_lease(&self) -> Result<Lent> {
        self.read(Call::Recv, |handle, began| {
            let mut buffer = handle.buffer_for_next()?;
            let room = buffer.len();
            let received = handle.recv(began, &mut buffer)?;
            let drained = self.drained(received, room);
            Ok((Lent::of(buffer, received), drained))
        })
        .await
        .map_err(|source| self.about_peer(Call::Recv, source))
    }

    /// `recvfrom`; see [`Socket::recv_from`].
    ///
    /// # Errors
    /// As for [`Socket::recv_from`].
    pub async fn recv_from(&self, buffer: &mut [u8]) -> Result<(Received, SocketAddress)> {
        self.read(Call::RecvFrom, |handle, began| {
            handle
                .recv_from(began, buffer)
                .map(|received| (received, Whole))
        })
        .await
        .map_err(|source| Error::new(Call::RecvFrom, source))
    }

    /// `send`; see [`Socket::send`].
    ///
    /// # Errors
    /// As for [`Socket::send`].
    pub async fn send(&self, data: &[u8]) -> Result<usize> {
        self.write(Call::Send, |handle, began| handle.send(began, data))
            .await
            .map_err(|source| self.about_peer(Call::Send, source))
    }

    /// `send` until all is with the kernel; see [`Socket::send_all`].
    ///
    /// # Errors
    /// As for [`Socket::send`].
    pub async fn send_all(&self, mut data: &[u8]) -> Result<()> {
        loop {
            let sent = self.send(data).await?;
            data = &data[sent..];
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    /// `sendto`; see [`Socket::send_to`].
    ///
    /// # Errors
    /// As for [`Socket::send_to`].
    pub async fn send_to(&self, data: &[u8], peer: &SocketAddress) -> Result<usize> {
        self.write(Call::SendTo, |handle, began| {
            handle.send_to(began, data, peer)
        })
        .await
        .map_err(|source| Error::at(Call::SendTo, peer.clone(), source))
    }

    /// `shutdown`; see [`Socket::shutdown`].
    ///
    /// # Errors
    /// As for [`Socket::shutdown`].
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        let how: How = how.into();
        self.handle()
            .shutdown(how)
            .map_err(|source| self.about_peer(Call::Shutdown, source))
    }

    /// The process that a UNIX socket was connected by, or that listened on it: `SO_PEERCRED` of
    /// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html). `None` for other families.
    pub fn peer_pid(&self) -> Option<u32> {
        if self.family() != Family::Unix {
            return None;
        }
        let credentials = rustix::net::sockopt::socket_peercred(self).ok()?;
        u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()
    }

    /// Closing this TCP socket will be a reset instead of an end (`SO_LINGER` of 0 s), so that nobody takes what came
    /// for all there was. See [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    pub fn reset_on_close(&self) {
        self.handle().reset_on_close();
    }

    /// `getsockname`: this end's address.
    ///
    /// # Errors
    /// As for [`Socket::local_address`].
    pub fn local_address(&self) -> Result<SocketAddress> {
        self.handle()
            .local_address()
            .map_err(|source| Error::new(Call::GetSockName, source))
    }

    /// `getpeername`: the other end's address.
    ///
    /// # Errors
    /// As for [`Socket::peer_address`].
    pub fn peer_address(&self) -> Result<SocketAddress> {
        self.handle()
            .peer_address()
            .map_err(|source| Error::new(Call::GetPeerName, source))
    }

    /// Its number in the stream of events.
    pub fn id(&self) -> SocketId {
        self.handle().id
    }

    /// INET, INET6 or UNIX.
    pub fn family(&self) -> Family {
        self.handle().family
    }

    /// STREAM, DGRAM, SEQPACKET or RAW.
    pub fn kind(&self) -> Type {
        self.handle().kind
    }

    /// Bytes and calls so far, in both directions.
    pub fn totals(&self) -> Totals {
        self.handle().totals()
    }

    /// Where its events go: for what a protocol above it has to tell.
    pub fn tap(&self) -> &Tap {
        &self.handle().tap
    }

    /// What the kernel knows of a TCP connection now.
    pub fn tcp_sample(&self) -> Option<TcpSample> {
        sys::tcp_sample(self.as_fd())
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.fd.get_ref()
    }

    pub(crate) fn about_peer(&self, call: Call, source: io::Error) -> Error {
        Error {
            call,
            address: self.handle().peer_address().ok(),
            source,
        }
    }

    pub(crate) fn poll_read_ready<'a>(
        &'a self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, Handle>>> {
        self.fd.poll_read_ready(context)
    }

    pub(crate) fn poll_write_ready<'a>(
        &'a self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, Handle>>> {
        self.fd.poll_write_ready(context)
    }

    /// After a short read of a TCP stream nothing is left: it saves the call that would say so. But a receive also
    /// stops before urgent data, and on UNIX behind bytes that descriptors came with.
    pub(crate) fn drained(&self, received: Received, room: usize) -> Drained {
        match received {
            Received::Data { len, .. }
                if 0 < len
                    && len < room
                    && self.handle().is_tcp()
                    && self.ready_now(Interest::PRIORITY).is_none() =>
            {
                Empty
            }
            _ => Whole,
        }
    }

    pub(crate) async fn read<T>(
        &self,
        call: Call,
        mut attempt: impl FnMut(&Handle, Timestamp) -> io::Result<(T, Drained)>,
    ) -> io::Result<T> {
        let handle = self.handle();
        poll_fn(|context| handle.tap.poll_room(context)).await;
        let began = handle.tap.now();
        let mut parked = false;
        if handle.kind.keeps_messages() {
            // A flood of messages must not starve what else the loop has to do.
            tokio::task::coop::consume_budget().await;
            let mut stale = false;
            // Readable alone would sleep through an ICMP error.
            loop {
                let mut guard = match self.ready_now(Interest::READABLE | Interest::ERROR) {
                    Some(guard) => guard?,
                    None => {
                        stale = false;
                        if !std::mem::replace(&mut parked, true) && handle.tap.is_on() {
                            if let Some(result) = finished(attempt(handle, began)) {
                                return result;
                            }
                            handle.emit_waiting(call);
                        }
                        self.fd.ready(Interest::READABLE | Interest::ERROR).await?
                    }
                };
                match attempt(handle, began) {
                    Ok((value, drained)) => {
                        if drained == Empty {
                            guard.clear_ready();
                        }
                        return Ok(value);
                    }
                    failed => match finished(failed) {
                        Some(result) => return result,
                        None => guard.clear_ready(),
                    },
                }
                if std::mem::replace(&mut stale, true) {
                    Box::pin(tokio::time::sleep(READ_AGAIN)).await;
                }
            }
        }
        loop {
            let read =
                poll_fn(|context| self.poll_read(context, call, began, &mut parked, &mut attempt));
            if let Some(result) = read.await {
                return result;
            }
            Box::pin(tokio::time::sleep(READ_AGAIN)).await;
        }
    }

    /// `None` when the event loop keeps saying that there is something to read, and there is not.
    ///
    /// What it once called closed it never takes back: a stream that was registered before it was connected looks so.
    fn poll_read<T>(
        &self,
        context: &mut Context<'_>,
        call: Call,
        began: Timestamp,
        parked: &mut bool,
        attempt: &mut impl FnMut(&Handle, Timestamp) -> io::Result<(T, Drained)>,
    ) -> Poll<Option<io::Result<T>>> {
        let handle = self.handle();
        let mut stale = false;
        loop {
            let mut guard = match self.fd.poll_read_ready(context) {
                Poll::Ready(Ok(guard)) => guard,
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Pending => {
                    // The event loop may not have heard yet: who says that a call waits asks the kernel first.
                    if !std::mem::replace(parked, true) && handle.tap.is_on() {
                        if let Some(result) = finished(attempt(handle, began)) {
                            return Poll::Ready(Some(result));
                        }
                        handle.emit_waiting(call);
                    }
                    return Poll::Pending;
                }
            };
            match attempt(handle, began) {
                Ok((value, drained)) => {
                    if drained == Empty {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Some(Ok(value)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    guard.clear_ready();
                    if std::mem::replace(&mut stale, true) {
                        return Poll::Ready(None);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    fn ready_now(&self, interest: Interest) -> Option<io::Result<AsyncFdReadyGuard<'_, Handle>>> {
        use std::future::Future;
        let mut ready = std::pin::pin!(self.fd.ready(interest));
        match ready
            .as_mut()
            .poll(&mut Context::from_waker(std::task::Waker::noop()))
        {
            Poll::Ready(guard) => Some(guard),
            Poll::Pending => None,
        }
    }

    /// Waits until poll(2) calls it writable, or in error.
    ///
    /// The event loop's word alone is not enough: a readiness may be from before the connect, and after one ICMP
    /// error a socket of messages stays "closed for writing" there for ever.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        loop {
            let mut stale = false;
            let known = poll_fn(|context| {
                loop {
                    let mut guard = ready!(self.fd.poll_write_ready(context))?;
                    if writable_now(self.as_fd())? {
                        return Poll::Ready(io::Result::Ok(true));
                    }
                    guard.clear_ready();
                    if std::mem::replace(&mut stale, true) {
                        return Poll::Ready(Ok(false));
                    }
                }
            })
            .await?;
            if known {
                return Ok(());
            }
            tokio::time::sleep(SEND_AGAIN).await;
        }
    }

    pub(crate) async fn write<T>(
        &self,
        call: Call,
        mut attempt: impl FnMut(&Handle, Timestamp) -> io::Result<T>,
    ) -> io::Result<T> {
        let handle = self.handle();
        // Who only sends would fill the queue of a view that is slower, and has no receive to wait before.
        poll_fn(|context| handle.tap.poll_room(context)).await;
        let began = handle.tap.now();
        let mut parked = false;
        // A send most often finds room: the event loop is asked only when it doesn't.
        loop {
            match attempt(handle, began) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !std::mem::replace(&mut parked, true) {
                        handle.emit_waiting(call);
                    }
                    if handle.family == Family::Unix
                        && handle.kind == Type::Datagram
                        && call == Call::SendTo
                    {
                        // An unconnected socket looks writable while its peer's queue is full: a timer, or it spins.
                        tokio::time::sleep(SEND_AGAIN).await;
                        continue;
                    }
                    self.writable().await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// How far a connect has come.
pub(crate) enum Connect {
    Done,
    /// Since then; the socket becomes writable when it is over.
    InProgress(Timestamp),
}

/// Makes a stream's or a message socket's connect, which only has to wait where a UNIX listener's queue is full.
///
/// A stream should be registered with the event loop after this: before, it looks closed there, and would for ever.
pub(crate) async fn begin_connect(handle: &Handle, peer: &SocketAddress) -> Result<Connect> {
    handle.emit(handle.tap.now(), Kind::Connecting { peer: peer.clone() });
    let began = handle.tap.now();
    loop {
        match handle.connect(began, peer) {
            Ok(true) => return Ok(Connect::Done),
            Ok(false) => return Ok(Connect::InProgress(began)),
            // A UNIX listener with a full queue: nothing ever becomes ready, so ask again.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(CONNECT_AGAIN).await;
            }
            Err(error) => return Err(Error::at(Call::Connect, peer.clone(), error)),
        }
    }
}

/// Whether a read emptied the socket, as far as can be told without asking it again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    Empty,
    Whole,
}
use Drained::{Empty, Whole};

fn finished<T>(result: io::Result<(T, Drained)>) -> Option<io::Result<T>> {
    match result {
        Ok((value, _)) => Some(Ok(value)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            None
        }
        Err(error) => Some(Err(error)),
    }
}

/// Asks poll(2), without waiting.
fn writable_now(fd: BorrowedFd<'_>) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec};
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let ready = rustix::event::poll(
        &mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)],
        Some(&now),
    )?;
    Ok(ready > 0)
}

impl fmt::Debug for AsyncSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncSocket")
            .field("fd", &self.as_raw_fd())
            .field("family", &self.family())
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl AsFd for AsyncSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle().as_fd()
    }
}

impl AsRawFd for AsyncSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.handle().as_raw_fd()
    }
}

/// How often a receive is tried again where the event loop can't tell.
const READ_AGAIN: std::time::Duration = std::time::Duration::from_millis(2);
/// How often a message is tried again where nothing tells when there is room.
const SEND_AGAIN: std::time::Duration = std::time::Duration::from_millis(2);
