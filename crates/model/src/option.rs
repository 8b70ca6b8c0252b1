//! Socket options as an address names them: one typed value and one table row each.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::{Host, Port, UnixName};

/// The options an address can carry behind `#`, without their values.
///
/// The order is that of [`OPTIONS`] and of the canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described by its row of OPTIONS")]
pub enum OptionName {
    Bind,
    Interface,
    Reuseaddr,
    Reuseport,
    V6only,
    Backlog,
    Mode,
    Nodelay,
    Keepalive,
    Linger,
    Broadcast,
    MulticastTtl,
    MulticastLoop,
    Sndbuf,
    Rcvbuf,
    Ttl,
    Tos,
    Mark,
    Protocol,
    Hdrincl,
    Sni,
    Alpn,
    Ca,
    Pin,
    Cert,
    Key,
    ClientCa,
    Insecure,
    Tls,
    Keylog,
    Path,
    Subprotocol,
    Origin,
    Header,
    Auth,
    Deflate,
    Ping,
    MaxMessage,
    Append,
    Excl,
}

/// An option with its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SocketOption {
    /// The local address of a socket that connects, [bind(2)](https://man7.org/linux/man-pages/man2/bind.2.html).
    Bind(BindTo),
    /// Only this network interface; for a multicast group, the one it is joined and sent on.
    Interface(String),
    /// `SO_REUSEADDR`, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Reuseaddr,
    /// `SO_REUSEPORT`, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Reuseport,
    /// `IPV6_V6ONLY`, [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
    V6only,
    /// How many connections may wait to be accepted, [listen(2)](https://man7.org/linux/man-pages/man2/listen.2.html).
    Backlog(u32),
    /// The permissions of the path or file that is made, at most `0o7777`.
    Mode(u32),
    /// `TCP_NODELAY`, [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
    Nodelay,
    /// `SO_KEEPALIVE`, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Keepalive,
    /// `SO_LINGER` in seconds; 0 makes close send a reset.
    Linger(u16),
    /// `SO_BROADCAST`, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Broadcast,
    /// `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`, in hops; 0 stays on this machine.
    MulticastTtl(u8),
    /// `IP_MULTICAST_LOOP` or `IPV6_MULTICAST_LOOP`: whether this machine hears its own messages.
    MulticastLoop(bool),
    /// `SO_SNDBUF` in bytes; Linux doubles it, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Sndbuf(usize),
    /// `SO_RCVBUF` in bytes; Linux doubles it, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
    Rcvbuf(usize),
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`, in hops, [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
    Ttl(u8),
    /// `IP_TOS` or `IPV6_TCLASS`, the whole byte, [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
    Tos(u8),
    /// `SO_MARK`, [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html); needs `CAP_NET_ADMIN`.
    Mark(u32),
    /// The protocol number of the IP header, [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html).
    Protocol(u8),
    /// `IP_HDRINCL`: what is sent begins with its own IP header, [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html).
    Hdrincl,
    /// The name a client asks for and checks the certificate against, instead of the host's; when listening, the
    /// only name that is served ([RFC 6066, section 3](https://www.rfc-editor.org/rfc/rfc6066#section-3)).
    Sni(String),
    /// Protocols to offer or accept, the preferred first ([RFC 7301](https://www.rfc-editor.org/rfc/rfc7301)).
    Alpn(Vec<String>),
    /// A PEM file of certificates to trust instead of the system's.
    Ca(PathBuf),
    /// The SHA-256 of the peer's public key, the `SubjectPublicKeyInfo` of its certificate in DER
    /// ([RFC 7469, section 2.4](https://www.rfc-editor.org/rfc/rfc7469#section-2.4)): it is trusted whoever signed it.
    Pin([u8; 32]),
    /// A PEM file with our own certificate and those that lead from it to the root.
    Cert(PathBuf),
    /// A PEM file with the private key of `cert`.
    Key(PathBuf),
    /// Listening: a PEM file of certificates; a client must show one that they signed.
    ClientCa(PathBuf),
    /// The peer's certificate is not checked at all.
    Insecure,
    /// Only this version.
    Tls(TlsVersion),
    /// A file that the secrets of each handshake are added to, for a program that reads captured traffic
    /// ([RFC 9850](https://www.rfc-editor.org/rfc/rfc9850)).
    Keylog(PathBuf),
    /// The path and query of a WebSocket's URL as they are sent, percent-encoded: `/chat?room=1`; never `/` alone,
    /// which is what an address without it means.
    Path(String),
    /// The subprotocols to offer or accept, the preferred first
    /// ([RFC 6455, section 1.9](https://www.rfc-editor.org/rfc/rfc6455#section-1.9)).
    Subprotocol(Vec<String>),
    /// A client's `Origin` header; when listening, the only origins that are let in
    /// ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)).
    Origin(Vec<String>),
    /// A file of further header lines, `NAME: VALUE`, for the upgrade.
    Header(PathBuf),
    /// A file of credentials: what a client sends, or whom a server lets in
    /// ([RFC 9110, section 11](https://www.rfc-editor.org/rfc/rfc9110#section-11)).
    Auth(PathBuf),
    /// permessage-deflate is offered or accepted ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)).
    Deflate,
    /// How often a Ping is sent, 1 ms to 24 h.
    Ping(Duration),
    /// The longest message that is taken, in bytes.
    MaxMessage(usize),
    /// `O_APPEND`: what is written goes behind what the file has.
    Append,
    /// `O_EXCL`: an error if the file is already there.
    Excl,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2, [RFC 5246](https://www.rfc-editor.org/rfc/rfc5246).
    V12,
    /// TLS 1.3, [RFC 8446](https://www.rfc-editor.org/rfc/rfc8446).
    V13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V12 => "1.2",
            Self::V13 => "1.3",
        })
    }
}

/// The local address that `bind=` names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BindTo {
    /// For tcp and udp. No port: the system chooses one.
    Inet {
        /// The address to send from.
        host: Host,
        /// The port to send from.
        port: Option<Port>,
    },
    /// For the UNIX schemes: the name a peer can answer to.
    Unix(UnixName),
}

/// What an option's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionValue {
    /// None: the word alone switches it on.
    None,
    /// `HOST`, `HOST:PORT` or `:PORT`; a path or `@NAME` on a UNIX scheme.
    Local,
    /// The name or number of a network interface.
    Interface,
    /// A decimal number within these limits, both included.
    Number {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// A number, decimal or hexadecimal behind `0x`, from 0 to this.
    Hex {
        /// The greatest.
        max: u32,
    },
    /// Bytes, also with `k` or `m` behind the number (1024, 1024²).
    Bytes,
    /// Permissions in octal, as chmod(1) takes them.
    Octal,
    /// `0` or `1`, also `off` or `on`.
    Switch,
    /// The path of a file, escaped as a UNIX socket's is; a comma is `%2C`.
    File,
    /// The name of a machine.
    Host,
    /// One or more names joined by `+`, of visible ASCII; `%2B` is a `+` inside one.
    Names,
    /// One or more HTTP tokens joined by `+`, [RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
    Tokens,
    /// One or more origins joined by `+`, such as `https://example.org`.
    Origins,
    /// `sha256:` and 64 hexadecimal digits.
    Sha256,
    /// `1.2` or `1.3`.
    TlsVersion,
    /// A URL's path and query.
    UrlPath,
    /// A time with its unit: `500ms`, `30s`, `5m`, `1h`.
    Time,
}

