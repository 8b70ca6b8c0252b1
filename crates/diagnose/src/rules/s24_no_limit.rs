//! S24: a UDP client waits for its answer without a time limit.

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Queues, Saying, SocketId, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, receives};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NoLimit::default()),
};

const ABOUT: About = About {
    id: "S24",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// An answer that takes longer is not sure to come.
const LONG: Duration = Duration::from_secs(2);

/// Sockets that began as a client's, and whether they wait for the answer to what they sent last.
#[derive(Default)]
struct NoLimit {
    asked: FxHashMap<SocketId, bool>,
}

impl Rule for NoLimit {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Sent { .. } => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                let first = state.sends == 0 && state.receives == 0;
                let client = state.bound.is_none() || state.port_chosen;
                if first && state.is_udp() && client && !state.foreign {
                    self.asked.insert(event.socket, true);
                } else if let Some(asked) = self.asked.get_mut(&event.socket) {
                    *asked = true;
                }
            }
            Kind::Received { call, .. } if receives(*call) => {
                let Some(asked) = self.asked.get_mut(&event.socket) else {
                    return;
                };
                if !std::mem::replace(asked, false) {
                    return;
                }
                if let Some(took) = event.took.filter(|took| *took >= LONG) {
                    self.tell(&Spot::of(event), took, scene, found);
                }
            }
            Kind::Queued(Queues::Data { .. }) if self.asked.get(&event.socket) == Some(&true) => {
                let mut waits = scene.waits_on(event.socket);
                let Some(wait) = waits.next().filter(|wait| wait.receives()) else {
                    return;
                };
                let waited = event.at.since(wait.since);
                if waited >= LONG {
                    let spot = Spot::of_wait(wait);
                    self.tell(&spot, waited, scene, found);
                }
            }
            Kind::Closed { .. } => {
                self.asked.remove(&event.socket);
            }
            _ => {}
        }
    }
}

impl NoLimit {
    fn tell(&mut self, spot: &Spot, waited: Duration, scene: &Scene, found: &mut Vec<Finding>) {
        let Some(state) = scene.socket(spot.socket) else {
            return;
        };
        // Another thread, or a process that shares the socket, may be the one that asks again.
        let mut holders = scene.holders_of(spot.socket);
        let alone = holders.next() == spot.process() && holders.next().is_none();
        let threads = spot
            .process()
            .is_none_or(|process| scene.has_threads(process));
        if !alone || threads || state.nonblocking || state.has("SO_RCVTIMEO") {
            return;
        }
        // Told once: what is asked next is judged anew.
        self.asked.insert(spot.socket, false);
        let fix = scene.in_tongue(spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED).with("time", Value::Time(waited)),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix),
        };
        found.push(spot.finding(&ABOUT, Weight::Risk, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a UDP client without a time limit" | "un cliente UDP sin límite de tiempo";
        SHORT = "no time limit: this may wait for ever" | "sin límite de tiempo: puede esperar para siempre";
        HAPPENED = "a question was sent, and the receive of its answer has blocked for {time} without a time limit"
            | "se envió una pregunta, y la recepción de su respuesta lleva {time} bloqueada sin límite de tiempo";
        WHY = "UDP does not tell whether the question or the answer was lost; if either was, this waits for ever"
            | "UDP no dice si se ha perdido la pregunta o la respuesta; si es así, esto espera para siempre";
        FIX_C = "set a limit: struct timeval t; t.tv_sec = 2; t.tv_usec = 0; setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t); on EAGAIN ask again, a few times"
            | "pon un límite: struct timeval t; t.tv_sec = 2; t.tv_usec = 0; setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t); con EAGAIN pregunta otra vez, unas pocas veces";
        FIX_PYTHON = "set a limit: s.settimeout(2), and on TimeoutError ask again, a few times"
            | "pon un límite: s.settimeout(2), y con TimeoutError pregunta otra vez, unas pocas veces";
        FIX_NODE = "setTimeout(askAgain, 2000) beside the question, a few times" | "setTimeout(preguntarOtraVez, 2000) junto a la pregunta, unas pocas veces";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Note};

    use super::*;
    use crate::story::Story;

    fn waits_long(story: &mut Story) {
        story.waits(1, Call::RecvFrom);
        story.after(1000).queued(1, 0, 0);
        story.after(2000).queued(1, 0, 0);
    }

    #[test]
    fn a_client_that_waits_for_its_answer_without_a_limit_is_told() {
        let mut story = Story::of("python3 client.py");
        story.udp(1).sent_to(1, 4, "127.0.0.1:5005");
        waits_long(&mut story);
        assert_eq!(story.marks(), ["! S24"]);
    }

    #[test]
    fn an_answer_that_came_late_shows_it_too() {
        let mut story = Story::of("./client");
        story.udp(1).sent_to(1, 4, "127.0.0.1:5005");
        let kind = Kind::Received {
            call: Call::RecvFrom,
            payload: sockeye_model::Payload::Unseen {
                len: 4,
                unit: sockeye_model::Unit::Message,
            },
            room: 512,
            truncated_from: None,
            peer: None,
        };
        story.told(1, None, Some(Duration::from_millis(2500)), kind);
        assert_eq!(story.marks(), ["! S24"]);
    }

    #[test]
    fn a_server_a_limit_and_a_thread_that_listens_are_right() {
        let mut server = Story::of("python3 server.py");
        server.udp(1).bound(1, "127.0.0.1:5005");
        server
            .received_from(1, 4, 512, "127.0.0.1:40000")
            .sent_to(1, 4, "127.0.0.1:40000");
        waits_long(&mut server);
        assert_eq!(server.marks(), [""; 0]);

        let mut limit = Story::of("python3 client.py");
        limit
            .udp(1)
            .set(1, "SO_RCVTIMEO", "5 s")
            .sent_to(1, 4, "127.0.0.1:5005");
        waits_long(&mut limit);
        assert_eq!(limit.marks(), [""; 0]);

        let mut chat = Story::of("python3 chat.py");
        chat.udp(1).sent_to(1, 4, "127.0.0.1:5005");
        chat.event(0, Kind::Noted(Note::Threads));
        waits_long(&mut chat);
        assert_eq!(chat.marks(), [""; 0]);
    }

    #[test]
    fn who_has_had_an_answer_and_hears_more_is_no_client_that_waits_for_one() {
        let mut story = Story::of("python3 subscriber.py");
        story.udp(1).sent_to(1, 4, "127.0.0.1:5005");
        story.received_from(1, 4, 512, "127.0.0.1:5005");
        waits_long(&mut story);
        assert_eq!(story.marks(), [""; 0]);
    }
}
