//! S05: connect() to this machine was refused, and nothing came of it later; says what is there instead.

use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Note, Saying, SocketAddress, SocketId, Timestamp, Type,
    Value, Weight,
};

use super::second_try::PATIENCE;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(Refused::default()),
};

const ABOUT: About = About {
    id: "S05",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Refusals that are remembered until it is clear that the program made no second attempt.
const MOST_PENDING: usize = 64;

/// A refusal counts once the program has ended without reaching the same port: trying again, or `localhost` by IPv6 and then
/// by IPv4, is no mistake.
#[derive(Default)]
struct Refused {
    pending: Vec<Refusal>,
}

struct Refusal {
    spot: Spot,
    address: SocketAddress,
    /// It is an address of this machine: only there it is known who listens.
    here: bool,
    instead: Instead,
    times: u64,
    /// When it was last tried.
    tried: Timestamp,
    /// It was told, as a hint, because the program goes on without trying again.
    told: bool,
    /// The process whose end settles it; where nothing is known of processes, the end of everything does.
    waits_for: Option<u32>,
}

/// What was found where nobody listens.
enum Instead {
    Nothing,
    /// A socket has the address and never called `listen`.
    NotListening(Option<(String, u32)>),
    /// The program's own socket has it and never called `listen`.
    OwnNotListening(SocketId),
    /// Something listens elsewhere: `tcp` or `udp`, and where.
    Nearby(String, SocketAddress),
}

impl Rule for Refused {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Failed {
                call: Call::Connect,
                errno: Errno::ECONNREFUSED,
                address: Some(address),
            } => self.refused(event, address, scene),
            Kind::Called {
                call: Call::GetSockOpt,
                result: Err(Errno::ECONNREFUSED),
            } => {
                if let Some(state) = scene.socket(event.socket)
                    && state.is_stream()
                    && !state.connected
                    && let Some(peer) = &state.peer
                {
                    self.refused(event, peer, scene);
                }
            }
            Kind::Noted(note) => {
                let spoken_of = |refusal: &&mut Refusal| refusal.spot.socket == event.socket;
                if let Some(refusal) = self.pending.iter_mut().rfind(spoken_of) {
                    refusal.learn(note);
                }
            }
            Kind::Connected { peer, .. } => {
                let root = event.by.map(|by| scene.root_of(by.process));
                self.pending.retain(|refusal| {
                    let same = refusal.spot.process().map(|pid| scene.root_of(pid)) == root;
                    !(same && same_service(&refusal.address, peer))
                });
            }
            Kind::Exited { pid, .. } => {
                for refusal in &mut self.pending {
                    // A shell may have it tried again.
                    if refusal.waits_for == Some(*pid) {
                        let parent = scene.parent_of(*pid);
                        let lives = |parent: &u32| scene.end_of(*parent).is_none();
                        refusal.waits_for = parent.filter(lives);
                    }
                }
                self.conclude(found);
            }
            _ => {}
        }
    }

    fn passes(&mut self, at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        for refusal in &mut self.pending {
            if refusal.here && !refusal.told && at.since(refusal.tried) >= PATIENCE {
                refusal.told = true;
                found.push(Finding {
                    weight: Weight::Hint,
                    ..refusal.finding()
                });
                // Counted already.
                refusal.times = 0;
            }
        }
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        for refusal in &mut self.pending {
            refusal.waits_for = None;
        }
        self.conclude(found);
    }
}

impl Refused {
    fn refused(&mut self, event: &Event<'_>, address: &SocketAddress, scene: &Scene) {
        let spot = Spot::of(event);
        let known = self.pending.iter_mut().find(|refusal| {
            refusal.address == *address
                && refusal.spot.process() == spot.process()
                && refusal.spot.place == spot.place
        });
        if let Some(known) = known {
            known.times += 1;
            known.spot = spot;
            known.tried = event.at;
            return;
        }
        let own = scene.sockets().find(|(_, state)| {
            state.bound.as_ref() == Some(address)
                && state.backlog.is_none()
                && matches!(state.created, Some((_, Type::Stream | Type::SeqPacket, _)))
        });
        if self.pending.len() == MOST_PENDING {
            self.pending.remove(0);
        }
        self.pending.push(Refusal {
            waits_for: spot.process(),
            spot,
            address: address.clone(),
            here: address.is_local() || own.is_some(),
            instead: own.map_or(Instead::Nothing, |(id, _)| Instead::OwnNotListening(id)),
            times: 1,
            tried: event.at,
            told: false,
        });
    }

    /// Tells what nobody will mend any more.
    fn conclude(&mut self, found: &mut Vec<Finding>) {
        for refusal in std::mem::take(&mut self.pending) {
            if refusal.waits_for.is_some() {
                self.pending.push(refusal);
            } else if refusal.here {
                found.push(refusal.finding());
            }
        }
    }
}

/// Whether both are the same port, on whatever address: a name often has one of each family.
fn same_service(refused: &SocketAddress, reached: &SocketAddress) -> bool {
    match (refused.inet(), reached.inet()) {
        (Some(refused), Some(reached)) => refused.port() == reached.port(),
        _ => refused == reached,
    }
}

