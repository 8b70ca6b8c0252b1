//! The events in the order in which they can be drawn, each with who is at the other end, if that is one of ours.

use std::collections::{HashMap, HashSet};

use sockeye_model::{Event, Kind, Note, SocketAddress, SocketId, Type};

use super::kept::KeptEvent;
use crate::diagram::ends::{Ends, Taken};
use crate::diagram::order::Order;

/// Events in order, and the sockets of this session that are each other's ends.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) events: Vec<SortedEvent>,
    /// The other end of a stream.
    partners: HashMap<SocketId, SocketId>,
    /// Sockets of messages, by the address they send from.
    senders: HashMap<SocketAddress, SocketId>,
    /// Streams that listen, in the order of their birth.
    listeners: Vec<(SocketAddress, SocketId)>,
    /// Sockets of messages.
    datagrams: HashSet<SocketId>,
    /// The address a socket was connected to last.
    peers: HashMap<SocketId, SocketAddress>,
}

#[derive(Debug)]
pub(super) struct SortedEvent {
    pub(super) event: Event<'static>,
    pub(super) data: Option<usize>,
    /// Whom it was sent to or received from, if that is a socket of this session.
    pub(super) other: Option<SocketId>,
    /// What a receive took of what was on its way.
    pub(super) taken: Taken,
}

impl Sorted {
    pub(super) fn of(kept: Vec<KeptEvent>) -> Self {
        let mut sorted = Self::default();
        let mut ends = Ends::new(true);
        let mut order = Order::default();
        for KeptEvent { event, data } in kept {
            let now = event.at;
            while let Some((held, data)) = order.next(&ends, now, |_| false) {
                sorted.place(held, data, &mut ends);
            }
            if order.passes(&event, &ends) {
                sorted.place(event, data, &mut ends);
            } else {
                order.hold(event, data);
            }
            while let Some((held, data)) = order.next(&ends, now, |_| false) {
                sorted.place(held, data, &mut ends);
            }
        }
        while let Some((held, data)) = order.last(&ends, |_| false) {
            sorted.place(held, data, &mut ends);
        }
        sorted
    }

    fn place(&mut self, event: Event<'static>, data: Option<usize>, ends: &mut Ends) {
        ends.learn(&event);
        let id = event.socket;
        let mut other = None;
        let mut taken = Taken::default();
        match &event.kind {
            Kind::Created { kind, .. } => {
                if matches!(kind, Type::Datagram | Type::Raw) {
                    self.datagrams.insert(id);
                }
            }
            Kind::Bound { local } if self.is_datagram(id) => {
                self.senders.insert(local.clone(), id);
            }
            Kind::Listening { local, .. } => self.listeners.push((local.clone(), id)),
            Kind::Connecting { peer } => {
                self.peers.insert(id, peer.clone());
            }
            Kind::Connected { local, peer } | Kind::Accepted { local, peer } => {
                if self.is_datagram(id) {
                    self.senders.insert(local.clone(), id);
                }
                self.peers.insert(id, peer.clone());
            }
            Kind::Sent { peer, .. } => other = ends.addressed(id, peer.as_ref()),
            Kind::Received { payload, peer, .. } => {
                (other, taken) = ends.arrive(id, payload.len(), peer.as_ref());
                if let (Some(from), Some(address), true) = (other, peer, self.is_datagram(id)) {
                    self.senders.insert(address.clone(), from);
                }
            }
            Kind::Noted(Note::Paired { with }) => {
                self.partners.insert(id, *with);
                self.partners.insert(*with, id);
            }
            _ => {}
        }
        if let Some(partner) = ends.partner(id) {
            self.partners.insert(id, partner);
            self.partners.insert(partner, id);
        }
        if matches!(event.kind, Kind::Closed { .. }) {
            ends.forget(id);
        }
        self.events.push(SortedEvent {
            event,
            data,
            other,
            taken,
        });
    }

    pub(super) fn is_datagram(&self, socket: SocketId) -> bool {
        self.datagrams.contains(&socket)
    }

    /// The other end of a stream, if it is a socket of this session.
    pub(super) fn partner(&self, socket: SocketId) -> Option<SocketId> {
        self.partners.get(&socket).copied()
    }

    /// The address a socket was connected to last.
    pub(super) fn peer(&self, socket: SocketId) -> Option<&SocketAddress> {
        self.peers.get(&socket)
    }

    /// The socket of this session that answers at an address: a listener, or one of messages.
    pub(super) fn at_address(&self, address: &SocketAddress, datagram: bool) -> Option<SocketId> {
        let reaches = |ours: &SocketAddress| {
            ours == address
                || (ours.is_unspecified() && address.is_local() && ours.port() == address.port())
        };
        if !datagram {
            let found = self.listeners.iter().find(|(ours, _)| reaches(ours));
            return found.map(|(_, socket)| *socket);
        }
        if let Some(socket) = self.senders.get(address) {
            return Some(*socket);
        }
        let mut found: Vec<SocketId> = self
            .senders
            .iter()
            .filter(|(ours, _)| reaches(ours))
            .map(|(_, socket)| *socket)
            .collect();
        found.sort_unstable();
        found.first().copied()
    }

    /// Both ends of every conversation within this session.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (SocketId, SocketId)> {
        let streams = self.partners.iter().map(|(one, other)| (*one, *other));
        let messages = self.events.iter().filter_map(|sorted| {
            let other = sorted.other?;
            (other != sorted.event.socket).then_some((sorted.event.socket, other))
        });
        streams.chain(messages)
    }
}
