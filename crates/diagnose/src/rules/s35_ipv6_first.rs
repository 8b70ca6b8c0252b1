//! S35: a name was tried by IPv6 first and refused there; the server listens on IPv4 only.

use std::collections::HashSet;
use std::net::IpAddr;

use sockeye_model::{Call, Errno, Event, Finding, Kind, Saying, SocketAddress, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(Ipv6First::default()),
};

const ABOUT: About = About {
    id: "S35",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// Ports of `::1` that refused a program; told once each.
#[derive(Default)]
struct Ipv6First {
    refused: HashSet<(Option<u32>, u16)>,
}

/// Ports that are remembered.
const MOST_PORTS: usize = 256;

impl Rule for Ipv6First {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let process = event.by.map(|by| by.process);
        match &event.kind {
            Kind::Failed {
                call: Call::Connect,
                errno: Errno::ECONNREFUSED,
                address: Some(address),
            } => self.refuses(process, address),
            // A connect that did not wait tells of its refusal by SO_ERROR.
            Kind::Called {
                call: Call::GetSockOpt,
                result: Err(Errno::ECONNREFUSED),
            } => {
                let state = scene.socket(event.socket);
                if let Some(peer) = state.and_then(|state| state.peer.as_ref()) {
                    self.refuses(process, peer);
                }
            }
            Kind::Connected { peer, .. } => {
                let Some(inet) = peer.inet() else {
                    return;
                };
                let IpAddr::V4(ip) = inet.ip() else {
                    return;
                };
                if !ip.is_loopback() || !self.refused.remove(&(process, inet.port())) {
                    return;
                }
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("port", Value::Word(inet.port().to_string().into()))
                        .with("address", Value::Address(peer.clone())),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(words::FIX),
                };
                found.push(at_call(&ABOUT, Weight::Hint, event, words));
            }
            _ => {}
        }
    }
}

impl Ipv6First {
    fn refuses(&mut self, process: Option<u32>, address: &SocketAddress) {
        let Some(inet) = address.inet() else {
            return;
        };
        if inet.is_ipv6() && inet.ip().is_loopback() && self.refused.len() < MOST_PORTS {
            self.refused.insert((process, inet.port()));
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "localhost meant IPv6 first" | "localhost fue primero IPv6";
        SHORT = "::1 was tried first, and refused" | "primero se probó ::1, que rechazó";
        HAPPENED = "port {port} of ::1 refused, and {address} then took the connection" | "el puerto {port} de ::1 rechazó, y después {address} aceptó la conexión";
        WHY = "the name localhost has two addresses, ::1 and 127.0.0.1; programs try them in order, and this server listens on IPv4 only"
            | "el nombre localhost tiene dos direcciones, ::1 y 127.0.0.1; los programas las prueban en orden, y este servidor solo escucha en IPv4";
        FIX = "to spare the first try let the server listen on both (Python: socket.create_server with dualstack_ipv6=True), or connect to 127.0.0.1; nothing is lost as it is"
            | "para ahorrar el primer intento, que el servidor escuche en las dos (Python: socket.create_server con dualstack_ipv6=True), o conecta a 127.0.0.1; así como está no se pierde nada";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    #[test]
    fn a_second_try_over_ipv4_tells_why_the_first_failed() {
        let mut story = Story::of("curl");
        story.created(1, sockeye_model::Family::Inet6, sockeye_model::Type::Stream);
        story.event(
            1,
            Kind::Connecting {
                peer: at("[::1]:5000"),
            },
        );
        story
            .called(1, Call::GetSockOpt, Err(Errno::ECONNREFUSED))
            .closed(1);
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5000");
        story
            .tcp(3)
            .connected(3, "127.0.0.1:40002", "127.0.0.1:5000");
        let marks = story.marks();
        assert_eq!(marks.iter().filter(|mark| *mark == "i S35").count(), 1);
    }

    #[test]
    fn another_port_or_another_process_is_another_matter() {
        let mut story = Story::of("client");
        story
            .tcp(1)
            .failed(1, Call::Connect, Errno::ECONNREFUSED, at("[::1]:5000"));
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5001");
        story.starts(200, "other").from(200);
        story
            .tcp(3)
            .connected(3, "127.0.0.1:40002", "127.0.0.1:5000");
        let marks = story.marks();
        assert!(!marks.iter().any(|mark| mark.contains("S35")), "{marks:?}");
    }
}
