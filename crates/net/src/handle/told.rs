//! What a call moved: counted on the socket, and told where a view is on.

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use sockeye_model::{Call, End, Errno, Kind, Payload, SocketAddress, Timestamp, Totals, Unit};

use super::{Handle, comes_back};

#[derive(Default)]
pub(super) struct Counters {
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    sends: AtomicU64,
    receives: AtomicU64,
}

impl Handle {
    /// From now on a layer above tells and counts what is sent and received: plain text, whole messages of WebSocket. The
    /// calls beneath are still one event each, without their bytes, which would tell nobody anything.
    pub(crate) fn veil(&self) {
        self.veiled.store(true, Ordering::Relaxed);
    }

    /// From now on a layer of messages stands above all others, and tells and counts alone.
    pub(crate) fn veil_for_messages(&self) {
        self.veil();
        self.keeps_messages_above.store(true, Ordering::Relaxed);
    }

    /// Whether what a layer moves is for another layer, which tells it.
    fn is_beneath(&self, unit: Unit) -> bool {
        unit == Unit::Bytes && self.keeps_messages_above.load(Ordering::Relaxed)
    }

    /// Tells a call beneath a layer; whether there is one.
    fn tell_beneath(&self, began: Timestamp, call: Call, len: usize) -> bool {
        let veiled = self.veiled.load(Ordering::Relaxed);
        if veiled && self.tap.wants_each() {
            let result = Ok(i64::try_from(len).unwrap_or(i64::MAX));
            self.emit(began, Kind::Called { call, result });
        }
        veiled
    }

    /// Counts and tells what a layer was given to send: a stretch of plain text, or one whole message.
    pub(crate) fn layer_sent(&self, began: Timestamp, data: &[u8], unit: Unit) {
        if self.is_beneath(unit) {
            return;
        }
        self.count_sent(data.len() as u64, 1);
        if self.tap.wants_each() {
            let sent = Kind::Sent {
                buffer: None,
                call: Call::Send,
                payload: self.payload_of(data, unit),
                asked: data.len() as u64,
                peer: None,
            };
            self.emit(began, sent);
        }
    }

    /// Counts and tells what a layer has for whoever receives; `room` as for a call.
    pub(crate) fn layer_received(&self, began: Timestamp, data: &[u8], room: usize, unit: Unit) {
        if self.is_beneath(unit) {
            return;
        }
        self.count_received(data.len() as u64, 1);
        if self.tap.wants_each() {
            let received = Kind::Received {
                call: Call::Recv,
                payload: self.payload_of(data, unit),
                room: room as u64,
                truncated_from: None,
                peer: None,
            };
            self.emit(began, received);
        }
    }

    /// The peer has said, in a layer's own words, that it will send no more.
    pub(crate) fn layer_ended(&self, began: Timestamp) {
        self.note_end(End::Peer);
        self.emit(began, Kind::HalfClosed { end: End::Peer });
    }

    /// Counts and tells what a call sent, with its bytes where a view wants them.
    pub(crate) fn sent(
        &self,
        began: Timestamp,
        call: Call,
        data: &[u8],
        asked: usize,
        peer: Option<&SocketAddress>,
    ) {
        if self.tell_beneath(began, call, data.len()) {
            return;
        }
        self.count_sent(data.len() as u64, 1);
        if self.tap.wants_each() {
            let payload = self.payload(data);
            self.emit(
                began,
                Kind::Sent {
                    buffer: None,
                    call,
                    payload,
                    asked: asked as u64,
                    peer: peer.cloned(),
                },
            );
        }
    }

    /// Counts and tells what a call received.
    pub(crate) fn received(
        &self,
        began: Timestamp,
        call: Call,
        data: &[u8],
        room: usize,
        truncated_from: Option<usize>,
        peer: Option<&SocketAddress>,
    ) {
        if self.tell_beneath(began, call, data.len()) {
            return;
        }
        self.count_received(data.len() as u64, 1);
        if self.tap.wants_each() {
            let payload = self.payload(data);
            let truncated_from = truncated_from.map(|whole| whole as u64);
            self.emit(
                began,
                Kind::Received {
                    call,
                    payload,
                    room: room as u64,
                    truncated_from,
                    peer: peer.cloned(),
                },
            );
        }
    }

