//! Events in a row, the bytes of all of them in one block: what the view thread takes at once.

use std::borrow::Cow;
use std::ops::Range;

use sockeye_model::{Event, Kind, Payload};

/// Events waiting to be shown.
#[derive(Default)]
pub(crate) struct Batch {
    events: Vec<(Event<'static>, Option<Range<usize>>)>,
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn events(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Queues an event. Its bytes, if `keep_bytes`, go into the block: no allocation an event.
    pub(crate) fn push(&mut self, event: Event<'_>, keep_bytes: bool) {
        let Event {
            at,
            took,
            socket,
            parent,
            by,
            place,
            kind,
        } = event;
        let (kind, range) = match kind {
            Kind::Sent {
                call,
                payload,
                asked,
                peer,
            } => {
                let (payload, range) = self.store(payload, keep_bytes);
                (
                    Kind::Sent {
                        call,
                        payload,
                        asked,
                        peer,
                    },
                    range,
                )
            }
            Kind::Received {
                call,
                payload,
                room,
                truncated_from,
                peer,
            } => {
                let (payload, range) = self.store(payload, keep_bytes);
                (
                    Kind::Received {
                        call,
                        payload,
                        room,
                        truncated_from,
                        peer,
                    },
                    range,
                )
            }
            other => (other.into_owned(), None),
        };
        let place = place.map(|place| sockeye_model::Place {
            file: Cow::Owned(place.file.into_owned()),
            line: place.line,
        });
        self.events.push((
            Event {
                at,
                took,
                socket,
                parent,
                by,
                place,
                kind,
            },
            range,
        ));
    }

    fn store(
        &mut self,
        payload: Payload<'_>,
        keep: bool,
    ) -> (Payload<'static>, Option<Range<usize>>) {
        let unseen = Payload::Unseen {
            len: payload.len(),
            unit: payload.unit(),
        };
        let range = payload.data().filter(|_| keep).map(|data| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(data);
            start..self.bytes.len()
        });
        (unseen, range)
    }

    /// Takes each event in turn, with its bytes; empties the batch and keeps its room.
    pub(crate) fn drain(&mut self, mut show: impl FnMut(&Event<'_>)) {
        for (event, range) in self.events.drain(..) {
            let mut event: Event<'_> = event;
            if let (Some(range), Kind::Sent { payload, .. } | Kind::Received { payload, .. }) =
                (range, &mut event.kind)
            {
                let unit = payload.unit();
                *payload = Payload::Bytes {
                    data: Cow::Borrowed(&self.bytes[range]),
                    unit,
                };
            }
            show(&event);
        }
        self.bytes.clear();
    }
}
