//! The words for birth, naming, connecting and the end of sockets.

use sockeye_model::{
    Call, Came, End, Event, Family, Protocol, SocketAddress, SocketId, Source, Timestamp, Totals,
    Type,
};
use std::net::IpAddr;
use std::time::Duration;

use super::{Known, Teller, Told, Transport, Way};
use crate::catalogue::{self, Text, narration, reasons};

/// How many addresses of a name are shown.
const ADDRESSES_SHOWN: usize = 4;

impl Teller {
    pub(super) fn created(
        &self,
        event: &Event<'_>,
        family: Family,
        kind: Type,
        protocol: Protocol,
    ) -> Told {
        let transport = Transport::of(family, kind, protocol);
        let family_name = match family {
            Family::Inet => "IPv4",
            Family::Inet6 => "IPv6",
            Family::Unix => "UNIX",
        };
        let fact = match (transport, family) {
            (Transport::Tcp, Family::Inet6) => self.say(narration::TCP6).to_owned(),
            (Transport::Tcp, _) => self.say(narration::TCP4).to_owned(),
            (Transport::Udp, Family::Inet6) => self.say(narration::UDP6).to_owned(),
            (Transport::Udp, _) => self.say(narration::UDP4).to_owned(),
            (Transport::UnixStream, _) => self.say(narration::UNIX_STREAM).to_owned(),
            (Transport::UnixDatagram, _) => self.say(narration::UNIX_DATAGRAM).to_owned(),
            (Transport::UnixSeqPacket, _) => self.say(narration::UNIX_SEQPACKET).to_owned(),
            (Transport::Icmp, _) => self.fill(narration::ICMP, &[("family", &family_name)]),
            (Transport::Raw, _) => self.fill(
                narration::RAW,
                &[("family", &family_name), ("protocol", &protocol.0)],
            ),
            (Transport::Other, _) => {
                let kind = match kind {
                    Type::Stream => "STREAM",
                    Type::Datagram => "DGRAM",
                    Type::SeqPacket => "SEQPACKET",
                    Type::Raw => "RAW",
                };
                self.fill(
                    narration::OTHER_SOCKET,
                    &[
                        ("family", &family_name),
                        ("kind", &kind),
                        ("protocol", &protocol.0),
                    ],
                )
            }
        };
        let came = self.sockets.of(event.socket).and_then(|known| known.came);
        let told = match came {
            Some(Came::Found) => Told::new(event, self.say(narration::WAS_OPEN), fact)
                .because(reasons::FOUND, self.language),
            Some(Came::Inherited) => Told::new(event, self.say(narration::WAS_OPEN), fact)
                .because(reasons::INHERITED, self.language),
            Some(Came::Passed) => Told::new(event, Call::Socket.name(), fact),
            Some(Came::Made) | None => {
                Told::new(event, Call::Socket.name(), fact).because(reasons::SOCKET, self.language)
            }
        };
        match transport {
            Transport::UnixStream | Transport::UnixDatagram | Transport::UnixSeqPacket => {
                told.because(reasons::UNIX_SOCKET, self.language)
            }
            Transport::Raw => told.because(reasons::RAW_SOCKET, self.language),
            Transport::Icmp => told.because(reasons::ICMP_SOCKET, self.language),
            _ => told,
        }
    }

    pub(super) fn configured(&self, event: &Event<'_>, option: &str, value: &str) -> Told {
        let fact = format!("{} = {}", self.name(option), self.name(value));
        let told = Told::new(event, Call::SetSockOpt.name(), fact);
        match reasons::of_option(option, value) {
            Some(reason) => told.because(reason, self.language),
            None => told,
        }
    }

    pub(super) fn resolved(
        &self,
        event: &Event<'_>,
        name: &str,
        addresses: &[IpAddr],
        source: Source,
    ) -> Told {
        let name = self.name(name);
        let fact = match addresses {
            [] => self.fill(narration::NO_ADDRESS, &[("name", &name)]),
            [one] => format!("{name} = {one}"),
            several => {
                let mut list = several
                    .iter()
                    .take(ADDRESSES_SHOWN)
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ");
                if several.len() > ADDRESSES_SHOWN {
                    let more = several.len() - ADDRESSES_SHOWN;
                    list.push_str(", ");
                    list.push_str(&self.fill(narration::AND_MORE, &[("count", &more)]));
                }
                self.fill(
                    narration::SEVERAL,
                    &[
                        ("name", &name),
                        ("count", &several.len()),
                        ("addresses", &list),
                    ],
                )
            }
        };
        let told = Told::new(event, self.say(narration::RESOLVE), fact);
        let told = if addresses.is_empty() {
            told
        } else {
            told.because(reasons::of_source(source), self.language)
        };
        if addresses.len() > 1 {
            return told.because(reasons::SEVERAL_ADDRESSES, self.language);
        }
        told
    }

