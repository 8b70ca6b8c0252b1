//! What this machine knows beside the traced processes: who holds an address, what listens nearby, who is at the other end.

use sockeye_local::{
    Holder, Kinds, Neighbour, PathState, Process, Protocol, Question, State, UnixEntry,
};
use sockeye_model::{Family, Note, ProcessName, SocketAddress, Type};
use std::collections::HashMap;
use std::net::SocketAddr;

/// Asked only where a call failed or a connection was made: each answer takes milliseconds.
pub(crate) trait Machine: std::fmt::Debug {
    /// Who keeps an address from being bound.
    fn holder(&self, kind: Type, address: &SocketAddress) -> Option<Note<'static>>;

    /// What is open near an address that refused.
    fn nearby(&self, kind: Type, address: &SocketAddress) -> Option<Note<'static>>;

    /// The process with this number.
    fn process(&self, pid: u32) -> Option<ProcessName<'static>>;

    /// The process at the other end of a connection over IP.
    fn peer(&self, local: &SocketAddress, peer: &SocketAddress) -> Option<ProcessName<'static>>;

    /// What is known of the UNIX sockets of this machine that listen or have a peer, by inode.
    fn unix_ends(&self) -> HashMap<u64, UnixEnd>;
}

/// One UNIX socket, as the whole machine sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnixEnd {
    /// The processes that hold it, each once.
    pub(crate) holders: Vec<u32>,
    /// The inode of the socket at its other end.
    pub(crate) peer: Option<u64>,
    /// A process that holds that one.
    pub(crate) peer_process: Option<ProcessName<'static>>,
    /// The backlog, where it listens.
    pub(crate) backlog: Option<u32>,
}

/// The real one.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn holder(&self, kind: Type, address: &SocketAddress) -> Option<Note<'static>> {
        match address {
            SocketAddress::Inet(inet) => {
                let holders = sockeye_local::holders(protocol(kind)?, inet.port()).ok()?;
                of_holders(*inet, holders)
            }
            SocketAddress::UnixPath(path) => match sockeye_local::path_state(path) {
                PathState::Stale { .. } => Some(Note::Leftover {
                    address: address.clone(),
                }),
                PathState::Live { .. } => {
                    let holders = sockeye_local::path_holders(path).ok()?;
                    Some(held(address, Some(holders.first()?.process()?), 0))
                }
                _ => None,
            },
            SocketAddress::UnixAbstract(name) => {
                let holders = sockeye_local::abstract_holders(name).ok()?;
                Some(held(address, Some(holders.first()?.process()?), 0))
            }
            SocketAddress::UnixUnnamed => None,
        }
    }

    fn nearby(&self, kind: Type, address: &SocketAddress) -> Option<Note<'static>> {
        let found = sockeye_local::nearby(protocol(kind)?, address.inet()?).ok()?;
        let neighbour = found.first()?;
        let holder = neighbour.holder();
        let address = SocketAddress::Inet(holder.local);
        if let Neighbour::NotListening(_) = neighbour {
            return Some(held(&address, holder.process(), 0));
        }
        let protocol = match holder.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        Some(Note::Nearby {
            protocol: protocol.into(),
            address,
        })
    }

    fn process(&self, pid: u32) -> Option<ProcessName<'static>> {
        sockeye_local::process(pid).as_ref().map(name_of)
    }

    fn peer(&self, local: &SocketAddress, peer: &SocketAddress) -> Option<ProcessName<'static>> {
        let (local, peer) = (local.inet()?, peer.inet()?);
        // Who is elsewhere is no process of this machine.
        if !peer.ip().to_canonical().is_loopback() && local.ip() != peer.ip() {
            return None;
        }
        let found = sockeye_local::peer(Protocol::Tcp, local, peer).ok()??;
        Some(name_of(found.process()?))
    }

    fn unix_ends(&self) -> HashMap<u64, UnixEnd> {
        let kinds = Kinds {
            tcp: false,
            udp: false,
            unix: true,
        };
        let questions = [Question::Listening(kinds), Question::Connections(kinds)];
        let found: Vec<UnixEntry> = questions
            .iter()
            .filter_map(|question| sockeye_local::survey(question).ok())
            .flat_map(|survey| survey.unix)
            .collect();
        let names: HashMap<u64, ProcessName<'static>> = found
            .iter()
            .filter_map(|entry| Some((entry.inode, name_of(entry.owner.process()?))))
            .collect();
        let end_of = |entry: &UnixEntry| {
            let openers = entry.owner.openers().iter();
            let mut holders: Vec<u32> = openers.map(|opener| opener.process.pid).collect();
            holders.sort_unstable();
            holders.dedup();
            UnixEnd {
                holders,
                peer: entry.peer,
                peer_process: entry.peer.and_then(|peer| names.get(&peer).cloned()),
                backlog: entry.send_queue.filter(|_| entry.listening),
            }
        };
        found
            .iter()
            .map(|entry| (entry.inode, end_of(entry)))
            .collect()
    }
}

