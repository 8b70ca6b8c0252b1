//! S11: receiving again and again although 0 B has said that the other side has finished.

use rustc_hash::FxHashMap;
use sockeye_model::{End, Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(AsksOn::default()),
};

const ABOUT: About = About {
    id: "S11",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Ends in a row that make a loop: one is news, a second may come of a library that makes sure.
const ENOUGH: u64 = 3;

#[derive(Default)]
struct AsksOn {
    ends: FxHashMap<SocketId, u64>,
}

impl Rule for AsksOn {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::HalfClosed { end: End::Peer } => {
                if event.by.is_none()
                    || !scene.socket(event.socket).is_some_and(|it| it.is_stream())
                {
                    return;
                }
                let ends = self.ends.entry(event.socket).or_default();
                *ends += 1;
                if *ends < ENOUGH {
                    return;
                }
                let by = event.by;
                let fix = scene.in_tongue(by, words::FIX_C, words::FIX_PYTHON, words::FIX_C);
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("socket", Value::Socket(event.socket)),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                found.push(at_call(&ABOUT, Weight::Mistake, event, words));
            }
            Kind::Received { .. } | Kind::Closed { .. } => {
                self.ends.remove(&event.socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "receiving on after the end" | "recibir después del final";
        SHORT = "0 B was the end: this loop burns CPU" | "0 B era el final: este bucle gasta CPU";
        HAPPENED = "{socket} gave 0 B, the end, and is asked again and again"
            | "{socket} dio 0 B, el final, y se le sigue preguntando";
        WHY = "0 B means that the other side will send no more; every further receive returns 0 at once, so the loop never waits"
            | "0 B significa que el otro lado no enviará más; cada recepción siguiente devuelve 0 enseguida y el bucle nunca espera";
        FIX_C = "leave the loop: if (n == 0) break; and then close(c)" | "sal del bucle: if (n == 0) break; y después close(c)";
        FIX_PYTHON = "leave the loop: if data == b'': break, and then conn.close()" | "sal del bucle: if data == b'': break, y después conn.close()";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Call;

    use crate::story::Story;

    fn client() -> Story {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000")
            .received(1, 5, 1024);
        story
    }

    #[test]
    fn a_loop_that_does_not_look_for_the_end_is_told_once() {
        let mut story = client();
        for _ in 0..100 {
            story.peer_ends(1);
        }
        assert_eq!(story.marks(), ["✗ S11"]);
        assert_eq!(story.found("S11").times, 98);
    }

    #[test]
    fn the_end_may_be_read_twice() {
        let mut story = client();
        story.peer_ends(1).peer_ends(1).closed(1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn no_room_and_a_look_are_no_end() {
        let mut story = client();
        for _ in 0..5 {
            story.called(1, Call::Recv, Ok(0));
        }
        assert_eq!(story.closed(1).marks(), [""; 0]);
    }
}