/// One option, as the parser, the help and the manual page read it.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// The option this row describes.
    pub option: OptionName,
    /// The word a person types.
    pub name: &'static str,
    /// What its value looks like.
    pub value: OptionValue,
    /// What the kernel's headers call it; two constants where the IP versions differ.
    pub constants: &'static [&'static str],
    /// The manual page that defines it.
    pub page: &'static str,
    /// One line of help.
    pub help: &'static str,
}

const fn row(
    option: OptionName,
    name: &'static str,
    value: OptionValue,
    constants: &'static [&'static str],
    page: &'static str,
    help: &'static str,
) -> OptionRow {
    OptionRow {
        option,
        name,
        value,
        constants,
        page,
        help,
    }
}

/// Every option, in the order of [`OptionName`].
#[rustfmt::skip]
pub const OPTIONS: &[OptionRow] = &[
    row(OptionName::Bind, "bind", OptionValue::Local, &[], "bind(2)", "connect or send from this local address"),
    row(OptionName::Interface, "interface", OptionValue::Interface, &["SO_BINDTODEVICE", "IP_MULTICAST_IF", "IPV6_MULTICAST_IF"], "socket(7)", "only this network interface; for multicast, join and send on it"),
    row(OptionName::Reuseaddr, "reuseaddr", OptionValue::None, &["SO_REUSEADDR"], "socket(7)", "bind although old connections of the port linger; UDP: share a group's port"),
    row(OptionName::Reuseport, "reuseport", OptionValue::None, &["SO_REUSEPORT"], "socket(7)", "let several listeners share one port, each getting a part"),
    row(OptionName::V6only, "v6only", OptionValue::None, &["IPV6_V6ONLY"], "ipv6(7)", "an IPv6 listener takes no IPv4 peers"),
    row(OptionName::Backlog, "backlog", OptionValue::Number { min: 0, max: i32::MAX as u32 }, &[], "listen(2)", "how many connections may wait to be accepted"),
    row(OptionName::Mode, "mode", OptionValue::Octal, &[], "chmod(2)", "permissions of the path or file that is made"),
    row(OptionName::Nodelay, "nodelay", OptionValue::None, &["TCP_NODELAY"], "tcp(7)", "send small segments at once instead of gathering them"),
    row(OptionName::Keepalive, "keepalive", OptionValue::None, &["SO_KEEPALIVE"], "socket(7)", "probe a silent peer to notice that it is gone"),
    row(OptionName::Linger, "linger", OptionValue::Number { min: 0, max: u16::MAX as u32 }, &["SO_LINGER"], "socket(7)", "seconds that close waits for unsent data; 0 sends a reset"),
    row(OptionName::Broadcast, "broadcast", OptionValue::None, &["SO_BROADCAST"], "socket(7)", "allow sending to a broadcast address"),
    row(OptionName::MulticastTtl, "multicast-ttl", OptionValue::Number { min: 0, max: 255 }, &["IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS"], "ip(7)", "hops a multicast message may travel; 0 stays on this machine"),
    row(OptionName::MulticastLoop, "multicast-loop", OptionValue::Switch, &["IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP"], "ip(7)", "whether this machine hears its own multicast messages"),
    row(OptionName::Sndbuf, "sndbuf", OptionValue::Bytes, &["SO_SNDBUF"], "socket(7)", "size of the send buffer in bytes; Linux doubles it"),
    row(OptionName::Rcvbuf, "rcvbuf", OptionValue::Bytes, &["SO_RCVBUF"], "socket(7)", "size of the receive buffer in bytes; Linux doubles it"),
    row(OptionName::Ttl, "ttl", OptionValue::Number { min: 1, max: 255 }, &["IP_TTL", "IPV6_UNICAST_HOPS"], "ip(7)", "hops a packet may travel"),
    row(OptionName::Tos, "tos", OptionValue::Hex { max: 255 }, &["IP_TOS", "IPV6_TCLASS"], "ip(7)", "type of service or traffic class, the whole byte"),
    row(OptionName::Mark, "mark", OptionValue::Hex { max: u32::MAX }, &["SO_MARK"], "socket(7)", "mark packets for routing and firewall rules; needs CAP_NET_ADMIN"),
    row(OptionName::Protocol, "protocol", OptionValue::Number { min: 0, max: 255 }, &[], "raw(7)", "the protocol number of the IP header; 253 and 254 are for experiments"),
    row(OptionName::Hdrincl, "hdrincl", OptionValue::None, &["IP_HDRINCL"], "raw(7)", "what is sent begins with its own IP header"),
    row(OptionName::Sni, "sni", OptionValue::Host, &[], "RFC 6066", "ask for this name and check the certificate against it; listening: serve only it"),
    row(OptionName::Alpn, "alpn", OptionValue::Names, &[], "RFC 7301", "protocols to offer or accept, the preferred first: h2+http/1.1"),
    row(OptionName::Ca, "ca", OptionValue::File, &[], "RFC 5280", "trust the certificates in this PEM file instead of the system's"),
    row(OptionName::Pin, "pin", OptionValue::Sha256, &[], "RFC 7469", "trust the one public key with this SHA-256, whatever its certificate says"),
    row(OptionName::Cert, "cert", OptionValue::File, &[], "RFC 5280", "our own certificate and its chain, in PEM"),
    row(OptionName::Key, "key", OptionValue::File, &[], "RFC 5958", "the private key of cert=, in PEM"),
    row(OptionName::ClientCa, "client-ca", OptionValue::File, &[], "RFC 8446", "listening: demand a client certificate that one in this PEM file signed"),
    row(OptionName::Insecure, "insecure", OptionValue::None, &[], "RFC 8446", "check nothing: anybody on the way can be the peer and read all"),
    row(OptionName::Tls, "tls", OptionValue::TlsVersion, &[], "RFC 8446", "only this version of TLS"),
    row(OptionName::Keylog, "keylog", OptionValue::File, &[], "RFC 9850", "add the secrets of each handshake to this file, for who reads captured traffic"),
    row(OptionName::Path, "path", OptionValue::UrlPath, &[], "RFC 9112", "the path and query of the URL, where the target is a UNIX socket"),
    row(OptionName::Subprotocol, "subprotocol", OptionValue::Tokens, &[], "RFC 6455", "subprotocols to offer or accept, the preferred first"),
    row(OptionName::Origin, "origin", OptionValue::Origins, &[], "RFC 6454", "the Origin to send; listening: the only ones to let in"),
    row(OptionName::Header, "header", OptionValue::File, &[], "RFC 9110", "more header lines of the upgrade, NAME: VALUE, from this file"),
    row(OptionName::Auth, "auth", OptionValue::File, &[], "RFC 9110", "a file with user:password or a bearer token to send; listening: those to let in"),
    row(OptionName::Deflate, "deflate", OptionValue::None, &[], "RFC 7692", "offer or accept compressed messages (permessage-deflate)"),
    row(OptionName::Ping, "ping", OptionValue::Time, &[], "RFC 6455", "send a Ping this often"),
    row(OptionName::MaxMessage, "max-message", OptionValue::Bytes, &[], "RFC 6455", "the longest message that is taken"),
    row(OptionName::Append, "append", OptionValue::None, &["O_APPEND"], "open(2)", "write behind what the file already has"),
    row(OptionName::Excl, "excl", OptionValue::None, &["O_EXCL"], "open(2)", "an error if the file is already there"),
];

