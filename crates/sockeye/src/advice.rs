//! What this machine knows about a failure: who holds the address, what listens nearby. Nothing is sent to find out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sockeye_local::{Holder, Neighbour, PathState, Process, Protocol, State};
use sockeye_model::{Call, Errno, Kind, Note, ProcessName, Scheme, SocketAddress, SocketId};
use sockeye_net::AsyncSocket;
use sockeye_net::OpenError;
use sockeye_tap::Tap;
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_name;

use crate::cli::quote;
use crate::words;

/// Something found out: an event for the views, and words for the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    note: Option<Note<'static>>,
    text: String,
}

/// Advice on an address that could not be opened; the first failure that something is known about.
pub(crate) fn on_open(
    tap: &Tap,
    error: &OpenError,
    scheme: Scheme,
    language: Language,
) -> Option<String> {
    if let OpenError::PathInUse {
        path,
        why: PathState::Live { .. },
    } = error
    {
        let holders = sockeye_local::path_holders(path).ok()?;
        let address = SocketAddress::UnixPath(path.as_path().into());
        return told(tap, held(&address, holders.first()?.process(), language));
    }
    let mut failures = error.failures().iter();
    failures.find_map(|failure| on_failure(tap, failure, scheme, language))
}

/// Advice on a failed call, told to the views and returned for the error's text; `None` when nothing is known.
///
/// It is looked up only now that something has failed, never on the way to success.
pub(crate) fn on_failure(
    tap: &Tap,
    error: &sockeye_net::Error,
    scheme: Scheme,
    language: Language,
) -> Option<String> {
    let address = error.address.as_ref()?;
    let advice = match (error.call, error.errno()) {
        (Call::Bind | Call::Listen, Errno::EADDRINUSE) => holder(address, scheme, language),
        (Call::Bind, Errno::EACCES) => {
            let first = sockeye_local::limits().first_unprivileged_port;
            privileged(address, first.unwrap_or(1024), language)
        }
        (_, Errno::ECONNREFUSED) => nearby(address, scheme, language),
        _ => None,
    }?;
    told(tap, advice)
}

fn told(tap: &Tap, advice: Advice) -> Option<String> {
    if let Some(note) = advice.note {
        tap.emit(SocketId::NONE, None, None, Kind::Noted(note));
    }
    Some(advice.text)
}

/// Tells the views which process of this machine is at the other end. Only where a view is on: it reads `/proc`.
pub(crate) fn tell_peer(tap: &Tap, socket: &AsyncSocket, scheme: Scheme) {
    if !tap.is_on() {
        return;
    }
    if let Some(Process { pid, name, .. }) = peer_process(socket, scheme) {
        let process = ProcessName {
            pid,
            name: name.into(),
        };
        tap.emit(
            socket.id(),
            None,
            None,
            Kind::Noted(Note::PeerProcess(process)),
        );
    }
}

fn peer_process(socket: &AsyncSocket, scheme: Scheme) -> Option<Process> {
    if let Some(pid) = socket.peer_pid() {
        return sockeye_local::process(pid);
    }
    let local = socket.local_address().ok()?.inet()?;
    let peer = socket.peer_address().ok()?.inet()?;
    // Who is elsewhere is no process of this machine, and looking takes time.
    if !peer.ip().to_canonical().is_loopback() && local.ip() != peer.ip() {
        return None;
    }
    sockeye_local::peer(protocol(scheme)?, local, peer)
        .ok()??
        .process()
        .cloned()
}

fn protocol(scheme: Scheme) -> Option<Protocol> {
    match scheme {
        Scheme::Tcp | Scheme::Tls | Scheme::Ws | Scheme::Wss => Some(Protocol::Tcp),
        Scheme::Udp => Some(Protocol::Udp),
        _ => None,
    }
}

/// The ways to a port that ordinary users may not bind; capabilities(7), ip(7).
fn privileged(address: &SocketAddress, first: u16, language: Language) -> Option<Advice> {
    let inet = address.inet()?;
    if inet.port() >= first {
        return None;
    }
    let higher = SocketAddr::new(inet.ip(), inet.port().checked_add(7_000)?);
    let program = std::env::current_exe().ok()?;
    let program = program.to_string_lossy();
    let setcap = quote::line(["sudo", "setcap", "cap_net_bind_service=+ep", &program]);
    let start = format!("net.ipv4.ip_unprivileged_port_start={}", inet.port());
    let sysctl = quote::line(["sudo", "sysctl", &start]);
    let places: [(&str, &dyn std::fmt::Display); 3] = [
        ("higher", &higher),
        ("setcap", &setcap),
        ("sysctl", &sysctl),
    ];
    Some(Advice {
        note: None,
        text: words::PRIVILEGED.fill(language, &places),
    })
}

