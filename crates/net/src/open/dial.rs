//! Opening a client's socket: every address of the target under one deadline, and again if asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::Duration;

use sockeye_model::{
    Address, BindTo, Call, Errno, Host, Port, Scheme, SocketAddress, Target, Type, UnixName,
};
use sockeye_tap::Tap;
use tokio::time::Instant;

use super::error::{OpenError, Unusable};
use super::inet::{self, Asking};
use super::race::{bound, connect, interleaved, race};
use super::setup::{Carried, Setup, is_group};
use super::unix_path::{self, BoundPath};
use crate::async_socket::begin_connect;
use crate::error::Error;
use crate::tls::Clients;
use crate::websocket::handshake::Credentials;
use crate::{AsyncSocket, Resolve, SystemResolver};

/// How a client's socket is opened.
#[derive(Clone)]
pub struct Dialing {
    /// Who watches.
    pub tap: Tap,
    /// How long one try may take: the look-up and all addresses together.
    pub timeout: Duration,
    /// How many more tries a server gets that is not there yet.
    pub retries: u32,
    /// The pause before the second try; it doubles with each, up to [`Dialing::RETRY_DELAY_MAX`].
    pub retry_delay: Duration,
    /// Who turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// The local address, if the address itself has no `bind=`.
    pub bind: Option<BindTo>,
    /// Sides of TLS that are ready: clones share them, so that files are read once and sessions resumed.
    pub tls: Clients,
    /// What a WebSocket sends to be let in, if the address itself has no `auth=`.
    pub credentials: Option<Credentials>,
}

impl Dialing {
    /// The longest pause between two tries.
    pub const RETRY_DELAY_MAX: Duration = Duration::from_secs(5);

    /// One try of at most 10 s, with the system's resolver.
    pub fn new(tap: Tap) -> Self {
        Self {
            tap,
            timeout: Duration::from_secs(10),
            retries: 0,
            retry_delay: Duration::from_millis(200),
            resolver: Arc::new(SystemResolver),
            bind: None,
            tls: Clients::default(),
            credentials: None,
        }
    }
}

/// A client's socket.
#[derive(Debug)]
pub struct Dialed {
    /// The socket, connected unless [`Dialed::towards`] is set.
    pub socket: AsyncSocket,
    /// For a multicast group or a broadcast address: where to send. The socket is then not connected, so that answers
    /// from everybody arrive.
    pub towards: Option<SocketAddress>,
    /// The file of a UNIX socket that was bound to a path; goes when this is dropped.
    pub path: Option<BoundPath>,
}

impl From<AsyncSocket> for Dialed {
    fn from(socket: AsyncSocket) -> Self {
        Self {
            socket,
            towards: None,
            path: None,
        }
    }
}

/// Opens a client's socket: tcp, udp, unix, unix-dgram, unix-seqpacket, icmp or raw.
///
/// - **tcp** to a name, or to an empty host (`::1` and `127.0.0.1`), connects by Happy Eyeballs
///   ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305)); the losers are closed.
/// - **udp** takes the first address that has a route, in the resolver's order; for an empty host that is
///   `127.0.0.1`, since nothing can be learned from UDP about who is there. A multicast group, and any IPv4 address
///   with the `broadcast` option, stays unconnected: see [`Dialed::towards`].
/// - **icmp** takes a datagram socket of ICMP, and a raw one where `net.ipv4.ping_group_range` forbids that; **raw** takes a
///   raw one of the protocol that `protocol=` names. Both take the first address that has a route.
/// - **unix-dgram** without `bind=` takes a name that the kernel chooses, so that it can be answered.
///
/// An address in digits starts no thread and reads no file.
///
/// # Errors
/// See [`OpenError`]; its `cause` is one call and number.
///
/// # Panics
/// Outside of a tokio runtime with IO and time enabled.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use sockeye_net::{Dialing, Listening, Tap, dial, listen};
///
/// let listener = listen(&":0".parse()?, &Listening::new(Tap::off())).await?;
/// let port = listener.local_addresses()[0].port().unwrap_or_default();
/// let client = dial(&format!("localhost:{port}").parse()?, &Dialing::new(Tap::off())).await?;
/// let (conversation, _) = listener.accept().await?;
/// client.socket.send_all(b"hola\n").await?;
/// assert_eq!(conversation.recv(&mut [0; 16]).await?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn dial(address: &Address, how: &Dialing) -> Result<Dialed, OpenError> {
    let mut pause = how.retry_delay;
    let mut tries_left = how.retries;
    loop {
        match once(address, how).await {
            Err(error) if tries_left > 0 && error.may_pass() => {
                tries_left -= 1;
                tokio::time::sleep(pause.min(Dialing::RETRY_DELAY_MAX)).await;
                pause = pause.saturating_mul(2).min(Dialing::RETRY_DELAY_MAX);
            }
            result => return result,
        }
    }
}

