//! From `socket` to `close`: how sockets are born, named, connected, doubled and gone.

use sockeye_model::{
    Blind, Came, End, Errno, Family, Kind, Note, Protocol, Runtime, SocketAddress, SocketId, Type,
};

use super::addresses::filled_in;
use super::decode::{int, read_int};
use super::sockets::{Key, Open, Suspect};
use super::{Origin, Pending, World, failure};
use crate::made::Made;
use crate::tracee::{Facts, Tracee};

impl World {
    pub(super) fn made_socket(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let [family, kind, protocol, ..] = pending.entry.arguments.map(int);
        let pid = pending.entry.by.process;
        let Ok(descriptor) = i32::try_from(made.returned) else {
            return;
        };
        if family == libc::AF_NETLINK {
            if descriptor >= 0 {
                let origin = pending.came(made.at);
                self.replace_unseen(pid, descriptor, &origin);
                self.descriptors.mark_foreign(pid, descriptor);
                self.count_folded(pid, Runtime::Interfaces, 1, &origin);
            }
            return;
        }
        if descriptor < 0 {
            self.tell_failure(pending, made);
            return;
        }
        let Some((family, told)) = family_of(family).zip(type_of(kind)) else {
            self.descriptors.mark_foreign(pid, descriptor);
            return;
        };
        let open = Open::new(family, told, Protocol(protocol));
        let suspect = suspect_of(family, told, kind);
        let origin = pending.came(made.at);
        let key = self.sockets.add(open);
        self.replace_unseen(pid, descriptor, &origin);
        if let Some(suspect) = suspect {
            self.suspect(key, suspect, made.at);
        }
        self.install(pid, descriptor, key, &origin);
        self.tell_birth(key, None, kind, &origin);
        let _ = tracee;
    }

    pub(super) fn made_pair(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let [family, kind, protocol, ..] = pending.entry.arguments.map(int);
        if made.returned != 0 {
            self.tell_failure(pending, made);
            return;
        }
        let at = pending.entry.arguments[3];
        let numbers = read_int(tracee, at).zip(read_int(tracee, at.wrapping_add(4)));
        let Some(((family, told), (first, second))) =
            family_of(family).zip(type_of(kind)).zip(numbers)
        else {
            return;
        };
        let pid = pending.entry.by.process;
        let origin = pending.came(made.at);
        let open = Open::new(family, told, Protocol(protocol));
        // An event loop makes both ends non-blocking, and does so next.
        let is_wake_up = told == Type::Stream && kind & libc::SOCK_NONBLOCK == 0;
        let one = self.sockets.add(open.clone());
        let other = self.sockets.add(open);
        for (key, descriptor, with) in [(one, first, other), (other, second, one)] {
            self.replace_unseen(pid, descriptor, &origin);
            if let Some(open) = self.sockets.get_mut(key) {
                open.pair = Some(with);
                open.connected = true;
            }
            if is_wake_up {
                self.suspect(key, Suspect::Pair { nonblocking: false }, made.at);
            }
            self.install(pid, descriptor, key, &origin);
            self.tell_birth(key, (key == other).then_some(one), kind, &origin);
            self.found_alive(key, descriptor, None, tracee);
        }
    }

    /// What a new socket is told with, whoever made it by `socket` or `socketpair`.
    pub(super) fn tell_birth(&mut self, key: Key, with: Option<Key>, flags: i32, origin: &Origin) {
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let (family, kind, protocol) = (open.family, open.kind, open.protocol);
        let descriptor = open.descriptor;
        open.nonblocking = flags & libc::SOCK_NONBLOCK != 0;
        let beside = origin.without_call();
        self.tell(
            key,
            origin,
            Kind::Created {
                family,
                kind,
                protocol,
            },
        );
        self.tell_made(key, descriptor, &beside);
        if let Some(with) = with {
            let with = SocketId(with.0);
            self.tell(key, &beside, Kind::Noted(Note::Paired { with }));
        }
        self.tell_flags(key, flags, &beside);
    }

    fn tell_made(&mut self, key: Key, number: i32, origin: &Origin) {
        let came = Came::Made;
        self.tell(key, origin, Kind::Noted(Note::Descriptor { number, came }));
    }

