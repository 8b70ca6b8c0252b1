//! What joins us to one peer: a stream of bytes, or messages.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use sockeye_model::{Errno, SocketAddress};
use sockeye_net::messages::{Messages, TooLong};
use sockeye_net::{AsyncSocket, Error, Lent, Link, Result};

use super::hall::Peer;

/// One peer's connection, or its session on a socket that hears everybody.
pub(super) enum Wire {
    Stream(sockeye_net::Wire),
    Messages(Messages),
}

impl From<Link> for Wire {
    fn from(link: Link) -> Self {
        match link {
            Link::Stream(wire) => Self::Stream(wire),
            Link::Messages(messages) => Self::Messages(*messages),
        }
    }
}

impl Wire {
    pub(super) fn keeps_messages(&self) -> bool {
        matches!(self, Self::Messages(_))
    }

    /// The next part of the stream, or the next message.
    pub(super) async fn recv(&self) -> Result<Lent> {
        match self {
            Self::Stream(wire) => wire.recv_lease().await,
            Self::Messages(messages) => messages.recv().await,
        }
    }

    /// Sends a piece of what waits in the peer's queue, and counts what is with the kernel.
    pub(super) async fn send(&self, piece: &[u8], peer: &Peer) -> Result<()> {
        match self {
            Self::Stream(wire) => {
                let mut rest = piece;
                while !rest.is_empty() {
                    let sent = wire.send(rest).await?;
                    peer.was_sent(sent);
                    rest = &rest[sent..];
                }
            }
            Self::Messages(messages) => {
                messages.send(piece).await?;
                peer.was_sent(piece.len());
            }
        }
        Ok(())
    }

    /// Whether `error` is about one message alone: the next may be sent.
    pub(super) fn may_go_on(&self, error: &Error) -> bool {
        match self {
            Self::Stream(_) => false,
            Self::Messages(messages) => {
                TooLong::of(error).is_some() || matches!(messages, Messages::Session(_))
            }
        }
    }

    /// Says that no more will be sent, where that can be said.
    pub(super) async fn finish(&self) -> io::Result<()> {
        let told = match self {
            Self::Stream(wire) => wire.finish().await,
            Self::Messages(messages) => messages.finish().await,
        };
        match told {
            // The peer has closed already: nobody is left to be told.
            Err(error) if error.errno() != Errno::ENOTCONN => Err(error.source),
            _ => Ok(()),
        }
    }

    /// Closing it will be a reset, where there is such a thing.
    pub(super) fn reset_on_close(&self) {
        if let Some(socket) = self.socket() {
            socket.reset_on_close();
        }
    }

    /// Our own address, as this peer sees it.
    pub(super) fn local_address(&self) -> SocketAddress {
        let local = match self {
            Self::Stream(wire) => wire.local_address(),
            Self::Messages(messages) => messages.local_address(),
        };
        local.unwrap_or(SocketAddress::UnixUnnamed)
    }

    /// Bytes that the peer's kernel has acknowledged, where that is known.
    pub(super) fn acknowledged(&self) -> u64 {
        match self {
            Self::Stream(wire) => wire
                .socket()
                .tcp_sample()
                .map_or(0, |sample| sample.acknowledged),
            Self::Messages(_) => 0,
        }
    }

    /// The peer's own socket, if it has one here.
    pub(super) fn socket(&self) -> Option<&AsyncSocket> {
        match self {
            Self::Stream(wire) => Some(wire.socket()),
            Self::Messages(messages) => messages.socket(),
        }
    }

    /// Its descriptor, if it has one of its own.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.socket().map(AsFd::as_fd)
    }

    /// Whether each side can end its direction. A session can't: it ends by silence.
    pub(super) fn half_closes(&self) -> bool {
        !matches!(self, Self::Messages(Messages::Session(_)))
    }
}