    /// Bytes that left without passing through this program.
    pub(crate) fn sent_unseen(&self, began: Timestamp, call: Call, len: usize) {
        self.count_sent(len as u64, 1);
        if self.tap.wants_each() {
            let payload = Payload::Unseen {
                len: len as u64,
                unit: Unit::Bytes,
            };
            self.emit(
                began,
                Kind::Sent {
                    buffer: None,
                    call,
                    payload,
                    asked: len as u64,
                    peer: None,
                },
            );
        }
    }

    /// Bytes that came without passing through this program; none is the end.
    pub(crate) fn received_unseen(&self, began: Timestamp, call: Call, len: usize, room: usize) {
        self.count_received(len as u64, 1);
        if self.tap.wants_each() {
            let payload = Payload::Unseen {
                len: len as u64,
                unit: Unit::Bytes,
            };
            self.emit(
                began,
                Kind::Received {
                    call,
                    payload,
                    room: room as u64,
                    truncated_from: None,
                    peer: None,
                },
            );
        }
    }

    /// A receive gave 0 bytes: the peer's end, but for a connection that broke before. Beneath a layer it is a call that
    /// gave nothing; whether it was the end, the layer knows.
    pub(crate) fn peer_ended(&self, began: Timestamp) {
        if self.has_broken() || self.veiled.load(Ordering::Relaxed) {
            let (call, result) = (Call::Recv, Ok(0));
            self.emit(began, Kind::Called { call, result });
            return;
        }
        self.note_end(End::Peer);
        self.emit(began, Kind::HalfClosed { end: End::Peer });
    }

    /// Tells a failure that a call outside of here met on this socket.
    pub(crate) fn failed(&self, began: Timestamp, call: Call, error: &io::Error) {
        if !comes_back(error) {
            self.emit(
                began,
                Kind::Failed {
                    call,
                    errno: Errno::from(error),
                    address: None,
                },
            );
        }
    }

    /// Remembers that a send met a reset, or another failure of the whole connection. `EPIPE` is none: the peer's end
    /// had come before.
    pub(crate) fn note_break<T>(&self, sent: &io::Result<T>) {
        if let Err(error) = sent
            && self.is_tcp()
            && !comes_back(error)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.broke.store(true, Ordering::Relaxed);
        }
    }

    /// A send of this stream was told that the connection broke, so that a receive of 0 bytes is no end.
    pub(crate) fn has_broken(&self) -> bool {
        self.broke.load(Ordering::Relaxed)
    }

    pub(super) fn note_end(&self, end: End) {
        let value = if end == End::Ours { 1 } else { 2 };
        let _ = self
            .first_end
            .compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn payload<'a>(&self, data: &'a [u8]) -> Payload<'a> {
        let unit = if self.kind.keeps_messages() {
            Unit::Message
        } else {
            Unit::Bytes
        };
        self.payload_of(data, unit)
    }

    fn payload_of<'a>(&self, data: &'a [u8], unit: Unit) -> Payload<'a> {
        if self.tap.wants_bytes() {
            Payload::Bytes {
                data: Cow::Borrowed(data),
                unit,
            }
        } else {
            Payload::Unseen {
                len: data.len() as u64,
                unit,
            }
        }
    }

    // One reader and one writer: a plain load and store is enough, and costs no locked instruction.
    pub(crate) fn count_sent(&self, bytes: u64, calls: u64) {
        add(&self.counters.bytes_sent, bytes);
        add(&self.counters.sends, calls);
    }

    pub(crate) fn count_received(&self, bytes: u64, calls: u64) {
        add(&self.counters.bytes_received, bytes);
        add(&self.counters.receives, calls);
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals {
            bytes_sent: self.counters.bytes_sent.load(Ordering::Relaxed),
            bytes_received: self.counters.bytes_received.load(Ordering::Relaxed),
            sends: self.counters.sends.load(Ordering::Relaxed),
            receives: self.counters.receives.load(Ordering::Relaxed),
        }
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(by),
        Ordering::Relaxed,
    );
}
