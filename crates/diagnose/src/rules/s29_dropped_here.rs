//! S29: the kernel throws datagrams away because the program reads too slowly.

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Finding, Kind, Queues, Saying, SocketId, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(DroppedHere::default()),
};

const ABOUT: About = About {
    id: "S29",
    weight: Weight::Risk,
    title: words::TITLE,
};

/// How many were known to be thrown away of each socket.
#[derive(Default)]
struct DroppedHere {
    known: FxHashMap<SocketId, u64>,
}

impl Rule for DroppedHere {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Queued(Queues::Dropped { messages, buffer }) => {
                let before = self.known.insert(event.socket, *messages);
                let foreign = scene.socket(event.socket).is_none_or(|state| state.foreign);
                // What was thrown away before the socket was told of is not this run's.
                let before = match before {
                    None if foreign => return,
                    before => before.unwrap_or(0),
                };
                let more = messages.saturating_sub(before);
                if more == 0 {
                    return;
                }
                let mut finding = at_call(
                    &ABOUT,
                    Weight::Risk,
                    event,
                    Words {
                        short: Saying::of(words::SHORT).with("count", Value::Count(*messages)),
                        happened: Saying::of(words::HAPPENED)
                            .with("count", Value::Count(*messages))
                            .with("buffer", Value::Bytes(*buffer)),
                        why: Saying::of(words::WHY),
                        fix: Saying::of(scene.in_tongue(
                            event.by,
                            words::FIX_C,
                            words::FIX_PYTHON,
                            words::FIX_NODE,
                        )),
                    },
                );
                finding.times = more;
                found.push(finding);
            }
            Kind::Closed { .. } => {
                self.known.remove(&event.socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "datagrams thrown away here" | "datagramas descartados aquí";
        SHORT = "{count} {count:datagram|datagrams} thrown away here" | "{count} {count:datagrama descartado|datagramas descartados} aquí";
        HAPPENED = "the kernel has thrown away {count} {count:datagram|datagrams} here, or more since: they came faster than the program receives, and its buffer of {buffer} was full"
            | "el núcleo ha descartado aquí {count} {count:datagrama|datagramas}, o más desde entonces: llegaron más deprisa de lo que el programa recibe, y su búfer de {buffer} estaba lleno";
        WHY = "UDP has no flow control: what finds the receive buffer full is dropped, and neither side is told"
            | "UDP no tiene control de flujo: lo que encuentra lleno el búfer de recepción se descarta, y no se avisa a ningún lado";
        FIX_C = "receive in a thread that does nothing else, and ask for a larger buffer: int n = 4 << 20; setsockopt(s, SOL_SOCKET, SO_RCVBUF, &n, sizeof n)"
            | "recibe en un hilo que no haga otra cosa, y pide un búfer mayor: int n = 4 << 20; setsockopt(s, SOL_SOCKET, SO_RCVBUF, &n, sizeof n)";
        FIX_PYTHON = "receive in a thread that does nothing else, and ask for a larger buffer: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)"
            | "recibe en un hilo que no haga otra cosa, y pide un búfer mayor: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)";
        FIX_NODE = "do less in 'message' (queue it), and ask for a larger buffer: socket.setRecvBufferSize(4 << 20)"
            | "haz menos en 'message' (guárdalo en una cola), y pide un búfer mayor: socket.setRecvBufferSize(4 << 20)";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Came, Note};

    use super::*;
    use crate::story::Story;

    fn dropped(story: &mut Story, messages: u64) {
        let buffer = 4_608;
        story.told(
            1,
            None,
            None,
            Kind::Queued(Queues::Dropped { messages, buffer }),
        );
    }

    #[test]
    fn what_is_thrown_away_is_counted() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).bound(1, "127.0.0.1:5005");
        dropped(&mut story, 190);
        dropped(&mut story, 197);
        assert_eq!(story.found("S29").times, 197);
        assert_eq!(story.marks(), ["! S29"]);
    }

    #[test]
    fn what_an_inherited_socket_lost_before_is_not_this_programs() {
        let mut story = Story::of("./server");
        story.udp(1);
        story.event(
            1,
            Kind::Noted(Note::Descriptor {
                number: 0,
                came: Came::Inherited,
            }),
        );
        dropped(&mut story, 190);
        dropped(&mut story, 190);
        assert_eq!(story.marks(), [""; 0]);
    }
}
