//! A connected stream of bytes, whatever is between it and the wire.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use sockeye_model::{SocketAddress, SocketId, Totals, Type};
use sockeye_tap::Tap;

use crate::async_socket::{AsyncSocket, Lent};
use crate::error::Result;
use crate::poll_stream::{UnderWay, read_piece};
use crate::socket::Shutdown;
use crate::tls::TlsSocket;

/// A connected socket, or a layer above one that carries bytes as well.
///
/// One task may receive while another sends. Dropping it closes the socket.
#[derive(Debug)]
pub enum Wire {
    /// The socket itself; one of messages too, such as SEQPACKET.
    Plain(AsyncSocket),
    /// TLS above it.
    Tls(Arc<TlsSocket>),
}

impl From<AsyncSocket> for Wire {
    fn from(socket: AsyncSocket) -> Self {
        Self::Plain(socket)
    }
}

impl Wire {
    /// The next stretch, in a buffer that is taken once there is something to receive.
    ///
    /// # Errors
    /// As for [`AsyncSocket::recv_lease`].
    pub async fn recv_lease(&self) -> Result<Lent> {
        match self {
            Self::Plain(socket) => socket.recv_lease().await,
            Self::Tls(tls) => tls.recv_lease().await,
        }
    }

    /// The same step by step; see [`AsyncSocket::poll_recv_lease`].
    ///
    /// # Errors
    /// As for [`AsyncSocket::recv_lease`].
    pub fn poll_recv_lease(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
    ) -> Poll<Result<Lent>> {
        match self {
            Self::Plain(socket) => socket.poll_recv_lease(context, call),
            Self::Tls(tls) => tls.poll_recv_lease(context, call),
        }
    }

    /// Sends some of `data`, at least one byte of it where there is any; how many bytes.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`].
    pub async fn send(&self, data: &[u8]) -> Result<usize> {
        match self {
            Self::Plain(socket) => socket.send(data).await,
            Self::Tls(tls) => tls.send(data).await,
        }
    }

    /// The same step by step; see [`AsyncSocket::poll_send`].
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`].
    pub fn poll_send(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        data: &[u8],
    ) -> Poll<Result<usize>> {
        match self {
            Self::Plain(socket) => socket.poll_send(context, call, data),
            Self::Tls(tls) => tls.poll_send(context, call, data),
        }
    }

    /// Sends up to `len` bytes of a file from `offset` on, step by step; 0 is the end of the file. See
    /// [`AsyncSocket::poll_send_file`].
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`]; what reading the file gave.
    pub fn poll_send_file(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        file: BorrowedFd<'_>,
        offset: u64,
        len: usize,
    ) -> Poll<Result<usize>> {
        match self {
            Self::Plain(socket) => socket.poll_send_file(context, call, file, offset, len),
            // It has to be encrypted, so it passes through this program.
            Self::Tls(tls) => match read_piece(file, offset, len)? {
                piece if piece.is_empty() => Poll::Ready(Ok(0)),
                piece => tls.poll_send(context, call, &piece),
            },
        }
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`].
    pub async fn send_all(&self, data: &[u8]) -> Result<()> {
        match self {
            Self::Plain(socket) => socket.send_all(data).await,
            Self::Tls(tls) => tls.send_all(data).await,
        }
    }

    /// Says that no more will be sent: `shutdown(SHUT_WR)`, with a close_notify before it in TLS. The other direction goes on.
    ///
    /// # Errors
    /// As for [`AsyncSocket::shutdown`].
    pub async fn finish(&self) -> Result<()> {
        match self {
            Self::Plain(socket) => socket.shutdown(Shutdown::Write),
            Self::Tls(tls) => tls.finish().await,
        }
    }

    /// From now on a layer of messages above tells what is sent and received.
    pub(crate) fn veil(&self) {
        self.socket().handle().veil_for_messages();
    }

    /// Leaves a conversation in which there is nothing to say: a layer says goodbye, so that nobody takes it for cut off;
    /// a bare socket is just closed.
    pub async fn leave(self) {
        match &self {
            Self::Plain(_) => {}
            // Who has closed already need not be told.
            Self::Tls(tls) => drop(tls.finish().await),
        }
    }

    /// The socket that carries it.
    pub fn socket(&self) -> &AsyncSocket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket(),
        }
    }

    /// Closing it will be a reset; see [`AsyncSocket::reset_on_close`].
    pub fn reset_on_close(&self) {
        self.socket().reset_on_close();
    }

    /// This end's address.
    ///
    /// # Errors
    /// What `getsockname` gave.
    pub fn local_address(&self) -> Result<SocketAddress> {
        self.socket().local_address()
    }

    /// The other end's address.
    ///
    /// # Errors
    /// What `getpeername` gave.
    pub fn peer_address(&self) -> Result<SocketAddress> {
        self.socket().peer_address()
    }

    /// Its number in the stream of events.
    pub fn id(&self) -> SocketId {
        self.socket().id()
    }

    /// STREAM, or SEQPACKET for a socket of messages.
    pub fn kind(&self) -> Type {
        self.socket().kind()
    }

    /// What was sent and received: what whoever uses it gave and got, not what its layers made of it.
    pub fn totals(&self) -> Totals {
        self.socket().totals()
    }

    /// Where its events go.
    pub fn tap(&self) -> &Tap {
        self.socket().tap()
    }
}
