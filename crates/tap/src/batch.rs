//! Events in a row, the bytes of all of them in one block: what the view thread takes at once.

use std::borrow::Cow;
use std::ops::Range;

use sockeye_model::{Event, Kind, Payload, Timestamp};

/// Events waiting to be shown.
#[derive(Default)]
pub(crate) struct Batch {
    events: Vec<Queued>,
    bytes: Vec<u8>,
}

struct Queued {
    /// Its place in the order: a cause stands at its beginning, all else at its end.
    place: Timestamp,
    event: Event<'static>,
    bytes: Option<Range<usize>>,
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

    /// The place of the first event, once they are in order.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.events.first().map(|queued| queued.place)
    }

    /// Queues an event. Its bytes, if `keep_bytes`, go into the block: no allocation an event.
    pub(crate) fn push(&mut self, place: Timestamp, event: Event<'_>, keep_bytes: bool) {
        let Event {
            at,
            took,
            socket,
            parent,
            by,
            place: line,
            kind,
        } = event;
        let (kind, bytes) = match kind {
            Kind::Sent {
                call,
                payload,
                asked,
                buffer,
                peer,
            } => {
                let (payload, range) = self.store(payload, keep_bytes);
                (
                    Kind::Sent {
                        buffer,
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
        let line = line.map(|line| sockeye_model::Place {
            function: line
                .function
                .map(|function| Cow::Owned(function.into_owned())),
            file: Cow::Owned(line.file.into_owned()),
            line: line.line,
        });
        self.events.push(Queued {
            place,
            event: Event {
                at,
                took,
                socket,
                parent,
                by,
                place: line,
                kind,
            },
            bytes,
        });
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

    /// Puts `earlier` before these, as if it had been queued first.
    pub(crate) fn prepend(&mut self, earlier: &mut Self) {
        let offset = self.bytes.len();
        self.bytes.append(&mut earlier.bytes);
        let earlier = earlier.events.drain(..).map(|queued| Queued {
            bytes: queued
                .bytes
                .map(|range| range.start + offset..range.end + offset),
            ..queued
        });
        self.events.splice(0..0, earlier);
    }

    /// Takes each event in turn, with its bytes, causes before what they cause; empties the batch and keeps its room.
    /// What stands at `until` or later is not shown and goes into `rest`.
    pub(crate) fn drain(
        &mut self,
        until: Option<Timestamp>,
        rest: &mut Self,
        mut show: impl FnMut(&Event<'_>),
    ) {
        self.put_in_order();
        for queued in self.events.drain(..) {
            let bytes = queued.bytes.map(|range| &self.bytes[range]);
            if until.is_some_and(|until| queued.place >= until) {
                let start = rest.bytes.len();
                rest.bytes.extend_from_slice(bytes.unwrap_or_default());
                rest.events.push(Queued {
                    bytes: bytes.map(|_| start..rest.bytes.len()),
                    ..queued
                });
                continue;
            }
            let mut event: Event<'_> = queued.event;
            if let (Some(bytes), Kind::Sent { payload, .. } | Kind::Received { payload, .. }) =
                (bytes, &mut event.kind)
            {
                let unit = payload.unit();
                *payload = Payload::Bytes {
                    data: Cow::Borrowed(bytes),
                    unit,
                };
            }
            show(&event);
        }
        self.bytes.clear();
    }

    fn put_in_order(&mut self) {
        self.events.sort_by_key(|queued| queued.place);
        // A cause is over when its effect is seen, though its call has not returned yet: so time never goes back.
        let mut next = None;
        for Queued { event, .. } in self.events.iter_mut().rev() {
            if let Some(next) = next.filter(|next| *next < event.at) {
                event.took = event
                    .took
                    .map(|took| took.saturating_sub(event.at.since(next)));
                event.at = next;
            }
            next = Some(event.at);
        }
    }
}
