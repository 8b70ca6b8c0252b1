//! Who has a lifeline: the processes and ends of this session, and whoever else they talk to.

use std::collections::{HashMap, HashSet};

use sockeye_model::{Call, Caller, Event, Kind, Note, SocketAddress, SocketId};

use super::Lane;
use super::sorted::Sorted;
use crate::catalogue::{Language, narration, pictures};
use crate::escape::escape_name;
use crate::telling::program_name;

/// Lifelines that are drawn; the rest share the last one.
const LANES: usize = 6;

/// What a lifeline stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A process of this session; `None` is sockeye itself. One that talks to itself has two lifelines.
    Ours(Option<u32>, Part),
    /// A process of this machine whose calls are not seen.
    Process(u32),
    /// Whoever is at an address.
    Address(SocketAddress),
    /// A UNIX client without a name, by the socket that it talks to.
    Nameless(SocketId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Whole,
    Server,
    Client,
}

/// The lifelines, and whose each event is.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) lanes: Vec<Lane>,
    by_key: HashMap<Key, usize>,
    faces: Faces,
}

/// What is known of processes and sockets.
#[derive(Debug, Default)]
struct Faces {
    /// Processes that talk to themselves.
    split: HashSet<Option<u32>>,
    /// Sockets on the server's side.
    servers: HashSet<SocketId>,
    /// The process that a socket's data is moved by.
    homes: HashMap<SocketId, Option<u32>>,
    /// Whether that is known from data, and not only from who made it.
    settled: HashSet<SocketId>,
    /// Who is at the other end of a socket, outside of this session.
    outside: HashMap<SocketId, u32>,
    names: HashMap<u32, String>,
}

fn process(by: Option<Caller>) -> Option<u32> {
    by.map(|by| by.process)
}

impl Faces {
    fn of(sorted: &Sorted) -> Self {
        let mut faces = Self::default();
        for event in sorted.events.iter().map(|sorted| &sorted.event) {
            faces.learn(event, sorted.is_datagram(event.socket));
        }
        for (one, other) in sorted.pairs() {
            if let (Some(home), Some(others)) = (faces.homes.get(&one), faces.homes.get(&other))
                && home == others
            {
                faces.split.insert(*home);
            }
        }
        faces
    }

    fn learn(&mut self, event: &Event<'_>, datagram: bool) {
        let id = event.socket;
        match &event.kind {
            Kind::Started { pid, command } | Kind::Replaced { pid, command } => {
                self.names.insert(*pid, program_name(command));
                return;
            }
            Kind::Forked { parent, child } => {
                if let Some(name) = self.names.get(parent).cloned() {
                    self.names.entry(*child).or_insert(name);
                }
                return;
            }
            Kind::Noted(Note::PeerProcess(process)) => {
                self.outside.insert(id, process.pid);
                let name = escape_name(&process.name).into_owned();
                self.names.entry(process.pid).or_insert(name);
                return;
            }
            Kind::Listening { .. } | Kind::Accepted { .. } => {
                self.servers.insert(id);
            }
            Kind::Waiting { call: Call::Accept } => {
                self.servers.insert(id);
            }
            Kind::Bound { .. } if datagram => {
                self.servers.insert(id);
            }
            _ => {}
        }
        if id == SocketId::NONE {
            return;
        }
        let moves = matches!(event.kind, Kind::Sent { .. } | Kind::Received { .. });
        if moves && self.settled.insert(id) {
            self.homes.insert(id, process(event.by));
        } else {
            self.homes.entry(id).or_insert(process(event.by));
        }
    }

    fn ours(&self, process: Option<u32>, socket: SocketId) -> Key {
        let part = match (self.split.contains(&process), socket) {
            (false, _) => Part::Whole,
            (true, socket) if self.servers.contains(&socket) => Part::Server,
            (true, SocketId::NONE) => Part::Server,
            _ => Part::Client,
        };
        Key::Ours(process, part)
    }

