//! A process that is a map of memory and facts, and a machine that knows nothing but what a test says.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sockeye_model::{
    Caller, Event, Family, Kind, Note, Place, ProcessName, Protocol, SocketAddress, TcpSample,
    Timestamp, Type,
};

use super::super::World;
use super::super::machine::{Machine, UnixEnd};
use crate::made::{Attend, Entry, Made};
use crate::tracee::{Facts, Tracee, Wanted};

/// What a process answers.
#[derive(Clone, Debug, Default)]
pub(in crate::world) struct Fake {
    pub(in crate::world) memory: RefCell<Vec<(u64, Vec<u8>)>>,
    pub(in crate::world) facts: RefCell<HashMap<i32, Facts>>,
    pub(in crate::world) unread: RefCell<HashMap<i32, u64>>,
    pub(in crate::world) unsent: RefCell<HashMap<i32, u64>>,
    pub(in crate::world) accepting: RefCell<HashMap<i32, (u32, u32)>>,
    pub(in crate::world) drops: RefCell<HashMap<i32, (u64, u64)>>,
    /// The call that the thread is inside of.
    pub(super) within: Cell<Option<i64>>,
    pub(super) registered: RefCell<Vec<Wanted>>,
    /// Of which `TCP_INFO` is known.
    pub(in crate::world) sampled: RefCell<HashSet<i32>>,
    /// `tcpi_state` of TCP sockets.
    pub(in crate::world) states: RefCell<HashMap<i32, u8>>,
}

impl Fake {
    /// Puts bytes somewhere and says where.
    pub(in crate::world) fn put(&self, bytes: &[u8]) -> u64 {
        let mut memory = self.memory.borrow_mut();
        let at = 0x1_0000 * (memory.len() as u64 + 1);
        memory.push((at, bytes.to_vec()));
        at
    }

    /// Other bytes where some were put.
    pub(in crate::world) fn change(&self, at: u64, bytes: &[u8]) {
        let mut memory = self.memory.borrow_mut();
        let (_, there) = memory.iter_mut().find(|(from, _)| *from == at).unwrap();
        there[..bytes.len()].copy_from_slice(bytes);
    }

    pub(in crate::world) fn is(&self, descriptor: i32, facts: Facts) {
        self.facts.borrow_mut().insert(descriptor, facts);
    }
}

/// A connected TCP socket, or one with the given ends.
pub(in crate::world) fn tcp(inode: u64, local: &str, peer: Option<&str>) -> Facts {
    Facts {
        family: Family::Inet,
        kind: Type::Stream,
        protocol: Protocol(6),
        local: Some(local.parse().unwrap()),
        peer: peer.map(|peer| peer.parse().unwrap()),
        listens: false,
        nonblocking: false,
        peer_process: None,
        inode,
    }
}

pub(in crate::world) fn udp(inode: u64, local: &str) -> Facts {
    Facts {
        kind: Type::Datagram,
        ..tcp(inode, local, None)
    }
}

/// `struct sockaddr_in`.
pub(in crate::world) fn sockaddr(address: &str) -> Vec<u8> {
    let address: std::net::SocketAddrV4 = address.parse().unwrap();
    let family = u16::try_from(libc::AF_INET).unwrap();
    [
        &family.to_ne_bytes()[..],
        &address.port().to_be_bytes(),
        &address.ip().octets(),
        &[0; 8],
    ]
    .concat()
}

pub(in crate::world) fn sockaddr_un(path: &str) -> Vec<u8> {
    let family = u16::try_from(libc::AF_UNIX).unwrap();
    [&family.to_ne_bytes()[..], path.as_bytes(), &[0]].concat()
}

/// `struct msghdr` with one stretch of data, in a fake's memory.
pub(in crate::world) fn msghdr(fake: &Fake, data: &[u8], control: &[u8]) -> u64 {
    let data_at = fake.put(data);
    let stretch = [data_at.to_ne_bytes(), (data.len() as u64).to_ne_bytes()].concat();
    let stretches = fake.put(&stretch);
    let control_at = match control.is_empty() {
        true => 0,
        false => fake.put(control),
    };
    let words = [0, 0, stretches, 1, control_at, control.len() as u64, 0];
    fake.put(&words.map(u64::to_ne_bytes).concat())
}

/// `SCM_RIGHTS` with one descriptor.
pub(in crate::world) fn rights(descriptor: i32) -> Vec<u8> {
    [
        &20_u64.to_ne_bytes()[..],
        &libc::SOL_SOCKET.to_ne_bytes(),
        &libc::SCM_RIGHTS.to_ne_bytes(),
        &descriptor.to_ne_bytes(),
        &[0; 4],
    ]
    .concat()
}

