//! One conversation of messages, whatever kind of socket carries it.

use std::io;
use std::os::fd::AsFd;

use sockeye_model::event::Note;
use sockeye_model::{Call, DropReason, Errno, Family, Kind, SocketAddress, SocketId, Totals, Type};
use sockeye_tap::Tap;

use super::bound::{is_icmp, peer_of};
use super::length::{check_length, udp_max, unix_max};
use super::pooled::Pooled;
use super::relay::{NotSent, Passed, TRIES, is_length};
use super::session::Session;
use crate::async_socket::Drained;
use crate::error::{Error, Result};
use crate::icmp::{Arrived, Echoes, Heard, Reporting};
use crate::sys::{Name, Outgoing, ROOM, send_batch};
use crate::websocket::{Close, CloseCode, Event, Fault, MAX_MESSAGE, MessageType, WebSocket};
use crate::{AsyncSocket, Lease, Lent, Shutdown};

/// One conversation of messages. One task may receive while another sends.
#[derive(Debug)]
pub enum Messages {
    /// A connected socket: UDP, UNIX datagrams or packets. It hears its peer alone.
    Connected(AsyncSocket),
    /// One peer of a server.
    Session(Session),
    /// A socket that sends to an address and hears whoever answers: multicast, broadcast.
    Towards(AsyncSocket, SocketAddress),
    /// ICMP: a message that is sent is the data of an echo request, one that comes is that of its reply.
    Echo(Echoes),
    /// A raw socket: a message is what an IP packet carries, without IP's header.
    Packets(Reporting),
    /// Messages over a stream.
    WebSocket(Box<WebSocket>),
}

impl Messages {
    /// The next message, or the end where there is one: SEQPACKET's end, a session's end. UDP has none.
    ///
    /// No message is cut, however long; an empty one is data. Dropping the future loses nothing.
    ///
    /// # Errors
    /// `ECONNREFUSED` and its kin on a connected UDP socket, when an ICMP error came back for an earlier message: the
    /// conversation may go on ([`is_passing`]). Otherwise as for [`AsyncSocket::recv`].
    pub async fn recv(&self) -> Result<Lent> {
        match self {
            Self::Connected(socket) => socket.recv_lease().await,
            Self::WebSocket(websocket) => match websocket.recv().await? {
                Event::Message(kind, message) => {
                    Ok(Lent::Data(websocket.marking().incoming(kind, message)))
                }
                Event::Closed(close) if !close.is_clean() && !websocket.is_answer(&close) => Err(
                    Error::new(Call::Recv, io::Error::from(Fault::Closed(close))),
                ),
                _ => Ok(Lent::End),
            },
            Self::Session(session) => session.recv().await,
            Self::Towards(socket, _) => socket
                .read(Call::RecvFrom, |handle, began| {
                    let mut buffer = handle.buffer_for_next()?;
                    let (received, _) = handle.recv_from(began, &mut buffer)?;
                    Ok((Lent::of(buffer, received), Drained::Whole))
                })
                .await
                .map_err(|source| Error::new(Call::RecvFrom, source)),
            Self::Echo(echoes) => match echoes.recv().await? {
                Heard::Reply(reply) => Ok(Lent::Data(reply.data)),
                Heard::Undelivered { report, .. } => Err(report.into_error(self.peer())),
            },
            Self::Packets(socket) => match socket.recv().await? {
                Arrived::Message { data, .. } => Ok(Lent::Data(data)),
                Arrived::Undelivered(report) => Err(report.into_error(self.peer())),
            },
        }
    }

    /// Sends one message, waiting for room.
    ///
    /// # Errors
    /// [`TooLong`](super::TooLong) before anything is sent. `ECONNREFUSED` and its kin on a connected UDP socket are
    /// about an earlier message, and this one has **not** been sent: [`is_passing`]. Otherwise as for
    /// [`AsyncSocket::send`].
    pub async fn send(&self, message: &[u8]) -> Result<()> {
        self.send_as(None, message).await
    }

