//! S08b: every receive was answered as if it were a whole message; true on loopback, by luck on a network.

use rustc_hash::FxHashMap;
use sockeye_model::{Call, Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NeverTwo::default()),
};

const ABOUT: About = About {
    id: "S08b",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// Rounds of one receive and one send that make a habit.
const ENOUGH_ROUNDS: u64 = 3;

/// By program. A program that looks for the end of its messages may make the very same calls as long as each came in one piece,
/// which is why this is no more than a hint.
#[derive(Default)]
struct NeverTwo {
    programs: FxHashMap<u32, Habit>,
    last: FxHashMap<SocketId, Last>,
}

#[derive(Default)]
struct Habit {
    rounds: u64,
    /// It has done something that a program would not do which trusts one receive: two in a row, a look before, a wait for any.
    careful: bool,
    /// The first receive that was answered.
    spot: Option<Spot>,
}

#[derive(Clone)]
struct Last {
    len: u64,
    spot: Spot,
}

impl Rule for NeverTwo {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Some(by) = event.by else {
            return;
        };
        let program = scene.program_of(by.process);
        match &event.kind {
            Kind::Received { payload, room, .. } => {
                if !scene.socket(event.socket).is_some_and(|it| it.is_stream()) {
                    return;
                }
                let last = Last {
                    len: payload.len(),
                    spot: Spot::of(event),
                };
                let again = self.last.insert(event.socket, last).is_some();
                // Exactly what was asked for: the length is known from somewhere.
                if again || payload.len() == *room {
                    self.programs.entry(program).or_default().careful = true;
                }
            }
            Kind::Sent { payload, .. } => {
                if let Some(last) = self.last.remove(&event.socket) {
                    let habit = self.programs.entry(program).or_default();
                    habit.spot.get_or_insert(last.spot);
                    // An echo needs no ends of messages.
                    habit.careful |= last.len == payload.len();
                    habit.rounds += 1;
                }
            }
            Kind::Called {
                call: Call::Poll | Call::Select | Call::EpollWait | Call::Ioctl | Call::Recv,
                ..
            } => self.programs.entry(program).or_default().careful = true,
            Kind::Closed { .. } => {
                self.last.remove(&event.socket);
            }
            Kind::Exited { pid, .. } if *pid == program => {
                if let Some(habit) = self.programs.remove(&program) {
                    found.extend(habit.finding());
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        let mut programs: Vec<(u32, Habit)> = self.programs.drain().collect();
        programs.sort_by_key(|(program, _)| *program);
        found.extend(
            programs
                .into_iter()
                .filter_map(|(_, habit)| habit.finding()),
        );
    }
}

impl Habit {
    fn finding(self) -> Option<Finding> {
        if self.careful || self.rounds < ENOUGH_ROUNDS {
            return None;
        }
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED).with("rounds", Value::Count(self.rounds)),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        Some(self.spot?.finding(&ABOUT, Weight::Hint, words))
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "each recv() was taken for a message" | "cada recv() se tomó por un mensaje";
        SHORT = "each receive was answered as a whole message" | "a cada recepción se respondió como a un mensaje entero";
        HAPPENED = "{rounds} times one receive was answered at once, and never was a second one needed"
            | "{rounds} veces se respondió a una sola recepción, y nunca hizo falta una segunda";
        WHY = "on loopback a short message comes in one piece; over a network it may come in two, or two come as one"
            | "por bucle local un mensaje corto llega de una pieza; por una red puede llegar en dos, o dos llegar como uno";
        FIX = "nothing, if the program looks for the end of each message; otherwise receive until that end"
            | "nada, si el programa busca el final de cada mensaje; si no, recibe hasta ese final";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    #[test]
    fn a_program_that_never_receives_twice_is_told_at_its_end() {
        let mut story = Story::server();
        for len in [5, 6, 7] {
            story.received(2, len, 1024).sent(2, 20);
        }
        story.peer_ends(2).closed(2);
        assert!(story.findings().iter().all(|found| found.rule != "S08b"));
        assert_eq!(story.exits(Ok(0)).marks(), ["i S08b"]);
    }

    #[test]
    fn an_echo_needs_no_ends_of_messages() {
        let mut story = Story::server();
        for len in [5, 6, 7] {
            story.received(2, len, 1024).sent(2, len);
        }
        assert_eq!(story.closed(2).exits(Ok(0)).marks(), [""; 0]);
    }

    #[test]
    fn lengths_two_receives_and_an_event_loop_are_careful() {
        let mut story = Story::server();
        for _ in 0..3 {
            story.received(2, 4, 4).received(2, 9, 9).sent(2, 20);
        }
        assert_eq!(story.closed(2).exits(Ok(0)).marks(), [""; 0]);
        let mut story = Story::server();
        for len in [5, 6, 7] {
            story.called(0, Call::EpollWait, Ok(0));
            story.received(2, len, 1024).sent(2, 20);
        }
        assert_eq!(story.closed(2).exits(Ok(0)).marks(), [""; 0]);
    }
}
