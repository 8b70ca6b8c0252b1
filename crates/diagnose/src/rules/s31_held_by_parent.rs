//! S31: after a fork the child serves a connection and ends, and the parent never closes its copy.

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Call, End, Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(HeldByParent::default()),
};

const ABOUT: About = About {
    id: "S31",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// Who closes its copy when it hears of the child's end does so within this time.
const LATER: Duration = Duration::from_millis(200);

/// Connections that a fork has given to two processes.
#[derive(Default)]
struct HeldByParent {
    shared: FxHashMap<SocketId, Shared>,
}

struct Shared {
    parent: u32,
    child: u32,
    /// Where the connection was accepted or made.
    spot: Spot,
    /// The child has sent or received.
    used: bool,
    /// The parent has gone back to accept others.
    went_on: bool,
    /// When the child had no more to do with it.
    left: Option<Timestamp>,
}

impl Rule for HeldByParent {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.judge(event.at, scene, found);
        let by = event.by.map(|by| by.process);
        match &event.kind {
            Kind::Forked { parent, child } => self.fork(*parent, *child, event, scene),
            // The child became another program, which may have been meant to have it.
            Kind::Replaced { pid, .. } => self.shared.retain(|_, shared| shared.child != *pid),
            Kind::Exited { pid, .. } => {
                self.shared.retain(|_, shared| shared.parent != *pid);
                for shared in self.shared.values_mut() {
                    if shared.child == *pid {
                        shared.left.get_or_insert(event.at);
                    }
                }
            }
            Kind::Waiting { call: Call::Accept } | Kind::Accepted { .. } => {
                for shared in self.shared.values_mut() {
                    shared.went_on |= by == Some(shared.parent);
                }
            }
            Kind::Sent { .. } | Kind::Received { .. } => {
                let Some(shared) = self.shared.get_mut(&event.socket) else {
                    return;
                };
                if by == Some(shared.child) {
                    shared.used = true;
                } else {
                    self.shared.remove(&event.socket);
                }
            }
            Kind::Called {
                call: Call::Close, ..
            } => {
                let Some(shared) = self.shared.get_mut(&event.socket) else {
                    return;
                };
                if by == Some(shared.child) {
                    shared.left.get_or_insert(event.at);
                } else {
                    self.shared.remove(&event.socket);
                }
            }
            // Ended for everybody, whoever holds it.
            Kind::HalfClosed { end: End::Ours } | Kind::Closed { .. } => {
                self.shared.remove(&event.socket);
            }
            _ => {}
        }
    }

    fn passes(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.judge(at, scene, found);
    }
}

impl HeldByParent {
    fn fork(&mut self, parent: u32, child: u32, event: &Event<'_>, scene: &Scene) {
        for (socket, state) in scene.sockets() {
            let held = scene.holders_of(socket).any(|holder| holder == parent);
            if !held || !state.connected || !state.is_stream() || state.paired.is_some() {
                continue;
            }
            self.shared.entry(socket).or_insert_with(|| Shared {
                parent,
                child,
                spot: Spot {
                    socket,
                    by: event.by,
                    place: state.born_at.clone(),
                },
                used: false,
                went_on: false,
                left: None,
            });
        }
    }

    fn judge(&mut self, now: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.shared.retain(|socket, shared| {
            let left = shared.left.is_some_and(|left| now.since(left) >= LATER);
            if !left || !shared.used || !shared.went_on {
                return true;
            }
            if scene.holders_of(*socket).any(|pid| pid == shared.parent) {
                found.push(tell(shared, scene));
            }
            false
        });
    }
}