    /// `SOCK_NONBLOCK` and `SOCK_CLOEXEC`, in the words of fcntl(2).
    fn tell_flags(&mut self, key: Key, flags: i32, origin: &Origin) {
        for (flag, option) in [
            (libc::SOCK_NONBLOCK, "O_NONBLOCK"),
            (libc::SOCK_CLOEXEC, "FD_CLOEXEC"),
        ] {
            if flags & flag != 0 {
                let (option, value) = (option.into(), "1".into());
                self.tell(key, origin, Kind::Configured { option, value });
            }
        }
    }

    pub(super) fn made_bind(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        let descriptor = pending.descriptor();
        if let Some(errno) = failure(made.returned) {
            self.tell_failure(pending, made);
            if errno == Errno::EADDRINUSE {
                self.tell_holder(key, pending, made);
            }
            return;
        }
        let facts = tracee.facts(descriptor);
        let local = facts.as_ref().and_then(|facts| facts.local.clone());
        let local = local.or_else(|| pending.address.clone());
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        let local = local.unwrap_or_else(|| open.no_address());
        open.local = Some(local.clone());
        let is_named = matches!(local, SocketAddress::Inet(_)) && local.port() != Some(0);
        let asked_for_any = pending.address.as_ref().and_then(SocketAddress::port) == Some(0);
        let origin = pending.came(made.at);
        self.tell(key, &origin, Kind::Bound { local });
        if is_named && asked_for_any {
            self.tell(key, &origin.without_call(), Kind::Noted(Note::PortChosen));
        }
        self.found_alive(key, descriptor, facts, tracee);
    }

    fn tell_holder(&mut self, key: Key, pending: &Pending, made: &Made) {
        let kind = self.sockets.get(key).map(|open| open.kind);
        let Some((kind, address)) = kind.zip(pending.address.as_ref()) else {
            return;
        };
        if let Some(note) = self.machine.holder(kind, address) {
            let origin = pending.came(made.at).without_call();
            self.tell(key, &origin, Kind::Noted(note));
        }
    }

    pub(super) fn made_listen(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        if made.returned != 0 {
            self.tell_failure(pending, made);
            return;
        }
        let descriptor = pending.descriptor();
        // A backlog below 0 is one without an end, up to the system's own limit.
        let backlog = u32::try_from(int(pending.entry.arguments[1])).unwrap_or(u32::MAX);
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        // Without a bind, listen chooses a port.
        let local = open
            .local
            .clone()
            .or_else(|| tracee.local(descriptor))
            .unwrap_or_else(|| open.no_address());
        open.local = Some(local.clone());
        open.backlog = Some(backlog);
        self.tell(
            key,
            &pending.came(made.at),
            Kind::Listening { local, backlog },
        );
        self.found_alive(key, descriptor, None, tracee);
    }

    pub(super) fn made_accept(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let (Some(listener), arguments) = (pending.key, &pending.entry.arguments) else {
            return;
        };
        let Ok(descriptor @ 0..) = i32::try_from(made.returned) else {
            self.tell_failure(pending, made);
            return;
        };
        let Some(open) = self.sockets.get(listener) else {
            return;
        };
        let facts = tracee.facts(descriptor);
        let mut new = Open::new(open.family, open.kind, open.protocol);
        let known = facts.clone();
        let local = known
            .and_then(|facts| facts.local)
            .or_else(|| open.local.clone())
            .unwrap_or_else(|| open.no_address());
        let peer = filled_in(tracee, arguments[1], arguments[2])
            .or_else(|| facts.clone().and_then(|facts| facts.peer))
            .unwrap_or_else(|| open.no_address());
        let flags = match pending.syscall {
            super::Syscall::Accept4 => int(arguments[3]),
            _ => 0,
        };
        new.nonblocking = flags & libc::SOCK_NONBLOCK != 0;
        let (pid, origin) = (pending.entry.by.process, pending.came(made.at));
        let beside = origin.without_call();
        let key = self.sockets.add(new);
        self.sockets.has_ends(key, local.clone(), peer.clone());
        self.replace_unseen(pid, descriptor, &origin);
        self.install(pid, descriptor, key, &origin);
        let accepted = Kind::Accepted { local, peer };
        self.tell_from(key, Some(listener), &origin, accepted);
        self.tell_made(key, descriptor, &beside);
        self.tell_flags(key, flags, &beside);
        self.found_alive(key, descriptor, facts, tracee);
        self.tell_peer(key, &beside);
    }

