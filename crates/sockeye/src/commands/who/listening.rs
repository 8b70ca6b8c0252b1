//! What waits for others, one socket a line.

use std::io::{self, Write};

use sockeye_local::{Holder, Owner, State, UnixAddress, UnixEntry};

use super::names::{self, Names};
use super::sheet::{self, Column, fixed, optional, rest, right};
use super::words;

/// The columns of sockets that wait.
const SHAPE: &[Column] = &[
    fixed(words::PROTOCOL),
    fixed(words::ADDRESS),
    optional(words::BOUND_TO, 3),
    fixed(words::PROCESS),
    right(fixed(words::PID)),
    optional(words::USER, 4),
    right(optional(words::AGE, 2)),
    right(optional(words::QUEUE, 5)),
    rest(words::COMMAND),
];

/// The columns of all sockets of a port.
const SHAPE_OF_PORT: &[Column] = &[
    fixed(words::PROTOCOL),
    fixed(words::STATE),
    fixed(words::ADDRESS),
    fixed(words::PEER),
    optional(words::BOUND_TO, 3),
    fixed(words::PROCESS),
    right(fixed(words::PID)),
    optional(words::USER, 4),
    right(optional(words::AGE, 2)),
    right(optional(words::QUEUE, 5)),
    rest(words::COMMAND),
];

/// Writes TCP, UDP and UNIX sockets: in one table on a pipe; on a terminal UNIX sockets, whose names are long, have their
/// own.
pub(super) fn write(
    out: &mut dyn Write,
    inet: &[Holder],
    unix: &[UnixEntry],
    names: &Names,
    width: Option<usize>,
) -> io::Result<()> {
    let short = width.is_some();
    let inet: Vec<_> = inet
        .iter()
        .map(|holder| of_inet(holder, names, short))
        .collect();
    let unix: Vec<_> = unix
        .iter()
        .map(|entry| of_unix(entry, names, short))
        .collect();
    if !short {
        let rows = inet.into_iter().chain(unix).collect();
        return sheet::write(out, SHAPE, rows, width, names.language);
    }
    let both = !inet.is_empty() && !unix.is_empty();
    if !inet.is_empty() {
        sheet::write(out, SHAPE, inet, width, names.language)?;
    }
    if both {
        writeln!(out)?;
    }
    if !unix.is_empty() {
        sheet::write(out, SHAPE, unix, width, names.language)?;
    }
    Ok(())
}

/// Writes every socket of some ports, whatever it does.
pub(super) fn write_of_ports(
    out: &mut dyn Write,
    inet: &[Holder],
    unix: &[UnixEntry],
    names: &Names,
) -> io::Result<()> {
    let of_inet = inet.iter().map(|holder| {
        let mut row = of_inet(holder, names, false);
        let remote = holder
            .remote
            .map_or_else(|| "-".to_owned(), |remote| names.address(remote));
        row.insert(1, holder.state.name().to_owned());
        row.insert(3, remote);
        row
    });
    let of_unix = unix.iter().map(|entry| {
        let mut row = of_unix(entry, names, false);
        row.insert(1, unix_state(entry).to_owned());
        row.insert(3, "-".to_owned());
        row
    });
    let rows = of_inet.chain(of_unix).collect();
    sheet::write(out, SHAPE_OF_PORT, rows, None, names.language)
}

/// The state of a UNIX socket, in the words of the others.
pub(super) fn unix_state(entry: &UnixEntry) -> &'static str {
    match entry {
        _ if entry.listening => State::Listen.name(),
        _ if entry.connected => State::Connected.name(),
        _ => State::Bound.name(),
    }
}

fn of_inet(holder: &Holder, names: &Names, short: bool) -> Vec<String> {
    let bound = match holder.remote {
        Some(_) => String::from("-"),
        None => match names.bound(holder).short(names.language) {
            bound if short => bound.to_owned(),
            bound => bound.replace(' ', "-"),
        },
    };
    let queue = match (holder.state, holder.send_queue) {
        (State::TimeWait, _) => "-".to_owned(),
        // What a UDP socket sends leaves at once.
        (State::Bound | State::Connected, _) => holder.receive_queue.to_string(),
        (_, Some(send)) => format!("{}/{send}", holder.receive_queue),
        (_, None) => format!("{}/?", holder.receive_queue),
    };
    let front = vec![
        holder.protocol.name().to_owned(),
        names.address(holder.local),
        bound,
    ];
    with_owner(front, &holder.owner, holder.user_id, queue, names, short)
}

fn of_unix(entry: &UnixEntry, names: &Names, short: bool) -> Vec<String> {
    let kind = match &entry.address {
        Some(UnixAddress::Path(_)) => words::FILE.say(names.language),
        Some(UnixAddress::Abstract(_)) => words::ABSTRACT.say(names.language),
        None => "-",
    };
    let queue = match (entry.receive_queue, entry.send_queue) {
        (Some(receive), Some(send)) => format!("{receive}/{send}"),
        _ => "?".to_owned(),
    };
    let front = vec![
        entry.kind.name().to_owned(),
        names::unix_name(entry.address.as_ref()),
        kind.to_owned(),
    ];
    with_owner(front, &entry.owner, entry.user_id, queue, names, short)
}

/// The columns from PROCESS on.
fn with_owner(
    mut row: Vec<String>,
    owner: &Owner,
    user_id: Option<u32>,
    queue: String,
    names: &Names,
    short: bool,
) -> Vec<String> {
    let process = owner.process();
    // The socket's user is known where the process is not.
    let user = process.map(|process| process.user_id).or(user_id);
    row.extend([
        names::process_names(owner, short),
        names::pids(owner, short),
        user.map_or_else(|| "-".to_owned(), |user| names.user(user)),
        process.map_or_else(
            || "-".to_owned(),
            |process| names::age(process.age()).replace(' ', ""),
        ),
        queue,
        process.map_or_else(|| "-".to_owned(), names::command),
    ]);
    row
}
