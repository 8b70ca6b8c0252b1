//! S36: a socket is closed while another thread is blocked in a call on it, which goes on waiting.

use std::time::Duration;

use rustc_hash::FxHashSet;
use sockeye_model::{
    Call, Caller, Event, Finding, Kind, Saying, SocketId, Timestamp, Value, Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(CloseDoesNotWake::default()),
};

const ABOUT: About = About {
    id: "S36",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// A program that only closes on its way out is gone before this.
const LONG: Duration = Duration::from_millis(500);

/// Threads whose socket was closed while they waited on it.
#[derive(Default)]
struct CloseDoesNotWake {
    left: Vec<Left>,
    /// Sockets that `shutdown` was called on: that wakes.
    shut: FxHashSet<SocketId>,
}

struct Left {
    by: Caller,
    call: Call,
    closed: Timestamp,
    spot: Spot,
}

impl Rule for CloseDoesNotWake {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.judge(event, scene, found);
        match &event.kind {
            Kind::Called {
                call: Call::Shutdown,
                ..
            } => {
                self.shut.insert(event.socket);
            }
            // Closed by a call, not by the end of the process.
            Kind::Closed { .. } if event.took.is_some() => {
                let ended = scene
                    .socket(event.socket)
                    .is_none_or(|state| state.we_ended);
                if self.shut.remove(&event.socket) || ended {
                    return;
                }
                for wait in scene.waits_on(event.socket) {
                    let waits = wait.receives() || wait.call == Call::Accept;
                    let same_process = event.by.map(|by| by.process) == Some(wait.by.process);
                    if waits && same_process && event.by != Some(wait.by) {
                        self.left.push(Left {
                            by: wait.by,
                            call: wait.call,
                            closed: event.at,
                            spot: Spot::of(event),
                        });
                    }
                }
            }
            Kind::Closed { .. } => {
                self.shut.remove(&event.socket);
            }
            _ => {}
        }
    }

    fn passes(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.look(at, scene, found);
    }
}

impl CloseDoesNotWake {
    /// Those that have been blocked for long since.
    fn look(&mut self, at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.left.retain(|left| {
            let long = at.since(left.closed) >= LONG;
            if long {
                found.push(tell(left, scene));
            }
            !long
        });
    }

    fn judge(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let outside = matches!(
            event.kind,
            Kind::Queued(_) | Kind::Noted(_) | Kind::Sampled { .. }
        );
        let over = match &event.kind {
            Kind::Exited { pid, .. } | Kind::Replaced { pid, .. } => Some(*pid),
            _ => None,
        };
        self.look(event.at, scene, found);
        self.left.retain(|left| {
            let returned = event.by == Some(left.by) && !outside;
            !returned && over != Some(left.by.process)
        });
    }
}

fn tell(left: &Left, scene: &Scene) -> Finding {
    let fix = scene.in_tongue(left.spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_C);
    let words = Words {
        short: Saying::of(words::SHORT).with("call", Value::Call(left.call)),
        happened: Saying::of(words::HAPPENED)
            .with("socket", Value::Socket(left.spot.socket))
            .with("call", Value::Call(left.call)),
        why: Saying::of(words::WHY),
        fix: Saying::of(fix),
    };
    left.spot.finding(&ABOUT, Weight::Risk, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "close() does not wake another thread" | "close() no despierta a otro hilo";
        SHORT = "another thread still waits in {call}()" | "otro hilo sigue esperando en {call}()";
        HAPPENED = "{socket} was closed while another thread was blocked in {call}() on it, and that thread is still blocked"
            | "{socket} se cerró mientras otro hilo estaba bloqueado en {call}() sobre él, y ese hilo sigue bloqueado";
        WHY = "close() takes away the descriptor; a call that is under way keeps the socket itself, and nothing wakes it"
            | "close() quita el descriptor; una llamada en curso conserva el socket mismo, y nada la despierta";
        FIX_C = "before close(): shutdown(s, SHUT_RDWR), which wakes accept() and recv()" | "antes de close(): shutdown(s, SHUT_RDWR), que despierta a accept() y recv()";
        FIX_PYTHON = "before close(): s.shutdown(socket.SHUT_RDWR), which wakes accept() and recv()" | "antes de close(): s.shutdown(socket.SHUT_RDWR), que despierta a accept() y recv()";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    /// A second thread waits in accept().
    fn waiting() -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.thread(Story::PID, 101).waits(1, Call::Accept);
        story.from(Story::PID);
        story
    }

    #[test]
    fn a_thread_that_goes_on_waiting_on_a_closed_socket_is_told() {
        let mut story = waiting();
        story.closed(1).after(2000).exits(Err(9));
        assert_eq!(story.marks(), ["! S36"]);
    }

    #[test]
    fn it_is_told_while_the_program_hangs() {
        let mut story = waiting();
        story.closed(1);
        assert!(!story.has("S36"));
        story.passes(1_500);
        assert!(story.has("S36"));
    }

    #[test]
    fn who_shuts_it_down_first_or_ends_at_once_is_right() {
        let mut shut = waiting();
        shut.shut_down(1).closed(1).after(2000).exits(Ok(0));
        assert_eq!(shut.marks(), [""; 0]);
        let mut reads = waiting();
        reads
            .called(1, Call::Shutdown, Ok(0))
            .closed(1)
            .after(2000)
            .exits(Ok(0));
        assert_eq!(reads.marks(), [""; 0]);
        let mut ends = waiting();
        ends.closed(1).after(100).exits(Ok(0));
        assert_eq!(ends.marks(), [""; 0]);
        let mut killed = waiting();
        killed.left_open(1).after(2000).exits(Err(15));
        assert_eq!(killed.marks(), [""; 0]);
    }

    #[test]
    fn a_call_that_comes_back_was_woken_by_something_else() {
        let mut story = waiting();
        story.closed(1).after(100);
        story
            .thread(Story::PID, 101)
            .fails(1, Call::Accept, sockeye_model::Errno::EBADF);
        story.after(2000).from(Story::PID).exits(Ok(0));
        assert_eq!(story.marks(), [""; 0]);
    }
}
