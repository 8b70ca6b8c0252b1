//! S27: ECONNREFUSED on a connected UDP socket is about a datagram that went before.

use sockeye_model::{Errno, Event, Finding, Kind, Saying, Value, Weight};

use super::{Words, at_call, receives, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(EarlierDatagram),
};

const ABOUT: About = About {
    id: "S27",
    weight: Weight::Hint,
    title: words::TITLE,
};

struct EarlierDatagram;

impl Rule for EarlierDatagram {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Kind::Failed {
            call,
            errno: Errno::ECONNREFUSED,
            ..
        } = &event.kind
        else {
            return;
        };
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        if !(sends(*call) || receives(*call)) || !state.is_udp() || !state.connected {
            return;
        }
        let Some(peer) = &state.peer else {
            return;
        };
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED)
                .with("call", Value::Call(*call))
                .with("peer", Value::Address(peer.clone())),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        found.push(at_call(&ABOUT, Weight::Hint, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "the refusal is an earlier datagram's" | "el rechazo es de un datagrama anterior";
        SHORT = "about an earlier datagram" | "es por un datagrama anterior";
        HAPPENED = "{call}() gave ECONNREFUSED (connection refused): nobody has UDP {peer} open"
            | "{call}() dio ECONNREFUSED (conexión rechazada): nadie tiene abierto UDP {peer}";
        WHY = "\"port unreachable\" came back for a datagram sent before, and the kernel gives the error to the next call"
            | "por un datagrama enviado antes volvió \"puerto inalcanzable\", y el núcleo da el error a la llamada siguiente";
        FIX = "start the server, or send again later"
            | "arranca el servidor o reenvía más tarde";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Call;

    use super::*;
    use crate::story::Story;

    #[test]
    fn the_refusal_of_a_connected_udp_socket_is_explained() {
        let mut story = Story::of("python3 client.py");
        story
            .udp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000")
            .sent(1, 5)
            .fails(1, Call::Recv, Errno::ECONNREFUSED);
        assert_eq!(story.marks(), ["i S27"]);
    }

    #[test]
    fn tcp_is_refused_at_once() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000");
        story.fails(1, Call::Recv, Errno::ECONNREFUSED);
        assert_eq!(story.marks(), [""; 0]);
    }
}
