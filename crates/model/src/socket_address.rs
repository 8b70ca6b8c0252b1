//! The address of a socket as the kernel knows it: numbers and paths, never names to look up.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::Path;
use std::sync::Arc;

use crate::Family;

/// What `bind`, `connect`, `accept`, `recvfrom` and `getsockname` speak of.
///
/// See [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html),
/// [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html) and
/// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html). Cloning is cheap: paths are shared.
///
/// It is made from text or from a host in digits and a port, as a tuple. A name such as `localhost` has to be looked
/// up first, because it may have several addresses.
///
/// ```
/// use sockeye_model::{Family, SocketAddress};
///
/// let address: SocketAddress = "[::1]:7007".parse()?;
/// assert_eq!(address.port(), Some(7007));
/// assert_eq!(address.family(), Family::Inet6);
/// assert_eq!(SocketAddress::try_from(("::1", 7007))?, address);
/// assert_eq!(SocketAddress::from((std::net::Ipv6Addr::LOCALHOST, 7007)), address);
/// assert!(SocketAddress::try_from(("localhost", 7007)).is_err());
/// # Ok::<(), sockeye_model::NotASocketAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SocketAddress {
    /// IPv4 or IPv6: address, port and, for IPv6, the zone's index.
    Inet(SocketAddr),
    /// A path of the file system.
    UnixPath(Arc<Path>),
    /// A name in Linux's abstract namespace, without the leading NUL byte; any bytes.
    UnixAbstract(Arc<[u8]>),
    /// A UNIX socket that was never bound: it has no name.
    UnixUnnamed,
}

impl SocketAddress {
    /// The family of the sockets that can use it: the first argument of
    /// [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
    pub fn family(&self) -> Family {
        match self {
            Self::Inet(SocketAddr::V4(_)) => Family::Inet,
            Self::Inet(SocketAddr::V6(_)) => Family::Inet6,
            Self::UnixPath(_) | Self::UnixAbstract(_) | Self::UnixUnnamed => Family::Unix,
        }
    }

    /// The port, for IPv4 and IPv6.
    pub fn port(&self) -> Option<u16> {
        self.inet().map(|inet| inet.port())
    }

    /// The IPv4 or IPv6 address with its port.
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            _ => None,
        }
    }

    /// The same address with IPv4 written as IPv4: a socket for both families sees an IPv4 peer as `::ffff:127.0.0.1`
    /// ([ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html)), while that peer knows itself as 127.0.0.1.
    ///
    /// ```
    /// use sockeye_model::SocketAddress;
    /// let seen: SocketAddress = "[::ffff:127.0.0.1]:7007".parse()?;
    /// assert_eq!(seen.canonical(), "127.0.0.1:7007".parse()?);
    /// # Ok::<(), sockeye_model::NotASocketAddress>(())
    /// ```
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::Inet(SocketAddr::V6(inet)) => match inet.ip().to_ipv4_mapped() {
                Some(ip) => Self::Inet((ip, inet.port()).into()),
                None => self.clone(),
            },
            other => other.clone(),
        }
    }

    /// Whether only programs of this machine can be at this address.
    pub fn is_local(&self) -> bool {
        self.inet()
            .is_none_or(|inet| inet.ip().to_canonical().is_loopback())
    }

    /// Whether this is `0.0.0.0` or `::`, every interface of the machine.
    pub fn is_unspecified(&self) -> bool {
        self.inet().is_some_and(|inet| inet.ip().is_unspecified())
    }
}

impl From<SocketAddr> for SocketAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl From<SocketAddrV4> for SocketAddress {
    fn from(address: SocketAddrV4) -> Self {
        Self::Inet(address.into())
    }
}

impl From<SocketAddrV6> for SocketAddress {
    fn from(address: SocketAddrV6) -> Self {
        Self::Inet(address.into())
    }
}

impl From<(IpAddr, u16)> for SocketAddress {
    fn from(address: (IpAddr, u16)) -> Self {
        Self::Inet(address.into())
    }
}

impl From<(Ipv4Addr, u16)> for SocketAddress {
    fn from(address: (Ipv4Addr, u16)) -> Self {
        Self::Inet(address.into())
    }
}

impl From<(Ipv6Addr, u16)> for SocketAddress {
    fn from(address: (Ipv6Addr, u16)) -> Self {
        Self::Inet(address.into())
    }
}

impl From<&SocketAddress> for SocketAddress {
    fn from(address: &SocketAddress) -> Self {
        address.clone()
    }
}

impl TryFrom<&str> for SocketAddress {
    type Error = NotASocketAddress;

    fn try_from(text: &str) -> Result<Self, NotASocketAddress> {
        text.parse()
    }
}