impl OptionName {
    /// This option's row of [`OPTIONS`], which is in the order of the enum.
    pub const fn row(self) -> &'static OptionRow {
        &OPTIONS[self as usize]
    }

    /// The word a person types.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The option with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        OPTIONS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.option)
    }

    /// Whether `setsockopt(2)` sets it; the others say how a socket is bound, a file opened or a layer above set up.
    pub const fn is_of_sockets(self) -> bool {
        match self {
            Self::Interface
            | Self::Reuseaddr
            | Self::Reuseport
            | Self::V6only
            | Self::Nodelay
            | Self::Keepalive
            | Self::Linger
            | Self::Broadcast
            | Self::MulticastTtl
            | Self::MulticastLoop
            | Self::Sndbuf
            | Self::Rcvbuf
            | Self::Ttl
            | Self::Tos
            | Self::Mark
            | Self::Hdrincl => true,
            Self::Bind
            | Self::Backlog
            | Self::Mode
            | Self::Protocol
            | Self::Sni
            | Self::Alpn
            | Self::Ca
            | Self::Pin
            | Self::Cert
            | Self::Key
            | Self::ClientCa
            | Self::Insecure
            | Self::Tls
            | Self::Keylog
            | Self::Path
            | Self::Subprotocol
            | Self::Origin
            | Self::Header
            | Self::Auth
            | Self::Deflate
            | Self::Ping
            | Self::MaxMessage
            | Self::Append
            | Self::Excl => false,
        }
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl OptionValue {
    /// The value's place holder in a line of help, with its `=`: `=N`, or nothing where there is no value.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Local => "=ADDRESS",
            Self::Interface => "=NAME",
            Self::Number { .. } | Self::Hex { .. } => "=N",
            Self::Bytes => "=BYTES",
            Self::Octal => "=OCTAL",
            Self::Switch => "=0|1",
            Self::File => "=FILE",
            Self::Host => "=NAME",
            Self::Names | Self::Tokens => "=NAME+NAME",
            Self::Origins => "=ORIGIN",
            Self::Sha256 => "=sha256:HEX",
            Self::TlsVersion => "=1.2|1.3",
            Self::UrlPath => "=/PATH",
            Self::Time => "=TIME",
        }
    }
}

