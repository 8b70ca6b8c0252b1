//! What is remembered of each socket between its events, within a bound.

use std::collections::BTreeMap;
use std::time::Duration;

use sockeye_model::{
    Call, Came, End, Errno, Event, Family, Kind, Note, Protocol, Queues, SocketAddress, SocketId,
    TcpSample, Timestamp, Type, Unit,
};

use super::Way;

/// How many sockets are remembered at most; beyond it the oldest is forgotten and its later lines say less.
pub(crate) const REMEMBERED: usize = 65_536;

const IPPROTO_ICMP: i32 = 1;
const IPPROTO_TCP: i32 = 6;
const IPPROTO_UDP: i32 = 17;
const IPPROTO_ICMPV6: i32 = 58;

/// What carries the bytes; it decides which reasons are true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
    UnixStream,
    UnixDatagram,
    UnixSeqPacket,
    Icmp,
    Raw,
    /// Not known, or one that nothing special is said about.
    Other,
}

impl Transport {
    /// Whether a message of it can get lost on the way, and nobody is told.
    pub(crate) fn may_lose(self) -> bool {
        matches!(
            self,
            Self::Udp | Self::Icmp | Self::Raw | Self::UnixDatagram
        )
    }

    /// From the three arguments of `socket`.
    pub(crate) fn of(family: Family, kind: Type, protocol: Protocol) -> Self {
        match (family, kind, protocol.0) {
            (Family::Unix, Type::Stream, _) => Self::UnixStream,
            (Family::Unix, Type::Datagram, _) => Self::UnixDatagram,
            (Family::Unix, Type::SeqPacket, _) => Self::UnixSeqPacket,
            (_, Type::Stream, 0 | IPPROTO_TCP) => Self::Tcp,
            (_, Type::Datagram, 0 | IPPROTO_UDP) => Self::Udp,
            (_, Type::Datagram, IPPROTO_ICMP | IPPROTO_ICMPV6) => Self::Icmp,
            (_, Type::Raw, _) => Self::Raw,
            _ => Self::Other,
        }
    }

    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::UnixStream)
    }

    /// Whether nobody connects: one socket hears everybody.
    pub(crate) fn is_datagram(self) -> bool {
        matches!(
            self,
            Self::Udp | Self::UnixDatagram | Self::Icmp | Self::Raw
        )
    }

    /// The scheme of an address that reaches it.
    pub(crate) fn scheme(self) -> Option<&'static str> {
        Some(match self {
            Self::Tcp => "tcp://",
            Self::Udp => "udp://",
            Self::UnixStream => "unix:",
            Self::UnixDatagram => "unix-dgram:",
            Self::UnixSeqPacket => "unix-seqpacket:",
            _ => return None,
        })
    }
}

/// What is remembered of one socket.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) transport: Transport,
    pub(crate) local: Option<SocketAddress>,
    pub(crate) peer: Option<SocketAddress>,
    /// `bind` was called: the port was not chosen by the system on the way.
    pub(crate) bound: bool,
    pub(crate) listening: bool,
    pub(crate) accepted: bool,
    /// The program did not make it; how it came by it.
    pub(crate) came: Option<Came>,
    /// Which way its first bytes went: who sends first asks.
    pub(crate) first_way: Option<Way>,
    pub(crate) received: u64,
    /// What it carries are messages, also where a layer above a stream makes them.
    pub(crate) messages: bool,
    pub(crate) ended_by_us: bool,
    /// When the peer's end was received.
    pub(crate) ended_by_peer: Option<Timestamp>,
    /// Our `shutdown` began before the peer's end came, though it may have been told after it.
    pub(crate) we_ended_first: bool,
    /// It is, or was, a connection.
    pub(crate) joined: bool,
    /// The connection was thrown away: nothing rests in TIME_WAIT.
    pub(crate) reset: bool,
    /// `SO_REUSEADDR` is set, here or at its listener before it was accepted.
    pub(crate) reuses: bool,
    /// `SO_LINGER` is on with a time of 0: close sends a reset.
    pub(crate) lingers_not: bool,
    pub(crate) waiting_to_receive: Option<Timestamp>,
    pub(crate) waiting_to_send: Option<Timestamp>,
    /// When the last send that has had no answer was over.
    pub(crate) asked_at: Option<Timestamp>,
    pub(crate) unanswered_sends: u64,
    pub(crate) unanswered_bytes: u64,
    pub(crate) first_sender: Option<SocketAddress>,
    pub(crate) sample: Option<TcpSample>,
    /// Bytes that had arrived and were not received, when the queues were last looked at.
    pub(crate) unread: u64,
}

