//! From `connect` to a connection, at once or later; and who is at its other end.

use sockeye_model::{Call, Errno, Kind, Note, SocketAddress};

use super::addresses::{Given, given};
use super::machine::has_peer_process;
use super::sockets::{Key, Open};
use super::{Origin, Pending, World, failure};
use crate::made::Made;
use crate::tracee::Tracee;

impl World {
    pub(super) fn made_connect(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        let descriptor = pending.descriptor();
        let origin = pending.came(made.at);
        let Some(errno) = failure(made.returned) else {
            let arguments = &pending.entry.arguments;
            if given(tracee, arguments[1], arguments[2]) == Given::Unspecified {
                if let Some(open) = self.sockets.get_mut(key) {
                    (open.peer, open.connecting) = (None, None);
                }
                self.tell_called(key, pending, made, 0);
            } else {
                self.connected(key, descriptor, pending.address.clone(), &origin, tracee);
            }
            return;
        };
        let is_connecting = |world: &Self| {
            let open = world.sockets.get(key);
            open.is_some_and(|open| open.connecting.is_some())
        };
        match errno {
            Errno::EINPROGRESS | Errno::EINTR => {
                if let Some(open) = self.sockets.get_mut(key) {
                    open.connecting.clone_from(&pending.address);
                }
                self.tell_failure(pending, made);
                self.found_alive(key, descriptor, None, tracee);
            }
            Errno::EISCONN if is_connecting(self) => {
                self.connected(key, descriptor, None, &origin.without_call(), tracee);
                let (call, result) = (Call::Connect, Err(errno));
                self.tell(key, &origin, Kind::Called { call, result });
            }
            Errno::EALREADY | Errno::EAGAIN => self.tell_failure(pending, made),
            _ => {
                self.tell_failure(pending, made);
                self.connect_failed(key, errno, pending.address.clone(), &origin);
                let open = self.sockets.get(key);
                if open.is_some_and(Open::is_internet) {
                    self.found_alive(key, descriptor, None, tracee);
                }
            }
        }
    }

    /// What is known beside a connect that failed, now or when its error was read.
    pub(super) fn connect_failed(
        &mut self,
        key: Key,
        errno: Errno,
        address: Option<SocketAddress>,
        origin: &Origin,
    ) {
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let kind = open.kind;
        let address = address.or_else(|| open.connecting.clone());
        open.connecting = None;
        if errno != Errno::ECONNREFUSED || open.folded.is_some() {
            return;
        }
        let Some(address) = address.or_else(|| open.peer.clone()) else {
            return;
        };
        if let Some(note) = self.machine.nearby(kind, &address) {
            self.tell(key, &origin.without_call(), Kind::Noted(note));
        }
    }

    /// A connect has succeeded: now, or earlier and it is known from now on.
    pub(super) fn connected(
        &mut self,
        key: Key,
        descriptor: i32,
        given: Option<SocketAddress>,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        // One question for all that is to be known, unless it was asked before.
        let unknown = self.sockets.get(key).is_some_and(|open| !open.asked);
        let facts = unknown.then(|| tracee.facts(descriptor)).flatten();
        let (local, peer) = match &facts {
            Some(facts) => (facts.local.clone(), facts.peer.clone()),
            None => (tracee.local(descriptor), tracee.peer(descriptor)),
        };
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let asked = open.connecting.take();
        let local = local.unwrap_or_else(|| open.no_address());
        let peer = peer
            .filter(|peer| *peer != SocketAddress::UnixUnnamed)
            .or(given)
            .or(asked)
            .unwrap_or_else(|| open.no_address());
        self.sockets.has_ends(key, local.clone(), peer.clone());
        self.tell(key, origin, Kind::Connected { local, peer });
        self.found_alive(key, descriptor, facts, tracee);
        self.tell_peer(key, &origin.without_call());
    }

    /// The connection that was being made must be there by now.
    pub(super) fn known_as_connected(
        &mut self,
        key: Key,
        descriptor: i32,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        let open = self.sockets.get(key);
        if open.is_some_and(|open| open.connecting.is_some()) {
            self.connected(key, descriptor, None, &origin.without_call(), tracee);
        }
    }

    /// Which process is at the other end, where that is on this machine.
    pub(super) fn tell_peer(&mut self, key: Key, origin: &Origin) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        if !has_peer_process(open.family, open.kind) || open.folded.is_some() {
            return;
        }
        let Some((local, peer)) = open.local.clone().zip(open.peer.clone()) else {
            return;
        };
        let by_kernel = open.peer_process;
        let traced = self.sockets.other_end(&local, &peer).and_then(|other| {
            let (pid, _) = self.descriptors.of(other).first().copied()?;
            Some(pid)
        });
        let known = by_kernel.or(traced);
        let found = match known {
            Some(pid) if self.descriptors.knows(pid) => Some(self.processes.name(pid)),
            Some(pid) => self.machine.process(pid),
            None if peer.inet().is_some() && (peer.is_local() || ip(&peer) == ip(&local)) => {
                if !self.looks.may_ask_for_peer(origin.at) {
                    return;
                }
                self.machine.peer(&local, &peer)
            }
            None => None,
        };
        if let Some(name) = found {
            self.tell(key, origin, Kind::Noted(Note::PeerProcess(name)));
        }
    }
}

fn ip(address: &SocketAddress) -> Option<std::net::IpAddr> {
    address.inet().map(|inet| inet.ip())
}