async fn once(address: &Address, how: &Dialing) -> Result<Dialed, OpenError> {
    let setup = Setup::new(address, &how.tap)?;
    let asking = Asking {
        tap: &how.tap,
        resolver: &*how.resolver,
        deadline: Instant::now().checked_add(how.timeout),
    };
    let bind = address.options.bind().or(how.bind.as_ref());
    let scheme = address.transport();
    match (scheme, &address.target) {
        (Scheme::Tcp | Scheme::Udp, Target::Inet { host, port }) => {
            let target = Inet {
                scheme,
                host,
                port: Some(port),
                bind,
            };
            target.dial(&setup, &asking).await
        }
        (Scheme::Icmp | Scheme::Raw, Target::Host(host)) => {
            let target = Inet {
                scheme: address.scheme,
                host,
                port: None,
                bind,
            };
            target.dial(&setup, &asking).await
        }
        (Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket, Target::Unix(name)) => {
            unix(scheme, name, bind, &setup, asking.deadline).await
        }
        (scheme, _) => Err(OpenError::Unusable(Unusable::Mismatch(scheme))),
    }
}

struct Inet<'a> {
    scheme: Scheme,
    host: &'a Host,
    /// ICMP and raw sockets have none.
    port: Option<&'a Port>,
    bind: Option<&'a BindTo>,
}

impl Inet<'_> {
    async fn dial(&self, setup: &Setup<'_>, asking: &Asking<'_>) -> Result<Dialed, OpenError> {
        let peers = self.peers(setup, asking).await?;
        let peers = self.with_local(peers, setup, asking).await?;
        let several = peers.len() > 1;
        let outcome = if self.scheme == Scheme::Tcp {
            race(setup, peers, asking.deadline).await.map(Dialed::from)
        } else {
            first_with_a_route(setup, peers).await
        };
        outcome.map_err(|mut failures| match failures.pop() {
            Some(last) if is_forbidden(&last) && failures.iter().all(is_forbidden) => {
                failures.push(last);
                OpenError::NotPermitted {
                    scheme: self.scheme,
                    failures,
                }
            }
            Some(only) if failures.is_empty() && !several => OpenError::Call(only),
            Some(last) => {
                failures.push(last);
                OpenError::EachFailed {
                    target: self.typed(),
                    failures,
                }
            }
            None => OpenError::Call(Error::timed_out(Call::Connect, None)),
        })
    }

    async fn peers(
        &self,
        setup: &Setup<'_>,
        asking: &Asking<'_>,
    ) -> Result<Vec<SocketAddress>, OpenError> {
        let port = match self.port {
            None => 0,
            Some(port) => match inet::port_number(port, self.scheme)? {
                0 => return Err(OpenError::Unusable(Unusable::PortZero)),
                port => port,
            },
        };
        let addresses = match self.host {
            // To whom else could "every interface of this machine" be meant by a client?
            Host::Empty | Host::Any => self.ordered(inet::LOOPBACK.to_vec()),
            Host::V4(address) => vec![IpAddr::V4(*address)],
            Host::V6 { address, .. } => vec![IpAddr::V6(*address)],
            Host::Name(name) => inet::look_up(name, asking, |found| self.ordered(found)).await?,
        };
        let zone = inet::zone(self.host);
        addresses
            .into_iter()
            .map(|address| {
                inet::socket_address(address, port, zone, setup.device.as_ref())
                    .map(SocketAddress::Inet)
            })
            .collect()
    }

    fn ordered(&self, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        match (self.scheme, self.host) {
            (Scheme::Tcp, _) => interleaved(addresses),
            // Most UDP servers on this machine have IPv4 alone, and none says that it isn't there.
            (_, Host::Empty | Host::Any) => addresses.into_iter().rev().collect(),
            _ => addresses,
        }
    }

    /// Each peer with the local address of its family that `bind=` names.
    async fn with_local(
        &self,
        peers: Vec<SocketAddress>,
        setup: &Setup<'_>,
        asking: &Asking<'_>,
    ) -> Result<Vec<(SocketAddress, Option<SocketAddress>)>, OpenError> {
        let Some(bind) = self.bind else {
            return Ok(peers.into_iter().map(|peer| (peer, None)).collect());
        };
        let BindTo::Inet { host, port } = bind else {
            return Err(OpenError::Unusable(Unusable::BindFamily));
        };
        let port = match port {
            Some(port) => inet::port_number(port, self.scheme)?,
            None => 0,
        };
        let addresses = match host {
            Host::Empty | Host::Any => {
                vec![Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()]
            }
            Host::V4(address) => vec![IpAddr::V4(*address)],
            Host::V6 { address, .. } => vec![IpAddr::V6(*address)],
            Host::Name(name) => inet::look_up(name, asking, |found| found).await?,
        };
        let mut pairs = Vec::new();
        for peer in peers {
            let six = peer.inet().is_some_and(|inet| inet.is_ipv6());
            if let Some(local) = addresses.iter().find(|local| local.is_ipv6() == six) {
                let zone = inet::zone(host);
                let local = inet::socket_address(*local, port, zone, setup.device.as_ref())?;
                pairs.push((peer, Some(local.into())));
            }
        }
        if pairs.is_empty() {
            return Err(OpenError::Unusable(Unusable::BindFamily));
        }
        Ok(pairs)
    }

    /// Host and port as a person typed them.
    fn typed(&self) -> String {
        let host = self.host.clone();
        let target = match self.port.cloned() {
            Some(port) => Target::Inet { host, port },
            None => Target::Host(host),
        };
        let address = Address::new(self.scheme, target).to_string();
        match address.split_once("://") {
            Some((_, target)) => target.to_owned(),
            None => address,
        }
    }
}

