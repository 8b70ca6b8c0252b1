//! S01: a server binds a fixed TCP port without SO_REUSEADDR, so that a restart may be refused.

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Note, Saying, SocketId, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NoReuse::default()),
};

const ABOUT: About = About {
    id: "S01",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Keeps every bind without the option until it is seen to be a server's.
#[derive(Default)]
struct NoReuse {
    bare: FxHashMap<SocketId, Spot>,
}

impl Rule for NoReuse {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Bound { local } if local.inet().is_some() => {
                let bare = scene.socket(event.socket).is_some_and(|state| {
                    state.is_tcp() && !state.has("SO_REUSEADDR") && !state.has("SO_REUSEPORT")
                });
                if bare {
                    self.bare.insert(event.socket, Spot::of(event));
                }
            }
            Kind::Listening { local, .. } => {
                let Some(spot) = self.bare.remove(&event.socket) else {
                    return;
                };
                let fix =
                    scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("address", Value::Address(local.clone())),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                found.push(spot.finding(&ABOUT, Weight::Risk, words));
            }
            // Too late it is, but that is S38's to say.
            Kind::Configured { option, .. }
                if matches!(&**option, "SO_REUSEADDR" | "SO_REUSEPORT") =>
            {
                self.bare.remove(&event.socket);
            }
            Kind::Noted(Note::PortChosen) | Kind::Closed { .. } => {
                self.bare.remove(&event.socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a server without SO_REUSEADDR" | "un servidor sin SO_REUSEADDR";
        SHORT = "no SO_REUSEADDR" | "falta SO_REUSEADDR";
        HAPPENED = "{address} was bound without SO_REUSEADDR: after a clean close by the server, a restart within 60 s gets EADDRINUSE"
            | "bind() a {address} sin SO_REUSEADDR: si el servidor cierra primero y limpio, al reiniciarlo antes de 60 s dará EADDRINUSE";
        WHY = "who closes a connection first keeps its port in TIME_WAIT for 60 s, and bind() refuses a port with such rests unless they too had the option"
            | "quien cierra primero una conexión deja su puerto 60 s en TIME_WAIT, y bind() rechaza un puerto con esos restos si no tenían también la opción";
        FIX_C = "before bind(), in every run: int on = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);"
            | "antes de bind(), en cada ejecución: int on = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);";
        FIX_PYTHON = "before bind(), in every run: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
            | "antes de bind(), en cada ejecución: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)";
        FIX_NODE = "listen with net.createServer().listen(port), which sets SO_REUSEADDR"
            | "escucha con net.createServer().listen(port), que activa SO_REUSEADDR";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn listens(story: &mut Story, socket: u32, local: &str) {
        let local = at(local);
        story.event(socket, Kind::Listening { local, backlog: 5 });
    }

    #[test]
    fn a_server_on_a_fixed_port_without_the_option_is_told_at_its_bind() {
        let mut story = Story::of("python3 server.py");
        story.tcp(1).line(3).bound(1, "127.0.0.1:5000");
        listens(&mut story, 1, "127.0.0.1:5000");
        let place = story.found("S01").place.clone();
        assert_eq!(place.map(|place| place.line), Some(3));
        assert_eq!(story.marks(), ["! S01"]);
    }

    #[test]
    fn either_option_before_bind_is_enough() {
        for option in ["SO_REUSEADDR", "SO_REUSEPORT"] {
            let mut story = Story::of("python3 server.py");
            story.tcp(1).set(1, option, "1").bound(1, "0.0.0.0:5000");
            listens(&mut story, 1, "0.0.0.0:5000");
            assert_eq!(story.marks(), [""; 0], "{option}");
        }
    }

    #[test]
    fn an_option_that_is_switched_off_does_not_count() {
        let mut story = Story::of("./server");
        story
            .tcp(1)
            .set(1, "SO_REUSEADDR", "0")
            .bound(1, "0.0.0.0:5000");
        listens(&mut story, 1, "0.0.0.0:5000");
        assert_eq!(story.marks(), ["! S01"]);
    }

    #[test]
    fn a_port_of_the_systems_choice_a_client_and_a_unix_server_need_no_option() {
        let mut story = Story::of("python3 server.py");
        story.tcp(1).bound(1, "127.0.0.1:40123");
        story.event(1, Kind::Noted(Note::PortChosen));
        listens(&mut story, 1, "127.0.0.1:40123");
        story.tcp(2).bound(2, "127.0.0.1:6000");
        story.connected(2, "127.0.0.1:6000", "127.0.0.1:40123");
        story.created(3, sockeye_model::Family::Unix, sockeye_model::Type::Stream);
        story.bound(3, "/tmp/a.sock");
        listens(&mut story, 3, "/tmp/a.sock");
        story.udp(4).bound(4, "127.0.0.1:5005");
        assert_eq!(story.marks(), [""; 0]);
    }
}
