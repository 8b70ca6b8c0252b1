//! S16: the queue of a listener is full and stays so: new clients hang.

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Event, Finding, Kind, Queues, Saying, SocketId, Timestamp, Value, Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(QueueFull::default()),
};

const ABOUT: About = About {
    id: "S16",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// A burst fills a queue for a moment; one that is full this long is not being emptied. The queue is looked at every 500 ms.
const LONG: Duration = Duration::from_millis(450);

/// Since when each queue has been full, and whose was told.
#[derive(Default)]
struct QueueFull {
    since: FxHashMap<SocketId, Timestamp>,
    listened: FxHashMap<SocketId, Spot>,
    told: FxHashMap<SocketId, Weight>,
}

impl Rule for QueueFull {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let socket = event.socket;
        match &event.kind {
            Kind::Listening { .. } => {
                self.listened.insert(socket, Spot::of(event));
            }
            // The kernel holds one more than the backlog, and lets nobody in beyond that.
            Kind::Queued(Queues::Accept { waiting, backlog }) if waiting > backlog => {
                let since = *self.since.entry(socket).or_insert(event.at);
                if event.at.since(since) < LONG {
                    return;
                }
                // Only a client that hangs proves that somebody was kept out. A queue of one is full with the one it was meant for.
                let weight = match hangs(socket, scene) {
                    true => Weight::Mistake,
                    false if *waiting > 1 => Weight::Risk,
                    false => return,
                };
                if self.told.insert(socket, weight) >= Some(weight) {
                    return;
                }
                let spot = self.listened.get(&socket).cloned();
                let fix = scene.in_tongue(
                    spot.as_ref().and_then(|spot| spot.by).or(event.by),
                    words::FIX_C,
                    words::FIX_PYTHON,
                    words::FIX_NODE,
                );
                let words = Words {
                    short: Saying::of(words::SHORT).with("count", Value::Count((*waiting).into())),
                    happened: Saying::of(words::HAPPENED)
                        .with("count", Value::Count((*waiting).into()))
                        .with("backlog", Value::Count((*backlog).into())),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                let spot = spot.unwrap_or_else(|| Spot::of(event));
                found.push(spot.finding(&ABOUT, weight, words));
            }
            Kind::Queued(Queues::Accept { .. }) => {
                self.since.remove(&socket);
            }
            // There is room again.
            Kind::Accepted { .. } => {
                if let Some(listener) = event.parent {
                    self.since.remove(&listener);
                }
            }
            Kind::Closed { .. } => {
                self.since.remove(&socket);
                self.listened.remove(&socket);
                self.told.remove(&socket);
            }
            _ => {}
        }
    }
}

/// Whether a thread of the same trace is blocked in a connect to this listener.
fn hangs(listener: SocketId, scene: &Scene) -> bool {
    let local = scene
        .socket(listener)
        .and_then(|state| state.local.as_ref()?.inet());
    let Some(local) = local else {
        return false;
    };
    scene.waits().any(|wait| {
        let peer = scene
            .socket(wait.socket)
            .and_then(|state| state.peer.as_ref()?.inet());
        let here = |peer: std::net::SocketAddr| {
            peer.port() == local.port() && (local.ip().is_unspecified() || peer.ip() == local.ip())
        };
        wait.call == Call::Connect && peer.is_some_and(here)
    })
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a full queue of connections" | "una cola de conexiones llena";
        SHORT = "the queue is full: {count} {count:waits|wait} for accept" | "la cola está llena: {count} {count:espera|esperan} a accept";
        HAPPENED = "the queue of connections is full and stays so: {count} {count:waits|wait} for accept(), backlog {backlog} admits no more"
            | "la cola de conexiones está llena y sigue así: {count} {count:espera|esperan} a accept(), una cola de {backlog} no admite más";
        WHY = "the kernel admits one more than the backlog and then drops what comes: further clients are not refused; they hang, and their kernel tries again, first after 1 s and later more and more seldom"
            | "el núcleo admite uno más que la cola pedida y después descarta lo que llega: a los demás clientes no se les rechaza: se quedan colgados, y su núcleo reintenta, primero al cabo de 1 s y después cada vez más de tarde en tarde";
        FIX_C = "call accept() again at once and serve each client beside it (a thread, a process, poll); listen(s, SOMAXCONN) for bursts"
            | "vuelve enseguida a accept() y atiende a cada cliente aparte (un hilo, un proceso, poll); para avalanchas, listen(s, SOMAXCONN)";
        FIX_PYTHON = "call accept() again at once and serve each client beside it (threading, selectors, asyncio); s.listen() without a number for bursts"
            | "vuelve enseguida a accept() y atiende a cada cliente aparte (threading, selectors, asyncio); para avalanchas, s.listen() sin número";
        FIX_NODE = "don't block the event loop, so that it can accept; server.listen(port, host, 511) for bursts"
            | "no bloquees el bucle de eventos, para que pueda aceptar; para avalanchas, server.listen(port, host, 511)";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    fn queue(story: &mut Story, waiting: u32, backlog: u32) {
        story.told(
            1,
            None,
            None,
            Kind::Queued(Queues::Accept { waiting, backlog }),
        );
    }

    fn stays_full(story: &mut Story, waiting: u32, backlog: u32) {
        for _ in 0..4 {
            queue(story, waiting, backlog);
            story.after(500);
        }
    }

    #[test]
    fn a_queue_that_stays_full_is_a_risk_and_told_once() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        stays_full(&mut story, 2, 1);
        assert_eq!(story.marks(), ["! S16"]);
    }

    #[test]
    fn a_client_that_hangs_makes_it_a_mistake() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.starts(200, "python3 client.py").from(200);
        let peer = crate::story::at("127.0.0.1:5000");
        story.tcp(2).event(2, Kind::Connecting { peer });
        story.waits(2, Call::Connect).from(Story::PID);
        stays_full(&mut story, 1, 0);
        assert_eq!(story.marks(), ["✗ S16"]);
    }

    #[test]
    fn a_queue_of_one_that_holds_the_one_it_was_meant_for_is_right() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        stays_full(&mut story, 1, 0);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_burst_and_a_queue_with_room_are_daily_life() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        for _ in 0..4 {
            queue(&mut story, 6, 5);
            queue(&mut story, 5, 5);
            story.after(500);
        }
        assert_eq!(story.marks(), [""; 0]);
    }
}
