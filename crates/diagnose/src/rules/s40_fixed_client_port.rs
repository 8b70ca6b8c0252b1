//! S40: a client has no port to connect from, because it fixed one or has used them all up.

use std::collections::HashMap;

use sockeye_model::{Call, End, Errno, Event, Finding, Kind, Saying, SocketAddress, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(FixedClientPort::default()),
};

const ABOUT: About = About {
    id: "S40",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Connections that this side closed first: so many may well be what holds the ports.
const MANY: u64 = 1_000;

/// Peers that are remembered.
const MOST_PEERS: usize = 1_024;

/// How many connections to each peer rest in TIME_WAIT for having been closed here first.
#[derive(Default)]
struct FixedClientPort {
    rested: HashMap<SocketAddress, u64>,
}

impl Rule for FixedClientPort {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Closed {
                first: Some(End::Ours),
                ..
            } => {
                let state = scene.socket(event.socket);
                let Some(state) = state.filter(|state| state.is_tcp() && state.parent.is_none())
                else {
                    return;
                };
                let Some(peer) = state.peer.clone().filter(|_| state.connected) else {
                    return;
                };
                if self.rested.len() < MOST_PEERS || self.rested.contains_key(&peer) {
                    *self.rested.entry(peer).or_default() += 1;
                }
            }
            Kind::Failed {
                call: Call::Connect,
                errno: errno @ (Errno::EADDRNOTAVAIL | Errno::EADDRINUSE),
                address: Some(peer),
            } => {
                let Some(state) = scene.socket(event.socket).filter(|state| state.is_tcp()) else {
                    return;
                };
                let fixed = state.bound.as_ref().filter(|_| !state.port_chosen);
                let rested = self.rested.get(peer).copied().unwrap_or(0);
                let words = match fixed {
                    Some(local) => Words {
                        short: Saying::of(words::SHORT_FIXED),
                        happened: Saying::of(words::FIXED)
                            .with("local", Value::Address(local.clone()))
                            .with("peer", Value::Address(peer.clone()))
                            .with("errno", Value::Errno(*errno)),
                        why: Saying::of(words::WHY_FIXED),
                        fix: Saying::of(words::FIX_FIXED),
                    },
                    None if rested >= MANY => Words {
                        short: Saying::of(words::SHORT_NONE),
                        happened: Saying::of(words::NONE)
                            .with("peer", Value::Address(peer.clone()))
                            .with("errno", Value::Errno(*errno))
                            .with("count", Value::Count(rested)),
                        why: Saying::of(words::WHY_NONE),
                        fix: Saying::of(words::FIX_NONE),
                    },
                    None => return,
                };
                found.push(at_call(&ABOUT, Weight::Risk, event, words));
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "no port to connect from" | "ningún puerto desde el que conectar";
        SHORT_FIXED = "a client that fixes its own port" | "un cliente que fija su propio puerto";
        FIXED = "connect() from {local} to {peer}: {errno}; the client itself had fixed that port with bind()"
            | "connect() desde {local} a {peer}: {errno}; el propio cliente había fijado ese puerto con bind()";
        WHY_FIXED = "a connection is known by both addresses and ports; with the client's port fixed there is only one to this server at a time, and it rests 60 s in TIME_WAIT after its end"
            | "una conexión se distingue por las direcciones y puertos de ambos lados; con el puerto del cliente fijo solo cabe una con este servidor, y al acabar reposa 60 s en TIME_WAIT";
        FIX_FIXED = "leave bind() out: a client lets the system choose its port" | "quita bind(): un cliente deja que el sistema elija su puerto";
        SHORT_NONE = "no free port left" | "no quedan puertos libres";
        NONE = "connect() to {peer}: {errno}, no free port is left; {count} {count:connection|connections} to it {count:was|were} closed here before"
            | "connect() a {peer}: {errno}, no queda ningún puerto libre; antes se {count:cerró|cerraron} aquí {count} {count:conexión|conexiones} con él";
        WHY_NONE = "each connection that this side closes first keeps its port for 60 s in TIME_WAIT, and there are some 28,000 ports to choose from (ip_local_port_range)"
            | "cada conexión que este lado cierra primero retiene su puerto 60 s en TIME_WAIT, y hay unos 28 000 puertos para elegir (ip_local_port_range)";
        FIX_NONE = "keep one connection open and use it again" | "mantén abierta una conexión y reutilízala";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Note, Totals};

    use super::*;
    use crate::story::{Story, at};

    #[test]
    fn a_client_that_fixed_its_port_is_told_when_it_cant_connect_again() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .set(1, "SO_REUSEADDR", "1")
            .bound(1, "127.0.0.1:6000");
        story.failed(1, Call::Connect, Errno::EADDRNOTAVAIL, at("127.0.0.1:5000"));
        assert_eq!(story.marks(), ["! S40"]);
    }

    #[test]
    fn a_client_without_ports_left_is_told_only_if_it_used_them_up() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .failed(1, Call::Connect, Errno::EADDRNOTAVAIL, at("[::1]:5000"));
        assert_eq!(story.marks(), [""; 0]);
        let mut story = Story::of("python3 client.py");
        for _ in 0..MANY {
            story
                .tcp(1)
                .connected(1, "127.0.0.1:40001", "127.0.0.1:5000");
            let first = Some(End::Ours);
            story.event(
                1,
                Kind::Closed {
                    totals: Totals::default(),
                    first,
                },
            );
        }
        story
            .tcp(1)
            .failed(1, Call::Connect, Errno::EADDRNOTAVAIL, at("127.0.0.1:5000"));
        assert_eq!(story.marks(), ["! S40"]);
    }

    #[test]
    fn a_fixed_port_that_works_and_one_of_the_systems_choice_are_right() {
        let mut story = Story::of("python3 client.py");
        story.tcp(1).bound(1, "127.0.0.1:6000");
        story
            .connected(1, "127.0.0.1:6000", "127.0.0.1:5000")
            .closed(1);
        story.tcp(2).bound(2, "127.0.0.1:40000");
        story.event(2, Kind::Noted(Note::PortChosen));
        story.failed(2, Call::Connect, Errno::EADDRNOTAVAIL, at("127.0.0.1:5000"));
        assert_eq!(story.marks(), [""; 0]);
    }
}
