//! What calls send and receive: how much, from where in memory, and the bytes where somebody wants them.

use sockeye_model::{Call, End, Errno, Kind, Note, Payload, SocketAddress, Timestamp, Type, Unit};

use super::addresses::{filled_in, given};
use super::decode::{
    MANY_MESSAGE, Message, Stretch, Syscall, gather, int, read_int, room, stretches,
};
use super::sockets::{Key, Open};
use super::{Origin, Pending, World, failure};
use crate::made::Made;
use crate::tracee::Tracee;

/// One send or receive that moved something; `sendmmsg` and `recvmmsg` make several.
struct Moved<'a> {
    key: Key,
    len: u64,
    stretches: Option<&'a [Stretch]>,
    room: u64,
    peer: Option<SocketAddress>,
    truncated_from: Option<u64>,
}

impl World {
    pub(super) fn made_send(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        if failure(made.returned).is_some() {
            self.transfer_failed(key, pending, made);
            return;
        }
        self.known_as_connected(key, pending.descriptor(), &pending.came(made.at), tracee);
        let arguments = &pending.entry.arguments;
        let returned = made.returned.unsigned_abs();
        let one = |at, len| vec![Stretch { at, len }];
        let parts = match pending.syscall {
            Syscall::SendMmsg => {
                self.sent_many(key, pending, made, tracee);
                return;
            }
            Syscall::SendFile if returned == 0 => {
                self.tell_called(key, pending, made, 0);
                return;
            }
            Syscall::SendFile => {
                let asked = arguments[3].max(returned);
                self.sent_unseen(key, asked, pending, made);
                return;
            }
            Syscall::SendTo | Syscall::Write => Some(one(arguments[1], arguments[2])),
            Syscall::WriteV => stretches(tracee, arguments[1], arguments[2]),
            _ => Message::read(tracee, arguments[1]).and_then(|message| message.stretches(tracee)),
        };
        let peer = match pending.syscall {
            Syscall::SendTo => pending.address.clone(),
            Syscall::SendMsg => self.named(pending, arguments[1], tracee),
            _ => None,
        };
        if pending.syscall == Syscall::SendMsg {
            self.sent_passed(pending, tracee);
        }
        let moved = Moved {
            key,
            len: returned,
            room: parts.as_deref().map_or(returned, room),
            stretches: parts.as_deref(),
            peer,
            truncated_from: None,
        };
        self.sent(&moved, pending, made.at, tracee);
        self.found_alive(key, pending.descriptor(), None, tracee);
    }

    /// To whom a `struct msghdr` goes, where it says so.
    fn named(&self, pending: &Pending, at: u64, tracee: &dyn Tracee) -> Option<SocketAddress> {
        let _ = pending;
        let message = Message::read(tracee, at)?;
        given(tracee, message.name, u64::from(message.name_len)).address()
    }

    fn sent_many(&mut self, key: Key, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        for at in messages(pending, made) {
            let Some(message) = Message::read(tracee, at) else {
                continue;
            };
            let parts = message.stretches(tracee);
            let asked = parts.as_deref().map_or(0, room);
            let len = length_of(tracee, at).unwrap_or(asked);
            let moved = Moved {
                key,
                len,
                room: asked.max(len),
                stretches: parts.as_deref(),
                peer: self.named(pending, at, tracee),
                truncated_from: None,
            };
            self.sent(&moved, pending, made.at, tracee);
        }
        self.found_alive(key, pending.descriptor(), None, tracee);
    }

    fn sent(&mut self, moved: &Moved<'_>, pending: &Pending, at: Timestamp, tracee: &dyn Tracee) {
        self.unfold_if_own(moved.key, pending.entry.by, moved.len, at);
        let payload = self.payload(moved, tracee);
        let parts = moved.stretches.unwrap_or_default();
        let buffer = parts.iter().find(|part| part.len > 0);
        let sent = Kind::Sent {
            call: pending.call,
            payload,
            asked: moved.room,
            buffer: buffer.map(|part| part.at),
            peer: moved.peer.clone(),
        };
        self.count_sent(moved.key, moved.len);
        self.tell(moved.key, &pending.came(at), sent);
        self.note_tls(moved, &pending.came(at), tracee);
    }

    /// Bytes that never were in the program's memory.
    fn sent_unseen(&mut self, key: Key, asked: u64, pending: &Pending, made: &Made) {
        let len = made.returned.unsigned_abs();
        let sent = Kind::Sent {
            call: pending.call,
            payload: Payload::Unseen {
                len,
                unit: self.unit(key),
            },
            asked,
            buffer: None,
            peer: None,
        };
        self.count_sent(key, len);
        self.tell(key, &pending.came(made.at), sent);
    }

