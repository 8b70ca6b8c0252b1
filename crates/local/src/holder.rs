//! Who holds a local port: every socket on it, in every state, and the processes that have it open.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::owner::{Owner, Owners};
use crate::process::Process;
use crate::sock_diag::Ask;
use crate::table::{Protocol, Row, State, TcpFigures, table};

/// A socket that occupies a local port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Which of the two port spaces.
    pub protocol: Protocol,
    /// Its own address. `[::]` stands for IPv4 as well, unless [`Holder::v6_only`].
    pub local: SocketAddr,
    /// The peer, if it has one.
    pub remote: Option<SocketAddr>,
    /// What it is doing.
    pub state: State,
    /// The socket's number in `/proc/*/fd`; 0 if no program has it.
    pub inode: u64,
    /// The user who made it; `None` if no program has it.
    pub user_id: Option<u32>,
    /// For [`State::TimeWait`]: until the kernel forgets it.
    pub rest: Option<Duration>,
    /// Bytes that have arrived and were not read; of a listener, connections that wait to be accepted.
    pub receive_queue: u32,
    /// Bytes that were sent and not acknowledged; of a listener, how many connections may wait. `None` if not known.
    pub send_queue: Option<u32>,
    /// IPV6_V6ONLY, of a listener or a UDP socket over IPv6; `None` for others, and if not known.
    pub v6_only: Option<bool>,
    /// The number of the interface that it is bound to: SO_BINDTODEVICE, or the zone of a link-local address.
    pub interface: Option<u32>,
    /// What TCP measured, of a connection; `None` if not known.
    pub tcp: Option<TcpFigures>,
    /// UDP: datagrams that were thrown away because the program reads too slowly; `None` if not known.
    pub drops: Option<u32>,
    /// TCP: a connection that no program has accepted yet; `owner` is then the listener's.
    pub queued: bool,
    /// Whose it is.
    pub owner: Owner,
}

impl Holder {
    pub(crate) fn new(protocol: Protocol, row: &Row, owners: &Owners) -> Self {
        Self {
            protocol,
            local: row.local,
            remote: row.has_remote().then_some(row.remote),
            state: row.state,
            inode: row.inode,
            user_id: (row.inode != 0).then_some(row.user_id),
            rest: row.rest,
            receive_queue: row.receive_queue,
            send_queue: row.send_queue,
            v6_only: row.v6_only,
            interface: (row.interface != 0).then_some(row.interface),
            tcp: row.tcp,
            drops: row.drops,
            queued: false,
            owner: owners.owner(row.inode),
        }
    }

    /// The process with the lowest number that has it open; [`Holder::owner`] says why if there is none.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.owner.process()
    }

    /// Whether it keeps bind(2) from taking `address`: the same address, or one of the two is every address.
    ///
    /// `[::]` stands for IPv4 as well, as [`Holder::v6_only`] says; what SO_REUSEADDR and SO_REUSEPORT allow is not
    /// weighed. ip(7), ipv6(7).
    #[must_use]
    pub fn is_in_the_way_of(&self, address: SocketAddr) -> bool {
        let (own, asked) = (self.local.ip(), address.ip());
        let wildcard_over_both = |six: IpAddr| six.is_ipv6() && six.is_unspecified();
        let (own_plain, asked_plain) = (own.to_canonical(), asked.to_canonical());
        self.local.port() == address.port()
            && if own_plain.is_ipv4() == asked_plain.is_ipv4() {
                own_plain == asked_plain
                    || own_plain.is_unspecified()
                    || asked_plain.is_unspecified()
            } else {
                wildcard_over_both(asked) || (wildcard_over_both(own) && self.v6_only != Some(true))
            }
    }
}

/// Every socket with the local port `port`: first those that a stranger can reach, then conversations, TIME_WAIT last.
///
/// An empty answer does not prove that bind(2) will succeed: before Linux 6.8 a TCP socket that is bound and neither
/// listens nor connects is in no table, and sockets of other network namespaces are not of this one.
///
/// # Errors
/// Neither sock_diag(7) nor `/proc/net` can be read; a machine without IPv6 is no error.
pub fn holders(protocol: Protocol, port: u16) -> io::Result<Vec<Holder>> {
    Ok(with_owners(
        protocol,
        table(protocol, Ask::Port(port))?.rows,
    ))
}

