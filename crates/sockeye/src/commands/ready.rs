//! The ready line of a server: where it listens, who can reach it, and the same for scripts.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::{SocketAddr, UnixDatagram};

use sockeye_model::{Address, Host, Port, SocketAddress, SocketOption, Target};
use sockeye_net::tls::{Pin, Server};
use sockeye_net::{Layers, Listener, Reach};
use sockeye_view::catalogue::Language;

use crate::cli::quote;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::{stdio, words};

/// Says where `listener` listens, to people and to scripts, as [`announce`] and [`tell`] do.
pub(crate) fn say(
    listener: &Listener,
    layers: &Layers,
    typed: &Address,
    line: &dyn Fn(&str) -> String,
    ready_fd: Option<i32>,
    session: &Session,
) -> Result<(), Failure> {
    announce(listener, layers, typed, line, session);
    tell(listener.local_addresses(), ready_fd, session.look.language)
}

/// Says where `listener` listens, to people. `line` gives the command line that would do the same for another address.
///
/// The chosen port of a `:0` is said even where successes are not: without it the server can't be used.
pub(crate) fn announce(
    listener: &Listener,
    layers: &Layers,
    typed: &Address,
    line: &dyn Fn(&str) -> String,
    session: &Session,
) {
    let language = session.look.language;
    for error in listener.left_out() {
        let address = error
            .address
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        let places: [(&str, &dyn std::fmt::Display); 2] = [
            ("address", &address),
            ("error", &io_text(&error.source, language)),
        ];
        session.status(&words::LEFT_OUT.fill(language, &places));
    }
    let ready = whereabouts(listener, typed, line, language);
    let whole = if typed.scheme.connects() {
        words::LISTENING.fill(language, &[("ready", &ready)])
    } else {
        words::LISTENING_UDP.fill(language, &[("ready", &ready)])
    };
    if chooses_port(typed) {
        session.announce(&whole)
    } else {
        session.status(&whole)
    }
    // Nobody can know the key otherwise, so it is said in any case.
    if let Some(pin) = layers.tls().and_then(Server::throwaway) {
        let client = client(typed, listener.local_addresses(), Some(pin)).to_string();
        let line = quote::line(["sockeye", "connect", &client]);
        session.announce(&words::TLS_PIN.fill(language, &[("pin", &pin), ("line", &line)]));
    }
}

/// The address for a client on this machine: the port that was chosen, a name where there are several addresses, and
/// the key of a certificate that was made for this run.
pub(crate) fn client(typed: &Address, bound: &[SocketAddress], pin: Option<Pin>) -> Address {
    let port = bound.first().and_then(SocketAddress::port);
    let target = match (&typed.target, port) {
        (Target::Inet { host, .. }, Some(port)) => {
            let this_machine = || Host::Name("localhost".to_owned());
            let host = match host {
                Host::Empty | Host::Any => this_machine(),
                Host::V4(address) if address.is_unspecified() => this_machine(),
                Host::V6 { address, .. } if address.is_unspecified() => this_machine(),
                host => host.clone(),
            };
            Target::Inet {
                host,
                port: Port::Number(port),
            }
        }
        (target, _) => target.clone(),
    };
    let mut address = Address::new(typed.scheme, target);
    if let Some(path) = typed.options.path() {
        address.options.insert(SocketOption::Path(path.to_owned()));
    }
    // A listener with a name serves nobody who asks for another.
    if let Some(name) = typed.options.sni() {
        address.options.insert(SocketOption::Sni(name.to_owned()));
    }
    if let Some(Pin(pin)) = pin {
        address.options.insert(SocketOption::Pin(pin));
    }
    address
}

/// Says to scripts and to the service manager that it serves, on these addresses.
pub(crate) fn tell(
    addresses: &[SocketAddress],
    ready_fd: Option<i32>,
    language: Language,
) -> Result<(), Failure> {
    notify_manager();
    match ready_fd {
        Some(number) => tell_script(addresses, number).map_err(|error| {
            let error = io_text(&error, language);
            Failure::new(
                ExitCode::OutputFailed,
                format!("--ready-fd {number}: {error}"),
            )
        }),
        None => Ok(()),
    }
}

/// `on 127.0.0.1:7000 and [::1]:7000: this machine only; for everyone: sockeye listen any:7000`
fn whereabouts(
    listener: &Listener,
    typed: &Address,
    line: &dyn Fn(&str) -> String,
    language: Language,
) -> String {
    let addresses: Vec<String> = listener
        .local_addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    let and = match language {
        Language::English => " and ",
        Language::Spanish => " y ",
    };
    let addresses = addresses.join(and);
    match (listener.reach(), for_everyone(typed, listener)) {
        (Reach::ThisMachine, Some(wider)) => {
            let wider = wider.to_string();
            let line = line(wider.strip_prefix("tcp://").unwrap_or(&wider));
            words::READY_LOCAL.fill(language, &[("addresses", &addresses), ("line", &line)])
        }
        _ => words::READY.fill(language, &[("addresses", &addresses)]),
    }
}

/// The same address for every interface, with the port that is really served.
fn for_everyone(typed: &Address, listener: &Listener) -> Option<Address> {
    let port = listener.local_addresses().first()?.port()?;
    let target = Target::Inet {
        host: Host::Any,
        port: Port::Number(port),
    };
    Some(Address {
        scheme: typed.scheme,
        target,
        options: typed.options.clone(),
    })
}

fn chooses_port(typed: &Address) -> bool {
    matches!(
        typed.target,
        Target::Inet {
            port: Port::Number(0),
            ..
        }
    )
}

/// Each address on a line, then the descriptor is closed: who waits for its end knows that nothing more comes.
fn tell_script(addresses: &[SocketAddress], number: i32) -> io::Result<()> {
    let lines: String = addresses
        .iter()
        .map(|address| format!("{address}\n"))
        .collect();
    if number == 1 {
        return io::stdout().lock().write_all(lines.as_bytes());
    }
    let ours = sockeye_net::channel::take_inherited(number)?;
    File::from(ours).write_all(lines.as_bytes())
}

/// `READY=1` to the service manager that asked for it: [sd_notify(3)](https://man7.org/linux/man-pages/man3/sd_notify.3.html).
///
/// It can't fail in a way that matters: without a manager there is nobody to tell.
fn notify_manager() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let address = match path.as_encoded_bytes().strip_prefix(b"@") {
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)
        }
        None => SocketAddr::from_pathname(&path),
    };
    let sent =
        address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address));
    if let Err(error) = sent {
        stdio::say(&format!("sockeye: NOTIFY_SOCKET: {error}"));
    }
}