impl TryFrom<String> for SocketAddress {
    type Error = NotASocketAddress;

    fn try_from(text: String) -> Result<Self, NotASocketAddress> {
        text.parse()
    }
}

impl TryFrom<(&str, u16)> for SocketAddress {
    type Error = NotASocketAddress;

    /// A host in digits, without brackets, and a port: `("127.0.0.1", 7007)`.
    fn try_from((host, port): (&str, u16)) -> Result<Self, NotASocketAddress> {
        match host.parse::<IpAddr>() {
            Ok(ip) => Ok((ip, port).into()),
            Err(_) => Err(NotASocketAddress(format!("{host}:{port}"))),
        }
    }
}

impl fmt::Display for SocketAddress {
    /// `127.0.0.1:7007`, `[fe80::1%2]:7007`, `/run/app.sock`, `@name`, `(unnamed)`; what isn't printable is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::UnixPath(path) => {
                use std::os::unix::ffi::OsStrExt;
                fmt_bytes(f, path.as_os_str().as_bytes())
            }
            Self::UnixAbstract(name) => {
                f.write_str("@")?;
                fmt_bytes(f, name)
            }
            Self::UnixUnnamed => f.write_str("(unnamed)"),
        }
    }
}

fn fmt_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || character == '%' || reorders(character) {
                let mut utf8 = [0; 4];
                for byte in character.encode_utf8(&mut utf8).bytes() {
                    write!(f, "%{byte:02X}")?;
                }
            } else {
                write!(f, "{character}")?;
            }
        }
        for byte in chunk.invalid() {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// Whether a character changes the order in which a line is shown: a name must not be able to.
fn reorders(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that is no socket address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASocketAddress(pub String);

impl fmt::Display for NotASocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no socket address such as 127.0.0.1:7007, [::1]:7007, /path or @name",
            self.0
        )?;
        if is_name_and_port(&self.0) {
            f.write_str("; a name has to be looked up first")?;
        }
        Ok(())
    }
}

/// `localhost:7007`, as opposed to digits that are no address.
fn is_name_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok()
            && host.starts_with(|first: char| first.is_alphabetic())
            && !host.contains([':', '/'])
    })
}

impl From<Infallible> for NotASocketAddress {
    /// What is an address already never fails to become one.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl std::error::Error for NotASocketAddress {}

impl std::str::FromStr for SocketAddress {
    type Err = NotASocketAddress;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use std::os::unix::ffi::OsStringExt;
        let wrong = || NotASocketAddress(text.to_owned());
        if text == "(unnamed)" {
            return Ok(Self::UnixUnnamed);
        }
        if let Some(name) = text.strip_prefix('@') {
            return Ok(Self::UnixAbstract(unescape(name).ok_or_else(wrong)?.into()));
        }
        if let Ok(inet) = text.parse() {
            return Ok(Self::Inet(inet));
        }
        if text.is_empty() || (!text.contains('/') && text.contains(':')) {
            return Err(wrong());
        }
        let path = std::path::PathBuf::from(std::ffi::OsString::from_vec(
            unescape(text).ok_or_else(wrong)?,
        ));
        Ok(Self::UnixPath(path.into()))
    }
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let odd = SocketAddress::UnixAbstract(Arc::from(&b"a\0b%\xff"[..]));
        assert_eq!(odd.to_string(), "@a%00b%25%FF");
        for address in [
            odd,
            SocketAddress::UnixUnnamed,
            SocketAddress::UnixPath(Path::new("/run/a b.sock").into()),
            "127.0.0.1:1".parse().unwrap(),
            "[fe80::1%3]:65535".parse().unwrap(),
        ] {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn an_ipv4_address_inside_ipv6_is_local_when_it_is_loopback() {
        let mapped: SocketAddress = "[::ffff:127.0.0.1]:7".parse().unwrap();
        assert!(mapped.is_local());
        let other: SocketAddress = "192.0.2.1:7".parse().unwrap();
        assert!(!other.is_local());
    }

    #[test]
    fn a_name_is_told_from_a_wrong_address() {
        let said = |host: &str| SocketAddress::try_from((host, 7)).unwrap_err().to_string();
        assert!(said("localhost").ends_with("a name has to be looked up first"));
        assert!(said("127.0.0.256").ends_with("/path or @name"));
        assert_eq!(
            SocketAddress::try_from(("127.0.0.1", 7)),
            "127.0.0.1:7".parse()
        );
    }

    #[test]
    fn half_an_address_is_refused() {
        assert!("[::1".parse::<SocketAddress>().is_err());
        assert!("".parse::<SocketAddress>().is_err());
        assert!("127.0.0.1:99999".parse::<SocketAddress>().is_err());
    }
}
