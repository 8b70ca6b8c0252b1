//! What is on its way from one socket of the session to another, and what a receive takes of it.

use std::collections::VecDeque;

use sockeye_model::{SocketAddress, SocketId};

use super::{Ends, Flight, Remembered, Taken, has_name};

impl Ends {
    pub(crate) fn has_arrived(
        &self,
        socket: SocketId,
        len: u64,
        from: Option<&SocketAddress>,
    ) -> bool {
        let Some(known) = self.known.get(&socket) else {
            return true;
        };
        if !known.datagram {
            let Some(partner) = known.partner.and_then(|partner| self.known.get(&partner)) else {
                return true;
            };
            let flying = partner
                .flying
                .iter()
                .fold(0, |sum: u64, flight| sum.saturating_add(flight.left));
            return flying >= len || partner.sending;
        }
        let sender = known
            .partner
            .or_else(|| self.at_address(from.or(known.peer.as_ref())?));
        match sender.and_then(|sender| self.known.get(&sender)) {
            Some(sender) => sender.flying.iter().any(|flight| flight.to == socket),
            // It may be from one of ours that has no address yet, whose send is told a moment later.
            None => {
                let anonymous = |known: &Remembered| known.datagram && !has_name(known);
                !self.known.values().any(anonymous) || self.anonymous_sender(socket, len).is_some()
            }
        }
    }

    /// Whether something that this stream sent has not been received, and its other end, one of ours, is still open.
    pub(crate) fn is_on_its_way(&self, socket: SocketId) -> bool {
        self.known.get(&socket).is_some_and(|known| {
            !known.datagram
                && !known.flying.is_empty()
                && known
                    .partner
                    .is_some_and(|partner| self.known.contains_key(&partner))
        })
    }

    /// The socket without a known address that sent a message of this length to `socket`.
    fn anonymous_sender(&self, socket: SocketId, len: u64) -> Option<SocketId> {
        self.known
            .iter()
            .find(|(id, known)| {
                **id != socket
                    && known.datagram
                    && !has_name(known)
                    && known
                        .flying
                        .iter()
                        .any(|flight| flight.to == socket && flight.left == len)
            })
            .map(|(id, _)| *id)
    }

    /// What a receive took of what was on its way, and from whom it came, if that is one of ours.
    pub(crate) fn arrive(
        &mut self,
        socket: SocketId,
        len: u64,
        from: Option<&SocketAddress>,
    ) -> (Option<SocketId>, Taken) {
        let Some(known) = self.known.get(&socket) else {
            return (None, Taken::default());
        };
        if !known.datagram {
            let partner = known.partner;
            let flying = partner.and_then(|partner| self.known.get_mut(&partner));
            return (
                partner,
                flying.map_or(Taken::default(), |sender| take(&mut sender.flying, len)),
            );
        }
        let address = from.or(known.peer.as_ref()).cloned();
        let mut sender = known.partner.or_else(|| {
            address
                .as_ref()
                .and_then(|address| self.at_address(address))
        });
        if sender.is_none() && self.pair {
            sender = self.anonymous_sender(socket, len);
            if let (Some(id), Some(address)) = (sender, address)
                && address != SocketAddress::UnixUnnamed
                && let Some(known) = self.known.get_mut(&id)
            {
                known.local = Some(address.clone());
                self.by_local.insert(address, id);
            }
        }
        let mut taken = Taken {
            sends: 1,
            whole: true,
            since: None,
        };
        if let Some(known) = sender.and_then(|sender| self.known.get_mut(&sender))
            && let Some(index) = known.flying.iter().position(|flight| flight.to == socket)
        {
            taken.since = known.flying.remove(index).map(|flight| flight.since);
        }
        (sender, taken)
    }
}

/// Takes `len` bytes off the front of what is on its way.
fn take(flying: &mut VecDeque<Flight>, len: u64) -> Taken {
    let mut left = len;
    let mut taken = Taken {
        whole: true,
        ..Taken::default()
    };
    while left > 0 {
        let Some(first) = flying.front_mut() else {
            taken.whole = false;
            break;
        };
        taken.sends += 1;
        taken.since = Some(first.since);
        if first.left > left {
            first.left -= left;
            taken.whole = false;
            break;
        }
        left -= first.left;
        flying.pop_front();
    }
    taken
}
