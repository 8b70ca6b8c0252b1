//! What an address puts above its transport, and the handshakes that get it there.

use sockeye_model::{Address, Scheme, SocketAddress, SocketId, Totals, Type};
use sockeye_tap::Tap;

use crate::async_socket::{AsyncSocket, Lent};
use crate::error::Result;
use crate::icmp::{Echoes, Reporting};
use crate::messages::Messages;
use crate::open::{BoundPath, Dialing, Listener, OpenError, dial};
use crate::wire::Wire;

/// A conversation that may begin: every handshake is over.
#[derive(Debug)]
pub enum Link {
    /// Bytes in order, without boundaries.
    Stream(Wire),
    /// Messages, each whole.
    Messages(Box<Messages>),
}

/// A client's conversation.
#[derive(Debug)]
pub struct Connected {
    /// It.
    pub link: Link,
    /// The file of a UNIX socket that was bound to a path; goes when this is dropped.
    pub path: Option<BoundPath>,
}

/// What a server's address puts above the connections that are accepted. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Layers {}

/// Opens a client's socket and makes the handshakes of its layers, all under the one deadline of `how`.
///
/// # Errors
/// See [`OpenError`].
///
/// # Panics
/// Outside of a tokio runtime with IO and time enabled.
pub async fn connect(
    address: &Address,
    how: &Dialing,
) -> std::result::Result<Connected, OpenError> {
    let dialed = dial(address, how).await?;
    let link = match (address.scheme, dialed.towards) {
        (Scheme::Icmp, _) => Link::Messages(Box::new(Messages::Echo(Echoes::over(dialed.socket)?))),
        (Scheme::Raw, _) => {
            Link::Messages(Box::new(Messages::Packets(Reporting::over(dialed.socket)?)))
        }
        (_, Some(group)) => Link::Messages(Box::new(Messages::Towards(dialed.socket, group))),
        (_, None) => Link::of(dialed.socket),
    };
    Ok(Connected {
        link,
        path: dialed.path,
    })
}

impl Layers {
    /// Those of a listener that was opened for `address`.
    ///
    /// # Errors
    /// What keeps them from being made, such as a certificate that can't be read.
    pub fn of(address: &Address, listener: &Listener) -> std::result::Result<Self, OpenError> {
        let _ = (address, listener);
        Ok(Self::default())
    }

    /// Whether there are none: what is accepted is the conversation.
    pub fn is_none(&self) -> bool {
        true
    }

    /// Makes a server's handshakes on an accepted connection. Run it in the conversation's own task, so that a slow peer
    /// keeps nobody from being accepted.
    ///
    /// # Errors
    /// Why a handshake failed.
    pub async fn accept(&self, socket: AsyncSocket) -> std::result::Result<Link, OpenError> {
        Ok(Link::of(socket))
    }
}

impl Link {
    /// A connected socket, without a layer.
    pub fn of(socket: AsyncSocket) -> Self {
        if socket.kind() == Type::Stream {
            Self::Stream(Wire::Plain(socket))
        } else {
            Self::Messages(Box::new(Messages::Connected(socket)))
        }
    }

    /// The next stretch of bytes, or the next message.
    ///
    /// # Errors
    /// As for [`AsyncSocket::recv_lease`] and [`Messages::recv`].
    pub async fn recv(&self) -> Result<Lent> {
        match self {
            Self::Stream(wire) => wire.recv_lease().await,
            Self::Messages(messages) => messages.recv().await,
        }
    }

    /// Sends some of `data` and says how many bytes; all of it, as one message, where there are messages.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`] and [`Messages::send`].
    pub async fn send(&self, data: &[u8]) -> Result<usize> {
        match self {
            Self::Stream(wire) => wire.send(data).await,
            Self::Messages(messages) => messages.send(data).await.map(|()| data.len()),
        }
    }

    /// Sends all of `data`; as one message where there are messages.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`] and [`Messages::send`].
    pub async fn send_all(&self, data: &[u8]) -> Result<()> {
        match self {
            Self::Stream(wire) => wire.send_all(data).await,
            Self::Messages(messages) => messages.send(data).await,
        }
    }

    /// Says that no more will be sent, where that can be said.
    ///
    /// # Errors
    /// As for [`Wire::finish`] and [`Messages::finish`].
    pub async fn finish(&self) -> Result<()> {
        match self {
            Self::Stream(wire) => wire.finish().await,
            Self::Messages(messages) => messages.finish().await,
        }
    }

    /// The socket that carries it, if it has one of its own.
    pub fn socket(&self) -> Option<&AsyncSocket> {
        match self {
            Self::Stream(wire) => Some(wire.socket()),
            Self::Messages(messages) => messages.socket(),
        }
    }

    /// Closing it will be a reset, where there is a connection that can be reset.
    pub fn reset_on_close(&self) {
        if let Some(socket) = self.socket() {
            socket.reset_on_close();
        }
    }

    /// This end's address.
    pub fn local_address(&self) -> SocketAddress {
        let local = match self {
            Self::Stream(wire) => wire.local_address(),
            Self::Messages(messages) => messages.local_address(),
        };
        local.unwrap_or(SocketAddress::UnixUnnamed)
    }

    /// The other end's address; for a socket towards a group, the group.
    pub fn peer_address(&self) -> SocketAddress {
        match self {
            Self::Stream(wire) => wire.peer_address().unwrap_or(SocketAddress::UnixUnnamed),
            Self::Messages(messages) => messages.peer(),
        }
    }

    /// Its number in the stream of events.
    pub fn id(&self) -> SocketId {
        match self {
            Self::Stream(wire) => wire.id(),
            Self::Messages(messages) => messages.id(),
        }
    }

    /// Where its events go.
    pub fn tap(&self) -> &Tap {
        match self {
            Self::Stream(wire) => wire.tap(),
            Self::Messages(messages) => messages.tap(),
        }
    }

    /// What was sent and received.
    pub fn totals(&self) -> Totals {
        match self {
            Self::Stream(wire) => wire.totals(),
            Self::Messages(messages) => messages.totals(),
        }
    }
}