    fn home(&self, socket: SocketId) -> Option<Key> {
        let process = self.homes.get(&socket)?;
        Some(self.ours(*process, socket))
    }

    /// Who is at the other end of a socket; `address` is what the call said.
    fn other(
        &self,
        sorted: &Sorted,
        socket: SocketId,
        address: Option<&SocketAddress>,
    ) -> Option<Key> {
        let partner = sorted.partner(socket);
        if let Some(key) = partner.and_then(|partner| self.home(partner)) {
            return Some(key);
        }
        let address = address.or(sorted.peer(socket));
        let answers =
            address.and_then(|address| sorted.at_address(address, sorted.is_datagram(socket)));
        if let Some(key) = answers.and_then(|answers| self.home(answers)) {
            return Some(key);
        }
        if let Some(pid) = self.outside.get(&socket) {
            let traced = self.homes.values().any(|home| *home == Some(*pid));
            return Some(if traced {
                self.ours(Some(*pid), SocketId::NONE)
            } else {
                Key::Process(*pid)
            });
        }
        match address? {
            SocketAddress::UnixUnnamed => Some(Key::Nameless(socket)),
            address => Some(Key::Address(address.clone())),
        }
    }
}

impl Cast {
    pub(super) fn of(sorted: &Sorted, language: Language) -> Self {
        let faces = Faces::of(sorted);
        let mut keys: Vec<Key> = Vec::new();
        let mut seen = HashSet::new();
        for sorted_event in &sorted.events {
            let event = &sorted_event.event;
            if event.socket == SocketId::NONE || !is_drawn(&event.kind) {
                continue;
            }
            let own = faces.ours(process(event.by), event.socket);
            let other = match sorted_event.other {
                Some(other) => faces.home(other),
                None if joins(&event.kind) => {
                    faces.other(sorted, event.socket, address_of(&event.kind))
                }
                None => None,
            };
            for key in [Some(own), other].into_iter().flatten() {
                if seen.insert(key.clone()) {
                    keys.push(key);
                }
            }
        }
        let serves = |key: &Key| match key {
            Key::Ours(_, Part::Server) => true,
            Key::Ours(process, Part::Whole) => faces
                .servers
                .iter()
                .any(|socket| faces.homes.get(socket) == Some(process)),
            _ => false,
        };
        // Stable: servers first, then other ends of ours, then the rest, each in the order in which they came.
        keys.sort_by_key(|key| match key {
            Key::Ours(..) if serves(key) => 0,
            Key::Ours(..) => 1,
            _ => 2,
        });
        let several = keys
            .iter()
            .filter(|key| matches!(key, Key::Ours(..)))
            .count()
            > 1;
        let mut cast = Self {
            lanes: Vec::new(),
            by_key: HashMap::new(),
            faces,
        };
        let whole = keys.len() <= LANES;
        for (index, key) in keys.iter().enumerate() {
            if whole || index < LANES - 1 {
                let lane = cast.lane(key, several, language);
                cast.lanes.push(lane);
            }
            cast.by_key.insert(key.clone(), index.min(LANES - 1));
        }
        if !whole {
            let others = keys.len() - (LANES - 1);
            cast.lanes.push(Lane {
                name: pictures::OTHERS.fill(language, &[("count", &others)]),
                detail: None,
                ours: keys[LANES - 1..]
                    .iter()
                    .any(|key| matches!(key, Key::Ours(..))),
            });
        }
        if cast.lanes.is_empty() {
            let key = Key::Ours(None, Part::Whole);
            let lane = cast.lane(&key, false, language);
            cast.lanes.push(lane);
        }
        cast
    }

