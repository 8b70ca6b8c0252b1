//! A server of messages: one or several bound sockets, any number of peers.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};

use sockeye_model::{SocketAddress, SocketId, Totals};

use super::bound::Bound;
use super::limits::{Dropped, SessionLimits};
use super::serve::{Message, Reply, serve_all};
use super::session::Session;
use super::sessions::{self, Alive, Shared};
use crate::AsyncSocket;
use crate::error::Result;

/// Bound sockets of messages that hear many peers: UDP of both families, UNIX datagrams.
///
/// The sockets are never connected, so nobody is shut out; a reply leaves from the address that was asked; an ICMP
/// error of one peer is told with that peer's address and stops nothing.
///
/// An echo service for everybody:
///
/// ```no_run
/// # async fn run(socket: sockeye_net::AsyncSocket) -> sockeye_net::Result<()> {
/// use sockeye_net::messages::MessageServer;
/// let server = MessageServer::new(vec![socket])?;
/// server.serve(|_message, reply| reply.echo()).await
/// # }
/// ```
///
/// Or a conversation a peer, each served by a task of its own:
///
/// ```no_run
/// # async fn run(socket: sockeye_net::AsyncSocket) -> sockeye_net::Result<()> {
/// use sockeye_net::{Lent, messages::MessageServer};
/// let server = MessageServer::new(vec![socket])?;
/// loop {
///     let session = server.accept().await?;
///     tokio::spawn(async move {
///         while let Ok(Lent::Data(message)) = session.recv().await {
///             if session.send(&message).await.is_err() {
///                 break;
///             }
///         }
///     });
/// }
/// # }
/// ```
pub struct MessageServer {
    shared: Arc<Shared>,
    /// The tasks that take messages apart by peer, once somebody accepts.
    alive: OnceLock<Arc<Alive>>,
}

impl MessageServer {
    /// Takes sockets that are bound already.
    ///
    /// # Errors
    /// What `getsockname` or `setsockopt` gave: the sockets are told to report ICMP errors (`IP_RECVERR`), and those
    /// bound to every address to say which one was asked (`IP_PKTINFO`).
    pub fn new(sockets: Vec<AsyncSocket>) -> Result<Self> {
        Self::with_limits(sockets, SessionLimits::default())
    }

    /// The same with other bounds for its sessions.
    ///
    /// # Errors
    /// As for [`MessageServer::new`].
    pub fn with_limits(sockets: Vec<AsyncSocket>, limits: SessionLimits) -> Result<Self> {
        let sockets = sockets
            .into_iter()
            .map(Bound::new)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            shared: Arc::new(Shared::new(sockets, limits)),
            alive: OnceLock::new(),
        })
    }

    /// The next peer that nobody knew: its session begins with the message that it sent.
    ///
    /// From the first call on, a task a socket takes the messages apart by peer and local address, also while nobody
    /// accepts. One task at a time may wait here. Dropping the future loses no peer.
    ///
    /// A session whose reader is slow loses messages, and that is said; the others are not delayed. A UNIX peer that is
    /// the only one waits instead, for a second.
    ///
    /// Dropping the server ends no session: it hears no new peers any more, and its sockets are closed with the last
    /// session.
    ///
    /// # Errors
    /// A socket could not be read any more; the sessions have ended too.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn accept(&self) -> Result<Session> {
        let alive = self.alive.get_or_init(|| sessions::start(&self.shared));
        let line = poll_fn(|context| self.shared.poll_accept(context)).await?;
        let (shared, alive) = (Arc::clone(&self.shared), Arc::clone(alive));
        Ok(Session::new(line, shared, alive))
    }

    /// Sessions that there are now, those that wait to be accepted included.
    pub fn sessions(&self) -> usize {
        self.shared.sessions()
    }

    /// Where it listens, an address a socket.
    pub fn local_addresses(&self) -> Vec<SocketAddress> {
        let sockets = self.shared.sockets.iter();
        sockets.map(|bound| bound.local.clone()).collect()
    }

    /// The sockets' numbers in the stream of events, in the same order.
    pub fn ids(&self) -> Vec<SocketId> {
        self.shared.sockets.iter().map(Bound::id).collect()
    }

    /// Bytes and messages so far, in both directions, of all sockets and sessions.
    pub fn totals(&self) -> Totals {
        let mut all = self.shared.totals.read();
        for bound in &self.shared.sockets {
            all += bound.handle().totals();
        }
        all
    }

    /// Messages that were not passed on so far.
    pub fn dropped(&self) -> Dropped {
        let mut all = Dropped::default();
        for one in self.shared.sockets.iter().map(Bound::dropped) {
            all.refused += one.refused;
            all.queue_full += one.queue_full;
            all.too_many_sessions += one.too_many_sessions;
            all.would_loop += one.would_loop;
            all.unsent += one.unsent;
        }
        all
    }

    /// Gives each message to `answer`, and sends its reply to whoever asked, until a socket fails.
    ///
    /// This is the short way for services: no sessions, no queue, many messages a call, no allocation a message. A
    /// sender that could answer back for ever gets no reply ([`would_loop`](super::would_loop)). A UNIX peer that
    /// doesn't read has its replies kept for a while and tried again; the others are not delayed.
    ///
    /// Dropping the future ends it; replies to messages already taken may then be unsent.
    ///
    /// # Errors
    /// What receiving gave, other than an ICMP error.
    pub async fn serve(
        &self,
        answer: impl FnMut(&Message<'_>, &mut Reply<'_>) + Send,
    ) -> Result<()> {
        serve_all(&self.shared.sockets, answer).await
    }
}

impl Drop for MessageServer {
    fn drop(&mut self) {
        self.shared.close();
    }
}
