//! A TLS connection over a stream socket: its calls are the socket's, its bytes are plain text.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use sockeye_model::{Call, Timestamp, Unit};

use super::agreed::Agreed;
use super::driver::Driver;
use super::error::{EndedEarly, TlsError};
use super::handshake;
use crate::async_socket::{AsyncSocket, Drained, Lent};
use crate::buffer::Buffer;
use crate::error::Result;
use crate::handle::{Handle, Received};
use crate::poll_stream::UnderWay;
use crate::socket::Shutdown;

/// A TLS connection whose handshake is over.
///
/// One task may receive while another sends, as on an [`AsyncSocket`]. In TLS 1.3 each direction ends by itself: what is
/// said by [`TlsSocket::finish`] ends only ours.
pub struct TlsSocket {
    socket: AsyncSocket,
    agreed: Agreed,
    /// Never held while anybody waits.
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) driver: Driver,
    /// The call beneath that has not returned: `recv`, `send`.
    receiving: Option<UnderWay>,
    sending: Option<UnderWay>,
    /// What of a caller's data is encrypted already, while it waits for the kernel to take it.
    committed: usize,
    /// A sender waits, and will send whatever is outgoing.
    sender_waits: bool,
    /// The connection is over without a close_notify.
    cut: bool,
    /// The peer's end was told.
    told_end: bool,
    /// We have said that no more comes.
    finished: bool,
    failed: Option<Arc<TlsError>>,
}

impl TlsSocket {
    pub(super) fn new(socket: AsyncSocket, state: State, agreed: Agreed) -> Self {
        Self {
            socket,
            agreed,
            state: Mutex::new(state),
        }
    }

    /// What the two sides have agreed on.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The socket beneath.
    pub fn socket(&self) -> &AsyncSocket {
        &self.socket
    }

    /// The next stretch of plain text; see [`AsyncSocket::recv_lease`].
    ///
    /// # Errors
    /// As for [`AsyncSocket::recv`]; one of [`io::ErrorKind::UnexpectedEof`] for a connection that ended without a
    /// close_notify ([`super::ended_early`]), and one that [`TlsError::behind`] knows where the peer broke the protocol or
    /// sent an alert. What came before has been received by then.
    pub async fn recv_lease(&self) -> Result<Lent> {
        let mut call = None;
        poll_fn(|context| self.poll_recv_lease(context, &mut call)).await
    }

    /// The same step by step; see [`AsyncSocket::poll_recv_lease`].
    ///
    /// # Errors
    /// As for [`TlsSocket::recv_lease`].
    pub fn poll_recv_lease(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
    ) -> Poll<Result<Lent>> {
        let began = self.begun(call);
        let received = ready!(self.state().poll_recv(&self.socket, context, began));
        *call = None;
        Poll::Ready(received.map_err(|error| self.socket.about_peer(Call::Recv, error)))
    }

    /// Sends some of `data`; see [`AsyncSocket::send`]. When it returns, the kernel has all of what it counts.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`], and those of [`TlsSocket::recv_lease`] that [`TlsError::behind`] knows.
    pub async fn send(&self, data: &[u8]) -> Result<usize> {
        let mut call = None;
        poll_fn(|context| self.poll_send(context, &mut call, data)).await
    }

    /// The same step by step; see [`AsyncSocket::poll_send`]. Of a call that is given up, some may be sent later.
    ///
    /// # Errors
    /// As for [`TlsSocket::send`].
    pub fn poll_send(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        data: &[u8],
    ) -> Poll<Result<usize>> {
        let first = call.is_none();
        let began = self.begun(call);
        let mut state = self.state();
        if first {
            state.committed = 0;
        }
        let sent = ready!(state.poll_send(&self.socket, context, began, data));
        *call = None;
        Poll::Ready(sent.map_err(|error| self.socket.about_peer(Call::Send, error)))
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// As for [`TlsSocket::send`].
    pub async fn send_all(&self, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            let sent = self.send(data).await?;
            data = &data[sent..];
        }
        Ok(())
    }

    /// Says that no more will be sent: a close_notify, and then `shutdown(SHUT_WR)`. The other direction goes on.
    ///
    /// # Errors
    /// As for [`TlsSocket::send`] and [`AsyncSocket::shutdown`].
    pub async fn finish(&self) -> Result<()> {
        poll_fn(|context| self.poll_finish(context)).await
    }

