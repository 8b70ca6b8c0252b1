//! S13: connections whose peers have left and that are never closed, until descriptors run out.

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{End, Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NeverClosed::default()),
};

const ABOUT: About = About {
    id: "S13",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// How long a connection may stay open after its peer's end: an answer may still be on its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many make a leak.
const ENOUGH: usize = 3;

#[derive(Default)]
struct NeverClosed {
    /// Open connections whose peer has ended, by the program that holds them: since when nothing was sent.
    idle: BTreeMap<u32, FxHashMap<SocketId, Idle>>,
    /// Programs that were told.
    told: FxHashSet<u32>,
    /// Left open when their process ended, by program.
    left: BTreeMap<u32, Vec<Spot>>,
    looked: Timestamp,
}

struct Idle {
    since: Timestamp,
    /// Where the program came by it.
    spot: Spot,
}

impl Rule for NeverClosed {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        // Often enough to see five seconds pass, and seldom enough to cost nothing.
        if event.at.since(self.looked) > Duration::from_millis(100) {
            self.looked = event.at;
            self.look(event.at, scene, found);
        }
        let Some(by) = event.by else {
            return;
        };
        let program = scene.program_of(by.process);
        match &event.kind {
            Kind::HalfClosed { end: End::Peer } => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                if !state.is_tcp() || !state.connected {
                    return;
                }
                let spot = Spot {
                    socket: event.socket,
                    by: event.by,
                    place: state.born_at.clone(),
                };
                let since = event.at;
                let idle = self.idle.entry(program).or_default();
                idle.entry(event.socket).or_insert(Idle { since, spot });
            }
            // It is answering.
            Kind::Sent { .. } => {
                let idle = self.idle.get_mut(&program);
                if let Some(idle) = idle.and_then(|idle| idle.get_mut(&event.socket)) {
                    idle.since = event.at;
                }
            }
            Kind::Closed { .. } => {
                if event.took.is_none() {
                    self.look(event.at, scene, found);
                }
                for idle in self.idle.values_mut() {
                    let Some(idle) = idle.remove(&event.socket) else {
                        continue;
                    };
                    // A child that ends with its one connection closes it in time.
                    if event.took.is_none() && by.process == program {
                        self.left.entry(program).or_default().push(idle.spot);
                    }
                }
            }
            Kind::Exited { pid, status } if *pid == program => {
                self.idle.remove(&program);
                let left = self.left.remove(&program).unwrap_or_default();
                // Interrupted, it had no time to tidy up.
                if left.len() >= ENOUGH && status.is_ok() && !self.told.contains(&program) {
                    found.extend(finding(Weight::Hint, words::LEFT, left));
                }
            }
            _ => {}
        }
    }

    fn passes(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.look(at, scene, found);
    }

    fn finish(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.look(at, scene, found);
    }
}

impl NeverClosed {
    fn look(&mut self, now: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        for (program, idle) in &self.idle {
            if self.told.contains(program) {
                continue;
            }
            let mut over: Vec<&Idle> = idle
                .values()
                .filter(|idle| now.since(idle.since) > PATIENCE)
                // A peer that is seen to be there has only finished speaking, and waits for its answer.
                .filter(|idle| scene.far_end(idle.spot.socket).is_none())
                .collect();
            if over.len() < ENOUGH {
                continue;
            }
            over.sort_by_key(|idle| idle.spot.socket);
            let spots = over.into_iter().map(|idle| idle.spot.clone()).collect();
            self.told.insert(*program);
            found.extend(finding(Weight::Risk, words::OPEN, spots));
        }
    }
}

