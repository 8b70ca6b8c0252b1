//! The header of an IP packet, as far as a socket or an ICMP error shows it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Version;

/// What the header of an IP packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its own length in bytes, options included.
    pub len: usize,
    /// Who sent the packet.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// The number of what it carries: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
    pub protocol: u8,
    /// Routers it could still pass: TTL, or hop limit.
    pub hops: u8,
}

impl Header {
    /// The header that `packet` begins with; `None` where that is no whole header.
    ///
    /// [RFC 791](https://www.rfc-editor.org/rfc/rfc791) section 3.1,
    /// [RFC 8200](https://www.rfc-editor.org/rfc/rfc8200) section 3. Extension headers of IPv6 are not followed.
    pub fn read(version: Version, packet: &[u8]) -> Option<Self> {
        match version {
            Version::V4 => {
                let fixed: &[u8; 20] = packet.first_chunk()?;
                let len = usize::from(fixed[0] & 0x0f) * 4;
                if fixed[0] >> 4 != 4 || len < fixed.len() || packet.len() < len {
                    return None;
                }
                let address = |at: usize| -> Option<IpAddr> {
                    let octets: [u8; 4] = fixed[at..at + 4].try_into().ok()?;
                    Some(Ipv4Addr::from(octets).into())
                };
                Some(Self {
                    len,
                    source: address(12)?,
                    destination: address(16)?,
                    protocol: fixed[9],
                    hops: fixed[8],
                })
            }
            Version::V6 => {
                let fixed: &[u8; 40] = packet.first_chunk()?;
                if fixed[0] >> 4 != 6 {
                    return None;
                }
                let address = |at: usize| -> Option<IpAddr> {
                    let octets: [u8; 16] = fixed[at..at + 16].try_into().ok()?;
                    Some(Ipv6Addr::from(octets).into())
                };
                Some(Self {
                    len: fixed.len(),
                    source: address(8)?,
                    destination: address(24)?,
                    protocol: fixed[6],
                    hops: fixed[7],
                })
            }
        }
    }
}

/// The name of a protocol that IP carries, where it is one that most people have heard of.
pub const fn protocol_name(protocol: u8) -> Option<&'static str> {
    Some(match protocol {
        1 => "ICMP",
        2 => "IGMP",
        6 => "TCP",
        17 => "UDP",
        47 => "GRE",
        50 => "ESP",
        58 => "ICMPv6",
        89 => "OSPF",
        132 => "SCTP",
        253 | 254 => "experimental",
        _ => return None,
    })
}
