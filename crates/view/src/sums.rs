//! What all sockets of a traced program came to: connections, bytes, what was thrown away, what it waited for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Caller, End, Errno, Event, Family, Kind, Note, Queues, SocketAddress, SocketId,
    Timestamp, Totals, Type,
};

use crate::catalogue::{self, Language, Text};
use crate::escape::escape_name;

mod words {
    crate::texts! {
        CONNECTIONS = "{count} connections" | "{count} conexiones";
        CONNECTION = "1 connection" | "1 conexión";
        BYTES = "{received} in, {sent} out" | "{received} {received:recibido|recibidos}, {sent} {sent:enviado|enviados}";
        THROWN_AWAY = "{bytes} thrown away" | "{bytes} {bytes:tirado|tirados}";
        WAITED = "waited {waits}" | "esperó {waits}";
        WAIT = "{time} in {call}" | "{time} en {call}";
        PEERS = "peers: {peers}" | "remitentes: {peers}";
        PEER = "{letter} {name} {received} in, {sent} out" | "{letter} {name} recibidos: {received}, enviados: {sent}";
        REFUSED = "{peer} ({refused} refused)" | "{peer} ({refused} {refused:rechazado|rechazados})";
        MORE_PEERS = "and {count} more" | "y {count} más";
        DROPPED = "dropped here, buffer full: {count}" | "perdidos aquí por búfer lleno: {count}";
        CUT = "cut short here: {count}" | "cortados aquí: {count}";
        LOST = "lost on the way: can't be known" | "por el camino: no se puede saber";
        BOTH = "both programs together: {first}" | "los dos programas juntos: {first}";
        TOGETHER = "all {count} programs together: {first}" | "los {count} programas juntos: {first}";
        NO_SOCKETS = "no sockets" | "ningún socket";
    }
}

/// The figures of a traced program's sockets, folded from its events. Bounded: peers beyond the first thousand are only counted.
#[derive(Debug, Default)]
pub struct Sums {
    /// Programs that were started.
    programs: u64,
    sockets: u64,
    connections: u64,
    totals: Totals,
    thrown_away: u64,
    /// What was unread when a socket was last looked at.
    unread: FxHashMap<SocketId, u64>,
    kinds: FxHashMap<SocketId, Type>,
    /// Sockets of UDP and the like that nobody connected, and the peer that was last sent to.
    datagrams: FxHashMap<SocketId, Option<SocketAddress>>,
    waits: BTreeMap<&'static str, Duration>,
    /// Calls that wait: they may never return.
    waiting: FxHashMap<Caller, (Call, Timestamp)>,
    peers: Vec<(SocketAddress, Traffic)>,
    more_peers: u64,
    dropped: FxHashMap<SocketId, u64>,
    lost_here: u64,
    cut: u64,
    /// Connections of which one end was told, by their client's and their server's address.
    half_told: HashSet<(SocketAddress, SocketAddress)>,
    /// At each UNIX listener, of clients without a name: how many more were told by the client than by the server.
    nameless: HashMap<SocketAddress, i64>,
}

#[derive(Debug, Default)]
struct Traffic {
    received: u64,
    sent: u64,
    refused: u64,
}

