//! What is known of sockets and processes at one moment, from the events so far: kept once for all rules.

use std::collections::HashMap;
use std::time::Duration;

mod holders;
mod waits;

use holders::Holders;
pub use waits::Wait;
use waits::Waits;

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::text::Text;
use sockeye_model::{
    Call, Caller, End, Errno, Event, Family, Kind, Note, Place, Protocol, Runtime, SocketAddress,
    SocketId, Timestamp, Type,
};

/// The language a traced program is written in, as far as the command that started it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// Not known, or compiled: the words of the C library are right for it.
    #[default]
    C,
    /// CPython and its kin.
    Python,
    /// Node.
    Node,
}

impl Tongue {
    /// From the words of a command: `python3 server.py`, `/usr/bin/env node app.js`.
    pub fn of_command(command: &str) -> Self {
        let words = command.split_whitespace().take(3);
        for word in words {
            let name = word.rsplit('/').next().unwrap_or(word);
            if name.starts_with("python") || name.starts_with("pypy") {
                return Self::Python;
            }
            if name == "node" || name == "nodejs" {
                return Self::Node;
            }
        }
        Self::C
    }
}

/// What is known of one socket.
#[derive(Clone, Debug, Default)]
pub struct SocketState {
    /// Family, type and protocol, where its birth was seen.
    pub created: Option<(Family, Type, Protocol)>,
    /// When it was born.
    pub born: Timestamp,
    /// The line that made it.
    pub born_at: Option<Place<'static>>,
    /// The process that made it.
    pub maker: Option<u32>,
    /// The listener it was accepted from.
    pub parent: Option<SocketId>,
    /// The program did not make it: it was inherited or passed.
    pub foreign: bool,
    /// Its address, once `bind`, `connect` or `accept` gave it one.
    pub local: Option<SocketAddress>,
    /// What `bind` was told, rather than the kernel.
    pub bound: Option<SocketAddress>,
    /// `bind` asked for port 0: the system chose the port.
    pub port_chosen: bool,
    /// The other end, where `socketpair` made both.
    pub paired: Option<SocketId>,
    /// Where `bind` was called.
    pub bound_at: Option<Place<'static>>,
    /// The other end.
    pub peer: Option<SocketAddress>,
    /// It listens, with this backlog.
    pub backlog: Option<u32>,
    /// Options that were set, by their manual's name, with the last value.
    pub options: HashMap<String, String>,
    /// `connect` was called on it, whatever came of it.
    pub asked_to_connect: bool,
    /// A call that sends was made on it, whatever came of it.
    pub tried_to_send: bool,
    /// It has a peer: `connect` succeeded, or it was accepted, or `socketpair` made it. For UDP: the peer is remembered.
    pub connected: bool,
    /// This side has ended its direction: `shutdown` with `SHUT_WR` or `SHUT_RDWR`.
    pub we_ended: bool,
    /// When a receive first gave 0: the peer has ended its direction.
    pub peer_ended: Option<Timestamp>,
    /// Bytes sent and received, and how many calls did so.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// Calls that sent.
    pub sends: u64,
    /// Calls that received.
    pub receives: u64,
    /// It is non-blocking.
    pub nonblocking: bool,
}

impl SocketState {
    /// Whether it is TCP.
    pub fn is_tcp(&self) -> bool {
        // 6 is TCP, 262 Multipath TCP.
        matches!(
            self.created,
            Some((
                Family::Inet | Family::Inet6,
                Type::Stream,
                Protocol(0 | 6 | 262)
            ))
        )
    }

    /// Whether it is UDP.
    pub fn is_udp(&self) -> bool {
        // 17 is UDP; a datagram socket may also be for ICMP.
        matches!(
            self.created,
            Some((
                Family::Inet | Family::Inet6,
                Type::Datagram,
                Protocol(0 | 17)
            ))
        )
    }

    /// Whether the program got it by `accept`.
    pub fn is_accepted(&self) -> bool {
        self.parent.is_some() && !self.is_udp()
    }

    /// Whether it is a UNIX socket.
    pub fn is_unix(&self) -> bool {
        matches!(self.created, Some((Family::Unix, ..)))
    }

    /// Whether it carries a stream.
    pub fn is_stream(&self) -> bool {
        matches!(self.created, Some((_, Type::Stream, _)))
    }

    /// Whether an option was set to something other than 0.
    pub fn has(&self, option: &str) -> bool {
        self.options
            .get(option)
            .is_some_and(|value| value != "0" && value != "off")
    }
}

/// Whether the call sends on a connection or to an address.
pub(crate) fn sends(call: Call) -> bool {
    use Call::{Send, SendFile, SendMmsg, SendMsg, SendTo, Splice, Write, WriteV};
    matches!(
        call,
        Send | SendTo | SendMsg | SendMmsg | SendFile | Write | WriteV | Splice
    )
}

/// Whether the call receives.
pub(crate) fn receives(call: Call) -> bool {
    use Call::{Read, ReadV, Recv, RecvFrom, RecvMmsg, RecvMsg};
    matches!(call, Recv | RecvFrom | RecvMsg | RecvMmsg | Read | ReadV)
}

