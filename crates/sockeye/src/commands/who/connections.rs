//! Who talks to whom, one socket a line; a connection within this machine has two, one for each end.

use std::collections::HashMap;
use std::io::{self, Write};

use sockeye_local::{Holder, Owner, Survey, UnixEntry};
use sockeye_view::catalogue::duration;

use super::names::{self, Names};
use super::sheet::{self, Column, fixed, optional, right};
use super::{listening, words};

const SHAPE: &[Column] = &[
    optional(words::PROTOCOL, 3),
    fixed(words::ADDRESS),
    fixed(words::PEER),
    optional(words::STATE, 4),
    right(optional(words::RTT, 1)),
    right(optional(words::RESENT, 2)),
    right(optional(words::QUEUED_BYTES, 5)),
    fixed(words::PROCESS),
    Column {
        fills: true,
        ..fixed(words::PEER_PROCESS)
    },
];

/// Writes the connections.
pub(super) fn write(
    out: &mut dyn Write,
    survey: &Survey,
    names: &Names,
    width: Option<usize>,
) -> io::Result<()> {
    let ends = survey.other_ends();
    let inet = survey.inet.iter().zip(&ends).map(|(holder, end)| {
        let other = end.map(|place| &survey.inet[place]);
        of_inet(holder, other, names)
    });
    let by_inode: HashMap<u64, &UnixEntry> = survey
        .unix
        .iter()
        .map(|entry| (entry.inode, entry))
        .collect();
    let unix = survey.unix.iter().map(|entry| {
        let other = entry.peer.and_then(|inode| by_inode.get(&inode).copied());
        of_unix(entry, other, names)
    });
    let rows = inet.chain(unix).collect();
    sheet::write(out, SHAPE, rows, width, names.language)
}

fn of_inet(holder: &Holder, other: Option<&Holder>, names: &Names) -> Vec<String> {
    let figures = holder.tcp;
    let round_trip = figures.filter(|figures| !figures.round_trip.is_zero());
    vec![
        holder.protocol.name().to_owned(),
        names.address(holder.local),
        holder
            .remote
            .map_or_else(String::new, |remote| names.address(remote)),
        holder.state.name().to_owned(),
        round_trip.map_or_else(
            || "-".to_owned(),
            |figures| duration(figures.round_trip, names.language),
        ),
        figures.map_or_else(
            || "-".to_owned(),
            |figures| figures.retransmitted.to_string(),
        ),
        queues(Some(holder.receive_queue), holder.send_queue),
        process(&holder.owner, holder.queued, names),
        other.map_or_else(
            || "-".to_owned(),
            |other| process(&other.owner, other.queued, names),
        ),
    ]
}

fn of_unix(entry: &UnixEntry, other: Option<&UnixEntry>, names: &Names) -> Vec<String> {
    let name = |entry: &UnixEntry| match names::unix_name(entry.address.as_ref()) {
        name if name.is_empty() => format!("#{}", entry.inode),
        name => name,
    };
    vec![
        entry.kind.name().to_owned(),
        name(entry),
        other
            .map(name)
            .or(entry.peer.map(|inode| format!("#{inode}")))
            .unwrap_or_else(|| "-".to_owned()),
        listening::unix_state(entry).to_owned(),
        "-".to_owned(),
        "-".to_owned(),
        queues(entry.receive_queue, entry.send_queue),
        process(&entry.owner, false, names),
        other.map_or_else(
            || "-".to_owned(),
            |other| process(&other.owner, false, names),
        ),
    ]
}

fn queues(receive: Option<u32>, send: Option<u32>) -> String {
    let text =
        |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    format!("{}/{}", text(receive), text(send))
}

/// `python3 812`; of a connection that waits in a listener's queue, that it does.
fn process(owner: &Owner, queued: bool, names: &Names) -> String {
    let name = match owner.process() {
        Some(_) => format!(
            "{} {}",
            names::process_names(owner, true),
            names::pids(owner, true)
        ),
        None => names::process_names(owner, true),
    };
    match queued {
        true => format!("{name} ({})", words::QUEUED.say(names.language)),
        false => name,
    }
}
