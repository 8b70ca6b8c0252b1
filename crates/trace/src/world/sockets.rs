//! What is known of one socket: an open file description, whatever descriptors lead to it.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use sockeye_model::{End, Family, Protocol, Runtime, SocketAddress, Timestamp, Totals, Type};

/// A socket, by a number that is never used again; what a reader sees is given when it is told for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) u32);

/// One socket.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) family: Family,
    pub(crate) kind: Type,
    pub(crate) protocol: Protocol,
    /// The process that made it, or had it first.
    pub(crate) maker: u32,
    /// The number it had first.
    pub(crate) descriptor: i32,
    /// Descriptors in all tables.
    pub(crate) references: usize,
    /// Sent over a UNIX socket and not yet received there.
    pub(crate) in_flight: usize,
    pub(crate) local: Option<SocketAddress>,
    pub(crate) peer: Option<SocketAddress>,
    /// The backlog, where it listens.
    pub(crate) backlog: Option<u32>,
    /// It is or was connected.
    pub(crate) connected: bool,
    /// A connection that is being made.
    pub(crate) connecting: Option<SocketAddress>,
    pub(crate) nonblocking: bool,
    pub(crate) totals: Totals,
    pub(crate) first: Option<End>,
    /// A call was told that the connection broke: a receive of 0 is no end any more.
    pub(crate) broke: bool,
    /// `SO_LINGER` with 0 seconds: its close is a reset.
    pub(crate) resets: bool,
    /// `shutdown(SHUT_RD)`: a receive of 0 is our own doing.
    pub(crate) read_shut: bool,
    pub(crate) inode: Option<u64>,
    /// The process at the other end, of a UNIX socket.
    pub(crate) peer_process: Option<u32>,
    /// Its reads, writes and closes are watched.
    pub(crate) live: bool,
    /// Its reads and writes are watched, not only its life.
    pub(crate) carries: bool,
    /// The kernel was asked about it.
    pub(crate) asked: bool,
    /// It may be the runtime's.
    pub(crate) suspect: Option<Suspect>,
    /// It is the runtime's, and not told.
    pub(crate) folded: Option<Runtime>,
    /// It was, for a while.
    pub(crate) unfolded: bool,
    /// The other end of a socketpair.
    pub(crate) pair: Option<Key>,
    pub(crate) drops: u64,
    pub(crate) queue: AcceptQueue,
    pub(crate) looked: Option<Timestamp>,
}

/// What was told last of a listener's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AcceptQueue {
    pub(crate) waiting: u32,
    pub(crate) told: Option<Timestamp>,
}

/// Why a socket may be the runtime's, and what was seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspect {
    /// A UNIX stream as glibc makes it to ask a service of names.
    NameService,
    /// A UDP socket as glibc makes it to ask a name server or to compare addresses.
    Datagram {
        /// Made with `SOCK_NONBLOCK`, as for a question.
        nonblocking: bool,
        /// A `connect` was seen.
        connected: bool,
    },
    /// One of a pair, as an event loop makes it to wake itself.
    Pair {
        /// `O_NONBLOCK` was set after it was made.
        nonblocking: bool,
    },
}

impl Open {
    /// Whether there may be data to read and write: not on a listener, nor on a stream that was only bound.
    pub(crate) fn may_carry(&self) -> bool {
        self.kind.keeps_messages() && self.backlog.is_none()
            || self.connected
            || self.connecting.is_some()
            || self.peer.is_some()
    }

    pub(crate) fn new(family: Family, kind: Type, protocol: Protocol) -> Self {
        Self {
            family,
            kind,
            protocol,
            maker: 0,
            descriptor: -1,
            references: 0,
            in_flight: 0,
            local: None,
            peer: None,
            backlog: None,
            connected: false,
            connecting: None,
            nonblocking: false,
            totals: Totals::default(),
            first: None,
            broke: false,
            resets: false,
            read_shut: false,
            inode: None,
            peer_process: None,
            live: false,
            carries: false,
            asked: false,
            suspect: None,
            folded: None,
            unfolded: false,
            pair: None,
            drops: 0,
            queue: AcceptQueue::default(),
            looked: None,
        }
    }

    pub(crate) fn may_be_wake_up(&self) -> bool {
        self.suspect == Some(Suspect::Pair { nonblocking: true })
    }

    pub(crate) fn is_internet(&self) -> bool {
        matches!(self.family, Family::Inet | Family::Inet6)
    }