    /// Sends on one message that was received: text stays text, and binary binary, where the sockets tell them apart.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn pass(&self, message: &Lease) -> Result<()> {
        match (self, message.message_type()) {
            (Self::WebSocket(websocket), Some(kind)) => websocket.send_checked(kind, message).await,
            (_, kind) => self.send_as(kind, message).await,
        }
    }

    /// Sends one message as text or binary; a kind of socket that doesn't tell them apart sends its bytes.
    ///
    /// # Errors
    /// As for [`Self::send`]; [`Fault::NotText`] before anything is sent.
    pub async fn send_as(&self, kind: Option<MessageType>, message: &[u8]) -> Result<()> {
        match self {
            Self::WebSocket(websocket) => {
                if let Some(kind) = kind {
                    return websocket.send(kind, message).await;
                }
                let marking = websocket.marking();
                let (kind, message) = marking
                    .outgoing(websocket.outgoing(), message)
                    .map_err(|fault| Error::new(Call::Send, io::Error::from(fault)))?;
                websocket.send(kind, &message).await
            }
            Self::Session(session) => session.send(message).await,
            Self::Connected(socket) => {
                check_length(message.len(), self.max_len()?)
                    .map_err(|source| socket.about_peer(Call::Send, source))?;
                socket.send(message).await.map(drop)
            }
            Self::Towards(socket, peer) => {
                check_length(message.len(), self.max_len()?)
                    .map_err(|source| Error::at(Call::SendTo, peer.clone(), source))?;
                socket.send_to(message, peer).await.map(drop)
            }
            Self::Echo(echoes) => {
                check_length(message.len(), self.max_len()?)
                    .map_err(|source| echoes.socket().about_peer(Call::Send, source))?;
                echoes.send(message).await.map(drop)
            }
            Self::Packets(packets) => {
                check_length(message.len(), self.max_len()?)
                    .map_err(|source| packets.socket().about_peer(Call::Send, source))?;
                packets.send(message).await
            }
        }
    }

    /// The longest message that can be sent, bytes: 65,507 for UDP and ICMP over IPv4, 65,527 over IPv6, 65,515 and 65,535
    /// for raw packets, what `SO_SNDBUF` lets through for UNIX.
    ///
    /// # Errors
    /// What `getsockopt` gave, for a UNIX socket.
    pub fn max_len(&self) -> Result<usize> {
        let (socket, peer) = match self {
            Self::Session(session) => return session.max_len(),
            Self::Towards(socket, peer) => (socket, Some(peer.clone())),
            Self::Connected(socket) => (socket, socket.peer_address().ok()),
            // The head of an echo request is as long as UDP's.
            Self::Echo(_) => return Ok(self.peer().inet().map_or(0, |peer| udp_max(peer.ip()))),
            Self::Packets(_) => {
                return Ok(self.peer().inet().map_or(0, |peer| udp_max(peer.ip()) + 8));
            }
            Self::WebSocket(_) => return Ok(MAX_MESSAGE),
        };
        match (socket.family(), peer.and_then(|peer| peer.inet())) {
            (Family::Unix, _) => unix_max(socket.handle()),
            (_, Some(peer)) if socket.kind() == Type::Datagram => Ok(udp_max(peer.ip())),
            _ => Ok(ROOM),
        }
    }

    /// Whether the other side can end it. UDP and UNIX datagrams go on for ever.
    pub fn has_end(&self) -> bool {
        match self {
            Self::Connected(socket) => socket.kind() == Type::SeqPacket,
            Self::Session(_) | Self::WebSocket(_) => true,
            Self::Towards(..) | Self::Echo(_) | Self::Packets(_) => false,
        }
    }

    /// Whether the peer itself can say that it has ended: SEQPACKET alone. A session only expires.
    pub(super) fn peer_can_end(&self) -> bool {
        matches!(self, Self::Connected(_)) && self.has_end()
    }

    /// Says that no more will be sent, where the socket can: `shutdown` of a SEQPACKET socket.
    ///
    /// # Errors
    /// What `shutdown` gave, other than that the peer has gone.
    pub async fn finish(&self) -> Result<()> {
        match self {
            Self::Connected(socket) if socket.kind() == Type::SeqPacket => {
                match socket.shutdown(Shutdown::Write) {
                    Err(error) if error.errno() == Errno::ENOTCONN => Ok(()),
                    told => told,
                }
            }
            Self::WebSocket(websocket) => websocket.close(websocket.goodbye()).await,
            _ => Ok(()),
        }
    }

    /// Says that no more will be sent, as the side that it came from has said it: a close keeps its code and its reason.
    pub(super) async fn finish_as(&self, from: &Self) -> Result<()> {
        if let (Self::WebSocket(to), Self::WebSocket(from)) = (self, from) {
            let gone = || Close::new(CloseCode::GOING_AWAY, "");
            let close = from.closed_with().unwrap_or_else(gone);
            return to.close(&close).await;
        }
        self.finish().await
    }

    /// Whether its end is that of both directions: a WebSocket's close.
    pub(super) fn ends_both(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Whether its messages are UDP's, which the kernel takes and gives in batches.
    pub fn is_udp(&self) -> bool {
        match self {
            Self::Session(session) => session.is_udp(),
            Self::WebSocket(_) => false,
            Self::Connected(socket) | Self::Towards(socket, _) => {
                socket.kind() == Type::Datagram && socket.family() != Family::Unix
            }
            Self::Echo(_) | Self::Packets(_) => false,
        }
    }

    /// The peer; for a socket towards a group, the group.
    pub fn peer(&self) -> SocketAddress {
        match self {
            Self::Session(session) => session.peer().clone(),
            Self::Towards(_, peer) => peer.clone(),
            Self::Connected(socket) => socket.peer_address().unwrap_or(SocketAddress::UnixUnnamed),
            Self::Echo(_) | Self::Packets(_) => self
                .socket()
                .and_then(|socket| socket.peer_address().ok())
                .unwrap_or(SocketAddress::UnixUnnamed),
            Self::WebSocket(websocket) => {
                let peer = websocket.wire().peer_address();
                peer.unwrap_or(SocketAddress::UnixUnnamed)
            }
        }
    }

    /// This end's address.
    ///
    /// # Errors
    /// What `getsockname` gave.
    pub fn local_address(&self) -> Result<SocketAddress> {
        match self {
            Self::Session(session) => Ok(session.local_address()),
            Self::WebSocket(websocket) => websocket.wire().local_address(),
            Self::Connected(socket) | Self::Towards(socket, _) => socket.local_address(),
            Self::Echo(echoes) => echoes.socket().local_address(),
            Self::Packets(packets) => packets.socket().local_address(),
        }
    }

    /// The peer's own socket, if it has one here: a session shares its server's.
    pub fn socket(&self) -> Option<&AsyncSocket> {
        match self {
            Self::Session(_) => None,
            Self::WebSocket(websocket) => Some(websocket.wire().socket()),
            Self::Connected(socket) | Self::Towards(socket, _) => Some(socket),
            Self::Echo(echoes) => Some(echoes.socket()),
            Self::Packets(packets) => Some(packets.socket()),
        }
    }

    /// Its number in the stream of events.
    pub fn id(&self) -> SocketId {
        match self {
            Self::Session(session) => session.id(),
            Self::WebSocket(websocket) => websocket.wire().id(),
            Self::Connected(socket) | Self::Towards(socket, _) => socket.id(),
            Self::Echo(echoes) => echoes.socket().id(),
            Self::Packets(packets) => packets.socket().id(),
        }
    }

    /// Messages and bytes so far, in both directions.
    pub fn totals(&self) -> Totals {
        match self {
            Self::Session(session) => session.totals(),
            Self::WebSocket(websocket) => websocket.wire().totals(),
            Self::Connected(socket) | Self::Towards(socket, _) => socket.totals(),
            Self::Echo(echoes) => echoes.socket().totals(),
            Self::Packets(packets) => packets.socket().totals(),
        }
    }

    /// Where its events go.
    pub fn tap(&self) -> &Tap {
        match self {
            Self::Session(session) => &session.bound().handle().tap,
            Self::WebSocket(websocket) => websocket.wire().tap(),
            Self::Connected(socket) | Self::Towards(socket, _) => &socket.handle().tap,
            Self::Echo(echoes) => echoes.socket().tap(),
            Self::Packets(packets) => packets.socket().tap(),
        }
    }

    /// Tells something found out about it.
    pub(super) fn tell(&self, kind: Kind<'_>) {
        match self {
            Self::Session(session) => session.emit(kind),
            _ => {
                if let Some(socket) = self.socket() {
                    let handle = socket.handle();
                    handle.emit(handle.tap.now(), kind);
                }
            }
        }
    }

    pub(super) fn tell_dropped(&self, messages: u64, why: DropReason) {
        self.tell(Kind::Noted(Note::Dropped { messages, why }));
    }

    /// UDP: what has come, at least one message, up to a batch; `None` is the end.
    pub(super) async fn recv_batch(&self) -> Result<Option<Pooled>> {
        let socket = match self {
            Self::Session(session) => return session.recv_batch().await,
            // Only UDP is asked.
            Self::WebSocket(_) => return Err(Error::new(Call::RecvMmsg, NO_BATCHES)),
            Self::Connected(socket) | Self::Towards(socket, _) => socket,
            Self::Echo(echoes) => echoes.socket(),
            Self::Packets(packets) => packets.socket(),
        };
        let received = socket.read(Call::RecvMmsg, |handle, began| {
            let mut batch = Pooled::lend();
            batch
                .recv(handle.as_fd(), false)
                .inspect_err(|error| handle.failed(began, Call::RecvMmsg, error))?;
            for index in 0..batch.len() {
                let peer = matches!(self, Self::Towards(..)).then(|| peer_of(batch.name(index)));
                handle.received(
                    began,
                    Call::RecvMmsg,
                    batch.message(index),
                    ROOM,
                    batch.truncated_from(index),
                    peer.as_ref(),
                );
            }
            let drained = if batch.is_full() {
                Drained::Whole
            } else {
                Drained::Empty
            };
            Ok((Some(batch), drained))
        });
        received
            .await
            .map_err(|source| socket.about_peer(Call::RecvMmsg, source))
    }

    /// UDP: sends each message of `batch`, waiting for room; what could not be sent is counted and said.
    pub(super) async fn send_batch(&self, batch: &Pooled, passed: &mut Passed) -> Result<()> {
        let (socket, to) = match self {
            Self::Session(session) => {
                return session
                    .send_batch(batch, passed)
                    .await
                    .map_err(|source| Error::at(Call::SendMmsg, session.peer().clone(), source));
            }
            Self::Connected(socket) => (socket, None),
            Self::Towards(socket, peer) => (socket, peer.inet().map(Name::new)),
            Self::Echo(echoes) => (echoes.socket(), None),
            Self::Packets(packets) => (packets.socket(), None),
            Self::WebSocket(_) => return Err(Error::new(Call::SendMmsg, NO_BATCHES)),
        };
        let peer = to.as_ref().map(peer_of);
        let handle = socket.handle();
        let (mut done, mut tries) = (0, 0);
        while done < batch.len() {
            let outgoing = |index: usize| Outgoing {
                data: batch.message(done + index),
                to: to.as_ref(),
                from: None,
            };
            let rest = batch.len() - done;
            let began = handle.tap.now();
            let sent = socket.write(Call::SendMmsg, |handle, _| {
                let _begun = handle.tap.begin();
                let sent = send_batch(handle.as_fd(), rest, outgoing)?;
                for data in (done..done + sent).map(|index| batch.message(index)) {
                    handle.sent(began, Call::SendMmsg, data, data.len(), peer.as_ref());
                }
                Ok(sent)
            });
            match sent.await {
                Ok(sent) => {
                    for data in (done..done + sent).map(|index| batch.message(index)) {
                        passed.sent(data.len());
                    }
                    done += sent;
                    tries = 0;
                }
                Err(error) => {
                    handle.failed(began, Call::SendMmsg, &error);
                    if tries < TRIES && is_icmp(&error) {
                        tries += 1;
                        passed.refused += u64::from(!is_length(&error));
                        continue;
                    }
                    let error = Error::at(Call::SendMmsg, self.peer(), error);
                    if passed.not_sent(error) == NotSent::TooLong {
                        self.tell_dropped(1, DropReason::TooLong);
                    }
                    done += 1;
                    tries = 0;
                }
            }
        }
        Ok(())
    }
}

/// What a kind of socket without batches says.
const NO_BATCHES: io::ErrorKind = io::ErrorKind::Unsupported;

/// Whether `error` is about an earlier message, which an ICMP error answered: the conversation may go on, and where a
/// send said so the message has to be sent again.
pub fn is_passing(error: &Error) -> bool {
    is_icmp(&error.source)
}