impl Tracee for Fake {
    fn read(&self, at: u64, into: &mut [u8]) -> usize {
        for (from, bytes) in self.memory.borrow().iter() {
            let Some(skip) = at
                .checked_sub(*from)
                .and_then(|skip| usize::try_from(skip).ok())
            else {
                continue;
            };
            if skip < bytes.len() {
                let len = into.len().min(bytes.len() - skip);
                into[..len].copy_from_slice(&bytes[skip..skip + len]);
                return len;
            }
        }
        0
    }

    fn facts(&self, descriptor: i32) -> Option<Facts> {
        self.facts.borrow().get(&descriptor).cloned()
    }

    fn local(&self, descriptor: i32) -> Option<SocketAddress> {
        self.facts(descriptor)?.local
    }

    fn peer(&self, descriptor: i32) -> Option<SocketAddress> {
        self.facts(descriptor)?.peer
    }

    fn unread(&self, descriptor: i32) -> Option<u64> {
        self.unread.borrow().get(&descriptor).copied()
    }

    fn unsent(&self, descriptor: i32) -> Option<u64> {
        self.unsent.borrow().get(&descriptor).copied()
    }

    fn accept_queue(&self, descriptor: i32) -> Option<(u32, u32)> {
        self.accepting.borrow().get(&descriptor).copied()
    }

    fn tcp(&self, descriptor: i32) -> Option<TcpSample> {
        let sampled = self.sampled.borrow().contains(&descriptor);
        sampled.then(|| TcpSample {
            unread: self.unread(descriptor).unwrap_or(0),
            unacknowledged: self.unsent(descriptor).unwrap_or(0),
            ..TcpSample::default()
        })
    }

    fn tcp_state(&self, descriptor: i32) -> Option<u8> {
        self.states.borrow().get(&descriptor).copied()
    }

    fn drops(&self, descriptor: i32) -> Option<(u64, u64)> {
        self.drops.borrow().get(&descriptor).copied()
    }

    fn is_within(&self, _: u32, call: i64) -> bool {
        self.within.get() == Some(call)
    }

    fn registered(&self, _: i32) -> Option<Vec<Wanted>> {
        Some(self.registered.borrow().clone())
    }

    fn place(&self, _: u32) -> Option<Place<'static>> {
        None
    }
}

/// A machine on which `python3`, pid 812, is behind everything.
#[derive(Debug, Default)]
struct Known(HashMap<u64, UnixEnd>);

impl Machine for Known {
    fn holder(&self, _: Type, address: &SocketAddress) -> Option<Note<'static>> {
        Some(Note::Holder {
            address: address.clone(),
            process: Some(python()),
            resting: 0,
        })
    }

    fn nearby(&self, _: Type, address: &SocketAddress) -> Option<Note<'static>> {
        Some(Note::Nearby {
            protocol: "udp".into(),
            address: address.clone(),
        })
    }

    fn process(&self, pid: u32) -> Option<ProcessName<'static>> {
        (pid == 812).then(python)
    }

    fn peer(&self, _: &SocketAddress, _: &SocketAddress) -> Option<ProcessName<'static>> {
        Some(python())
    }

    fn unix_ends(&self) -> HashMap<u64, UnixEnd> {
        self.0.clone()
    }
}

fn python() -> ProcessName<'static> {
    ProcessName {
        pid: 812,
        name: "python3".into(),
    }
}

/// A program of one thread, made of calls.
#[derive(Debug)]
pub(in crate::world) struct Program {
    pub(in crate::world) world: World,
    pub(in crate::world) now: Timestamp,
    pub(in crate::world) fake: Fake,
    pub(in crate::world) by: Caller,
    /// What the tracer was told at the last entry.
    pub(in crate::world) attend: Attend,
}

pub(in crate::world) const PID: u32 = 100;

impl Program {
    pub(in crate::world) fn new() -> Self {
        let mut program = Self {
            world: World::beside(true, Box::new(Known::default())),
            now: Timestamp::START,
            fake: Fake::default(),
            by: Caller {
                process: PID,
                thread: PID,
            },
            attend: Attend::No,
        };
        let at = program.tick();
        program
            .world
            .started(at, PID, "/usr/bin/python3 server.py", &[], &program.fake);
        program.told();
        program
    }

    /// Ten microseconds later.
    pub(in crate::world) fn tick(&mut self) -> Timestamp {
        self.pass(Duration::from_micros(10))
    }

    pub(in crate::world) fn pass(&mut self, time: Duration) -> Timestamp {
        self.now = self.now + time;
        self.now
    }

