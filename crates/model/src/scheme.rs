//! The one table of address schemes: what each carries, whether it can listen, its options, one line of help.

use std::fmt;

use crate::option::OptionName::{self, *};

/// The word before the colon of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// A TCP connection, [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
    Tcp,
    /// UDP datagrams, [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
    Udp,
    /// A UNIX stream socket, [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
    Unix,
    /// A UNIX datagram socket.
    UnixDgram,
    /// A UNIX socket of ordered, connected messages.
    UnixSeqpacket,
    /// TLS over TCP or a UNIX stream socket, [RFC 8446](https://www.rfc-editor.org/rfc/rfc8446).
    Tls,
    /// A WebSocket over TCP or a UNIX stream socket, [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455).
    Ws,
    /// A WebSocket over TLS.
    Wss,
    /// ICMP or ICMPv6 messages, [icmp(7)](https://man7.org/linux/man-pages/man7/icmp.7.html).
    Icmp,
    /// IP packets of one protocol, [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html).
    Raw,
    /// Standard input and output.
    Stdio,
    /// A file, read as a source or written as a destination.
    File,
    /// A command's standard input and output.
    Exec,
    /// A descriptor this process inherited.
    Fd,
}

/// What travels through a channel: bytes without borders, or messages that stay whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carries {
    /// Bytes in order; how they were cut into sends is not kept.
    Stream,
    /// One send is one receive.
    Messages,
}

/// One scheme, as the parser, the help, the manual page and the completions read it.
#[derive(Clone, Copy, Debug)]
pub struct SchemeRow {
    /// The scheme this row describes.
    pub scheme: Scheme,
    /// The word a person types before the colon.
    pub name: &'static str,
    /// Whether it is a stream or messages; known before anything is opened.
    pub carries: Carries,
    /// Whether `listen`, `serve` and the first address of `relay` can wait for peers on it.
    pub can_listen: bool,
    /// The options it takes behind `#`.
    pub options: &'static [OptionName],
    /// One line of help.
    pub help: &'static str,
    /// One address in canonical form.
    pub example: &'static str,
}

/// Every scheme, in the order of the help.
pub const SCHEMES: &[SchemeRow] = &[
    SchemeRow {
        scheme: Scheme::Tcp,
        name: "tcp",
        carries: Carries::Stream,
        can_listen: true,
        options: &[
            Bind, Interface, Reuseaddr, Reuseport, V6only, Backlog, Nodelay, Keepalive, Linger,
            Sndbuf, Rcvbuf, Ttl, Tos, Mark,
        ],
        help: "a TCP connection; also HOST:PORT, :PORT, PORT and the two words HOST PORT",
        example: "tcp://localhost:7007",
    },
    SchemeRow {
        scheme: Scheme::Udp,
        name: "udp",
        carries: Carries::Messages,
        can_listen: true,
        options: &[
            Bind,
            Interface,
            Reuseaddr,
            Reuseport,
            V6only,
            Broadcast,
            MulticastTtl,
            MulticastLoop,
            Sndbuf,
            Rcvbuf,
            Ttl,
            Tos,
            Mark,
        ],
        help: "UDP datagrams; a multicast group is joined when listened on",
        example: "udp://239.1.2.3:5000#interface=lo",
    },
    SchemeRow {
        scheme: Scheme::Unix,
        name: "unix",
        carries: Carries::Stream,
        can_listen: true,
        options: &[Bind, Mode, Backlog, Sndbuf, Rcvbuf],
        help: "a UNIX stream socket: a path, or @NAME for the abstract namespace",
        example: "unix:/run/app.sock",
    },
    SchemeRow {
        scheme: Scheme::UnixDgram,
        name: "unix-dgram",
        carries: Carries::Messages,
        can_listen: true,
        options: &[Bind, Mode, Sndbuf, Rcvbuf],
        help: "UNIX datagrams; bind= names the client so that it can be answered",
        example: "unix-dgram:/run/log.sock",
    },
    SchemeRow {
        scheme: Scheme::UnixSeqpacket,
        name: "unix-seqpacket",
        carries: Carries::Messages,
        can_listen: true,
        options: &[Bind, Mode, Backlog, Sndbuf, Rcvbuf],
        help: "a UNIX connection of whole messages in order",
        example: "unix-seqpacket:@app",
    },
    SchemeRow {
        scheme: Scheme::Tls,
        name: "tls",
        carries: Carries::Stream,
        can_listen: true,
        options: &[
            Bind, Interface, Reuseaddr, Reuseport, V6only, Backlog, Mode, Nodelay, Keepalive,
            Linger, Sndbuf, Rcvbuf, Ttl, Tos, Mark, Sni, Alpn, Ca, Pin, Cert, Key, ClientCa,
            Insecure, Tls, Keylog,
        ],
        help: "TLS over TCP, or over a UNIX socket: tls:/run/app.sock",
        example: "tls://example.org:443#alpn=h2",
    },
    SchemeRow {
        scheme: Scheme::Ws,
        name: "ws",
        carries: Carries::Messages,
        can_listen: true,
        options: &[
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
            Sndbuf,
            Rcvbuf,
            Ttl,
            Tos,
            Mark,
            Path,
            Subprotocol,
            Origin,
            Header,
            Auth,
            Deflate,
            Ping,
            MaxMessage,
        ],
        help: "a WebSocket, port 80 if none is named; over UNIX: ws:/run/app.sock#path=/chat",
        example: "ws://localhost:7080/chat?room=1",
    },
    SchemeRow {
        scheme: Scheme::Wss,
        name: "wss",
        carries: Carries::Messages,
        can_listen: true,
        options: &[
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
            Sndbuf,
            Rcvbuf,
            Ttl,
            Tos,
            Mark,
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
        ],
        help: "a WebSocket over TLS, port 443 if none is named",
        example: "wss://example.org:443/chat",
    },
    SchemeRow {
        scheme: Scheme::Icmp,
        name: "icmp",
        carries: Carries::Messages,
        can_listen: false,
        options: &[Bind, Interface, Sndbuf, Rcvbuf, Ttl, Tos, Mark],
        help: "ICMP messages, ICMPv6 where the host has an IPv6 address; no port",
        example: "icmp://127.0.0.1",
    },
    SchemeRow {
        scheme: Scheme::Raw,
        name: "raw",
        carries: Carries::Messages,
        can_listen: false,
        options: &[
            Bind, Interface, Sndbuf, Rcvbuf, Ttl, Tos, Mark, Protocol, Hdrincl,
        ],
        help: "IP packets of the protocol that protocol= names; no port; needs CAP_NET_RAW",
        example: "raw://127.0.0.1#protocol=253",
    },
    SchemeRow {
        scheme: Scheme::Stdio,
        name: "stdio",
        carries: Carries::Stream,
        can_listen: false,
        options: &[],
        help: "standard input and output; also -",
        example: "stdio",
    },
    SchemeRow {
        scheme: Scheme::File,
        name: "file",
        carries: Carries::Stream,
        can_listen: false,
        options: &[Append, Excl, Mode],
        help: "a file: read as the source, written as the destination",
        example: "file:big.iso",
    },
    SchemeRow {
        scheme: Scheme::Exec,
        name: "exec",
        carries: Carries::Stream,
        can_listen: false,
        options: &[],
        help: "a command's input and output; splits words, starts no shell (exec:sh -c '…' does)",
        example: "exec:tr a-z A-Z",
    },
    SchemeRow {
        scheme: Scheme::Fd,
        name: "fd",
        carries: Carries::Stream,
        can_listen: false,
        options: &[],
        help: "a descriptor this process inherited, by its number",
        example: "fd:3",
    },
];