    pub(super) fn made_shutdown(&mut self, pending: &Pending, made: &Made) {
        let Some(key) = pending.key else {
            return;
        };
        if made.returned != 0 {
            self.tell_failure(pending, made);
            return;
        }
        let how = int(pending.entry.arguments[1]);
        if let Some(open) = self.sockets.get_mut(key) {
            open.read_shut |= matches!(how, libc::SHUT_RD | libc::SHUT_RDWR);
            if how != libc::SHUT_RD {
                open.note_end(End::Ours);
                self.sockets.note_peer_ended(key);
            }
        }
        if how == libc::SHUT_RD {
            self.tell_called(key, pending, made, 0);
        } else {
            let ended = Kind::HalfClosed { end: End::Ours };
            self.tell(key, &pending.came(made.at), ended);
        }
    }

    pub(super) fn made_close(&mut self, pending: &Pending, made: &Made) {
        let pid = pending.entry.by.process;
        let origin = pending.came(made.at);
        if pending.syscall == super::Syscall::CloseRange {
            if made.returned == 0 {
                for (descriptor, key) in self.in_range(pending) {
                    self.descriptors.take(pid, descriptor);
                    self.drop_reference(key, &origin);
                }
            }
            return;
        }
        // Any other error comes after the descriptor is gone: close(2).
        if failure(made.returned) == Some(Errno::EBADF) {
            return;
        }
        let descriptor = pending.descriptor();
        if let Some(key) = self.descriptors.get(pid, descriptor)
            && pending.key == Some(key)
        {
            self.descriptors.take(pid, descriptor);
            if !self.drop_reference(key, &origin) {
                self.tell_called(key, pending, made, 0);
            }
        }
    }

    pub(super) fn made_dup(&mut self, pending: &Pending, made: &Made) {
        let Ok(new @ 0..) = i32::try_from(made.returned) else {
            if pending.key.is_some() {
                self.tell_failure(pending, made);
            }
            return;
        };
        let (pid, origin) = (pending.entry.by.process, pending.came(made.at));
        match pending.key {
            Some(key) if self.descriptors.get(pid, new) == Some(key) => {
                self.tell_called(key, pending, made, made.returned);
            }
            Some(key) => {
                self.install(pid, new, key, &origin);
                self.tell_called(key, pending, made, made.returned);
                self.arm_descriptor(pid, new, key);
            }
            None => self.replace_unseen(pid, new, &origin),
        }
    }

    pub(super) fn made_io_uring(&mut self, pending: &Pending, made: &Made) {
        let by = pending.entry.by;
        if made.returned >= 0 && self.processes.tell_once(by.process, Blind::IoUring) {
            let origin = pending.came(made.at).without_call();
            self.tell_of_none(&origin, Kind::Noted(Note::Blind(Blind::IoUring)));
        }
    }