impl Known {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            local: None,
            peer: None,
            bound: false,
            listening: false,
            accepted: false,
            came: None,
            first_way: None,
            received: 0,
            messages: false,
            ended_by_us: false,
            ended_by_peer: None,
            we_ended_first: false,
            joined: false,
            reset: false,
            reuses: false,
            lingers_not: false,
            waiting_to_receive: None,
            waiting_to_send: None,
            asked_at: None,
            unanswered_sends: 0,
            unanswered_bytes: 0,
            first_sender: None,
            sample: None,
            unread: 0,
        }
    }

    /// Whether an event says what the socket was when the program came by it, and is no call.
    pub(crate) fn was_there(&self, event: &Event<'_>) -> bool {
        self.came.is_some() && event.took.is_none()
    }

    /// Whether closing it now sends RST instead of FIN: bytes are left unread, or `SO_LINGER` says so; neither once both
    /// directions are over.
    pub(crate) fn throws_away(&self) -> bool {
        let over = self.ended_by_us && self.ended_by_peer.is_some();
        self.transport == Transport::Tcp
            && self.joined
            && !self.reset
            && (self.unread > 0 || (self.lingers_not && !over))
    }

    /// Whether this end asks and the other answers, so that the time to the next receive is an answer's.
    pub(crate) fn asks(&self) -> bool {
        let answers = self.transport.is_datagram() && self.first_way == Some(Way::In);
        !self.accepted && !answers
    }

    /// How long the answer took, for a receive at `at`.
    pub(crate) fn answer_time(&self, at: Timestamp) -> Option<Duration> {
        self.asked_at
            .filter(|_| self.asks())
            .map(|asked| at.since(asked))
    }

    /// The transport, or what a payload of this unit over an address of this family must be.
    pub(crate) fn transport_for(&self, unit: Unit) -> Transport {
        match (self.transport, unit) {
            (Transport::Other, Unit::Bytes) => Transport::Tcp,
            (known, _) => known,
        }
    }
}

/// All sockets that are open, and how many there have been.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: BTreeMap<SocketId, Known>,
    seen: u32,
    highest: SocketId,
}

impl Sockets {
    pub(crate) fn of(&self, socket: SocketId) -> Option<&Known> {
        self.open.get(&socket)
    }

    pub(crate) fn transport(&self, socket: SocketId) -> Transport {
        self.of(socket)
            .map_or(Transport::Other, |known| known.transport)
    }

    /// Whether there has been more than one, so that their numbers are worth showing.
    pub(crate) fn are_several(&self) -> bool {
        self.seen > 1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SocketId, &Known)> {
        self.open.iter().map(|(id, known)| (*id, known))
    }

    fn entry(&mut self, socket: SocketId) -> &mut Known {
        if socket > self.highest {
            self.highest = socket;
            self.seen += 1;
        }
        if self.open.len() >= REMEMBERED && !self.open.contains_key(&socket) {
            self.open.pop_first();
        }
        self.open
            .entry(socket)
            .or_insert_with(|| Known::new(Transport::Other))
    }

    /// Remembers what later events need to know.
    pub(crate) fn after(&mut self, event: &Event<'_>) {
        if event.socket == SocketId::NONE {
            return;
        }
        match &event.kind {
            Kind::Closed { .. } => {
                self.entry(event.socket);
                if let Some(closed) = self.open.remove(&event.socket)
                    && closed.throws_away()
                {
                    self.reset_other_end(&closed);
                }
            }
            Kind::Accepted { local, peer } => self.accepted(event, local, peer),
            Kind::Queued(Queues::Data { unread, .. }) => {
                if let Some(known) = self.open.get_mut(&event.socket) {
                    known.unread = *unread;
                }
            }
            // The first that is heard of a socket that was there before.
            Kind::Noted(Note::Descriptor { came, .. })
                if *came != Came::Made && event.socket > self.highest =>
            {
                self.entry(event.socket).came = Some(*came);
            }
            Kind::Noted(Note::Polling { call, .. }) if event.took.is_none() => {
                if let Some(known) = self.open.get_mut(&event.socket) {
                    known.waits(*call, event.at);
                }
            }
            // These say nothing about a socket's state, and must not bring a closed one back.
            Kind::Noted(_)
            | Kind::Planned { .. }
            | Kind::Started { .. }
            | Kind::Exited { .. }
            | Kind::Forked { .. }
            | Kind::Replaced { .. }
            | Kind::Queued(_)
            | Kind::Diagnosed(_)
            | Kind::Unshown { .. } => {}
            _ => {
                let served = self.was_accepted(event);
                let known = self.entry(event.socket);
                known.accepted |= served;
                known.after(event);
            }
        }
    }

    /// Whether a connection that was there before must have come to a listener here, whose port it has.
    fn was_accepted(&self, event: &Event<'_>) -> bool {
        let Kind::Connected { local, .. } = &event.kind else {
            return false;
        };
        let serves = |known: &Known| {
            let own = known.local.as_ref().filter(|_| known.listening);
            own.is_some_and(|own| {
                own == local || local.port().is_some() && own.port() == local.port()
            })
        };
        self.of(event.socket)
            .is_some_and(|known| known.was_there(event))
            && self.open.values().any(serves)
    }

