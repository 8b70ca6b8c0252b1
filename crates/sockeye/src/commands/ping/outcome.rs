//! What is told of targets and probes while they are asked.

use std::net::IpAddr;
use std::time::Duration;

use sockeye_net::OpenError;
use sockeye_net::icmp::{Way, Why};

/// One piece of news.
#[derive(Debug)]
pub(super) struct Told {
    /// Which target, from 0.
    pub(super) target: usize,
    /// What is new.
    pub(super) what: What,
}

/// What is new of a target.
#[derive(Debug)]
pub(super) enum What {
    /// It can be asked: where it is, and how it is asked.
    Opened {
        /// Its address, or several.
        address: String,
        /// How.
        by: By,
    },
    /// It can't be asked.
    NotOpened(OpenError),
    /// A probe has left.
    Sent,
    /// A probe has ended, or something came for one that had.
    Probe {
        /// Which, from 1.
        number: u64,
        /// How it ended.
        end: End,
        /// From sending it until then.
        took: Duration,
    },
}

/// How a target is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// ICMP echo with so many bytes of data, over this kind of socket.
    Icmp(Way, usize),
    /// A TCP connect.
    Tcp,
    /// A connect of a UNIX socket.
    Unix,
    /// A TCP or UNIX connect and the handshakes above it.
    Layered,
    /// Pings on one WebSocket.
    WebSocket,
    /// A datagram with so many bytes of data.
    Udp(usize),
}

/// How a probe ended.
#[derive(Debug)]
pub(super) enum End {
    /// An answer came in time.
    Answered(Answer),
    /// The answer came after the probe had been called lost.
    Late(Answer),
    /// One more answer to a probe that has one.
    Again(Answer),
    /// Nobody listens there, the host says.
    Refused {
        /// Which address.
        from: String,
    },
    /// It did not arrive.
    Undelivered {
        /// Why.
        why: Why,
        /// Who says so.
        from: Option<IpAddr>,
    },
    /// A call failed.
    Failed(OpenError),
    /// Nothing came in time.
    Lost,
}

/// What an answer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Who answered.
    pub(super) from: String,
    /// What the answer is.
    pub(super) what: Replied,
}

/// What was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replied {
    /// An echo reply.
    Echo {
        /// The TTL or hop limit that was left.
        hops: Option<u8>,
        /// Its data is not what was sent.
        changed: bool,
    },
    /// A connection.
    Connected,
    /// A WebSocket's pong.
    Pong,
    /// A datagram of so many bytes.
    Datagram(usize),
    /// That nobody has the port: so the host is there.
    PortClosed,
}
