//! S42: a server nobody can find, for it listens without bind(); a blocking call that stops an event loop.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{
    Call, Caller, Event, Finding, Kind, Saying, SocketAddress, SocketId, Timestamp, Value, Weight,
};

use super::{Spot, Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(UnknownPort::default()),
};

const ABOUT: About = About {
    id: "S42",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// A call that blocks for less hardly shows.
const LONG: Duration = Duration::from_millis(100);
/// A thread is an event loop's when it has waited for many sockets so often, and lately.
const LOOPS: u32 = 3;
const LATELY: Duration = Duration::from_secs(5);
/// Threads that are remembered.
const MOST_LOOPS: usize = 1_024;

#[derive(Default)]
struct UnknownPort {
    /// Listeners that were never bound, until somebody asks for their port.
    unbound: FxHashMap<SocketId, (SocketAddress, Spot)>,
    /// How often each thread has waited for many sockets at once, and when last.
    loops: FxHashMap<Caller, (u32, Timestamp)>,
    told: FxHashSet<SocketId>,
}

impl Rule for UnknownPort {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Listening { local, .. } => {
                let unbound = scene
                    .socket(event.socket)
                    .is_some_and(|state| state.is_tcp() && state.bound.is_none() && !state.foreign);
                if unbound {
                    let known = (local.clone(), Spot::of(event));
                    self.unbound.insert(event.socket, known);
                }
            }
            // The program learns its port, and can tell others.
            Kind::Called {
                call: Call::GetSockName,
                ..
            } => {
                self.unbound.remove(&event.socket);
            }
            Kind::Waiting { call: Call::Accept } => self.nobody_knows(event.socket, scene, found),
            Kind::Accepted { .. } => {
                if let Some(listener) = event.parent {
                    self.unbound.remove(&listener);
                }
            }
            Kind::Called {
                call: Call::EpollWait | Call::Select,
                ..
            } => {
                if let Some(by) = event.by {
                    // A program that makes a thread for each loop, for weeks, costs no more.
                    if self.loops.len() == MOST_LOOPS && !self.loops.contains_key(&by) {
                        self.loops.clear();
                    }
                    let (count, last) = self.loops.entry(by).or_insert((0, event.at));
                    *count = count.saturating_add(1);
                    *last = event.at;
                }
            }
            // A send hands over to the kernel: what takes long there is rarely the peer.
            Kind::Received { call, .. } => {
                self.blocks(event, *call, scene, found);
            }
            Kind::Connected { .. } => self.blocks(event, Call::Connect, scene, found),
            Kind::Exited { pid, .. } => self.loops.retain(|by, _| by.process != *pid),
            Kind::Closed { .. } => {
                self.unbound.remove(&event.socket);
                self.told.remove(&event.socket);
            }
            _ => {}
        }
    }
}

impl UnknownPort {
    fn nobody_knows(&mut self, socket: SocketId, scene: &Scene, found: &mut Vec<Finding>) {
        let Some((local, spot)) = self.unbound.remove(&socket) else {
            return;
        };
        let port = local.port().unwrap_or_default().to_string();
        let fix = scene.in_tongue(spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
        let words = Words {
            short: Saying::of(words::SHORT).with("port", Value::Word(port.clone().into())),
            happened: Saying::of(words::HAPPENED).with("port", Value::Word(port.into())),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix),
        };
        found.push(spot.finding(&ABOUT, Weight::Hint, words));
    }