impl Refusal {
    fn learn(&mut self, note: &Note<'_>) {
        // Such notes come of a look at this machine.
        self.here |= matches!(note, Note::Holder { .. } | Note::Nearby { .. });
        match (note, &self.instead) {
            (_, Instead::OwnNotListening(_)) => {}
            (Note::Holder { process, .. }, _) => {
                let name = process.as_ref();
                self.instead = Instead::NotListening(
                    name.map(|process| (process.name.clone().into_owned(), process.pid)),
                );
            }
            (Note::Nearby { protocol, address }, Instead::Nothing) => {
                self.instead = Instead::Nearby(protocol.clone().into_owned(), address.clone());
            }
            _ => {}
        }
    }

    fn finding(&self) -> Finding {
        let address = || Value::Address(self.address.clone());
        let unix = self.address.inet().is_none();
        let (happened, fix) = match &self.instead {
            Instead::Nothing if unix => (Saying::of(words::NOBODY_PATH), words::FIX_START),
            Instead::Nothing => (Saying::of(words::NOBODY), words::FIX_START),
            Instead::NotListening(Some((name, pid))) => (
                Saying::of(words::NOT_LISTENING)
                    .with("name", Value::Name(name.clone()))
                    .with("pid", Value::Word(pid.to_string().into())),
                words::FIX_LISTEN,
            ),
            Instead::NotListening(None) => {
                (Saying::of(words::NOT_LISTENING_UNSEEN), words::FIX_LISTEN)
            }
            Instead::OwnNotListening(socket) => (
                Saying::of(words::NOT_LISTENING_OWN).with("socket", Value::Socket(*socket)),
                words::FIX_LISTEN,
            ),
            Instead::Nearby(protocol, other) => (
                Saying::of(match protocol.as_str() {
                    "udp" => words::NEARBY_UDP,
                    _ => words::NEARBY,
                })
                .with("other", Value::Address(other.clone())),
                match protocol.as_str() {
                    "udp" => words::FIX_UDP,
                    _ => words::FIX_NEARBY,
                },
            ),
        };
        let fix = match &self.instead {
            Instead::Nearby(protocol, other) if protocol != "udp" => {
                Saying::of(fix).with("other", Value::Address(other.clone()))
            }
            _ => Saying::of(fix),
        };
        let words = Words {
            short: Saying::of(words::SHORT).with("address", address()),
            happened: happened.with("address", address()),
            why: Saying::of(if unix { words::WHY_PATH } else { words::WHY }),
            fix,
        };
        let mut finding = self.spot.finding(&ABOUT, Weight::Mistake, words);
        finding.times = self.times;
        finding
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "nobody listens there" | "ahí no escucha nadie";
        SHORT = "nobody listens on {address}" | "nadie escucha en {address}";
        NOBODY = "connect() was refused: nobody listens on {address}"
            | "connect() fue rechazado: nadie escucha en {address}";
        NOBODY_PATH = "connect() was refused: the file {address} is there, and nobody listens on it"
            | "connect() fue rechazado: el fichero {address} existe, pero nadie escucha en él";
        NOT_LISTENING = "connect() was refused: {name} (pid {pid}) has bound {address} and has not called listen()"
            | "connect() fue rechazado: {name} (pid {pid}) tiene {address} por bind(), pero no ha llamado a listen()";
        NOT_LISTENING_UNSEEN = "connect() was refused: a socket has bound {address} and has not called listen()"
            | "connect() fue rechazado: un socket tiene {address} por bind(), pero no ha llamado a listen()";
        NOT_LISTENING_OWN = "connect() was refused: this program's own socket {socket} has bound {address} and has not called listen()"
            | "connect() fue rechazado: el socket {socket} de este mismo programa tiene {address} por bind(), pero no ha llamado a listen()";
        NEARBY = "nobody listens on {address}; something does on {other}"
            | "nadie escucha en {address}; sí en {other}";
        NEARBY_UDP = "nobody listens on TCP {address}; UDP {other} is open"
            | "nadie escucha en TCP {address}; UDP {other} está abierto";
        WHY = "this machine's kernel answered the SYN with RST at once, for no listening socket has that address and port"
            | "el núcleo de esta máquina contestó enseguida al SYN con RST, porque ningún socket que escuche tiene esa dirección y puerto";
        WHY_PATH = "the file of a UNIX socket stays when the server has gone"
            | "el fichero de un socket UNIX queda cuando el servidor ya no está";
        FIX_START = "start the server first, or look at what it really bound: sockeye who"
            | "arranca antes el servidor, o mira qué dirección tiene en realidad: sockeye who";
        FIX_LISTEN = "let the server call listen() after bind()" | "haz que el servidor llame a listen() después de bind()";
        FIX_NEARBY = "connect to {other}, or let the server bind the address you ask for"
            | "conéctate a {other}, o haz que el servidor use en bind() la dirección que pides";
        FIX_UDP = "use a datagram socket: TCP and UDP have ports of their own"
            | "usa un socket de datagramas: TCP y UDP tienen cada uno sus puertos";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn refused(address: &str) -> Story {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .event(1, Kind::Connecting { peer: at(address) })
            .failed(1, Call::Connect, Errno::ECONNREFUSED, at(address));
        story
    }

    fn happened(story: &Story) -> &'static str {
        story.found("S05").happened.text.english
    }