/// What may be written behind the `=`, in words that follow "wants".
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no value"),
            Self::Local => f.write_str("a local address"),
            Self::Interface => f.write_str("an interface's name, such as lo"),
            Self::Number { min, max } => write!(f, "a number {min}-{max}"),
            Self::Hex { max } => write!(f, "a number 0-{max} or 0x0-{max:#x}"),
            Self::Bytes => write!(f, "a number of bytes 1-{MAX_BYTES}, such as 65536 or 64k"),
            Self::Octal => f.write_str("permissions in octal, such as 660"),
            Self::Switch => f.write_str("0 or 1"),
            Self::File => f.write_str("a file's path, a comma in it written %2C"),
            Self::Host => f.write_str("a name such as example.org"),
            Self::Names => f.write_str("one or more names joined by +, such as h2+http/1.1"),
            Self::Tokens => f.write_str(
                "one or more names of letters, digits and -._ joined by +, such as v2+v1",
            ),
            Self::Origins => {
                f.write_str("one or more origins joined by +, such as https://example.org")
            }
            Self::Sha256 => f.write_str("sha256: and 64 hexadecimal digits"),
            Self::TlsVersion => f.write_str("1.2 or 1.3"),
            Self::UrlPath => f.write_str(
                "a path such as /chat?room=1; a comma, blank or # in it is written %2C, %20 or %23",
            ),
            Self::Time => write!(
                f,
                "a time up to {} h, such as 500ms, 30s or 5m",
                MAX_TIME.as_secs() / 3600
            ),
        }
    }
}

