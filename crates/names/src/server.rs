//! A name server: its address, and over what it is asked.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

use crate::exchange::Transport;

/// A name server as it is asked.
///
/// `192.0.2.53`, `192.0.2.53:7053`, `[2001:db8::53]:53`, `2001:db8::53`, and each of them after `udp://`, `tcp://` or
/// `tls://`. Without a port it is 53, and 853 with TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// What a question goes over first. [`Transport::Udp`] goes on over TCP where an answer does not fit.
    pub transport: Transport,
    /// Where it is asked.
    pub address: SocketAddr,
}

pub(crate) const PORT: u16 = Server::PORT;

impl Server {
    /// The port of DNS (RFC 1035 section 4.2).
    pub const PORT: u16 = 53;
    /// The port of DNS over TLS (RFC 7858 section 3.1).
    pub const TLS_PORT: u16 = 853;

    /// The server at an address, asked over UDP first.
    pub fn udp(address: impl Into<SocketAddr>) -> Self {
        Self {
            transport: Transport::Udp,
            address: address.into(),
        }
    }
}

impl Transport {
    /// The port of a server that names none.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => Server::PORT,
            Self::Tls => Server::TLS_PORT,
        }
    }
}

/// A text that is no server's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no address of a name server: ADDRESS, ADDRESS:PORT, udp://, tcp:// or tls://ADDRESS[:PORT]"
)]
pub struct NotAServer(pub String);

impl FromStr for Server {
    type Err = NotAServer;

    fn from_str(text: &str) -> Result<Self, NotAServer> {
        let wrong = || NotAServer(text.to_owned());
        let (transport, target) = match text.split_once("://") {
            Some(("udp", target)) => (Transport::Udp, target),
            Some(("tcp", target)) => (Transport::Tcp, target),
            Some(("tls", target)) => (Transport::Tls, target),
            Some(_) => return Err(wrong()),
            None => (Transport::Udp, text),
        };
        let usual = transport.usual_port();
        let bare = target
            .strip_prefix('[')
            .and_then(|target| target.strip_suffix(']'))
            .unwrap_or(target);
        let with_port = || match target
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]:"))
        {
            Some((address, port)) => {
                with_zone(address, port.parse().ok()?).filter(SocketAddr::is_ipv6)
            }
            None => target.parse().ok(),
        };
        let address = with_zone(bare, usual)
            .or_else(with_port)
            .ok_or_else(wrong)?;
        if address.port() == 0 {
            return Err(wrong());
        }
        Ok(Self { transport, address })
    }
}

/// An address, of IPv6 perhaps with a zone: the name of an interface of this machine, or its number (RFC 4007 section 11).
pub(crate) fn with_zone(text: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, port));
    }
    let (address, zone) = text.split_once('%')?;
    let scope = match zone.parse() {
        Ok(number) => number,
        Err(_) => sockeye_local::interface_index(zone)?,
    };
    Some(SocketAddrV6::new(address.parse().ok()?, port, 0, scope).into())
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.transport, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_its_port_and_its_transport() {
        for (text, meant) in [
            ("127.0.0.1", "udp://127.0.0.1:53"),
            ("127.0.0.1:7053", "udp://127.0.0.1:7053"),
            ("tcp://127.0.0.1", "tcp://127.0.0.1:53"),
            ("tls://127.0.0.1", "tls://127.0.0.1:853"),
            ("tls://[::1]:8853", "tls://[::1]:8853"),
            ("::1", "udp://[::1]:53"),
            ("[::1]", "udp://[::1]:53"),
            ("udp://[::1]:7053", "udp://[::1]:7053"),
            ("fe80::1%7", "udp://[fe80::1%7]:53"),
            ("[fe80::1%lo]", "udp://[fe80::1%1]:53"),
            ("[fe80::1%lo]:7053", "udp://[fe80::1%1]:7053"),
        ] {
            assert_eq!(text.parse::<Server>().unwrap().to_string(), meant);
            assert_eq!(meant.parse::<Server>().unwrap().to_string(), meant);
        }
    }

    #[test]
    fn what_is_no_address_is_said_as_typed() {
        for text in [
            "",
            "localhost",
            "127.0.0.1:0",
            "quic://127.0.0.1",
            "[::1",
            "[127.0.0.1]:53",
            "fe80::1%no-such-interface",
            "1.2.3",
        ] {
            let error = text.parse::<Server>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
