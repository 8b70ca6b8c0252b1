//! What listens near an address of this machine that has just refused a connection or a datagram.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::holder::Holder;
use crate::interfaces::is_this_machine;
use crate::owner::Owners;
use crate::table::{Protocol, Row, State, rows};

/// Something that the caller may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Neighbour {
    /// This very address is open now: it was opened just after the refusal, or a firewall refused.
    Here(Holder),
    /// TCP: a socket has this address, and has called neither listen(2) nor connect(2). Known since Linux 6.8.
    NotListening(Holder),
    /// The port is open on another address or in the other family, `[::1]` and not 127.0.0.1 for example.
    OtherAddress(Holder),
    /// UDP: a socket has this address, and takes datagrams from one other peer alone because it is connected.
    ConnectedElsewhere(Holder),
    /// The same number is open in the other protocol: UDP answers and TCP does not.
    OtherProtocol(Holder),
    /// The service of a well-known port that sockeye's own servers offer 7000 higher: 7 is refused and 7007 is open.
    OwnService(Holder),
}

impl Neighbour {
    /// The socket that was found.
    #[must_use]
    pub const fn holder(&self) -> &Holder {
        match self {
            Self::Here(holder)
            | Self::NotListening(holder)
            | Self::OtherAddress(holder)
            | Self::ConnectedElsewhere(holder)
            | Self::OtherProtocol(holder)
            | Self::OwnService(holder) => holder,
        }
    }
}

