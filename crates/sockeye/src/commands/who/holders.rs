//! Who has a port or a UNIX socket, for a person: each socket with its processes, and what keeps the port busy.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use sockeye_local::{Holder, Opener, Owner, Protocol, State, UnixEntry};
use sockeye_view::catalogue::{bytes, count};
use sockeye_view::escape::{columns, escape_name};

use super::names::{self, Names};
use super::{sheet, words};
use crate::cli::quote;
use crate::views::Look;

/// Writes the sockets of one port.
pub(super) fn write_port(
    out: &mut dyn Write,
    holders: &[Holder],
    typed: &str,
    names: &Names,
    look: Look,
) -> io::Result<()> {
    let mut page = Page { out, names, look };
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let own = || {
            holders
                .iter()
                .filter(move |holder| holder.protocol == protocol)
        };
        let (main, connections): (Vec<&Holder>, Vec<&Holder>) =
            own().partition(|holder| holder.remote.is_none() || protocol == Protocol::Udp);
        for holder in &main {
            page.socket(holder)?;
        }
        let listened = main.iter().any(|holder| holder.state == State::Listen);
        if listened && !connections.is_empty() {
            page.summary(connections.iter().map(|holder| holder.state.name()))?;
        } else {
            page.connections(&connections, typed)?;
        }
    }
    Ok(())
}

/// Writes the sockets of one UNIX name.
pub(super) fn write_unix(
    out: &mut dyn Write,
    entries: &[UnixEntry],
    names: &Names,
    look: Look,
) -> io::Result<()> {
    let mut page = Page { out, names, look };
    let (connected, main): (Vec<&UnixEntry>, Vec<&UnixEntry>) =
        entries.iter().partition(|entry| entry.connected);
    for entry in main {
        let name = escape_name(&names::unix_name(entry.address.as_ref())).into_owned();
        let queue = match (entry.receive_queue, entry.send_queue) {
            (Some(waiting), Some(most)) if entry.listening => Some(page.queue(waiting, most)),
            _ => None,
        };
        let front = [entry.kind.name().to_owned(), name];
        page.with_owner(front, &entry.owner, entry.user_id, queue)?;
    }
    if !connected.is_empty() {
        page.summary(connected.iter().map(|_| State::Connected.name()))?;
    }
    Ok(())
}

struct Page<'a> {
    out: &'a mut dyn Write,
    names: &'a Names,
    look: Look,
}