/// Who holds an address that could not be bound.
fn holder(address: &SocketAddress, scheme: Scheme, language: Language) -> Option<Advice> {
    match address {
        SocketAddress::Inet(inet) => {
            let holders = sockeye_local::holders(protocol(scheme)?, inet.port()).ok()?;
            of_holders(*inet, holders, language)
        }
        SocketAddress::UnixPath(path) => {
            if let PathState::NotASocket(_) = sockeye_local::path_state(path) {
                let text = words::NOT_A_SOCKET.fill(language, &[("path", &address)]);
                return Some(Advice { note: None, text });
            }
            let holders = sockeye_local::path_holders(path).ok()?;
            Some(held(address, holders.first()?.process(), language))
        }
        SocketAddress::UnixAbstract(name) => {
            let holders = sockeye_local::abstract_holders(name).ok()?;
            Some(held(address, holders.first()?.process(), language))
        }
        SocketAddress::UnixUnnamed => None,
    }
}

/// The sockets that keep `address` from being bound, those that stay first: an open one speaks for its connections.
fn in_the_way(address: SocketAddr, mut holders: Vec<Holder>) -> Vec<Holder> {
    holders.retain(|holder| holder.is_in_the_way_of(address));
    // Whether `[::]` was asked with IPV6_V6ONLY is not known here; what is of its own family is certainly in the way.
    let of_family = |holder: &Holder| holder.local.is_ipv4() == address.is_ipv4();
    if holders.iter().any(of_family) {
        holders.retain(of_family);
    }
    let stays = |holder: &Holder| holder.state.is_open() || holder.state == State::BoundInactive;
    if holders.iter().any(stays) {
        holders.retain(stays);
    }
    holders
}

fn of_holders(address: SocketAddr, holders: Vec<Holder>, language: Language) -> Option<Advice> {
    let holders = in_the_way(address, holders);
    let (resting, held_now): (Vec<Holder>, Vec<Holder>) = holders
        .into_iter()
        .partition(|holder| holder.state == State::TimeWait);
    let Some(first) = held_now.first() else {
        if resting.is_empty() {
            return None;
        }
        let note = Note::Holder {
            address: SocketAddress::Inet(address),
            process: None,
            resting: u32::try_from(resting.len()).unwrap_or(u32::MAX),
        };
        let text = words::RESTING.fill(language, &[("count", &resting.len())]);
        return Some(Advice {
            note: Some(note),
            text,
        });
    };
    let mut texts: Vec<String> = Vec::new();
    for holder in &held_now {
        let text = of_holder(holder, language).text;
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let more = texts.len().saturating_sub(MOST_HOLDERS);
    texts.truncate(MOST_HOLDERS);
    if more > 0 {
        texts.push(format!("+{more}"));
    }
    let note = of_holder(first, language).note;
    Some(Advice {
        note,
        text: texts.join("; "),
    })
}

fn of_holder(holder: &Holder, language: Language) -> Advice {
    let mut advice = held(
        &SocketAddress::Inet(holder.local),
        holder.process(),
        language,
    );
    if holder.state == State::BoundInactive && holder.process().is_some() {
        advice
            .text
            .push_str(words::HOLDER_NOT_LISTENING.say(language));
    }
    advice
}

/// The process that keeps an address from being bound, and what it holds.
pub(crate) fn process_in_the_way(
    address: SocketAddr,
    scheme: Scheme,
) -> Option<(Process, SocketAddr)> {
    let holders = sockeye_local::holders(protocol(scheme)?, address.port()).ok()?;
    in_the_way(address, holders)
        .iter()
        .find_map(|holder| Some((holder.process()?.clone(), holder.local)))
}

fn held(address: &SocketAddress, process: Option<&Process>, language: Language) -> Advice {
    let note = Note::Holder {
        address: address.clone(),
        process: process.map(name_of),
        resting: 0,
    };
    let text = match process {
        Some(process) => {
            let name = escape_name(&process.name);
            words::HOLDER.fill(
                language,
                &[("address", address), ("name", &name), ("pid", &process.pid)],
            )
        }
        None => words::HOLDER_OF_OTHER_USER.fill(language, &[("address", address)]),
    };
    Advice {
        note: Some(note),
        text,
    }
}

/// What is open near an address of this machine that refused.
fn nearby(address: &SocketAddress, scheme: Scheme, language: Language) -> Option<Advice> {
    let inet = address.inet()?;
    let found = sockeye_local::nearby(protocol(scheme)?, inet).ok()?;
    match found.first() {
        Some(Neighbour::NotListening(holder)) => Some(not_listening(holder, language)),
        Some(neighbour) => Some(neighbouring(neighbour, inet, scheme, language)),
        None => own_service(inet, scheme, language),
    }
}

fn neighbouring(
    neighbour: &Neighbour,
    refused: SocketAddr,
    scheme: Scheme,
    language: Language,
) -> Advice {
    let holder = neighbour.holder();
    let word = match holder.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let reach = reachable(holder, refused);
    // What was to be spoken stands; only what carries it may be another.
    let scheme = match protocol(scheme) == Some(holder.protocol) {
        true => scheme.name(),
        false => word,
    };
    let line = quote::line(["sockeye", &format!("{scheme}://{reach}")]);
    let unknown = words::NEARBY_UNKNOWN.say(language).to_owned();
    let name = holder.process().map_or(unknown, |process| {
        format!("{}, pid {}", escape_name(&process.name), process.pid)
    });
    let text = match neighbour {
        // What was typed is what reaches it.
        Neighbour::Here(_) => words::NEARBY_HERE,
        _ => words::NEARBY,
    };
    let text = text.fill(
        language,
        &[
            ("protocol", &word),
            ("address", &holder.local),
            ("name", &name),
            ("line", &line),
        ],
    );
    let note = Note::Nearby {
        protocol: word.into(),
        address: SocketAddress::Inet(holder.local),
    };
    Advice {
        note: Some(note),
        text,
    }
}

/// The refused address belongs to a socket that has not called listen(2).
fn not_listening(holder: &Holder, language: Language) -> Advice {
    let unknown = words::NEARBY_UNKNOWN.say(language).to_owned();
    let name = holder.process().map_or(unknown, |process| {
        format!("{}, pid {}", escape_name(&process.name), process.pid)
    });
    let places: [(&str, &dyn std::fmt::Display); 2] = [("address", &holder.local), ("name", &name)];
    let note = Note::Holder {
        address: SocketAddress::Inet(holder.local),
        process: holder.process().map(name_of),
        resting: 0,
    };
    Advice {
        note: Some(note),
        text: words::NEARBY_NOT_LISTENING.fill(language, &places),
    }
}

fn name_of(process: &Process) -> ProcessName<'static> {
    ProcessName {
        pid: process.pid,
        name: process.name.clone().into(),
    }
}

