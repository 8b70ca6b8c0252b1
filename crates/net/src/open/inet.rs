//! From host, port and zone to the addresses that the kernel takes.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::task::Poll;

use sockeye_local::Interface;
use sockeye_model::{Call, Errno, Host, Kind, Port, Scheme, SocketId, Source};
use sockeye_tap::Tap;
use tokio::time::Instant;

use super::error::{NameError, OpenError};
use crate::Resolve;

/// Who is asked for names, who hears of it, and for how long.
pub(crate) struct Asking<'a> {
    pub(crate) tap: &'a Tap,
    pub(crate) resolver: &'a dyn Resolve,
    pub(crate) deadline: Option<Instant>,
}

/// What an empty host stands for.
pub(crate) const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::LOCALHOST),
];

/// What `any` stands for.
pub(crate) const EVERYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// The number of a port; reads a file only for a name.
pub(crate) fn port_number(port: &Port, scheme: Scheme) -> Result<u16, OpenError> {
    match port {
        Port::Number(number) => Ok(*number),
        Port::Service(service) => {
            let protocol = match scheme {
                Scheme::Udp => sockeye_local::Protocol::Udp,
                _ => sockeye_local::Protocol::Tcp,
            };
            sockeye_local::service_port(service, protocol).ok_or_else(|| {
                OpenError::UnknownService {
                    service: service.clone(),
                    scheme,
                }
            })
        }
    }
}

/// The interface with this name or number.
pub(crate) fn interface(text: &str) -> Result<Interface, OpenError> {
    let known = sockeye_local::interfaces();
    let number = text.parse().ok();
    let named = known.iter().find(|interface| interface.name == text);
    let found = named.or_else(|| {
        known
            .iter()
            .find(|interface| Some(interface.index) == number)
    });
    found.cloned().ok_or_else(|| OpenError::UnknownInterface {
        interface: text.to_owned(),
        known: known
            .iter()
            .map(|interface| interface.name.clone())
            .collect(),
    })
}

/// An address with its port and, where it has one, its scope: the zone's, or else the interface's of `interface=`.
pub(crate) fn socket_address(
    address: IpAddr,
    port: u16,
    zone: Option<&str>,
    device: Option<&Interface>,
) -> Result<SocketAddr, OpenError> {
    let IpAddr::V6(v6) = address else {
        return Ok((address, port).into());
    };
    let scope = match zone {
        Some(zone) => interface(zone)?.index,
        None if !needs_zone(v6) => 0,
        None => match device {
            Some(device) => device.index,
            None => {
                return Err(OpenError::NoZone {
                    address,
                    candidates: candidates(),
                });
            }
        },
    };
    Ok(SocketAddrV6::new(v6, port, 0, scope).into())
}

/// Whether an address is unique on one link only, so that the kernel wants to know which:
/// [RFC 4007](https://www.rfc-editor.org/rfc/rfc4007) section 6.
fn needs_zone(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    address.is_unicast_link_local() || matches!(first & 0xff0f, 0xff01 | 0xff02)
}

/// The interfaces, those that lead out of the machine first and alone if there are any.
fn candidates() -> Vec<String> {
    let all: Vec<String> = sockeye_local::interfaces()
        .into_iter()
        .map(|interface| interface.name)
        .collect();
    let outward: Vec<String> = all.iter().filter(|name| *name != "lo").cloned().collect();
    if outward.is_empty() { all } else { outward }
}

/// The addresses of a name, put into the order they will be tried, each look-up one event.
///
/// # Errors
/// [`OpenError::Name`].
pub(crate) async fn look_up(
    name: &str,
    asking: &Asking<'_>,
    order: impl FnOnce(Vec<IpAddr>) -> Vec<IpAddr>,
) -> Result<Vec<IpAddr>, OpenError> {
    let tap = asking.tap;
    let began = tap.now();
    let mut resolving = asking.resolver.resolve(name);
    let mut parked = false;
    let answer = within(
        asking.deadline,
        poll_fn(|context| {
            let polled = resolving.as_mut().poll(context);
            if polled.is_pending() && !std::mem::replace(&mut parked, true) {
                let waiting = Kind::Waiting {
                    call: Call::Resolve,
                };
                tap.emit(SocketId::NONE, None, None, waiting);
            }
            polled
        }),
    )
    .await;
    let answer = answer.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
    let (why, errno) = match answer {
        Ok((addresses, source)) if !addresses.is_empty() => {
            let addresses = order(addresses);
            if source != Source::Literal {
                let resolved = Kind::Resolved {
                    name: name.into(),
                    addresses: addresses.as_slice().into(),
                    source,
                };
                tap.emit(SocketId::NONE, None, Some(began), resolved);
            }
            return Ok(addresses);
        }
        Ok(_) => (NameError::NotFound, Errno::ENOENT),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => (NameError::NotFound, Errno::ENOENT),
            io::ErrorKind::WouldBlock => (NameError::NoAnswer, Errno::EAGAIN),
            io::ErrorKind::TimedOut => (NameError::TimedOut, Errno::ETIMEDOUT),
            _ => {
                let errno = Errno::from(&error);
                (NameError::Failed(error), errno)
            }
        },
    };
    let failed = Kind::Failed {
        call: Call::Resolve,
        errno,
        address: None,
    };
    tap.emit(SocketId::NONE, None, Some(began), failed);
    Err(OpenError::Name {
        name: name.to_owned(),
        why,
    })
}

/// The future's output, or `None` once the deadline has passed.
pub(crate) async fn within<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        None => Some(future.await),
        Some(deadline) => {
            let mut future = std::pin::pin!(future);
            // Asked once before there is a timer: most look-ups and connects on this machine need none.
            let first = poll_fn(|context| {
                Poll::Ready(match future.as_mut().poll(context) {
                    Poll::Ready(output) => Some(output),
                    Poll::Pending => None,
                })
            })
            .await;
            match first {
                Some(output) => Some(output),
                None => tokio::time::timeout_at(deadline, future).await.ok(),
            }
        }
    }
}

/// The zone written behind a host.
pub(crate) fn zone(host: &Host) -> Option<&str> {
    match host {
        Host::V6 { zone, .. } => zone.as_deref(),
        _ => None,
    }
}