    pub(crate) fn is_tcp(&self) -> bool {
        self.is_internet() && self.kind == Type::Stream
    }

    pub(crate) fn is_udp(&self) -> bool {
        self.is_internet() && self.kind == Type::Datagram
    }

    /// Whether a receive of 0 bytes can be the peer's end.
    pub(crate) fn has_end(&self) -> bool {
        matches!(self.kind, Type::Stream | Type::SeqPacket)
    }

    pub(crate) fn note_end(&mut self, end: End) {
        self.first.get_or_insert(end);
    }

    /// An address for an event that must have one, where the kernel could not be asked.
    pub(crate) fn no_address(&self) -> SocketAddress {
        use std::net::{Ipv4Addr, Ipv6Addr};
        match self.family {
            Family::Inet => (Ipv4Addr::UNSPECIFIED, 0).into(),
            Family::Inet6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
            Family::Unix => SocketAddress::UnixUnnamed,
        }
    }
}

/// All sockets that are open, and how to find them.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: FxHashMap<Key, Open>,
    last: u32,
    inodes: FxHashMap<u64, Key>,
    ends: HashMap<(SocketAddress, SocketAddress), Key>,
}

impl Sockets {
    pub(crate) fn add(&mut self, open: Open) -> Key {
        self.last += 1;
        let key = Key(self.last);
        if let Some(inode) = open.inode {
            self.inodes.insert(inode, key);
        }
        self.open.insert(key, open);
        key
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Open> {
        self.open.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Open> {
        self.open.get_mut(&key)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Open> {
        let open = self.open.remove(&key)?;
        if let Some(inode) = open.inode {
            self.inodes.remove(&inode);
        }
        if let (Some(local), Some(peer)) = (&open.local, &open.peer) {
            let ends = (local.canonical(), peer.canonical());
            if self.ends.get(&ends) == Some(&key) {
                self.ends.remove(&ends);
            }
        }
        Some(open)
    }

    /// The kernel's number of it.
    pub(crate) fn has_inode(&mut self, key: Key, inode: u64) {
        if let Some(open) = self.open.get_mut(&key) {
            open.inode = Some(inode);
            self.inodes.insert(inode, key);
        }
    }

    pub(crate) fn by_inode(&self, inode: u64) -> Option<Key> {
        self.inodes.get(&inode).copied()
    }

    /// It is connected from `local` to `peer`.
    pub(crate) fn has_ends(&mut self, key: Key, local: SocketAddress, peer: SocketAddress) {
        let Some(open) = self.open.get_mut(&key) else {
            return;
        };
        let before = open.local.replace(local.clone());
        if let Some(before) = before.zip(open.peer.replace(peer.clone())) {
            self.ends
                .remove(&(before.0.canonical(), before.1.canonical()));
        }
        open.connected = true;
        if open.is_tcp() {
            self.ends.insert((local.canonical(), peer.canonical()), key);
        }
    }

    /// The socket sends no more: where the other end is traced too, its peer is the one that has ended first.
    pub(crate) fn note_peer_ended(&mut self, key: Key) {
        let Some(open) = self.open.get(&key) else {
            return;
        };
        if let Some((local, peer)) = open.local.clone().zip(open.peer.clone())
            && let Some(other) = self.ends.get(&(peer.canonical(), local.canonical()))
            && let Some(open) = self.open.get_mut(other)
        {
            open.note_end(End::Peer);
        }
    }

    /// The traced socket at the other end of a connection, or the listener in whose queue that end waits.
    pub(crate) fn other_end(&self, local: &SocketAddress, peer: &SocketAddress) -> Option<Key> {
        let made = self.ends.get(&(peer.canonical(), local.canonical()));
        made.copied().or_else(|| self.listener_at(local, peer))
    }

    fn listener_at(&self, local: &SocketAddress, address: &SocketAddress) -> Option<Key> {
        let serves = |open: &Open| match (&open.local, open.backlog) {
            (Some(own), Some(_)) if own == address => true,
            (Some(own), Some(_)) => {
                let here = address.is_local() || ip(local) == ip(address);
                here && own.is_unspecified() && own.port() == address.port()
            }
            _ => false,
        };
        let mut found = self.open.iter().filter(|(_, open)| serves(open));
        found.next().map(|(key, _)| *key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Open)> {
        self.open.iter().map(|(key, open)| (*key, open))
    }
}

fn ip(address: &SocketAddress) -> Option<std::net::IpAddr> {
    address.inet().map(|inet| inet.ip())
}