fn finding(
    weight: Weight,
    happened: sockeye_model::text::Text,
    spots: Vec<Spot>,
) -> Option<Finding> {
    let count = || Value::Count(spots.len() as u64);
    let words = Words {
        short: Saying::of(words::SHORT).with("count", count()),
        happened: Saying::of(happened).with("count", count()),
        why: Saying::of(words::WHY),
        fix: Saying::of(words::FIX),
    };
    Some(spots.first()?.finding(&ABOUT, weight, words))
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "connections that are never closed" | "conexiones que nunca se cierran";
        SHORT = "{count} {count:connection|connections} whose peer has left {count:is|are} open" | "{count} {count:conexión abierta|conexiones abiertas} cuyo otro lado se fue";
        OPEN = "{count} {count:connection|connections} whose peer has left {count:has|have} been open for more than 5 s since"
            | "{count} {count:conexión|conexiones} cuyo otro lado se fue {count:lleva|llevan} más de 5 s {count:abierta|abiertas}";
        LEFT = "{count} {count:connection|connections} whose peer had left {count:was|were} open when the program ended"
            | "{count} {count:conexión|conexiones} cuyo otro lado se había ido {count:seguía abierta|seguían abiertas} al acabar el programa";
        WHY = "each stays in CLOSE_WAIT and keeps a descriptor until the program closes it; a process has 1,024 by default"
            | "cada una queda en CLOSE_WAIT y ocupa un descriptor hasta que el programa la cierre; un proceso tiene 1.024 por omisión";
        FIX = "when a receive gives 0 B and everything is sent, close() the connection"
            | "cuando una recepción dé 0 B y esté todo enviado, cierra la conexión con close()";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Kind;

    use crate::story::Story;

    fn server_of(clients: u32) -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        for id in 2..2 + clients {
            story.accepted(1, id, "127.0.0.1:5000", &format!("127.0.0.1:4000{id}"));
            story.received(id, 5, 1024).sent(id, 5).peer_ends(id);
        }
        story
    }

    #[test]
    fn three_that_stay_open_for_five_seconds_are_a_leak() {
        let mut story = server_of(3);
        story.after(5_100).udp(9);
        assert_eq!(story.marks(), ["! S13"]);
    }

    #[test]
    fn one_that_closes_them_a_moment_later_is_told_too() {
        let mut story = server_of(3);
        story.passes(4_900);
        story.after(400).closed(2).closed(3).closed(4);
        assert_eq!(story.marks(), ["! S13"]);
    }

    #[test]
    fn a_server_that_nobody_talks_to_any_more_is_told_all_the_same() {
        let mut story = server_of(3);
        story.passes(4_500);
        assert!(!story.has("S13"));
        story.passes(1_000);
        assert!(story.has("S13"));
    }

    #[test]
    fn two_are_not_and_a_short_while_is_not() {
        let mut story = server_of(2);
        story.after(6_000).udp(9);
        assert_eq!(story.marks(), [""; 0]);
        let mut story = server_of(3);
        story.after(4_000).closed(2).closed(3).closed(4);
        assert_eq!(story.after(6_000).udp(9).marks(), [""; 0]);
    }

    #[test]
    fn a_long_answer_after_the_peers_end_is_no_leak() {
        let mut story = server_of(3);
        for _ in 0..4 {
            story.after(2_000);
            for id in 2..5 {
                story.sent(id, 1000);
            }
        }
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn peers_that_have_only_finished_speaking_are_not_gone() {
        let mut story = server_of(3);
        story.starts(200, "nc -N");
        story.from(200);
        for id in 2..5 {
            story.tcp(id + 10);
            story.connected(id + 10, &format!("127.0.0.1:4000{id}"), "127.0.0.1:5000");
            story.shut_down(id + 10);
        }
        assert_eq!(story.after(6_000).udp(9).marks(), [""; 0]);
    }

    #[test]
    fn three_that_are_left_to_the_end_of_the_program_are_a_hint() {
        let mut story = server_of(3);
        story.left_open(2).left_open(3).left_open(4);
        assert_eq!(story.exits(Ok(0)).marks(), ["i S13"]);
    }

    #[test]
    fn children_that_end_with_their_one_connection_have_left_none_open() {
        let mut story = Story::of("./server");
        story.listener(1, "127.0.0.1:5000");
        for id in 2..5 {
            let child = 200 + id;
            story.from(Story::PID);
            story.accepted(1, id, "127.0.0.1:5000", &format!("127.0.0.1:4000{id}"));
            let parent = Story::PID;
            story.event(0, Kind::Forked { parent, child });
            story.from(child);
            story.received(id, 5, 1024).sent(id, 5).peer_ends(id);
            story.left_open(id);
            let status = Ok(0);
            story.event(0, Kind::Exited { pid: child, status });
        }
        story.from(Story::PID);
        assert_eq!(story.exits(Ok(0)).marks(), [""; 0]);
    }
}
