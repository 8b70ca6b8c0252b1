//! S10: send() took a part, and the rest was never sent.

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Call, End, Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Spot, Words, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(PartialSend::default()),
};

const ABOUT: About = About {
    id: "S10",
    weight: Weight::Mistake,
    title: words::TITLE,
};

#[derive(Default)]
struct PartialSend {
    open: FxHashMap<SocketId, Partial>,
    /// Programs that have gone on after a partial send: what they leave unsent when they close is by intent.
    go_on: FxHashSet<u32>,
}

struct Partial {
    spot: Spot,
    taken: u64,
    asked: u64,
    /// Where the rest begins in the program's memory.
    rest: Option<u64>,
}

impl Rule for PartialSend {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let program = || event.by.map(|by| scene.program_of(by.process));
        match &event.kind {
            Kind::Sent {
                call,
                payload,
                asked,
                buffer,
                ..
            } => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                if !state.is_stream() {
                    return;
                }
                if let Some(partial) = self.open.remove(&event.socket) {
                    let goes_on = (partial.rest.is_some() && partial.rest == *buffer)
                        || *asked == partial.asked - partial.taken;
                    if goes_on {
                        self.go_on.extend(program());
                    } else {
                        found.push(partial.finding(scene));
                    }
                }
                // What sendfile and splice are asked for is a limit: a file may well be shorter.
                let limited = matches!(call, Call::SendFile | Call::Splice);
                if payload.len() < *asked && !limited {
                    let partial = Partial {
                        spot: Spot::of(event),
                        taken: payload.len(),
                        asked: *asked,
                        rest: buffer.map(|start| start.saturating_add(payload.len())),
                    };
                    self.open.insert(event.socket, partial);
                }
            }
            // The peer has gone, or a call fails: no use to go on.
            Kind::HalfClosed { end: End::Peer } => {
                self.open.remove(&event.socket);
            }
            Kind::Failed { call, .. } if sends(*call) || super::receives(*call) => {
                self.open.remove(&event.socket);
            }
            // Closed by the program itself, or its own word that nothing more will come.
            Kind::HalfClosed { end: End::Ours } => self.ends(event, scene, program(), found),
            Kind::Closed { .. } if event.took.is_some() => {
                self.ends(event, scene, program(), found);
            }
            Kind::Closed { .. } => {
                self.open.remove(&event.socket);
            }
            _ => {}
        }
    }
}

impl PartialSend {
    fn ends(
        &mut self,
        event: &Event<'_>,
        scene: &Scene,
        program: Option<u32>,
        found: &mut Vec<Finding>,
    ) {
        if let Some(partial) = self.open.remove(&event.socket)
            && program.is_some_and(|program| !self.go_on.contains(&program))
        {
            found.push(partial.finding(scene));
        }
    }
}

impl Partial {
    fn finding(self, scene: &Scene) -> Finding {
        let by = self.spot.by;
        let fix = scene.in_tongue(by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
        let words = Words {
            short: Saying::of(words::SHORT)
                .with("taken", Value::Bytes(self.taken))
                .with("asked", Value::Bytes(self.asked)),
            happened: Saying::of(words::HAPPENED)
                .with("taken", Value::Bytes(self.taken))
                .with("asked", Value::Bytes(self.asked)),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix),
        };
        self.spot.finding(&ABOUT, Weight::Mistake, words)
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "the rest was never sent" | "el resto no se envió";
        SHORT = "only {taken} of {asked} {taken:was|were} taken" | "solo se {taken:tomó|tomaron} {taken} de {asked}";
        HAPPENED = "only {taken} of {asked} {taken:was|were} taken, and the rest was never sent"
            | "solo se {taken:tomó|tomaron} {taken} de {asked}, y el resto no se envió nunca";
        WHY = "on a non-blocking socket, or one with a timeout, send() takes what fits into the kernel's buffer and says how much that was"
            | "en un socket no bloqueante o con tiempo límite, send() toma lo que cabe en el búfer del núcleo y dice cuánto fue";
        FIX_C = "send in a loop what is left, from buffer + n on, until nothing is; wait with poll() on EAGAIN"
            | "envía en un bucle lo que queda, desde buffer + n, hasta acabar; con EAGAIN espera con poll()";
        FIX_PYTHON = "call conn.sendall(data) instead of conn.send(data)" | "usa conn.sendall(data) en vez de conn.send(data)";
        FIX_NODE = "socket.end(data) waits until all of it went; destroy() does not"
            | "socket.end(data) espera a que salga todo; destroy() no";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Errno};

    use crate::story::Story;

    fn client() -> Story {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000")
            .sent_of(1, 3_919_467, 20_000_000, 0x10_0000);
        story
    }

    #[test]
    fn closing_after_a_part_is_told() {
        assert_eq!(client().closed(1).marks(), ["✗ S10"]);
        assert_eq!(client().shut_down(1).marks(), ["✗ S10"]);
    }

    #[test]
    fn sending_something_else_after_a_part_is_told() {
        assert_eq!(client().sent_of(1, 5, 5, 0x9000).marks(), ["✗ S10"]);
    }

    #[test]
    fn going_on_where_it_stopped_is_right() {
        let mut story = client();
        let rest = 20_000_000 - 3_919_467;
        story.called(1, Call::Send, Err(Errno::EAGAIN));
        story.sent_of(1, 1_000, rest, 0x10_0000 + 3_919_467);
        // From a copy of what is left.
        story.sent_of(1, rest - 1_000, rest - 1_000, 0x50_0000);
        assert_eq!(story.closed(1).marks(), [""; 0]);
    }

    #[test]
    fn a_peer_that_leaves_and_a_program_that_knows_how_to_go_on_are_no_mistake() {
        assert_eq!(client().peer_ends(1).closed(1).marks(), [""; 0]);
        let mut story = client();
        story.fails(1, Call::Send, Errno::ECONNRESET).closed(1);
        assert!(!story.marks().contains(&"✗ S10".to_owned()));
        // A benchmark that stops in the middle.
        let mut story = client();
        story.sent_of(1, 500, 20_000_000 - 3_919_467, 0x10_0000 + 3_919_467);
        assert_eq!(story.closed(1).marks(), [""; 0]);
    }
}