impl Sums {
    /// Takes in the next event.
    pub fn event(&mut self, event: &Event<'_>) {
        if event.took.is_some()
            && let Some(by) = event.by
        {
            self.waiting.remove(&by);
        }
        match &event.kind {
            Kind::Started { .. } if event.by.is_some() => self.programs += 1,
            Kind::Created { family, kind, .. } => {
                self.sockets += 1;
                self.kinds.insert(event.socket, *kind);
                if *kind == Type::Datagram && *family != Family::Unix {
                    self.datagrams.insert(event.socket, None);
                }
            }
            Kind::Accepted { local, peer } => {
                self.sockets += 1;
                self.connected(peer, local, End::Peer);
                self.waited(event, Call::Accept);
            }
            Kind::Connected { local, peer } => {
                if self.kinds.get(&event.socket) != Some(&Type::Datagram) {
                    self.connected(local, peer, End::Ours);
                }
                self.waited(event, Call::Connect);
            }
            Kind::Sent {
                call,
                payload,
                peer,
                ..
            } => {
                add(&mut self.totals.bytes_sent, payload.len());
                self.waited(event, *call);
                if let (Some(last), Some(peer)) = (self.datagrams.get_mut(&event.socket), peer) {
                    *last = Some(peer.clone());
                    if let Some(traffic) = self.peer(peer) {
                        traffic.sent += 1;
                    }
                }
            }
            Kind::Received {
                call,
                payload,
                peer,
                truncated_from,
                ..
            } => {
                add(&mut self.totals.bytes_received, payload.len());
                self.cut += u64::from(truncated_from.is_some());
                self.unread.remove(&event.socket);
                self.waited(event, *call);
                if let (true, Some(peer)) = (self.datagrams.contains_key(&event.socket), peer)
                    && let Some(traffic) = self.peer(peer)
                {
                    traffic.received += 1;
                }
            }
            Kind::HalfClosed { .. } => self.waited(event, Call::Recv),
            Kind::Waiting { call } => {
                if let Some(by) = event.by {
                    self.waiting.insert(by, (*call, event.at));
                }
            }
            // What was to be received came later than the program would wait, or a signal did.
            Kind::Called {
                call,
                result: Err(_),
            } => self.waited(event, *call),
            Kind::Noted(Note::Polling { call, of: 1, .. }) => self.waited(event, *call),
            Kind::Exited { pid, .. } => self.cut_off(*pid, event.at),
            Kind::Failed { call, errno, .. } => {
                self.waited(event, *call);
                if *errno != Errno::ECONNREFUSED {
                    return;
                }
                if let Some(Some(peer)) = self.datagrams.get(&event.socket).cloned()
                    && let Some(traffic) = self.peer(&peer)
                {
                    traffic.refused += 1;
                }
            }
            Kind::Queued(Queues::Data { unread, .. })
                if self.kinds.get(&event.socket) != Some(&Type::Datagram) =>
            {
                self.unread.insert(event.socket, *unread);
            }
            Kind::Queued(Queues::Dropped { messages, .. }) => {
                let known = self.dropped.entry(event.socket).or_default();
                add(&mut self.lost_here, messages.saturating_sub(*known));
                *known = *messages;
            }
            Kind::Closed { .. } => {
                let unread = self.unread.remove(&event.socket).unwrap_or(0);
                add(&mut self.thrown_away, unread);
                self.kinds.remove(&event.socket);
                self.dropped.remove(&event.socket);
                // Kept for the summary: whether there were any.
            }
            _ => {}
        }
    }

    /// Counts a connection once, where both of its ends are told; `told`: by the client, which is [`End::Ours`], or by the server.
    fn connected(&mut self, client: &SocketAddress, server: &SocketAddress, told: End) {
        if *client == SocketAddress::UnixUnnamed {
            if self.nameless.len() >= HALF_TOLD {
                self.nameless.clear();
            }
            let more = self.nameless.entry(server.clone()).or_default();
            let of_new = match told {
                End::Ours => *more >= 0,
                End::Peer => *more <= 0,
            };
            *more += if told == End::Ours { 1 } else { -1 };
            self.connections += u64::from(of_new);
            return;
        }
        let both = (client.canonical(), server.canonical());
        if !self.half_told.remove(&both) {
            self.connections += 1;
            if self.half_told.len() >= HALF_TOLD {
                self.half_told.clear();
            }
            self.half_told.insert(both);
        }
    }

    /// The waits that the end of a process has ended.
    fn cut_off(&mut self, pid: u32, at: Timestamp) {
        let ended = |by: &Caller| by.process == pid;
        let left: Vec<(Call, Timestamp)> = self
            .waiting
            .extract_if(|by, _| ended(by))
            .map(|(_, wait)| wait)
            .collect();
        for (call, since) in left {
            self.add_wait(call, at.since(since));
        }
    }

    fn waited(&mut self, event: &Event<'_>, call: Call) {
        if let Some(took) = event.took {
            self.add_wait(call, took);
        }
    }

