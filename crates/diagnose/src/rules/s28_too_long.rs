//! S28: a datagram that is longer than one can be; and, as a hint, one that IP will cut into pieces on its way.

use rustc_hash::FxHashSet;
use sockeye_model::{Errno, Event, Finding, Kind, Saying, SocketAddress, SocketId, Value, Weight};

use super::{Words, at_call, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(TooLong::default()),
};

const ABOUT: About = About {
    id: "S28",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// The MTU of Ethernet, and of most ways through the Internet, bytes.
const USUAL_MTU: u64 = 1500;

#[derive(Default)]
struct TooLong {
    /// Sockets of which the pieces were told.
    told: FxHashSet<SocketId>,
}

impl Rule for TooLong {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Failed {
                call,
                errno: Errno::EMSGSIZE,
                ..
            } if sends(*call) => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                // A program that forbids pieces asks for the error: it looks for the way's MTU.
                if !state.is_udp() || state.options.contains_key("IP_MTU_DISCOVER") {
                    return;
                }
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED).with("call", Value::Call(*call)),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(words::FIX),
                };
                found.push(at_call(&ABOUT, Weight::Mistake, event, words));
            }
            Kind::Sent { payload, peer, .. } => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                if state.is_udp()
                    && let Some(limit) = pieces_above(state, peer.as_ref())
                    && payload.len() > limit
                    && self.told.insert(event.socket)
                {
                    let words = Words {
                        short: Saying::of(words::SHORT_PIECES),
                        happened: Saying::of(words::PIECES)
                            .with("sent", Value::Bytes(payload.len()))
                            .with("limit", Value::Bytes(limit)),
                        why: Saying::of(words::WHY_PIECES),
                        fix: Saying::of(words::FIX_PIECES).with("limit", Value::Bytes(limit)),
                    };
                    found.push(at_call(&ABOUT, Weight::Hint, event, words));
                }
            }
            Kind::Closed { .. } => {
                self.told.remove(&event.socket);
            }
            _ => {}
        }
    }
}

/// The longest datagram that goes in one piece over a way with the usual MTU, to a peer that is not on this machine.
fn pieces_above(state: &SocketState, peer: Option<&SocketAddress>) -> Option<u64> {
    let peer = peer.or(state.peer.as_ref())?.inet()?;
    let local = state.local.as_ref().and_then(SocketAddress::inet);
    let here = peer.ip().to_canonical().is_loopback()
        || peer.ip().is_unspecified()
        || local.is_some_and(|local| local.ip() == peer.ip());
    let headers = match peer.ip().to_canonical().is_ipv4() {
        true => 20 + 8,
        false => 40 + 8,
    };
    (!here).then_some(USUAL_MTU - headers)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a datagram that is too long" | "un datagrama demasiado largo";
        SHORT = "longer than a datagram can be" | "más largo de lo que cabe en un datagrama";
        HAPPENED = "{call}() gave EMSGSIZE (message too long): nothing was sent"
            | "{call}() dio EMSGSIZE (mensaje demasiado largo): no se ha enviado nada";
        WHY = "a UDP datagram carries 65,507 B at most over IPv4, and 65,527 B over IPv6"
            | "un datagrama UDP lleva como mucho 65.507 B sobre IPv4 y 65.527 B sobre IPv6";
        FIX = "send it in several datagrams, numbered so that a lost one is noticed, or over TCP"
            | "envíalo en varios datagramas, numerados para notar si falta uno, o por TCP";
        SHORT_PIECES = "IP may cut it into pieces" | "IP puede partirlo en trozos";
        PIECES = "a datagram of {sent}: above {limit} it does not fit into one packet of 1,500 B, as Ethernet has"
            | "un datagrama de {sent}: por encima de {limit} no cabe en un paquete de 1.500 B, el de Ethernet";
        WHY_PIECES = "IP then cuts it into pieces, and when one of them is lost the whole datagram is"
            | "IP lo parte entonces en trozos, y si se pierde uno se pierde el datagrama entero";
        FIX_PIECES = "keep datagrams to {limit} or less, unless you know the way" | "no pases de {limit} por datagrama, salvo que conozcas el camino";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Call;

    use super::*;
    use crate::story::Story;

    #[test]
    fn a_datagram_that_does_not_go_is_told() {
        let mut story = Story::of("python3 client.py");
        story.udp(1).fails(1, Call::SendTo, Errno::EMSGSIZE);
        assert_eq!(story.marks(), ["✗ S28"]);
    }

    #[test]
    fn a_datagram_that_goes_in_pieces_is_a_hint_and_said_once() {
        let mut story = Story::of("python3 client.py");
        story.udp(1);
        story.sent_to(1, 1472, "192.0.2.1:5000");
        assert!(story.findings().is_empty());
        story
            .sent_to(1, 1473, "192.0.2.1:5000")
            .sent_to(1, 9000, "192.0.2.1:5000");
        assert_eq!(story.marks(), ["i S28"]);
    }

    #[test]
    fn loopback_and_a_program_that_looks_for_the_mtu_are_left_in_peace() {
        let mut story = Story::of("./client");
        story.udp(1).sent_to(1, 60_000, "127.0.0.1:5000");
        story
            .udp(2)
            .set(2, "IP_MTU_DISCOVER", "2")
            .fails(2, Call::SendTo, Errno::EMSGSIZE);
        assert_eq!(story.marks(), [""; 0]);
    }
}
