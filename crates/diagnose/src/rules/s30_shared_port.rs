//! S30: two UDP servers on one port, where only the last one hears anything.

use rustc_hash::FxHashSet;
use sockeye_model::{Event, Finding, Kind, Note, Saying, SocketId, Value, Weight};

use super::serves::serves;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState, owned};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(SharedPort::default()),
};

const ABOUT: About = About {
    id: "S30",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// The sockets that were told.
#[derive(Default)]
struct SharedPort {
    told: FxHashSet<SocketId>,
}

impl Rule for SharedPort {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        if matches!(
            event.kind,
            Kind::Closed { .. } | Kind::Noted(Note::Runtime { .. })
        ) {
            self.told.remove(&event.socket);
            return;
        }
        let Some(state) = scene.socket(event.socket).filter(|state| shares(state)) else {
            return;
        };
        if serves(event, scene).is_none() || self.told.contains(&event.socket) {
            return;
        }
        // The one that was bound first hears nothing from then on.
        let earlier = scene
            .sockets()
            .find(|(id, other)| *id < event.socket && shares(other) && other.bound == state.bound);
        let (Some((earlier, other)), Some(address)) = (earlier, state.bound.clone()) else {
            return;
        };
        self.told.insert(event.socket);
        let mut spot = Spot::of(event);
        spot.place = state
            .bound_at
            .clone()
            .or_else(|| event.place.clone().map(owned));
        let happened = match other.maker {
            Some(pid) if Some(pid) != state.maker => {
                Saying::of(words::OTHER_PROCESS).with("pid", Value::Word(pid.to_string().into()))
            }
            _ => Saying::of(words::SAME_PROCESS),
        };
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: happened
                .with("address", Value::Address(address))
                .with("earlier", Value::Socket(earlier)),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        found.push(spot.finding(&ABOUT, Weight::Risk, words));
    }
}

/// Whether the socket is a UDP server's that lets others have its port, and means neither a group nor one peer nor a fair share.
fn shares(state: &SocketState) -> bool {
    let group = state
        .options
        .keys()
        .any(|option| option.contains("MEMBERSHIP") || option.contains("JOIN"));
    let bound = state.bound.as_ref().and_then(|bound| bound.inet());
    state.is_udp()
        && state.has("SO_REUSEADDR")
        && !state.has("SO_REUSEPORT")
        && !state.has("SO_BROADCAST")
        && !state.connected
        && !group
        && bound.is_some_and(|bound| !bound.ip().is_multicast())
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "two UDP servers on one port" | "dos servidores UDP en un puerto";
        SHORT = "another UDP socket has this port too" | "otro socket UDP tiene también este puerto";
        OTHER_PROCESS = "{address} is bound twice: this socket takes every datagram from now on, and {earlier} of pid {pid} gets none"
            | "{address} está ocupada dos veces: este socket recibe desde ahora todos los datagramas, y {earlier} de pid {pid} ninguno";
        SAME_PROCESS = "{address} is bound twice: this socket takes every datagram from now on, and {earlier} gets none"
            | "{address} está ocupada dos veces: este socket recibe desde ahora todos los datagramas, y {earlier} ninguno";
        WHY = "for UDP, SO_REUSEADDR lets several sockets bind the same address, without a word; each datagram to it goes to one of them"
            | "en UDP, SO_REUSEADDR deja que varios sockets ocupen la misma dirección, sin decir nada; cada datagrama va a uno de ellos";
        FIX = "leave SO_REUSEADDR out: UDP has no TIME_WAIT, and bind() then says EADDRINUSE; to share the load, SO_REUSEPORT on all of them"
            | "quita SO_REUSEADDR: UDP no tiene TIME_WAIT, y bind() dirá EADDRINUSE; para repartir la carga, SO_REUSEPORT en todos";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Call;

    use crate::story::Story;

    fn two(before: &[&str], after: &[&str]) -> Vec<String> {
        let mut story = Story::of("python3 server.py");
        for socket in [1, 2] {
            story.udp(socket);
            for option in before {
                story.set(socket, option, "1");
            }
            story.bound(socket, "0.0.0.0:5005");
            for option in after {
                story.set(socket, option, "1");
            }
        }
        story
            .waits(2, Call::RecvFrom)
            .received_from(2, 4, 512, "127.0.0.1:40001");
        story.waits(2, Call::RecvFrom);
        story.marks()
    }

    #[test]
    fn a_second_server_on_the_same_port_is_told() {
        assert_eq!(two(&["SO_REUSEADDR"], &[]), ["! S30"]);
    }

    #[test]
    fn a_fair_share_and_a_group_are_meant() {
        assert_eq!(two(&["SO_REUSEPORT"], &[]), [""; 0]);
        assert_eq!(two(&["SO_REUSEADDR", "SO_REUSEPORT"], &[]), [""; 0]);
        assert_eq!(two(&["SO_REUSEADDR"], &["IP_ADD_MEMBERSHIP"]), [""; 0]);
    }

    #[test]
    fn a_socket_of_one_peer_beside_the_server_is_meant() {
        let mut story = Story::of("./server");
        story
            .udp(1)
            .set(1, "SO_REUSEADDR", "1")
            .bound(1, "0.0.0.0:5005");
        story
            .udp(2)
            .set(2, "SO_REUSEADDR", "1")
            .bound(2, "0.0.0.0:5005");
        story
            .connected(2, "127.0.0.1:5005", "127.0.0.1:40001")
            .waits(2, Call::Recv);
        assert_eq!(story.marks(), [""; 0]);
    }
}
