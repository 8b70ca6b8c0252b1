//! TCP and UDP sockets from sock_diag(7): `struct inet_diag_msg` and its attributes, as rows.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use netlink_packet_core::{Emitable, Parseable};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
};
use netlink_packet_sock_diag::{
    AF_INET, AF_INET6, INET_DIAG_INFO, INET_DIAG_SKMEMINFO, INET_DIAG_SKV6ONLY, IPPROTO_TCP,
    IPPROTO_UDP, SOCK_DIAG_BY_FAMILY, TCP_TIME_WAIT,
};
use rustix::io::Errno;
use rustix::net::netlink;

use crate::netlink::{Netlink, attributes, number};
use crate::table::{Protocol, Row, State, TcpFigures};

/// Which sockets are asked for; the kernel leaves out the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// In every state.
    All,
    /// In every state, on this local port.
    Port(u16),
    /// TCP listeners, UDP sockets that take datagrams from anyone.
    Open,
    /// Those of [`Ask::Open`] on this local port: cheap, since the kernel need not look at its connections.
    OpenOn(u16),
    /// Those with a peer, with what TCP measures; and listeners, whose queue a connection may wait in.
    Connections,
}

impl Ask {
    /// Whether the row is one that is asked for. The kernel leaves out most others, `/proc/net` none.
    pub(crate) fn fits(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Port(port) => row.local.port() == port,
            Self::Open => row.state.is_open(),
            Self::OpenOn(port) => row.state.is_open() && row.local.port() == port,
            Self::Connections => row.state == State::Listen || row.has_remote(),
        }
    }
}

/// The sockets that `ask` is about, IPv4 first.
///
/// # Errors
/// Netlink is forbidden, or the kernel has no such table. A machine without IPv6 is no error.
pub(crate) fn inet_rows(protocol: Protocol, ask: Ask) -> io::Result<Vec<Row>> {
    let mut netlink = Netlink::open(Some(netlink::SOCK_DIAG))?;
    let mut rows = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let mut request = [0; REQUEST];
        request_for(protocol, ask, family).emit(&mut request);
        let dumped = netlink.dump(SOCK_DIAG_BY_FAMILY, &request, |payload| {
            let row = parse(protocol, payload).filter(|row| ask.fits(row));
            rows.extend(row);
        });
        match dumped {
            Err(error) if family == AF_INET6 && is_absent(&error) => {}
            other => other?,
        }
    }
    Ok(rows)
}

/// A kernel without IPv6 says so in one of these ways.
fn is_absent(error: &io::Error) -> bool {
    [
        Errno::NOENT,
        Errno::AFNOSUPPORT,
        Errno::INVAL,
        Errno::OPNOTSUPP,
    ]
    .iter()
    .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn request_for(protocol: Protocol, ask: Ask, family: u8) -> InetRequest {
    let mut socket_id = match family {
        AF_INET => SocketId::new_v4(),
        _ => SocketId::new_v6(),
    };
    if let Ask::Port(port) | Ask::OpenOn(port) = ask {
        socket_id.source_port = port;
    }
    let every = StateFlags::from_bits_retain(u32::MAX);
    let (states, extensions) = match (protocol, ask) {
        (Protocol::Tcp, Ask::Open | Ask::OpenOn(_)) => {
            (StateFlags::LISTEN, ExtensionFlags::empty())
        }
        (Protocol::Tcp, Ask::Connections) => (
            every - StateFlags::TIME_WAIT - StateFlags::from_bits_retain(BOUND_INACTIVE),
            ExtensionFlags::INFO,
        ),
        (Protocol::Tcp, Ask::Port(_)) => (every, ExtensionFlags::INFO),
        (Protocol::Tcp, Ask::All) => (every, ExtensionFlags::empty()),
        (Protocol::Udp, Ask::Open | Ask::OpenOn(_)) => {
            (StateFlags::CLOSE, ExtensionFlags::SKMEMINFO)
        }
        (Protocol::Udp, Ask::Connections) => (StateFlags::ESTABLISHED, ExtensionFlags::SKMEMINFO),
        (Protocol::Udp, Ask::All | Ask::Port(_)) => (every, ExtensionFlags::SKMEMINFO),
    };
    InetRequest {
        family,
        protocol: match protocol {
            Protocol::Tcp => IPPROTO_TCP,
            Protocol::Udp => IPPROTO_UDP,
        },
        extensions,
        states,
        socket_id,
    }
}

/// One answer; `None` if it is none that this version understands.
pub(super) fn parse(protocol: Protocol, payload: &[u8]) -> Option<Row> {
    let header = InetResponseHeader::parse(payload).ok()?;
    let interface = header.socket_id.interface_id;
    let state = match State::of(protocol, header.state) {
        // TCP_CLOSE in a dump is a socket of the table of bound ports: Linux 6.8 and later list it.
        State::Closed => State::BoundInactive,
        state => state,
    };
    let mut row = Row {
        local: address(
            header.socket_id.source_address,
            header.socket_id.source_port,
            interface,
        ),
        remote: address(
            header.socket_id.destination_address,
            header.socket_id.destination_port,
            interface,
        ),
        state,
        user_id: header.uid,
        inode: header.inode.into(),
        rest: (header.state == TCP_TIME_WAIT && protocol == Protocol::Tcp)
            .then(|| number(payload, EXPIRES))
            .flatten()
            .map(|milliseconds| Duration::from_millis(milliseconds.into())),
        receive_queue: header.recv_queue,
        send_queue: Some(header.send_queue),
        v6_only: None,
        interface,
        tcp: None,
        drops: None,
    };
    for (kind, value) in attributes(payload.get(RESPONSE..)?) {
        match kind {
            INET_DIAG_SKV6ONLY => row.v6_only = value.first().map(|only| *only != 0),
            INET_DIAG_INFO if row.has_remote() => row.tcp = figures(value),
            INET_DIAG_SKMEMINFO => row.drops = number(value, DROPS),
            _ => {}
        }
    }
    Some(row)
}

/// A link-local address is only one together with its interface; ipv6(7).
fn address(ip: IpAddr, port: u16, interface: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(six) if six.is_unicast_link_local() => {
            SocketAddrV6::new(six, port, 0, interface).into()
        }
        other => SocketAddr::new(other, port),
    }
}

/// From `struct tcp_info` of linux/tcp.h, which later kernels only lengthen.
fn figures(info: &[u8]) -> Option<TcpFigures> {
    let microseconds = |offset| {
        let number = number(info, offset)?;
        Some(Duration::from_micros(number.into()))
    };
    Some(TcpFigures {
        round_trip: microseconds(TCPI_RTT)?,
        variation: microseconds(TCPI_RTTVAR)?,
        retransmitted: number(info, TCPI_TOTAL_RETRANS)?,
    })
}

/// `struct inet_diag_req_v2` and `struct inet_diag_msg` of linux/inet_diag.h, bytes.
const REQUEST: usize = 56;
const RESPONSE: usize = 72;
/// `idiag_expires`, which the library leaves out for TIME_WAIT.
const EXPIRES: usize = 52;
/// `1 << TCP_BOUND_INACTIVE` of the kernel's net/tcp_states.h, since Linux 6.8; earlier ones ignore it.
const BOUND_INACTIVE: u32 = 1 << 13;
/// `SK_MEMINFO_DROPS` of linux/sock_diag.h.
const DROPS: usize = 8 * 4;
const TCPI_RTT: usize = 68;
const TCPI_RTTVAR: usize = 72;
const TCPI_TOTAL_RETRANS: usize = 100;