    pub(super) fn made_receive(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        if failure(made.returned).is_some() {
            self.transfer_failed(key, pending, made);
            return;
        }
        let (arguments, origin) = (&pending.entry.arguments, pending.came(made.at));
        self.known_as_connected(key, pending.descriptor(), &origin, tracee);
        let returned = made.returned.unsigned_abs();
        let flags = match pending.syscall {
            Syscall::RecvFrom => int(arguments[3]),
            Syscall::RecvMsg => int(arguments[2]),
            Syscall::RecvMmsg => {
                self.received_many(key, pending, made, tracee);
                return;
            }
            _ => 0,
        };
        let message = match pending.syscall {
            Syscall::RecvMsg => Message::read(tracee, arguments[1]),
            _ => None,
        };
        let parts = match pending.syscall {
            Syscall::RecvMsg => message.and_then(|message| message.stretches(tracee)),
            Syscall::ReadV => stretches(tracee, arguments[1], arguments[2]),
            _ => Some(vec![Stretch {
                at: arguments[1],
                len: arguments[2],
            }]),
        };
        if flags & (libc::MSG_PEEK | libc::MSG_ERRQUEUE) != 0 {
            self.tell_called(key, pending, made, made.returned);
            return;
        }
        let room = parts.as_deref().map_or(returned, room);
        if self.ended(key, returned, room, pending, made) {
            return;
        }
        let len = returned.min(room);
        let longer = pending.unread.filter(|unread| *unread > room);
        let peer = match pending.syscall {
            Syscall::RecvFrom => filled_in(tracee, arguments[4], arguments[5]),
            Syscall::RecvMsg => message.and_then(|message| sender(&message, tracee)),
            _ => None,
        };
        let moved = Moved {
            key,
            len,
            stretches: parts.as_deref(),
            room,
            peer,
            truncated_from: (returned > room)
                .then_some(returned)
                .or(longer.filter(|_| len == room)),
        };
        self.received(&moved, pending, made.at, tracee);
        if let Some(message) = message {
            self.received_passed(&message, pending, &origin, tracee);
        }
        self.found_alive(key, pending.descriptor(), None, tracee);
    }

    /// A receive of nothing: the peer's end, or what it is instead. Whether it was one.
    fn ended(
        &mut self,
        key: Key,
        returned: u64,
        room: u64,
        pending: &Pending,
        made: &Made,
    ) -> bool {
        let Some(open) = self.sockets.get_mut(key) else {
            return true;
        };
        if returned > 0 || !open.has_end() {
            return false;
        }
        if room == 0 || open.read_shut || open.broke {
            self.tell_called(key, pending, made, 0);
            return true;
        }
        open.note_end(End::Peer);
        let ended = Kind::HalfClosed { end: End::Peer };
        self.tell(key, &pending.came(made.at), ended);
        true
    }

    fn received_many(&mut self, key: Key, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let flags = int(pending.entry.arguments[3]);
        if flags & (libc::MSG_PEEK | libc::MSG_ERRQUEUE) != 0 || made.returned == 0 {
            self.tell_called(key, pending, made, made.returned);
            return;
        }
        let origin = pending.came(made.at);
        for (index, at) in messages(pending, made).enumerate() {
            let Some(message) = Message::read(tracee, at) else {
                continue;
            };
            let parts = message.stretches(tracee);
            let told = length_of(tracee, at).unwrap_or(0);
            let room = parts.as_deref().map_or(told, room);
            if self.ended(key, told, room, pending, made) {
                continue;
            }
            let longer = pending.unread.filter(|unread| index == 0 && *unread > room);
            let moved = Moved {
                key,
                len: told.min(room),
                stretches: parts.as_deref(),
                room,
                peer: sender(&message, tracee),
                truncated_from: (told > room).then_some(told).or(longer),
            };
            self.received(&moved, pending, made.at, tracee);
            self.received_passed(&message, pending, &origin, tracee);
        }
        self.found_alive(key, pending.descriptor(), None, tracee);
    }

    fn received(
        &mut self,
        moved: &Moved<'_>,
        pending: &Pending,
        at: Timestamp,
        tracee: &dyn Tracee,
    ) {
        let received = Kind::Received {
            call: pending.call,
            payload: self.payload(moved, tracee),
            room: moved.room,
            truncated_from: moved.truncated_from,
            peer: moved.peer.clone(),
        };
        self.count_received(moved.key, moved.len);
        self.tell(moved.key, &pending.came(at), received);
        self.note_tls(moved, &pending.came(at), tracee);
    }

