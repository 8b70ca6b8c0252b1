//! Sockets that were there before: given at the start, open when the tracer came, or passed by a process that is not traced.

use std::collections::HashMap;

use sockeye_model::{Came, Family, Kind, Note, Runtime, SocketAddress, SocketId, Type};

use super::machine::UnixEnd;
use super::sockets::{Key, Open};
use super::{Origin, World};
use crate::tracee::{Facts, Tracee};

/// The sockets that a process holds when it begins to be traced.
struct Held<'a> {
    sockets: Vec<(i32, Facts)>,
    /// What this machine knows of its UNIX sockets, by inode.
    unix: HashMap<u64, UnixEnd>,
    tracee: &'a dyn Tracee,
}

impl World {
    /// Takes in what a process holds already: at its start, or when the tracer comes to it.
    pub(super) fn take_in(
        &mut self,
        pid: u32,
        descriptors: &[i32],
        came: Came,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        let mut sockets = Vec::new();
        for descriptor in descriptors {
            if self.descriptors.get(pid, *descriptor).is_some() {
                continue;
            }
            let Some(facts) = tracee.facts(*descriptor) else {
                self.descriptors.mark_foreign(pid, *descriptor);
                continue;
            };
            // Standard streams that are pairs, as test harnesses and terminals over the network make them, are no
            // conversation of the program; a call that only sockets know shows them all the same.
            let is_stream_of_another =
                (0..=2).contains(descriptor) && facts.family == Family::Unix && !facts.listens;
            if !is_stream_of_another {
                sockets.push((*descriptor, facts));
            }
        }
        // It is a walk over all processes: only where the program ran without us and made sockets of this kind.
        let asks = came == Came::Found
            && sockets
                .iter()
                .any(|(_, facts)| facts.family == Family::Unix);
        let unix = if asks {
            self.machine.unix_ends()
        } else {
            HashMap::new()
        };
        let held = Held {
            sockets,
            unix,
            tracee,
        };
        let mut wake_up = 0;
        for (descriptor, facts) in &held.sockets {
            let end = held.unix.get(&facts.inode);
            if held.is_wake_up(pid, facts) {
                let key = self.fold_found(pid, *descriptor, facts, origin);
                self.join_pair(key, end);
                wake_up += 1;
            } else {
                let backlog = end.and_then(|end| end.backlog);
                let key = self.adopt_with(
                    pid,
                    *descriptor,
                    facts,
                    (came, backlog),
                    origin,
                    held.tracee,
                );
                self.tell_other_end(pid, key, end, origin);
            }
        }
        if wake_up > 0 {
            self.count_folded(pid, Runtime::WakeUp, wake_up, origin);
        }
    }

    /// A socket as the kernel describes it, found at a descriptor that nothing was known of.
    pub(super) fn adopt(
        &mut self,
        pid: u32,
        descriptor: i32,
        facts: &Facts,
        came: Came,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) -> Key {
        self.adopt_with(pid, descriptor, facts, (came, None), origin, tracee)
    }

    /// The same, with the backlog of a UNIX listener, which the socket itself does not tell.
    fn adopt_with(
        &mut self,
        pid: u32,
        descriptor: i32,
        facts: &Facts,
        (came, unix_backlog): (Came, Option<u32>),
        origin: &Origin,
        tracee: &dyn Tracee,
    ) -> Key {
        let known = self.sockets.by_inode(facts.inode);
        let key = known.unwrap_or_else(|| self.add_found(facts));
        self.install(pid, descriptor, key, origin);
        if known.is_some() {
            self.judge_fully(key);
        }
        let number = descriptor;
        let note = Note::Descriptor { number, came };
        self.tell(key, origin, Kind::Noted(note));
        if known.is_some() {
            return key;
        }
        let created = Kind::Created {
            family: facts.family,
            kind: facts.kind,
            protocol: facts.protocol,
        };
        self.tell(key, origin, created);
        if facts.listens {
            let backlog = tracee.accept_queue(descriptor).map(|(_, backlog)| backlog);
            let backlog = backlog.or(unix_backlog).unwrap_or(0);
            if let Some(open) = self.sockets.get_mut(key) {
                open.backlog = Some(backlog);
                let local = open.local.clone().unwrap_or_else(|| open.no_address());
                self.tell(key, origin, Kind::Listening { local, backlog });
            }
        } else {
            self.tell_found_ends(key, facts, origin);
        }
        // What the kernel threw away before is none of what is seen.
        let drops = tracee.drops(descriptor).map(|(messages, _)| messages);
        if let Some(open) = self.sockets.get_mut(key).filter(|open| open.is_udp()) {
            open.drops = drops.unwrap_or(0);
        }
        self.come_alive(key);
        key
    }

