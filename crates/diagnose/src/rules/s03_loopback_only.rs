//! S03: a server that only programs of this computer can reach.

use std::collections::HashMap;

use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Note, Saying, SocketAddress, Value, Weight,
};

use super::serves::serves;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, owned};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(LoopbackOnly::default()),
};

const ABOUT: About = About {
    id: "S03",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Remembers the servers of loopback, should somebody knock at another address of this machine.
#[derive(Default)]
struct LoopbackOnly {
    servers: HashMap<SocketAddress, Server>,
    refused: Option<SocketAddress>,
}

struct Server {
    spot: Spot,
    /// Of datagrams, which nobody connects for.
    messages: bool,
}

/// Servers that are remembered: more than a program has, and bounded.
const MOST_SERVERS: usize = 1_000;

impl LoopbackOnly {
    /// `asked` is the address of this machine at which a client was refused.
    fn tell(server: &Server, local: &SocketAddress, asked: Option<&SocketAddress>) -> Finding {
        let everyone = match local.inet() {
            Some(inet) if inet.is_ipv6() => "::",
            _ => "0.0.0.0",
        };
        let address = Value::Address(local.clone());
        let (weight, short, happened, fix) = match asked {
            None => {
                let short = match server.messages {
                    true => words::SHORT_MESSAGES,
                    false => words::SHORT,
                };
                let happened = Saying::of(words::HAPPENED);
                (Weight::Hint, short, happened, words::FIX)
            }
            Some(asked) => {
                let asked = Value::Name(asked.to_string());
                let happened = Saying::of(words::REFUSED).with("asked", asked);
                (
                    Weight::Risk,
                    words::SHORT_REFUSED,
                    happened,
                    words::FIX_REFUSED,
                )
            }
        };
        let words = Words {
            short: Saying::of(short),
            happened: happened.with("address", address),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix).with("everyone", Value::Word(everyone.into())),
        };
        server.spot.finding(&ABOUT, weight, words)
    }
}

impl Rule for LoopbackOnly {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        if let Some(local) = serves(event, scene).filter(|local| local.is_local()) {
            let mut spot = Spot::of(event);
            let state = scene.socket(event.socket);
            spot.place = state
                .and_then(|state| state.bound_at.clone())
                .or_else(|| event.place.clone().map(owned));
            if !self.servers.contains_key(local) && self.servers.len() < MOST_SERVERS {
                let messages = state.is_some_and(|state| !state.is_stream());
                let server = Server { spot, messages };
                found.push(Self::tell(&server, local, None));
                self.servers.insert(local.clone(), server);
            }
        }
        match &event.kind {
            Kind::Failed {
                call: Call::Connect,
                errno: Errno::ECONNREFUSED,
                address: Some(address),
            } if !address.is_local() => self.refused = Some(address.clone()),
            // Only where the refused address is this machine's own is something found nearby.
            Kind::Noted(Note::Nearby { protocol, address }) if protocol == "tcp" => {
                let refused = self.refused.take();
                let Some(asked) = refused.filter(|asked| asked.port() == address.port()) else {
                    return;
                };
                if let Some(server) = self.servers.get(address) {
                    let mut finding = Self::tell(server, address, Some(&asked));
                    // Told already, as a hint: this only makes it heavier.
                    finding.times = 0;
                    found.push(finding);
                }
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a server for this computer alone" | "un servidor solo para este ordenador";
        SHORT = "only programs on this computer can connect" | "solo pueden conectar programas de este ordenador";
        SHORT_MESSAGES = "only programs on this computer can send to it" | "solo pueden enviarle programas de este ordenador";
        SHORT_REFUSED = "a client came by another address and was refused" | "un cliente vino por otra dirección y fue rechazado";
        HAPPENED = "{address} is a loopback address: only programs on this computer can reach it"
            | "{address} es una dirección de bucle local: solo la alcanzan programas de este ordenador";
        WHY = "packets to 127.0.0.0/8 and ::1 never leave the machine, and none come in for them"
            | "los paquetes a 127.0.0.0/8 y ::1 nunca salen de la máquina, y no entra ninguno para ellas";
        REFUSED = "{address} is a loopback address: a client that asked for {asked}, an address of this same machine, was refused"
            | "{address} es una dirección de bucle local: un cliente que pidió {asked}, dirección de esta misma máquina, fue rechazado";
        FIX_REFUSED = "bind {everyone}, so that clients may come by other addresses too" | "haz bind a {everyone}, para que los clientes puedan venir también por otras direcciones";
        FIX = "to let others in, bind {everyone}; while you try things out it is right as it is"
            | "para dejar entrar a otros, haz bind a {everyone}; mientras pruebas está bien así";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn weights(story: &Story) -> Vec<(&'static str, Weight)> {
        let found = story.findings().iter();
        found.map(|found| (found.rule, found.weight)).collect()
    }

    #[test]
    fn a_server_of_loopback_is_told_once() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.udp(2).bound(2, "127.0.0.1:5005");
        story.waits(2, Call::RecvFrom);
        story.received_from(2, 4, 1024, "127.0.0.1:40000");
        story.received_from(2, 4, 1024, "127.0.0.1:40000");
        let short = |index: usize| story.findings()[index].short.text;
        assert_eq!(short(0), words::SHORT);
        assert_eq!(short(1), words::SHORT_MESSAGES);
        assert_eq!(
            weights(&story),
            [("S03", Weight::Hint), ("S03", Weight::Hint)]
        );
    }

    #[test]
    fn a_client_and_a_server_for_everyone_are_not_told() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "192.0.2.1:5000");
        story.udp(2).sent_to(2, 4, "127.0.0.1:5005");
        story.waits(2, Call::RecvFrom);
        assert_eq!(weights(&story), []);
    }

    #[test]
    fn a_client_that_was_refused_at_another_address_of_this_machine_makes_it_a_risk() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.starts(200, "python3 client.py").from(200);
        story
            .tcp(2)
            .failed(2, Call::Connect, Errno::ECONNREFUSED, at("192.0.2.7:5000"));
        story.event(
            2,
            Kind::Noted(Note::Nearby {
                protocol: "tcp".into(),
                address: at("127.0.0.1:5000"),
            }),
        );
        assert!(weights(&story).contains(&("S03", Weight::Risk)));
    }
}
