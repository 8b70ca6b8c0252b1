//! Why a packet did not arrive, as the router or host says that answers with an ICMP error.

use std::fmt;

use super::Version;

/// Why a packet did not arrive. ICMP and ICMPv6 say the same by other numbers; both are read into these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// No route leads to the network.
    NoRoute,
    /// The host does not answer its neighbours, or is not there.
    HostUnreachable,
    /// The host is there and knows no such protocol.
    ProtocolUnreachable,
    /// The host is there and nobody has this UDP port.
    PortUnreachable,
    /// Longer than the next link takes, and may not be cut.
    TooBig {
        /// The longest packet that link takes, bytes; 0 where the router didn't say.
        mtu: u32,
    },
    /// A firewall or router has been told not to let it through.
    Prohibited,
    /// It passed as many routers as its TTL (hop limit) allowed.
    TimeExceeded,
    /// It was cut, and not all pieces came in time.
    ReassemblyTimeExceeded,
    /// Something in its header makes no sense to who says so.
    ParameterProblem,
    /// Unreachable for another reason: the code of the message.
    Unreachable(u8),
}

impl Why {
    /// What type, code and the four bytes behind the checksum mean; `None` for a message that is no error.
    pub fn of(version: Version, kind: u8, code: u8, info: u32) -> Option<Self> {
        Some(match (version, kind, code) {
            (Version::V4, 3, 0 | 6) | (Version::V6, 1, 0) => Self::NoRoute,
            (Version::V4, 3, 1 | 7) | (Version::V6, 1, 3) => Self::HostUnreachable,
            (Version::V4, 3, 2) => Self::ProtocolUnreachable,
            (Version::V4, 3, 3) | (Version::V6, 1, 4) => Self::PortUnreachable,
            // RFC 1191 section 4: the upper half is not used.
            (Version::V4, 3, 4) => Self::TooBig { mtu: info & 0xffff },
            (Version::V6, 2, _) => Self::TooBig { mtu: info },
            (Version::V4, 3, 9 | 10 | 13) | (Version::V6, 1, 1 | 5 | 6) => Self::Prohibited,
            (Version::V4, 3, code) | (Version::V6, 1, code) => Self::Unreachable(code),
            (Version::V4, 11, 1) | (Version::V6, 3, 1) => Self::ReassemblyTimeExceeded,
            (Version::V4, 11, _) | (Version::V6, 3, _) => Self::TimeExceeded,
            (Version::V4, 12, _) | (Version::V6, 4, _) => Self::ParameterProblem,
            _ => return None,
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute => f.write_str("network unreachable"),
            Self::HostUnreachable => f.write_str("host unreachable"),
            Self::ProtocolUnreachable => f.write_str("protocol unreachable"),
            Self::PortUnreachable => f.write_str("port unreachable"),
            Self::TooBig { mtu: 0 } => f.write_str("packet too big"),
            Self::TooBig { mtu } => write!(f, "packet too big, MTU {mtu}"),
            Self::Prohibited => f.write_str("administratively prohibited"),
            Self::TimeExceeded => f.write_str("time exceeded"),
            Self::ReassemblyTimeExceeded => f.write_str("fragment reassembly time exceeded"),
            Self::ParameterProblem => f.write_str("parameter problem"),
            Self::Unreachable(code) => write!(f, "destination unreachable, code {code}"),
        }
    }
}