    fn add_found(&mut self, facts: &Facts) -> Key {
        let mut open = Open::new(facts.family, facts.kind, facts.protocol);
        open.inode = Some(facts.inode);
        open.local.clone_from(&facts.local);
        open.nonblocking = facts.nonblocking;
        open.peer_process = facts.peer_process;
        self.sockets.add(open)
    }

    /// Where a socket that does not listen is bound to, or which two ends it joins.
    fn tell_found_ends(&mut self, key: Key, facts: &Facts, origin: &Origin) {
        match (facts.local.clone(), facts.peer.clone()) {
            // One of a pair has no name, and needs none.
            (Some(SocketAddress::UnixUnnamed), Some(SocketAddress::UnixUnnamed)) => {
                if let Some(open) = self.sockets.get_mut(key) {
                    open.connected = true;
                }
            }
            (Some(local), Some(peer)) => {
                self.sockets.has_ends(key, local.clone(), peer.clone());
                self.tell(key, origin, Kind::Connected { local, peer });
                if facts.family != Family::Unix {
                    self.tell_peer(key, origin);
                }
            }
            (Some(local), None) if is_name(&local) => {
                self.tell(key, origin, Kind::Bound { local });
            }
            _ => {}
        }
    }

    /// Who is at the other end of a UNIX socket that was found.
    fn tell_other_end(&mut self, pid: u32, key: Key, end: Option<&UnixEnd>, origin: &Origin) {
        let Some(end) = end else {
            return;
        };
        if let Some(other) = self.join_pair(key, Some(end)) {
            let with = SocketId(other.0);
            self.tell(key, origin, Kind::Noted(Note::Paired { with }));
            return;
        }
        let process = end.peer_process.clone();
        if let Some(process) = process.filter(|process| process.pid != pid) {
            self.tell(key, origin, Kind::Noted(Note::PeerProcess(process)));
        }
    }

    /// The other end of a socket, where it was found before; the two know each other from here on.
    fn join_pair(&mut self, key: Key, end: Option<&UnixEnd>) -> Option<Key> {
        let other = self.sockets.by_inode(end?.peer?)?;
        for (one, with) in [(key, other), (other, key)] {
            if let Some(open) = self.sockets.get_mut(one) {
                open.pair = Some(with);
            }
        }
        Some(other)
    }

    /// One end of a pair by which an event loop that ran already wakes itself.
    fn fold_found(&mut self, pid: u32, descriptor: i32, facts: &Facts, origin: &Origin) -> Key {
        let key = self.add_found(facts);
        if let Some(open) = self.sockets.get_mut(key) {
            open.folded = Some(Runtime::WakeUp);
            open.connected = true;
        }
        self.install(pid, descriptor, key, origin);
        self.come_alive(key);
        key
    }
}

impl Held<'_> {
    /// Whether a socket is one of a non-blocking pair without a name whose both ends this process alone holds.
    fn is_wake_up(&self, pid: u32, facts: &Facts) -> bool {
        let alone = |inode: u64| {
            let end = self.unix.get(&inode);
            end.is_some_and(|end| end.holders == [pid])
        };
        let other = self
            .unix
            .get(&facts.inode)
            .and_then(|end| end.peer)
            .and_then(|peer| self.sockets.iter().find(|(_, other)| other.inode == peer));
        other.is_some_and(|(_, other)| {
            [facts, other].into_iter().all(|end| {
                end.family == Family::Unix
                    && end.kind == Type::Stream
                    && end.nonblocking
                    && end.local == Some(SocketAddress::UnixUnnamed)
                    && alone(end.inode)
            })
        })
    }
}

/// Whether somebody gave the socket this address.
fn is_name(local: &SocketAddress) -> bool {
    match local {
        SocketAddress::UnixUnnamed => false,
        SocketAddress::Inet(inet) => inet.port() != 0,
        _ => true,
    }
}
