//! S06: connect() gets no answer at all, or the answer that there is no way to that host.

use std::collections::HashSet;
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Queues, Saying, SocketAddress, SocketId, Timestamp, Value,
    Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(NoAnswer::default()),
};

const ABOUT: About = About {
    id: "S06",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// The first SYN is sent again after one second: an answer that takes longer is lost, or is not coming.
const LONG: Duration = Duration::from_secs(1);

/// A program and a port that it connects to: who reaches it at one address does not need the others.
type Goal = (Option<u32>, Option<u16>);

/// Connects under way, and those that came to nothing.
#[derive(Default)]
struct NoAnswer {
    under_way: FxHashMap<SocketId, Attempt>,
    /// Attempts that failed, to be judged when it is known whether another address did it.
    failed: Vec<(Goal, Attempt, Why)>,
    reached: HashSet<Goal>,
    /// The listeners that are told of.
    listeners: FxHashMap<SocketId, SocketAddress>,
}

#[derive(Clone)]
struct Attempt {
    spot: Spot,
    peer: SocketAddress,
    since: Timestamp,
    /// A thread was seen to be blocked in it: nothing but an answer ends that.
    blocked: bool,
}

#[derive(Clone, Copy)]
enum Why {
    /// Nothing came back in this time.
    Silent(Duration),
    /// This error came back.
    NoWay(Errno),
}

/// Failures that are kept: what a program tries beyond that is more of the same.
const MOST_FAILED: usize = 256;

impl Rule for NoAnswer {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let socket = event.socket;
        match &event.kind {
            Kind::Listening { local, .. } => {
                self.listeners.insert(socket, local.clone());
            }
            Kind::Connecting { peer } => {
                let stream = scene.socket(socket).is_some_and(|state| state.is_stream());
                // A full queue of a listener that is told of too is S16's to tell.
                if stream && peer.inet().is_some() && !self.listens(peer) {
                    let attempt = Attempt {
                        spot: Spot::of(event),
                        peer: peer.clone(),
                        since: event.at,
                        blocked: false,
                    };
                    self.under_way.insert(socket, attempt);
                }
            }
            Kind::Waiting {
                call: Call::Connect,
            } => {
                if let Some(attempt) = self.under_way.get_mut(&socket) {
                    attempt.blocked = true;
                }
            }
            Kind::Connected { peer, .. } => {
                self.under_way.remove(&socket);
                if self.reached.len() < MOST_FAILED {
                    self.reached.insert(goal(event, peer, scene));
                }
            }
            Kind::Queued(Queues::Data { .. }) => {
                let Some(attempt) = self.under_way.get(&socket) else {
                    return;
                };
                let waited = event.at.since(attempt.since);
                if attempt.blocked && waited >= LONG {
                    found.push(attempt.tell(Weight::Hint, Why::Silent(waited)));
                }
            }
            Kind::Failed {
                call: Call::Connect,
                errno,
                ..
            }
            | Kind::Called {
                call: Call::GetSockOpt | Call::Connect,
                result: Err(errno),
            } => self.fails(event, *errno, scene, found),
            Kind::Closed { .. } => {
                self.listeners.remove(&socket);
                let Some(attempt) = self.under_way.remove(&socket) else {
                    return;
                };
                let waited = event.at.since(attempt.since);
                if attempt.blocked && waited >= LONG {
                    self.came_to_nothing(attempt, Why::Silent(waited), scene, found);
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        for (goal, attempt, why) in self.failed.drain(..) {
            if !self.reached.contains(&goal) {
                let mut finding = attempt.tell(Weight::Mistake, why);
                // Told already, as a hint: this only makes it heavier.
                finding.times = 0;
                found.push(finding);
            }
        }
    }
}

impl NoAnswer {
    /// Whether a listener of the same trace is at this address.
    fn listens(&self, peer: &SocketAddress) -> bool {
        let any = |local: &SocketAddress| {
            local.is_unspecified() && local.port() == peer.port() && peer.is_local()
        };
        let mut listeners = self.listeners.values();
        listeners.any(|local| local == peer || any(local))
    }

    fn fails(&mut self, event: &Event<'_>, errno: Errno, scene: &Scene, found: &mut Vec<Finding>) {
        // A connect that does not wait is still under way, unless its own time limit ended it (SO_SNDTIMEO).
        let limit = matches!(errno, Errno::EINPROGRESS | Errno::EAGAIN);
        if limit && event.took.is_none_or(|took| took < LONG) {
            return;
        }
        let Some(attempt) = self.under_way.remove(&event.socket) else {
            return;
        };
        let waited = event.at.since(attempt.since);
        let why = match errno {
            Errno::ETIMEDOUT | Errno::EINPROGRESS | Errno::EAGAIN => Why::Silent(waited),
            Errno::EHOSTUNREACH | Errno::ENETUNREACH => Why::NoWay(errno),
            _ => return,
        };
        self.came_to_nothing(attempt, why, scene, found);
    }

    fn came_to_nothing(
        &mut self,
        attempt: Attempt,
        why: Why,
        scene: &Scene,
        found: &mut Vec<Finding>,
    ) {
        found.push(attempt.tell(Weight::Hint, why));
        let program = attempt.spot.process().map(|pid| scene.program_of(pid));
        if self.failed.len() < MOST_FAILED {
            let goal = (program, attempt.peer.port());
            self.failed.push((goal, attempt, why));
        }
    }
}

impl Attempt {
    fn tell(&self, weight: Weight, why: Why) -> Finding {
        let peer = || Value::Address(self.peer.clone());
        let words = match why {
            Why::Silent(waited) => Words {
                short: Saying::of(words::SHORT_SILENT).with("time", Value::Time(waited)),
                happened: Saying::of(words::SILENT)
                    .with("address", peer())
                    .with("time", Value::Time(waited)),
                why: Saying::of(words::WHY_SILENT),
                fix: Saying::of(words::FIX_SILENT),
            },
            Why::NoWay(errno) => Words {
                short: Saying::of(words::SHORT_NO_WAY),
                happened: Saying::of(words::NO_WAY)
                    .with("address", peer())
                    .with("errno", Value::Errno(errno)),
                why: Saying::of(match errno {
                    Errno::ENETUNREACH => words::WHY_NO_NETWORK,
                    _ => words::WHY_NO_HOST,
                }),
                fix: Saying::of(words::FIX_NO_WAY),
            },
        };
        self.spot.finding(&ABOUT, weight, words)
    }
}

fn goal(event: &Event<'_>, peer: &SocketAddress, scene: &Scene) -> Goal {
    let program = event.by.map(|by| scene.program_of(by.process));
    (program, peer.port())
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "no answer, or no way to the host" | "sin respuesta, o sin camino hasta el host";
        SHORT_SILENT = "no answer for {time}" | "{time} sin respuesta";
        SILENT = "{address} gave no answer at all for {time}" | "{address} no dio respuesta alguna durante {time}";
        WHY_SILENT = "a closed port answers at once with “refused”; silence is a firewall, a wrong address, a machine that is off, or a full queue. The kernel sends its SYN again, first after 1 s and later more and more seldom, for about two minutes"
            | "un puerto cerrado contesta enseguida “rechazado”; el silencio es un cortafuegos, una dirección equivocada, una máquina apagada o una cola llena. El núcleo repite su SYN, primero al cabo de 1 s y después cada vez más de tarde en tarde, durante unos dos minutos";
        FIX_SILENT = "check the address and the firewall, and set a time limit of your own (Python: s.settimeout(5))"
            | "revisa la dirección y el cortafuegos, y pon un límite de tiempo propio (Python: s.settimeout(5))";
        SHORT_NO_WAY = "no way to that host" | "no hay camino hasta ese host";
        NO_WAY = "{address}: {errno}, there is no way to that host" | "{address}: {errno}, no hay camino hasta ese host";
        WHY_NO_NETWORK = "this machine itself answered: it has no route to that network, or the address is none that a connection can go to"
            | "contestó esta misma máquina: no tiene ruta hacia esa red, o no es una dirección a la que se pueda conectar";
        WHY_NO_HOST = "a router, or this machine itself, answered that the host can't be reached"
            | "un encaminador, o esta misma máquina, contestó que no se puede alcanzar el host";
        FIX_NO_WAY = "check the address and the network; ip route get ADDRESS shows the way this machine would take"
            | "revisa la dirección y la red; ip route get DIRECCIÓN muestra el camino que tomaría esta máquina";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn connecting(story: &mut Story, socket: u32, peer: &str) {
        story
            .tcp(socket)
            .event(socket, Kind::Connecting { peer: at(peer) });
    }

    #[test]
    fn a_connect_that_times_out_is_a_mistake_in_the_end() {
        let mut story = Story::of("python3 client.py");
        connecting(&mut story, 1, "192.0.2.1:5000");
        story.waits(1, Call::Connect).after(1000).queued(1, 0, 0);
        story
            .after(130_000)
            .failed(1, Call::Connect, Errno::ETIMEDOUT, at("192.0.2.1:5000"));
        assert_eq!(story.marks(), ["i S06", "✗ S06"]);
        assert_eq!(story.findings().len(), 1);
    }

    #[test]
    fn no_way_to_the_host_is_a_mistake_unless_another_address_did_it() {
        let refuse = |story: &mut Story| {
            connecting(story, 1, "[2001:db8::1]:443");
            story.failed(
                1,
                Call::Connect,
                Errno::ENETUNREACH,
                at("[2001:db8::1]:443"),
            );
        };
        let mut story = Story::of("curl");
        refuse(&mut story);
        assert_eq!(story.marks(), ["i S06", "✗ S06"]);
        let mut story = Story::of("curl");
        refuse(&mut story);
        story
            .tcp(2)
            .connected(2, "192.0.2.9:40001", "192.0.2.1:443");
        assert_eq!(story.marks(), ["i S06"]);
    }

    #[test]
    fn a_connect_that_does_not_wait_proves_nothing_by_its_close() {
        let mut story = Story::of("node app.js");
        connecting(&mut story, 1, "192.0.2.1:5000");
        story
            .called(1, Call::Connect, Err(Errno::EINPROGRESS))
            .after(3000)
            .closed(1);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_time_limit_that_ended_it_proves_the_silence() {
        let mut story = Story::of("./client");
        connecting(&mut story, 1, "192.0.2.1:5000");
        story.after(2000).told(
            1,
            None,
            Some(Duration::from_secs(2)),
            Kind::Called {
                call: Call::Connect,
                result: Err(Errno::EINPROGRESS),
            },
        );
        assert_eq!(story.marks(), ["i S06", "✗ S06"]);
    }

    #[test]
    fn a_refusal_a_quick_answer_and_a_full_queue_of_the_same_trace_are_others_business() {
        let mut story = Story::of("python3 client.py");
        story.listener(9, "127.0.0.1:5000");
        connecting(&mut story, 1, "127.0.0.1:5001");
        story.failed(1, Call::Connect, Errno::ECONNREFUSED, at("127.0.0.1:5001"));
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5001");
        connecting(&mut story, 3, "127.0.0.1:5000");
        story
            .waits(3, Call::Connect)
            .after(1000)
            .queued(3, 0, 0)
            .after(2000)
            .closed(3);
        let marks = story.marks();
        assert!(!marks.iter().any(|mark| mark.contains("S06")), "{marks:?}");
    }
}