    fn lane(&self, key: &Key, several: bool, language: Language) -> Lane {
        let side = |part: Part| match part {
            Part::Server => narration::SERVER.say(language),
            Part::Client => narration::CLIENT.say(language),
            Part::Whole => narration::THIS_END.say(language),
        };
        let of_process = |pid: u32| {
            let name = self.faces.names.get(&pid).cloned();
            match name {
                Some(name) => (name, Some(format!("pid {pid}"))),
                None => (format!("pid {pid}"), None),
            }
        };
        let (name, detail) = match key {
            Key::Ours(None, Part::Whole) if several => ("sockeye".to_owned(), None),
            Key::Ours(None, part) => (side(*part).to_owned(), None),
            Key::Ours(Some(pid), Part::Whole) => of_process(*pid),
            Key::Ours(Some(pid), part) => {
                let (name, pid) = of_process(*pid);
                let side = side(*part);
                let detail = pid.map_or_else(|| side.to_owned(), |pid| format!("{pid}, {side}"));
                (name, Some(detail))
            }
            Key::Process(pid) => of_process(*pid),
            Key::Address(address) => (escape_name(&address.to_string()).into_owned(), None),
            Key::Nameless(_) => (narration::SOMEBODY.say(language).to_owned(), None),
        };
        Lane {
            name,
            detail,
            ours: matches!(key, Key::Ours(..)),
        }
    }

    /// Whose event it is: the lane of who made the call.
    pub(super) fn lane_of(&self, event: &Event<'_>) -> usize {
        let by_process = |pid: u32| {
            let key = self.faces.ours(Some(pid), SocketId::NONE);
            self.by_key.get(&key).copied()
        };
        let lane = match &event.kind {
            Kind::Started { pid, .. } | Kind::Exited { pid, .. } | Kind::Replaced { pid, .. }
                if event.socket == SocketId::NONE =>
            {
                by_process(*pid)
            }
            // A name is looked up by a client.
            Kind::Resolved { .. } if event.by.is_none() => {
                self.by_key.get(&Key::Ours(None, Part::Client)).copied()
            }
            _ => None,
        };
        let own = self.faces.ours(process(event.by), event.socket);
        lane.or_else(|| self.by_key.get(&own).copied()).unwrap_or(0)
    }

    /// The lane of a process of this session, if it has one.
    pub(super) fn lane_of_process(&self, pid: u32) -> Option<usize> {
        let key = self.faces.ours(Some(pid), SocketId::NONE);
        self.by_key.get(&key).copied()
    }

    /// The lane of who moves a socket's data.
    pub(super) fn home(&self, socket: SocketId) -> Option<usize> {
        self.by_key.get(&self.faces.home(socket)?).copied()
    }

    /// The lane at the other end.
    pub(super) fn other(
        &self,
        sorted: &Sorted,
        socket: SocketId,
        address: Option<&SocketAddress>,
    ) -> Option<usize> {
        let key = self.faces.other(sorted, socket, address)?;
        self.by_key.get(&key).copied()
    }
}

/// Whether an event is about the other end too.
fn joins(kind: &Kind<'_>) -> bool {
    matches!(
        kind,
        Kind::Connecting { .. }
            | Kind::Connected { .. }
            | Kind::Accepted { .. }
            | Kind::Sent { .. }
            | Kind::Received { .. }
            | Kind::HalfClosed { .. }
            | Kind::Failed {
                call: Call::Connect | Call::SendTo,
                ..
            }
    )
}

fn address_of<'a>(kind: &'a Kind<'_>) -> Option<&'a SocketAddress> {
    match kind {
        Kind::Connecting { peer } | Kind::Connected { peer, .. } | Kind::Accepted { peer, .. } => {
            Some(peer)
        }
        Kind::Sent { peer, .. } | Kind::Received { peer, .. } => peer.as_ref(),
        Kind::Failed { address, .. } => address.as_ref(),
        _ => None,
    }
}

/// Whether an event gives whoever made it a lifeline.
fn is_drawn(kind: &Kind<'_>) -> bool {
    !matches!(
        kind,
        Kind::Noted(_) | Kind::Diagnosed(_) | Kind::Sampled { .. } | Kind::Queued(_)
    )
}