/// All sockets and processes.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    sockets: FxHashMap<SocketId, SocketState>,
    tongues: FxHashMap<u32, Tongue>,
    parents: FxHashMap<u32, u32>,
    /// Processes that run another program than their parent.
    replaced: FxHashSet<u32>,
    /// Sockets of the runtime, which no line of the program made.
    runtime: FxHashSet<SocketId>,
    /// Processes that have ended, and how: the exit code, or the number of the signal that killed it.
    ended: FxHashMap<u32, Result<i32, i32>>,
    /// Processes that are known to have more than one thread.
    threaded: FxHashSet<u32>,
    waits: Waits,
    holders: Holders,
}

impl Scene {
    /// What is known of a socket; nothing of one that was never told of or is closed.
    pub fn socket(&self, id: SocketId) -> Option<&SocketState> {
        self.sockets.get(&id)
    }

    /// Every open socket.
    pub fn sockets(&self) -> impl Iterator<Item = (SocketId, &SocketState)> {
        self.sockets.iter().map(|(id, state)| (*id, state))
    }

    /// The language of the program that made a call.
    pub fn tongue(&self, by: Option<Caller>) -> Tongue {
        by.and_then(|by| self.tongues.get(&by.process).copied())
            .unwrap_or_default()
    }

    /// The process that made this one by `fork`.
    pub fn parent_of(&self, process: u32) -> Option<u32> {
        self.parents.get(&process).copied()
    }

    /// The first of the processes that run the same program text: those made by `fork` alone are one with their parent.
    pub fn program_of(&self, process: u32) -> u32 {
        let mut first = process;
        // Bounded: a chain of forks in a recording may be a ring, where process ids come round.
        for _ in 0..64 {
            match self.parents.get(&first) {
                Some(parent) if !self.replaced.contains(&first) => first = *parent,
                _ => break,
            }
        }
        first
    }

    /// The first process of the family: the one that the tracer started.
    pub fn root_of(&self, process: u32) -> u32 {
        let mut first = process;
        // Bounded, as above.
        for _ in 0..64 {
            match self.parents.get(&first) {
                Some(parent) => first = *parent,
                None => break,
            }
        }
        first
    }

    /// How the process ended, if it has: its exit code, or the number of the signal that killed it.
    pub fn end_of(&self, process: u32) -> Option<Result<i32, i32>> {
        self.ended.get(&process).copied()
    }

