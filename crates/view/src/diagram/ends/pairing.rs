//! Finds the socket at the other end: by both addresses, and for UNIX clients without a name by their turn in the queue.

use std::collections::VecDeque;

use sockeye_model::{Event, Kind, SocketAddress, SocketId};

use super::Ends;

impl Ends {
    pub(crate) fn pair_up(&mut self, event: &Event<'_>) {
        let id = event.socket;
        let (local, peer) = match &event.kind {
            Kind::Bound { local } | Kind::Listening { local, .. } => (Some(local), None),
            Kind::Connecting { peer } => (None, Some(peer)),
            Kind::Connected { local, peer } | Kind::Accepted { local, peer } => {
                (Some(local), Some(peer))
            }
            _ => return,
        };
        let Some(known) = self.known.get_mut(&id) else {
            return;
        };
        if let Some(local) = local {
            known.local = Some(local.clone());
        }
        if let Some(peer) = peer {
            known.peer = Some(peer.clone());
        }
        let datagram = known.datagram;
        if let Some(local) = local
            && datagram
            && *local != SocketAddress::UnixUnnamed
        {
            self.by_local.insert(local.clone(), id);
        }
        let (Some(local), Some(peer), false) = (local, peer, datagram) else {
            return;
        };
        if !self.pair {
            return;
        }
        let accepted = matches!(event.kind, Kind::Accepted { .. });
        let partner = if accepted && *peer == SocketAddress::UnixUnnamed {
            let waiting = self.unnamed_clients.get_mut(local);
            let partner = waiting.and_then(VecDeque::pop_front);
            if partner.is_none() {
                self.unnamed_accepted
                    .entry(local.clone())
                    .or_default()
                    .push_back(id);
            }
            partner
        } else if *local == SocketAddress::UnixUnnamed {
            let waiting = self.unnamed_accepted.get_mut(peer);
            let partner = waiting.and_then(VecDeque::pop_front);
            if partner.is_none() {
                self.unnamed_clients
                    .entry(peer.clone())
                    .or_default()
                    .push_back(id);
            }
            partner
        } else {
            let (local, peer) = (local.canonical(), peer.canonical());
            self.by_both.insert((local.clone(), peer.clone()), id);
            self.by_both.get(&(peer, local)).copied()
        };
        if let Some(partner) = partner.filter(|partner| *partner != id) {
            self.join(id, partner);
        }
    }

    fn join(&mut self, one: SocketId, other: SocketId) {
        for (id, partner) in [(one, other), (other, one)] {
            if let Some(known) = self.known.get_mut(&id) {
                known.partner = Some(partner);
            }
        }
    }
}
