//! What a socket did: one [`Event`] a call, the same type for our own sockets, a recording and another program.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::{Call, Errno, Finding, SocketAddress, Syscall, Timestamp};

/// The number of a socket within a session: #1, #2, … in order of birth; never used again.
///
/// Descriptors are reused by the kernel, these are not. [`SocketId::NONE`] stands for what concerns no socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

impl SocketId {
    /// No socket: an event of the session as a whole.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The process and thread that made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Process id.
    pub process: u32,
    /// Thread id; the process id for its first thread.
    pub thread: u32,
}

/// The line of a program that made a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The file, as the program names it; the program or library itself where only a function is known.
    pub file: Cow<'a, str>,
    /// The line, from 1; 0 where only the function is known.
    pub line: u32,
    /// The function that the line is in, where it is known.
    pub function: Option<Cow<'a, str>>,
}

/// One thing that happened to a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// When it was over: the call had returned, or what it did had been seen elsewhere before, such as where another
    /// thread receives the answer while a send returns. For [`Kind::Waiting`] and [`Kind::Connecting`], when it began.
    pub at: Timestamp,
    /// How long the call took, where it is a call.
    pub took: Option<Duration>,
    /// Whose event it is.
    pub socket: SocketId,
    /// The listener that an accepted socket came from, the server socket of a UDP session.
    pub parent: Option<SocketId>,
    /// Who made the call; `None` is sockeye itself.
    pub by: Option<Caller>,
    /// The line that made the call, where it is known.
    pub place: Option<Place<'a>>,
    /// What happened.
    pub kind: Kind<'a>,
}

/// The family of a socket: the first argument of [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_INET`: IPv4.
    Inet,
    /// `AF_INET6`: IPv6.
    Inet6,
    /// `AF_UNIX`: within one machine, by a path or an abstract name.
    Unix,
}

/// The type of a socket: the second argument of [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `SOCK_STREAM`: bytes in order, no boundaries.
    Stream,
    /// `SOCK_DGRAM`: messages, each on its own.
    Datagram,
    /// `SOCK_SEQPACKET`: messages in order on a connection.
    SeqPacket,
    /// `SOCK_RAW`: IP packets as they are; needs `CAP_NET_RAW`.
    Raw,
}

impl Type {
    /// Whether what is sent keeps its boundaries.
    pub const fn keeps_messages(self) -> bool {
        !matches!(self, Self::Stream)
    }
}

/// The protocol of a socket: the third argument of [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
///
/// Zero, the default, lets family and type decide: TCP for an INET stream, UDP for INET datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Protocol(pub i32);

impl Protocol {
    /// Family and type decide.
    pub const DEFAULT: Self = Self(0);
}

/// What is counted: bytes of a stream or of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A stretch of a stream: it may hold half a line or ten.
    Bytes,
    /// One message, whole.
    Message,
}

/// What was sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The bytes themselves: somebody wants them.
    Bytes {
        /// All that the call moved.
        data: Cow<'a, [u8]>,
        /// What they are.
        unit: Unit,
    },
    /// Only how many: nobody wants the bytes, or they never passed through this program (spliced).
    Unseen {
        /// Bytes.
        len: u64,
        /// What they are.
        unit: Unit,
    },
}

impl Payload<'_> {
    /// How many bytes the call moved.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes { data, .. } => data.len() as u64,
            Self::Unseen { len, .. } => *len,
        }
    }

    /// Whether it moved none: an empty message, which is data and no end.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is counted.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Bytes { unit, .. } | Self::Unseen { unit, .. } => *unit,
        }
    }

    /// The bytes, if they were kept.
    pub fn data(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes { data, .. } => Some(data),
            Self::Unseen { .. } => None,
        }
    }
}

/// Where the addresses of a name came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// It was an address already: nobody was asked.
    Literal,
    /// `/etc/hosts`.
    HostsFile,
    /// The system's resolver, `getaddrinfo(3)`: what it asks in turn is its own affair.
    System,
}

/// Which end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// This socket's own.
    Ours,
    /// The other.
    Peer,
}

/// Totals of one socket, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Totals {
    /// Bytes that `send` and its kin copied to the kernel.
    pub bytes_sent: u64,
    /// Bytes that `recv` and its kin got.
    pub bytes_received: u64,
    /// Calls that sent, or messages on a socket that keeps messages.
    pub sends: u64,
    /// Calls that received, or messages on a socket that keeps messages.
    pub receives: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.sends += other.sends;
        self.receives += other.receives;
    }
}

