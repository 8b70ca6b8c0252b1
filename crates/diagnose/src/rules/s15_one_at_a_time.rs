//! S15: clients wait to be accepted while the thread that accepts is blocked with another client.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{
    Call, Caller, Event, Finding, Kind, Queues, Saying, SocketId, Timestamp, Value, Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, Wait};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(OneAtATime::default()),
};

const ABOUT: About = About {
    id: "S15",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// A client that waits longer than this is being kept waiting; less is what a busy server needs.
const LONG: Duration = Duration::from_millis(500);

/// What is known of each listener.
#[derive(Default)]
struct OneAtATime {
    listeners: FxHashMap<SocketId, Door>,
}

#[derive(Default)]
struct Door {
    /// Threads that have called `accept` on it.
    acceptors: FxHashSet<Caller>,
    /// Since when somebody has been waiting to be accepted.
    waiting_since: Option<Timestamp>,
    /// How many were waiting when it was last looked at, less those accepted since.
    waiting: u32,
    /// Connections for whose sake others were seen to wait: each is told once.
    told: FxHashSet<SocketId>,
}

impl Rule for OneAtATime {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let accepts = match &event.kind {
            Kind::Accepted { .. } => event.parent,
            Kind::Waiting { call: Call::Accept } => Some(event.socket),
            Kind::Called {
                call: Call::Accept, ..
            } => Some(event.socket),
            _ => None,
        };
        if let (Some(listener), Some(by)) = (accepts, event.by) {
            let door = self.listeners.entry(listener).or_default();
            // Two are as many as have to be told from one.
            if door.acceptors.len() < 2 {
                door.acceptors.insert(by);
            }
            if matches!(event.kind, Kind::Accepted { .. }) {
                door.waiting = door.waiting.saturating_sub(1);
                if door.waiting == 0 {
                    door.waiting_since = None;
                }
            }
        }
        match &event.kind {
            Kind::Queued(Queues::Accept { waiting, .. }) => {
                let door = self.listeners.entry(event.socket).or_default();
                door.waiting = *waiting;
                if *waiting == 0 {
                    door.waiting_since = None;
                    return;
                }
                let since = *door.waiting_since.get_or_insert(event.at);
                let Some(wait) = door.kept_by(event, since, scene) else {
                    return;
                };
                if !door.told.insert(wait.socket) {
                    return;
                }
                found.push(tell(event, wait, *waiting, event.at.since(since)));
            }
            Kind::Closed { .. } => {
                self.listeners.remove(&event.socket);
            }
            _ => {}
        }
    }
}

impl Door {
    /// The wait of the only thread that accepts, if it has been blocked with a client of this listener all the while.
    fn kept_by<'a>(
        &self,
        event: &Event<'_>,
        since: Timestamp,
        scene: &'a Scene,
    ) -> Option<&'a Wait> {
        let mut acceptors = self.acceptors.iter();
        let (Some(by), None) = (acceptors.next(), acceptors.next()) else {
            return None;
        };
        let wait = scene.wait_of(*by)?;
        let with_a_client = scene.socket(wait.socket)?.parent == Some(event.socket);
        let blocked = event.at.since(wait.since).min(event.at.since(since));
        (with_a_client && (wait.receives() || wait.sends()) && blocked >= LONG).then_some(wait)
    }
}

fn tell(event: &Event<'_>, wait: &Wait, waiting: u32, long: Duration) -> Finding {
    let spot = Spot {
        socket: event.socket,
        by: Some(wait.by),
        place: wait.place.clone(),
    };
    let (short, happened) = match waiting {
        1 => (words::SHORT_ONE, words::ONE),
        _ => (words::SHORT, words::SEVERAL),
    };
    let fill = |text| {
        Saying::of(text)
            .with("count", Value::Count(waiting.into()))
            .with("time", Value::Time(long))
            .with("call", Value::Call(wait.call))
            .with("socket", Value::Socket(wait.socket))
    };
    let words = Words {
        short: Saying::of(short).with("count", Value::Count(waiting.into())),
        happened: fill(happened),
        why: Saying::of(words::WHY),
        fix: Saying::of(words::FIX),
    };
    spot.finding(&ABOUT, Weight::Risk, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a server that serves one client at a time" | "un servidor que atiende a un solo cliente cada vez";
        SHORT_ONE = "another client waits meanwhile" | "otro cliente espera mientras tanto";
        SHORT = "{count} more clients wait meanwhile" | "{count} clientes más esperan mientras tanto";
        ONE = "another client has waited {time} to be accepted, while {call}() on {socket} blocks the only thread that accepts"
            | "otro cliente lleva {time} esperando a ser aceptado, mientras {call}() en {socket} bloquea el único hilo que acepta";
        SEVERAL = "{count} more clients have waited to be accepted, one of them {time}, while {call}() on {socket} blocks the only thread that accepts"
            | "{count} clientes más esperan a ser aceptados, uno de ellos {time}, mientras {call}() en {socket} bloquea el único hilo que acepta";
        WHY = "the kernel makes their connections, so they believe they are served; nobody reads what they send until accept() is called again"
            | "el núcleo establece sus conexiones, así que se creen atendidos; nadie lee lo que envían hasta el próximo accept()";
        FIX = "give each client a thread or a process after accept(), or wait for all of them at once (select, poll, epoll, asyncio)"
            | "tras accept(), da a cada cliente un hilo o un proceso, o espera a todos a la vez (select, poll, epoll, asyncio)";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    fn queue(story: &mut Story, waiting: u32) {
        let backlog = 5;
        story.told(
            1,
            None,
            None,
            Kind::Queued(Queues::Accept { waiting, backlog }),
        );
    }

    fn busy_with_one() -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40001");
        story.waits(2, Call::Recv);
        story
    }

    #[test]
    fn a_second_client_waits_while_the_only_thread_reads_from_the_first() {
        let mut story = busy_with_one();
        queue(&mut story, 1);
        story.after(600);
        queue(&mut story, 1);
        story.after(600);
        queue(&mut story, 1);
        assert_eq!(story.marks(), ["! S15"]);
        assert_eq!(story.findings().last().unwrap().times, 1);
    }

    #[test]
    fn a_short_wait_is_daily_life() {
        let mut story = busy_with_one();
        story.after(400);
        queue(&mut story, 1);
        story.after(300);
        queue(&mut story, 1);
        queue(&mut story, 0);
        story.after(400);
        queue(&mut story, 1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_second_thread_that_accepts_is_concurrency_enough() {
        let mut story = busy_with_one();
        story
            .thread(Story::PID, 101)
            .accepted(1, 3, "127.0.0.1:5000", "127.0.0.1:40002");
        story.waits(3, Call::Recv);
        queue(&mut story, 1);
        story.after(600);
        queue(&mut story, 1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_thread_that_does_something_else_is_not_known_to_serve_one_at_a_time() {
        let mut story = busy_with_one();
        story.received(2, 4, 1024);
        queue(&mut story, 1);
        story.after(600);
        queue(&mut story, 1);
        // Blocked, but in a question to somebody else, such as a database.
        story
            .tcp(3)
            .connected(3, "127.0.0.1:40005", "127.0.0.1:5432")
            .waits(3, Call::Recv);
        story.after(600);
        queue(&mut story, 1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_client_that_was_accepted_waits_no_longer() {
        let mut story = busy_with_one();
        queue(&mut story, 1);
        story.received(2, 4, 1024);
        story.accepted(1, 3, "127.0.0.1:5000", "127.0.0.1:40002");
        story.waits(3, Call::Recv).after(600);
        queue(&mut story, 1);
        assert_eq!(story.marks(), [""; 0]);
    }
}
