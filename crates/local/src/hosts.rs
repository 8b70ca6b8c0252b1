//! Names that hosts(5) gives to addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A parsed hosts file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    lines: Vec<(IpAddr, Vec<String>)>,
}

impl Hosts {
    /// Parses a hosts file. A line that does not begin with an address is left out, one with a zone as well (the
    /// answers could not carry it); `#` starts a comment.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let address = words.next()?.parse().ok()?;
            Some((address, words.map(plain).collect()))
        });
        Self {
            lines: lines.collect(),
        }
    }

    /// Reads `/etc/hosts` now; empty if it cannot be read.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let text = std::fs::read("/etc/hosts").unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// The addresses of `name` in the file's order, each once; capitals and one dot at the end make no difference.
    ///
    /// `localhost` and the names below it are loopback even if the file says nothing of them: RFC 6761 section 6.3.
    #[must_use]
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let addresses = self.listed(name);
        let name = plain(name);
        if addresses.is_empty() && (name == "localhost" || name.ends_with(".localhost")) {
            return vec![
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ];
        }
        addresses
    }

    /// The same, of the file's lines alone: what holds of localhost without a line is left out.
    #[must_use]
    pub fn listed(&self, name: &str) -> Vec<IpAddr> {
        let name = plain(name);
        let mut addresses = Vec::new();
        for (address, names) in &self.lines {
            if names.contains(&name) && !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        addresses
    }

    /// The names of `address` in the file's order, each once and in small letters; gethostbyaddr(3) takes the first.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for (_, names) in self.lines.iter().filter(|(of, _)| *of == address) {
            for name in names {
                if !found.contains(&name.as_str()) {
                    found.push(name);
                }
            }
        }
        found
    }
}

/// [`Hosts::addresses`] of `/etc/hosts` as it is now.
#[must_use]
pub fn host_addresses(name: &str) -> Vec<IpAddr> {
    Hosts::of_this_machine().addresses(name)
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_name_has_all_its_addresses_in_the_order_of_the_file() {
        let hosts = Hosts::parse(
            "::1 box\n127.0.0.1\tlocalhost box # box2\n\n192.0.2.1 Box.Example alias BOX\n::1 box\n",
        );
        assert_eq!(
            hosts.addresses("box"),
            ips(&["::1", "127.0.0.1", "192.0.2.1"])
        );
        assert_eq!(hosts.addresses("BOX.example."), ips(&["192.0.2.1"]));
        assert_eq!(hosts.addresses("alias"), ips(&["192.0.2.1"]));
        assert_eq!(hosts.addresses("box2"), [] as [IpAddr; 0]);
        assert_eq!(hosts.addresses(""), [] as [IpAddr; 0]);
    }

    #[test]
    fn an_address_has_the_names_of_all_its_lines() {
        let hosts = Hosts::parse("192.0.2.1 one.example ONE\n::1 one\n192.0.2.1 two one\n");
        let names = |text: &str| hosts.names(text.parse().unwrap());
        assert_eq!(names("192.0.2.1"), ["one.example", "one", "two"]);
        assert_eq!(names("192.0.2.2"), [] as [&str; 0]);
        assert_eq!(hosts.listed("localhost"), [] as [IpAddr; 0]);
    }

    #[test]
    fn garbage_between_the_lines_does_no_harm() {
        let hosts = Hosts::parse(
            "localhost 127.0.0.1\n300.1.2.3 a\n\u{0}\u{fffd}\nfe80::1%lo b\n127.0.0.1\n192.0.2.9 c\r\n",
        );
        for name in ["a", "b", "127.0.0.1"] {
            assert_eq!(hosts.addresses(name), [] as [IpAddr; 0], "{name}");
        }
        assert_eq!(hosts.addresses("c"), ips(&["192.0.2.9"]));
    }

    #[test]
    fn localhost_needs_no_line_and_a_line_decides() {
        let loopback = ips(&["127.0.0.1", "::1"]);
        assert_eq!(Hosts::default().addresses("LocalHost"), loopback);
        assert_eq!(Hosts::default().addresses("app.localhost."), loopback);
        assert_eq!(
            Hosts::default().addresses("notlocalhost"),
            [] as [IpAddr; 0]
        );
        assert_eq!(
            Hosts::parse("::1 localhost").addresses("localhost"),
            ips(&["::1"])
        );
        assert!(host_addresses("localhost").iter().all(IpAddr::is_loopback));
    }
}