/// What the kernel knows of a TCP connection: `TCP_INFO` of [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpSample {
    /// Smoothed round-trip time (`tcpi_rtt`); zero before the first measurement.
    pub rtt: Duration,
    /// Its mean deviation (`tcpi_rttvar`).
    pub rtt_deviation: Duration,
    /// Segments sent again since the start (`tcpi_total_retrans`).
    pub retransmitted: u32,
    /// Segments sent (`tcpi_segs_out`).
    pub segments_out: u32,
    /// Segments received (`tcpi_segs_in`).
    pub segments_in: u32,
    /// Largest segment we send, bytes (`tcpi_snd_mss`).
    pub mss: u32,
    /// Bytes the peer's kernel has acknowledged (`tcpi_bytes_acked`).
    pub acknowledged: u64,
    /// Bytes handed to our kernel and not yet acknowledged (`SIOCOUTQ`).
    pub unacknowledged: u64,
    /// Bytes arrived and not yet received by the program (`SIOCINQ`).
    pub unread: u64,
}

/// How much waits in the queues of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queues {
    /// Of a socket that carries data.
    Data {
        /// Bytes that have arrived and that the program has not received (`SIOCINQ`); on a socket that keeps messages, those
        /// of the next message.
        unread: u64,
        /// Bytes that were sent and that the other kernel, or for UNIX sockets the other program, has not taken (`SIOCOUTQ`).
        unsent: u64,
    },
    /// Of a listener: connections that are made and not yet accepted (`tcpi_unacked` and `tcpi_sacked` of a listener's `TCP_INFO`).
    Accept {
        /// Connections that wait for `accept`.
        waiting: u32,
        /// The backlog; the kernel admits one more.
        backlog: u32,
    },
    /// Messages that the kernel has thrown away since the socket was made, because its buffer was full (`SO_MEMINFO`, `SK_MEMINFO_DROPS`).
    Dropped {
        /// How many.
        messages: u64,
        /// The size of the buffer, bytes.
        buffer: u64,
    },
}

/// How a program came by a descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Came {
    /// It made the socket.
    Made,
    /// It was open when the program was started.
    Inherited,
    /// It was open when the tracer came to a process that ran already: what happened on it before is not known.
    Found,
    /// It was received over a UNIX socket (`SCM_RIGHTS`), or taken by `pidfd_getfd`.
    Passed,
}

/// A program's sockets that serve its runtime and that nobody wrote a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// The system's resolver: questions to name servers, and sockets that are connected to compare addresses.
    Resolver,
    /// A question to the name service's cache, nscd(8).
    NameCache,
    /// The kernel's list of addresses and routes, over netlink(7).
    Interfaces,
    /// A pair within one process, by which an event loop wakes itself.
    WakeUp,
}

/// What a tracer can't see, or what can't behave as it would untraced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blind {
    /// The program hands calls to the kernel through io_uring(7): they are no system calls that could be seen.
    IoUring,
    /// Calls of another architecture (32-bit) are let through unseen.
    ForeignCalls,
    /// The program is setuid or has file capabilities: under trace it runs without them.
    Privileged,
    /// The program is itself a tracer: a process has one tracer at most.
    Tracer,
}

/// A process, by what `/proc` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessName<'a> {
    /// Process id.
    pub pid: u32,
    /// Its name (`comm`).
    pub name: Cow<'a, str>,
}