    /// The same step by step.
    ///
    /// # Errors
    /// As for [`TlsSocket::finish`].
    pub fn poll_finish(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = ready!(self.state().poll_close(&self.socket, context));
        Poll::Ready(
            flushed
                .map_err(|error| self.socket.about_peer(Call::Send, error))
                .and_then(|()| self.socket.shutdown(Shutdown::Write)),
        )
    }

    /// What can be received without waiting; `EAGAIN` when nothing can.
    pub(crate) fn try_recv(&self, began: Timestamp) -> io::Result<Lent> {
        self.state().try_recv(self.socket.handle(), began)
    }

    /// Sends some of `data` without waiting; `EAGAIN` when the kernel has no room, and then the same data must be given
    /// again: its beginning is encrypted already.
    pub(crate) fn try_send(&self, began: Timestamp, data: &[u8]) -> io::Result<usize> {
        self.state().try_send(self.socket.handle(), began, data)
    }

    /// [`TlsSocket::finish`] without waiting; `EAGAIN` when the kernel has no room for what must be sent before.
    pub(crate) fn try_finish(&self) -> io::Result<()> {
        let handle = self.socket.handle();
        let mut state = self.state();
        state.close();
        state.try_flush(handle, handle.tap.now())?;
        handle.shutdown(rustix::net::Shutdown::Write)
    }

    /// A receive would return something although the socket has nothing.
    pub(crate) fn has_news(&self) -> bool {
        let state = self.state();
        state.driver.has_plain()
            || state.driver.peer_finished
            || state.cut
            || state.failed.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self, call: &mut Option<UnderWay>) -> Timestamp {
        call.get_or_insert_with(|| UnderWay::now(self.socket.handle().tap.now()))
            .began()
    }
}

impl State {
    pub(super) fn new(driver: Driver) -> Self {
        Self {
            driver,
            receiving: None,
            sending: None,
            committed: 0,
            sender_waits: false,
            cut: false,
            told_end: false,
            finished: false,
            failed: None,
        }
    }

    fn poll_recv(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
        began: Timestamp,
    ) -> Poll<io::Result<Lent>> {
        loop {
            if let Some(received) = self.received(socket.handle(), began) {
                return Poll::Ready(received);
            }
            // What the peer is to be answered by TLS itself goes out even if nobody here has anything to send.
            if !self.driver.outgoing.is_empty() && !self.sender_waits {
                // Who closed may have said something before: reading goes on.
                let _ = self.poll_flush(socket, context);
            }
            let came = ready!(self.poll_fill(socket, context))?;
            self.came(came);
        }
    }

    fn try_recv(&mut self, handle: &Handle, began: Timestamp) -> io::Result<Lent> {
        loop {
            if let Some(received) = self.received(handle, began) {
                return received;
            }
            let _ = self.try_flush(handle, began);
            let incoming = &mut self.driver.incoming;
            let Some(room) = incoming.room() else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            match handle.recv(began, room) {
                Ok(Received::Data { len, .. }) => {
                    incoming.filled(len);
                    self.came(len);
                }
                Ok(Received::End) => self.came(0),
                Err(error) => {
                    incoming.park();
                    return Err(error);
                }
            }
        }
    }

    /// What there is without the socket: plain text, the end, why there will be no more.
    fn received(&mut self, handle: &Handle, began: Timestamp) -> Option<io::Result<Lent>> {
        if let Some(lease) = self.driver.take_plain() {
            handle.layer_received(began, &lease, Buffer::SIZE, Unit::Bytes);
            return Some(Ok(Lent::Data(lease)));
        }
        if self.driver.peer_finished {
            if !std::mem::replace(&mut self.told_end, true) {
                handle.layer_ended(began);
            }
            return Some(Ok(Lent::End));
        }
        if self.cut {
            let early = io::Error::new(io::ErrorKind::UnexpectedEof, EndedEarly);
            return Some(Err(early));
        }
        self.failed
            .as_ref()
            .map(|failed| Err(TlsError::into_io(failed)))
    }

    /// So much ciphertext has come.
    fn came(&mut self, len: usize) {
        if len == 0 {
            self.cut = true;
        } else if let Err(error) = self.driver.understand() {
            self.failed = Some(Arc::new(handshake::after(error)));
        }
    }

