//! What this machine knows about a failure: who holds the address, what listens nearby. Nothing is sent to find out.

use std::net::SocketAddr;

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
        Scheme::Tcp => Some(Protocol::Tcp),
        Scheme::Udp => Some(Protocol::Udp),
        _ => None,
    }
}

/// Who holds an address that could not be bound.
fn holder(address: &SocketAddress, scheme: Scheme, language: Language) -> Option<Advice> {
    match address {
        SocketAddress::Inet(inet) => {
            let holders = sockeye_local::holders(protocol(scheme)?, inet.port()).ok()?;
            of_holders(address, &holders, language)
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

fn of_holders(address: &SocketAddress, holders: &[Holder], language: Language) -> Option<Advice> {
    let resting = holders
        .iter()
        .filter(|holder| holder.state == State::TimeWait)
        .count();
    match holders
        .iter()
        .find(|holder| holder.state != State::TimeWait)
    {
        Some(holder) if holder.state == State::BoundInactive && holder.process().is_some() => {
            let mut advice = held(address, holder.process(), language);
            advice
                .text
                .push_str(words::HOLDER_NOT_LISTENING.say(language));
            Some(advice)
        }
        Some(holder) => Some(held(address, holder.process(), language)),
        None if resting > 0 => {
            let note = Note::Holder {
                address: address.clone(),
                process: None,
                resting: u32::try_from(resting).unwrap_or(u32::MAX),
            };
            let text = words::RESTING.fill(language, &[("count", &resting)]);
            Some(Advice {
                note: Some(note),
                text,
            })
        }
        None => None,
    }
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
        Some(neighbour) => Some(neighbouring(neighbour, language)),
        None => own_service(inet, scheme, language),
    }
}

fn neighbouring(neighbour: &Neighbour, language: Language) -> Advice {
    let holder = neighbour.holder();
    let word = match holder.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let reach = reachable(holder.local);
    let line = quote::line(["sockeye", &format!("{word}://{reach}")]);
    let unknown = words::NEARBY_UNKNOWN.say(language).to_owned();
    let name = holder.process().map_or(unknown, |process| {
        format!("{}, pid {}", escape_name(&process.name), process.pid)
    });
    let text = words::NEARBY.fill(
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

/// The address to type for a listener on `local`: one on every interface is reached through loopback.
fn reachable(local: SocketAddr) -> String {
    if local.ip().is_unspecified() {
        format!("localhost:{}", local.port())
    } else {
        local.to_string()
    }
}

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