    pub(super) fn bound(&self, event: &Event<'_>, local: &SocketAddress) -> Told {
        let reason = match local {
            SocketAddress::UnixPath(_) => reasons::BOUND_PATH,
            SocketAddress::UnixAbstract(_) => reasons::BOUND_ABSTRACT,
            _ if local.is_unspecified() => reasons::BOUND_ANY,
            _ if local.is_local() => reasons::BOUND_LOOPBACK,
            _ => reasons::BOUND_ONE,
        };
        let told =
            Told::new(event, Call::Bind.name(), self.address(local)).because(reason, self.language);
        match self.sockets.transport(event.socket) {
            Transport::Udp => told.because(reasons::UDP_NO_LISTEN, self.language),
            Transport::UnixDatagram => told.because(reasons::DATAGRAM_NO_LISTEN, self.language),
            _ => told,
        }
    }

    pub(super) fn listening(&self, event: &Event<'_>, local: &SocketAddress, backlog: u32) -> Told {
        let known = self.sockets.of(event.socket);
        if known.is_some_and(|known| known.was_there(event)) {
            let address = self.address(local);
            let fact = match backlog {
                // Not known, or none.
                0 => address,
                _ => self.fill(
                    narration::QUEUE,
                    &[("address", &address), ("backlog", &backlog)],
                ),
            };
            return Told::new(event, self.say(narration::LISTENS), fact);
        }
        let known_already = known.is_some_and(|known| known.local.as_ref() == Some(local));
        let fact = if known_already {
            self.fill(narration::QUEUE_ONLY, &[("backlog", &backlog)])
        } else {
            let address = self.address(local);
            self.fill(
                narration::QUEUE,
                &[("address", &address), ("backlog", &backlog)],
            )
        };
        let reason = match local {
            SocketAddress::Inet(_) => reasons::LISTEN,
            _ => reasons::LISTEN_UNIX,
        };
        Told::new(event, Call::Listen.name(), fact).because(reason, self.language)
    }

    pub(super) fn connecting(&self, event: &Event<'_>, peer: &SocketAddress) -> Told {
        Told::new(event, Call::Connect.name(), self.address(peer))
    }

    pub(super) fn connected(
        &self,
        event: &Event<'_>,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> Told {
        let known = self.sockets.of(event.socket);
        if known.is_some_and(|known| known.was_there(event)) {
            let named = |address: &SocketAddress| match address {
                SocketAddress::UnixUnnamed => self.say(narration::SOMEBODY).to_owned(),
                _ => self.address(address),
            };
            let fact = match local {
                SocketAddress::UnixUnnamed => named(peer),
                _ => format!("{} ◀═▶ {}", named(local), named(peer)),
            };
            return Told::new(event, self.say(narration::IS_CONNECTED), fact);
        }
        let told = Told::new(event, Call::Connect.name(), self.address(peer));
        let transport = self.sockets.transport(event.socket);
        let (told, reason) = match transport {
            Transport::Udp => (told, reasons::UDP_CONNECT),
            Transport::UnixStream | Transport::UnixSeqPacket => (told, reasons::UNIX_CONNECT),
            Transport::Tcp => (self.with_time(told, event.took), reasons::HANDSHAKE),
            _ => return told,
        };
        told.because(reason, self.language)
    }

    /// The line below a connect that names this end, where that says something.
    pub(crate) fn own_end(&self, event: &Event<'_>, local: &SocketAddress) -> Option<Told> {
        // A raw socket has no port, and so nothing to say here.
        local.port().filter(|port| *port != 0)?;
        // Of a connection that was there before both ends are told in one line.
        if let Some(known) = self.sockets.of(event.socket)
            && known.was_there(event)
        {
            return None;
        }
        let chosen = self
            .sockets
            .of(event.socket)
            .is_some_and(|known| !known.bound);
        let address = self.address(local);
        let fact = if chosen {
            self.fill(narration::PORT_CHOSEN, &[("address", &address)])
        } else {
            address
        };
        Some(Told::new(event, self.say(narration::YOUR_END), fact).below())
    }

