//! The network interfaces with their addresses, MAC and MTU, asked over rtnetlink(7).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::interfaces::interfaces;
use crate::netlink::{Netlink, attributes, number};
use crate::table::Source;

/// A network interface as it is now; netdevice(7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Its number, from 1.
    pub index: u32,
    /// It was switched on (IFF_UP).
    pub up: bool,
    /// It can carry packets (IFF_RUNNING): the cable is in, the other end is there.
    pub running: bool,
    /// It leads to this machine alone (IFF_LOOPBACK).
    pub loopback: bool,
    /// The longest packet, bytes.
    pub mtu: Option<u32>,
    /// The hardware's address, usually 6 bytes; empty where there is none, as on loopback.
    pub hardware: Vec<u8>,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<Assigned>,
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assigned {
    /// The address.
    pub ip: IpAddr,
    /// How many of its first bits it shares with its neighbours.
    pub prefix: u8,
    /// Where it means this machine.
    pub scope: Scope,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// IPv6: whether it is ours is still being found out, or it turned out not to be (duplicate address detection).
    pub tentative: bool,
}

/// Where an address is valid; rtnetlink(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// In this site.
    Site,
    /// On this link: it needs the interface's name beside it.
    Link,
    /// In this machine.
    Host,
    /// A number of the administrator's own.
    Other(u8),
}

impl Scope {
    const fn of(number: u8) -> Self {
        match number {
            0 => Self::Global,
            200 => Self::Site,
            253 => Self::Link,
            254 => Self::Host,
            other => Self::Other(other),
        }
    }

    /// The word that ip-address(8) uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Site => "site",
            Self::Link => "link",
            Self::Host => "host",
            Self::Other(_) => "other",
        }
    }
}

/// All interfaces of this network namespace, by number, and where they were read: without netlink from `/proc` and `/sys`,
/// which do not tell which interface has which IPv4 address.
///
/// # Errors
/// Neither can be read.
pub fn links() -> io::Result<(Vec<Link>, Source)> {
    match asked() {
        Ok(links) => Ok((links, Source::Netlink)),
        Err(error) => Ok((from_files(), Source::Proc(error.kind()))),
    }
}

fn asked() -> io::Result<Vec<Link>> {
    let mut netlink = Netlink::open(None)?;
    let mut links = Vec::new();
    netlink.dump(RTM_GETLINK, &[0; LINK_HEADER], |payload| {
        links.extend(link(payload));
    })?;
    let mut addresses: Vec<(u32, Assigned)> = Vec::new();
    netlink.dump(RTM_GETADDR, &[0; ADDRESS_HEADER], |payload| {
        addresses.extend(assigned(payload));
    })?;
    for link in &mut links {
        let own = addresses.iter().filter(|(index, _)| *index == link.index);
        link.addresses = own.map(|(_, assigned)| *assigned).collect();
        link.addresses.sort_by_key(|assigned| assigned.ip.is_ipv6());
    }
    links.sort_by_key(|link| link.index);
    Ok(links)
}

/// `struct ifinfomsg` and its attributes.
fn link(payload: &[u8]) -> Option<Link> {
    let flags = number(payload, 8)?;
    let mut link = Link {
        name: String::new(),
        index: number(payload, 4)?,
        up: flags & IFF_UP != 0,
        running: flags & IFF_RUNNING != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        mtu: None,
        hardware: Vec::new(),
        addresses: Vec::new(),
    };
    for (kind, value) in attributes(payload.get(LINK_HEADER..)?) {
        match kind {
            IFLA_IFNAME => {
                let name = value.strip_suffix(b"\0").unwrap_or(value);
                link.name = String::from_utf8_lossy(name).into_owned();
            }
            IFLA_MTU => link.mtu = number(value, 0),
            // Loopback has one of six zeros.
            IFLA_ADDRESS if !link.loopback => link.hardware = value.to_vec(),
            _ => {}
        }
    }
    Some(link)
}

