//! S34: data on a connection that a non-blocking connect() has only begun.

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Call, Errno, Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Words, at_call, receives, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NotYetConnected::default()),
};

const ABOUT: About = About {
    id: "S34",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// A connect that is under way counts as looked after once the program waits for anything, reads SO_ERROR, asks for the peer's
/// name or calls connect() again.
#[derive(Default)]
struct NotYetConnected {
    /// The sockets whose connect is under way, and whose it is.
    begun: FxHashMap<SocketId, u32>,
    /// Threads that have waited by poll or epoll: in another thread it may be waiting since before the connect.
    waiters: FxHashMap<u32, FxHashSet<u32>>,
}

impl Rule for NotYetConnected {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Some(by) = event.by else {
            return;
        };
        let call = match &event.kind {
            Kind::Called {
                call: Call::Poll | Call::Select | Call::EpollWait,
                ..
            } => {
                self.waiters
                    .entry(by.process)
                    .or_default()
                    .insert(by.thread);
                self.begun.retain(|_, process| *process != by.process);
                return;
            }
            Kind::Called {
                call: Call::Connect,
                result: Err(Errno::EINPROGRESS),
            } => {
                let fast_open = scene
                    .socket(event.socket)
                    .is_some_and(|state| state.has("TCP_FASTOPEN_CONNECT"));
                let waited_for_elsewhere = self
                    .waiters
                    .get(&by.process)
                    .is_some_and(|threads| threads.iter().any(|thread| *thread != by.thread));
                if !fast_open && !waited_for_elsewhere {
                    self.begun.insert(event.socket, by.process);
                }
                return;
            }
            Kind::Called {
                call: Call::GetSockOpt | Call::GetPeerName | Call::Connect,
                ..
            }
            | Kind::Failed {
                call: Call::GetSockOpt | Call::GetPeerName | Call::Connect,
                ..
            }
            | Kind::Connecting { .. }
            | Kind::Closed { .. } => {
                self.begun.remove(&event.socket);
                return;
            }
            Kind::Exited { pid, .. } => {
                self.waiters.remove(pid);
                return;
            }
            Kind::Sent { call, .. } | Kind::Received { call, .. } | Kind::Failed { call, .. } => {
                *call
            }
            Kind::Called {
                call,
                result: Err(Errno::EAGAIN),
            } => *call,
            _ => return,
        };
        if !(sends(call) || receives(call)) || self.begun.remove(&event.socket).is_none() {
            return;
        }
        let fix = scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED)
                .with("call", Value::Call(call))
                .with("socket", Value::Socket(event.socket)),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix),
        };
        found.push(at_call(&ABOUT, Weight::Mistake, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "data before the connection is made" | "datos antes de que haya conexión";
        SHORT = "the connection isn't made yet" | "la conexión aún no está hecha";
        HAPPENED = "{call}() on {socket} right after connect() said EINPROGRESS, without waiting for the connection"
            | "{call}() en {socket} justo después de que connect() dijera EINPROGRESS, sin esperar a la conexión";
        WHY = "a non-blocking connect() only sends the SYN; until the answer comes nobody knows whether there will be a connection"
            | "un connect() no bloqueante solo envía el SYN; hasta que llegue la respuesta no se sabe si habrá conexión";
        FIX_C = "wait with poll() for POLLOUT, then getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len): 0 means connected"
            | "espera con poll() a POLLOUT y después getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len): 0 quiere decir conectado";
        FIX_PYTHON = "wait until it is writable: select.select([], [s], []), then look that s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) is 0"
            | "espera a que se pueda escribir: select.select([], [s], []), y después comprueba que s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) es 0";
        FIX_NODE = "wait for 'connect' before write()" | "espera a 'connect' antes de write()";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn begun() -> Story {
        let mut story = Story::of("./client");
        story
            .tcp(1)
            .set(1, "O_NONBLOCK", "1")
            .event(
                1,
                Kind::Connecting {
                    peer: at("127.0.0.1:5000"),
                },
            )
            .called(1, Call::Connect, Err(Errno::EINPROGRESS));
        story
    }

    fn made(story: &mut Story) {
        story.event(
            1,
            Kind::Connected {
                local: at("127.0.0.1:40000"),
                peer: at("127.0.0.1:5000"),
            },
        );
    }

    #[test]
    fn sending_at_once_is_told_though_on_loopback_it_works() {
        let mut story = begun();
        made(&mut story);
        assert_eq!(story.sent(1, 5).marks(), ["✗ S34"]);
        let mut story = begun();
        story.called(1, Call::Recv, Err(Errno::EAGAIN));
        assert_eq!(story.marks(), ["✗ S34"]);
    }

    #[test]
    fn waiting_for_it_is_right() {
        let mut story = begun();
        story.called(0, Call::Poll, Ok(0));
        made(&mut story);
        story.called(1, Call::GetSockOpt, Ok(0)).sent(1, 5);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn asking_for_the_peer_or_the_error_is_right() {
        for call in [Call::GetPeerName, Call::GetSockOpt] {
            let mut story = begun();
            made(&mut story);
            assert_eq!(story.called(1, call, Ok(0)).sent(1, 5).marks(), [""; 0]);
        }
        let mut story = begun();
        story.event(
            1,
            Kind::Connecting {
                peer: at("127.0.0.1:5000"),
            },
        );
        made(&mut story);
        assert_eq!(story.sent(1, 5).marks(), [""; 0]);
    }

    #[test]
    fn another_thread_may_be_waiting_for_it_already() {
        let mut story = Story::of("./client");
        story
            .thread(Story::PID, 101)
            .called(0, Call::EpollWait, Ok(0));
        story
            .from(Story::PID)
            .tcp(1)
            .called(1, Call::Connect, Err(Errno::EINPROGRESS));
        made(&mut story);
        assert_eq!(story.sent(1, 5).marks(), [""; 0]);
    }
}
