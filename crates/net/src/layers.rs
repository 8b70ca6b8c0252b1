//! What an address puts above its transport, and the handshakes that get it there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sockeye_model::{Address, Call, Host, Scheme, SocketAddress, SocketId, Target, Totals, Type};
use sockeye_tap::Tap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::async_socket::{AsyncSocket, Lent};
use crate::buffer::Lease;
use crate::error::{Error, Result};
use crate::icmp::{Echoes, Reporting};
use crate::messages::Messages;
use crate::open::{BoundPath, Dialing, Listener, OpenError, dial};
use crate::tls::{self, TlsError};
use crate::websocket::handshake::{Credentials, Demands};
use crate::websocket::{self, Keeping, NotOpened, setup};
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
pub struct Layers {
    tls: Option<Arc<tls::Server>>,
    websocket: Option<Arc<Upgrades>>,
    teller: Option<mpsc::Sender<NotBegun>>,
}

/// A conversation that has not begun: a handshake failed.
#[derive(Debug)]
pub struct NotBegun {
    /// Who had connected.
    pub peer: SocketAddress,
    /// Why.
    pub error: OpenError,
}

/// What a server of WebSocket answers upgrades by.
#[derive(Clone, Debug)]
struct Upgrades {
    demands: Demands,
    keeping: Keeping,
}

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
    let began = Instant::now();
    // What is left of the time; tries that failed before have had their own.
    let left = || match how.timeout.saturating_sub(began.elapsed()) {
        Duration::ZERO => how.timeout,
        left => left,
    };
    // A file that can't be read is told before anybody is called.
    let client = if address.scheme.is_tls() {
        let settings = tls::Settings::of(&address.options);
        Some(how.tls.client(&settings, &certificate_name(address))?)
    } else {
        None
    };
    let asking = if address.scheme.is_websocket() {
        Some(setup::asking(address, how.credentials.as_ref()).map_err(NotOpened::from)?)
    } else {
        None
    };
    let dialed = dial(address, how).await?;
    let link = match (address.scheme, dialed.towards) {
        (Scheme::Icmp, _) => Link::Messages(Box::new(Messages::Echo(Echoes::over(dialed.socket)?))),
        (Scheme::Raw, _) => {
            Link::Messages(Box::new(Messages::Packets(Reporting::over(dialed.socket)?)))
        }
        (_, Some(group)) => Link::Messages(Box::new(Messages::Towards(dialed.socket, group))),
        (_, None) => match client {
            Some(client) => {
                Link::Stream(secured(dialed.socket, &client, left(), how.timeout).await?)
            }
            None => Link::of(dialed.socket),
        },
    };
    let link = match asking {
        Some(asking) => {
            let wire = link.into_wire()?;
            let asked = websocket::ask(wire, &asking, setup::keeping(address));
            match tokio::time::timeout(left(), Box::pin(asked)).await {
                Ok(opened) => Link::Messages(Box::new(Messages::WebSocket(Box::new(opened?)))),
                Err(_) => return Err(NotOpened::TimedOut(how.timeout).into()),
            }
        }
        None => link,
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
        let tls = if address.scheme.is_tls() {
            let settings = tls::Settings::of(&address.options);
            let names = names_of(listener);
            Some(Arc::new(tls::Server::new(&settings, &names)?))
        } else {
            None
        };
        let websocket = if address.scheme.is_websocket() {
            let demands = setup::demands(address, None).map_err(NotOpened::from)?;
            let keeping = setup::keeping(address);
            Some(Arc::new(Upgrades { demands, keeping }))
        } else {
            None
        };
        Ok(Self {
            tls,
            websocket,
            teller: None,
        })
    }

    /// The server's side of TLS, where there is one.
    pub fn tls(&self) -> Option<&tls::Server> {
        self.tls.as_deref()
    }

    /// Whoever is told by [`Self::admit`] of handshakes that fail. More than the channel holds at once are not told.
    #[must_use]
    pub fn telling(mut self, teller: mpsc::Sender<NotBegun>) -> Self {
        self.teller = Some(teller);
        self
    }

    /// Whom a WebSocket lets in where the address names no file of them.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Option<&Credentials>) -> Self {
        if let (Some(upgrades), Some(credentials)) = (&mut self.websocket, credentials)
            && upgrades.demands.credentials.is_empty()
        {
            Arc::make_mut(upgrades).demands.credentials = vec![credentials.clone()];
        }
        self
    }

    /// What a WebSocket speaks where the address names no subprotocol, the preferred first.
    #[must_use]
    pub fn with_subprotocols(mut self, names: &[&str]) -> Self {
        if let Some(upgrades) = &mut self.websocket
            && upgrades.demands.subprotocols.is_empty()
        {
            let names = names.iter().map(|name| (*name).to_owned());
            Arc::make_mut(upgrades).demands.subprotocols = names.collect();
        }
        self
    }

    /// How long a client may take for the handshake of a layer.
    pub const HANDSHAKE: Duration = Duration::from_secs(10);

    /// Whether there are none: what is accepted is the conversation.
    pub fn is_none(&self) -> bool {
        self.tls.is_none() && self.websocket.is_none()
    }

    /// Makes a server's handshakes on an accepted connection. Run it in the conversation's own task, so that a slow peer
    /// keeps nobody from being accepted.
    ///
    /// # Errors
    /// Why a handshake failed.
    pub async fn accept(&self, socket: AsyncSocket) -> std::result::Result<Link, OpenError> {
        if self.is_none() {
            return Ok(Link::of(socket));
        }
        // Boxed: who has no such layer does not pay for its size.
        Box::pin(self.shake_hands(socket)).await
    }

    /// The same for a server that goes on without whoever fails: `None`, once it is told ([`Self::telling`]).
    pub async fn admit(&self, socket: AsyncSocket, peer: SocketAddress) -> Option<Link> {
        match self.accept(socket).await {
            Ok(link) => Some(link),
            Err(error) => {
                if let Some(teller) = &self.teller {
                    // A flood of them is not worth memory.
                    let _ = teller.try_send(NotBegun { peer, error });
                }
                None
            }
        }
    }

    /// All handshakes within [`Self::HANDSHAKE`] each.
    async fn shake_hands(&self, socket: AsyncSocket) -> std::result::Result<Link, OpenError> {
        let link = match &self.tls {
            None => Link::of(socket),
            Some(server) => {
                let shaken = tokio::time::timeout(Self::HANDSHAKE, tls::accept(socket, server));
                match shaken.await {
                    Ok(shaken) => Link::Stream(Wire::Tls(Arc::new(shaken?))),
                    Err(_) => return Err(TlsError::TimedOut(Self::HANDSHAKE).into()),
                }
            }
        };
        match &self.websocket {
            None => Ok(link),
            Some(upgrades) => upgrades.accept(link).await,
        }
    }
}