    fn add_wait(&mut self, call: Call, took: Duration) {
        if took >= WORTH_SAYING {
            let waits = self.waits.entry(call.name()).or_default();
            *waits = waits.saturating_add(took);
        }
    }

    fn peer(&mut self, peer: &SocketAddress) -> Option<&mut Traffic> {
        match self.peers.iter().position(|(known, _)| known == peer) {
            Some(index) => Some(&mut self.peers[index].1),
            None if self.peers.len() < PEERS_KEPT => {
                self.peers.push((peer.clone(), Traffic::default()));
                self.peers.last_mut().map(|(_, traffic)| traffic)
            }
            None => {
                self.more_peers += 1;
                None
            }
        }
    }

    /// The figures as phrases.
    pub fn phrases(&self, language: Language) -> Vec<String> {
        let count = |number| catalogue::count(number, language);
        let bytes = |number| catalogue::bytes(number, language);
        let mut phrases = Vec::new();
        if self.sockets == 0 {
            return vec![words::NO_SOCKETS.say(language).to_owned()];
        }
        match self.connections {
            0 => {}
            1 => phrases.push(words::CONNECTION.say(language).to_owned()),
            many => phrases.push(words::CONNECTIONS.fill(language, &[("count", &count(many))])),
        }
        let mut moved = words::BYTES.fill(
            language,
            &[
                ("received", &bytes(self.totals.bytes_received)),
                ("sent", &bytes(self.totals.bytes_sent)),
            ],
        );
        if self.thrown_away > 0 {
            moved.push_str(", ");
            moved.push_str(
                &words::THROWN_AWAY.fill(language, &[("bytes", &bytes(self.thrown_away))]),
            );
        }
        phrases.push(moved);
        phrases.extend(self.of_peers(language));
        let number = |text: Text, number: u64| text.fill(language, &[("count", &count(number))]);
        if self.cut > 0 {
            phrases.push(number(words::CUT, self.cut));
        }
        if !self.peers.is_empty() {
            phrases.push(number(words::DROPPED, self.lost_here));
            phrases.push(words::LOST.say(language).to_owned());
        }
        let waits: Vec<String> = self
            .waits
            .iter()
            .map(|(call, time)| {
                let time = catalogue::duration(*time, language);
                words::WAIT.fill(language, &[("time", &time), ("call", call)])
            })
            .collect();
        if !waits.is_empty() {
            phrases.push(words::WAITED.fill(language, &[("waits", &waits.join(", "))]));
        }
        let first = std::mem::take(&mut phrases[0]);
        phrases[0] = match self.programs {
            0 | 1 => first,
            2 => words::BOTH.fill(language, &[("first", &first)]),
            many => words::TOGETHER.fill(language, &[("count", &count(many)), ("first", &first)]),
        };
        phrases
    }

    fn of_peers(&self, language: Language) -> Option<String> {
        if self.peers.is_empty() {
            return None;
        }
        let shown = self.peers.iter().take(PEERS_SHOWN).enumerate();
        let mut peers: Vec<String> = shown
            .map(|(index, (address, traffic))| {
                let text = words::PEER.fill(
                    language,
                    &[
                        ("letter", &letter(index)),
                        ("name", &escape_name(&address.to_string())),
                        ("received", &catalogue::count(traffic.received, language)),
                        ("sent", &catalogue::count(traffic.sent, language)),
                    ],
                );
                match traffic.refused {
                    0 => text,
                    refused => {
                        words::REFUSED.fill(language, &[("peer", &text), ("refused", &refused)])
                    }
                }
            })
            .collect();
        let more = self.peers.len().saturating_sub(PEERS_SHOWN) as u64 + self.more_peers;
        if more > 0 {
            let count = catalogue::count(more, language);
            peers.push(words::MORE_PEERS.fill(language, &[("count", &count)]));
        }
        Some(words::PEERS.fill(language, &[("peers", &peers.join(" · "))]))
    }
}