    pub(in crate::world) fn enter(&mut self, number: i64, arguments: &[u64]) -> Entry {
        let mut all = [0; 6];
        all[..arguments.len()].copy_from_slice(arguments);
        let entry = Entry {
            by: self.by,
            number,
            arguments: all,
            at: self.tick(),
        };
        self.attend = self.world.entered(&entry, &self.fake);
        entry
    }

    pub(in crate::world) fn leave(&mut self, entry: Entry, returned: i64) {
        if self.attend == Attend::No {
            return;
        }
        let at = self.tick();
        let made = Made {
            entry,
            returned,
            at,
        };
        self.world.made(&made, &self.fake);
    }

    pub(in crate::world) fn call(&mut self, number: i64, arguments: &[u64], returned: i64) {
        let entry = self.enter(number, arguments);
        self.leave(entry, returned);
    }

    pub(in crate::world) fn told(&mut self) -> Vec<Event<'static>> {
        self.world.take_events()
    }

    /// The events since the last time, in short.
    pub(in crate::world) fn lines(&mut self) -> Vec<String> {
        self.told().iter().map(line).collect()
    }

    /// A TCP socket at this descriptor.
    pub(in crate::world) fn socket(&mut self, descriptor: i64) {
        self.call(
            libc::SYS_socket,
            &[number(libc::AF_INET), number(libc::SOCK_STREAM), 0],
            descriptor,
        );
    }

    pub(in crate::world) fn idle(&mut self) -> Option<Timestamp> {
        let (now, fake) = (self.now, self.fake.clone());
        self.world.idle(now, &move |_| {
            Some(Box::new(fake.clone()) as Box<dyn Tracee>)
        })
    }
}

pub(in crate::world) fn number(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

/// An event in a few words.
pub(in crate::world) fn line(event: &Event<'_>) -> String {
    let socket = event.socket;
    let what = match &event.kind {
        Kind::Created { family, kind, .. } => format!("created {family:?} {kind:?}"),
        Kind::Configured { option, value } => format!("{option}={value}"),
        Kind::Bound { local } => format!("bound {local}"),
        Kind::Listening { local, backlog } => format!("listening {local} {backlog}"),
        Kind::Connecting { peer } => format!("connecting {peer}"),
        Kind::Connected { local, peer } => format!("connected {local} {peer}"),
        Kind::Accepted { local, peer } => {
            let parent = event.parent.unwrap_or_default();
            format!("accepted {local} {peer} of {parent}")
        }
        Kind::Waiting { call } => format!("waiting {call}"),
        Kind::Sent {
            call,
            payload,
            asked,
            peer,
            ..
        } => {
            let data = payload.data().map(String::from_utf8_lossy);
            let peer = peer.as_ref().map(|peer| format!(" to {peer}"));
            format!(
                "{call} {}/{asked} {:?}{}",
                payload.len(),
                data.unwrap_or_default(),
                peer.unwrap_or_default()
            )
        }
        Kind::Received {
            call,
            payload,
            room,
            truncated_from,
            peer,
        } => {
            let data = payload.data().map(String::from_utf8_lossy);
            let cut = truncated_from.map(|whole| format!(" cut from {whole}"));
            let peer = peer.as_ref().map(|peer| format!(" from {peer}"));
            format!(
                "{call} {}/{room} {:?}{}{}",
                payload.len(),
                data.unwrap_or_default(),
                cut.unwrap_or_default(),
                peer.unwrap_or_default()
            )
        }
        Kind::Called { call, result } => match result {
            Ok(value) => format!("{call} = {value}"),
            Err(errno) => format!("{call} = {errno}"),
        },
        Kind::HalfClosed { end } => format!("ended {end:?}"),
        Kind::Closed { totals, first } => format!(
            "closed {} {} {first:?}",
            totals.bytes_sent, totals.bytes_received
        ),
        Kind::Failed {
            call,
            errno,
            address,
        } => {
            let address = address.as_ref().map(|address| format!(" {address}"));
            format!("{call} failed {errno}{}", address.unwrap_or_default())
        }
        Kind::Sampled { .. } => "sampled".to_owned(),
        Kind::Queued(queues) => format!("{queues:?}"),
        Kind::Noted(Note::Descriptor { number, came }) => format!("fd {number} {came:?}"),
        Kind::Noted(Note::Paired { with }) => format!("paired {with}"),
        Kind::Noted(Note::PeerProcess(process)) => format!("peer {}", process.pid),
        Kind::Noted(note) => format!("{note:?}"),
        other => format!("{other:?}"),
    };
    if socket.0 == 0 {
        what
    } else {
        format!("{socket} {what}")
    }
}
