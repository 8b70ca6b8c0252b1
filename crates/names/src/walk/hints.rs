//! Where a walk begins: the addresses of the root's servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::txt::Parser;

use crate::server::PORT;

/// The root servers that a walk begins with, and the port that every server of the walk is asked on: a delegation
/// carries addresses and no ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// The root's servers, with the addresses to ask them at.
    pub servers: Vec<(Name, Vec<IpAddr>)>,
    /// The port, 53 outside of tests and lessons.
    pub port: u16,
}

/// A hints file that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHints {
    /// It is no master file.
    #[error("it is not in the format of zone files (RFC 1035 section 5): {0}")]
    Syntax(String),
    /// It names no server of the root with an address.
    #[error("it names no server of the root (an NS record of . with an A or AAAA record for it)")]
    NoServer,
}

impl Hints {
    /// The thirteen servers of the Internet's root, as <https://www.internic.net/domain/named.root> lists them.
    pub fn built_in() -> Self {
        let servers = ROOT_SERVERS
            .iter()
            .map(|(letter, v4, v6)| {
                let name = format!("{letter}.root-servers.net.");
                let name = Name::from_ascii(name).unwrap_or_default();
                (name, vec![IpAddr::V4(*v4), IpAddr::V6(*v6)])
            })
            .collect();
        Self {
            servers,
            port: PORT,
        }
    }

    /// A root of one's own, at these addresses; the port of the first holds for the whole walk.
    pub fn at(addresses: &[SocketAddr]) -> Self {
        let name = Name::from_ascii("root.").unwrap_or_default();
        Self {
            servers: vec![(name, addresses.iter().map(SocketAddr::ip).collect())],
            port: addresses.first().map_or(PORT, SocketAddr::port),
        }
    }

    /// Reads a hints file, such as the `named.root` that name servers come with.
    ///
    /// # Errors
    /// If it is no master file, or names no root server with an address.
    pub fn parse(text: &str) -> Result<Self, NoHints> {
        // The parser would open whatever file that names, a device too.
        let mut lines = text.split(['\n', '\r']);
        if lines.any(|line| {
            let meant = line.split(';').next().unwrap_or_default();
            meant.to_ascii_uppercase().contains("$INCLUDE")
        }) {
            let why = "$INCLUDE is not followed in hints".to_owned();
            return Err(NoHints::Syntax(why));
        }
        let (_, records) = Parser::new(text, None, Some(Name::root()))
            .parse()
            .map_err(|error| NoHints::Syntax(in_one_line(&error.to_string())))?;
        let of = |kind: RecordType| {
            records
                .iter()
                .filter(move |(key, _)| key.record_type == kind)
                .flat_map(|(key, set)| {
                    set.records_without_rrsigs()
                        .map(move |record| (Name::from(&key.name), &record.data))
                })
        };
        let addresses: Vec<(Name, IpAddr)> = of(RecordType::A)
            .chain(of(RecordType::AAAA))
            .filter_map(|(owner, data)| Some((owner, address(data)?)))
            .collect();
        let servers: Vec<(Name, Vec<IpAddr>)> = of(RecordType::NS)
            .filter(|(owner, _)| owner.is_root())
            .filter_map(|(_, data)| {
                let RData::NS(server) = data else { return None };
                let own: Vec<IpAddr> = addresses
                    .iter()
                    .filter(|(owner, _)| *owner == server.0)
                    .map(|(_, address)| *address)
                    .collect();
                (!own.is_empty()).then(|| (server.0.clone(), own))
            })
            .collect();
        if servers.is_empty() {
            return Err(NoHints::NoServer);
        }
        Ok(Self {
            servers,
            port: PORT,
        })
    }
}

/// A parser's complaint, with whatever it repeats of the file made harmless.
fn in_one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => line.push(c),
            other => line.extend(other.escape_unicode()),
        }
    }
    line
}

/// The address in an A or AAAA record.
pub(super) fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

const fn v6(a: u16, b: u16, c: u16, d: u16, g: u16, h: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, g, h)
}

#[rustfmt::skip]
const ROOT_SERVERS: &[(char, Ipv4Addr, Ipv6Addr)] = &[
    ('a', Ipv4Addr::new(198, 41, 0, 4), v6(0x2001, 0x503, 0xba3e, 0, 2, 0x30)),
    ('b', Ipv4Addr::new(170, 247, 170, 2), v6(0x2801, 0x1b8, 0x10, 0, 0, 0xb)),
    ('c', Ipv4Addr::new(192, 33, 4, 12), v6(0x2001, 0x500, 0x2, 0, 0, 0xc)),
    ('d', Ipv4Addr::new(199, 7, 91, 13), v6(0x2001, 0x500, 0x2d, 0, 0, 0xd)),
    ('e', Ipv4Addr::new(192, 203, 230, 10), v6(0x2001, 0x500, 0xa8, 0, 0, 0xe)),
    ('f', Ipv4Addr::new(192, 5, 5, 241), v6(0x2001, 0x500, 0x2f, 0, 0, 0xf)),
    ('g', Ipv4Addr::new(192, 112, 36, 4), v6(0x2001, 0x500, 0x12, 0, 0, 0xd0d)),
    ('h', Ipv4Addr::new(198, 97, 190, 53), v6(0x2001, 0x500, 0x1, 0, 0, 0x53)),
    ('i', Ipv4Addr::new(192, 36, 148, 17), v6(0x2001, 0x7fe, 0, 0, 0, 0x53)),
    ('j', Ipv4Addr::new(192, 58, 128, 30), v6(0x2001, 0x503, 0xc27, 0, 2, 0x30)),
    ('k', Ipv4Addr::new(193, 0, 14, 129), v6(0x2001, 0x7fd, 0, 0, 0, 0x1)),
    ('l', Ipv4Addr::new(199, 7, 83, 42), v6(0x2001, 0x500, 0x9f, 0, 0, 0x42)),
    ('m', Ipv4Addr::new(202, 12, 27, 33), v6(0x2001, 0xdc3, 0, 0, 0, 0x35)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_has_thirteen_servers_each_over_both_families() {
        let hints = Hints::built_in();
        assert_eq!(hints.servers.len(), 13);
        for (name, addresses) in &hints.servers {
            assert!(name.to_ascii().ends_with(".root-servers.net."), "{name}");
            assert!(addresses[0].is_ipv4() && addresses[1].is_ipv6(), "{name}");
        }
    }

    #[test]
    fn a_hints_file_is_read_as_name_servers_read_it() {
        let text = "\
; the root of a lesson
.                3600000      NS    A.ROOT.TEST.
A.ROOT.TEST.     3600000      A     127.0.0.2
a.root.test.     3600000      AAAA  ::1
.                3600000      NS    B.ROOT.TEST. ; without an address
other.test.      3600000      A     127.0.0.9
";
        let hints = Hints::parse(text).unwrap();
        assert_eq!(hints.servers.len(), 1);
        let expected: Vec<IpAddr> = vec!["127.0.0.2".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(hints.servers[0].1, expected);
    }

    #[test]
    fn a_hints_file_without_a_root_server_is_refused() {
        assert_eq!(
            Hints::parse("www.test. 60 A 127.0.0.1\n"),
            Err(NoHints::NoServer)
        );
        assert!(matches!(
            Hints::parse(". 60 NS (\n"),
            Err(NoHints::Syntax(_) | NoHints::NoServer)
        ));
    }
}
