//! S23: a stream is sent in a great many tiny pieces.

use std::collections::VecDeque;
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(TinySends::default()),
};

const ABOUT: About = About {
    id: "S23",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// A piece this small costs a call, and often a packet, for next to nothing.
const TINY: u64 = 16;
/// So many of them within [`WITHIN`], and nothing received between them: a conversation is not slow typing.
const MANY: usize = 100;
const WITHIN: Duration = Duration::from_secs(1);

/// When each connection has sent its last tiny pieces; `None` once it was told.
#[derive(Default)]
struct TinySends {
    sockets: FxHashMap<SocketId, Option<VecDeque<Timestamp>>>,
}

impl Rule for TinySends {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Sent { asked, .. } if *asked <= TINY => {
                if !scene
                    .socket(event.socket)
                    .is_some_and(|state| state.is_stream())
                {
                    return;
                }
                let tiny = self.sockets.entry(event.socket);
                let Some(times) = tiny.or_insert_with(|| Some(VecDeque::new())) else {
                    return;
                };
                times.push_back(event.at);
                if times.len() < MANY {
                    return;
                }
                let first = times.pop_front().unwrap_or(event.at);
                if event.at.since(first) > WITHIN {
                    return;
                }
                self.sockets.insert(event.socket, None);
                let count = || Value::Count(MANY as u64);
                let time = Value::Time(event.at.since(first));
                let fix =
                    scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
                let words = Words {
                    short: Saying::of(words::SHORT).with("count", count()),
                    happened: Saying::of(words::HAPPENED)
                        .with("count", count())
                        .with("bytes", Value::Bytes(TINY))
                        .with("time", time),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                found.push(at_call(&ABOUT, Weight::Hint, event, words));
            }
            Kind::Sent { .. } | Kind::Received { .. } => {
                if let Some(Some(times)) = self.sockets.get_mut(&event.socket) {
                    times.clear();
                }
            }
            Kind::Closed { .. } => {
                self.sockets.remove(&event.socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a great many tiny sends" | "muchísimos envíos diminutos";
        SHORT = "{count} tiny sends in a row" | "{count} envíos diminutos seguidos";
        HAPPENED = "{count} sends of at most {bytes} each within {time}, and nothing received between them"
            | "{count} envíos de como mucho {bytes} cada uno en {time}, sin recibir nada entre medias";
        WHY = "each is a system call, and often a packet with 40 bytes of headers and more" | "cada uno es una llamada al sistema, y a menudo un paquete con 40 bytes de cabeceras o más";
        FIX_C = "collect them in a buffer and send it when it is full or the message is complete (setvbuf with fdopen, writev)"
            | "reúnelos en un búfer y envíalo cuando esté lleno o el mensaje completo (setvbuf con fdopen, writev)";
        FIX_PYTHON = "collect them: f = s.makefile('wb'), f.write(piece) …, f.flush(); or s.sendall(b''.join(pieces))"
            | "reúnelos: f = s.makefile('wb'), f.write(trozo) …, f.flush(); o s.sendall(b''.join(trozos))";
        FIX_NODE = "collect them: socket.cork(), socket.write(piece) …, socket.uncork()" | "reúnelos: socket.cork(), socket.write(trozo) …, socket.uncork()";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    fn client() -> Story {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40001", "127.0.0.1:5000");
        story
    }

    #[test]
    fn a_hundred_tiny_sends_in_a_second_are_told_once() {
        let mut story = client();
        for _ in 0..300 {
            story.sent(1, 1);
        }
        assert_eq!(story.marks(), ["i S23"]);
    }

    #[test]
    fn typing_question_and_answer_and_large_pieces_are_right() {
        let mut typing = client();
        let mut asking = client();
        let mut large = client();
        for _ in 0..300 {
            typing.after(20).sent(1, 1);
            asking.sent(1, 8).received(1, 8, 64);
            large.sent(1, 17);
        }
        assert_eq!(typing.marks(), [""; 0]);
        assert_eq!(asking.marks(), [""; 0]);
        assert_eq!(large.marks(), [""; 0]);
    }
}
