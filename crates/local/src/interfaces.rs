//! The network interfaces of this machine, by name and number, and the addresses it answers to.
//!
//! The names come from `/proc/net/dev`, which is of the asking process's network namespace; `/sys/class/net` is of the
//! namespace that mounted it, and only fills a gap.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// A network interface; netdevice(7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interface {
    /// Its name, at most 15 bytes: the zone of `fe80::1%eth0`.
    pub name: String,
    /// Its number, from 1: the `sin6_scope_id` of ipv6(7).
    pub index: u32,
}

/// All interfaces, by number; empty if `/proc` cannot be read.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let mut found: Vec<_> = names()
        .into_iter()
        .filter_map(|name| {
            let index = number(&name)?;
            Some(Interface { name, index })
        })
        .collect();
    found.sort_by_key(|interface| interface.index);
    found
}

/// The number of the interface called `name`, as if_nametoindex(3); a number in digits is not a name.
#[must_use]
pub fn interface_index(name: &str) -> Option<u32> {
    let exists = names().iter().any(|known| known == name);
    exists.then(|| number(name)).flatten()
}

/// The name of the interface with the number `index`, as if_indextoname(3).
#[must_use]
pub fn interface_name(index: u32) -> Option<String> {
    let found = interfaces()
        .into_iter()
        .find(|interface| interface.index == index);
    found.map(|interface| interface.name)
}

/// The addresses that this machine answers to, without duplicates, IPv4 first; empty if `/proc` cannot be read.
///
/// All of 127.0.0.0/8 is local and only the configured addresses of it are listed.
#[must_use]
pub fn machine_addresses() -> Vec<IpAddr> {
    let four = std::fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let six = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let mut addresses: Vec<IpAddr> = ipv4_addresses(&four).into_iter().map(IpAddr::V4).collect();
    addresses.extend(ipv6_addresses(&six).into_iter().map(IpAddr::V6));
    addresses
}

/// Whether a packet for `ip` stays on this machine: loopback, one of its addresses, or the unspecified address,
/// which a client may use for its own machine.
#[must_use]
pub fn is_this_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified() || machine_addresses().contains(&ip)
}

fn names() -> Vec<String> {
    let text = std::fs::read("/proc/net/dev").unwrap_or_default();
    names_in(&String::from_utf8_lossy(&text))
}

/// `  eth0: 1234 …` after two lines of heading, which have no colon.
fn names_in(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| Some(line.rsplit_once(": ")?.0.trim_ascii_start()))
        .filter(|name| !name.is_empty() && !name.contains([' ', '|', '/', '%']))
        .map(str::to_owned)
        .collect()
}

fn number(name: &str) -> Option<u32> {
    // getaddrinfo(3) turns the zone of a literal into its number by asking the kernel; a literal starts no look-up.
    let literal = format!("fe80::1%{name}");
    let asked = (literal.as_str(), 0_u16).to_socket_addrs().ok();
    let index = asked.and_then(|mut addresses| match addresses.next()? {
        SocketAddr::V6(six) => Some(six.scope_id()),
        SocketAddr::V4(_) => None,
    });
    index.filter(|index| *index != 0).or_else(|| {
        let text = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?;
        text.trim_ascii().parse().ok()
    })
}

/// The lines `|-- ADDRESS` that `/32 host LOCAL` follows.
fn ipv4_addresses(text: &str) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut last = None;
    for line in text.lines().map(str::trim_ascii) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            addresses.extend(last.filter(|address| !addresses.contains(address)));
        }
    }
    addresses
}

/// The first field of each line: 32 hexadecimal digits.
fn ipv6_addresses(text: &str) -> Vec<Ipv6Addr> {
    let mut addresses: Vec<Ipv6Addr> = text
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().next())
        .filter(|digits| digits.len() == 32)
        .filter_map(|digits| u128::from_str_radix(digits, 16).ok())
        .map(Ipv6Addr::from)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_the_counters() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n    \
                    lo:       0       0    0    0\neth0: 12 3\nvlan:5: 1 2\nbr-0:1 2\n";
        assert_eq!(names_in(text), ["lo", "eth0", "vlan:5"]);
    }

    #[test]
    fn loopback_is_found_by_name_and_by_number() {
        let found = interfaces();
        let lo = found
            .iter()
            .find(|interface| interface.name == "lo")
            .unwrap();
        assert_eq!(interface_index("lo"), Some(lo.index));
        assert_eq!(interface_name(lo.index).as_deref(), Some("lo"));
    }

    #[test]
    fn what_is_no_name_of_an_interface_has_no_number() {
        for name in ["", "1", "no-such-name", "lo%lo", "lo ", "../net/lo"] {
            assert_eq!(interface_index(name), None, "{name:?}");
        }
        assert_eq!(interface_name(0), None);
        assert_eq!(interface_name(u32::MAX), None);
    }

    #[test]
    fn only_host_routes_are_own_addresses() {
        let text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 127.0.0.0\n        \
                    /8 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.0\n        /24 link UNICAST\n     \
                    |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\nLocal:\n     \
                    |-- 127.0.0.1\n        /32 host LOCAL\n     |-- broken\n        /32 host LOCAL\n";
        assert_eq!(
            ipv4_addresses(text),
            [Ipv4Addr::LOCALHOST, Ipv4Addr::new(192, 0, 2, 2)]
        );
    }

    #[test]
    fn ipv6_addresses_are_32_digits() {
        let text = "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n\
                    00000000000000000000000000000001 01 80 10 80       lo\nbroken 1 2 3\n";
        let expected: [Ipv6Addr; 2] = [
            "::1".parse().unwrap(),
            "fe80::fc:ff:fe00:1".parse().unwrap(),
        ];
        assert_eq!(ipv6_addresses(text), expected);
    }

    #[test]
    fn loopback_is_this_machine_and_a_documentation_address_is_not() {
        for ip in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_this_machine(ip.parse().unwrap()), "{ip}");
        }
        assert!(!is_this_machine("203.0.113.7".parse().unwrap()));
        assert!(!is_this_machine("2001:db8::7".parse().unwrap()));
        for ip in machine_addresses() {
            assert!(is_this_machine(ip));
        }
    }
}
