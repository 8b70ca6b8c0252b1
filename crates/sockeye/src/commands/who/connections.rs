//! Who talks to whom, one socket a line; a connection within this machine has two, one for each end.

use std::collections::HashMap;
use std::io::{self, Write};

use sockeye_local::{Holder, Owner, Survey, UnixEntry};
use sockeye_view::catalogue::duration;

use super::names::{self, Names};
use super::sheet::{self, Column, fixed, optional, rest, right};
use super::{listening, words};

const SHAPE: &[Column] = &[
    optional(words::PROTOCOL, 1),
    fixed(words::ADDRESS),
    fixed(words::PEER),
    fixed(words::STATE),
    right(fixed(words::RTT)),
    right(fixed(words::RESENT)),
    right(optional(words::QUEUED_BYTES, 2)),
    fixed(words::PROCESS),
    rest(words::PEER_PROCESS),
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
        of_inet(holder, other, names, width.is_none())
    });
    let by_inode: HashMap<u64, &UnixEntry> = survey
        .unix
        .iter()
        .map(|entry| (entry.inode, entry))
        .collect();
    let unix = survey.unix.iter().map(|entry| {
        let other = entry.peer.and_then(|inode| by_inode.get(&inode).copied());
        of_unix(entry, other, names, width.is_none())
    });
    let rows = inet.chain(unix).collect();
    sheet::write(out, SHAPE, rows, width, names.language)
}

fn of_inet(holder: &Holder, other: Option<&Holder>, names: &Names, piped: bool) -> Vec<String> {
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
            |figures| match duration(figures.round_trip, names.language) {
                time if piped => time.replace([' ', '\u{a0}'], ""),
                time => time,
            },
        ),
        figures.map_or_else(
            || "-".to_owned(),
            |figures| figures.retransmitted.to_string(),
        ),
        queues(Some(holder.receive_queue), holder.send_queue),
        process(&holder.owner, holder.queued, names, piped),
        other.map_or_else(
            || "-".to_owned(),
            |other| process(&other.owner, other.queued, names, piped),
        ),
    ]
}

fn of_unix(
    entry: &UnixEntry,
    other: Option<&UnixEntry>,
    names: &Names,
    piped: bool,
) -> Vec<String> {
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
        process(&entry.owner, false, names, piped),
        other.map_or_else(
            || "-".to_owned(),
            |other| process(&other.owner, false, names, piped),
        ),
    ]
}

fn queues(receive: Option<u32>, send: Option<u32>) -> String {
    let text =
        |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    format!("{}/{}", text(receive), text(send))
}

/// `python3 812`, on a pipe `python3/812`; of a connection that waits in a listener's queue, that it does.
fn process(owner: &Owner, queued: bool, names: &Names, piped: bool) -> String {
    let known = owner.process().is_some();
    let name = match (known, piped) {
        (true, false) => format!(
            "{} {}",
            names::process_names(owner, true),
            names::pids(owner, true)
        ),
        (true, true) => {
            let all = sheet::one_word(&names::process_names(owner, false));
            format!("{all}/{}", names::pids(owner, false))
        }
        (false, _) => names::process_names(owner, true),
    };
    match (queued, words::QUEUED.say(names.language)) {
        (true, queued) if piped => format!("{name}({})", queued.replace(' ', "-")),
        (true, queued) => format!("{name} ({queued})"),
        (false, _) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_view::catalogue::Language;

    #[test]
    fn at_80_columns_the_peers_process_goes_and_what_was_measured_stays() {
        let row = [
            "tcp",
            "192.168.100.101:54321",
            "[2001:db8:1234:5678:9abc::1]:443",
            "ESTABLISHED",
            "12.3 ms",
            "0",
            "0/0",
            "python3 4194304",
            "nginx 4194303",
        ];
        let rows = || vec![row.map(str::to_owned).to_vec()];
        let text = |width| {
            let mut out = Vec::new();
            sheet::write(&mut out, SHAPE, rows(), Some(width), Language::English).unwrap();
            String::from_utf8(out).unwrap()
        };
        for width in [72, 80, 100] {
            let text = text(width);
            for kept in [
                "ADDRESS", "PEER", "STATE", "RTT", "RESENT", "PROCESS", "12.3 ms",
            ] {
                assert!(text.contains(kept), "{width}: {kept}: {text}");
            }
            let longest = text.lines().map(sockeye_view::escape::columns).max();
            assert!(longest <= Some(width), "{width}: {text}");
        }
        assert!(text(80).contains(":443") && text(80).contains(":54321"));
        assert!(text(160).contains("PEER PROCESS") && !text(80).contains("PEER PROCESS"));
    }
}