/// Every TCP listener, or every UDP socket that takes datagrams from anyone, by port.
///
/// # Errors
/// As [`holders`].
pub fn listeners(protocol: Protocol) -> io::Result<Vec<Holder>> {
    let mut listeners = with_owners(protocol, table(protocol, Ask::Open)?.rows);
    listeners.sort_by_key(|holder| (holder.local.port(), holder.local.ip()));
    Ok(listeners)
}

/// [`listeners`] on the local port `port` alone: less work for the kernel than [`holders`], which tells of connections too.
///
/// # Errors
/// As [`holders`].
pub fn listeners_on(protocol: Protocol, port: u16) -> io::Result<Vec<Holder>> {
    Ok(with_owners(
        protocol,
        table(protocol, Ask::OpenOn(port))?.rows,
    ))
}

/// Names the owners of `rows` with one walk over the processes.
fn with_owners(protocol: Protocol, mut rows: Vec<Row>) -> Vec<Holder> {
    rows.sort_by_key(|row| (rank(row.state), row.local, row.remote));
    let owners = Owners::of(rows.iter().map(|row| row.inode));
    rows.into_iter()
        .map(|row| Holder::new(protocol, &row, &owners))
        .collect()
}

pub(crate) fn rank(state: State) -> u8 {
    match state {
        state if state.is_open() => 0,
        State::BoundInactive => 1,
        State::TimeWait => 3,
        _ => 2,
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;
    use crate::proc_net::parse;

    #[test]
    fn a_listener_comes_first_and_a_resting_connection_last() {
        let rows = parse(
            Protocol::Tcp,
            "0: 0100007F:1B5F 0100007F:C924 06 0:0 03:00000064 0 0 0 0\n\
             1: 0100007F:1B5F 0100007F:C925 01 0:0 00:0 0 0 0 0\n\
             2: 0100007F:1B5F 00000000:0000 0A 0:0 00:0 0 0 0 0\n",
        );
        let holders = with_owners(Protocol::Tcp, rows);
        let states: Vec<_> = holders.iter().map(|holder| holder.state).collect();
        assert_eq!(states, [State::Listen, State::Established, State::TimeWait]);
        assert_eq!(holders[0].remote, None);
        assert_eq!(holders[1].remote, Some("127.0.0.1:51493".parse().unwrap()));
        assert_eq!(holders[2].rest, Some(Duration::from_secs(1)));
        assert_eq!(holders[2].owner, Owner::Nobody);
        assert_eq!(holders[2].user_id, None);
    }

    #[test]
    fn only_a_socket_whose_address_overlaps_is_in_the_way() {
        let held = |local: &str, v6_only| {
            let row = Row {
                local: local.parse().unwrap(),
                v6_only,
                ..Row::default()
            };
            with_owners(Protocol::Tcp, vec![row]).remove(0)
        };
        for (local, v6_only, asked, expected) in [
            ("127.0.0.2:53", None, "127.0.0.53:53", false),
            ("127.0.0.53:53", None, "127.0.0.53:53", true),
            ("127.0.0.53:54", None, "127.0.0.53:53", false),
            ("0.0.0.0:53", None, "127.0.0.53:53", true),
            ("127.0.0.2:53", None, "0.0.0.0:53", true),
            ("127.0.0.2:53", None, "[::1]:53", false),
            ("127.0.0.2:53", None, "[::]:53", true),
            ("[::]:53", Some(false), "127.0.0.2:53", true),
            ("[::]:53", Some(true), "127.0.0.2:53", false),
            ("[::]:53", Some(true), "[::1]:53", true),
            ("0.0.0.0:53", None, "[::1]:53", false),
            ("[::ffff:127.0.0.2]:53", Some(false), "127.0.0.2:53", true),
        ] {
            let is = held(local, v6_only).is_in_the_way_of(asked.parse().unwrap());
            assert_eq!(is, expected, "{local} {v6_only:?}, asked {asked}");
        }
    }
}