    #[test]
    fn nobody_listens() {
        let mut story = refused("127.0.0.1:5000");
        story.closed(1).exits(Ok(1));
        assert_eq!(story.marks(), ["✗ S05"]);
        assert_eq!(happened(&story), words::NOBODY.english);
    }

    #[test]
    fn what_listens_nearby_is_named() {
        for (protocol, text) in [("tcp", words::NEARBY), ("udp", words::NEARBY_UDP)] {
            let mut story = refused("127.0.0.1:5000");
            story.event(
                1,
                Kind::Noted(Note::Nearby {
                    protocol: protocol.into(),
                    address: at("[::1]:5000"),
                }),
            );
            assert_eq!(story.marks(), ["✗ S05"]);
            assert_eq!(happened(&story), text.english);
        }
    }

    #[test]
    fn a_socket_that_is_bound_and_does_not_listen_is_named() {
        let mut story = Story::of("python3 both.py");
        story.tcp(1).bound(1, "127.0.0.1:5000").tcp(2).failed(
            2,
            Call::Connect,
            Errno::ECONNREFUSED,
            at("127.0.0.1:5000"),
        );
        assert_eq!(story.marks(), ["✗ S05"]);
        assert_eq!(happened(&story), words::NOT_LISTENING_OWN.english);
    }

    #[test]
    fn a_refusal_that_a_non_blocking_program_reads_is_told() {
        let mut story = Story::of("node client.js");
        story
            .tcp(1)
            .event(
                1,
                Kind::Connecting {
                    peer: at("127.0.0.1:5000"),
                },
            )
            .called(1, Call::Connect, Err(Errno::EINPROGRESS))
            .called(0, Call::EpollWait, Ok(0))
            .called(1, Call::GetSockOpt, Err(Errno::ECONNREFUSED))
            .closed(1);
        assert_eq!(story.marks(), ["✗ S05"]);
    }

    #[test]
    fn a_program_that_tries_again_and_succeeds_has_made_no_mistake() {
        let mut story = refused("127.0.0.1:5000");
        story
            .closed(1)
            .after(200)
            .tcp(2)
            .connected(2, "127.0.0.1:40000", "127.0.0.1:5000");
        assert!(!story.exits(Ok(0)).marks().contains(&"✗ S05".to_owned()));
    }

    #[test]
    fn a_program_that_goes_on_without_a_second_try_is_told_of_it_while_it_runs() {
        let mut story = refused("127.0.0.1:5000");
        story.closed(1).passes(2_000);
        assert!(story.findings().is_empty());
        story.passes(1_100);
        assert_eq!(story.found("S05").weight, Weight::Hint);
        assert_eq!(story.exits(Ok(1)).marks(), ["i S05", "✗ S05"]);
        assert_eq!(story.found("S05").times, 1);
        let mut story = refused("127.0.0.1:5000");
        for _ in 0..9 {
            story.passes(1_000);
            story.failed(1, Call::Connect, Errno::ECONNREFUSED, at("127.0.0.1:5000"));
        }
        assert!(story.findings().is_empty());
    }

    #[test]
    fn localhost_by_ipv6_and_then_by_ipv4_is_no_mistake() {
        let mut story = refused("[::1]:5000");
        story
            .closed(1)
            .tcp(2)
            .connected(2, "127.0.0.1:40000", "127.0.0.1:5000");
        assert!(!story.exits(Ok(0)).marks().contains(&"✗ S05".to_owned()));
    }

    #[test]
    fn a_shell_that_tries_until_the_server_is_there_has_made_no_mistake() {
        let mut story = Story::of("sh -c until nc -z localhost 5000; do sleep 1; done");
        for (pid, refused) in [(200, true), (201, false)] {
            story.from(Story::PID).event(
                0,
                Kind::Forked {
                    parent: Story::PID,
                    child: pid,
                },
            );
            let command = "nc -z localhost 5000".into();
            story.from(pid).event(0, Kind::Replaced { pid, command });
            story.tcp(pid);
            match refused {
                true => story.failed(
                    pid,
                    Call::Connect,
                    Errno::ECONNREFUSED,
                    at("127.0.0.1:5000"),
                ),
                false => story.connected(pid, "127.0.0.1:40000", "127.0.0.1:5000"),
            };
            story.closed(pid).exits(Ok(i32::from(refused)));
        }
        story.from(Story::PID).exits(Ok(0));
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn another_machines_refusal_is_not_looked_into() {
        let mut story = refused("192.0.2.1:5000");
        assert_eq!(story.exits(Ok(1)).marks(), [""; 0]);
    }
}