    /// The descriptor is this socket's from here on.
    pub(super) fn install(&mut self, pid: u32, descriptor: i32, key: Key, origin: &Origin) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.references += 1;
            if open.descriptor < 0 {
                (open.maker, open.descriptor) = (pid, descriptor);
            }
        }
        if let Some(before) = self.descriptors.put(pid, descriptor, key) {
            self.drop_reference(before, &origin.unseen());
        }
    }

    /// What the descriptor was before has gone unseen.
    pub(super) fn replace_unseen(&mut self, pid: u32, descriptor: i32, origin: &Origin) {
        if let Some(before) = self.descriptors.take(pid, descriptor) {
            self.note_sorted(before, origin);
            self.drop_reference(before, &origin.unseen());
        }
    }

    /// One descriptor less; whether it was the last.
    pub(super) fn drop_reference(&mut self, key: Key, origin: &Origin) -> bool {
        let Some(open) = self.sockets.get_mut(key) else {
            return false;
        };
        open.references = open.references.saturating_sub(1);
        if open.references > 0 || open.in_flight > 0 {
            return false;
        }
        self.closed(key, origin);
        true
    }

    pub(super) fn closed(&mut self, key: Key, origin: &Origin) {
        if self.sockets.get(key).is_some_and(Open::may_be_wake_up) {
            self.settle(key);
        }
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        // Who closes a connection that nobody has ended before ends it, unless it was broken, or is by this.
        let ends = open.connected && open.has_end() && !open.broke && !open.resets;
        let (totals, first) = (open.totals, open.first.or(ends.then_some(End::Ours)));
        self.tell(key, origin, Kind::Closed { totals, first });
        self.sockets.note_peer_ended(key);
        self.sockets.remove(key);
    }

    /// No process is left: what was on its way from one to another is gone too.
    pub(super) fn end_of_all(&mut self, origin: &Origin) {
        let mut left: Vec<Key> = self.sockets.iter().map(|(key, _)| key).collect();
        left.sort_unstable();
        for key in left {
            self.closed(key, origin);
        }
        self.release_all();
    }

    /// Something happened by which the socket is alive: what can be known of it is asked once, and its calls are watched.
    pub(super) fn found_alive(
        &mut self,
        key: Key,
        descriptor: i32,
        facts: Option<Facts>,
        tracee: &dyn Tracee,
    ) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        let watched = open.live && (open.carries || !open.may_carry());
        let ask = open.suspect.is_none() && !open.asked;
        if ask {
            let facts = facts.or_else(|| tracee.facts(descriptor));
            if let Some(open) = self.sockets.get_mut(key) {
                open.asked = true;
                open.nonblocking |= facts.as_ref().is_some_and(|facts| facts.nonblocking);
                open.peer_process = facts.as_ref().and_then(|facts| facts.peer_process);
            }
            if let Some(facts) = facts {
                self.sockets.has_inode(key, facts.inode);
            }
        }
        if !watched {
            self.come_alive(key);
        }
    }

    /// All descriptors of a socket are watched from here on, once it is clear that it is the program's.
    pub(super) fn come_alive(&mut self, key: Key) {
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        open.live = true;
        open.carries |= open.may_carry();
        let carries = open.carries;
        // Of what serves to look names up nothing is told. A pair may yet turn out to be the program's own.
        let looks_up = match (open.suspect, open.folded) {
            (Some(suspect), _) => !matches!(suspect, Suspect::Pair { .. }),
            (None, Some(of)) => of != Runtime::WakeUp,
            (None, None) => false,
        };
        if looks_up {
            return;
        }
        let places = self.descriptors.of(key);
        if carries {
            self.arm.extend(places);
        } else {
            self.arm_life.extend(places);
        }
    }

    /// One more descriptor of a socket that may be alive.
    pub(super) fn arm_descriptor(&mut self, pid: u32, descriptor: i32, key: Key) {
        let Some(open) = self.sockets.get(key).filter(|open| open.live) else {
            return;
        };
        let carries = open.carries;
        for sharing in self.descriptors.sharing(pid) {
            let arm = if carries {
                &mut self.arm
            } else {
                &mut self.arm_life
            };
            arm.push((sharing, descriptor));
        }
    }
}

const fn family_of(number: i32) -> Option<Family> {
    match number {
        libc::AF_INET => Some(Family::Inet),
        libc::AF_INET6 => Some(Family::Inet6),
        libc::AF_UNIX => Some(Family::Unix),
        _ => None,
    }
}

const fn type_of(number: i32) -> Option<Type> {
    match number & TYPE {
        libc::SOCK_STREAM => Some(Type::Stream),
        libc::SOCK_DGRAM => Some(Type::Datagram),
        libc::SOCK_SEQPACKET => Some(Type::SeqPacket),
        libc::SOCK_RAW => Some(Type::Raw),
        _ => None,
    }
}

/// What glibc makes for itself is made like this.
fn suspect_of(family: Family, kind: Type, flags: i32) -> Option<Suspect> {
    let both = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    match (family, kind) {
        (Family::Unix, Type::Stream) if flags & FLAGS == both => Some(Suspect::NameService),
        (Family::Inet | Family::Inet6, Type::Datagram) if flags & libc::SOCK_CLOEXEC != 0 => {
            Some(Suspect::Datagram {
                nonblocking: flags & libc::SOCK_NONBLOCK != 0,
                connected: false,
            })
        }
        _ => None,
    }
}

/// `SOCK_TYPE_MASK` of the kernel.
const TYPE: i32 = 0xf;
const FLAGS: i32 = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
