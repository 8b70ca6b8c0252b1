//! S07: a port below 1024, or a broadcast, that the kernel refuses to an ordinary program.

use sockeye_model::{Call, Errno, Event, Finding, Kind, Saying, Timestamp, Value, Weight};

use super::second_try::SecondTry;
use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NeedsPrivilege::default()),
};

const ABOUT: About = About {
    id: "S07",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Without `net.ipv4.ip_unprivileged_port_start` being changed, the first port that everyone may use.
const FIRST_FREE_PORT: u16 = 1024;

#[derive(Default)]
struct NeedsPrivilege {
    held: SecondTry,
}

impl Rule for NeedsPrivilege {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.held.event(event, scene, found);
        let Kind::Failed {
            call,
            errno: Errno::EACCES,
            address: Some(address),
        } = &event.kind
        else {
            return;
        };
        let Some(inet) = address.inet() else {
            return;
        };
        let words = match call {
            Call::Bind if (1..FIRST_FREE_PORT).contains(&inet.port()) => Words {
                short: Saying::of(words::SHORT_PORT)
                    .with("port", Value::Word(inet.port().to_string().into())),
                happened: Saying::of(words::PORT).with("address", Value::Address(address.clone())),
                why: Saying::of(words::WHY_PORT),
                fix: Saying::of(words::FIX_PORT).with(
                    "port",
                    Value::Word(unprivileged(inet.port()).to_string().into()),
                ),
            },
            Call::SendTo | Call::SendMsg | Call::SendMmsg | Call::Send | Call::Connect
                if inet.is_ipv4()
                    && scene
                        .socket(event.socket)
                        .is_some_and(|state| state.is_udp() && !state.has("SO_BROADCAST")) =>
            {
                let fix = scene.in_tongue(
                    event.by,
                    words::FIX_BROADCAST_C,
                    words::FIX_BROADCAST_PYTHON,
                    words::FIX_BROADCAST_NODE,
                );
                Words {
                    short: Saying::of(words::SHORT_BROADCAST),
                    happened: Saying::of(words::BROADCAST)
                        .with("call", Value::Call(*call))
                        .with("address", Value::Address(address.clone())),
                    why: Saying::of(words::WHY_BROADCAST),
                    fix: Saying::of(fix),
                }
            }
            _ => return,
        };
        let finding = at_call(&ABOUT, Weight::Mistake, event, words);
        match call {
            Call::Bind => self.held.hold(finding, event.at, scene, found),
            _ => found.push(finding),
        }
    }

    fn passes(&mut self, at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.held.passes(at, found);
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.held.finish(found);
    }
}

/// A port that anyone may use and that reads like the one that was refused.
fn unprivileged(port: u16) -> u16 {
    match port {
        80 => 8080,
        443 => 8443,
        53 => 5353,
        port => port + 8000,
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "the kernel asks for a privilege" | "el núcleo pide un privilegio";
        SHORT_PORT = "port {port} needs privilege" | "el puerto {port} pide privilegios";
        PORT = "bind() to {address} was refused: EACCES (permission denied)"
            | "bind() a {address} fue rechazado: EACCES (permiso denegado)";
        WHY_PORT = "ports below 1024 are for programs that may bind them (CAP_NET_BIND_SERVICE)"
            | "los puertos menores que 1024 son para programas autorizados (CAP_NET_BIND_SERVICE)";
        FIX_PORT = "take a port from 1024 up, such as {port}, or let a service manager pass the socket"
            | "usa un puerto desde el 1024, por ejemplo {port}, o deja que un gestor de servicios pase el socket";
        SHORT_BROADCAST = "broadcast without SO_BROADCAST" | "difusión sin SO_BROADCAST";
        BROADCAST = "{call}() to {address} was refused: EACCES (permission denied)"
            | "{call}() a {address} fue rechazado: EACCES (permiso denegado)";
        WHY_BROADCAST = "the kernel sends to a broadcast address only from a socket that says it means it"
            | "el núcleo solo envía a una dirección de difusión desde un socket que lo ha pedido";
        FIX_BROADCAST_C = "before sending: int on = 1; setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);"
            | "antes de enviar: int on = 1; setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);";
        FIX_BROADCAST_PYTHON = "before sending: s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)"
            | "antes de enviar: s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)";
        FIX_BROADCAST_NODE = "before sending: socket.setBroadcast(true)" | "antes de enviar: socket.setBroadcast(true)";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    #[test]
    fn a_port_below_1024_needs_privilege() {
        let mut story = Story::of("python3 server.py");
        story
            .tcp(1)
            .failed(1, Call::Bind, Errno::EACCES, at("0.0.0.0:80"));
        assert_eq!(story.marks(), ["✗ S07"]);
    }

    #[test]
    fn a_program_that_takes_another_port_is_told_as_a_hint() {
        let mut story = Story::of("python3 server.py");
        story
            .tcp(1)
            .failed(1, Call::Bind, Errno::EACCES, at("0.0.0.0:80"))
            .bound(1, "0.0.0.0:8080");
        assert_eq!(story.marks(), ["i S07"]);
    }

    #[test]
    fn a_broadcast_without_its_option_is_told() {
        let mut story = Story::of("python3 client.py");
        story
            .udp(1)
            .failed(1, Call::SendTo, Errno::EACCES, at("255.255.255.255:5000"));
        assert_eq!(story.marks(), ["✗ S07"]);
    }

    #[test]
    fn other_refusals_are_not_about_privilege() {
        let mut story = Story::of("python3 server.py");
        // A directory that may not be written to, and a rule of the machine's own about a high port.
        story
            .tcp(1)
            .failed(1, Call::Bind, Errno::EACCES, at("/run/a.sock"))
            .failed(1, Call::Bind, Errno::EACCES, at("127.0.0.1:8080"));
        story.udp(2).set(2, "SO_BROADCAST", "1").failed(
            2,
            Call::SendTo,
            Errno::EACCES,
            at("255.255.255.255:5000"),
        );
        assert_eq!(story.marks(), [""; 0]);
    }
}