/// A UDP socket for the first peer that this machine has a way to.
async fn first_with_a_route(
    setup: &Setup<'_>,
    peers: Vec<(SocketAddress, Option<SocketAddress>)>,
) -> Result<Dialed, Vec<Error>> {
    let mut failures = Vec::new();
    for (peer, local) in peers {
        let opened = if setup.carried != Carried::Default {
            without_port(setup, peer, local, &mut failures)
                .await
                .map(Dialed::from)
        } else if to_many(&peer, setup) {
            bound(setup, &peer, local)
                .and_then(crate::Socket::into_async)
                .map(|socket| Dialed {
                    towards: Some(peer),
                    ..socket.into()
                })
        } else {
            let verdict = Arc::new(AtomicI32::new(Errno::ECANCELED.0));
            connect(setup, peer, local, verdict).await.map(Dialed::from)
        };
        match opened {
            Ok(dialed) => return Ok(dialed),
            Err(error) => failures.push(error),
        }
    }
    Err(failures)
}

/// An ICMP or raw socket. Who may not have ICMP's own kind of socket may have a raw one; if neither, the first failure is
/// one of `failures`.
async fn without_port(
    setup: &Setup<'_>,
    peer: SocketAddress,
    local: Option<SocketAddress>,
    failures: &mut Vec<Error>,
) -> Result<AsyncSocket, Error> {
    let verdict = Arc::new(AtomicI32::new(Errno::ECANCELED.0));
    let first = connect(setup, peer.clone(), local.clone(), Arc::clone(&verdict)).await;
    match first {
        Err(error) if setup.kind == Type::Datagram && is_forbidden(&error) => {
            let raw = Setup {
                kind: Type::Raw,
                ..setup.clone()
            };
            let outcome = connect(&raw, peer, local, verdict).await;
            if outcome.as_ref().is_err_and(is_forbidden) {
                failures.push(error);
            }
            outcome
        }
        outcome => outcome,
    }
}

/// Whether this user may not make such a socket, or the kernel has none.
fn is_forbidden(error: &Error) -> bool {
    error.call == Call::Socket
        && matches!(
            error.errno(),
            Errno::EACCES | Errno::EPERM | Errno::EPROTONOSUPPORT
        )
}

/// Whether answers can come from others than the one address that is sent to.
fn to_many(peer: &SocketAddress, setup: &Setup<'_>) -> bool {
    let four = peer.inet().is_some_and(|inet| inet.is_ipv4());
    is_group(peer) || (four && setup.options.broadcast())
}

async fn unix(
    scheme: Scheme,
    name: &UnixName,
    bind: Option<&BindTo>,
    setup: &Setup<'_>,
    deadline: Option<Instant>,
) -> Result<Dialed, OpenError> {
    let peer = unix_path::socket_address(name);
    let socket = setup.socket(sockeye_model::Family::Unix, Some(&peer))?;
    let mut path = None;
    match bind {
        Some(BindTo::Unix(local)) => {
            (_, path) = unix_path::bind(&socket, local, setup.options.mode())?;
        }
        Some(BindTo::Inet { .. }) => return Err(OpenError::Unusable(Unusable::BindFamily)),
        None if scheme == Scheme::UnixDgram => {
            socket.bind(SocketAddress::UnixUnnamed)?;
        }
        None => {}
    }
    let began = setup.tap.now();
    // It is never in progress: it is done, or the listener's queue is full and it is tried again.
    match inet::within(deadline, begin_connect(socket.handle(), &peer)).await {
        Some(connected) => connected.map(drop)?,
        None => {
            let handle = socket.handle();
            handle.emit_failed(began, Call::Connect, Errno::ETIMEDOUT, Some(&peer));
            return Err(Error::timed_out(Call::Connect, Some(peer)).into());
        }
    }
    Ok(Dialed {
        socket: socket.into_async()?,
        towards: None,
        path,
    })
}

impl std::fmt::Debug for Dialing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialing")
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("retry_delay", &self.retry_delay)
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}
