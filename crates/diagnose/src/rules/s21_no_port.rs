//! S21: waiting for datagrams on a socket that has no port, so that none can arrive.

use sockeye_model::{Event, Finding, Kind, Saying, Value, Weight};

use super::{Words, at_call, receives};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NoPort),
};

const ABOUT: About = About {
    id: "S21",
    weight: Weight::Mistake,
    title: words::TITLE,
};

struct NoPort;

impl Rule for NoPort {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Kind::Waiting { call } = &event.kind else {
            return;
        };
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        // A failed send gives it a port as well; but then the socket was asked to send, and `tried_to_send` says so.
        let nameless = state.is_udp()
            && !state.foreign
            && state
                .local
                .as_ref()
                .is_none_or(|local| local.port() == Some(0))
            && !state.asked_to_connect
            && !state.tried_to_send;
        if !nameless || !receives(*call) {
            return;
        }
        let fix = scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED)
                .with("call", Value::Call(*call))
                .with("socket", Value::Socket(event.socket)),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix),
        };
        found.push(at_call(&ABOUT, Weight::Mistake, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "waiting for datagrams without a port" | "esperar datagramas sin tener puerto";
        SHORT = "it has no port: nothing can arrive" | "no tiene puerto: no puede llegar nada";
        HAPPENED = "{call}() waits on {socket}, which has no port yet: nothing can ever arrive"
            | "{call}() espera en {socket}, que aún no tiene puerto: nunca llegará nada";
        WHY = "a UDP socket gets its port by bind(), or by its first send"
            | "un socket UDP recibe su puerto con bind(), o al enviar por primera vez";
        FIX_C = "call bind() first, or send first" | "llama antes a bind(), o envía antes";
        FIX_PYTHON = "call s.bind(('', 5005)) before recvfrom(); or begin with sendto()"
            | "llama a s.bind(('', 5005)) antes de recvfrom(); o empieza con sendto()";
        FIX_NODE = "before waiting for messages: socket.bind(5005)" | "antes de esperar mensajes: socket.bind(5005)";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Errno};

    use crate::story::Story;

    #[test]
    fn a_socket_without_a_port_waits_in_vain() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).waits(1, Call::RecvFrom);
        assert_eq!(story.marks(), ["✗ S21"]);
    }

    #[test]
    fn bind_connect_and_send_each_give_a_port() {
        let mut story = Story::of("python3 server.py");
        story
            .udp(1)
            .bound(1, "127.0.0.1:5005")
            .waits(1, Call::RecvFrom);
        story
            .udp(2)
            .connected(2, "127.0.0.1:40000", "127.0.0.1:5005");
        story.waits(2, Call::Recv);
        story
            .udp(3)
            .sent_to(3, 5, "127.0.0.1:5005")
            .waits(3, Call::RecvFrom);
        story
            .udp(4)
            .fails(4, Call::SendTo, Errno::ENETUNREACH)
            .waits(4, Call::RecvFrom);
        assert_eq!(story.marks(), [""; 0]);
    }
}
