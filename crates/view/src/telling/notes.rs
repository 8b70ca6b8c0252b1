//! The words for what was found out beside the calls, and for the kernel's own figures.

use sockeye_model::{Event, Note, TcpSample};

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
                if let Some(peer) = peer {
                    fact = format!("{} = {fact}", self.address(peer));
                }
                Told::new(event, self.say(narration::PEER_END), fact)
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