    pub(super) fn accepted(&self, event: &Event<'_>, peer: &SocketAddress) -> Told {
        let listener = event.parent.unwrap_or(SocketId::NONE);
        let new = event.socket;
        let transport = match self.sockets.transport(listener) {
            Transport::Other if peer.port().is_some() => Transport::Tcp,
            known => known,
        };
        let shown = match peer {
            SocketAddress::UnixUnnamed => self.say(narration::SOMEBODY).to_owned(),
            _ => self.address(peer),
        };
        let text = if transport.is_datagram() {
            narration::SESSION
        } else {
            narration::BORN
        };
        let name = if transport.is_datagram() {
            Call::RecvFrom.name()
        } else {
            Call::Accept.name()
        };
        let mut told = if self.traced {
            // A line of the new socket's own: the listener's wait has had one.
            Told::new(event, self.say(narration::IS_BORN), format!("◀═▶ {shown}"))
        } else {
            let mut told = Told::new(
                event,
                name,
                self.fill(text, &[("new", &new), ("peer", &shown)]),
            );
            if let Some(listener) = event.parent {
                told.socket = listener;
            }
            told
        };
        let waited = self
            .sockets
            .of(listener)
            .and_then(|known| known.waiting_to_receive);
        told = self.with_wait(told, waited, event);
        match transport {
            Transport::Udp => {
                told.because_of(reasons::UDP_SESSION, self.language, &[("new", &new)])
            }
            Transport::Tcp => told.because_of(
                reasons::ACCEPT,
                self.language,
                &[("new", &new), ("listener", &listener)],
            ),
            _ if transport.is_datagram() => told,
            _ => told.because_of(
                reasons::ACCEPT_UNIX,
                self.language,
                &[("new", &new), ("listener", &listener)],
            ),
        }
    }

    pub(super) fn half_closed(&self, event: &Event<'_>, end: End) -> Told {
        let known = self.sockets.of(event.socket);
        let transport = self.sockets.transport(event.socket);
        match end {
            End::Ours if known.is_some_and(|known| known.listening) => {
                let fact = self.say(narration::LISTENS_NO_MORE);
                Told::new(event, Call::Shutdown.name(), fact)
                    .because(reasons::SHUTDOWN_LISTENER, self.language)
            }
            End::Ours => {
                let fact = match transport {
                    Transport::Tcp | Transport::Other => narration::SEND_NO_MORE_FIN,
                    _ => narration::SEND_NO_MORE,
                };
                let reason = match transport {
                    Transport::Udp => reasons::UDP_HALF_CLOSE,
                    _ => reasons::HALF_CLOSE,
                };
                Told::new(event, Call::Shutdown.name(), self.say(fact))
                    .because(reason, self.language)
            }
            End::Peer => {
                let ended = known.is_some_and(|known| known.ended_by_us);
                let reason = match known.is_some_and(|known| known.messages) {
                    false if known.is_some_and(|known| known.reset) => reasons::AFTER_RESET,
                    false if ended => reasons::PEER_CLOSED_TOO,
                    false => reasons::PEER_HALF_CLOSE,
                    true if ended => reasons::MESSAGES_OVER_TOO,
                    true => reasons::MESSAGES_OVER,
                };
                let told = Told::new(event, Call::Recv.name(), self.say(narration::THE_END))
                    .way(Way::In)
                    .because(reason, self.language);
                let answered = known.and_then(|known| known.waiting_to_receive);
                self.with_wait(told, answered, event)
            }
        }
    }

