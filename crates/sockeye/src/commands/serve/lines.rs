//! What `serve` says at its start and its end: a line a service, with a client that works as printed.

use std::fmt::Display;
use std::time::Duration;

use sockeye_model::{Address, Carries, Host, Port, Scheme, Target};
use sockeye_net::{Listener, Reach};
use sockeye_serve::{Post, Served, Service};
use sockeye_view::catalogue::{self, Language, Text};

use super::{Asked, Open, Partner, chat, dns, http, words};
use crate::cli::quantity::duration_text;
use crate::cli::quote;
use crate::cli::serve::{CHAT, FILES, HTTP};
use crate::commands::ready;
use crate::report::io_text;
use crate::session::Session;
use crate::words as common;

/// The addresses that this machine doesn't have.
pub(super) fn say_left_out(listener: &Listener, session: &Session) {
    let language = session.look.language;
    for error in listener.left_out() {
        let address = error.address.as_ref();
        let address = address.map_or_else(String::new, ToString::to_string);
        let error = io_text(&error.source, language);
        let places: [(&str, &dyn Display); 2] = [("address", &address), ("error", &error)];
        session.status(&common::LEFT_OUT.fill(language, &places));
    }
}

/// A line for each that listens, in columns.
pub(super) fn say_ready(open: &[Open], session: &Session) {
    let language = session.look.language;
    let mut rows: Vec<[String; 4]> = Vec::new();
    for open in open {
        let name = open.asked.partner.name().to_owned();
        let scheme = open.asked.address.scheme.to_string();
        let place = whereabouts(&open.post);
        let line = match &open.asked.partner {
            // A practice server has one line for both of its sockets.
            Partner::Dns(server) if server.practice => {
                if let Some(row) = rows.iter_mut().find(|row| row[2] == place) {
                    row[1] = format!("{},{scheme}", row[1]);
                    continue;
                }
                knows(server, language)
            }
            Partner::Http(_) => {
                let at = http::location(&reached(open), open.post.local_addresses().first());
                if at.starts_with("http") {
                    words::BROWSE.fill(language, &[("location", &at)])
                } else {
                    words::TRY.fill(language, &[("line", &at)])
                }
            }
            _ => words::TRY.fill(language, &[("line", &client(open))]),
        };
        rows.push([name, scheme, place, line]);
    }
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for [name, scheme, place, client] in &rows {
        session.announce(&format!(
            "{name:first$}  {scheme:second$}  {place:third$}  {client}"
        ));
    }
    let is_practice =
        |open: &Open| matches!(&open.asked.partner, Partner::Dns(server) if server.practice);
    if open.iter().any(is_practice) {
        say_walks(session);
    }
    if let Some(line) = wider(open) {
        session.status(&words::FOR_EVERYONE.fill(language, &[("line", &line)]));
    }
}

/// What a server of the offline Internet is.
fn knows(server: &dns::Server, language: Language) -> String {
    match server.names().as_str() {
        "" => words::LAME.say(language).to_owned(),
        "." => words::ROOT.say(language).to_owned(),
        names => names.to_owned(),
    }
}

/// What to try on the offline Internet.
fn say_walks(session: &Session) {
    let language = session.look.language;
    let lines: Vec<(String, &str)> = dns::WALKS
        .iter()
        .map(|(line, shows)| (format!("sockeye resolve {line}"), shows.say(language)))
        .collect();
    let width = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    for (line, shows) in &lines {
        let line = format!("{line:width$}  # {shows}");
        session.announce(&words::TRY.fill(language, &[("line", &line)]));
    }
    let line = quote::line(["sockeye", "serve", "dns", "--print-zones"]);
    session.status(&words::READ_ZONES.fill(language, &[("line", &line)]));
}