/// The address to type for a socket: one on every interface is reached through loopback, by number, for localhost may
/// be what was refused.
fn reachable(holder: &Holder, refused: SocketAddr) -> SocketAddr {
    let local = holder.local;
    if !local.ip().is_unspecified() {
        return local;
    }
    let ip: IpAddr = match local.ip() {
        IpAddr::V6(_) if holder.v6_only == Some(false) && refused.is_ipv4() => {
            Ipv4Addr::LOCALHOST.into()
        }
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, local.port())
}

/// How many sockets are named that keep an address from being bound.
const MOST_HOLDERS: usize = 4;

/// The ports that the simple services have in the RFCs; `serve` has them 7000 higher.
const SIMPLE_SERVICES: &[u16] = &[7, 9, 13, 19, 37];

fn own_service(inet: SocketAddr, scheme: Scheme, language: Language) -> Option<Advice> {
    if !SIMPLE_SERVICES.contains(&inet.port()) {
        return None;
    }
    let port = inet.port() + 7_000;
    let line = quote::line(["sockeye", &format!("{scheme}://localhost:{port}")]);
    let text = words::OWN_SERVICES.fill(language, &[("line", &line)]);
    Some(Advice { note: None, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::net::TcpListener;

    fn failed(call: Call, errno: Errno, address: SocketAddr) -> sockeye_net::Error {
        sockeye_net::Error::at(call, address.into(), io::Error::from_raw_os_error(errno.0))
    }

    #[test]
    fn the_holder_of_a_busy_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let error = failed(Call::Bind, Errno::EADDRINUSE, address);
        let text = on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English).unwrap();
        let pid = format!("pid {}", std::process::id());
        assert!(
            text.starts_with(&format!("{address} is held by ")) && text.contains(&pid),
            "{text}"
        );
    }

    #[test]
    fn a_socket_that_is_bound_and_does_not_listen_is_named() {
        let family = rustix::net::AddressFamily::INET;
        let socket = rustix::net::socket(family, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address: SocketAddr = rustix::net::getsockname(&socket)
            .unwrap()
            .try_into()
            .unwrap();
        if sockeye_local::holders(Protocol::Tcp, address.port())
            .unwrap()
            .is_empty()
        {
            crate::stdio::say("skipped: this kernel does not list such sockets (before Linux 6.8)");
            return;
        }
        let pid = format!("pid {}", std::process::id());
        for (call, errno) in [
            (Call::Connect, Errno::ECONNREFUSED),
            (Call::Bind, Errno::EADDRINUSE),
        ] {
            let error = failed(call, errno, address);
            let text = on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English).unwrap();
            assert!(
                text.contains(&pid) && text.contains("has not called listen"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_listener_on_another_address_is_named_with_the_line_that_reaches_it() {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let open = listener.local_addr().unwrap();
        let refused = SocketAddr::from(([127, 0, 0, 1], open.port()));
        let error = failed(Call::Connect, Errno::ECONNREFUSED, refused);
        let text = on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English).unwrap();
        assert!(text.contains(&format!("sockeye tcp://{open}")), "{text}");
        let text = on_failure(&Tap::off(), &error, Scheme::Wss, Language::English).unwrap();
        assert!(text.contains(&format!("sockeye wss://{open}")), "{text}");
    }

    #[test]
    fn a_socket_on_another_address_of_the_port_is_not_the_holder() {
        let other = TcpListener::bind("127.0.0.2:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let asked = |ip: [u8; 4]| {
            let error = failed(Call::Bind, Errno::EADDRINUSE, (ip, port).into());
            on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English)
        };
        assert_eq!(asked([127, 0, 0, 53]), None);
        let _holder = TcpListener::bind(("127.0.0.53", port)).unwrap();
        let text = asked([127, 0, 0, 53]).unwrap();
        assert!(
            text.starts_with(&format!("127.0.0.53:{port} is held by ")) && !text.contains(';'),
            "{text}"
        );
        let text = asked([0, 0, 0, 0]).unwrap();
        for held in ["127.0.0.2", "127.0.0.53"] {
            assert!(
                text.contains(&format!("{held}:{port} is held by ")),
                "{text}"
            );
        }
    }

    #[test]
    fn an_ipv6_only_listener_is_advised_by_its_number_and_never_what_was_typed() {
        let family = rustix::net::AddressFamily::INET6;
        let socket = rustix::net::socket(family, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::sockopt::set_ipv6_v6only(&socket, true).unwrap();
        let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        rustix::net::bind(&socket, &every).unwrap();
        rustix::net::listen(&socket, 1).unwrap();
        let listener = TcpListener::from(socket);
        let port = listener.local_addr().unwrap().port();
        let refused = SocketAddr::from(([127, 0, 0, 1], port));
        let error = failed(Call::Connect, Errno::ECONNREFUSED, refused);
        let text = on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English).unwrap();
        assert!(
            text.contains(&format!("sockeye 'tcp://[::1]:{port}'")) && !text.contains("localhost"),
            "{text}"
        );
        drop(listener);
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let refused = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
        let error = failed(Call::Connect, Errno::ECONNREFUSED, refused);
        let text = on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English).unwrap();
        assert!(!text.contains("did you mean"), "{text}");
    }

    #[test]
    fn a_privileged_port_has_three_ways_to_it() {
        let address = SocketAddress::Inet("127.0.0.1:53".parse().unwrap());
        let text = privileged(&address, 1024, Language::English).unwrap().text;
        for way in [
            "127.0.0.1:7053",
            "root",
            "setcap cap_net_bind_service=+ep ",
            "sysctl net.ipv4.ip_unprivileged_port_start=53",
        ] {
            assert!(text.contains(way), "{way}: {text}");
        }
        assert_eq!(privileged(&address, 53, Language::English), None);
    }

    #[test]
    fn a_refused_simple_service_leads_to_our_own() {
        let advice = own_service(
            "127.0.0.1:7".parse().unwrap(),
            Scheme::Udp,
            Language::English,
        )
        .unwrap();
        assert!(
            advice.text.contains("sockeye udp://localhost:7007"),
            "{}",
            advice.text
        );
        assert_eq!(
            own_service(
                "127.0.0.1:8".parse().unwrap(),
                Scheme::Tcp,
                Language::English
            ),
            None
        );
    }

    #[test]
    fn a_file_in_the_way_of_a_unix_socket_is_named() {
        let path = std::env::temp_dir().join(format!("sockeye-advice-{}", std::process::id()));
        std::fs::write(&path, "").unwrap();
        let address = SocketAddress::UnixPath(path.as_path().into());
        let error = sockeye_net::Error::at(
            Call::Bind,
            address,
            io::Error::from_raw_os_error(Errno::EADDRINUSE.0),
        );
        let text = on_failure(&Tap::off(), &error, Scheme::Unix, Language::Spanish).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(text.contains("no es un socket"), "{text}");
    }

    #[test]
    fn other_failures_need_no_advice() {
        let error = failed(
            Call::Connect,
            Errno::ETIMEDOUT,
            "127.0.0.1:7".parse().unwrap(),
        );
        assert_eq!(
            on_failure(&Tap::off(), &error, Scheme::Tcp, Language::English),
            None
        );
    }
}
