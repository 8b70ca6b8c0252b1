//! A server of messages: one or several bound sockets, any number of peers.

use sockeye_model::{SocketAddress, SocketId, Totals};

use super::bound::Bound;
use super::limits::Dropped;
use super::serve::{Message, Reply, serve_all};
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
pub struct MessageServer {
    sockets: Vec<Bound>,
}

impl MessageServer {
    /// Takes sockets that are bound already.
    ///
    /// # Errors
    /// What `getsockname` or `setsockopt` gave: the sockets are told to report ICMP errors (`IP_RECVERR`), and those
    /// bound to every address to say which one was asked (`IP_PKTINFO`).
    pub fn new(sockets: Vec<AsyncSocket>) -> Result<Self> {
        let sockets = sockets
            .into_iter()
            .map(Bound::new)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { sockets })
    }

    /// Where it listens, an address a socket.
    pub fn local_addresses(&self) -> Vec<SocketAddress> {
        self.sockets
            .iter()
            .map(|bound| bound.local.clone())
            .collect()
    }

    /// The sockets' numbers in the stream of events, in the same order.
    pub fn ids(&self) -> Vec<SocketId> {
        self.sockets.iter().map(Bound::id).collect()
    }

    /// Bytes and messages so far, in both directions, of all sockets.
    pub fn totals(&self) -> Totals {
        let mut all = Totals::default();
        for bound in &self.sockets {
            all += bound.handle().totals();
        }
        all
    }

    /// Messages that were not passed on so far.
    pub fn dropped(&self) -> Dropped {
        let mut all = Dropped::default();
        for one in self.sockets.iter().map(Bound::dropped) {
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
        serve_all(&self.sockets, answer).await
    }
}
