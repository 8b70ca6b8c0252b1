//! Names of port numbers: services(5), and behind it the names of IANA's registry and a few that everybody uses.

use crate::registry::{Transport, registered, registered_ports};
use crate::table::Protocol;

/// A parsed services file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    port: u16,
    protocol: Protocol,
    /// The official name, then its aliases.
    names: Vec<String>,
}

impl Services {
    /// Parses a services file. Lines that are not `NAME PORT/tcp ALIAS…` or `…/udp` are left out; `#` starts a comment.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self {
            entries: text.lines().filter_map(parse_line).collect(),
        }
    }

    /// Reads `/etc/services` now; empty (the built-in names remain) if it cannot be read.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let text = std::fs::read("/etc/services").unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// The port that the file, or else the registry, gives to `name`; capitals make no difference. The first line that
    /// has the name wins, as in getservbyname(3).
    #[must_use]
    pub fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.listed_port(name, protocol)
            .or_else(|| built_in_port(name, protocol))
    }

    /// The official name that the file, or else the registry, gives to `port`.
    #[must_use]
    pub fn name(&self, port: u16, protocol: Protocol) -> Option<&str> {
        self.listed_name(port, protocol)
            .or_else(|| built_in_name(port, protocol))
    }

    /// [`Services::port`] of the file alone.
    #[must_use]
    pub fn listed_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let listed = self.entries.iter().find(|entry| {
            entry.protocol == protocol
                && entry
                    .names
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
        });
        listed.map(|entry| entry.port)
    }

    /// [`Services::name`] of the file alone.
    #[must_use]
    pub fn listed_name(&self, port: u16, protocol: Protocol) -> Option<&str> {
        self.listed_names(port, protocol)
            .first()
            .map(String::as_str)
    }

    /// The official name that the file gives to `port`, then its aliases; empty where it gives none.
    #[must_use]
    pub fn listed_names(&self, port: u16, protocol: Protocol) -> &[String] {
        self.entries
            .iter()
            .find(|entry| entry.protocol == protocol && entry.port == port)
            .map_or(&[], |entry| &entry.names)
    }
}

/// [`Services::port`] of `/etc/services` as it is now. For many questions keep a [`Services`].
#[must_use]
pub fn service_port(name: &str, protocol: Protocol) -> Option<u16> {
    let text = std::fs::read("/etc/services").unwrap_or_default();
    port_in(&String::from_utf8_lossy(&text), name, protocol)
        .or_else(|| built_in_port(name, protocol))
}

/// [`Services::name`] of `/etc/services` as it is now. For many questions keep a [`Services`].
#[must_use]
pub fn service_name(port: u16, protocol: Protocol) -> Option<String> {
    Services::of_this_machine()
        .name(port, protocol)
        .map(str::to_owned)
}

/// [`Services::listed_port`] of a file that is asked once: the lines up to the name are read and none is kept.
fn port_in(text: &str, name: &str, protocol: Protocol) -> Option<u16> {
    text.lines().filter_map(cells).find_map(|line| {
        let is_it = line.protocol == protocol
            && std::iter::once(line.name)
                .chain(line.aliases)
                .any(|known| known.eq_ignore_ascii_case(name));
        is_it.then_some(line.port)
    })
}

struct Line<'a, A> {
    name: &'a str,
    port: u16,
    protocol: Protocol,
    aliases: A,
}

/// A line of the file, taken apart.
fn cells(line: &str) -> Option<Line<'_, impl Iterator<Item = &str>>> {
    let line = line.split('#').next().unwrap_or_default();
    let mut aliases = line.split_ascii_whitespace();
    let name = aliases.next()?;
    let (port, protocol) = aliases.next()?.split_once('/')?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    Some(Line {
        name,
        port: port.parse().ok()?,
        protocol,
        aliases,
    })
}

fn parse_line(line: &str) -> Option<Entry> {
    let line = cells(line)?;
    Some(Entry {
        port: line.port,
        protocol: line.protocol,
        names: std::iter::once(line.name)
            .chain(line.aliases)
            .map(str::to_owned)
            .collect(),
    })
}

fn built_in_port(name: &str, protocol: Protocol) -> Option<u16> {
    let alias = ALIASES
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name));
    if let Some((_, port, over)) = alias {
        return over.contains(&protocol).then_some(*port);
    }
    let here = |port: &u16| {
        registered(*port).iter().any(|row| {
            row.name
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
                && row.transports.contains(transport(protocol))
        })
    };
    registered_ports(name).into_iter().find(here)
}

fn built_in_name(port: u16, protocol: Protocol) -> Option<&'static str> {
    let rows = registered(port);
    let over = rows
        .iter()
        .filter(|row| row.transports.contains(transport(protocol)));
    over.filter_map(|row| row.name).next()
}

const fn transport(protocol: Protocol) -> Transport {
    match protocol {
        Protocol::Tcp => Transport::Tcp,
        Protocol::Udp => Transport::Udp,
    }
}

