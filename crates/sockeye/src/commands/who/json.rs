//! The answer of `who` as one JSON document; docs/who.md describes it.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sockeye_local::{Holder, Link, Owner, Source, State, Survey, UnixAddress, UnixEntry};
use sockeye_view::escape::escape_json;

use super::names::Names;
use super::{addresses, listening};

/// What the kernel told of sockets.
#[derive(Serialize)]
struct Sockets {
    version: u32,
    source: &'static str,
    sockets: Vec<Socket>,
}

/// What the kernel told of interfaces.
#[derive(Serialize)]
struct Interfaces<'a> {
    version: u32,
    source: &'static str,
    interfaces: Vec<Interface<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Socket {
    Inet(Box<Inet>),
    Unix(Box<Unix>),
}

#[derive(Serialize)]
struct Inet {
    protocol: &'static str,
    state: &'static str,
    address: String,
    ip: String,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v6_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    receive_queue: u32,
    send_queue: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drops: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_us: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retransmitted: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_ms: Option<u128>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    not_accepted: bool,
    #[serde(flatten)]
    owner: Owned,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_end: Option<Owned>,
}

#[derive(Serialize)]
struct Unix {
    protocol: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#abstract: Option<String>,
    receive_queue: Option<u32>,
    send_queue: Option<u32>,
    #[serde(flatten)]
    owner: Owned,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_end: Option<Owned>,
}

/// Whose a socket is.
#[derive(Serialize)]
struct Owned {
    inode: u64,
    user_id: Option<u32>,
    user: Option<String>,
    owner: &'static str,
    processes: Vec<Process>,
}

#[derive(Serialize)]
struct Process {
    pid: u32,
    name: String,
    command: Vec<String>,
    user_id: u32,
    user: String,
    started: u64,
    age_s: u64,
    descriptors: Vec<u32>,
}

#[derive(Serialize)]
struct Interface<'a> {
    name: &'a str,
    index: u32,
    up: bool,
    running: bool,
    loopback: bool,
    mtu: Option<u32>,
    mac: Option<String>,
    addresses: Vec<Address>,
}

#[derive(Serialize)]
struct Address {
    ip: String,
    prefix: u8,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tentative: bool,
}

/// Writes sockets; with `ends`, each with whoever is at its other end.
pub(super) fn sockets(
    out: &mut dyn Write,
    survey: &Survey,
    names: &Names,
    ends: bool,
) -> io::Result<()> {
    let places = match ends {
        true => survey.other_ends(),
        false => vec![None; survey.inet.len()],
    };
    let inet = survey.inet.iter().zip(places).map(|(holder, place)| {
        let other = place.map(|place| &survey.inet[place]);
        Socket::Inet(Box::new(of_inet(holder, other, names)))
    });
    let by_inode: HashMap<u64, &UnixEntry> = survey
        .unix
        .iter()
        .map(|entry| (entry.inode, entry))
        .collect();
    let unix = survey.unix.iter().map(|entry| {
        let other = entry.peer.filter(|_| ends);
        let other = other.and_then(|inode| by_inode.get(&inode).copied());
        Socket::Unix(Box::new(of_unix(entry, other, names)))
    });
    document(
        out,
        &Sockets {
            version: VERSION,
            source: source(survey.source),
            sockets: inet.chain(unix).collect(),
        },
    )
}

/// Writes interfaces.
pub(super) fn interfaces(out: &mut dyn Write, links: &[Link], from: Source) -> io::Result<()> {
    let interfaces = links.iter().map(|link| Interface {
        name: &link.name,
        index: link.index,
        up: link.up,
        running: link.running,
        loopback: link.loopback,
        mtu: link.mtu,
        mac: addresses::hardware(link),
        addresses: link
            .addresses
            .iter()
            .map(|assigned| Address {
                ip: assigned.ip.to_string(),
                prefix: assigned.prefix,
                scope: assigned.scope.name(),
                peer: assigned.peer.map(|peer| peer.to_string()),
                tentative: assigned.tentative,
            })
            .collect(),
    });
    document(
        out,
        &Interfaces {
            version: VERSION,
            source: source(from),
            interfaces: interfaces.collect(),
        },
    )
}

fn document(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    // A program may call itself what it likes.
    let text = serde_json::to_string(document)?;
    writeln!(out, "{}", escape_json(&text))
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Netlink => "netlink",
        Source::Proc(_) => "proc",
    }
}

fn of_inet(holder: &Holder, other: Option<&Holder>, names: &Names) -> Inet {
    Inet {
        protocol: holder.protocol.name(),
        state: holder.state.name(),
        address: names.address(holder.local),
        ip: holder.local.ip().to_string(),
        port: holder.local.port(),
        peer: holder.remote.map(|remote| names.address(remote)),
        bound_to: holder.remote.is_none().then(|| names.bound(holder).code()),
        v6_only: holder.v6_only,
        interface: holder.interface.map(|index| names.interface(index)),
        receive_queue: holder.receive_queue,
        send_queue: holder.send_queue,
        drops: holder.drops,
        round_trip_us: holder.tcp.map(|figures| figures.round_trip.as_micros()),
        retransmitted: holder.tcp.map(|figures| figures.retransmitted),
        rests_ms: holder
            .rest
            .filter(|_| holder.state == State::TimeWait)
            .map(|rest| rest.as_millis()),
        not_accepted: holder.queued,
        owner: owned(holder.inode, holder.user_id, &holder.owner, names),
        other_end: other.map(|other| owned(other.inode, other.user_id, &other.owner, names)),
    }
}

fn of_unix(entry: &UnixEntry, other: Option<&UnixEntry>, names: &Names) -> Unix {
    let (path, name) = match &entry.address {
        Some(UnixAddress::Path(path)) => (Some(path.to_string_lossy().into_owned()), None),
        Some(UnixAddress::Abstract(name)) => {
            (None, Some(String::from_utf8_lossy(name).into_owned()))
        }
        None => (None, None),
    };
    Unix {
        protocol: entry.kind.name(),
        state: listening::unix_state(entry),
        path,
        r#abstract: name,
        receive_queue: entry.receive_queue,
        send_queue: entry.send_queue,
        owner: owned(entry.inode, entry.user_id, &entry.owner, names),
        other_end: other.map(|other| owned(other.inode, other.user_id, &other.owner, names)),
    }
}

fn owned(inode: u64, user_id: Option<u32>, owner: &Owner, names: &Names) -> Owned {
    Owned {
        inode,
        user_id,
        user: user_id.map(|user| names.user(user)),
        owner: match owner {
            Owner::Processes(_) => "known",
            Owner::NotPermitted => "not-permitted",
            Owner::Unseen => "unseen",
            Owner::Nobody => "nobody",
        },
        processes: owner
            .openers()
            .iter()
            .map(|opener| {
                let process = &opener.process;
                let age = process.age();
                Process {
                    pid: process.pid,
                    name: process.name.clone(),
                    command: process.command_line.clone(),
                    user_id: process.user_id,
                    user: names.user(process.user_id),
                    started: started(age),
                    age_s: age.as_secs(),
                    descriptors: opener.descriptors.clone(),
                }
            })
            .collect(),
    }
}

/// The time of day of something that is `age` old, as Unix time in whole seconds.
fn started(age: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().saturating_sub(age).as_secs()
}

/// It grows when a field's meaning changes; new fields do not count.
const VERSION: u32 = 1;