impl Upgrades {
    async fn accept(&self, link: Link) -> std::result::Result<Link, OpenError> {
        let wire = link.into_wire()?;
        let answered = websocket::answer(wire, &self.demands, self.keeping);
        match tokio::time::timeout(Layers::HANDSHAKE, answered).await {
            Ok(opened) => Ok(Link::Messages(Box::new(Messages::WebSocket(Box::new(
                opened?,
            ))))),
            Err(_) => Err(NotOpened::TimedOut(Layers::HANDSHAKE).into()),
        }
    }
}

/// A client's handshake of TLS within `left`, which is what is left of `timeout`.
async fn secured(
    socket: AsyncSocket,
    client: &tls::Client,
    left: Duration,
    timeout: Duration,
) -> std::result::Result<Wire, OpenError> {
    match tokio::time::timeout(left, tls::connect(socket, client)).await {
        Ok(shaken) => Ok(Wire::Tls(Arc::new(shaken?))),
        Err(_) => Err(TlsError::TimedOut(timeout).into()),
    }
}

/// The name that a server's certificate must be for: the host as typed, and this machine where none is.
fn certificate_name(address: &Address) -> String {
    match &address.target {
        Target::Inet { host, .. } => match host {
            Host::Name(name) => name.to_string(),
            Host::V4(address) => address.to_string(),
            Host::V6 { address, .. } => address.to_string(),
            Host::Empty | Host::Any => "localhost".to_owned(),
        },
        _ => "localhost".to_owned(),
    }
}

/// What a listener can be called by: for a certificate that is made for it.
fn names_of(listener: &Listener) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    let mut add = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for local in listener.local_addresses() {
        match local.inet().map(|inet| inet.ip()) {
            Some(ip) if ip.is_unspecified() => {
                add("127.0.0.1".into());
                add("::1".into());
                if let Ok(host) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
                    add(host.trim().to_owned());
                }
            }
            Some(ip) => add(ip.to_string()),
            None => {}
        }
    }
    names
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

    /// The stream, for a layer above it.
    fn into_wire(self) -> std::result::Result<Wire, OpenError> {
        match self {
            Self::Stream(wire) => Ok(wire),
            // A layer's transport is a stream; no parsed address is otherwise.
            Self::Messages(messages) => {
                let kind = io::Error::from(io::ErrorKind::InvalidInput);
                drop(messages);
                Err(OpenError::Call(Error::new(Call::Connect, kind)))
            }
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

    /// The same, where a WebSocket sends as text what has no type of its own.
    #[must_use]
    pub fn of_text(mut self) -> Self {
        if let Self::Messages(messages) = &mut self
            && let Messages::WebSocket(websocket) = &mut **messages
        {
            websocket.set_outgoing(websocket::MessageType::Text);
        }
        self
    }

    /// Sends on what was received: a message with its type, where the sockets tell text from bytes.
    ///
    /// # Errors
    /// As for [`Self::send_all`].
    pub async fn pass(&self, data: &Lease) -> Result<()> {
        match self {
            Self::Stream(wire) => wire.send_all(data).await,
            Self::Messages(messages) => messages.pass(data).await,
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

    /// Leaves a conversation in which there is nothing to say; see [`Wire::leave`].
    pub async fn leave(self) {
        if let Self::Stream(wire) = self {
            wire.leave().await;
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
