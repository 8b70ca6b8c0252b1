//! ICMP: its messages as bytes and as values, a socket of echo requests, and one that hears of what did not arrive.

mod checksum;
mod echo;
mod header;
mod message;
mod reporting;
mod why;

pub use checksum::checksum;
pub use echo::{Echoes, Heard, Returned, Way};
pub use header::{Header, protocol_name};
pub use message::{Echo, Malformed, Message, Original, read, write_request};
pub use reporting::{Arrived, Reporting, Undelivered};
pub use why::Why;

/// Which ICMP: that of IPv4 ([RFC 792](https://www.rfc-editor.org/rfc/rfc792)) or that of IPv6
/// ([RFC 4443](https://www.rfc-editor.org/rfc/rfc4443)). They mean the same by other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// ICMP, protocol 1.
    V4,
    /// ICMPv6, protocol 58.
    V6,
}

impl Version {
    /// That of an address.
    pub fn of(address: std::net::IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }

    /// The number of the protocol that IP carries: 1 or 58.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::V4 => 1,
            Self::V6 => 58,
        }
    }
}
