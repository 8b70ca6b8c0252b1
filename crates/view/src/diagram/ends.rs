//! Who is at the other end of whom, when both ends are sockets of this session; and on which side each is drawn.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

mod flight;
mod pairing;

use sockeye_model::{Call, End, Errno, Event, Kind, SocketAddress, SocketId, Timestamp, Type};

use crate::telling::{Programs, Worth, waits_to_receive, worth};

/// How many sockets are remembered at most; beyond it the oldest is forgotten.
const REMEMBERED: usize = 65_536;

/// How many sends of one socket may be on their way; beyond it the oldest counts as arrived.
const FLYING: usize = 1_024;

/// So many closed sockets are remembered with their side.
const GONE: usize = 256;

/// How many peers get a letter.
const LETTERED: usize = 1_024;

/// A column of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The server; with one column, everything that is ours.
    Left,
    /// The client; with one column, whoever is not ours.
    Right,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// What is remembered of one socket.
#[derive(Debug, Default)]
struct Remembered {
    side: Option<Side>,
    datagram: bool,
    bound: bool,
    listening: bool,
    local: Option<SocketAddress>,
    peer: Option<SocketAddress>,
    partner: Option<SocketId>,
    /// Sends that have not been received.
    flying: VecDeque<Flight>,
    /// A send is parked: some of it may have arrived before it is told.
    sending: bool,
    ended: bool,
    connection_drawn: bool,
    /// Layers whose handshake was drawn.
    layers: u32,
}

/// A send on its way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    to: SocketId,
    /// Bytes that have not been received.
    left: u64,
    /// When the send began.
    since: Timestamp,
}

/// All sockets of the session that are open.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Both ends are looked for; otherwise all is on the left and nobody has a partner.
    pair: bool,
    known: BTreeMap<SocketId, Remembered>,
    by_local: HashMap<SocketAddress, SocketId>,
    by_both: HashMap<(SocketAddress, SocketAddress), SocketId>,
    /// UNIX clients without a name that no accept has been seen for, by path; and the other way round.
    unnamed_clients: HashMap<SocketAddress, VecDeque<SocketId>>,
    unnamed_accepted: HashMap<SocketAddress, VecDeque<SocketId>>,
    /// Sockets whose connection is being made: their connect has not returned, or it has and goes on by itself.
    connecting: HashMap<SocketId, Connecting>,
    /// The sides of sockets that were closed lately: some things are found only then.
    gone: VecDeque<(SocketId, Side)>,
    letters: HashMap<Lettered, String>,
    /// Lettered sockets whose address was said.
    introduced: HashSet<SocketId>,
    /// Of a traced session: which program a call is of.
    programs: Programs,
}

/// How far a connect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connecting {
    /// The call has not returned.
    Called,
    /// It has, with EINPROGRESS.
    InProgress,
}

/// What a letter stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lettered {
    Socket(SocketId),
    Address(SocketAddress),
}

/// How much of what was sent one receive took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Sends that it took something of.
    pub(crate) sends: u64,
    /// It ended where the last of them ended.
    pub(crate) whole: bool,
    /// When the last of them began.
    pub(crate) since: Option<Timestamp>,
}

impl Ends {
    pub(crate) fn new(pair: bool) -> Self {
        Self {
            pair,
            ..Self::default()
        }
    }

    pub(crate) fn pairs(&self) -> bool {
        self.pair
    }

    pub(crate) fn side(&self, socket: SocketId) -> Option<Side> {
        if !self.pair {
            return Some(Side::Left);
        }
        self.known.get(&socket).and_then(|known| known.side)
    }

    /// The side of a socket that was closed lately.
    pub(crate) fn side_of_gone(&self, socket: SocketId) -> Option<Side> {
        let gone = self.gone.iter().rev();
        let mut of_socket = gone.filter(|(gone, _)| *gone == socket);
        of_socket.next().map(|(_, side)| *side)
    }

    /// Whether an event of a traced program is no row of the picture.
    pub(crate) fn is_silent(&self, event: &Event<'_>) -> bool {
        worth(event, &self.programs) != Worth::Telling
    }

