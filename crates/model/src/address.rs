//! Addresses: what a person types to name a socket, as a value that prints back in one canonical form.
//!
//! `SCHEME://TARGET[#OPTION[=VALUE],…]`, also `SCHEME:TARGET`; without a scheme `HOST:PORT`, `:PORT`, `PORT` and the
//! two words `HOST PORT` are TCP, and `-` is stdio.
//!
//! What a `%` means depends on the target:
//!
//! - In a **path or abstract name** (unix, unix-dgram, unix-seqpacket, file, and `bind=` on them) `%` with two
//!   hexadecimal digits is that byte, so `%23` is a `#` that starts no options, `%40` an `@` that makes no abstract
//!   name, `%2C` a comma inside `bind=` and `%00` a NUL inside an abstract name. Any other `%` is itself. The
//!   canonical form escapes what bash or zsh would need quoted, control characters, and bytes that are not UTF-8.
//! - In a **command** (exec) `%` is always itself. Quotes and backslash work as in a shell, and as there a `#` is
//!   itself unless it starts an unquoted word: then the options begin.
//! - In the **file names** and lists of names that options take (`ca=`, `alpn=`) it is as in a path.
//! - In the **path of a WebSocket's URL** it is the URL's own and kept: `%20` is sent as `%20`.
//! - In a **host** it only stands before the zone of an IPv6 address, `[fe80::1%eth0]`, and escapes nothing.

mod error;
mod habit;
mod options;
mod parse;
mod print;
mod url;
mod words;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::option::Options;
use crate::scheme::Scheme;

pub use error::{AddressError, AddressProblem, Listens};

/// The most bytes of a UNIX path or abstract name that fit into `sun_path`, whose 108 bytes also hold one NUL: behind
/// a path, before an abstract name. [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html)
pub const SUN_PATH_MAX: usize = 107;

/// Names a socket, or another end that bytes can come from and go to.
///
/// ```
/// use sockeye_model::{Address, Host, Port, Scheme, Target};
///
/// let address: Address = "localhost:7007".parse()?;
/// assert_eq!(address.scheme, Scheme::Tcp);
/// assert_eq!(address.target, Target::Inet { host: Host::Name("localhost".into()), port: Port::Number(7007) });
/// assert_eq!(address.to_string(), "tcp://localhost:7007");
/// # Ok::<(), sockeye_model::AddressError>(())
/// ```
///
/// Every address that was parsed prints in canonical form and parses back to the same value. One that a program puts
/// together does too if its target is of its scheme's kind, its options are its scheme's, and its names hold only
/// what the parser lets through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// What kind of socket.
    pub scheme: Scheme,
    /// Which one.
    pub target: Target,
    /// How it is set up.
    pub options: Options,
}

/// The part of an address between the scheme and the options.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A host and a port: tcp and udp; also tls, ws and wss, over TCP.
    Inet {
        /// The machine.
        host: Host,
        /// The port on it.
        port: Port,
    },
    /// A name in the file system or the abstract namespace: the UNIX schemes; also tls, ws and wss, over a UNIX
    /// stream socket.
    Unix(UnixName),
    /// A host without a port: icmp and raw.
    Host(Host),
    /// Standard input and output.
    Stdio,
    /// A file's path.
    File(PathBuf),
    /// A command and its arguments, at least one word.
    Exec(Vec<String>),
    /// The number of an open descriptor.
    Fd(i32),
}

/// The machine, or the interface of this one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Nothing was written: this machine only, both families.
    Empty,
    /// `any`: every interface, both families.
    Any,
    /// A name to look up.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6 {
        /// The address.
        address: Ipv6Addr,
        /// The interface it is meant on, by name or number: `eth0` of `[fe80::1%eth0]`.
        zone: Option<String>,
    },
}

/// A port, by number or by the name of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// A number; 0 lets the system choose when listening.
    Number(u16),
    /// A name to look up, such as `http`.
    Service(String),
}

/// The name of a UNIX socket, [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path, which may be longer than [`SUN_PATH_MAX`]: then it is opened through its directory.
    Path(PathBuf),
    /// A name without a file, 1 to [`SUN_PATH_MAX`] bytes, written behind an `@`. Any byte is allowed, NUL too.
    Abstract(Vec<u8>),
}

impl Address {
    /// An address without options.
    pub const fn new(scheme: Scheme, target: Target) -> Self {
        Self {
            scheme,
            target,
            options: Options::new(),
        }
    }

    /// The scheme of the kernel socket that carries it: tcp or unix under tls, ws and wss, else its own.
    ///
    /// ```
    /// use sockeye_model::{Address, Scheme};
    /// let address: Address = "wss://example.org/chat".parse()?;
    /// assert_eq!(address.transport(), Scheme::Tcp);
    /// let address: Address = "tls:/run/app.sock".parse()?;
    /// assert_eq!(address.transport(), Scheme::Unix);
    /// # Ok::<(), sockeye_model::AddressError>(())
    /// ```
    pub const fn transport(&self) -> Scheme {
        match (self.scheme.is_layered(), &self.target) {
            (false, _) => self.scheme,
            (true, Target::Unix(_)) => Scheme::Unix,
            (true, _) => Scheme::Tcp,
        }
    }

    /// The address of a socket that is already known by number; a scope that is not 0 becomes the zone.
    pub fn from_socket_addr(scheme: Scheme, address: SocketAddr) -> Self {
        Self::new(
            scheme,
            Target::Inet {
                host: Host::from(address),
                port: Port::Number(address.port()),
            },
        )
    }
}

impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => Self::V4(*v4.ip()),
            SocketAddr::V6(v6) => Self::V6 {
                address: *v6.ip(),
                zone: (v6.scope_id() != 0).then(|| v6.scope_id().to_string()),
            },
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => Self::V6 {
                address: v6,
                zone: None,
            },
        }
    }
}

impl UnixName {
    /// How many bytes the name has, without the NUL that the kernel's form adds.
    pub fn len(&self) -> usize {
        match self {
            Self::Path(path) => path.as_os_str().as_bytes().len(),
            Self::Abstract(name) => name.len(),
        }
    }

    /// Whether the name has no bytes; never so for one that was parsed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the name fits into `sun_path` as it is, which a path need not.
    pub fn fits(&self) -> bool {
        self.len() <= SUN_PATH_MAX
    }
}
