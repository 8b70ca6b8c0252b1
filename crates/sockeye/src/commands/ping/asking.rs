//! How targets are asked: what they have in common, and how a name is looked up once for all probes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use sockeye_model::{Address, Errno, Family, Host, Kind, SocketId, Source, Target};
use sockeye_net::{Dialing, NameError, OpenError, Resolve, Resolving, SystemResolver};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::outcome::{Told, What};
use crate::limits::CONNECT_TIMEOUT;

/// How one target is asked.
#[derive(Clone)]
pub(super) struct Asking {
    /// Which target, from 0.
    pub(super) target: usize,
    /// Its address.
    pub(super) address: Address,
    /// How many probes; `None` is for ever.
    pub(super) count: Option<u32>,
    /// From one to the next.
    pub(super) interval: Duration,
    /// After which one is lost.
    pub(super) timeout: Duration,
    /// What each carries.
    pub(super) data: Arc<[u8]>,
    /// How its sockets are opened.
    pub(super) dialing: Dialing,
    /// Where what happens is told.
    pub(super) tell: UnboundedSender<Told>,
}

impl Asking {
    /// Tells; when nobody listens any more all is over, and this is dropped.
    pub(super) fn tell(&self, what: What) {
        let target = self.target;
        drop(self.tell.send(Told { target, what }));
    }

    /// Whether there are probes left after this many.
    pub(super) fn goes_on_after(&self, number: u64) -> bool {
        self.count.is_none_or(|count| number < u64::from(count))
    }

    /// When the next probe is due; those that were missed are left out.
    pub(super) fn next_after(&self, due: Instant) -> Instant {
        (due + self.interval).max(Instant::now())
    }

    /// Looks the name up, if there is one: sockets are opened for the addresses that it has now.
    ///
    /// Gives the addresses, as they will be tried; none for what has no IP address.
    pub(super) async fn look_up(
        &mut self,
        family: Option<Family>,
    ) -> Result<Vec<IpAddr>, OpenError> {
        let (Target::Inet { host, .. } | Target::Host(host)) = &mut self.address.target else {
            return Ok(Vec::new());
        };
        match (&*host, family) {
            (Host::V4(address), _) => return Ok(vec![(*address).into()]),
            (Host::V6 { address, .. }, _) => return Ok(vec![(*address).into()]),
            (Host::Empty | Host::Any, Some(Family::Inet6)) => {
                let address = Ipv6Addr::LOCALHOST;
                let zone = None;
                *host = Host::V6 { address, zone };
                return Ok(vec![address.into()]);
            }
            (Host::Empty | Host::Any, Some(_)) => {
                *host = Host::V4(Ipv4Addr::LOCALHOST);
                return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
            }
            (Host::Empty | Host::Any, None) => {
                return Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
            }
            (Host::Name(_), _) => {}
        }
        let Host::Name(name) = host else {
            return Ok(Vec::new());
        };
        let name = name.clone();
        let tap = &self.dialing.tap;
        let began = tap.now();
        let looked_up = tokio::time::timeout(CONNECT_TIMEOUT, SystemResolver.resolve(&name)).await;
        let (addresses, source) = looked_up
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| {
                let (why, errno) = match error.kind() {
                    io::ErrorKind::NotFound => (NameError::NotFound, Errno::ENOENT),
                    io::ErrorKind::WouldBlock => (NameError::NoAnswer, Errno::EAGAIN),
                    io::ErrorKind::TimedOut => (NameError::TimedOut, Errno::ETIMEDOUT),
                    _ => {
                        let errno = Errno::from(&error);
                        (NameError::Failed(error), errno)
                    }
                };
                let call = sockeye_model::Call::Resolve;
                let failed = Kind::Failed {
                    call,
                    errno,
                    address: None,
                };
                tap.emit(SocketId::NONE, None, Some(began), failed);
                let name = name.clone();
                OpenError::Name { name, why }
            })?;
        let wanted: Vec<IpAddr> = addresses
            .into_iter()
            .filter(|address| match family {
                None => true,
                Some(Family::Inet) => address.is_ipv4(),
                Some(_) => address.is_ipv6(),
            })
            .collect();
        if source != Source::Literal {
            let resolved = Kind::Resolved {
                name: name.as_str().into(),
                addresses: wanted.as_slice().into(),
                source,
            };
            tap.emit(SocketId::NONE, None, Some(began), resolved);
        }
        if wanted.is_empty() {
            let why = family.map_or(NameError::NotFound, NameError::NoneOf);
            return Err(OpenError::Name { name, why });
        }
        let addresses = wanted.clone();
        self.dialing.resolver = Arc::new(Known { name, addresses });
        Ok(wanted)
    }
}

/// A name that has been looked up already.
struct Known {
    name: String,
    addresses: Vec<IpAddr>,
}

impl Resolve for Known {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        if name != self.name {
            return SystemResolver.resolve(name);
        }
        let addresses = self.addresses.clone();
        Box::pin(async move { Ok((addresses, Source::Literal)) })
    }
}
