//! S25: a UDP client takes an answer from somebody it never asked.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Event, Finding, Kind, Saying, SocketAddress, SocketId, Timestamp, Value, Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, receives};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(Stranger::default()),
};

const ABOUT: About = About {
    id: "S25",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Who drops a stranger's message goes on waiting; who sends again or closes within this time has taken it for the answer.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Addresses that are remembered of one socket; who writes to more is no client that compares.
const MOST_ASKED: usize = 256;

/// Sockets that began as a client's.
#[derive(Default)]
struct Stranger {
    clients: FxHashMap<SocketId, Client>,
}

#[derive(Default)]
struct Client {
    asked: HashSet<SocketAddr>,
    /// Asked so that anybody may answer: many at once, or this machine by no address of its own.
    anybody: bool,
    /// An answer from somebody asked has come since the last question.
    answered: bool,
    /// A stranger's message that was received last.
    stranger: Option<Received>,
}

struct Received {
    at: Timestamp,
    from: SocketAddr,
    spot: Spot,
}

impl Rule for Stranger {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Sent { peer, .. } => {
                if let Some(taken) = self.ends_with(event, peer.as_ref()) {
                    found.push(tell(&taken, scene));
                }
                self.asks(event, peer.as_ref(), scene);
            }
            Kind::Received {
                peer: Some(peer), ..
            } => {
                let (Some(client), Some(from)) = (
                    self.clients.get_mut(&event.socket),
                    peer.inet().map(canonical),
                ) else {
                    return;
                };
                client.stranger = None;
                if client.anybody || client.asked.contains(&from) {
                    client.answered = true;
                } else if !client.answered {
                    let spot = Spot::of(event);
                    client.stranger = Some(Received {
                        at: event.at,
                        from,
                        spot,
                    });
                }
            }
            Kind::Connected { .. } => {
                self.clients.remove(&event.socket);
            }
            Kind::Waiting { call } if receives(*call) => self.goes_on(event.socket),
            Kind::Failed { call, .. } if receives(*call) => self.goes_on(event.socket),
            // Who waits for one of several sockets may be waiting for the right answer.
            Kind::Called {
                call: Call::Poll | Call::Select,
                ..
            } => {
                let by = event.by;
                for client in self.clients.values_mut() {
                    client.stranger.take_if(|received| received.spot.by == by);
                }
            }
            Kind::Closed { .. } => {
                let taken = self.ends_with(event, None);
                self.clients.remove(&event.socket);
                // Closed with the process: it may have been killed while it waited.
                if let (Some(taken), Some(_)) = (taken, event.took) {
                    found.push(tell(&taken, scene));
                }
            }
            _ => {}
        }
    }
}

impl Stranger {
    /// Another receive: the message was not what it waited for, or it takes all there is.
    fn goes_on(&mut self, socket: SocketId) {
        if let Some(client) = self.clients.get_mut(&socket) {
            client.stranger = None;
        }
    }

    /// The stranger's message with which this event ends the wait for an answer.
    fn ends_with(&mut self, event: &Event<'_>, to: Option<&SocketAddress>) -> Option<Received> {
        let client = self.clients.get_mut(&event.socket)?;
        let received = client.stranger.take()?;
        // A server that goes on from a port of its own for each client, as TFTP does: the client then writes there.
        let follows = to.and_then(SocketAddress::inet).map(canonical) == Some(received.from);
        (!follows && event.at.since(received.at) <= AT_ONCE).then_some(received)
    }

    fn asks(&mut self, event: &Event<'_>, to: Option<&SocketAddress>, scene: &Scene) {
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        let began = state.sends == 0 && state.receives == 0;
        if began
            && state.is_udp()
            && (state.bound.is_none() || state.port_chosen)
            && !state.connected
            && !state.foreign
        {
            self.clients.insert(event.socket, Client::default());
        }
        let Some(client) = self.clients.get_mut(&event.socket) else {
            return;
        };
        client.answered = false;
        let Some(to) = to.and_then(SocketAddress::inet).map(canonical) else {
            client.anybody = true;
            return;
        };
        let many = match to.ip() {
            IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || ip.octets()[3] == 255,
            IpAddr::V6(ip) => ip.is_multicast(),
        };
        if many || to.ip().is_unspecified() || client.asked.len() >= MOST_ASKED {
            client.anybody = true;
        }
        client.asked.insert(to);
    }
}