    /// Whether somebody is connecting to this address by a call that has returned already.
    pub(crate) fn is_being_joined(&self, address: &SocketAddress) -> bool {
        self.connects_to(address, Connecting::InProgress)
    }

    fn connects_to(&self, address: &SocketAddress, how: Connecting) -> bool {
        self.connecting.iter().any(|(socket, connecting)| {
            let peer = self.peer(*socket);
            *connecting == how
                && peer.is_some_and(|peer| {
                    peer == address || (peer.port().is_some() && peer.port() == address.port())
                })
        })
    }

    /// Where two programs are traced, each has its side: the first the left.
    pub(crate) fn side_of_program(&self, event: &Event<'_>) -> Option<Side> {
        if !self.pair || !self.programs.are_two() {
            return None;
        }
        match self.programs.of(event)? {
            0 => Some(Side::Left),
            _ => Some(Side::Right),
        }
    }

    pub(crate) fn partner(&self, socket: SocketId) -> Option<SocketId> {
        self.known.get(&socket).and_then(|known| known.partner)
    }

    /// Whether the other end was ours, and has closed.
    pub(crate) fn has_lost_partner(&self, socket: SocketId) -> bool {
        self.partner(socket)
            .is_some_and(|partner| !self.known.contains_key(&partner))
    }

    pub(crate) fn is_listening(&self, socket: SocketId) -> bool {
        self.known.get(&socket).is_some_and(|known| known.listening)
    }

    pub(crate) fn has_ended(&self, socket: SocketId) -> bool {
        self.known.get(&socket).is_some_and(|known| known.ended)
    }

    /// Whether a connection of this socket was drawn.
    pub(crate) fn was_joined(&self, socket: SocketId) -> bool {
        self.known
            .get(&socket)
            .is_some_and(|known| known.connection_drawn)
    }

    /// This socket will send no more.
    pub(crate) fn end(&mut self, socket: SocketId) {
        if let Some(known) = self.known.get_mut(&socket) {
            known.ended = true;
        }
    }

    /// Whether the connection of this socket still has to be drawn; remembers that it is now.
    pub(crate) fn draw_connection(&mut self, socket: SocketId) -> bool {
        let partner = self.partner(socket);
        let mut to_draw = true;
        for id in [Some(socket), partner].into_iter().flatten() {
            if let Some(known) = self.known.get_mut(&id) {
                to_draw &= !known.connection_drawn;
                known.connection_drawn = true;
            }
        }
        to_draw
    }

    /// One more layer stands on this socket; whether the other end has not told of it yet.
    pub(crate) fn add_layer(&mut self, socket: SocketId) -> bool {
        let layers = |known: &Remembered| known.layers;
        let partner = self.partner(socket).and_then(|id| self.known.get(&id));
        let theirs = partner.map_or(0, layers);
        self.known.get_mut(&socket).is_none_or(|known| {
            known.layers += 1;
            known.layers > theirs
        })
    }

    /// The letter of a peer, and whether it is new; `None` when all are given.
    pub(crate) fn letter(&mut self, peer: Lettered) -> Option<(String, bool)> {
        if let Some(letter) = self.letters.get(&peer) {
            return Some((letter.clone(), false));
        }
        let number = self.letters.len();
        if number >= LETTERED {
            return None;
        }
        let letter = char::from(b'A' + (number % 26) as u8);
        let letter = match number / 26 {
            0 => letter.to_string(),
            round => format!("{letter}{round}"),
        };
        self.letters.insert(peer, letter.clone());
        Some((letter, true))
    }

    /// Whether this socket's address has not been said yet; remembers that it is now.
    pub(crate) fn introduce(&mut self, socket: SocketId) -> bool {
        self.introduced.insert(socket)
    }

    /// The socket of this session that has this address.
    pub(crate) fn at_address(&self, address: &SocketAddress) -> Option<SocketId> {
        if !self.pair {
            return None;
        }
        if let Some(socket) = self.by_local.get(address) {
            return Some(*socket);
        }
        let port = address.port().filter(|_| address.is_local())?;
        self.known
            .iter()
            .find(|(_, known)| {
                known.datagram
                    && known
                        .local
                        .as_ref()
                        .is_some_and(|local| local.is_unspecified() && local.port() == Some(port))
            })
            .map(|(id, _)| *id)
    }