impl Scheme {
    /// The scheme with exactly this name.
    ///
    /// ```
    /// use sockeye_model::Scheme;
    /// assert_eq!(Scheme::from_name("unix-dgram"), Some(Scheme::UnixDgram));
    /// assert_eq!(Scheme::from_name("gopher"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        SCHEMES
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.scheme)
    }

    /// This scheme's row of [`SCHEMES`], which is in the order of the enum.
    pub const fn row(self) -> &'static SchemeRow {
        &SCHEMES[self as usize]
    }

    /// The word a person types before the colon.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether it is a stream or messages.
    pub const fn carries(self) -> Carries {
        self.row().carries
    }

    /// Whether it can wait for peers.
    pub const fn can_listen(self) -> bool {
        self.row().can_listen
    }

    /// Whether its listener accepts connections; the others hear every peer on one socket.
    pub const fn connects(self) -> bool {
        matches!(self, Self::Tcp | Self::Unix | Self::UnixSeqpacket) || self.is_layered()
    }

    /// Whether its target is a host and a port; tls, ws and wss can have a path or abstract name instead.
    pub const fn is_inet(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp) || self.is_layered()
    }

    /// Whether its target is always a path or an abstract name.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::UnixDgram | Self::UnixSeqpacket)
    }

    /// Whether it is spoken over a stream socket of another scheme, which
    /// [`Address::transport`](crate::Address::transport) names: tls, ws, wss.
    pub const fn is_layered(self) -> bool {
        self.is_tls() || self.is_websocket()
    }

    /// Whether its bytes are encrypted by TLS: tls, wss.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether its messages are a WebSocket's: ws, wss.
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// Whether its target is a host without a port: icmp, raw.
    pub const fn is_portless(self) -> bool {
        matches!(self, Self::Icmp | Self::Raw)
    }

    /// Whether it opens a kernel socket, that is, whether it can be connected to; stdio, file, exec and fd do not.
    ///
    /// ```
    /// use sockeye_model::Scheme;
    /// assert!(Scheme::Icmp.is_socket() && !Scheme::Icmp.can_listen());
    /// assert!(!Scheme::Exec.is_socket());
    /// ```
    pub const fn is_socket(self) -> bool {
        self.is_inet() || self.is_unix() || self.is_portless()
    }

    /// Whether each message goes by itself, to and from anybody, without a connection: udp, unix-dgram, icmp, raw.
    pub const fn is_datagram(self) -> bool {
        matches!(self, Self::Udp | Self::UnixDgram) || self.is_portless()
    }

    /// The port that an address means when it names none.
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::Ws => Some(80),
            Self::Wss => Some(443),
            _ => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