/// Without what differs between two ways to write the same address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn tell(taken: &Received, scene: &Scene) -> Finding {
    let by = taken.spot.by;
    let fix = scene.in_tongue(by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
    let words = Words {
        short: Saying::of(words::SHORT).with("from", Value::Name(taken.from.to_string())),
        happened: Saying::of(words::HAPPENED).with("from", Value::Name(taken.from.to_string())),
        why: Saying::of(words::WHY),
        fix: Saying::of(fix),
    };
    taken.spot.finding(&ABOUT, Weight::Risk, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "an answer from a stranger" | "una respuesta de un desconocido";
        SHORT = "{from} was never asked" | "a {from} nadie le preguntó";
        HAPPENED = "the message from {from} was taken for the answer, and nothing was ever sent to that address"
            | "el mensaje de {from} se tomó por la respuesta, y a esa dirección nunca se le envió nada";
        WHY = "anybody may write to an open UDP port; who answers is known only by the address that recvfrom() gives"
            | "cualquiera puede escribir a un puerto UDP abierto; quién responde solo se sabe por la dirección que da recvfrom()";
        FIX_C = "connect(s, server) first: the kernel then drops what others send; or compare the address from recvfrom() and go on receiving"
            | "antes, connect(s, servidor): el núcleo descartará lo que envíen otros; o compara la dirección de recvfrom() y sigue recibiendo";
        FIX_PYTHON = "s.connect(server) first: the kernel then drops what others send; or: data, addr = s.recvfrom(n), and go on while addr != server"
            | "antes, s.connect(servidor): el núcleo descartará lo que envíen otros; o: datos, dir = s.recvfrom(n), y sigue mientras dir != servidor";
        FIX_NODE = "socket.connect(port, host) first: the kernel then drops what others send; or compare rinfo.address and rinfo.port in 'message'"
            | "antes, socket.connect(port, host): el núcleo descartará lo que envíen otros; o compara rinfo.address y rinfo.port en 'message'";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Errno;

    use super::*;
    use crate::story::Story;

    const SERVER: &str = "127.0.0.1:5005";
    const OTHER: &str = "127.0.0.1:4444";

    fn asked() -> Story {
        let mut story = Story::of("python3 client.py");
        story.udp(1).sent_to(1, 4, SERVER);
        story
    }

    #[test]
    fn a_message_of_a_stranger_with_which_the_wait_ends_is_told() {
        let mut story = asked();
        story.received_from(1, 4, 512, OTHER).closed(1);
        assert_eq!(story.marks(), ["! S25"]);
        let mut story = asked();
        story.received_from(1, 4, 512, OTHER).sent_to(1, 4, SERVER);
        assert_eq!(story.marks(), ["! S25"]);
    }

    #[test]
    fn an_event_loop_that_reads_until_nothing_is_left_is_judged_by_what_it_does_then() {
        let mut story = asked();
        story.received_from(1, 4, 512, OTHER);
        story.called(1, Call::RecvMsg, Err(Errno::EAGAIN)).closed(1);
        assert_eq!(story.marks(), ["! S25"]);
    }

    #[test]
    fn a_client_that_let_the_system_choose_its_port_is_still_a_client() {
        let mut story = Story::of("node client.js");
        story.udp(1).bound(1, "0.0.0.0:40001");
        story.event(1, Kind::Noted(sockeye_model::Note::PortChosen));
        story
            .sent_to(1, 4, SERVER)
            .received_from(1, 4, 512, OTHER)
            .closed(1);
        assert_eq!(story.marks(), ["! S25"]);
    }

    #[test]
    fn who_goes_on_waiting_has_dropped_it() {
        let mut story = asked();
        story
            .received_from(1, 4, 512, OTHER)
            .waits(1, Call::RecvFrom);
        story.received_from(1, 4, 512, SERVER).closed(1);
        assert_eq!(story.marks(), [""; 0]);
        let mut story = asked();
        story.received_from(1, 4, 512, OTHER);
        story.called(0, Call::Poll, Ok(0)).after(5).closed(1);
        assert_eq!(story.marks(), [""; 0]);
        let mut story = asked();
        story.received_from(1, 4, 512, OTHER).after(1000).closed(1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn the_answer_a_question_to_many_and_a_server_with_a_port_for_each_client_are_right() {
        let mut story = asked();
        story.received_from(1, 4, 512, SERVER).closed(1);
        story
            .udp(2)
            .sent_to(2, 4, "239.1.2.3:5005")
            .received_from(2, 4, 512, OTHER)
            .closed(2);
        story
            .udp(3)
            .sent_to(3, 4, "0.0.0.0:5005")
            .received_from(3, 4, 512, SERVER)
            .closed(3);
        story
            .udp(4)
            .sent_to(4, 4, "127.0.0.1:69")
            .received_from(4, 4, 512, OTHER);
        story
            .sent_to(4, 4, OTHER)
            .received_from(4, 4, 512, OTHER)
            .closed(4);
        story
            .udp(5)
            .bound(5, SERVER)
            .received_from(5, 4, 512, OTHER)
            .closed(5);
        assert_eq!(story.marks(), [""; 0]);
    }
}
