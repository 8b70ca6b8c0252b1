//! The sockets that are open, each as a row of the page's table; folded from the events.

use std::collections::{BTreeMap, BTreeSet};

use sockeye_model::{
    Call, End, Errno, Event, Family, Kind, SocketAddress, SocketId, Timestamp, Type,
};
use sockeye_view::escape::escape_name;
use sockeye_view::record::json::Object;

use crate::limits::PAGE_ROWS;

/// What a socket is doing, in the page's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Bound,
    Listening,
    Connecting,
    Open,
    /// The peer will send no more.
    PeerEnded,
    /// We will send no more.
    WeEnded,
    /// Both; it is closed next.
    Ended,
    Reset,
    Failed,
    Closed,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Bound => "bound",
            Self::Listening => "listening",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::PeerEnded => "peer-ended",
            Self::WeEnded => "we-ended",
            Self::Ended => "ended",
            Self::Reset => "reset",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

/// One socket.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    parent: Option<SocketId>,
    what: &'static str,
    layers: Vec<String>,
    state: State,
    local: Option<SocketAddress>,
    peer: Option<SocketAddress>,
    sent: u64,
    received: u64,
    opened: Timestamp,
    closed: Option<Timestamp>,
    service: Option<String>,
    /// It carries the page itself, or listens for it.
    of_page: bool,
    /// It did, and has become a WebSocket.
    left_page: bool,
    /// How it was born, kept back while it is the page's: told when it becomes something else.
    pub(super) birth: Option<Box<Event<'static>>>,
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    rows: BTreeMap<SocketId, Row>,
    /// Rows to be told again.
    changed: BTreeSet<SocketId>,
    /// Open sockets without a row.
    more: u64,
    /// Which service listens at an address, and whether it is the page's own.
    services: Vec<(SocketAddress, String, bool)>,
}

impl Sockets {
    /// Names what is served at an address; with `of_page`, connections to it carry the page.
    pub(super) fn serve(&mut self, at: &SocketAddress, service: &str, of_page: bool) {
        for (id, row) in &mut self.rows {
            if row.local.as_ref() == Some(at) && row.peer.is_none() {
                row.service = Some(service.to_owned());
                row.of_page = of_page;
                self.changed.insert(*id);
            }
        }
        self.services
            .push((at.clone(), service.to_owned(), of_page));
    }

    pub(super) fn of(&mut self, socket: SocketId) -> Option<&mut Row> {
        self.rows.get_mut(&socket)
    }

    /// Takes in one event; a row that it changes will be told.
    pub(super) fn fold(&mut self, event: &Event<'_>) {
        if event.socket == SocketId::NONE {
            return;
        }
        if matches!(event.kind, Kind::Created { .. } | Kind::Accepted { .. }) {
            self.born(event);
        }
        let Some(row) = self.rows.get_mut(&event.socket) else {
            if matches!(event.kind, Kind::Closed { .. }) {
                self.more = self.more.saturating_sub(1);
            }
            return;
        };
        let was_of_page = row.of_page;
        row.fold(event);
        if let Some(local) = listens(&event.kind)
            && let Some((_, service, of_page)) = self.services.iter().find(|(at, ..)| at == local)
        {
            row.service = Some(service.clone());
            row.of_page = *of_page;
        }
        // The page's own bytes are told with its next change, else each row told would be one more change.
        let quiet = was_of_page && row.of_page;
        let moved = matches!(event.kind, Kind::Sent { .. } | Kind::Received { .. });
        let seen = !matches!(
            event.kind,
            Kind::Waiting { .. } | Kind::Called { .. } | Kind::Sampled { .. } | Kind::Noted(_)
        );
        if seen && !(quiet && moved) {
            self.changed.insert(event.socket);
        }
    }

    fn born(&mut self, event: &Event<'_>) {
        if self.rows.contains_key(&event.socket) {
            return;
        }
        if self.rows.len() >= PAGE_ROWS {
            self.more += 1;
            return;
        }
        let parent = event.parent.and_then(|parent| self.rows.get(&parent));
        let row = Row {
            parent: event.parent,
            what: parent.map_or("", |parent| parent.what),
            service: parent.and_then(|parent| parent.service.clone()),
            of_page: parent.is_some_and(|parent| parent.of_page),
            opened: event.at,
            ..Row::default()
        };
        self.rows.insert(event.socket, row);
    }

    /// Whether anything is to be told.
    pub(super) fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Writes the rows that have changed, as a list; closed ones for the last time.
    pub(super) fn write_news(&mut self, out: &mut Vec<u8>) {
        let changed = self.changed.iter();
        list(
            changed.filter_map(|id| self.rows.get(id).map(|row| (*id, row))),
            out,
        );
        self.settle();
    }

