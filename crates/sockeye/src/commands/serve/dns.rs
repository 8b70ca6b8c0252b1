//! What `serve dns` answers from: zone files, or the offline Internet.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use sockeye_model::{Address, Host, Port, Scheme, SocketAddress, Target};
use sockeye_serve::dns::{PRACTICE_INTERNET, PracticeServer, Zone, ZoneError, Zones};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;

use super::{Asked, Partner, words};
use crate::advice;
use crate::cli::quote;
use crate::cli::serve::{ServiceAt, ZoneFile};
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::stdio;

/// The port of `serve dns`: 7000 more than the RFC's.
pub(super) const PORT: u16 = 7053;

/// One DNS server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) zones: Arc<Zones>,
    /// It is part of the offline Internet.
    pub(super) practice: bool,
}

/// The servers of one `dns`, an address each.
///
/// # Errors
/// What is wrong with a zone file: a usage error, for nothing can be served then.
pub(super) fn asked(named: &ServiceAt, files: &[ZoneFile]) -> Result<Vec<Asked>, Failure> {
    let usage = |error: ZoneError| Failure::new(ExitCode::Usage, error.to_string());
    if files.is_empty() {
        let servers = PRACTICE_INTERNET
            .iter()
            .map(|server| practice(server).map_err(usage));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        return Ok(servers.into_iter().flatten().collect());
    }
    let mut zones = Vec::new();
    for ZoneFile { name, file } in files {
        zones.push(Zone::read(file, name.as_deref()).map_err(usage)?);
    }
    let zones =
        Zones::new(zones).map_err(|reason| Failure::new(ExitCode::Usage, reason.to_string()))?;
    let server = Server {
        zones: Arc::new(zones),
        practice: false,
    };
    let address = named.address.clone().unwrap_or_else(|| {
        let target = Target::Inet {
            host: Host::Empty,
            port: Port::Number(PORT),
        };
        Address::new(Scheme::Tcp, target)
    });
    Ok(over(&server, &address, named.both))
}

fn practice(server: &PracticeServer) -> Result<Vec<Asked>, ZoneError> {
    let host = match server.address {
        std::net::IpAddr::V4(address) => Host::V4(address),
        std::net::IpAddr::V6(address) => Host::V6 {
            address,
            zone: None,
        },
    };
    let target = Target::Inet {
        host,
        port: Port::Number(PORT),
    };
    let served = Server {
        zones: Arc::new(server.zones()?),
        practice: true,
    };
    Ok(over(&served, &Address::new(Scheme::Tcp, target), true))
}

/// Where a server of the offline Internet listens; `None` for every other partner.
pub(super) fn practice_address(asked: &Asked) -> Option<SocketAddr> {
    let Partner::Dns(Server { practice: true, .. }) = asked.partner else {
        return None;
    };
    match &asked.address.target {
        Target::Inet {
            host: Host::V4(ip),
            port: Port::Number(port),
        } => Some((*ip, *port).into()),
        _ => None,
    }
}

/// What is said where another process of this program has the address.
pub(super) fn running_already(address: SocketAddr, language: Language) -> Option<Failure> {
    let (holder, held) = [Scheme::Tcp, Scheme::Udp]
        .into_iter()
        .find_map(|scheme| advice::process_in_the_way(address, scheme))?;
    let own = sockeye_local::process(std::process::id())?;
    if holder.name != own.name || holder.pid == own.pid {
        return None;
    }
    let name = escape_name(&holder.name);
    let places: [(&str, &dyn Display); 3] =
        [("name", &name), ("pid", &holder.pid), ("address", &held)];
    let line = words::DNS_RUNNING.fill(language, &places);
    Some(Failure::new(ExitCode::CannotBind, line))
}

/// Over TCP and UDP, or what was said.
fn over(server: &Server, address: &Address, both: bool) -> Vec<Asked> {
    let on = |scheme, with_next| {
        let mut address = address.clone();
        address.scheme = scheme;
        Asked {
            partner: Partner::Dns(server.clone()),
            address,
            with_next,
        }
    };
    if both {
        vec![on(Scheme::Tcp, true), on(Scheme::Udp, false)]
    } else {
        vec![on(address.scheme, false)]
    }
}

/// The same with the port that was chosen for another scheme.
pub(super) fn at_port_of(address: &Address, bound: &[SocketAddress]) -> Address {
    let mut address = address.clone();
    if let (Target::Inet { port, .. }, Some(chosen)) = (
        &mut address.target,
        bound.iter().find_map(SocketAddress::port),
    ) {
        *port = Port::Number(chosen);
    }
    address
}

impl Server {
    /// The zones, as names with spaces between.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self.zones.all().iter().map(|zone| zone.name()).collect();
        names.join(" ")
    }

    /// A question that works as printed.
    pub(super) fn question(&self, at: &str) -> Option<String> {
        let zones = self.zones.all();
        let name = zones.first()?.name();
        let name = if name == "." {
            &name
        } else {
            name.trim_end_matches('.')
        };
        Some(quote::line([
            "sockeye", "resolve", "--server", at, name, "SOA",
        ]))
    }
}

/// What to try on the offline Internet, behind `sockeye resolve`, and what it shows.
#[rustfmt::skip]
pub(super) const WALKS: &[(&str, Text)] = &[
    ("--trace --root 127.0.0.2:7053 shop.river.example", words::WALK_ALIAS),
    ("--trace --root 127.0.0.2:7053 www.lake.example", words::WALK_NO_GLUE),
    ("--trace --root 127.0.0.2:7053 draft.blog.river.example TXT", words::WALK_NO_CUT),
    ("--trace --root 127.0.0.2:7053 island.delta.river.example TXT", words::WALK_LAME),
    ("--server 127.0.0.4:7053 river.example MX", words::WALK_MAIL),
    ("--server 127.0.0.5:7053 big.sea.example TXT", words::WALK_CUT),
];

/// Prints the zone files of the offline Internet, each behind a line with its name.
pub(crate) fn print_zones() -> ExitCode {
    let files = PRACTICE_INTERNET.iter().flat_map(|server| server.files());
    let texts: Vec<String> = files
        .map(|(name, text)| format!("; ---- {name}\n\n{text}"))
        .collect();
    stdio::print(&texts.join("\n"))
}