    /// The other end of a connection that was thrown away, if it is here.
    fn reset_other_end(&mut self, closed: &Known) {
        let (Some(local), Some(peer)) = (&closed.local, &closed.peer) else {
            return;
        };
        let (local, peer) = (Some(local.canonical()), Some(peer.canonical()));
        let canonical =
            |address: &Option<SocketAddress>| address.as_ref().map(SocketAddress::canonical);
        let other = self
            .open
            .values_mut()
            .find(|known| canonical(&known.local) == peer && canonical(&known.peer) == local);
        if let Some(other) = other.filter(|other| other.transport == Transport::Tcp) {
            other.reset = true;
        }
    }

    fn accepted(&mut self, event: &Event<'_>, local: &SocketAddress, peer: &SocketAddress) {
        let (inherited, reuses, lingers_not) = match event.parent {
            Some(listener) => {
                let known = self.entry(listener);
                known.waiting_to_receive = None;
                (known.transport, known.reuses, known.lingers_not)
            }
            None => (Transport::Other, false, false),
        };
        let known = self.entry(event.socket);
        if known.transport == Transport::Other {
            known.transport = inherited;
        }
        known.joined = true;
        known.reuses |= reuses;
        known.lingers_not |= lingers_not;
        known.accepted = true;
        known.local = Some(local.clone());
        known.peer = Some(peer.clone());
    }
}

impl Known {
    fn waits(&mut self, call: Call, at: Timestamp) {
        let since = if waits_to_receive(call) {
            &mut self.waiting_to_receive
        } else {
            &mut self.waiting_to_send
        };
        since.get_or_insert(at);
    }

    fn after(&mut self, event: &Event<'_>) {
        match &event.kind {
            Kind::Created {
                family,
                kind,
                protocol,
            } => self.transport = Transport::of(*family, *kind, *protocol),
            Kind::Bound { local } => {
                self.bound = true;
                self.local = Some(local.clone());
            }
            Kind::Listening { local, .. } => {
                self.listening = true;
                self.local = Some(local.clone());
            }
            Kind::Connecting { peer } => self.peer = Some(peer.clone()),
            Kind::Configured { option, value } => match &**option {
                "SO_REUSEADDR" => self.reuses = &**value != "0",
                "SO_LINGER" => {
                    let mut parts = value.split([',', ' ']).filter(|part| !part.is_empty());
                    let is_on = matches!(parts.next(), Some("1" | "on"));
                    self.lingers_not = is_on && parts.next() == Some("0");
                }
                _ => {}
            },
            Kind::Connected { local, peer } => {
                self.joined = true;
                self.local = Some(local.clone());
                self.peer = Some(peer.clone());
                self.waiting_to_send = None;
            }
            Kind::Waiting { call } => self.waits(*call, event.at),
            Kind::Sent { payload, .. } => {
                self.messages |= payload.unit() == Unit::Message;
                self.first_way.get_or_insert(Way::Out);
                // From when the call began: the answer may come while it returns. What waited for room left at its end.
                let took = event.took.filter(|_| self.waiting_to_send.is_none());
                self.waiting_to_send = None;
                self.asked_at = Some(event.at - took.unwrap_or_default());
                self.unanswered_sends += 1;
                self.unanswered_bytes = self.unanswered_bytes.saturating_add(payload.len());
            }
            Kind::Received { payload, peer, .. } => {
                self.messages |= payload.unit() == Unit::Message;
                self.first_way.get_or_insert(Way::In);
                self.waiting_to_receive = None;
                self.asked_at = None;
                self.unanswered_sends = 0;
                self.unanswered_bytes = 0;
                self.unread = 0;
                self.received = self.received.saturating_add(payload.len());
                if self.first_sender.is_none() {
                    self.first_sender.clone_from(peer);
                }
            }
            Kind::HalfClosed { end: End::Ours } => {
                let began = event.took.map_or(event.at, |took| event.at - took);
                self.we_ended_first = self.ended_by_peer.is_none_or(|peer| began < peer);
                self.ended_by_us = true;
            }
            Kind::HalfClosed { end: End::Peer } => {
                self.ended_by_peer.get_or_insert(event.at);
                self.waiting_to_receive = None;
            }
            Kind::Failed { call, errno, .. } => {
                if waits_to_receive(*call) {
                    self.waiting_to_receive = None;
                } else {
                    self.waiting_to_send = None;
                }
                // After a shutdown of our own EPIPE says nothing of the connection, and nothing before there is one.
                self.reset |= *errno == Errno::ECONNRESET
                    || (*errno == Errno::EPIPE && !self.ended_by_us && self.joined);
            }
            Kind::Sampled { sample } => self.sample = Some(*sample),
            _ => {}
        }
    }
}

/// Whether a call that waits, waits for something to come in.
pub(crate) fn waits_to_receive(call: Call) -> bool {
    matches!(
        call,
        Call::Accept
            | Call::Recv
            | Call::RecvFrom
            | Call::RecvMsg
            | Call::RecvMmsg
            | Call::Read
            | Call::Splice
            | Call::Poll
    )
}