/// The port space of a socket of the Internet families.
fn protocol(kind: Type) -> Option<Protocol> {
    match kind {
        Type::Stream => Some(Protocol::Tcp),
        Type::Datagram => Some(Protocol::Udp),
        Type::SeqPacket | Type::Raw => None,
    }
}

/// Whether a connection of such sockets has one process at its other end that can be found.
pub(crate) const fn has_peer_process(family: Family, kind: Type) -> bool {
    matches!(
        (family, kind),
        (Family::Inet | Family::Inet6, Type::Stream)
            | (Family::Unix, Type::Stream | Type::SeqPacket)
    )
}

/// The socket that keeps `address` from being bound: one that stays goes before a connection that rests.
fn of_holders(address: SocketAddr, mut holders: Vec<Holder>) -> Option<Note<'static>> {
    holders.retain(|holder| holder.is_in_the_way_of(address));
    let of_family = |holder: &Holder| holder.local.is_ipv4() == address.is_ipv4();
    if holders.iter().any(of_family) {
        holders.retain(of_family);
    }
    let stays = |holder: &Holder| holder.state.is_open() || holder.state == State::BoundInactive;
    if holders.iter().any(stays) {
        holders.retain(stays);
    }
    let resting = holders
        .iter()
        .filter(|holder| holder.state == State::TimeWait)
        .count();
    let now = holders
        .iter()
        .find(|holder| holder.state != State::TimeWait);
    match now {
        Some(holder) => Some(held(
            &SocketAddress::Inet(holder.local),
            holder.process(),
            0,
        )),
        None if resting > 0 => Some(held(&SocketAddress::Inet(address), None, resting)),
        None => None,
    }
}

fn held(address: &SocketAddress, process: Option<&Process>, resting: usize) -> Note<'static> {
    Note::Holder {
        address: address.clone(),
        process: process.map(name_of),
        resting: u32::try_from(resting).unwrap_or(u32::MAX),
    }
}

fn name_of(process: &Process) -> ProcessName<'static> {
    ProcessName {
        pid: process.pid,
        name: process.name.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_holder_of_a_port_and_the_process_at_the_other_end_are_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = SocketAddress::from(listener.local_addr().unwrap());
        let note = ThisMachine.holder(Type::Stream, &address).unwrap();
        let is_ours = |process: &ProcessName<'_>| process.pid == std::process::id();
        assert!(
            matches!(&note, Note::Holder { process: Some(process), .. } if is_ours(process)),
            "{note:?}"
        );
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let local = SocketAddress::from(client.local_addr().unwrap());
        assert!(is_ours(&ThisMachine.peer(&local, &address).unwrap()));
    }

    #[test]
    fn a_stale_path_is_left_over_and_a_live_one_has_a_holder() {
        let path = std::env::temp_dir().join(format!("sockeye-world-{}", std::process::id()));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let address = SocketAddress::UnixPath(path.as_path().into());
        let live = ThisMachine.holder(Type::Stream, &address);
        drop(listener);
        let stale = ThisMachine.holder(Type::Stream, &address);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            live,
            Some(Note::Holder {
                process: Some(_),
                ..
            })
        ));
        assert!(matches!(stale, Some(Note::Leftover { .. })), "{stale:?}");
    }

    #[test]
    fn a_listener_on_another_address_is_near_one_that_refused() {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let open = listener.local_addr().unwrap();
        let refused = SocketAddress::from((std::net::Ipv4Addr::LOCALHOST, open.port()));
        let note = ThisMachine.nearby(Type::Stream, &refused).unwrap();
        assert!(
            matches!(&note, Note::Nearby { address, .. } if *address == SocketAddress::from(open)),
            "{note:?}"
        );
    }
}
