//! The kernel's tables of TCP and UDP sockets, as rows: from sock_diag(7), or else from the files of `/proc/net`.
//!
//! The kernel writes a table in pieces, so a busy machine may change between two of them: a row can be missed, and is
//! never invented.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::proc_net;
use crate::sock_diag::{Ask, inet_rows};

/// A transport protocol that has ports. TCP and UDP number theirs separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// tcp(7).
    Tcp,
    /// udp(7).
    Udp,
}

impl Protocol {
    /// The other one of the two.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Tcp => Self::Udp,
            Self::Udp => Self::Tcp,
        }
    }

    /// The name that services(5) and protocols(5) use: `tcp` or `udp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a socket is doing, as the kernel's table says. For TCP these are the states of RFC 9293 section 3.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// TCP: accepts connections.
    Listen,
    /// UDP: has an address and takes datagrams from anyone.
    Bound,
    /// UDP: connect(2) was called, so only one peer's datagrams are taken.
    Connected,
    /// TCP: both ways open.
    Established,
    /// TCP: connect(2) was called and no answer has come.
    SynSent,
    /// TCP: a client has knocked and the handshake is not over.
    SynReceived,
    /// TCP: this end has finished; the peer has not acknowledged it.
    FinWait1,
    /// TCP: this end has finished and the peer knows; the peer may go on sending.
    FinWait2,
    /// TCP: the peer has finished; this end has not.
    CloseWait,
    /// TCP: both finished at once and an acknowledgement is awaited.
    Closing,
    /// TCP: both have finished; the last acknowledgement is awaited.
    LastAck,
    /// TCP: over; the port rests so that late segments cannot disturb a new connection. No process holds it.
    TimeWait,
    /// TCP: has an address, and has called neither listen(2) nor connect(2); in no table before Linux 6.8.
    BoundInactive,
    /// TCP: no connection.
    Closed,
    /// A number that this version does not know.
    Other(u8),
}

impl State {
    pub(crate) fn of(protocol: Protocol, number: u8) -> Self {
        // include/net/tcp_states.h; UDP uses 1 and 7 only.
        match (protocol, number) {
            (Protocol::Udp, 1) => Self::Connected,
            (Protocol::Udp, 7) => Self::Bound,
            (Protocol::Tcp, 1) => Self::Established,
            (Protocol::Tcp, 2) => Self::SynSent,
            (Protocol::Tcp, 3 | 12) => Self::SynReceived,
            (Protocol::Tcp, 4) => Self::FinWait1,
            (Protocol::Tcp, 5) => Self::FinWait2,
            (Protocol::Tcp, 6) => Self::TimeWait,
            (Protocol::Tcp, 7) => Self::Closed,
            (Protocol::Tcp, 8) => Self::CloseWait,
            (Protocol::Tcp, 9) => Self::LastAck,
            (Protocol::Tcp, 10) => Self::Listen,
            (Protocol::Tcp, 11) => Self::Closing,
            (_, other) => Self::Other(other),
        }
    }

    /// Whether a stranger can reach a program through such a socket: a TCP listener or an unconnected UDP socket.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Listen | Self::Bound)
    }

    /// The name as netstat(8) writes it; the two UDP states have names of ours.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "LISTEN",
            Self::Bound => "BOUND",
            Self::Connected => "CONNECTED",
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynReceived => "SYN_RECV",
            Self::FinWait1 => "FIN_WAIT1",
            Self::FinWait2 => "FIN_WAIT2",
            Self::CloseWait => "CLOSE_WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::BoundInactive => "BOUND_INACTIVE",
            Self::Closed => "CLOSE",
            Self::Other(_) => "UNKNOWN",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What TCP measures on a connection; tcp(7), TCP_INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpFigures {
    /// The smoothed round-trip time; zero before the first measurement.
    pub round_trip: Duration,
    /// Its mean deviation.
    pub variation: Duration,
    /// Segments that were sent again, since the connection began.
    pub retransmitted: u32,
}

/// Where a table of the kernel was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Over netlink: sock_diag(7), rtnetlink(7).
    Netlink,
    /// The files of `/proc/net`: without the backlog of listeners, what TCP measures, IPV6_V6ONLY, and TCP sockets that
    /// are bound and do not listen. The reason why it was not netlink.
    Proc(io::ErrorKind),
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) state: State,
    pub(crate) user_id: u32,
    /// Number of the socket file; 0 while no file belongs to the socket.
    pub(crate) inode: u64,
    /// How long the state still lasts, for TIME_WAIT.
    pub(crate) rest: Option<Duration>,
    /// Bytes to be read; of a listener, connections to be accepted.
    pub(crate) receive_queue: u32,
    /// Bytes that are not acknowledged, or not sent; of a listener, how many connections may wait.
    pub(crate) send_queue: Option<u32>,
    pub(crate) v6_only: Option<bool>,
    /// The number of the interface that the socket is bound to; 0 is none.
    pub(crate) interface: u32,
    pub(crate) tcp: Option<TcpFigures>,
    /// UDP: datagrams that were thrown away for want of room.
    pub(crate) drops: Option<u32>,
}

impl Row {
    /// Whether the socket has named a peer.
    pub(crate) fn has_remote(&self) -> bool {
        self.remote.port() != 0 || !self.remote.ip().is_unspecified()
    }
}

#[cfg(test)]
impl Default for Row {
    fn default() -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            local: nowhere,
            remote: nowhere,
            state: State::Closed,
            user_id: 0,
            inode: 0,
            rest: None,
            receive_queue: 0,
            send_queue: None,
            v6_only: None,
            interface: 0,
            tcp: None,
            drops: None,
        }
    }
}

/// What a table held, and where it was read.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) source: Source,
}

/// The rows of `protocol` that `ask` is about, IPv4 first.
///
/// # Errors
/// Neither sock_diag nor `/proc/net` can be read.
pub(crate) fn table(protocol: Protocol, ask: Ask) -> io::Result<Table> {
    match inet_rows(protocol, ask) {
        Ok(rows) => Ok(Table {
            rows,
            source: Source::Netlink,
        }),
        Err(error) => {
            let mut rows = proc_net::rows(protocol)?;
            rows.retain(|row| ask.fits(row));
            Ok(Table {
                rows,
                source: Source::Proc(error.kind()),
            })
        }
    }
}

/// Every row of `protocol`.
///
/// # Errors
/// As [`table`].
pub(crate) fn rows(protocol: Protocol) -> io::Result<Vec<Row>> {
    table(protocol, Ask::All).map(|table| table.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_state_has_a_name_and_no_two_share_it() {
        let tcp = (1..=11).map(|number| State::of(Protocol::Tcp, number));
        let udp = [1, 7].map(|number| State::of(Protocol::Udp, number));
        let names: Vec<_> = tcp.chain(udp).map(State::name).collect();
        let different: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
        assert!(!names.contains(&"UNKNOWN"));
        assert_eq!(State::of(Protocol::Tcp, 99), State::Other(99));
    }
}
