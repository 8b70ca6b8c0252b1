//! Opening a server's sockets: one for each address that the target means, all on one port.

use std::net::IpAddr;
use std::sync::Arc;

use sockeye_model::{
    Address, Call, Errno, Family, Host, Scheme, SocketAddress, SocketOption, Target, Type, UnixName,
};
use sockeye_tap::Tap;

use super::error::{OpenError, Unusable};
use super::inet::{self, Asking};
use super::listener::Listener;
use super::setup::{self, Setup, is_group};
use super::unix_path;
use crate::error::Error;
use crate::{Resolve, Socket, SystemResolver};

/// How a server's sockets are opened.
#[derive(Clone)]
pub struct Listening {
    /// Who watches.
    pub tap: Tap,
    /// Who turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// How many connections may wait to be accepted, if the address has no `backlog=`; the kernel's own limit is
    /// `net.core.somaxconn`, [listen(2)](https://man7.org/linux/man-pages/man2/listen.2.html).
    pub backlog: u32,
}

impl Listening {
    /// The system's resolver and a backlog of 4096 (the kernel's own limit).
    pub fn new(tap: Tap) -> Self {
        Self {
            tap,
            resolver: Arc::new(SystemResolver),
            backlog: 4096,
        }
    }
}

/// Opens a server's sockets: tcp, unix and unix-seqpacket listen, udp and unix-dgram are bound.
///
/// - An **empty host** is `127.0.0.1` and `[::1]`, **`any`** is `0.0.0.0` and `[::]` as two sockets with
///   `IPV6_V6ONLY`, a **name** is all its addresses; all on the same port, and 0 chooses one for all. Where this
///   machine lacks one of two IP versions the other is opened alone: [`Listener::left_out`] says so.
/// - `SO_REUSEADDR` is set on TCP, so that a server restarts at once, and never on UDP, where two servers would
///   share a port without a word; a multicast group that others listen to as well wants `reuseaddr`.
/// - A **multicast group** is bound and joined, on `interface=` or where the kernel's routes lead.
/// - A **path** that a dead program left behind is unlinked; a live socket, any other file, a symbolic link or a doubt
///   refuses. Dropping the [`Listener`] unlinks its own file.
///
/// # Errors
/// See [`OpenError`].
///
/// # Panics
/// Outside of a tokio runtime with IO enabled.
pub async fn listen(address: &Address, how: &Listening) -> Result<Listener, OpenError> {
    let setup = Setup::new(address, &how.tap)?;
    let backlog = address.options.backlog().unwrap_or(how.backlog);
    let scheme = address.transport();
    match (scheme, &address.target) {
        (Scheme::Tcp | Scheme::Udp, Target::Inet { host, port }) => {
            let port = inet::port_number(port, scheme)?;
            let locals = locals(host, port, &setup, how).await?;
            let both = matches!(host, Host::Any);
            on_one_port(&setup, &locals, backlog, both)
        }
        (Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket, Target::Unix(name)) => {
            unix(name, &setup, backlog)
        }
        (scheme, _) => Err(OpenError::Unusable(Unusable::Mismatch(scheme))),
    }
}

async fn locals(
    host: &Host,
    port: u16,
    setup: &Setup<'_>,
    how: &Listening,
) -> Result<Vec<SocketAddress>, OpenError> {
    let asking = Asking {
        tap: &how.tap,
        resolver: &*how.resolver,
        deadline: None,
    };
    let addresses = match host {
        Host::Empty => inet::LOOPBACK.into_iter().rev().collect(),
        Host::Any => inet::EVERYWHERE.to_vec(),
        Host::V4(address) => vec![IpAddr::V4(*address)],
        Host::V6 { address, .. } => vec![IpAddr::V6(*address)],
        Host::Name(name) => inet::look_up(name, &asking, |found| found).await?,
    };
    let zone = inet::zone(host);
    addresses
        .into_iter()
        .map(|address| {
            inet::socket_address(address, port, zone, setup.device.as_ref())
                .map(SocketAddress::Inet)
        })
        .collect()
}