/// The greatest size of a socket's buffer: the kernel takes an `int`.
pub const MAX_BYTES: usize = i32::MAX as usize;

/// The longest time of an option.
pub const MAX_TIME: Duration = Duration::from_secs(24 * 3600);

impl SocketOption {
    /// Which option it is.
    pub const fn name(&self) -> OptionName {
        match self {
            Self::Bind(_) => OptionName::Bind,
            Self::Interface(_) => OptionName::Interface,
            Self::Reuseaddr => OptionName::Reuseaddr,
            Self::Reuseport => OptionName::Reuseport,
            Self::V6only => OptionName::V6only,
            Self::Backlog(_) => OptionName::Backlog,
            Self::Mode(_) => OptionName::Mode,
            Self::Nodelay => OptionName::Nodelay,
            Self::Keepalive => OptionName::Keepalive,
            Self::Linger(_) => OptionName::Linger,
            Self::Broadcast => OptionName::Broadcast,
            Self::MulticastTtl(_) => OptionName::MulticastTtl,
            Self::MulticastLoop(_) => OptionName::MulticastLoop,
            Self::Sndbuf(_) => OptionName::Sndbuf,
            Self::Rcvbuf(_) => OptionName::Rcvbuf,
            Self::Ttl(_) => OptionName::Ttl,
            Self::Tos(_) => OptionName::Tos,
            Self::Mark(_) => OptionName::Mark,
            Self::Protocol(_) => OptionName::Protocol,
            Self::Hdrincl => OptionName::Hdrincl,
            Self::Sni(_) => OptionName::Sni,
            Self::Alpn(_) => OptionName::Alpn,
            Self::Ca(_) => OptionName::Ca,
            Self::Pin(_) => OptionName::Pin,
            Self::Cert(_) => OptionName::Cert,
            Self::Key(_) => OptionName::Key,
            Self::ClientCa(_) => OptionName::ClientCa,
            Self::Insecure => OptionName::Insecure,
            Self::Tls(_) => OptionName::Tls,
            Self::Keylog(_) => OptionName::Keylog,
            Self::Path(_) => OptionName::Path,
            Self::Subprotocol(_) => OptionName::Subprotocol,
            Self::Origin(_) => OptionName::Origin,
            Self::Header(_) => OptionName::Header,
            Self::Auth(_) => OptionName::Auth,
            Self::Deflate => OptionName::Deflate,
            Self::Ping(_) => OptionName::Ping,
            Self::MaxMessage(_) => OptionName::MaxMessage,
            Self::Append => OptionName::Append,
            Self::Excl => OptionName::Excl,
        }
    }
}

/// The options of an address: each at most once, kept in the order of [`OptionName`].
///
/// ```
/// use sockeye_model::Address;
/// let address: Address = "tcp://localhost:7007#ttl=5,nodelay".parse()?;
/// assert!(address.options.nodelay());
/// assert_eq!(address.options.ttl(), Some(5));
/// assert_eq!(address.to_string(), "tcp://localhost:7007#nodelay,ttl=5");
/// # Ok::<(), sockeye_model::AddressError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options(Vec<SocketOption>);

impl Options {
    /// No options.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets an option and returns the value it had.
    pub fn insert(&mut self, option: SocketOption) -> Option<SocketOption> {
        match self
            .0
            .binary_search_by_key(&option.name(), SocketOption::name)
        {
            Ok(at) => Some(std::mem::replace(&mut self.0[at], option)),
            Err(at) => {
                self.0.insert(at, option);
                None
            }
        }
    }

    /// The option with this name, if it is set.
    pub fn get(&self, name: OptionName) -> Option<&SocketOption> {
        self.0
            .binary_search_by_key(&name, SocketOption::name)
            .ok()
            .map(|at| &self.0[at])
    }

