//! The life of each socket, as its events tell it.

use std::collections::BTreeMap;

use sockeye_model::{Call, End, Event, Kind, Note, SocketAddress, SocketId, Timestamp, Totals};

use super::{Life, Tick, TickKind, Wait};
use crate::escape::escape_name;
use crate::telling::{Transport, waits_to_receive};

/// Sockets whose life is drawn.
const DRAWN: usize = 200;

/// Collected as events pass.
#[derive(Debug, Default)]
pub(super) struct Lives {
    lives: BTreeMap<SocketId, Living>,
    left_out: BTreeMap<SocketId, ()>,
}

#[derive(Debug)]
struct Living {
    life: Life,
    lane: usize,
    transport: Transport,
    local: Option<SocketAddress>,
    peer: Option<SocketAddress>,
    waits: Vec<(Call, Timestamp)>,
}

impl Lives {
    /// One event of a socket; `step` is the one that shows it, `transport` what the socket is by now.
    pub(super) fn event(
        &mut self,
        event: &Event<'_>,
        transport: Transport,
        lane: usize,
        step: usize,
    ) {
        let id = event.socket;
        let tells = !matches!(
            event.kind,
            Kind::Noted(_)
                | Kind::Diagnosed(_)
                | Kind::Queued(_)
                | Kind::Planned { .. }
                | Kind::Started { .. }
                | Kind::Exited { .. }
                | Kind::Forked { .. }
                | Kind::Replaced { .. }
                | Kind::Unshown { .. }
        );
        if id == SocketId::NONE || !tells {
            return;
        }
        if let (Kind::Accepted { .. }, Some(listener)) = (&event.kind, event.parent)
            && let Some(living) = self.lives.get_mut(&listener)
        {
            living.end_wait(Call::Accept, event.at);
            living.tick(event.at, TickKind::Accepted);
        }
        if !self.lives.contains_key(&id) {
            if self.lives.len() >= DRAWN {
                self.left_out.insert(id, ());
                return;
            }
            self.lives.insert(id, Living::new(event, lane, step));
        }
        let Some(living) = self.lives.get_mut(&id) else {
            return;
        };
        if transport != Transport::Other {
            living.transport = transport;
        }
        living.after(event);
    }

    /// All of them in the order of their birth, and how many are left out. `owners` are named where there are several.
    pub(super) fn finish(self, owners: &[Option<String>], until: Timestamp) -> (Vec<Life>, usize) {
        let lives = self.lives.into_values().map(|mut living| {
            for (call, from) in std::mem::take(&mut living.waits) {
                living.life.waits.push(Wait {
                    call,
                    from,
                    to: until,
                });
            }
            living.life.label = living.label();
            living.life.owner = owners.get(living.lane).cloned().flatten();
            living.life
        });
        (lives.collect(), self.left_out.len())
    }
}

impl Living {
    fn new(event: &Event<'_>, lane: usize, step: usize) -> Self {
        Self {
            life: Life {
                socket: event.socket,
                label: String::new(),
                owner: None,
                born: event.at,
                step,
                gone: None,
                listens: false,
                waits: Vec::new(),
                ticks: Vec::new(),
                totals: Totals::default(),
            },
            lane,
            transport: Transport::Other,
            local: None,
            peer: None,
            waits: Vec::new(),
        }
    }

    fn after(&mut self, event: &Event<'_>) {
        let at = event.at;
        match &event.kind {
            Kind::Waiting { call } | Kind::Noted(Note::Polling { call, .. })
                if event.took.is_none() =>
            {
                self.waits.push((*call, at));
                return;
            }
            Kind::Bound { local } => self.local = Some(local.clone()),
            Kind::Listening { local, .. } => {
                self.local = Some(local.clone());
                self.life.listens = true;
            }
            Kind::Connecting { peer } => self.peer = Some(peer.clone()),
            Kind::Connected { local, peer } | Kind::Accepted { local, peer } => {
                self.local = Some(local.clone());
                self.peer = Some(peer.clone());
            }
            Kind::Sent { payload, .. } => {
                let sent = &mut self.life.totals.bytes_sent;
                *sent = sent.saturating_add(payload.len());
                self.life.totals.sends += 1;
                self.tick(at, TickKind::Sent(payload.len()));
            }
            Kind::Received { payload, .. } => {
                let received = &mut self.life.totals.bytes_received;
                *received = received.saturating_add(payload.len());
                self.life.totals.receives += 1;
                self.tick(at, TickKind::Received(payload.len()));
            }
            Kind::HalfClosed { end: End::Ours } => self.tick(at, TickKind::End),
            Kind::HalfClosed { end: End::Peer } => self.tick(at, TickKind::PeerEnd),
            Kind::Failed { .. } => self.tick(at, TickKind::Failed),
            Kind::Closed { totals, .. } => {
                if self.life.totals == Totals::default() {
                    self.life.totals = *totals;
                }
                self.life.gone = Some(at);
            }
            _ => {}
        }
        let ended = match &event.kind {
            Kind::Sent { call, .. }
            | Kind::Received { call, .. }
            | Kind::Called { call, .. }
            | Kind::Failed { call, .. } => Some(*call),
            Kind::HalfClosed { end: End::Peer } => Some(Call::Recv),
            Kind::Connected { .. } => Some(Call::Connect),
            Kind::Closed { .. } => None,
            _ => return,
        };
        match ended {
            Some(call) => self.end_wait(call, at),
            None => {
                while let Some((call, _)) = self.waits.first().copied() {
                    self.end_wait(call, at);
                }
            }
        }
    }

    fn end_wait(&mut self, call: Call, at: Timestamp) {
        let receives = waits_to_receive(call);
        let same = |(waiting, _): &(Call, Timestamp)| waits_to_receive(*waiting) == receives;
        if let Some(index) = self.waits.iter().position(same) {
            let (call, from) = self.waits.remove(index);
            self.life.waits.push(Wait { call, from, to: at });
        }
    }

    fn tick(&mut self, at: Timestamp, kind: TickKind) {
        self.life.ticks.push(Tick { at, kind });
    }

    fn label(&self) -> String {
        let transport = match self.transport {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
            Transport::UnixStream | Transport::UnixDatagram | Transport::UnixSeqPacket => "UNIX",
            Transport::Icmp => "ICMP",
            Transport::Raw => "raw",
            Transport::Other => "",
        };
        let name = |address: &SocketAddress| match address {
            SocketAddress::UnixUnnamed => None,
            address => Some(escape_name(&address.to_string()).into_owned()),
        };
        let local = self.local.as_ref().and_then(name);
        let peer = self.peer.as_ref().and_then(name);
        let ends = match (local, peer) {
            (Some(local), Some(peer)) => format!("{local} ⇄ {peer}"),
            (Some(one), None) => one,
            (None, Some(one)) => format!("⇄ {one}"),
            (None, None) => String::new(),
        };
        format!("{transport} {ends}").trim().to_owned()
    }
}