/// Opens them all; with port 0 all get the port that the first was given, and a few ports are tried.
fn on_one_port(
    setup: &Setup<'_>,
    locals: &[SocketAddress],
    backlog: u32,
    both: bool,
) -> Result<Listener, OpenError> {
    let chooses = locals.iter().all(|local| local.port() == Some(0));
    let mut tries = if chooses { PORTS_TRIED } else { 1 };
    // Half-opened sockets stay until the end, so that the system doesn't choose their port again.
    let mut halves = Vec::new();
    loop {
        tries -= 1;
        match open_all(setup, locals, backlog, both, &mut halves) {
            Err(error) if tries > 0 && error.errno() == Errno::EADDRINUSE => {}
            result => return Ok(result?),
        }
    }
}

fn open_all(
    setup: &Setup<'_>,
    locals: &[SocketAddress],
    backlog: u32,
    both: bool,
    halves: &mut Vec<(Socket, SocketAddress)>,
) -> Result<Listener, Error> {
    let mut left_out = Vec::new();
    let mut chosen = 0;
    let first = halves.len();
    for local in locals {
        match open_one(setup, &with_port(local, chosen), both) {
            Ok((socket, bound)) => {
                chosen = bound.port().unwrap_or(0);
                halves.push((socket, bound));
            }
            Err(error) if locals.len() > 1 && is_missing(local, &error) => left_out.push(error),
            Err(error) => return Err(error),
        }
    }
    if halves.len() == first
        && let Some(error) = left_out.pop()
    {
        return Err(error);
    }
    // Only when each has its port: nobody is let in by one half of a server that then gives up.
    if setup.kind != Type::Datagram {
        for (socket, local) in &halves[first..] {
            setup::listen_on(socket, backlog, local)?;
        }
    }
    Listener::new(halves.split_off(first), left_out, None)
}

fn open_one(
    setup: &Setup<'_>,
    local: &SocketAddress,
    both: bool,
) -> Result<(Socket, SocketAddress), Error> {
    let family = setup::family(local);
    let group = is_group(local).then_some(local);
    let socket = setup.socket(family, group).map_err(|error| Error {
        address: Some(local.clone()),
        ..error
    })?;
    if setup.kind == Type::Stream && !setup.options.reuseaddr() {
        socket.set_option(&SocketOption::Reuseaddr)?;
    }
    if both && family == Family::Inet6 && !setup.options.v6only() {
        socket.set_option(&SocketOption::V6only)?;
    }
    let bound = socket.bind(local.clone())?;
    if let Some(inet) = group.and_then(SocketAddress::inet) {
        let zone = match inet {
            std::net::SocketAddr::V6(v6) => v6.scope_id(),
            std::net::SocketAddr::V4(_) => 0,
        };
        let device = setup.device.as_ref();
        let index = device.map_or(zone, |device| device.index);
        let name = device.map(|device| device.name.as_str());
        socket.handle().join(inet.ip(), index, name)?;
    }
    Ok((socket, bound))
}

/// This machine doesn't have that IP version, or not that loopback address: the other is opened alone.
fn is_missing(local: &SocketAddress, error: &Error) -> bool {
    let general = local
        .inet()
        .is_some_and(|inet| inet.ip().is_loopback() || inet.ip().is_unspecified());
    general
        && match error.call {
            Call::Socket => error.errno() == Errno::EAFNOSUPPORT,
            Call::Bind => error.errno() == Errno::EADDRNOTAVAIL,
            _ => false,
        }
}

fn with_port(local: &SocketAddress, chosen: u16) -> SocketAddress {
    match local.inet() {
        Some(mut inet) if inet.port() == 0 => {
            inet.set_port(chosen);
            inet.into()
        }
        _ => local.clone(),
    }
}

fn unix(name: &UnixName, setup: &Setup<'_>, backlog: u32) -> Result<Listener, OpenError> {
    let socket = setup.socket(Family::Unix, None)?;
    let (bound, path) = unix_path::bind(&socket, name, setup.options.mode())?;
    if setup.kind != Type::Datagram {
        setup::listen_on(&socket, backlog, &bound)?;
    }
    Ok(Listener::new(vec![(socket, bound)], Vec::new(), path)?)
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening")
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}

/// How many ports are tried when the system's choice for the first address is taken on another.
const PORTS_TRIED: u32 = 16;