    /// The open socket of the same trace that is at the other end of a connection with these two addresses.
    pub fn other_end(
        &self,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> Option<(SocketId, &SocketState)> {
        local.inet()?;
        let (local, peer) = (local.canonical(), peer.canonical());
        let is = |one: &Option<SocketAddress>, other: &SocketAddress| {
            one.as_ref().is_some_and(|one| one.canonical() == *other)
        };
        self.sockets()
            .find(|(_, state)| is(&state.local, &peer) && is(&state.peer, &local))
    }

    /// The open socket of the same trace at the other end of this one: of a pair, or of a connection over IP.
    pub fn far_end(&self, socket: SocketId) -> Option<SocketId> {
        let state = self.socket(socket)?;
        match state.paired {
            Some(paired) => self.socket(paired).map(|_| paired),
            None => {
                let (other, _) = self.other_end(state.local.as_ref()?, state.peer.as_ref()?)?;
                Some(other)
            }
        }
    }

    /// The call that a thread is blocked in, as far as it has been told.
    pub fn wait_of(&self, by: Caller) -> Option<&Wait> {
        self.waits.of(by)
    }

    /// Every thread that is blocked in a call on a socket.
    pub fn waits(&self) -> impl Iterator<Item = &Wait> {
        self.waits.all()
    }

    /// The threads that are blocked in calls on a socket.
    pub fn waits_on(&self, socket: SocketId) -> impl Iterator<Item = &Wait> {
        self.waits.all().filter(move |wait| wait.socket == socket)
    }

    /// The processes that hold a descriptor of the socket.
    pub fn holders_of(&self, socket: SocketId) -> impl Iterator<Item = u32> {
        self.holders.of(socket)
    }

    /// Whether a process is known to have, or to have had, more than one thread.
    pub fn has_threads(&self, process: u32) -> bool {
        self.threaded.contains(&process)
    }

    /// Whether the socket serves the program's runtime: no line of the program made it.
    pub fn is_runtime(&self, socket: SocketId) -> bool {
        self.runtime.contains(&socket)
    }

    /// A text in the tongue of the program that made a call: for C, which is also right where the tongue is not known, for
    /// Python and for Node.
    pub fn in_tongue(&self, by: Option<Caller>, c: Text, python: Text, node: Text) -> Text {
        match self.tongue(by) {
            Tongue::C => c,
            Tongue::Python => python,
            Tongue::Node => node,
        }
    }

    /// Takes in an event.
    pub(crate) fn after(&mut self, event: &Event<'_>) {
        self.waits.after(event);
        let sockets = &self.sockets;
        self.holders.after(event, |socket| {
            sockets
                .get(&socket)
                .is_some_and(|state| state.has("FD_CLOEXEC"))
        });
        if let Some(by) = event.by {
            let tells = matches!(event.kind, Kind::Noted(Note::Threads));
            if tells || by.thread != by.process {
                self.threaded.insert(by.process);
            }
        }
        match &event.kind {
            Kind::Started { pid, command } | Kind::Replaced { pid, command } => {
                self.tongues.insert(*pid, Tongue::of_command(command));
                self.replaced.insert(*pid);
                self.threaded.remove(pid);
                self.ended.remove(pid);
                return;
            }
            Kind::Forked { parent, child } => {
                self.parents.insert(*child, *parent);
                self.replaced.remove(child);
                self.ended.remove(child);
                let tongue = self.tongues.get(parent).copied().unwrap_or_default();
                self.tongues.insert(*child, tongue);
                return;
            }
            Kind::Exited { pid, status } => {
                self.threaded.remove(pid);
                self.ended.insert(*pid, *status);
                return;
            }
            Kind::Closed { .. } => {
                self.sockets.remove(&event.socket);
                self.runtime.remove(&event.socket);
                return;
            }
            Kind::Noted(Note::Runtime {
                of: Runtime::WakeUp,
                ..
            }) if event.socket != SocketId::NONE => {
                self.runtime.insert(event.socket);
                return;
            }
            _ => {}
        }
        if event.socket == SocketId::NONE {
            return;
        }
        let place = || event.place.clone().map(owned);
        let state = self.sockets.entry(event.socket).or_default();
        state.nonblocking |= comes_back(event, state);
        match &event.kind {
            Kind::Created {
                family,
                kind,
                protocol,
            } => {
                state.created = Some((*family, *kind, *protocol));
                state.born = event.at;
                state.born_at = place();
                state.maker = event.by.map(|by| by.process);
            }
            Kind::Configured { option, value } => {
                if option == "O_NONBLOCK" {
                    state.nonblocking = value != "0";
                }
                state
                    .options
                    .insert(option.clone().into_owned(), value.clone().into_owned());
            }
            Kind::Bound { local } => {
                state.local = Some(local.clone());
                state.bound = Some(local.clone());
                state.bound_at = place();
            }
            Kind::Listening { local, backlog } => {
                state.local = Some(local.clone());
                state.backlog = Some(*backlog);
            }
            Kind::Connecting { peer } => {
                state.asked_to_connect = true;
                state.peer = Some(peer.clone());
            }
            Kind::Connected { local, peer } => {
                state.asked_to_connect = true;
                state.connected = true;
                state.local = Some(local.clone());
                state.peer = Some(peer.clone());
            }
            Kind::Accepted { local, peer } => {
                state.connected = true;
                state.local = Some(local.clone());
                state.peer = Some(peer.clone());
                state.parent = event.parent;
                state.born = event.at;
                state.born_at = place();
                state.maker = event.by.map(|by| by.process);
                if let Some(family) = event
                    .parent
                    .and_then(|parent| self.sockets.get(&parent)?.created)
                {
                    self.sockets.entry(event.socket).or_default().created = Some(family);
                }
            }
            Kind::Sent { payload, .. } => {
                state.sent = state.sent.saturating_add(payload.len());
                state.sends += 1;
                state.tried_to_send = true;
            }
            Kind::Received { payload, .. } => {
                state.received = state.received.saturating_add(payload.len());
                state.receives += 1;
            }
            Kind::HalfClosed { end: End::Ours } => state.we_ended = true,
            Kind::HalfClosed { end: End::Peer } => {
                state.peer_ended.get_or_insert(event.at);
            }
            Kind::Noted(Note::Paired { with }) => {
                let with = *with;
                state.connected = true;
                state.paired = Some(with);
                if let Some(other) = self.sockets.get_mut(&with) {
                    other.connected = true;
                    other.paired = Some(event.socket);
                }
            }
            Kind::Noted(Note::PortChosen) => state.port_chosen = true,
            Kind::Failed { call, .. } | Kind::Called { call, .. } if sends(*call) => {
                state.tried_to_send = true;
            }
            Kind::Noted(Note::Descriptor { came, .. }) => {
                state.foreign |= *came != sockeye_model::Came::Made;
            }
            _ => {}
        }
    }
}

/// Whether a call came back at once where it would have had to wait: the socket is non-blocking, though nobody was seen to make
/// it so. A time limit lets a call come back too, but later.
fn comes_back(event: &Event<'_>, state: &SocketState) -> bool {
    let Kind::Called {
        result: Err(Errno::EAGAIN | Errno::EINPROGRESS),
        ..
    } = event.kind
    else {
        return false;
    };
    let limited = state.has("SO_RCVTIMEO") || state.has("SO_SNDTIMEO");
    !limited && event.took.is_none_or(|took| took < AT_ONCE)
}

/// A call that takes longer has waited.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A place with nothing borrowed.
pub(crate) fn owned(place: Place<'_>) -> Place<'static> {
    Place {
        file: place.file.into_owned().into(),
        line: place.line,
        function: place.function.map(|function| function.into_owned().into()),
    }
}
