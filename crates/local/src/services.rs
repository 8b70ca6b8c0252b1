//! Names of port numbers: services(5), with a built-in table of everyday names for machines that lack the file.

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

    /// The port that the file, or else the built-in table, gives to `name`; capitals make no difference. The first
    /// line that has the name wins, as in getservbyname(3).
    #[must_use]
    pub fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let listed = self.entries.iter().find(|entry| {
            entry.protocol == protocol
                && entry
                    .names
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
        });
        listed.map(|entry| entry.port).or_else(|| {
            let known = built_in(protocol).find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            Some(known.1)
        })
    }

    /// The official name that the file, or else the built-in table, gives to `port`.
    #[must_use]
    pub fn name(&self, port: u16, protocol: Protocol) -> Option<&str> {
        let listed = self
            .entries
            .iter()
            .find(|entry| entry.protocol == protocol && entry.port == port);
        listed
            .and_then(|entry| entry.names.first().map(String::as_str))
            .or_else(|| {
                let known = built_in(protocol).find(|(_, known)| *known == port)?;
                Some(known.0)
            })
    }
}

/// [`Services::port`] of `/etc/services` as it is now. For many questions keep a [`Services`].
#[must_use]
pub fn service_port(name: &str, protocol: Protocol) -> Option<u16> {
    Services::of_this_machine().port(name, protocol)
}

/// [`Services::name`] of `/etc/services` as it is now. For many questions keep a [`Services`].
#[must_use]
pub fn service_name(port: u16, protocol: Protocol) -> Option<String> {
    Services::of_this_machine()
        .name(port, protocol)
        .map(str::to_owned)
}

fn parse_line(line: &str) -> Option<Entry> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let name = words.next()?;
    let (port, protocol) = words.next()?.split_once('/')?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    Some(Entry {
        port: port.parse().ok()?,
        protocol,
        names: std::iter::once(name)
            .chain(words)
            .map(str::to_owned)
            .collect(),
    })
}

fn built_in(protocol: Protocol) -> impl Iterator<Item = (&'static str, u16)> {
    BUILT_IN
        .iter()
        .filter(move |(_, _, over)| match protocol {
            Protocol::Tcp => *over != Over::Udp,
            Protocol::Udp => *over != Over::Tcp,
        })
        .map(|(name, port, _)| (*name, *port))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Tcp,
    Udp,
    Both,
}

/// By port; for one port and protocol the official name comes first. Numbers as registered with IANA.
const BUILT_IN: &[(&str, u16, Over)] = &[
    ("echo", 7, Over::Both),
    ("discard", 9, Over::Both),
    ("daytime", 13, Over::Both),
    ("qotd", 17, Over::Tcp),
    ("chargen", 19, Over::Both),
    ("ftp-data", 20, Over::Tcp),
    ("ftp", 21, Over::Tcp),
    ("ssh", 22, Over::Tcp),
    ("telnet", 23, Over::Tcp),
    ("smtp", 25, Over::Tcp),
    ("time", 37, Over::Both),
    ("whois", 43, Over::Tcp),
    ("domain", 53, Over::Both),
    ("bootps", 67, Over::Udp),
    ("bootpc", 68, Over::Udp),
    ("tftp", 69, Over::Udp),
    ("gopher", 70, Over::Tcp),
    ("finger", 79, Over::Tcp),
    ("http", 80, Over::Tcp),
    ("www", 80, Over::Tcp),
    ("kerberos", 88, Over::Both),
    ("pop3", 110, Over::Tcp),
    ("sunrpc", 111, Over::Both),
    ("nntp", 119, Over::Tcp),
    ("ntp", 123, Over::Udp),
    ("imap2", 143, Over::Tcp),
    ("imap", 143, Over::Tcp),
    ("snmp", 161, Over::Both),
    ("snmp-trap", 162, Over::Both),
    ("bgp", 179, Over::Tcp),
    ("irc", 194, Over::Both),
    ("ldap", 389, Over::Both),
    ("https", 443, Over::Both),
    ("submissions", 465, Over::Tcp),
    ("syslog", 514, Over::Udp),
    ("submission", 587, Over::Tcp),
    ("ipp", 631, Over::Tcp),
    ("ldaps", 636, Over::Both),
    ("domain-s", 853, Over::Both),
    ("rsync", 873, Over::Tcp),
    ("imaps", 993, Over::Tcp),
    ("pop3s", 995, Over::Tcp),
    ("socks", 1080, Over::Tcp),
    ("mqtt", 1883, Over::Tcp),
    ("nfs", 2049, Over::Both),
    ("mysql", 3306, Over::Tcp),
    ("sip", 5060, Over::Both),
    ("mdns", 5353, Over::Udp),
    ("postgresql", 5432, Over::Tcp),
    ("postgres", 5432, Over::Tcp),
    ("amqp", 5672, Over::Tcp),
    ("redis", 6379, Over::Tcp),
    ("http-alt", 8080, Over::Tcp),
    ("memcached", 11211, Over::Both),
    ("mongodb", 27017, Over::Tcp),
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
        assert_eq!(services.port("ssh", Protocol::Udp), None);
        assert_eq!(services.name(60000, Protocol::Tcp), None);
    }

    #[test]
    fn the_built_in_table_is_in_order_and_repeats_nothing() {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let names: std::collections::HashSet<_> =
                built_in(protocol).map(|(name, _)| name).collect();
            assert_eq!(names.len(), built_in(protocol).count());
        }
        assert!(BUILT_IN.is_sorted_by_key(|(_, port, _)| *port));
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