    fn blocks(&mut self, event: &Event<'_>, call: Call, scene: &Scene, found: &mut Vec<Finding>) {
        let (Some(by), Some(took)) = (event.by, event.took.filter(|took| *took >= LONG)) else {
            return;
        };
        let loops = self.loops.get(&by).is_some_and(|(count, last)| {
            *count >= LOOPS && (event.at - took).since(*last) <= LATELY
        });
        let waits = scene
            .socket(event.socket)
            .is_some_and(|state| !state.nonblocking && !state.foreign);
        if !loops || !waits || !self.told.insert(event.socket) {
            return;
        }
        let words = Words {
            short: Saying::of(words::SHORT_LOOP).with("time", Value::Time(took)),
            happened: Saying::of(words::LOOP)
                .with("call", Value::Call(call))
                .with("time", Value::Time(took)),
            why: Saying::of(words::WHY_LOOP),
            fix: Saying::of(words::FIX_LOOP),
        };
        found.push(at_call(&ABOUT, Weight::Hint, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a port nobody knows, or a loop that blocks" | "un puerto que nadie conoce, o un bucle que se bloquea";
        SHORT = "listening on a port nobody knows: {port}" | "escucha en un puerto que nadie conoce: {port}";
        HAPPENED = "listen() without bind(): the system chose port {port}, another one in every run, and the program did not ask which"
            | "listen() sin bind(): el sistema eligió el puerto {port}, otro en cada ejecución, y el programa no preguntó cuál";
        WHY = "clients have to know the port before they connect" | "los clientes tienen que saber el puerto antes de conectar";
        FIX_C = "before listen(): bind(s, (struct sockaddr *)&address, sizeof address) with the port of your choice; or print what getsockname() says"
            | "antes de listen(): bind(s, (struct sockaddr *)&address, sizeof address) con el puerto que elijas; o muestra lo que diga getsockname()";
        FIX_PYTHON = "before s.listen(): s.bind((host, port)) with the port of your choice; or print(s.getsockname())"
            | "antes de s.listen(): s.bind((host, puerto)) con el puerto que elijas; o print(s.getsockname())";
        FIX_NODE = "server.listen(port) with the port of your choice; or print server.address().port" | "server.listen(puerto) con el puerto que elijas; o muestra server.address().port";
        SHORT_LOOP = "this call stopped the whole loop for {time}" | "esta llamada paró todo el bucle {time}";
        LOOP = "{call}() blocked for {time} in a thread that waits for many sockets at once: all the others stood still meanwhile"
            | "{call}() estuvo bloqueado {time} en un hilo que espera a muchos sockets a la vez: mientras tanto, todos los demás quedaron parados";
        WHY_LOOP = "an event loop serves everybody by never waiting for one; a blocking call waits" | "un bucle de eventos atiende a todos porque no espera a ninguno; una llamada bloqueante espera";
        FIX_LOOP = "make the socket non-blocking (Python: s.setblocking(False)) and come back to it when it is ready" | "haz que el socket no bloquee (Python: s.setblocking(False)) y vuelve a él cuando esté listo";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Payload, Unit};

    use super::*;
    use crate::story::{Story, at};

    fn listens_unbound(asks: bool) -> Vec<String> {
        let mut story = Story::of("python3 server.py");
        let local = at("0.0.0.0:36305");
        story.tcp(1).event(1, Kind::Listening { local, backlog: 5 });
        if asks {
            story.called(1, Call::GetSockName, Ok(0));
        }
        story.waits(1, Call::Accept);
        story.marks()
    }

    #[test]
    fn a_listener_without_bind_is_told_unless_its_port_is_asked_for() {
        assert_eq!(listens_unbound(false), ["i S42"]);
        assert_eq!(listens_unbound(true), [""; 0]);
    }

    fn loop_blocks(polls: u32, took: u64, nonblocking: &str) -> Vec<String> {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40001");
        story.set(2, "O_NONBLOCK", nonblocking);
        for _ in 0..polls {
            story.called(0, Call::EpollWait, Ok(0));
        }
        let payload = Payload::Unseen {
            len: 4,
            unit: Unit::Bytes,
        };
        let kind = Kind::Received {
            call: Call::Recv,
            payload,
            room: 64,
            truncated_from: None,
            peer: None,
        };
        story
            .after(took)
            .told(2, None, Some(Duration::from_millis(took)), kind);
        story.marks()
    }

    #[test]
    fn a_call_that_blocks_in_an_event_loop_is_told() {
        assert_eq!(loop_blocks(5, 890, "0"), ["i S42"]);
    }

    #[test]
    fn a_thread_without_a_loop_a_short_call_and_a_socket_that_does_not_block_are_right() {
        assert_eq!(loop_blocks(1, 890, "0"), [""; 0]);
        assert_eq!(loop_blocks(5, 50, "0"), [""; 0]);
        assert_eq!(loop_blocks(5, 890, "1"), [""; 0]);
    }

    #[test]
    fn a_socket_that_has_said_eagain_does_not_block_whoever_made_it_so() {
        let mut story = Story::of("redis-benchmark");
        story.tcp(2).event(
            2,
            Kind::Connecting {
                peer: at("127.0.0.1:6379"),
            },
        );
        story.called(2, Call::Connect, Err(sockeye_model::Errno::EINPROGRESS));
        story.event(
            2,
            Kind::Connected {
                local: at("127.0.0.1:40001"),
                peer: at("127.0.0.1:6379"),
            },
        );
        for _ in 0..5 {
            story.called(0, Call::EpollWait, Ok(0));
        }
        let payload = Payload::Unseen {
            len: 4,
            unit: Unit::Bytes,
        };
        let kind = Kind::Received {
            call: Call::Recv,
            payload,
            room: 64,
            truncated_from: None,
            peer: None,
        };
        story
            .after(300)
            .told(2, None, Some(Duration::from_millis(300)), kind);
        assert_eq!(story.marks(), [""; 0]);
    }
}
