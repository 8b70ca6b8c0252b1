//! S33: asking a non-blocking socket again and again without waiting for it.

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight,
};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(BusyWaiting::default()),
};

const ABOUT: About = About {
    id: "S33",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Refusals in a row that make a busy loop, if they come within [`WITHIN`]: one a millisecond may be a loop that sleeps.
const ENOUGH: u64 = 50;
const WITHIN: Duration = Duration::from_millis(40);

#[derive(Default)]
struct BusyWaiting {
    loops: FxHashMap<SocketId, Asking>,
}

struct Asking {
    process: u32,
    since: Timestamp,
    times: u64,
    /// It was told already: once a loop.
    told: bool,
}

impl Rule for BusyWaiting {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Some(by) = event.by else {
            return;
        };
        match &event.kind {
            Kind::Called {
                call: Call::Poll | Call::Select | Call::EpollWait,
                ..
            } => self.loops.retain(|_, asking| asking.process != by.process),
            Kind::Called {
                call,
                result: Err(Errno::EAGAIN),
            } => {
                let asking = self.loops.entry(event.socket).or_insert(Asking {
                    process: by.process,
                    since: event.at,
                    times: 0,
                    told: false,
                });
                asking.times += 1;
                if asking.times < ENOUGH || asking.told {
                    return;
                }
                let time = event.at.since(asking.since);
                if time > WITHIN {
                    asking.since = event.at;
                    asking.times = 1;
                    return;
                }
                asking.told = true;
                let fix =
                    scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("call", Value::Call(*call))
                        .with("socket", Value::Socket(event.socket))
                        .with("times", Value::Count(asking.times))
                        .with("time", Value::Time(time)),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                found.push(at_call(&ABOUT, Weight::Mistake, event, words));
            }
            Kind::Sent { .. }
            | Kind::Received { .. }
            | Kind::Accepted { .. }
            | Kind::HalfClosed { .. }
            | Kind::Closed { .. } => {
                self.loops.remove(&event.socket);
                if let Some(listener) = event.parent {
                    self.loops.remove(&listener);
                }
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "busy waiting" | "espera activa";
        SHORT = "busy waiting: 100 % CPU" | "espera activa: 100 % de CPU";
        HAPPENED = "{call}() on {socket} gave EAGAIN {times} times within {time}, and the program asked on at once"
            | "{call}() en {socket} dio EAGAIN {times} veces en {time}, y el programa siguió preguntando enseguida";
        WHY = "EAGAIN means \"nothing yet\"; asking again without waiting keeps a whole processor busy"
            | "EAGAIN significa \"aún nada\"; preguntar otra vez sin esperar ocupa un procesador entero";
        FIX_C = "wait before asking again: poll(&fd, 1, -1); or leave the socket blocking"
            | "espera antes de volver a preguntar: poll(&fd, 1, -1); o deja el socket bloqueante";
        FIX_PYTHON = "wait before asking again: select.select([s], [], []); or s.setblocking(True)"
            | "espera antes de volver a preguntar: select.select([s], [], []); o s.setblocking(True)";
        FIX_NODE = "wait for the event instead of asking again" | "espera al evento en vez de volver a preguntar";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    fn client() -> Story {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000");
        story.set(1, "O_NONBLOCK", "1");
        story
    }

    #[test]
    fn asking_fifty_times_at_once_is_a_busy_loop() {
        let mut story = client();
        for _ in 0..500 {
            story.called(1, Call::Recv, Err(Errno::EAGAIN));
        }
        assert_eq!(story.marks(), ["✗ S33"]);
        assert_eq!(story.found("S33").times, 1);
    }

    #[test]
    fn a_loop_that_waits_between_is_right() {
        let mut story = client();
        for _ in 0..500 {
            story.called(0, Call::Select, Ok(0));
            story.called(1, Call::Recv, Err(Errno::EAGAIN));
        }
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_loop_that_sleeps_or_gets_something_is_not_busy() {
        let mut story = client();
        for _ in 0..200 {
            story.after(1).called(1, Call::Recv, Err(Errno::EAGAIN));
        }
        assert_eq!(story.marks(), [""; 0]);
        let mut story = client();
        for _ in 0..20 {
            for _ in 0..20 {
                story.called(1, Call::Recv, Err(Errno::EAGAIN));
            }
            story.received(1, 5, 1024);
        }
        assert_eq!(story.marks(), [""; 0]);
    }
}