    /// Receives ciphertext; 0 is the end.
    pub(super) fn poll_fill(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let incoming = &mut self.driver.incoming;
        let received = socket.poll_recv_by(context, &mut self.receiving, |socket, began| {
            let Some(room) = incoming.room() else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            let space = room.len();
            let received = socket.handle().recv(began, room)?;
            let drained: Drained = socket.drained(received, space);
            Ok((received, drained))
        });
        match received {
            Poll::Pending => {
                incoming.park();
                Poll::Pending
            }
            Poll::Ready(Ok(Received::Data { len, .. })) => {
                incoming.filled(len);
                Poll::Ready(Ok(len))
            }
            Poll::Ready(Ok(Received::End)) => Poll::Ready(Ok(0)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }

    /// Sends what is outgoing.
    pub(super) fn poll_flush(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.driver.outgoing.is_empty() {
            let bytes = self.driver.outgoing.bytes();
            match ready!(socket.poll_send(context, &mut self.sending, bytes)) {
                Ok(len) => self.driver.outgoing.sent(len),
                Err(error) => {
                    self.driver.outgoing.clear();
                    return Poll::Ready(Err(error.source));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
        began: Timestamp,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let handle = socket.handle();
        let _begun = handle.tap.begin();
        loop {
            let flushed = self.poll_flush(socket, context);
            self.sender_waits = flushed.is_pending();
            ready!(flushed)?;
            if let Some(sent) = self.taken(handle, began, data) {
                return Poll::Ready(sent);
            }
        }
    }

    fn try_send(&mut self, handle: &Handle, began: Timestamp, data: &[u8]) -> io::Result<usize> {
        let _begun = handle.tap.begin();
        loop {
            self.try_flush(handle, began)?;
            if let Some(sent) = self.taken(handle, began, data) {
                return sent;
            }
        }
    }

    /// With nothing outgoing: what of `data` has been sent, or `None` once more of it is encrypted.
    fn taken(
        &mut self,
        handle: &Handle,
        began: Timestamp,
        data: &[u8],
    ) -> Option<io::Result<usize>> {
        let sent = std::mem::take(&mut self.committed).min(data.len());
        if sent > 0 || data.is_empty() {
            handle.layer_sent(began, &data[..sent], Unit::Bytes);
            return Some(Ok(sent));
        }
        if let Some(failed) = &self.failed {
            return Some(Err(TlsError::into_io(failed)));
        }
        if self.finished {
            return Some(Err(io::ErrorKind::BrokenPipe.into()));
        }
        match self.driver.encrypt(data) {
            Ok(len) => self.committed = len,
            Err(error) => self.failed = Some(Arc::new(handshake::after(error))),
        }
        None
    }

    fn try_flush(&mut self, handle: &Handle, began: Timestamp) -> io::Result<()> {
        while !self.driver.outgoing.is_empty() {
            match handle.send(began, self.driver.outgoing.bytes()) {
                Ok(len) => self.driver.outgoing.sent(len),
                Err(error) => {
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.driver.outgoing.clear();
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Says, once, that no more will be sent.
    fn close(&mut self) {
        if !self.finished && self.failed.is_none() {
            self.finished = true;
            if let Err(error) = self.driver.close() {
                self.failed = Some(Arc::new(handshake::after(error)));
            }
        }
    }

    fn poll_close(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.close();
        let flushed = self.poll_flush(socket, context);
        self.sender_waits = flushed.is_pending();
        flushed
    }
}

/// Where the peer has said that it is done, so does who just closes: an end on both sides is no cut. Who closes before
/// that has not said that it was all.
///
/// A close with something unread resets the connection, and may take with it what was sent last. In TLS 1.3 a client that
/// never reads always has something unread, the server's tickets: that is taken first.
impl Drop for TlsSocket {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let handle = self.socket.handle();
        if state.failed.is_some() {
            return;
        }
        if state.driver.peer_finished && !state.finished {
            state.close();
            let _ = state.try_flush(handle, handle.tap.now());
        } else if state.finished && !state.driver.peer_finished && !state.cut {
            let mut buffer = Buffer::lend();
            for _ in 0..UNREAD {
                match handle.recv(handle.tap.now(), &mut buffer) {
                    Ok(Received::Data { .. }) => {}
                    Ok(Received::End) | Err(_) => break,
                }
            }
        }
    }
}

/// How often what is unread is taken at a close: tickets are short, and a flood is nobody's last word.
const UNREAD: u32 = 4;

impl fmt::Debug for TlsSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSocket")
            .field("socket", &self.socket)
            .field("agreed", &self.agreed)
            .finish_non_exhaustive()
    }
}