    /// Whether an event can be drawn now, or has to wait for what came before it: a receive for its send, the end for the
    /// receive.
    pub(crate) fn is_ready(&self, event: &Event<'_>) -> bool {
        if !self.pair {
            return true;
        }
        match &event.kind {
            Kind::Received { payload, peer, .. } => {
                self.has_arrived(event.socket, payload.len(), peer.as_ref())
            }
            Kind::HalfClosed { end: End::Peer } => self
                .partner(event.socket)
                .and_then(|partner| self.known.get(&partner))
                .is_none_or(|partner| partner.ended),
            // The connect returns first: before it has, the kernels have joined the two all the same.
            Kind::Accepted { local, .. } if event.by.is_some() => {
                !self.connects_to(local, Connecting::Called)
            }
            Kind::Failed {
                errno: Errno::ECONNRESET,
                ..
            } if event.by.is_some() => self
                .partner(event.socket)
                .and_then(|partner| self.known.get(&partner))
                .is_none_or(|partner| partner.ended),
            // What was sent before the end arrives before it. A traced program may take its time to receive it.
            Kind::HalfClosed { end: End::Ours } | Kind::Closed { .. } if event.by.is_none() => {
                !self.is_on_its_way(event.socket)
            }
            _ => true,
        }
    }

    /// Learns from an event who is who; it is drawn after this.
    pub(crate) fn learn(&mut self, event: &Event<'_>) {
        self.programs.after(event);
        let id = event.socket;
        if id == SocketId::NONE {
            return;
        }
        let tells_nothing = matches!(
            event.kind,
            Kind::Noted(_)
                | Kind::Started { .. }
                | Kind::Exited { .. }
                | Kind::Forked { .. }
                | Kind::Replaced { .. }
                | Kind::Diagnosed(_)
                | Kind::Planned { .. }
                | Kind::Unshown { .. }
        );
        if !self.known.contains_key(&id) {
            if tells_nothing {
                return;
            }
            if self.known.len() >= REMEMBERED {
                let oldest = self.known.keys().next().copied();
                oldest.into_iter().for_each(|oldest| self.forget(oldest));
            }
            self.known.insert(id, Remembered::default());
        }
        self.pair_up(event);
        match &event.kind {
            Kind::Connecting { .. } => {
                self.connecting.insert(id, Connecting::Called);
            }
            Kind::Called {
                call: Call::Connect,
                result: Err(errno),
            } if *errno == Errno::EINPROGRESS => {
                self.connecting.insert(id, Connecting::InProgress);
            }
            Kind::Connected { .. }
            | Kind::Failed { .. }
            | Kind::Called {
                call: Call::Connect,
                ..
            } => {
                self.connecting.remove(&id);
            }
            _ => {}
        }
        let of_program = self.side_of_program(event);
        let destination = match &event.kind {
            Kind::Sent { peer, .. } if self.pair => self.destination(id, peer.as_ref()),
            _ => None,
        };
        let is_datagram_session = event
            .parent
            .and_then(|parent| self.known.get(&parent))
            .is_some_and(|parent| parent.datagram);
        let Some(known) = self.known.get_mut(&id) else {
            return;
        };
        if of_program.is_some() && !tells_nothing {
            known.side = of_program;
        }
        match &event.kind {
            Kind::Created { kind, .. } => {
                known.datagram = matches!(kind, Type::Datagram | Type::Raw);
            }
            Kind::Bound { .. } => known.bound = true,
            Kind::Listening { .. } => {
                known.listening = true;
                known.side = of_program.or(Some(Side::Left));
            }
            Kind::Accepted { .. } => {
                known.side = of_program.or(Some(Side::Left));
                known.datagram = is_datagram_session;
            }
            Kind::Connecting { .. } | Kind::Connected { .. } => {
                known.side.get_or_insert(Side::Right);
            }
            Kind::Waiting { call } if *call == Call::Accept => {
                known.side = of_program.or(Some(Side::Left));
            }
            Kind::Waiting { call } => {
                known.sending |= !waits_to_receive(*call);
                if known.datagram && waits_to_receive(*call) {
                    let side = if known.bound { Side::Left } else { Side::Right };
                    known.side.get_or_insert(side);
                }
            }
            Kind::Sent { payload, .. } => {
                known.side.get_or_insert(Side::Right);
                known.sending = false;
                // A stream's bytes are on their way before it is known who accepts them.
                let stream = (self.pair && !known.datagram).then_some(SocketId::NONE);
                if let Some(to) = destination.or(stream) {
                    if known.flying.len() >= FLYING {
                        known.flying.pop_front();
                    }
                    known.flying.push_back(Flight {
                        to,
                        left: payload.len(),
                        since: event.took.map_or(event.at, |took| event.at - took),
                    });
                }
            }
            Kind::Received { .. } => {
                let side = if known.bound { Side::Left } else { Side::Right };
                known.side.get_or_insert(side);
            }
            Kind::HalfClosed { end } => {
                known.ended |= *end == End::Ours;
                known.side.get_or_insert(Side::Right);
            }
            Kind::Failed { call, errno, .. } => {
                let side = match call {
                    Call::Bind | Call::Listen | Call::Accept => Side::Left,
                    _ => Side::Right,
                };
                known.side.get_or_insert(side);
                known.ended |= matches!(*errno, Errno::ECONNRESET | Errno::EPIPE);
                known.sending = false;
            }
            Kind::Closed { .. } => {
                let side = if known.bound { Side::Left } else { Side::Right };
                known.side.get_or_insert(side);
            }
            _ => {}
        }
    }