    /// Nobody has to be told of what has changed so far.
    pub(super) fn settle(&mut self) {
        for id in std::mem::take(&mut self.changed) {
            if self.rows.get(&id).is_some_and(|row| row.closed.is_some()) {
                self.rows.remove(&id);
            }
        }
    }

    /// Writes all rows, as a list.
    pub(super) fn write_all(&self, out: &mut Vec<u8>) {
        list(self.rows.iter().map(|(id, row)| (*id, row)), out);
    }

    /// Open sockets without a row.
    pub(super) fn more(&self) -> u64 {
        self.more
    }
}

fn list<'r>(rows: impl Iterator<Item = (SocketId, &'r Row)>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, (id, row)) in rows.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        row.write(id, out);
    }
    out.push(b']');
}

impl Row {
    /// What it moves is not told, since telling it would move more.
    pub(super) fn carries_page(&self) -> bool {
        self.of_page && self.parent.is_some()
    }

    fn fold(&mut self, event: &Event<'_>) {
        match &event.kind {
            Kind::Created { family, kind, .. } => self.what = transport(*family, *kind),
            Kind::Bound { local } => {
                self.local = Some(local.clone());
                self.state = State::Bound;
            }
            Kind::Listening { local, .. } => {
                self.local = Some(local.clone());
                self.state = State::Listening;
            }
            Kind::Connecting { peer } => {
                self.peer = Some(peer.clone());
                self.state = State::Connecting;
            }
            Kind::Connected { local, peer } | Kind::Accepted { local, peer } => {
                self.local = Some(local.clone());
                self.peer = Some(peer.clone());
                self.state = State::Open;
            }
            Kind::Upgraded { protocol, .. } => {
                self.layers.push(escape_name(protocol).into_owned());
                // A WebSocket has left HTTP: what it moves is nothing of the page's.
                if self.of_page && protocol.starts_with("WebSocket") {
                    (self.of_page, self.left_page) = (false, true);
                }
            }
            Kind::Sent { payload, .. } => self.sent = self.sent.saturating_add(payload.len()),
            Kind::Received { payload, .. } => {
                self.received = self.received.saturating_add(payload.len());
            }
            Kind::HalfClosed { end } => {
                self.state = match (self.state, end) {
                    (State::WeEnded, End::Peer) | (State::PeerEnded, End::Ours) => State::Ended,
                    (_, End::Peer) => State::PeerEnded,
                    (_, End::Ours) => State::WeEnded,
                };
            }
            Kind::Failed { call, errno, .. } => {
                if matches!(*errno, Errno::ECONNRESET | Errno::EPIPE) {
                    self.state = State::Reset;
                } else if matches!(call, Call::Connect | Call::Bind | Call::Listen) {
                    self.state = State::Failed;
                }
            }
            Kind::Closed { totals, .. } => {
                (self.sent, self.received) = (totals.bytes_sent, totals.bytes_received);
                if self.state != State::Reset {
                    self.state = State::Closed;
                }
                self.closed = Some(event.at);
            }
            _ => {}
        }
    }

    fn write(&self, id: SocketId, out: &mut Vec<u8>) {
        let mut row = Object::open(out);
        row.number("socket", id.0.into());
        if let Some(parent) = self.parent {
            row.number("parent", parent.0.into());
        }
        row.plain("what", self.what);
        row.list("layers", self.layers.iter().map(String::as_str));
        row.plain("state", self.state.word());
        if let Some(local) = &self.local {
            row.text("local", &escape_name(&local.to_string()));
        }
        if let Some(peer) = &self.peer {
            row.text("peer", &escape_name(&peer.to_string()));
        }
        row.number("sent", self.sent);
        row.number("received", self.received);
        row.number("opened", self.opened.as_nanos());
        if let Some(closed) = self.closed {
            row.number("closed", closed.as_nanos());
        }
        if let Some(service) = &self.service {
            row.text("service", service);
        }
        if self.of_page {
            row.plain("page", "own");
        } else if self.left_page {
            row.plain("page", "left");
        }
        row.close();
    }
}

/// The event as one that gives a socket its address, whichever it is.
fn listens<'k>(kind: &'k Kind<'_>) -> Option<&'k SocketAddress> {
    match kind {
        Kind::Listening { local, .. } | Kind::Bound { local } => Some(local),
        _ => None,
    }
}

const fn transport(family: Family, kind: Type) -> &'static str {
    match (family, kind) {
        (Family::Unix, Type::Stream) => "unix",
        (Family::Unix, Type::Datagram) => "unix-dgram",
        (Family::Unix, _) => "unix-seqpacket",
        (_, Type::Stream) => "tcp",
        (_, Type::Datagram) => "udp",
        (_, _) => "raw",
    }
}