/// `struct ifaddrmsg` and its attributes, with the number of the interface.
fn assigned(payload: &[u8]) -> Option<(u32, Assigned)> {
    let [_family, prefix, flags, scope] = *payload.first_chunk()?;
    let index = number(payload, 4)?;
    let (mut address, mut local, mut flags) = (None, None, u32::from(flags));
    for (kind, value) in attributes(payload.get(ADDRESS_HEADER..)?) {
        match kind {
            IFA_ADDRESS => address = ip(value),
            IFA_LOCAL => local = ip(value),
            IFA_FLAGS => flags = number(value, 0).unwrap_or(flags),
            _ => {}
        }
    }
    let ip = local.or(address)?;
    Some((
        index,
        Assigned {
            ip,
            prefix,
            scope: Scope::of(scope),
            // On a point-to-point link the first is the other end's; elsewhere both are ours.
            peer: address.filter(|address| *address != ip),
            tentative: flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0,
        },
    ))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(*bytes.first_chunk()?).into()),
        16 => Some(Ipv6Addr::from(*bytes.first_chunk()?).into()),
        _ => None,
    }
}

/// What `/proc/net/if_inet6` and `/sys/class/net` have.
fn from_files() -> Vec<Link> {
    let six = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let link = |name: String, index| {
        let read = |file: &str| {
            let text = std::fs::read_to_string(format!("/sys/class/net/{name}/{file}")).ok()?;
            Some(text.trim_ascii().to_owned())
        };
        let flags =
            read("flags").and_then(|flags| u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok());
        let flags = flags.unwrap_or(0);
        let loopback = flags & IFF_LOOPBACK != 0;
        Link {
            up: flags & IFF_UP != 0,
            running: read("operstate").is_some_and(|state| state != "down"),
            loopback,
            mtu: read("mtu").and_then(|mtu| mtu.parse().ok()),
            hardware: read("address")
                .filter(|_| !loopback)
                .map(|mac| {
                    let bytes = mac.split(':').map(|two| u8::from_str_radix(two, 16));
                    bytes.flatten().collect()
                })
                .unwrap_or_default(),
            addresses: ipv6_of(&six, index),
            name,
            index,
        }
    };
    interfaces()
        .into_iter()
        .map(|interface| link(interface.name, interface.index))
        .collect()
}

/// `fe80000000000000… 04 40 20 80     eth0`: address, then number, prefix, scope and flags in hexadecimal.
fn ipv6_of(text: &str, index: u32) -> Vec<Assigned> {
    let parse = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let ip = Ipv6Addr::from(u128::from_str_radix(fields.next()?, 16).ok()?);
        let mut next = || u32::from_str_radix(fields.next()?, 16).ok();
        let (number, prefix, scope, flags) = (next()?, next()?, next()?, next()?);
        let scope = match scope {
            0x00 => Scope::Global,
            0x10 => Scope::Host,
            0x20 => Scope::Link,
            0x40 => Scope::Site,
            other => Scope::Other(u8::try_from(other).ok()?),
        };
        (number == index).then_some(Assigned {
            ip: ip.into(),
            prefix: u8::try_from(prefix).ok()?,
            scope,
            peer: None,
            tentative: flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0,
        })
    };
    text.lines().filter_map(parse).collect()
}

/// Of linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h and linux/if.h.
const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_TENTATIVE: u32 = 0x40;
const IFF_UP: u32 = 1;
const IFF_LOOPBACK: u32 = 1 << 3;
const IFF_RUNNING: u32 = 1 << 6;
/// `struct ifinfomsg` and `struct ifaddrmsg`, bytes.
const LINK_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_its_address_with_prefix_and_scope() {
        let (links, source) = links().unwrap();
        assert_eq!(source, Source::Netlink);
        let lo = links.iter().find(|link| link.name == "lo").unwrap();
        assert!(lo.loopback && lo.hardware.is_empty() && lo.mtu.is_some());
        let local = lo
            .addresses
            .iter()
            .find(|assigned| assigned.ip.is_ipv4())
            .unwrap();
        assert_eq!(local.ip, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(
            (local.prefix, local.scope, local.peer),
            (8, Scope::Host, None)
        );
    }

    #[test]
    fn the_files_tell_the_same_but_for_ipv4_addresses() {
        let (mut links, _) = links().unwrap();
        for link in &mut links {
            link.addresses.retain(|assigned| assigned.ip.is_ipv6());
            link.running = true;
        }
        let mut files = from_files();
        for link in &mut files {
            link.running = true;
        }
        assert_eq!(files, links);
    }

    #[test]
    fn an_answer_that_is_cut_is_left_out() {
        assert_eq!(link(&[0; 11]), None);
        assert_eq!(assigned(&[0; 7]), None);
        assert_eq!(assigned(&[0; 8]), None);
    }
}