    fn destination(&self, from: SocketId, to: Option<&SocketAddress>) -> Option<SocketId> {
        let known = self.known.get(&from)?;
        if known.datagram {
            return known
                .partner
                .or_else(|| self.at_address(to.or(known.peer.as_ref())?));
        }
        known.partner
    }

    /// The one of ours that a message goes to, if it is one of ours.
    pub(crate) fn addressed(&self, from: SocketId, to: Option<&SocketAddress>) -> Option<SocketId> {
        if !self.pair {
            return None;
        }
        self.destination(from, to)
    }

    pub(crate) fn local(&self, socket: SocketId) -> Option<&SocketAddress> {
        self.known
            .get(&socket)
            .and_then(|known| known.local.as_ref())
    }

    /// Where a socket sends when the call does not say.
    pub(crate) fn peer(&self, socket: SocketId) -> Option<&SocketAddress> {
        self.known
            .get(&socket)
            .and_then(|known| known.peer.as_ref())
    }

    pub(crate) fn is_datagram(&self, socket: SocketId) -> bool {
        self.known.get(&socket).is_some_and(|known| known.datagram)
    }

    /// Drops all that is known of a socket that was closed.
    pub(crate) fn forget(&mut self, socket: SocketId) {
        let Some(known) = self.known.remove(&socket) else {
            return;
        };
        self.introduced.remove(&socket);
        self.connecting.remove(&socket);
        if let Some(side) = known.side.filter(|_| self.pair) {
            if self.gone.len() >= GONE {
                self.gone.pop_front();
            }
            self.gone.push_back((socket, side));
        }
        if let Some(local) = &known.local {
            if self.by_local.get(local) == Some(&socket) {
                self.by_local.remove(local);
            }
            if let Some(peer) = &known.peer {
                let key = (local.canonical(), peer.canonical());
                if self.by_both.get(&key) == Some(&socket) {
                    self.by_both.remove(&key);
                }
            }
        }
        for queue in [&mut self.unnamed_clients, &mut self.unnamed_accepted] {
            queue.retain(|_, sockets| {
                sockets.retain(|waiting| *waiting != socket);
                !sockets.is_empty()
            });
        }
    }
}

fn has_name(known: &Remembered) -> bool {
    known
        .local
        .as_ref()
        .is_some_and(|local| *local != SocketAddress::UnixUnnamed)
}
