//! The words for what was found out beside the calls, and for the kernel's own figures.

use std::time::Duration;

use sockeye_model::{
    Blind, Call, Came, Event, Finding, Note, Queues, Runtime, SocketAddress, SocketId, TcpSample,
    Weight,
};

use super::{Mark, Teller, Told};
use crate::catalogue::{self, narration, reasons};

impl Teller {
    pub(super) fn noted(&self, event: &Event<'_>, note: &Note<'_>) -> Told {
        let as_note = |fact: String| Told::new(event, self.say(narration::NOTE), fact);
        match note {
            Note::PeerProcess(process) => {
                let mut fact = format!("{}, pid {}", self.name(&process.name), process.pid);
                let peer = self
                    .sockets
                    .of(event.socket)
                    .and_then(|known| known.peer.as_ref());
                if let Some(peer) = peer.filter(|peer| **peer != SocketAddress::UnixUnnamed) {
                    fact = format!("{} = {fact}", self.address(peer));
                }
                let told = Told::new(event, self.say(narration::PEER_END), fact);
                match self.traced {
                    true => told.below(),
                    false => told,
                }
            }
            Note::Holder {
                address,
                process,
                resting,
            } => {
                let address = self.address(address);
                match process {
                    Some(process) => {
                        let name = self.name(&process.name);
                        as_note(self.fill(
                            narration::HELD_BY,
                            &[
                                ("address", &address),
                                ("name", &name),
                                ("pid", &process.pid),
                            ],
                        ))
                    }
                    None if *resting > 0 => as_note(self.fill(
                        narration::HELD_RESTING,
                        &[("address", &address), ("count", resting)],
                    ))
                    .because(reasons::RESTING, self.language),
                    None => as_note(self.fill(narration::HELD_UNSEEN, &[("address", &address)])),
                }
            }
            Note::Leftover { address } => {
                let address = self.address(address);
                as_note(self.fill(narration::LEFT_BEHIND, &[("address", &address)]))
            }
            Note::Nearby { protocol, address } => {
                let protocol = self.name(protocol);
                let address = self.address(address);
                as_note(self.fill(
                    narration::NEARBY,
                    &[("protocol", &protocol), ("address", &address)],
                ))
            }
            Note::SessionExpired { peer, idle } => {
                let peer = self.address(peer);
                let time = catalogue::duration(*idle, self.language);
                as_note(self.fill(narration::EXPIRED, &[("peer", &peer), ("time", &time)]))
                    .because(reasons::UDP_EXPIRED, self.language)
            }
            Note::Meaning { protocol, text } => {
                Told::new(event, self.name(protocol), self.name(text))
            }
            Note::Descriptor { number, came } => {
                let text = match came {
                    Came::Made => narration::DESCRIPTOR,
                    Came::Inherited => narration::INHERITED,
                    Came::Found => narration::FOUND,
                    Came::Passed => narration::PASSED,
                };
                as_note(self.fill(text, &[("number", number)]))
            }
            Note::Paired { with } => as_note(self.fill(narration::PAIRED, &[("with", with)])),
            Note::Polling {
                poll,
                call,
                of,
                at_most,
            } => self.polling(event, (*poll, *call), *of, *at_most),
            Note::PortChosen => as_note(self.say(narration::ASKED_ANY_PORT).to_owned()),
            Note::Threads => as_note(self.say(narration::THREADS).to_owned()),
            Note::Runtime { of, sockets } => {
                let text = match of {
                    Runtime::Resolver => narration::RUNTIME_RESOLVER,
                    Runtime::NameCache => narration::RUNTIME_NAME_CACHE,
                    Runtime::Interfaces => narration::RUNTIME_INTERFACES,
                    Runtime::WakeUp => narration::RUNTIME_WAKE_UP,
                };
                let count = catalogue::count(u64::from(*sockets), self.language);
                Told::new(
                    event,
                    self.say(narration::RUNTIME),
                    self.fill(text, &[("count", &count)]),
                )
                .because(reasons::RUNTIME, self.language)
            }
            Note::Blind(blind) => {
                let text = match blind {
                    Blind::IoUring => narration::BLIND_IO_URING,
                    Blind::ForeignCalls => narration::BLIND_FOREIGN_CALLS,
                    Blind::Privileged => narration::BLIND_PRIVILEGED,
                    Blind::Tracer => narration::BLIND_TRACER,
                };
                as_note(self.say(text).to_owned()).mark(Mark::Loss)
            }
            Note::Syscall(syscall) => as_note(self.name(&syscall.to_string())).below(),
            Note::Dropped { messages, why } => {
                let fact = if *messages == 1 {
                    self.say(narration::DROPPED_ONE).to_owned()
                } else {
                    let count = catalogue::count(*messages, self.language);
                    self.fill(narration::DROPPED, &[("count", &count)])
                };
                as_note(fact)
                    .because(reasons::of_drop(*why), self.language)
                    .mark(Mark::Loss)
            }
        }
    }