/// What is open near `target`, the best guess first. Empty if `target` is not an address of this machine.
///
/// # Errors
/// Neither sock_diag(7) nor `/proc/net` can be read.
pub fn nearby(protocol: Protocol, target: SocketAddr) -> io::Result<Vec<Neighbour>> {
    if !is_this_machine(target.ip()) {
        return Ok(Vec::new());
    }
    let found = find(protocol, target, rows(protocol)?, rows(protocol.other())?);
    let owners = Owners::of(found.iter().map(|(_, row)| row.inode));
    Ok(found
        .into_iter()
        .map(|(kind, row)| {
            let (wrap, of): (fn(Holder) -> Neighbour, _) = match kind {
                Kind::Here => (Neighbour::Here, protocol),
                Kind::NotListening => (Neighbour::NotListening, protocol),
                Kind::OtherAddress => (Neighbour::OtherAddress, protocol),
                Kind::ConnectedElsewhere => (Neighbour::ConnectedElsewhere, protocol),
                Kind::OtherProtocol => (Neighbour::OtherProtocol, protocol.other()),
                Kind::OwnService => (Neighbour::OwnService, protocol),
            };
            wrap(Holder::new(of, &row, &owners))
        })
        .collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Here,
    NotListening,
    OtherAddress,
    ConnectedElsewhere,
    OtherProtocol,
    OwnService,
}

fn find(
    protocol: Protocol,
    target: SocketAddr,
    same: Vec<Row>,
    other: Vec<Row>,
) -> Vec<(Kind, Row)> {
    let target = SocketAddr::new(meant(target.ip()), target.port());
    let own_port = OWN_SERVICES
        .contains(&target.port())
        .then(|| target.port() + OWN_OFFSET);
    let same = same.into_iter().filter_map(|row| {
        let kind = if row.local.port() == target.port() {
            match row.state {
                state if state.is_open() && serves(&row, target.ip()) => Kind::Here,
                state if state.is_open() => Kind::OtherAddress,
                State::BoundInactive if may_serve(&row, target.ip()) => Kind::NotListening,
                State::Connected if protocol == Protocol::Udp && serves(&row, target.ip()) => {
                    Kind::ConnectedElsewhere
                }
                _ => return None,
            }
        } else if Some(row.local.port()) == own_port
            && row.state.is_open()
            && may_serve(&row, target.ip())
        {
            Kind::OwnService
        } else {
            return None;
        };
        Some((kind, row))
    });
    let other = other.into_iter().filter_map(|row| {
        let meant = row.state.is_open()
            && row.local.port() == target.port()
            && may_serve(&row, target.ip());
        meant.then_some((Kind::OtherProtocol, row))
    });
    let mut found: Vec<_> = same.chain(other).collect();
    found.sort_by_key(|(kind, row)| (*kind, row.local, row.inode));
    found
}

/// A client that asks for every address asks this machine; ip(7), INADDR_ANY.
fn meant(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(four) if four.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(six) if six.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// The row certainly serves `ip`: it is its address, or every address of its family, or of both.
fn serves(row: &Row, ip: IpAddr) -> bool {
    let local = row.local.ip();
    let both = row.v6_only == Some(false);
    local.to_canonical() == ip
        || (local.is_unspecified() && (local.is_ipv4() == ip.is_ipv4() || both))
}

/// Also `[::]` for IPv4 where it is not known whether IPV6_V6ONLY is set.
fn may_serve(row: &Row, ip: IpAddr) -> bool {
    let either = row.v6_only != Some(true);
    serves(row, ip) || (row.local.is_ipv6() && row.local.ip().is_unspecified() && either)
}

/// echo, discard, daytime, chargen, time
const OWN_SERVICES: [u16; 5] = [7, 9, 13, 19, 37];
const OWN_OFFSET: u16 = 7000;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(local: &str, state: State) -> Row {
        Row {
            local: local.parse().unwrap(),
            remote: "0.0.0.0:0".parse().unwrap(),
            state,
            user_id: 0,
            inode: 1,
            ..Row::default()
        }
    }

    fn kinds(
        protocol: Protocol,
        target: &str,
        same: Vec<Row>,
        other: Vec<Row>,
    ) -> Vec<(Kind, String)> {
        find(protocol, target.parse().unwrap(), same, other)
            .into_iter()
            .map(|(kind, row)| (kind, row.local.to_string()))
            .collect()
    }

    #[test]
    fn another_address_comes_before_another_protocol() {
        let tcp = vec![
            row("[::1]:5000", State::Listen),
            row("127.0.0.1:5001", State::Listen),
            row("127.0.0.1:5000", State::TimeWait),
        ];
        let udp = vec![
            row("0.0.0.0:5000", State::Bound),
            row("127.0.0.9:5000", State::Bound),
        ];
        assert_eq!(
            kinds(Protocol::Tcp, "127.0.0.1:5000", tcp, udp),
            [
                (Kind::OtherAddress, "[::1]:5000".to_owned()),
                (Kind::OtherProtocol, "0.0.0.0:5000".to_owned())
            ]
        );
    }

    #[test]
    fn a_wildcard_of_the_other_family_is_another_address() {
        let tcp = || vec![row("[::]:5000", State::Listen)];
        assert_eq!(
            kinds(Protocol::Tcp, "127.0.0.1:5000", tcp(), vec![])[0].0,
            Kind::OtherAddress
        );
        assert_eq!(
            kinds(Protocol::Tcp, "[::1]:5000", tcp(), vec![])[0].0,
            Kind::Here
        );
        assert_eq!(
            kinds(Protocol::Tcp, "[::]:5000", tcp(), vec![])[0].0,
            Kind::Here
        );
        let tcp = vec![row("0.0.0.0:5000", State::Listen)];
        assert_eq!(
            kinds(Protocol::Tcp, "[::1]:5000", tcp, vec![])[0].0,
            Kind::OtherAddress
        );
    }

    #[test]
    fn whether_an_ipv6_wildcard_serves_ipv4_is_known_from_its_option() {
        let listener = |v6_only| Row {
            v6_only: Some(v6_only),
            ..row("[::]:5000", State::Listen)
        };
        let kind = |row| kinds(Protocol::Tcp, "127.0.0.1:5000", vec![row], vec![])[0].0;
        assert_eq!(kind(listener(false)), Kind::Here);
        assert_eq!(kind(listener(true)), Kind::OtherAddress);
    }

    #[test]
    fn a_socket_that_does_not_listen_yet_comes_before_another_address() {
        let tcp = vec![
            row("[::1]:5000", State::Listen),
            row("127.0.0.1:5000", State::BoundInactive),
            row("127.0.0.2:5000", State::BoundInactive),
        ];
        assert_eq!(
            kinds(Protocol::Tcp, "127.0.0.1:5000", tcp, vec![]),
            [
                (Kind::NotListening, "127.0.0.1:5000".to_owned()),
                (Kind::OtherAddress, "[::1]:5000".to_owned())
            ]
        );
    }

    #[test]
    fn a_refused_well_known_port_finds_the_service_7000_higher() {
        let tcp = || {
            vec![
                row("127.0.0.1:7007", State::Listen),
                row("127.0.0.1:7009", State::Listen),
            ]
        };
        assert_eq!(
            kinds(Protocol::Tcp, "127.0.0.1:7", tcp(), vec![]),
            [(Kind::OwnService, "127.0.0.1:7007".to_owned())]
        );
        assert_eq!(kinds(Protocol::Tcp, "127.0.0.1:8", tcp(), vec![]), []);
        assert_eq!(
            kinds(Protocol::Tcp, "[::1]:7", tcp(), vec![]),
            [],
            "7007 is open on IPv4 alone"
        );
    }

    #[test]
    fn a_connected_udp_socket_is_no_open_port() {
        let udp = vec![row("127.0.0.1:5000", State::Connected)];
        assert_eq!(
            kinds(Protocol::Udp, "127.0.0.1:5000", udp, vec![])[0].0,
            Kind::ConnectedElsewhere
        );
    }
}