/// Something found out beside the calls: by looking at this machine, never by sending anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// Who is at the other end, when that is on this machine.
    PeerProcess(ProcessName<'a>),
    /// Who holds the address that could not be bound; `None` when it may not be seen, or only TIME_WAIT is left.
    Holder {
        /// The address asked for.
        address: SocketAddress,
        /// The holder.
        process: Option<ProcessName<'a>>,
        /// Connections that rest in TIME_WAIT there.
        resting: u32,
    },
    /// The path that could not be bound is a file that no socket of this machine holds: an earlier run left it behind.
    Leftover {
        /// The path.
        address: SocketAddress,
    },
    /// Something listens near the address that refused.
    Nearby {
        /// `tcp` or `udp`.
        protocol: Cow<'a, str>,
        /// Where it listens.
        address: SocketAddress,
    },
    /// A UDP session came to its end after being quiet this long.
    SessionExpired {
        /// The peer whose session it was.
        peer: SocketAddress,
        /// How long it had been quiet.
        idle: Duration,
    },
    /// What a message that was just sent or received says, in the words of its protocol.
    Meaning {
        /// The protocol, such as `dns`.
        protocol: Cow<'a, str>,
        /// What the message says, as those write it who know the protocol: `www.example.org. A?`. It may hold what a
        /// peer has sent.
        text: Cow<'a, str>,
    },
    /// The descriptor by which a program holds the socket.
    Descriptor {
        /// Its number in that process.
        number: i32,
        /// How the program came by it.
        came: Came,
    },
    /// The other end is this socket of the same program: `socketpair` made both.
    Paired {
        /// The other.
        with: SocketId,
    },
    /// A thread waits in `poll`, `select` or `epoll_wait` until a call on this socket can go on: told with the moment in which it
    /// began, once it has lasted, and again, with how long it `took`, when it is over. Of no socket: it waits for several, and
    /// this is told once.
    Polling {
        /// The call it waits in.
        poll: Call,
        /// The call that can go on then; without a socket the same as `poll`.
        call: Call,
        /// How many descriptors it waits for; without a socket, how many sockets.
        of: u32,
        /// After how long the call gives up.
        at_most: Option<Duration>,
    },
    /// `bind` asked for port 0: the system chose the port that it was bound to.
    PortChosen,
    /// The process that made this call (the event's `by`) has more than one thread. Said once a process.
    Threads,
    /// Sockets that serve the program's runtime, folded into one line; their calls are not told.
    Runtime {
        /// What they are for.
        of: Runtime,
        /// How many so far, in all processes of the program.
        sockets: u32,
    },
    /// Something that can't be seen.
    Blind(Blind),
    /// The kernel's own call behind what was just told of a traced program; only where it was asked for. It was over at the
    /// same moment, and was made by the same thread. One that only waits (`ppoll`, `epoll_wait`) comes by itself, before the
    /// call that it was made for.
    Syscall(Box<Syscall>),
    /// Messages that were not passed on, and why.
    Dropped {
        /// How many.
        messages: u64,
        /// Why.
        why: DropReason,
    },
}

/// Why a message was not passed on. Each is counted, and said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// It was larger than the other side can carry.
    TooLong,
    /// It came from a port that answers by itself (7, 9, 13, 19, 37): answering could loop for ever.
    WouldLoop,
    /// The peer's queue was full.
    QueueFull,
    /// "Port unreachable" came back for it.
    Refused,
    /// All sessions were taken, and this one was the oldest.
    TooManySessions,
}

/// The name and the value of one thing that a handshake agreed on.
///
/// It borrows nothing: an event with borrowed pairs could not be lent for a shorter time than its own.
pub type Detail = (Cow<'static, str>, Cow<'static, str>);