impl Page<'_> {
    fn fill(&self, text: sockeye_view::catalogue::Text, places: &[(&str, &dyn Display)]) -> String {
        text.fill(self.names.language, places)
    }

    /// Phrases two spaces apart, going on below where the line is full.
    fn phrases(&mut self, phrases: impl IntoIterator<Item = String>) -> io::Result<()> {
        let mut line = String::new();
        for phrase in phrases {
            let full = columns(&line) + GAP.len() + columns(&phrase) > self.look.width;
            if full && !line.is_empty() {
                writeln!(self.out, "{line}")?;
                line = INDENT.to_owned();
            } else if !line.is_empty() {
                line.push_str(GAP);
            }
            line.push_str(&phrase);
        }
        writeln!(self.out, "{line}")
    }

    /// One that listens, or is bound.
    fn socket(&mut self, holder: &Holder) -> io::Result<()> {
        let language = self.names.language;
        let mut facts = vec![self.names.bound(holder).long(language)];
        if let (Some(index), false) = (holder.interface, is_link_local(holder)) {
            let interface = self.names.interface(index);
            facts.push(self.fill(words::ON_INTERFACE, &[("interface", &interface)]));
        }
        match (holder.state, holder.send_queue) {
            (State::Listen, Some(most)) => {
                facts.push(self.queue(holder.receive_queue, most));
            }
            (State::Listen, None) => {
                facts.push(self.fill(words::QUEUE_HAS, &[("waiting", &holder.receive_queue)]));
            }
            (State::BoundInactive, _) => facts.push(words::NOT_LISTENING.say(language).to_owned()),
            _ => facts.extend(self.traffic(holder)),
        }
        let mut front = vec![
            holder.protocol.name().to_owned(),
            self.names.address(holder.local),
        ];
        if let Some(remote) = holder.remote {
            front.push(format!("→ {}", self.names.address(remote)));
            // What a connected socket is bound to is its own address.
            facts.remove(0);
        }
        self.with_owner(front, &holder.owner, holder.user_id, facts)
    }

    /// What waits for accept. One more than the length may wait: listen(2) is met by a full queue at `waiting > most`.
    fn queue(&self, waiting: u32, most: u32) -> String {
        let text = match waiting > most {
            true => words::QUEUE_FULL,
            false => words::QUEUE_IS,
        };
        self.fill(text, &[("waiting", &waiting), ("most", &most)])
    }

    /// What waits in the queues, and what was lost.
    fn traffic(&self, holder: &Holder) -> Vec<String> {
        let language = self.names.language;
        let mut facts = Vec::new();
        let unsent = holder.send_queue.unwrap_or(0);
        // Of UDP the kernel counts the memory that datagrams take, which is more than their bytes: SO_RCVBUF in socket(7).
        let (unread_is, unsent_is) = match holder.protocol {
            Protocol::Tcp => (words::UNREAD, words::UNSENT),
            Protocol::Udp => (words::UNREAD_DATAGRAMS, words::UNSENT_DATAGRAMS),
        };
        for (text, number) in [(unread_is, holder.receive_queue), (unsent_is, unsent)] {
            if number > 0 {
                facts.push(self.fill(text, &[("bytes", &bytes(number.into(), language))]));
            }
        }
        if let Some(drops) = holder.drops.filter(|drops| *drops > 0) {
            facts.push(self.fill(words::DROPPED, &[("count", &count(drops.into(), language))]));
        }
        facts
    }

    /// A socket's first line, then a line for what its process was started with, then the other processes.
    fn with_owner(
        &mut self,
        front: impl IntoIterator<Item = String>,
        owner: &Owner,
        user_id: Option<u32>,
        facts: impl IntoIterator<Item = String>,
    ) -> io::Result<()> {
        let mut line: Vec<String> = front.into_iter().collect();
        let (first, others) = match owner.openers().split_first() {
            Some((first, others)) => (Some(first), others),
            None => (None, &[][..]),
        };
        match first {
            Some(opener) => line.extend(self.process(opener)),
            None => line.extend(self.no_process(owner, user_id)),
        }
        line.extend(facts);
        self.phrases(line)?;
        let mut shown = None;
        if let Some(opener) = first {
            let command = names::command(&opener.process);
            self.command(&command)?;
            shown = Some(command);
        }
        for opener in others.iter().take(MOST_PROCESSES) {
            let mut line = vec![format!("{INDENT}{}", words::ALSO.say(self.names.language))];
            line.extend(self.process(opener));
            self.phrases(line)?;
            let command = names::command(&opener.process);
            if shown.as_ref() != Some(&command) {
                self.command(&command)?;
                shown = Some(command);
            }
        }
        if others.len() > MOST_PROCESSES {
            let pids = others[MOST_PROCESSES..].iter();
            let pids: Vec<_> = pids.map(|opener| opener.process.pid.to_string()).collect();
            let places: [(&str, &dyn Display); 2] = [
                ("count", &pids.len()),
                ("line", &format!("pid {}", pids.join(", "))),
            ];
            let more = self.fill(words::MORE, &places);
            writeln!(
                self.out,
                "{INDENT}{}",
                sheet::cut(&more, 2 * self.look.width)
            )?;
        }
        Ok(())
    }

    fn process(&self, opener: &Opener) -> Vec<String> {
        let process = &opener.process;
        let descriptors: Vec<_> = opener.descriptors.iter().map(u32::to_string).collect();
        let descriptors = sheet::cut(&descriptors.join(","), 20);
        vec![
            escape_name(&process.name).into_owned(),
            self.fill(words::PID_IS, &[("pid", &process.pid)]),
            self.fill(words::FD_IS, &[("descriptors", &descriptors)]),
            self.names.user(process.user_id),
            self.fill(words::STARTED, &[("age", &names::age(process.age()))]),
        ]
    }

    fn no_process(&self, owner: &Owner, user_id: Option<u32>) -> Vec<String> {
        let why = match owner {
            Owner::NotPermitted => words::HIDDEN,
            Owner::Nobody => words::NO_PROCESS,
            _ => words::UNSEEN,
        };
        let user = user_id.map(|user| {
            let user = self.names.user(user);
            self.fill(words::USER_IS, &[("user", &user)])
        });
        let why = why.say(self.names.language).to_owned();
        [Some(why), user].into_iter().flatten().collect()
    }

    fn command(&mut self, command: &str) -> io::Result<()> {
        let most = match self.look.verbose {
            0 => self.look.width.saturating_sub(INDENT.len()).max(1),
            _ => usize::MAX,
        };
        writeln!(self.out, "{INDENT}{}", sheet::cut(command, most))
    }

    /// How many connections are in which state.
    fn summary<'s>(&mut self, states: impl Iterator<Item = &'s str>) -> io::Result<()> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for state in states {
            *counts.entry(state).or_default() += 1;
        }
        let language = self.names.language;
        let states: Vec<String> = counts
            .iter()
            .map(|(state, number)| {
                let places: [(&str, &dyn Display); 2] =
                    [("count", &count(*number, language)), ("state", state)];
                self.fill(words::IN_STATE, &places)
            })
            .collect();
        let line = self.fill(words::CONNECTIONS_ARE, &[("states", &states.join(", "))]);
        writeln!(self.out, "{INDENT}{line}")
    }

    /// Connections from a port that nobody listens on: each, up to a number of them; those that rest together.
    fn connections(&mut self, connections: &[&Holder], typed: &str) -> io::Result<()> {
        let (resting, open): (Vec<&Holder>, Vec<&Holder>) = connections
            .iter()
            .partition(|holder| holder.state == State::TimeWait);
        for holder in open.iter().take(MOST_CONNECTIONS) {
            let front = [
                holder.protocol.name().to_owned(),
                self.names.address(holder.local),
                holder.remote.map_or_else(String::new, |remote| {
                    format!("→ {}", self.names.address(remote))
                }),
                holder.state.name().to_owned(),
            ];
            let mut facts = self.traffic(holder);
            if holder.queued {
                facts.push(words::NOT_ACCEPTED.say(self.names.language).to_owned());
            }
            self.with_owner(front, &holder.owner, holder.user_id, facts)?;
        }
        if open.len() > MOST_CONNECTIONS {
            let line = quote::line(["sockeye", "who", "--connections", typed]);
            let more = open.len() - MOST_CONNECTIONS;
            let places: [(&str, &dyn Display); 2] = [("count", &more), ("line", &line)];
            let more = self.fill(words::MORE, &places);
            writeln!(self.out, "{more}")?;
        }
        let Some(last) = resting.iter().filter_map(|holder| holder.rest).max() else {
            return Ok(());
        };
        let places: [(&str, &dyn Display); 4] = [
            ("protocol", &resting[0].protocol),
            ("address", &self.names.address(resting[0].local)),
            ("count", &count(resting.len() as u64, self.names.language)),
            ("rest", &names::age(last)),
        ];
        let line = self.fill(words::RESTING, &places);
        writeln!(self.out, "{line}")
    }
}

fn is_link_local(holder: &Holder) -> bool {
    matches!(holder.local, std::net::SocketAddr::V6(six) if six.scope_id() != 0)
}

const GAP: &str = "  ";
const INDENT: &str = "     ";
/// How many of a socket's other processes have a line each.
const MOST_PROCESSES: usize = 8;
/// How many connections of a port that nobody listens on have lines of their own.
const MOST_CONNECTIONS: usize = 10;
