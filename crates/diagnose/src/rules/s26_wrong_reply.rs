//! S26: a UDP server answers somebody who has not asked.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Saying, SocketAddress, SocketId, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(WrongReply::default()),
};

const ABOUT: About = About {
    id: "S26",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// Senders that are remembered of one socket; beyond that it is not known who has written.
const MOST_SENDERS: usize = 1_024;

/// Who has written to each server socket.
#[derive(Default)]
struct WrongReply {
    servers: FxHashMap<SocketId, Server>,
}

#[derive(Default)]
struct Server {
    senders: HashSet<SocketAddr>,
    last: Option<SocketAddr>,
}

impl Rule for WrongReply {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let socket = event.socket;
        match &event.kind {
            Kind::Received {
                peer: Some(peer), ..
            } => {
                let (Some(from), Some(state)) = (peer.inet(), scene.socket(socket)) else {
                    return;
                };
                let began = state.sends == 0 && state.receives == 0;
                if began && state.is_udp() && state.bound.is_some() && !state.connected {
                    self.servers.insert(socket, Server::default());
                }
                if let Some(server) = self.servers.get_mut(&socket) {
                    server.last = Some(from);
                    if server.senders.len() < MOST_SENDERS {
                        server.senders.insert(from);
                    } else {
                        self.servers.remove(&socket);
                    }
                }
            }
            Kind::Sent {
                peer: Some(peer), ..
            } => {
                let (Some(to), Some(server)) = (peer.inet(), self.servers.get_mut(&socket)) else {
                    return;
                };
                let many = match to.ip() {
                    IpAddr::V4(ip) => ip.is_multicast() || ip.octets()[3] == 255,
                    IpAddr::V6(ip) => ip.is_multicast(),
                };
                let Some(last) = server.last.take() else {
                    return;
                };
                if many || server.senders.contains(&to) {
                    return;
                }
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("from", Value::Address(SocketAddress::Inet(last)))
                        .with("to", Value::Address(peer.clone())),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(scene.in_tongue(
                        event.by,
                        words::FIX_C,
                        words::FIX_PYTHON,
                        words::FIX_NODE,
                    )),
                };
                found.push(at_call(&ABOUT, Weight::Hint, event, words));
                // Once is enough: a relay does so all the time.
                self.servers.remove(&socket);
            }
            Kind::Closed { .. } => {
                self.servers.remove(&socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "an answer to somebody who has not asked" | "una respuesta a quien no preguntó";
        SHORT = "sent to the wrong address?" | "¿enviado a otra dirección?";
        HAPPENED = "after a message from {from} the next went to {to}, which has never written here"
            | "tras un mensaje de {from}, el siguiente fue a {to}, que nunca ha escrito aquí";
        WHY = "the address that recvfrom() gives is all a UDP server knows of its client; a client's port is another one in every run"
            | "la dirección que da recvfrom() es todo lo que un servidor UDP sabe de su cliente; el puerto de un cliente cambia en cada ejecución";
        FIX_C = "answer the address that recvfrom() filled in: sendto(s, buf, n, 0, &from, fromlen)"
            | "responde a la dirección que rellenó recvfrom(): sendto(s, buf, n, 0, &from, fromlen)";
        FIX_PYTHON = "answer whom you heard: data, addr = s.recvfrom(n) and then s.sendto(answer, addr)"
            | "responde a quien te escribió: datos, dir = s.recvfrom(n) y después s.sendto(respuesta, dir)";
        FIX_NODE = "answer whom you heard: socket.send(answer, rinfo.port, rinfo.address)"
            | "responde a quien te escribió: socket.send(respuesta, rinfo.port, rinfo.address)";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    const A: &str = "127.0.0.1:40001";
    const B: &str = "127.0.0.1:40002";

    #[test]
    fn an_answer_to_who_has_not_written_is_told_once() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).bound(1, "127.0.0.1:5005");
        story
            .received_from(1, 4, 512, A)
            .sent_to(1, 4, "127.0.0.1:5006");
        story
            .received_from(1, 4, 512, A)
            .sent_to(1, 4, "127.0.0.1:5006");
        assert_eq!(story.marks(), ["i S26"]);
    }

    #[test]
    fn an_answer_to_the_sender_to_all_senders_or_to_a_group_is_right() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).bound(1, "127.0.0.1:5005");
        story.received_from(1, 4, 512, A).sent_to(1, 4, A);
        story
            .received_from(1, 4, 512, B)
            .sent_to(1, 4, A)
            .sent_to(1, 4, B);
        story
            .received_from(1, 4, 512, B)
            .sent_to(1, 4, "239.1.2.3:5005");
        // What is not said in answer to anything.
        story
            .received_from(1, 4, 512, B)
            .sent_to(1, 4, B)
            .sent_to(1, 4, "127.0.0.1:9");
        assert_eq!(story.marks(), [""; 0]);
    }
}
