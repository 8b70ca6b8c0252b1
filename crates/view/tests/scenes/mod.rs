//! Streams of events as real sessions give them, built by hand, for the tests of the views.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "each test file uses its own part"
)]

mod every_kind;
mod mistakes;
mod sessions;

pub(crate) use every_kind::*;
pub(crate) use mistakes::*;
pub(crate) use sessions::*;

use std::borrow::Cow;
use std::time::Duration;

use sockeye_model::{
    Call, DropReason, End, Errno, Event, Family, Kind, Note, Payload, ProcessName, Protocol, Sink,
    SocketAddress, SocketId, Source, Tally, TcpSample, Timestamp, Totals, Type, Unit,
};

pub(crate) fn address(text: &str) -> SocketAddress {
    text.parse().unwrap()
}

/// A session being written down: events at microseconds since its start.
#[derive(Default)]
pub(crate) struct Scene {
    pub(crate) events: Vec<Event<'static>>,
    pub(crate) tally: Tally,
}

impl Scene {
    pub(crate) fn at(
        &mut self,
        micros: u64,
        socket: u32,
        kind: Kind<'static>,
    ) -> &mut Event<'static> {
        self.events.push(Event {
            at: Timestamp::from_nanos(micros * 1_000),
            took: None,
            socket: SocketId(socket),
            parent: None,
            by: None,
            place: None,
            kind,
        });
        self.events.last_mut().unwrap()
    }

    pub(crate) fn created(&mut self, at: u64, socket: u32, family: Family, kind: Type) {
        self.at(
            at,
            socket,
            Kind::Created {
                family,
                kind,
                protocol: Protocol::DEFAULT,
            },
        );
    }

    pub(crate) fn bound(&mut self, at: u64, socket: u32, local: &str) {
        self.at(
            at,
            socket,
            Kind::Bound {
                local: address(local),
            },
        );
    }

    pub(crate) fn listening(&mut self, at: u64, socket: u32, local: &str) {
        self.at(
            at,
            socket,
            Kind::Listening {
                local: address(local),
                backlog: 128,
            },
        );
    }

    pub(crate) fn connecting(&mut self, at: u64, socket: u32, peer: &str) {
        self.at(
            at,
            socket,
            Kind::Connecting {
                peer: address(peer),
            },
        );
    }

    pub(crate) fn connected(&mut self, at: u64, socket: u32, local: &str, peer: &str, took: u64) {
        self.at(
            at,
            socket,
            Kind::Connected {
                local: address(local),
                peer: address(peer),
            },
        )
        .took = Some(Duration::from_micros(took));
    }

    pub(crate) fn accepted(&mut self, at: u64, parent: u32, socket: u32, local: &str, peer: &str) {
        self.at(
            at,
            socket,
            Kind::Accepted {
                local: address(local),
                peer: address(peer),
            },
        )
        .parent = Some(SocketId(parent));
    }

    pub(crate) fn waiting(&mut self, at: u64, socket: u32, call: Call) {
        self.at(at, socket, Kind::Waiting { call });
    }

    pub(crate) fn sent(&mut self, at: u64, socket: u32, data: &[u8]) {
        self.at(
            at,
            socket,
            Kind::Sent {
                buffer: None,
                call: Call::Send,
                asked: data.len() as u64,
                payload: bytes(data, Unit::Bytes),
                peer: None,
            },
        )
        .took = Some(Duration::from_micros(10));
    }

    pub(crate) fn received(&mut self, at: u64, socket: u32, data: &[u8]) {
        self.at(
            at,
            socket,
            Kind::Received {
                call: Call::Recv,
                payload: bytes(data, Unit::Bytes),
                room: 65_536,
                truncated_from: None,
                peer: None,
            },
        );
    }

    pub(crate) fn sent_to(&mut self, at: u64, socket: u32, data: &[u8], peer: &str) {
        self.at(
            at,
            socket,
            Kind::Sent {
                buffer: None,
                call: Call::SendTo,
                asked: data.len() as u64,
                payload: bytes(data, Unit::Message),
                peer: Some(address(peer)),
            },
        )
        .took = Some(Duration::from_micros(10));
    }

    pub(crate) fn received_from(&mut self, at: u64, socket: u32, data: &[u8], peer: &str) {
        self.at(
            at,
            socket,
            Kind::Received {
                call: Call::RecvFrom,
                payload: bytes(data, Unit::Message),
                room: 65_536,
                truncated_from: None,
                peer: Some(address(peer)),
            },
        );
    }

    pub(crate) fn half_closed(&mut self, at: u64, socket: u32, end: End) {
        self.at(at, socket, Kind::HalfClosed { end });
    }

    pub(crate) fn closed(
        &mut self,
        at: u64,
        socket: u32,
        sent: u64,
        received: u64,
        first: Option<End>,
    ) {
        let totals = Totals {
            bytes_sent: sent,
            bytes_received: received,
            sends: 1,
            receives: 1,
        };
        self.at(at, socket, Kind::Closed { totals, first });
    }

    pub(crate) fn failed(
        &mut self,
        at: u64,
        socket: u32,
        call: Call,
        errno: Errno,
        peer: Option<&str>,
    ) {
        self.at(
            at,
            socket,
            Kind::Failed {
                call,
                errno,
                address: peer.map(address),
            },
        );
    }

    pub(crate) fn tally(
        &mut self,
        sent: (u64, u64),
        received: (u64, u64),
        conversations: u64,
        failed: u64,
    ) {
        self.tally = Tally {
            lasted: Duration::from_secs(7),
            totals: Totals {
                bytes_sent: sent.1,
                bytes_received: received.1,
                sends: sent.0,
                receives: received.0,
            },
            conversations,
            failed,
            unshown: 0,
        };
    }

    /// Feeds it all to a view.
    pub(crate) fn show(&self, mut view: impl Sink) {
        for event in &self.events {
            view.event(event).unwrap();
        }
        view.finish(&self.tally).unwrap();
    }
}

pub(crate) fn bytes(data: &[u8], unit: Unit) -> Payload<'static> {
    Payload::Bytes {
        data: Cow::Owned(data.to_vec()),
        unit,
    }
}

fn sample() -> Kind<'static> {
    Kind::Sampled {
        sample: TcpSample {
            rtt: Duration::from_micros(50),
            rtt_deviation: Duration::from_micros(20),
            retransmitted: 0,
            segments_out: 9,
            segments_in: 8,
            mss: 32_768,
            acknowledged: 13,
            unacknowledged: 0,
            unread: 0,
        },
    }
}