/// What happened. Exhaustive on purpose: a new kind does not compile until every view shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// `socket` made it (or it came into being by `accept`, which has its own kind).
    Created {
        /// INET, INET6 or UNIX.
        family: Family,
        /// STREAM, DGRAM, SEQPACKET or RAW.
        kind: Type,
        /// The third argument.
        protocol: Protocol,
    },
    /// `setsockopt` set an option.
    Configured {
        /// The option, in the manual's word: `SO_REUSEADDR`.
        option: Cow<'a, str>,
        /// What it was set to.
        value: Cow<'a, str>,
    },
    /// A name was turned into addresses.
    Resolved {
        /// The name as typed.
        name: Cow<'a, str>,
        /// Its addresses, in the order they will be tried.
        addresses: Cow<'a, [IpAddr]>,
        /// Who knew.
        source: Source,
    },
    /// `bind` gave it an address.
    Bound {
        /// The address it really has: a port 0 is replaced by the port chosen.
        local: SocketAddress,
    },
    /// `listen` made it a listener.
    Listening {
        /// Its address.
        local: SocketAddress,
        /// The queue's length that was asked for.
        backlog: u32,
    },
    /// `connect` began.
    Connecting {
        /// To whom.
        peer: SocketAddress,
    },
    /// `connect` succeeded. For UDP: the peer is remembered, nothing was sent.
    Connected {
        /// Our end.
        local: SocketAddress,
        /// The other end.
        peer: SocketAddress,
    },
    /// `accept` gave this new socket; the event's parent is the listener.
    Accepted {
        /// Our end: the listener's own port.
        local: SocketAddress,
        /// The client.
        peer: SocketAddress,
    },
    /// A layer above the transport has finished its handshake: from here on `send` and `recv` are the layer's, and the calls
    /// beneath are [`Kind::Called`]. The event's `took` is how long the handshake was.
    Upgraded {
        /// What is spoken now: `TLS 1.3`, `WebSocket`.
        protocol: Cow<'a, str>,
        /// What was agreed, as names and values in the order of the handshake: `suite`, `group`, `alpn`, `name`, `chain`,
        /// `days left`, `resumed` for TLS ([RFC 8446](https://www.rfc-editor.org/rfc/rfc8446)); `path`, `subprotocol`,
        /// `extensions` for WebSocket ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)). Values may hold what a peer
        /// has sent.
        details: Cow<'a, [Detail]>,
    },
    /// A call can't go on yet and parks; said once, when it begins.
    Waiting {
        /// Which call: a `send` that waits has a slow reader, a `recv` a silent peer.
        call: Call,
    },
    /// A call sent.
    Sent {
        /// Which call.
        call: Call,
        /// What went to our kernel; it says nothing about the reader.
        payload: Payload<'a>,
        /// How many bytes the program asked to send.
        asked: u64,
        /// Where in the program's memory they began, where the call was seen from outside: tells whether the next send goes
        /// on where this one stopped.
        buffer: Option<u64>,
        /// To whom, where the call said so.
        peer: Option<SocketAddress>,
    },
    /// A call received.
    Received {
        /// Which call.
        call: Call,
        /// What came; never the end, which is [`Kind::HalfClosed`].
        payload: Payload<'a>,
        /// How many bytes there was room for.
        room: u64,
        /// How long the message really was, when it was cut (`MSG_TRUNC`).
        truncated_from: Option<u64>,
        /// From whom, where the call said so.
        peer: Option<SocketAddress>,
    },
    /// Any other call that succeeded or was told to come back (`EAGAIN`); also a `send` or `recv` beneath a layer, whose
    /// bytes are the layer's own: what they carry is told by the layer's [`Kind::Sent`] and [`Kind::Received`].
    Called {
        /// Which call.
        call: Call,
        /// What it returned, or the error it gave.
        result: Result<i64, Errno>,
    },
    /// One direction has ended: we said so (`shutdown`), or `recv` returned 0.
    HalfClosed {
        /// Who will send no more.
        end: End,
    },
    /// `close`, or the last descriptor went.
    Closed {
        /// All it moved.
        totals: Totals,
        /// Who had ended their direction before: `Some(Ours)` means this side rests in TIME_WAIT.
        first: Option<End>,
    },
    /// A call failed.
    Failed {
        /// Which call.
        call: Call,
        /// Why.
        errno: Errno,
        /// The address it was about.
        address: Option<SocketAddress>,
    },
    /// What the kernel knew at this moment.
    Sampled {
        /// The figures.
        sample: TcpSample,
    },
    /// What waited in the queues of the socket at this moment.
    Queued(Queues),
    /// How two channels will be joined.
    Planned {
        /// The plan in one line.
        plan: Cow<'a, str>,
    },
    /// A process was started for a conversation.
    Started {
        /// Its id.
        pid: u32,
        /// Its words.
        command: Cow<'a, str>,
    },
    /// A process made another: the child starts with the same descriptors, of the same sockets.
    Forked {
        /// Who called `fork`, as `by` says too.
        parent: u32,
        /// The new process.
        child: u32,
    },
    /// A process runs another program from here on, by `execve`.
    Replaced {
        /// Its id, which stays.
        pid: u32,
        /// The new program's words.
        command: Cow<'a, str>,
    },
    /// A process ended.
    Exited {
        /// Its id.
        pid: u32,
        /// Its exit code, or the number of the signal that killed it.
        status: Result<i32, i32>,
    },
    /// Something found out beside the calls.
    Noted(Note<'a>),
    /// A mistake, a risk or something good to know, told by the events before. Never recorded: a recording gives it again.
    Diagnosed(Box<Finding>),
    /// The view fell behind and this many events are not shown; the data was not delayed.
    Unshown {
        /// How many.
        events: u64,
    },
}

impl Event<'_> {
    /// The same event with nothing borrowed.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            at: self.at,
            took: self.took,
            socket: self.socket,
            parent: self.parent,
            by: self.by,
            place: self.place.map(|place| Place {
                file: own(place.file),
                line: place.line,
                function: place.function.map(own),
            }),
            kind: self.kind.into_owned(),
        }
    }
}