    /// Whether the option is set.
    pub fn contains(&self, name: OptionName) -> bool {
        self.get(name).is_some()
    }

    /// Every option, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, SocketOption> {
        self.0.iter()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<SocketOption> for Options {
    fn from_iter<I: IntoIterator<Item = SocketOption>>(options: I) -> Self {
        let mut all = Self::new();
        for option in options {
            all.insert(option);
        }
        all
    }
}

impl<'a> IntoIterator for &'a Options {
    type Item = &'a SocketOption;
    type IntoIter = std::slice::Iter<'a, SocketOption>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

macro_rules! flags {
    ($($getter:ident $name:ident),+ $(,)?) => {
        $(#[doc = concat!("Whether `", stringify!($getter), "` is set.")]
        pub fn $getter(&self) -> bool {
            self.contains(OptionName::$name)
        })+
    };
}

macro_rules! values {
    ($($getter:ident $name:ident $type:ty, $about:literal;)+) => {
        $(#[doc = $about]
        pub fn $getter(&self) -> Option<$type> {
            match self.get(OptionName::$name) {
                Some(SocketOption::$name(value)) => Some(*value),
                _ => None,
            }
        })+
    };
}

macro_rules! texts {
    ($($getter:ident $name:ident $type:ty, $about:literal;)+) => {
        $(#[doc = $about]
        pub fn $getter(&self) -> Option<&$type> {
            match self.get(OptionName::$name) {
                Some(SocketOption::$name(value)) => Some(value),
                _ => None,
            }
        })+
    };
}

/// The typed values; `None` or `false` where an option isn't set.
impl Options {
    flags! {
        reuseaddr Reuseaddr, reuseport Reuseport, v6only V6only, nodelay Nodelay, keepalive Keepalive,
        broadcast Broadcast, append Append, excl Excl, hdrincl Hdrincl, insecure Insecure, deflate Deflate,
    }

    values! {
        backlog Backlog u32, "The `backlog`, in connections.";
        mode Mode u32, "The `mode`, in permission bits.";
        multicast_ttl MulticastTtl u8, "The `multicast-ttl`, in hops.";
        multicast_loop MulticastLoop bool, "The `multicast-loop`.";
        sndbuf Sndbuf usize, "The `sndbuf`, in bytes.";
        rcvbuf Rcvbuf usize, "The `rcvbuf`, in bytes.";
        ttl Ttl u8, "The `ttl`, in hops.";
        tos Tos u8, "The `tos` byte.";
        mark Mark u32, "The `mark`.";
        protocol Protocol u8, "The `protocol` number of the IP header.";
        pin Pin [u8; 32], "The `pin`: the SHA-256 of the public key to trust.";
        tls Tls TlsVersion, "The only version of `tls`.";
        ping Ping Duration, "How often to `ping`.";
        max_message MaxMessage usize, "The `max-message`, in bytes.";
    }

    texts! {
        sni Sni str, "The name of `sni`.";
        alpn Alpn [String], "The protocols of `alpn`, the preferred first.";
        ca Ca Path, "The file of `ca`.";
        cert Cert Path, "The file of `cert`.";
        key Key Path, "The file of `key`.";
        client_ca ClientCa Path, "The file of `client-ca`.";
        keylog Keylog Path, "The file of `keylog`.";
        path Path str, "The `path` and query of a WebSocket's URL, where it is not `/`.";
        subprotocol Subprotocol [String], "The names of `subprotocol`, the preferred first.";
        origin Origin [String], "The origins of `origin`.";
        header Header Path, "The file of `header`.";
        auth Auth Path, "The file of `auth`.";
    }

    /// The local address to `bind` to before connecting.
    pub fn bind(&self) -> Option<&BindTo> {
        match self.get(OptionName::Bind) {
            Some(SocketOption::Bind(to)) => Some(to),
            _ => None,
        }
    }

    /// The `interface`'s name or number.
    pub fn interface(&self) -> Option<&str> {
        match self.get(OptionName::Interface) {
            Some(SocketOption::Interface(name)) => Some(name),
            _ => None,
        }
    }

    /// How long close may `linger`; zero means a reset.
    pub fn linger(&self) -> Option<Duration> {
        match self.get(OptionName::Linger) {
            Some(SocketOption::Linger(seconds)) => Some(Duration::from_secs((*seconds).into())),
            _ => None,
        }
    }
}