    /// Says, behind the first data of a TCP connection, that it begins a TLS handshake: what a connection carries matters also to
    /// whoever wants no bytes, for TLS leaves some of its own unread.
    fn note_tls(&mut self, moved: &Moved<'_>, origin: &Origin, tracee: &dyn Tracee) {
        // A record's type, handshake, and the first byte of its version: RFC 8446, section 5.1.
        const HANDSHAKE: [u8; 2] = [0x16, 0x03];
        let Some(open) = self.sockets.get(moved.key) else {
            return;
        };
        let first = open.totals.sends.saturating_add(open.totals.receives) == 1;
        if !first || !open.is_tcp() || moved.len < HANDSHAKE.len() as u64 {
            return;
        }
        let stretches = moved.stretches.unwrap_or_default();
        if gather(tracee, stretches, HANDSHAKE.len() as u64).is_some_and(|it| it == HANDSHAKE) {
            let note = Note::Meaning {
                protocol: "tls".into(),
                text: "handshake".into(),
            };
            self.tell(moved.key, &origin.without_call(), Kind::Noted(note));
        }
    }

    /// From one descriptor to another through a pipe: either end may be a socket.
    pub(super) fn made_splice(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let arguments = &pending.entry.arguments;
        let pid = pending.entry.by.process;
        let into = self.descriptors.get(pid, int(arguments[2]));
        let Some(key) = into.or(pending.key) else {
            return;
        };
        let as_one = Pending {
            key: Some(key),
            ..pending.clone()
        };
        if failure(made.returned).is_some() {
            self.transfer_failed(key, &as_one, made);
            return;
        }
        let returned = made.returned.unsigned_abs();
        if into.is_some() {
            self.known_as_connected(key, int(arguments[2]), &pending.came(made.at), tracee);
            if returned == 0 {
                self.tell_called(key, &as_one, made, 0);
            } else {
                self.sent_unseen(key, arguments[4], &as_one, made);
            }
        } else if !self.ended(key, returned, arguments[4], &as_one, made) {
            let payload = Payload::Unseen {
                len: returned,
                unit: self.unit(key),
            };
            let received = Kind::Received {
                call: Call::Splice,
                payload,
                room: arguments[4],
                truncated_from: None,
                peer: None,
            };
            self.count_received(key, returned);
            self.tell(key, &pending.came(made.at), received);
        }
    }

    fn transfer_failed(&mut self, key: Key, pending: &Pending, made: &Made) {
        self.tell_failure(pending, made);
        let Some(errno) = failure(made.returned) else {
            return;
        };
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        if open.is_tcp() && breaks(errno) {
            open.broke = true;
        }
        if errno == Errno::ECONNREFUSED {
            let address = pending.address.clone();
            self.connect_failed(key, errno, address, &pending.came(made.at));
        }
    }

    fn payload(&self, moved: &Moved<'_>, tracee: &dyn Tracee) -> Payload<'static> {
        let unit = self.unit(moved.key);
        let folded = |open: &Open| open.folded.is_some();
        let wanted = self.bytes && !self.sockets.get(moved.key).is_some_and(folded);
        let read = moved
            .stretches
            .filter(|_| wanted)
            .and_then(|stretches| gather(tracee, stretches, moved.len));
        match read {
            Some(data) => Payload::Bytes {
                data: data.into(),
                unit,
            },
            None => Payload::Unseen {
                len: moved.len,
                unit,
            },
        }
    }

    fn unit(&self, key: Key) -> Unit {
        match self.sockets.get(key).map(|open| open.kind) {
            Some(Type::Stream) | None => Unit::Bytes,
            Some(_) => Unit::Message,
        }
    }

    fn count_sent(&mut self, key: Key, len: u64) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.totals.bytes_sent = open.totals.bytes_sent.saturating_add(len);
            open.totals.sends += 1;
        }
    }

    fn count_received(&mut self, key: Key, len: u64) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.totals.bytes_received = open.totals.bytes_received.saturating_add(len);
            open.totals.receives += 1;
        }
    }
}

/// Where the messages of a `sendmmsg` or `recvmmsg` stand that were sent or received.
fn messages(pending: &Pending, made: &Made) -> impl Iterator<Item = u64> + use<> {
    let first = pending.entry.arguments[1];
    // The kernel takes no more than UIO_MAXIOV at once.
    let count = made.returned.unsigned_abs().min(1024);
    (0..count).map(move |index| first.wrapping_add(index * MANY_MESSAGE))
}

/// What the kernel wrote behind a message's header.
fn length_of(tracee: &dyn Tracee, at: u64) -> Option<u64> {
    let len = read_int(tracee, at.wrapping_add(MANY_MESSAGE - 8))?;
    Some(u64::from(len.cast_unsigned()))
}

/// From whom a received message came.
fn sender(message: &Message, tracee: &dyn Tracee) -> Option<SocketAddress> {
    if message.name_len < 2 {
        return None;
    }
    given(tracee, message.name, u64::from(message.name_len)).address()
}

/// Whether an error says that the whole connection is broken.
fn breaks(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNRESET
            | Errno::ETIMEDOUT
            | Errno::ECONNABORTED
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::ECONNREFUSED
    )
}