/// The names of `port` that people type and that the registry has not, or has for another port first.
pub fn customary_names(port: u16) -> impl Iterator<Item = &'static str> {
    let of_port = ALIASES.iter().filter(move |(_, known, _)| *known == port);
    of_port.map(|(name, ..)| *name)
}

/// Names that people type and IANA has not, or has for another port first.
const ALIASES: &[(&str, u16, &[Protocol])] = &[
    ("dhcp", 67, &[Protocol::Udp]),
    ("dns", 53, &[Protocol::Tcp, Protocol::Udp]),
    ("http-alt", 8080, &[Protocol::Tcp, Protocol::Udp]),
    ("imap2", 143, &[Protocol::Tcp]),
    ("memcached", 11211, &[Protocol::Tcp, Protocol::Udp]),
    ("postgres", 5432, &[Protocol::Tcp]),
    ("rdp", 3389, &[Protocol::Tcp, Protocol::Udp]),
    ("snmp-trap", 162, &[Protocol::Tcp, Protocol::Udp]),
    ("vnc", 5900, &[Protocol::Tcp]),
    ("whois", 43, &[Protocol::Tcp]),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# services
echo\t\t7/tcp
echo\t\t7/udp
smtp 25/tcp mail # the post
http 8888/tcp www WWW-http
sctp-only 99/sctp
no-port
bad-port x/tcp
big 65536/tcp
negative -1/tcp
none 80
\u{0}\u{fffd} 1/
ftp 21/tcp\r
";

    #[test]
    fn names_and_aliases_lead_to_the_port() {
        let services = Services::parse(TEXT);
        assert_eq!(services.port("echo", Protocol::Udp), Some(7));
        assert_eq!(services.port("MAIL", Protocol::Tcp), Some(25));
        assert_eq!(services.port("mail", Protocol::Udp), None);
        assert_eq!(services.name(25, Protocol::Tcp), Some("smtp"));
        assert_eq!(services.port("ftp", Protocol::Tcp), Some(21));
    }

    #[test]
    fn lines_that_say_nothing_are_left_out() {
        let services = Services::parse(TEXT);
        assert_eq!(services.entries.len(), 5);
        for name in [
            "sctp-only",
            "no-port",
            "bad-port",
            "big",
            "negative",
            "none",
            "#",
            "",
        ] {
            assert_eq!(services.port(name, Protocol::Tcp), None, "{name}");
        }
    }

    #[test]
    fn the_file_overrides_and_the_table_fills_in() {
        let services = Services::parse(TEXT);
        assert_eq!(services.port("www", Protocol::Tcp), Some(8888));
        assert_eq!(services.name(8888, Protocol::Tcp), Some("http"));
        assert_eq!(services.name(80, Protocol::Tcp), Some("http"));
        assert_eq!(services.port("redis", Protocol::Tcp), Some(6379));
        assert_eq!(services.port("ntp", Protocol::Udp), Some(123));
        assert_eq!(services.port("postgres", Protocol::Udp), None);
        assert_eq!(services.port("ms-sql-s", Protocol::Tcp), Some(1433));
        assert_eq!(services.name(60000, Protocol::Tcp), None);
    }

    #[test]
    fn an_alias_is_no_name_that_the_registry_gives_to_that_port_first() {
        assert!(ALIASES.is_sorted_by_key(|(name, ..)| *name), "{ALIASES:?}");
        for (name, port, over) in ALIASES {
            assert_ne!(registered_ports(name).first(), Some(port), "{name}");
            assert!(!registered(*port).is_empty() && !over.is_empty(), "{name}");
        }
    }

    #[test]
    fn every_name_of_the_registry_leads_to_a_port_that_has_it() {
        let none = Services::default();
        for name in crate::registry::registered_names() {
            let tcp = none.port(name, Protocol::Tcp);
            let udp = none.port(name, Protocol::Udp);
            let elsewhere = || {
                registered_ports(name).iter().all(|port| {
                    registered(*port)
                        .iter()
                        .filter(|row| row.name.is_some_and(|n| n.eq_ignore_ascii_case(name)))
                        .all(|row| {
                            !row.transports.contains(Transport::Tcp)
                                && !row.transports.contains(Transport::Udp)
                        })
                })
            };
            assert!(tcp.is_some() || udp.is_some() || elsewhere(), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_asked_once_says_the_same_as_one_that_is_kept() {
        let services = Services::parse(TEXT);
        for name in [
            "echo", "MAIL", "www", "WWW-http", "http", "ftp", "nothing", "",
        ] {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                assert_eq!(
                    port_in(TEXT, name, protocol),
                    services.listed_port(name, protocol),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn everyday_names_are_known_on_every_machine() {
        for (name, port) in [
            ("echo", 7),
            ("daytime", 13),
            ("http", 80),
            ("https", 443),
            ("postgresql", 5432),
        ] {
            assert_eq!(service_port(name, Protocol::Tcp), Some(port));
        }
        assert_eq!(service_port("domain", Protocol::Udp), Some(53));
        assert_eq!(service_name(22, Protocol::Tcp).as_deref(), Some("ssh"));
    }
}
