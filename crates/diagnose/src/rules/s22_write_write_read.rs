//! S22: small sends in a row, then a receive: Nagle's algorithm waits for an acknowledgement that the peer delays.

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(WriteWriteRead::default()),
};

const ABOUT: About = About {
    id: "S22",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Less than any segment holds: 1,500 bytes of Ethernet less headers and options.
const SMALL: u64 = 1_400;

/// Linux delays an acknowledgement by 40 ms (`TCP_DELACK_MIN`), rounded up to its ticks; the rest is the two programs' own time.
const DELAYED: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(39)..=Duration::from_millis(60);

/// Rounds in a row that have to look so before it is no coincidence.
const ROUNDS: u32 = 3;

/// How each connection has been used.
#[derive(Default)]
struct WriteWriteRead {
    sockets: FxHashMap<SocketId, Rounds>,
}

#[derive(Default)]
struct Rounds {
    /// Small sends since the last receive.
    sends: u32,
    /// The last of them.
    last: Option<(Timestamp, Spot)>,
    /// Slow rounds in a row, and how long they took together.
    slow: u32,
    lost: Duration,
}

impl Rule for WriteWriteRead {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Sent { asked, .. } => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                if !nagles(state, scene) {
                    return;
                }
                let rounds = self.sockets.entry(event.socket).or_default();
                if *asked >= SMALL {
                    rounds.sends = 0;
                    rounds.last = None;
                    rounds.slow = 0;
                    return;
                }
                rounds.sends += 1;
                rounds.last = Some((event.at, Spot::of(event)));
            }
            Kind::Received { .. } => {
                let Some(rounds) = self.sockets.get_mut(&event.socket) else {
                    return;
                };
                let sends = std::mem::take(&mut rounds.sends);
                let Some((sent, spot)) = rounds.last.take() else {
                    return;
                };
                let waited = event.at.since(sent);
                if sends < 2 || !DELAYED.contains(&waited) {
                    rounds.slow = 0;
                    rounds.lost = Duration::ZERO;
                    return;
                }
                rounds.slow += 1;
                rounds.lost += waited;
                let (times, lost) = match rounds.slow {
                    ROUNDS => (u64::from(ROUNDS), rounds.lost / ROUNDS),
                    more if more > ROUNDS => (1, waited),
                    _ => return,
                };
                let mut finding = tell(spot, lost, sends, scene);
                finding.times = times;
                found.push(finding);
            }
            Kind::Configured { option, .. } if option == "TCP_NODELAY" || option == "TCP_CORK" => {
                self.sockets.remove(&event.socket);
            }
            Kind::Closed { .. } => {
                self.sockets.remove(&event.socket);
            }
            _ => {}
        }
    }
}

/// Whether Nagle's algorithm works on this connection, and its peer is so near that a wait is not the way's.
fn nagles(state: &SocketState, scene: &Scene) -> bool {
    let set = |state: &SocketState| state.has("TCP_NODELAY") || state.has("TCP_CORK");
    let inherited = state.parent.and_then(|parent| scene.socket(parent));
    let here = match (&state.local, &state.peer) {
        (Some(local), Some(peer)) => {
            peer.is_local() || local.inet().map(|at| at.ip()) == peer.inet().map(|at| at.ip())
        }
        _ => false,
    };
    state.is_tcp() && here && !set(state) && !inherited.is_some_and(set)
}

fn tell(spot: Spot, lost: Duration, sends: u32, scene: &Scene) -> Finding {
    let fix = scene.in_tongue(spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
    let words = Words {
        short: Saying::of(words::SHORT).with("time", Value::Time(lost)),
        happened: Saying::of(words::HAPPENED)
            .with("count", Value::Count(sends.into()))
            .with("time", Value::Time(lost)),
        why: Saying::of(words::WHY),
        fix: Saying::of(fix),
    };
    spot.finding(&ABOUT, Weight::Risk, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "write, write, read: 40 ms lost each round" | "escribir, escribir, leer: 40 ms perdidos por vuelta";
        SHORT = "write-write-read: {time} lost each round" | "escribir-escribir-leer: {time} perdidos por vuelta";
        HAPPENED = "{count} small sends in a row and then a receive that took {time}, three times or more in a row"
            | "{count} envíos pequeños seguidos y después una recepción que tardó {time}, tres veces o más seguidas";
        WHY = "Nagle's algorithm holds back the second small piece until the first is acknowledged, and the other kernel delays that by 40 ms because it has no answer to send it with"
            | "el algoritmo de Nagle retiene el segundo trozo pequeño hasta que se confirma el primero, y el otro núcleo lo retrasa 40 ms porque no tiene respuesta con la que enviarlo";
        FIX_C = "send the whole message in one call (writev, or one buffer); else setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)"
            | "envía el mensaje entero en una llamada (writev, o un solo búfer); si no, setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)";
        FIX_PYTHON = "send the whole message in one call: s.sendall(head + body); else s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)"
            | "envía el mensaje entero en una llamada: s.sendall(cabecera + cuerpo); si no, s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)";
        FIX_NODE = "write the whole message at once (socket.cork(), write, write, socket.uncork()); else socket.setNoDelay(true)"
            | "escribe el mensaje entero de una vez (socket.cork(), write, write, socket.uncork()); si no, socket.setNoDelay(true)";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    fn client(peer: &str) -> Story {
        let mut story = Story::of("python3 client.py");
        story.tcp(1).connected(1, "127.0.0.1:40001", peer);
        story
    }

    fn round(story: &mut Story, sends: u32, milliseconds: u64) {
        for _ in 0..sends {
            story.sent(1, 20);
        }
        story.after(milliseconds).received(1, 20, 1024);
    }

    #[test]
    fn three_rounds_of_write_write_read_that_wait_for_the_acknowledgement_are_told() {
        let mut story = client("127.0.0.1:5000");
        for _ in 0..5 {
            round(&mut story, 2, 43);
        }
        assert_eq!(story.marks(), ["! S22"]);
        assert_eq!(story.findings()[0].times, 5);
    }

    #[test]
    fn two_rounds_may_be_chance_and_so_may_three_with_a_quick_one_between() {
        let mut story = client("127.0.0.1:5000");
        for milliseconds in [43, 43, 1, 43, 43] {
            round(&mut story, 2, milliseconds);
        }
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn one_send_a_round_waits_for_the_peer_not_for_an_acknowledgement() {
        let mut story = client("127.0.0.1:5000");
        for _ in 0..5 {
            round(&mut story, 1, 43);
        }
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn without_nagle_or_from_afar_the_wait_has_another_reason() {
        let mut nodelay = client("127.0.0.1:5000");
        nodelay.set(1, "TCP_NODELAY", "1");
        let mut afar = client("192.0.2.1:5000");
        for _ in 0..5 {
            round(&mut nodelay, 2, 43);
            round(&mut afar, 2, 43);
        }
        assert_eq!(nodelay.marks(), [""; 0]);
        assert_eq!(afar.marks(), [""; 0]);
    }

    #[test]
    fn an_accepted_socket_inherits_the_option_of_its_listener() {
        let mut story = Story::of("./server");
        story
            .listener(2, "127.0.0.1:5000")
            .set(2, "TCP_NODELAY", "1");
        story.accepted(2, 1, "127.0.0.1:5000", "127.0.0.1:40001");
        for _ in 0..5 {
            round(&mut story, 2, 43);
        }
        assert_eq!(story.marks(), [""; 0]);
    }
}