    pub(super) fn closed(&self, event: &Event<'_>, totals: &Totals, first: Option<End>) -> Told {
        let known = self.sockets.of(event.socket);
        let transport = self.sockets.transport(event.socket);
        let told = |fact: String| Told::new(event, Call::Close.name(), fact);
        if known.is_some_and(|known| known.listening) {
            let told = told(self.say(narration::NO_MORE_CLIENTS).to_owned())
                .because(reasons::CLOSE_LISTENER, self.language);
            return if matches!(
                known.and_then(|known| known.local.as_ref()),
                Some(SocketAddress::UnixPath(_))
            ) {
                told.because(reasons::CLOSE_UNIX_LISTENER, self.language)
            } else {
                told
            };
        }
        let moved = match known.and_then(|known| known.came) {
            Some(Came::Found) => {
                self.fill(narration::SINCE_TRACED, &[("moved", &self.moved(totals))])
            }
            _ => self.moved(totals),
        };
        if let Some(known) = known.filter(|known| known.unread > 0 && transport.is_stream()) {
            let unread = catalogue::bytes(known.unread, self.language);
            let (text, reason) = match transport {
                Transport::Tcp if known.reset => (narration::NOT_READ, reasons::CLOSE_AFTER_RESET),
                Transport::Tcp => (narration::NOT_READ_RESET, reasons::CLOSE_UNREAD),
                _ => (narration::NOT_READ, reasons::CLOSE_UNREAD_UNIX),
            };
            let mut told =
                told(self.fill(text, &[("unread", &unread)])).because(reason, self.language);
            told.resets = transport == Transport::Tcp && !known.reset;
            return told;
        }
        if known.is_some_and(Known::throws_away) {
            let mut told = told(self.fill(narration::MOVED_RESET, &[("moved", &moved)]))
                .because(reasons::CLOSE_LINGER, self.language);
            told.resets = true;
            return told;
        }
        if event.by.is_some() && event.took.is_none() {
            let told = told(moved).more(self.say(narration::WITH_THE_PROCESS));
            return match known {
                Some(known) if known.reset && transport == Transport::Tcp => {
                    told.because(reasons::CLOSE_AFTER_RESET, self.language)
                }
                _ => told,
            };
        }
        if let (Transport::Tcp, Some(known)) = (transport, known) {
            return self.closed_tcp(known, first, moved, told);
        }
        match transport {
            Transport::Udp => told(moved).because(reasons::UDP_CLOSE, self.language),
            _ => told(moved),
        }
    }

    fn closed_tcp(
        &self,
        known: &Known,
        first: Option<End>,
        moved: String,
        told: impl Fn(String) -> Told,
    ) -> Told {
        if known.reset {
            return told(moved).because(reasons::CLOSE_AFTER_RESET, self.language);
        }
        let port = known.local.as_ref().and_then(SocketAddress::port);
        // A call is told when it has returned: whoever began first, ended first.
        let first = match first {
            Some(End::Peer) if known.we_ended_first => Some(End::Ours),
            other => other,
        };
        match (first, port) {
            (Some(End::Ours), Some(port)) => {
                let reason = match known.accepted {
                    true if known.reuses => reasons::TIME_WAIT_REUSED,
                    true => reasons::TIME_WAIT_SERVER,
                    false => reasons::TIME_WAIT_CLIENT,
                };
                told(self.fill(narration::RESTS, &[("port", &port)])).because(reason, self.language)
            }
            (Some(End::Peer), _) => told(moved).because(reasons::CLOSE_AFTER_PEER, self.language),
            _ => told(moved),
        }
    }

    fn moved(&self, totals: &Totals) -> String {
        if totals.bytes_sent == 0 && totals.bytes_received == 0 {
            return self.say(narration::NOTHING_MOVED).to_owned();
        }
        let sent = catalogue::bytes(totals.bytes_sent, self.language);
        let received = catalogue::bytes(totals.bytes_received, self.language);
        self.fill(
            narration::MOVED,
            &[("sent", &sent), ("received", &received)],
        )
    }

    pub(super) fn with_time(&self, told: Told, took: Option<Duration>) -> Told {
        match took {
            Some(took) => told.more(catalogue::duration(took, self.language)),
            None => told,
        }
    }

    /// Says how long the call had waited, from what it said when it parked or from how long it took.
    pub(super) fn with_wait(
        &self,
        told: Told,
        parked: Option<Timestamp>,
        event: &Event<'_>,
    ) -> Told {
        let waited = parked.map(|since| event.at.since(since)).or(event.took);
        match waited {
            Some(waited) if waited >= WORTH_SAYING => {
                let time = catalogue::duration(waited, self.language);
                let text: Text = narration::WAITED;
                told.more(self.fill(text, &[("time", &time)]))
            }
            _ => told,
        }
    }
}

/// A wait shorter than this is the machine's, not the peer's.
const WORTH_SAYING: Duration = Duration::from_millis(10);