fn own<T: ToOwned + ?Sized>(value: Cow<'_, T>) -> Cow<'static, T> {
    Cow::Owned(value.into_owned())
}

impl Kind<'_> {
    /// The same with nothing borrowed.
    pub fn into_owned(self) -> Kind<'static> {
        match self {
            Self::Created {
                family,
                kind,
                protocol,
            } => Kind::Created {
                family,
                kind,
                protocol,
            },
            Self::Configured { option, value } => Kind::Configured {
                option: own(option),
                value: own(value),
            },
            Self::Resolved {
                name,
                addresses,
                source,
            } => Kind::Resolved {
                name: own(name),
                addresses: own(addresses),
                source,
            },
            Self::Bound { local } => Kind::Bound { local },
            Self::Listening { local, backlog } => Kind::Listening { local, backlog },
            Self::Connecting { peer } => Kind::Connecting { peer },
            Self::Connected { local, peer } => Kind::Connected { local, peer },
            Self::Accepted { local, peer } => Kind::Accepted { local, peer },
            Self::Upgraded { protocol, details } => Kind::Upgraded {
                protocol: own(protocol),
                details: own(details),
            },
            Self::Waiting { call } => Kind::Waiting { call },
            Self::Sent {
                call,
                payload,
                asked,
                buffer,
                peer,
            } => Kind::Sent {
                call,
                payload: payload.into_owned(),
                asked,
                buffer,
                peer,
            },
            Self::Received {
                call,
                payload,
                room,
                truncated_from,
                peer,
            } => Kind::Received {
                call,
                payload: payload.into_owned(),
                room,
                truncated_from,
                peer,
            },
            Self::Called { call, result } => Kind::Called { call, result },
            Self::HalfClosed { end } => Kind::HalfClosed { end },
            Self::Closed { totals, first } => Kind::Closed { totals, first },
            Self::Failed {
                call,
                errno,
                address,
            } => Kind::Failed {
                call,
                errno,
                address,
            },
            Self::Sampled { sample } => Kind::Sampled { sample },
            Self::Queued(queues) => Kind::Queued(queues),
            Self::Planned { plan } => Kind::Planned { plan: own(plan) },
            Self::Started { pid, command } => Kind::Started {
                pid,
                command: own(command),
            },
            Self::Forked { parent, child } => Kind::Forked { parent, child },
            Self::Replaced { pid, command } => Kind::Replaced {
                pid,
                command: own(command),
            },
            Self::Exited { pid, status } => Kind::Exited { pid, status },
            Self::Noted(note) => Kind::Noted(note.into_owned()),
            Self::Diagnosed(finding) => Kind::Diagnosed(finding),
            Self::Unshown { events } => Kind::Unshown { events },
        }
    }
}

impl Payload<'_> {
    /// The same with nothing borrowed.
    pub fn into_owned(self) -> Payload<'static> {
        match self {
            Self::Bytes { data, unit } => Payload::Bytes {
                data: own(data),
                unit,
            },
            Self::Unseen { len, unit } => Payload::Unseen { len, unit },
        }
    }
}

impl Note<'_> {
    /// The same with nothing borrowed.
    pub fn into_owned(self) -> Note<'static> {
        let own_process = |process: ProcessName<'_>| ProcessName {
            pid: process.pid,
            name: own(process.name),
        };
        match self {
            Self::PeerProcess(process) => Note::PeerProcess(own_process(process)),
            Self::Holder {
                address,
                process,
                resting,
            } => Note::Holder {
                address,
                process: process.map(own_process),
                resting,
            },
            Self::Leftover { address } => Note::Leftover { address },
            Self::Nearby { protocol, address } => Note::Nearby {
                protocol: own(protocol),
                address,
            },
            Self::SessionExpired { peer, idle } => Note::SessionExpired { peer, idle },
            Self::Meaning { protocol, text } => Note::Meaning {
                protocol: own(protocol),
                text: own(text),
            },
            Self::Descriptor { number, came } => Note::Descriptor { number, came },
            Self::Paired { with } => Note::Paired { with },
            Self::Polling {
                poll,
                call,
                of,
                at_most,
            } => Note::Polling {
                poll,
                call,
                of,
                at_most,
            },
            Self::PortChosen => Note::PortChosen,
            Self::Threads => Note::Threads,
            Self::Runtime { of, sockets } => Note::Runtime { of, sockets },
            Self::Blind(blind) => Note::Blind(blind),
            Self::Syscall(syscall) => Note::Syscall(syscall),
            Self::Dropped { messages, why } => Note::Dropped { messages, why },
        }
    }
}