fn tell(shared: &Shared, scene: &Scene) -> Finding {
    let by = shared.spot.by;
    let fix = scene.in_tongue(by, words::FIX_C, words::FIX_PYTHON, words::FIX_C);
    let words = Words {
        short: Saying::of(words::SHORT).with("socket", Value::Socket(shared.spot.socket)),
        happened: Saying::of(words::HAPPENED)
            .with("socket", Value::Socket(shared.spot.socket))
            .with("child", Value::Word(shared.child.to_string().into()))
            .with("parent", Value::Word(shared.parent.to_string().into())),
        why: Saying::of(words::WHY),
        fix: Saying::of(fix),
    };
    shared.spot.finding(&ABOUT, Weight::Risk, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "the parent still holds its child's connection" | "el padre conserva la conexión de su hijo";
        SHORT = "the parent still holds {socket}" | "el padre aún conserva {socket}";
        HAPPENED = "the child (pid {child}) has served {socket} and is done with it, but its parent (pid {parent}) still holds it open"
            | "el hijo (pid {child}) ha atendido {socket} y ya ha terminado, pero su padre (pid {parent}) aún lo mantiene abierto";
        WHY = "fork() gives both processes a descriptor of the same connection, and it ends when the last one is closed: the client never sees the end, and the parent's descriptors run out"
            | "fork() da a los dos procesos un descriptor de la misma conexión, que termina cuando se cierra el último: el cliente nunca ve el final, y al padre se le agotan los descriptores";
        FIX_C = "after fork(), in the parent: close(connection); in the child: close(listener)" | "tras fork(), en el padre: close(conexión); en el hijo: close(el que escucha)";
        FIX_PYTHON = "after os.fork(), in the parent: conn.close(); in the child: server.close()" | "tras os.fork(), en el padre: conn.close(); en el hijo: servidor.close()";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    const CHILD: u32 = 200;

    fn forked() -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40001");
        story.event(
            0,
            Kind::Forked {
                parent: Story::PID,
                child: CHILD,
            },
        );
        story
    }

    fn child_serves(story: &mut Story) {
        story.from(CHILD).received(2, 4, 64).sent(2, 4).exits(Ok(0));
        story.from(Story::PID).waits(1, Call::Accept).after(300);
        story.accepted(1, 3, "127.0.0.1:5000", "127.0.0.1:40002");
    }

    #[test]
    fn a_parent_that_goes_on_accepting_without_closing_is_told() {
        let mut story = forked();
        child_serves(&mut story);
        assert_eq!(story.marks(), ["! S31"]);
    }

    #[test]
    fn it_is_told_while_the_parent_waits_for_the_next_client() {
        let mut story = forked();
        story.from(CHILD).received(2, 4, 64).sent(2, 4).exits(Ok(0));
        story.from(Story::PID).waits(1, Call::Accept);
        assert!(!story.has("S31"));
        story.passes(1_500);
        assert!(story.has("S31"));
    }

    #[test]
    fn a_parent_that_closes_its_copy_is_right() {
        let mut story = forked();
        story.called(2, Call::Close, Ok(0));
        child_serves(&mut story);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_parent_that_talks_itself_and_a_child_that_is_another_program_are_no_leak() {
        let mut talks = forked();
        talks.sent(2, 1);
        child_serves(&mut talks);
        assert_eq!(talks.marks(), [""; 0]);
        let mut other = forked();
        other.event(
            0,
            Kind::Replaced {
                pid: CHILD,
                command: "/usr/bin/sort".into(),
            },
        );
        child_serves(&mut other);
        assert_eq!(other.marks(), [""; 0]);
    }

    #[test]
    fn a_parent_that_has_not_gone_on_or_a_child_that_did_nothing_proves_nothing() {
        let mut stays = forked();
        stays.from(CHILD).received(2, 4, 64).sent(2, 4).exits(Ok(0));
        stays
            .from(Story::PID)
            .after(300)
            .called(1, Call::Fcntl, Ok(0));
        assert_eq!(stays.marks(), [""; 0]);
        let mut idle = forked();
        idle.from(CHILD).exits(Ok(0));
        idle.from(Story::PID).waits(1, Call::Accept).after(300);
        idle.called(1, Call::Fcntl, Ok(0));
        assert_eq!(idle.marks(), [""; 0]);
    }

    #[test]
    fn a_child_that_ended_the_connection_for_all_harms_no_client() {
        let mut story = forked();
        story.from(CHILD).received(2, 4, 64).shut_down(2);
        child_serves(&mut story);
        assert_eq!(story.marks(), [""; 0]);
    }
}
