//! What is kept of a session until it is over, within a bound.

use sockeye_model::{Call, Event, Kind, Note, Payload, SocketId, Totals};

use crate::sums::Sums;

/// The beginning of what one call carried.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    /// The first bytes.
    pub(crate) head: Vec<u8>,
    /// How many there were in all.
    pub(crate) len: u64,
}

/// Bytes that a page keeps of what one call carried.
pub const SHOWN_BYTES: usize = 4_096;

/// Bytes that a page keeps of all calls together.
pub const ALL_BYTES: usize = 512 * 1_024;

/// Findings that are kept besides the events.
const FINDINGS: usize = 500;

/// The events of a session, without long payloads.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) events: Vec<KeptEvent>,
    pub(super) data: Vec<Data>,
    pub(super) left_out: u64,
    /// What all of them came to, also those that are left out.
    pub(super) sums: Sums,
    pub(super) totals: Totals,
    pub(super) sockets: u32,
    limit: usize,
    findings: usize,
    room: usize,
}

/// One event, and what it carried.
#[derive(Clone, Debug)]
pub(super) struct KeptEvent {
    pub(super) event: Event<'static>,
    /// Its bytes, in the list of all.
    pub(super) data: Option<usize>,
}

impl Kept {
    /// Room for so many events.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            events: Vec::new(),
            data: Vec::new(),
            left_out: 0,
            sums: Sums::default(),
            totals: Totals::default(),
            sockets: 0,
            limit,
            findings: 0,
            room: ALL_BYTES,
        }
    }

    /// Keeps an event, or counts it.
    pub(crate) fn keep(&mut self, event: &Event<'_>) {
        if let Kind::Noted(Note::Syscall(_)) = event.kind {
            return;
        }
        self.count(event);
        match &event.kind {
            // There for the rules.
            Kind::Called {
                call: Call::Poll | Call::Select | Call::EpollWait,
                ..
            } if event.socket == SocketId::NONE => return,
            // Kept beyond the limit: they are few, and what the picture is for.
            Kind::Diagnosed(_) if self.findings < FINDINGS => self.findings += 1,
            Kind::Unshown { events } => {
                self.left_out = self.left_out.saturating_add(*events);
                return;
            }
            _ if self.events.len() >= self.limit + self.findings => {
                self.left_out = self.left_out.saturating_add(1);
                return;
            }
            _ => {}
        }
        let event = self.without_long_bytes(event);
        self.events.push(event);
    }

    fn count(&mut self, event: &Event<'_>) {
        self.sums.event(event);
        self.sockets = self.sockets.max(event.socket.0);
        let totals = &mut self.totals;
        match &event.kind {
            Kind::Sent { payload, .. } => {
                totals.bytes_sent = totals.bytes_sent.saturating_add(payload.len());
            }
            Kind::Received { payload, .. } => {
                totals.bytes_received = totals.bytes_received.saturating_add(payload.len());
            }
            _ => {}
        }
    }

    /// The event with its bytes put aside; short ones stay in it too, for the words to quote.
    fn without_long_bytes(&mut self, event: &Event<'_>) -> KeptEvent {
        let payload = match &event.kind {
            Kind::Sent { payload, .. } | Kind::Received { payload, .. } => payload.data(),
            _ => None,
        };
        let Some(bytes) = payload.filter(|bytes| !bytes.is_empty()) else {
            return KeptEvent {
                event: event.clone().into_owned(),
                data: None,
            };
        };
        let head = &bytes[..bytes.len().min(SHOWN_BYTES).min(self.room)];
        self.room -= head.len();
        let data = (!head.is_empty()).then(|| {
            self.data.push(Data {
                head: head.to_vec(),
                len: bytes.len() as u64,
            });
            self.data.len() - 1
        });
        let long = head.len() < bytes.len();
        let mut event = event.clone();
        if let Kind::Sent { payload, .. } | Kind::Received { payload, .. } = &mut event.kind
            && long
        {
            *payload = Payload::Unseen {
                len: payload.len(),
                unit: payload.unit(),
            };
        }
        KeptEvent {
            event: event.into_owned(),
            data,
        }
    }
}
