//! S02: bind() was refused because the address is taken; says who has it.

use std::net::SocketAddr;

use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Note, ProcessName, Saying, SocketAddress, SocketId,
    Timestamp, Value, Weight,
};

use super::second_try::SecondTry;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(AddressInUse::default()),
};

const ABOUT: About = About {
    id: "S02",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Waits, after a refused bind, for the note that says who holds the address.
#[derive(Default)]
struct AddressInUse {
    refused: Option<Refused>,
    held: SecondTry,
}

struct Refused {
    spot: Spot,
    address: SocketAddress,
    /// `SO_REUSEADDR` was set on the socket that was refused.
    reuse: bool,
}

impl Rule for AddressInUse {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.look(event, scene, found);
        self.held.event(event, scene, found);
    }

    fn passes(&mut self, at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.held.passes(at, found);
    }

    fn finish(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.unanswered(at, scene, found);
        self.held.finish(found);
    }
}

impl AddressInUse {
    fn look(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Failed {
                call: Call::Bind,
                errno: Errno::EADDRINUSE,
                address: Some(address),
            } => {
                self.unanswered(event.at, scene, found);
                let refused = Refused {
                    spot: Spot::of(event),
                    address: address.clone(),
                    reuse: scene
                        .socket(event.socket)
                        .is_some_and(|state| state.has("SO_REUSEADDR")),
                };
                match own_socket(event.socket, address, scene) {
                    Some(own) => self.held.hold(refused.by_own(own), event.at, scene, found),
                    None => self.refused = Some(refused),
                }
            }
            Kind::Noted(Note::Holder {
                process, resting, ..
            }) if self.awaits(event.socket) => {
                if let Some(refused) = self.refused.take() {
                    let finding = refused.by(process.as_ref(), *resting, scene);
                    self.held.hold(finding, event.at, scene, found);
                }
            }
            // The file of a UNIX socket that is no more is S41's.
            Kind::Noted(Note::Leftover { .. }) if self.awaits(event.socket) => self.refused = None,
            Kind::Noted(_) => {}
            _ if self
                .refused
                .as_ref()
                .is_some_and(|it| it.spot.by == event.by) =>
            {
                self.unanswered(event.at, scene, found);
            }
            _ => {}
        }
    }

    fn awaits(&self, socket: SocketId) -> bool {
        self.refused
            .as_ref()
            .is_some_and(|refused| refused.spot.socket == socket)
    }

    /// Nobody could say who holds it. Of a path that alone is told: it may as well be a file that was left behind.
    fn unanswered(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        if let Some(refused) = self.refused.take()
            && !matches!(refused.address, SocketAddress::UnixPath(_))
        {
            let happened = refused.say(words::UNSEEN);
            let finding = refused.finding(happened, Saying::of(words::FIX_HELD));
            self.held.hold(finding, at, scene, found);
        }
    }
}

impl Refused {
    fn say(&self, text: sockeye_model::text::Text) -> Saying {
        Saying::of(text).with("address", Value::Address(self.address.clone()))
    }

    fn finding(&self, happened: Saying, fix: Saying) -> Finding {
        let words = Words {
            short: Saying::of(words::SHORT),
            happened,
            why: Saying::of(words::WHY),
            fix,
        };
        self.spot.finding(&ABOUT, Weight::Mistake, words)
    }

    fn by(&self, process: Option<&ProcessName<'_>>, resting: u32, scene: &Scene) -> Finding {
        match process {
            Some(process) => {
                let happened = self
                    .say(words::HELD)
                    .with("name", Value::Name(process.name.clone().into_owned()))
                    .with("pid", Value::Word(process.pid.to_string().into()));
                self.finding(happened, Saying::of(words::FIX_HELD))
            }
            None if resting > 0 => {
                let happened = self
                    .say(words::RESTING)
                    .with("count", Value::Count(resting.into()));
                let fix = match self.reuse {
                    true => Saying::of(words::FIX_RESTING_SET),
                    false => Saying::of(words::FIX_RESTING).with(
                        "code",
                        Value::Text(scene.in_tongue(
                            self.spot.by,
                            words::REUSE_C,
                            words::REUSE_PYTHON,
                            words::REUSE_NODE,
                        )),
                    ),
                };
                self.finding(happened, fix)
            }
            None => self.finding(self.say(words::UNSEEN), Saying::of(words::FIX_HELD)),
        }
    }

