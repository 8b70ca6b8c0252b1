//! The process at the other end of one of our connections, when that end is on this machine.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::owner::{Owner, Owners};
use crate::process::Process;
use crate::table::{Protocol, Row, State, rows};

/// The other end of a connection, on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The state of the other end's socket.
    pub state: State,
    /// TCP: the connection waits in a listener's queue and no program has accepted it yet; `owner` is the listener's.
    pub queued: bool,
    /// Whose it is. For UDP there may be several, of which the kernel chooses one (SO_REUSEPORT).
    pub owner: Owner,
}

impl Peer {
    /// The process with the lowest number that has the other end open; [`Peer::owner`] says why if there is none.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.owner.process()
    }
}

/// Finds the other end of our socket with the address `local` and the peer `peer`.
///
/// `None`: the peer is not on this machine, or in another network namespace, or gone. For UDP a socket that is bound
/// on the peer's address counts even if it is not connected to us; one that is bound on every address counts only
/// where the peer's address is certainly of this machine (loopback, or the same as ours). An IPv4-mapped address
/// equals the IPv4 address.
///
/// # Errors
/// Neither sock_diag(7) nor `/proc/net` can be read.
pub fn peer(protocol: Protocol, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Peer>> {
    let rows = rows(protocol)?;
    let found = match protocol {
        Protocol::Tcp => find_tcp(&rows, local, peer),
        Protocol::Udp => find_udp(&rows, local, peer),
    };
    Ok(found.map(|found| Peer {
        state: found.state,
        queued: found.queued,
        owner: Owners::of(found.inodes.iter().copied()).owner_of_any(&found.inodes),
    }))
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    state: State,
    queued: bool,
    inodes: Vec<u64>,
}

fn find_tcp(rows: &[Row], local: SocketAddr, peer: SocketAddr) -> Option<Found> {
    let other = rows
        .iter()
        .find(|row| same(row.local, peer) && same(row.remote, local))?;
    if !is_queued(other) {
        return Some(Found {
            state: other.state,
            queued: false,
            inodes: vec![other.inode],
        });
    }
    Some(Found {
        state: other.state,
        queued: true,
        inodes: accepting(rows, peer),
    })
}

/// Whether no program has accepted the connection yet.
pub(crate) fn is_queued(row: &Row) -> bool {
    // A connection has no file before accept(2), and none after close(2): the state tells which.
    let waits = matches!(
        row.state,
        State::SynReceived | State::Established | State::CloseWait
    );
    row.inode == 0 && waits
}

/// The listeners in whose queue a connection to `address` waits.
pub(crate) fn accepting(rows: &[Row], address: SocketAddr) -> Vec<u64> {
    let listeners = |serves: &dyn Fn(&Row) -> bool| -> Vec<u64> {
        rows.iter()
            .filter(|row| row.state == State::Listen && serves(row))
            .map(|row| row.inode)
            .collect()
    };
    let inodes = listeners(&|row| same(row.local, address));
    if !inodes.is_empty() {
        return inodes;
    }
    listeners(&|row| on_every_address(row, address))
}

fn find_udp(rows: &[Row], local: SocketAddr, peer: SocketAddr) -> Option<Found> {
    let certain = peer.ip().to_canonical().is_loopback()
        || peer.ip().to_canonical() == local.ip().to_canonical();
    let connected = |row: &Row| {
        row.state == State::Connected
            && same(row.local, peer)
            && (same(row.remote, local)
                || (local.ip().is_unspecified() && row.remote.port() == local.port()))
    };
    let bound = |row: &Row| row.state == State::Bound && same(row.local, peer);
    // The kernel prefers a socket of the datagram's own family.
    let family = |row: &Row| {
        certain && on_every_address(row, peer) && row.local.is_ipv4() == is_ipv4(peer.ip())
    };
    let any = |row: &Row| certain && on_every_address(row, peer);
    let choices: [&dyn Fn(&Row) -> bool; 4] = [&connected, &bound, &family, &any];
    choices.into_iter().find_map(|choice| {
        let found: Vec<&Row> = rows.iter().filter(|row| choice(row)).collect();
        Some(Found {
            state: found.first()?.state,
            queued: false,
            inodes: found.iter().map(|row| row.inode).collect(),
        })
    })
}

/// Whether the row is a socket that takes what comes to `address` because it is bound on every address.
fn on_every_address(row: &Row, address: SocketAddr) -> bool {
    row.state.is_open()
        && row.local.port() == address.port()
        && row.local.ip().is_unspecified()
        && (is_ipv4(row.local.ip()) == is_ipv4(address.ip())
            || (row.local.is_ipv6() && row.v6_only != Some(true)))
}

fn is_ipv4(ip: IpAddr) -> bool {
    ip.to_canonical().is_ipv4()
}

/// The same address and port, whichever family writes it; the tables have no zones, so those are not compared.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(local: &str, remote: &str, state: State, inode: u64) -> Row {
        Row {
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            state,
            user_id: 0,
            inode,
            ..Row::default()
        }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    const NOBODY: &str = "0.0.0.0:0";

    #[test]
    fn the_other_end_is_the_mirrored_row() {
        let rows = [
            row("127.0.0.1:7007", NOBODY, State::Listen, 1),
            row("127.0.0.1:5000", "127.0.0.1:7007", State::Established, 2),
            row("127.0.0.1:7007", "127.0.0.1:5000", State::Established, 3),
            row("127.0.0.1:7007", "127.0.0.1:5001", State::Established, 4),
        ];
        let found = find_tcp(&rows, at("127.0.0.1:5000"), at("127.0.0.1:7007")).unwrap();
        assert_eq!((found.inodes, found.queued), (vec![3], false));
        let found = find_tcp(&rows, at("127.0.0.1:7007"), at("127.0.0.1:5000")).unwrap();
        assert_eq!(found.inodes, [2]);
        assert_eq!(
            find_tcp(&rows, at("127.0.0.1:9"), at("127.0.0.1:7007")),
            None
        );
    }

    #[test]
    fn an_ipv4_client_of_a_socket_for_both_families_is_found() {
        let rows = [row(
            "[::ffff:127.0.0.1]:7007",
            "[::ffff:127.0.0.1]:5000",
            State::Established,
            3,
        )];
        let found = find_tcp(&rows, at("127.0.0.1:5000"), at("127.0.0.1:7007")).unwrap();
        assert_eq!(found.inodes, [3]);
    }

    #[test]
    fn a_connection_that_waits_for_accept_belongs_to_the_listener() {
        let mut rows = vec![
            row("0.0.0.0:7007", NOBODY, State::Listen, 1),
            row("127.0.0.1:7007", "127.0.0.1:5000", State::Established, 0),
        ];
        let ends = (at("127.0.0.1:5000"), at("127.0.0.1:7007"));
        let found = find_tcp(&rows, ends.0, ends.1).unwrap();
        assert_eq!((found.inodes, found.queued), (vec![1], true));
        rows.push(row("127.0.0.1:7007", NOBODY, State::Listen, 9));
        assert_eq!(
            find_tcp(&rows, ends.0, ends.1).unwrap().inodes,
            [9],
            "the narrower listener gets it"
        );
    }

    #[test]
    fn a_connection_that_its_program_closed_belongs_to_nobody() {
        let rows = [
            row("127.0.0.1:7007", NOBODY, State::Listen, 1),
            row("127.0.0.1:7007", "127.0.0.1:5000", State::FinWait2, 0),
        ];
        let found = find_tcp(&rows, at("127.0.0.1:5000"), at("127.0.0.1:7007")).unwrap();
        assert_eq!(
            (found.inodes, found.queued, found.state),
            (vec![0], false, State::FinWait2)
        );
    }

    #[test]
    fn a_udp_socket_connected_to_us_beats_one_that_is_bound_and_that_beats_a_wildcard() {
        let mut rows = vec![row("[::]:7007", "[::]:0", State::Bound, 1)];
        let find = |rows: &[Row]| {
            find_udp(rows, at("127.0.0.1:5000"), at("127.0.0.1:7007"))
                .unwrap()
                .inodes
        };
        assert_eq!(find(&rows), [1]);
        rows.push(row("0.0.0.0:7007", NOBODY, State::Bound, 2));
        assert_eq!(find(&rows), [2]);
        rows.push(row("127.0.0.1:7007", NOBODY, State::Bound, 3));
        assert_eq!(find(&rows), [3]);
        rows.push(row("127.0.0.1:7007", "127.0.0.1:9999", State::Connected, 4));
        assert_eq!(find(&rows), [3], "that one talks to another");
        rows.push(row("127.0.0.1:7007", "127.0.0.1:5000", State::Connected, 5));
        assert_eq!(find(&rows), [5]);
    }

    #[test]
    fn a_wildcard_here_says_nothing_about_a_peer_elsewhere() {
        let rows = [row("0.0.0.0:53", NOBODY, State::Bound, 1)];
        assert_eq!(
            find_udp(&rows, at("192.0.2.2:5000"), at("192.0.2.1:53")),
            None
        );
        assert!(find_udp(&rows, at("192.0.2.2:5000"), at("192.0.2.2:53")).is_some());
        assert_eq!(
            find_udp(&rows, at("[::1]:5000"), at("[::1]:53")),
            None,
            "0.0.0.0 is IPv4 alone"
        );
    }

    #[test]
    fn a_udp_server_on_every_address_finds_its_client() {
        let rows = [row("127.0.0.1:5000", "127.0.0.1:7007", State::Connected, 8)];
        let found = find_udp(&rows, at("[::]:7007"), at("[::ffff:127.0.0.1]:5000")).unwrap();
        assert_eq!(found.inodes, [8]);
    }
}