/// The letter of a peer: A to Z.
fn letter(index: usize) -> char {
    char::from(b'A' + u8::try_from(index % 26).unwrap_or(0))
}

/// A shorter call did not wait.
const WORTH_SAYING: Duration = Duration::from_millis(10);
/// Connections that are remembered until their other end is told.
const HALF_TOLD: usize = 10_000;
/// Peers that are kept apart.
const PEERS_KEPT: usize = 1_000;
/// Peers that the line of totals names.
const PEERS_SHOWN: usize = 4;

/// Adds what an event claims; a recording may claim anything.
fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::{Payload, Protocol, Timestamp, Unit};

    fn event(socket: u32, took: u64, kind: Kind<'static>) -> Event<'static> {
        Event {
            at: Timestamp::START,
            took: Some(Duration::from_millis(took)),
            socket: SocketId(socket),
            parent: None,
            by: None,
            place: None,
            kind,
        }
    }

    fn received(len: u64, unit: Unit, peer: Option<&str>) -> Kind<'static> {
        Kind::Received {
            call: Call::Recv,
            payload: Payload::Unseen { len, unit },
            room: len,
            truncated_from: None,
            peer: peer.map(|peer| peer.parse().unwrap()),
        }
    }

    fn created(kind: Type) -> Kind<'static> {
        Kind::Created {
            family: Family::Inet,
            kind,
            protocol: Protocol::DEFAULT,
        }
    }

    fn said(events: &[Event<'_>]) -> String {
        let mut sums = Sums::default();
        for event in events {
            sums.event(event);
        }
        sums.phrases(Language::English).join(" · ")
    }

    #[test]
    fn what_was_unread_at_a_close_was_thrown_away() {
        let end = || Kind::Closed {
            totals: Totals::default(),
            first: None,
        };
        let unread = |unread| Kind::Queued(Queues::Data { unread, unsent: 0 });
        let accepted = |port| Kind::Accepted {
            local: "127.0.0.1:5000".parse().unwrap(),
            peer: format!("127.0.0.1:{port}").parse().unwrap(),
        };
        let line = said(&[
            event(1, 0, created(Type::Stream)),
            event(2, 890, accepted(1)),
            event(2, 4, received(10, Unit::Bytes, None)),
            event(2, 0, unread(18)),
            event(2, 0, end()),
            event(3, 127, accepted(2)),
            event(3, 0, unread(5)),
            event(3, 0, received(5, Unit::Bytes, None)),
            event(3, 0, end()),
        ]);
        assert_eq!(
            line,
            "2 connections · 15 B in, 0 B out, 18 B thrown away · waited 1.0 s in accept"
        );
    }

    #[test]
    fn waits_behind_a_poll_and_those_that_nothing_ended_are_counted() {
        let by = |mut event: Event<'static>| {
            event.by = Some(Caller {
                process: 7,
                thread: 7,
            });
            event
        };
        let polling = |of| {
            Kind::Noted(Note::Polling {
                poll: Call::Poll,
                call: Call::Accept,
                of,
                at_most: None,
            })
        };
        let mut begins = event(1, 0, polling(1));
        begins.took = None;
        let mut waits = event(1, 0, Kind::Waiting { call: Call::Recv });
        waits.took = None;
        let mut ends = event(
            0,
            0,
            Kind::Exited {
                pid: 7,
                status: Ok(0),
            },
        );
        ends.took = None;
        ends.at = waits.at + Duration::from_secs(3);
        let gave_up = Kind::Called {
            call: Call::RecvFrom,
            result: Err(Errno::EAGAIN),
        };
        let line = said(&[
            event(1, 0, created(Type::Stream)),
            by(begins),
            by(event(1, 1_500, polling(1))),
            by(event(1, 9_000, polling(2))),
            by(event(1, 2_000, gave_up)),
            by(waits),
            by(ends),
        ]);
        assert_eq!(
            line,
            "0 B in, 0 B out · waited 1.5 s in accept, 3.0 s in recv, 2.0 s in recvfrom"
        );
    }

    #[test]
    fn clients_without_a_name_are_counted_once_too_whoever_tells_first() {
        let at = || "/run/a.sock".parse::<SocketAddress>().unwrap();
        let connected = || Kind::Connected {
            local: SocketAddress::UnixUnnamed,
            peer: at(),
        };
        let accepted = || Kind::Accepted {
            local: at(),
            peer: SocketAddress::UnixUnnamed,
        };
        let line = said(&[
            event(2, 0, connected()),
            event(3, 0, accepted()),
            event(5, 0, accepted()),
            event(4, 0, connected()),
            event(6, 0, connected()),
        ]);
        assert!(line.contains("3 connections"), "{line}");
    }

    #[test]
    fn a_datagram_socket_that_knows_its_peer_is_no_connection() {
        let mut socket = created(Type::Datagram);
        if let Kind::Created { family, .. } = &mut socket {
            *family = Family::Unix;
        }
        let connected = Kind::Connected {
            local: SocketAddress::UnixUnnamed,
            peer: "/run/a.sock".parse::<SocketAddress>().unwrap(),
        };
        let line = said(&[event(1, 0, socket), event(1, 0, connected)]);
        assert!(!line.contains("connection"), "{line}");
    }

    #[test]
    fn a_connection_whose_both_ends_are_told_is_one() {
        let (client, server): (SocketAddress, SocketAddress) = (
            "127.0.0.1:44888".parse().unwrap(),
            "127.0.0.1:5000".parse().unwrap(),
        );
        let accepted = Kind::Accepted {
            local: server.clone(),
            peer: client.clone(),
        };
        let connected = Kind::Connected {
            local: client,
            peer: server,
        };
        let line = said(&[event(2, 0, accepted), event(3, 0, connected)]);
        assert!(line.starts_with("1 connection · "), "{line}");
    }

    #[test]
    fn the_figures_of_several_programs_are_said_to_be_of_all_of_them() {
        let started = |pid| {
            let command = "python3 server.py".into();
            let mut event = event(0, 0, Kind::Started { pid, command });
            event.by = Some(sockeye_model::Caller {
                process: pid,
                thread: pid,
            });
            event
        };
        let data = || event(3, 4, received(10, Unit::Bytes, None));
        let stream = || event(3, 0, created(Type::Stream));
        let of = |programs: u32| {
            let mut events: Vec<_> = (1..=programs).map(started).collect();
            events.extend([stream(), data()]);
            said(&events)
        };
        assert_eq!(of(1), "10 B in, 0 B out");
        assert_eq!(of(2), "both programs together: 10 B in, 0 B out");
        assert_eq!(of(3), "all 3 programs together: 10 B in, 0 B out");
    }

    #[test]
    fn peers_have_letters_and_what_is_lost_on_the_way_is_not_claimed_to_be_known() {
        let line = said(&[
            event(1, 0, created(Type::Datagram)),
            event(1, 0, received(7, Unit::Message, Some("10.0.0.1:9"))),
            event(1, 0, received(7, Unit::Message, Some("10.0.0.2:9"))),
            event(1, 0, received(7, Unit::Message, Some("10.0.0.1:9"))),
        ]);
        assert_eq!(
            line,
            "21 B in, 0 B out · peers: A 10.0.0.1:9 2 in, 0 out · B 10.0.0.2:9 1 in, 0 out · dropped here, buffer full: 0 · lost on the way: can't be known"
        );
    }

    #[test]
    fn many_peers_take_no_more_room_than_a_thousand() {
        let mut sums = Sums::default();
        sums.event(&event(1, 0, created(Type::Datagram)));
        for port in 1..5_000 {
            sums.event(&event(
                1,
                0,
                received(1, Unit::Message, Some(&format!("10.0.0.1:{port}"))),
            ));
        }
        assert_eq!(sums.peers.len(), PEERS_KEPT);
        assert!(
            sums.phrases(Language::English)
                .join("")
                .contains("and 4995 more")
        );
    }

    #[test]
    fn a_program_without_sockets_is_said_to_have_none() {
        assert_eq!(said(&[]), "no sockets");
    }
}