/// Every address, as the kernel gives it.
fn whereabouts(post: &Post) -> String {
    let addresses = post.local_addresses().iter();
    addresses
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The command that opens the first of them to everyone, when all are for this machine only.
fn wider(open: &[Open]) -> Option<String> {
    let local = open.iter().all(|open| open.reach == Reach::ThisMachine);
    let first = open.iter().find(|open| {
        matches!(
            open.asked.partner,
            Partner::Simple(_) | Partner::Http(_) | Partner::Chat(_)
        ) && matches!(open.asked.address.target, Target::Inet { .. })
    })?;
    let port = first.post.local_addresses().first()?.port()?;
    let address = address_at(first.asked.address.scheme, Host::Any, port);
    let service = format!("{}={}", first.asked.partner.name(), short(&address));
    local.then(|| quote::line(["sockeye", "serve", &service]))
}

/// A client of it that works as printed.
fn client(open: &Open) -> String {
    let service = match &open.asked.partner {
        Partner::Simple(service) => *service,
        Partner::Dns(server) => return question(open, server),
        Partner::Http(_) => return String::new(),
        Partner::Chat(_) => return member(open),
    };
    let address = short(&reached(open));
    let connect = ["sockeye", "connect", &address];
    let carries = open.asked.address.scheme.carries();
    let more: &[&str] = match (service, carries) {
        (Service::Chargen, Carries::Stream) => return format!("{} | head", quote::line(connect)),
        (Service::Time, Carries::Stream) => &["--hex"],
        (_, Carries::Stream) => &[],
        (Service::Discard, Carries::Messages) => &["--send", "hola", "--send-only"],
        (Service::Time, Carries::Messages) => &["--send", "hola", "--hex"],
        (_, Carries::Messages) => &["--send", "hola"],
    };
    quote::line(connect.into_iter().chain(more.iter().copied()))
}

/// A member of a chat: over UDP it comes in with its first message.
fn member(open: &Open) -> String {
    let address = short(&reached(open));
    let connect = ["sockeye", "connect", &address];
    let more: &[&str] = if is_datagrams(open.asked.address.scheme) {
        &["--send", "hola"]
    } else {
        &[]
    };
    quote::line(connect.into_iter().chain(more.iter().copied()))
}

/// A question to a DNS server: UDP needs no scheme there.
fn question(open: &Open, server: &dns::Server) -> String {
    let first = open.post.local_addresses().first().map(ToString::to_string);
    let first = first.unwrap_or_default();
    let at = match open.asked.address.scheme {
        Scheme::Tcp => format!("tcp://{first}"),
        Scheme::Tls => format!("tls://{first}"),
        _ => first,
    };
    let line = server.question(&at).unwrap_or_default();
    match open.pin {
        Some(pin) => format!("{line} --pin {pin}"),
        None => line,
    }
}

/// The address for a client: the port that was chosen, and a name where there are several addresses.
fn reached(open: &Open) -> Address {
    ready::client(&open.asked.address, open.post.local_addresses(), open.pin)
}

fn address_at(scheme: Scheme, host: Host, port: u16) -> Address {
    let port = Port::Number(port);
    Address::new(scheme, Target::Inet { host, port })
}

/// As one types it: TCP needs no scheme.
fn short(address: &Address) -> String {
    let whole = address.to_string();
    whole
        .strip_prefix("tcp://")
        .map_or(whole.clone(), str::to_owned)
}

/// What each service was asked, the addresses of one kind together.
pub(super) fn say_served(services: &[(Asked, Served)], drain: Duration, session: &Session) {
    let language = session.look.language;
    let mut said = false;
    let names = Service::ALL.into_iter().map(Service::name);
    for service in names.chain(["dns", HTTP, FILES, CHAT]) {
        for datagrams in [false, true] {
            let mut all = Served::default();
            for (asked, served) in services {
                if asked.partner.name() == service
                    && is_datagrams(asked.address.scheme) == datagrams
                {
                    add(&mut all, served);
                }
            }
            if let Some(line) = served_line(service, datagrams, &all, drain, language) {
                said = true;
                session.announce(&line);
            }
        }
    }
    let chat = services.iter().find_map(|(asked, _)| match &asked.partner {
        Partner::Chat(chat) => chat::summary(chat, language),
        _ => None,
    });
    if let Some(line) = chat {
        said = true;
        session.announce(&line);
    }
    if !said {
        session.status(words::NOTHING.say(language));
    }
}

fn is_datagrams(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Udp | Scheme::UnixDgram)
}

fn add(all: &mut Served, one: &Served) {
    all.totals += one.totals;
    all.idle += one.idle;
    all.conversations.conversations += one.conversations.conversations;
    all.conversations.failed += one.conversations.failed;
    all.conversations.cut += one.conversations.cut;
    all.dropped.would_loop += one.dropped.would_loop;
    all.dropped.unsent += one.dropped.unsent + one.dropped.queue_full;
}

/// `None` when nobody came.
fn served_line(
    service: &str,
    datagrams: bool,
    served: &Served,
    drain: Duration,
    language: Language,
) -> Option<String> {
    let count = if datagrams {
        served.totals.receives
    } else {
        served.conversations.conversations
    };
    if count == 0 {
        return None;
    }
    let time = duration_text(drain);
    let details: Vec<String> = [
        (words::FAILED, served.conversations.failed),
        (words::CUT, served.conversations.cut),
        (words::IDLE, served.idle),
        (words::WOULD_LOOP, served.dropped.would_loop),
        (words::UNANSWERED, served.dropped.unsent),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(text, count): (Text, u64)| text.fill(language, &[("count", &count), ("time", &time)]))
    .collect();
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" ({})", details.join(", "))
    };
    let text = if datagrams {
        words::MESSAGES
    } else {
        words::STREAMS
    };
    let number = catalogue::count(count, language);
    let received = catalogue::bytes(served.totals.bytes_received, language);
    let sent = catalogue::bytes(served.totals.bytes_sent, language);
    let places: [(&str, &dyn Display); 6] = [
        ("service", &service),
        ("conversations", &number),
        ("messages", &number),
        ("details", &details),
        ("received", &received),
        ("sent", &sent),
    ];
    Some(text.fill(language, &places))
}