    /// A wait that is not the call's own: what it waits for, as the call would say it, and behind which other call.
    fn polling(
        &self,
        event: &Event<'_>,
        (poll, call): (Call, Call),
        of: u32,
        at_most: Option<Duration>,
    ) -> Told {
        if event.socket == SocketId::NONE {
            let count = catalogue::count(of.into(), self.language);
            let fact = self.fill(narration::WAITS_FOR_ANY, &[("count", &count)]);
            return Told::new(event, poll.name(), fact);
        }
        let poll = poll.name();
        let behind = match at_most {
            _ if of > 1 => self.fill(narration::BEHIND_WITH_OTHERS, &[("poll", &poll)]),
            Some(time) => {
                let time = catalogue::duration(time, self.language);
                self.fill(
                    narration::BEHIND_AT_MOST,
                    &[("poll", &poll), ("time", &time)],
                )
            }
            None => self.fill(narration::BEHIND, &[("poll", &poll)]),
        };
        self.waiting(event, call).more(behind)
    }

    /// A finding, beside the call that showed it.
    pub(super) fn diagnosed(&self, event: &Event<'_>, finding: &Finding) -> Told {
        let mark = match finding.weight {
            Weight::Mistake => Mark::Failure,
            Weight::Risk => Mark::Loss,
            Weight::Hint => Mark::Plain,
        };
        let short = crate::finding::say(&finding.short, self.language);
        Told::new(event, finding.rule, short).mark(mark)
    }

    /// What waits in the queues of a socket.
    pub(super) fn queued(&self, event: &Event<'_>, queues: Queues) -> Told {
        let count = |number: u64| catalogue::count(number, self.language);
        let bytes = |number: u64| catalogue::bytes(number, self.language);
        let fact = match queues {
            Queues::Data { unread, unsent } => self.fill(
                narration::QUEUED_DATA,
                &[("unread", &bytes(unread)), ("unsent", &bytes(unsent))],
            ),
            Queues::Accept { waiting, backlog } => self.fill(
                narration::QUEUED_ACCEPT,
                &[
                    ("waiting", &count(waiting.into())),
                    ("backlog", &count(backlog.into())),
                ],
            ),
            Queues::Dropped { messages, buffer } => self.fill(
                narration::QUEUED_DROPPED,
                &[("messages", &count(messages)), ("buffer", &bytes(buffer))],
            ),
        };
        Told::new(event, self.say(narration::QUEUES), fact)
    }

    /// The kernel's figures in one line; narration keeps them for its summary.
    pub(super) fn sampled(&self, event: &Event<'_>, sample: &TcpSample) -> Told {
        Told::new(event, "TCP_INFO", self.figures(sample).join(", "))
    }

    /// The kernel's figures of one connection, each as a phrase.
    pub(crate) fn figures(&self, sample: &TcpSample) -> Vec<String> {
        let mut figures = Vec::new();
        if !sample.rtt.is_zero() {
            let time = catalogue::duration(sample.rtt, self.language);
            figures.push(self.fill(narration::SUM_RTT, &[("time", &time)]));
        }
        let count = |number: u32| catalogue::count(u64::from(number), self.language);
        figures.push(self.fill(
            narration::SUM_RETRANSMITTED,
            &[("count", &count(sample.retransmitted))],
        ));
        if sample.segments_out > 0 || sample.segments_in > 0 {
            figures.push(self.fill(
                narration::SUM_SEGMENTS,
                &[
                    ("out", &count(sample.segments_out)),
                    ("in", &count(sample.segments_in)),
                ],
            ));
        }
        if sample.mss > 0 {
            let bytes = catalogue::bytes(u64::from(sample.mss), self.language);
            figures.push(self.fill(narration::SUM_MSS, &[("bytes", &bytes)]));
        }
        figures
    }
}