    fn by_own(&self, (socket, state): (SocketId, &SocketState)) -> Finding {
        let happened = match &state.bound_at {
            Some(place) => self
                .say(words::OWN_AT)
                .with("place", Value::Place(place.clone())),
            None => self.say(words::OWN),
        };
        let happened = happened.with("socket", Value::Socket(socket));
        self.finding(happened, Saying::of(words::FIX_OWN))
    }
}

/// The socket of the same program that has the address already.
fn own_socket<'a>(
    refused: SocketId,
    address: &SocketAddress,
    scene: &'a Scene,
) -> Option<(SocketId, &'a SocketState)> {
    let kind = scene.socket(refused)?.created?.1;
    scene.sockets().find(|(id, state)| {
        *id != refused
            && !state.foreign
            && state.created.is_some_and(|(_, other, _)| other == kind)
            && state
                .bound
                .as_ref()
                .is_some_and(|bound| clash(bound, address))
    })
}

fn clash(bound: &SocketAddress, asked: &SocketAddress) -> bool {
    let covers = |wide: SocketAddr, other: SocketAddr| {
        wide.ip().is_unspecified() && (wide.is_ipv6() || other.is_ipv4())
    };
    match (bound.inet(), asked.inet()) {
        (Some(bound), Some(asked)) => {
            bound.port() == asked.port()
                && (bound.ip() == asked.ip() || covers(bound, asked) || covers(asked, bound))
        }
        _ => bound == asked,
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "the address is taken" | "la dirección está ocupada";
        SHORT = "the address is taken" | "la dirección está ocupada";
        HELD = "{address} is held by {name} (pid {pid})" | "{address} lo tiene {name} (pid {pid})";
        RESTING = "nobody listens on {address}: {count} old {count:connection rests|connections rest} there in TIME_WAIT"
            | "nadie escucha en {address}: allí {count:reposa|reposan} {count} {count:conexión antigua|conexiones antiguas} en TIME_WAIT";
        UNSEEN = "{address} is held by a process that cannot be seen from here"
            | "{address} lo tiene un proceso que desde aquí no se puede ver";
        OWN = "{address} is held by this program itself, by its socket {socket}"
            | "{address} lo tiene este mismo programa, con su socket {socket}";
        OWN_AT = "{address} is held by this program itself, by its socket {socket} of {place}"
            | "{address} lo tiene este mismo programa, con su socket {socket} de {place}";
        WHY = "an address and port belong to one listening socket at a time"
            | "una dirección con su puerto pertenece a un solo socket que escucha a la vez";
        FIX_HELD = "end that process, or bind another port" | "termina ese proceso o usa otro puerto en bind()";
        FIX_OWN = "close() that socket first, or go on with it" | "cierra antes ese socket con close(), o sigue usándolo";
        FIX_RESTING = "wait a minute, and from now on, before bind(): {code}"
            | "espera un minuto y, desde ahora, antes de bind(): {code}";
        FIX_RESTING_SET = "wait a minute, once: SO_REUSEADDR is set here, but it was not in the run before"
            | "espera un minuto, solo esta vez: aquí SO_REUSEADDR está activado, pero en la ejecución anterior no lo estaba";
        REUSE_C = "int on = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);"
            | "int on = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);";
        REUSE_PYTHON = "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
            | "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)";
        REUSE_NODE = "nothing: Node sets SO_REUSEADDR itself" | "nada: Node activa SO_REUSEADDR por sí mismo";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::text::Language;

    use super::*;
    use crate::story::{Story, at};

    fn holder(process: Option<(u32, &'static str)>, resting: u32) -> Kind<'static> {
        Kind::Noted(Note::Holder {
            address: at("127.0.0.1:5000"),
            process: process.map(|(pid, name)| ProcessName {
                pid,
                name: name.into(),
            }),
            resting,
        })
    }

    fn refused() -> Story {
        let mut story = Story::of("python3 server.py");
        story.tcp(1).set(1, "SO_REUSEADDR", "1").failed(
            1,
            Call::Bind,
            Errno::EADDRINUSE,
            at("127.0.0.1:5000"),
        );
        story
    }

    fn happened(story: &Story) -> &'static str {
        story.found("S02").happened.text.say(Language::English)
    }

    #[test]
    fn the_process_that_holds_the_address_is_named() {
        let mut story = refused();
        story.event(1, holder(Some((812, "python3")), 0));
        assert_eq!(story.marks(), ["✗ S02"]);
        assert_eq!(happened(&story), words::HELD.english);
    }

    #[test]
    fn connections_that_rest_there_are_told_with_what_left_them() {
        let mut story = refused();
        story.event(1, holder(None, 3));
        assert_eq!(story.marks(), ["✗ S02"]);
        assert_eq!(happened(&story), words::RESTING.english);
        assert_eq!(story.found("S02").fix.text, words::FIX_RESTING_SET);
    }

    #[test]
    fn a_socket_of_the_program_itself_is_named() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "0.0.0.0:5000").tcp(2).failed(
            2,
            Call::Bind,
            Errno::EADDRINUSE,
            at("127.0.0.1:5000"),
        );
        assert_eq!(story.marks(), ["✗ S02"]);
        assert_eq!(happened(&story), words::OWN.english);
    }

    #[test]
    fn it_is_told_also_when_nobody_can_say_who_holds_it() {
        let mut story = refused();
        story.closed(1);
        assert_eq!(story.marks(), ["✗ S02"]);
        assert_eq!(happened(&story), words::UNSEEN.english);
    }

    #[test]
    fn a_program_that_takes_the_next_port_is_told_as_a_hint() {
        let mut story = refused();
        story.event(1, holder(Some((812, "vite")), 0));
        story.bound(1, "127.0.0.1:5001");
        assert_eq!(story.exits(Ok(0)).marks(), ["i S02"]);
        let mut story = refused();
        story.event(1, holder(None, 3)).closed(1).exits(Ok(1));
        assert_eq!(story.marks(), ["✗ S02"]);
    }

    #[test]
    fn a_server_that_goes_on_without_the_address_is_told_of_it_while_it_runs() {
        let mut story = refused();
        story.event(1, holder(Some((812, "python3")), 0)).closed(1);
        story.passes(2_000);
        assert!(story.findings().is_empty());
        story.passes(1_100);
        assert_eq!(story.found("S02").weight, Weight::Hint);
        story.passes(60_000);
        assert_eq!(story.exits(Ok(1)).marks(), ["i S02", "✗ S02"]);
        assert_eq!(story.found("S02").times, 1);
    }

    #[test]
    fn a_server_that_tries_the_same_address_until_it_is_free_has_made_no_mistake() {
        let mut story = refused();
        for _ in 0..200 {
            story.event(1, holder(Some((812, "python3")), 0)).closed(1);
            story.after(1_000).tcp(1).failed(
                1,
                Call::Bind,
                Errno::EADDRINUSE,
                at("127.0.0.1:5000"),
            );
        }
        story.event(1, holder(Some((812, "python3")), 0));
        story.bound(1, "127.0.0.1:5000");
        assert_eq!(story.marks(), ["i S02"]);
        assert_eq!(story.found("S02").times, 201);
    }

    #[test]
    fn a_path_of_which_nothing_is_known_is_not_said_to_be_held() {
        let mut story = Story::of("python3 server.py");
        story.created(1, sockeye_model::Family::Unix, sockeye_model::Type::Stream);
        story.failed(1, Call::Bind, Errno::EADDRINUSE, at("/run/a.sock"));
        assert_eq!(story.closed(1).marks(), [""; 0]);
    }
}
