//! `who`: which process holds a port, what listens on this machine, who talks to whom, and the interfaces.

mod addresses;
mod connections;
mod holders;
mod json;
mod listening;
mod names;
mod screen;
mod sheet;
mod watch;
mod words;

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, SocketAddr};

use sockeye_local::{
    Holder, Kinds, Link, Owner, Protocol, Question, Source, Survey, UnixAddress, UnixEntry, links,
    path_holders, survey,
};
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_name;

use crate::cli::who::{Asked, Named, What};
use crate::cli::{WhoArgs, quote};
use crate::commands::ports::nearest;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::stdio;
use crate::views::Look;
use names::Names;

/// Answers.
pub(crate) fn run(args: &WhoArgs) -> ExitCode {
    let look = Look::on(&io::stdout(), &args.look);
    let told = Look::on(&io::stderr(), &args.look);
    let done = if args.watch {
        watch::run(args, look)
    } else {
        once(args, look, told)
    };
    done.unwrap_or_else(|failure| {
        failure.say();
        failure.exit
    })
}

fn once(args: &WhoArgs, look: Look, told: Look) -> Result<ExitCode, Failure> {
    let answer = Answer::to(&args.asked).map_err(|error| failed(&error, look.language))?;
    let names = Names::new(look.language);
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let width = look.terminal.then_some(look.width);
    let written = match args.json {
        true => answer.write_json(&mut out, &names),
        false => answer.write(&mut out, &names, look, width),
    };
    if let Err(error) = written.and_then(|()| out.flush()) {
        return stdio::written(&error, look.language);
    }
    if told.says_status() && !args.json {
        for note in answer.notes(look, width.is_some()) {
            stdio::say(&format!("{}{note}", told.margin()));
        }
    }
    let missing = answer.missing(look.language);
    match missing.split_last() {
        None => Ok(ExitCode::Clean),
        Some((last, others)) => {
            others
                .iter()
                .for_each(|line| stdio::say(&format!("sockeye: {line}")));
            Err(Failure::new(ExitCode::NameNotFound, last))
        }
    }
}

fn failed(error: &io::Error, language: Language) -> Failure {
    let error = io_text(error, language);
    let line = words::FAILED.fill(language, &[("error", &error)]);
    Failure::new(ExitCode::Failure, line)
}

/// What was found out.
enum Answer {
    Listening { survey: Survey, every_unix: bool },
    Named(Vec<Found>, Source),
    Connections(Survey),
    Addresses(Vec<Link>, Source),
}

/// The sockets of one word of the question.
struct Found {
    named: Named,
    inet: Vec<Holder>,
    unix: Vec<UnixEntry>,
}

impl Answer {
    fn to(asked: &Asked) -> io::Result<Self> {
        match asked {
            Asked::Listening { kinds, every_unix } => Ok(Self::Listening {
                survey: survey(&Question::Listening(*kinds))?,
                every_unix: *every_unix,
            }),
            Asked::Connections { kinds, ports } => {
                let mut survey = survey(&Question::Connections(*kinds))?;
                if !ports.is_empty() {
                    survey.inet.retain(|holder| {
                        let remote = holder.remote.map(|remote| remote.port());
                        let of = |port| ports.contains(&(holder.protocol, port));
                        of(holder.local.port()) || remote.is_some_and(of)
                    });
                }
                Ok(Self::Connections(survey))
            }
            Asked::Named(named) => named_sockets(named),
            Asked::Addresses => links().map(|(links, source)| Self::Addresses(links, source)),
        }
    }

    /// As text: within `width` columns on a terminal, in whole lines on a pipe.
    fn write(
        &self,
        out: &mut dyn Write,
        names: &Names,
        look: Look,
        width: Option<usize>,
    ) -> io::Result<()> {
        match self {
            Self::Listening { survey, every_unix } => {
                let most = unix_shown(survey, *every_unix, width.is_some());
                listening::write(out, &survey.inet, &survey.unix[..most], names, width)
            }
            Self::Connections(survey) => connections::write(out, survey, names, width),
            Self::Addresses(links, _) => addresses::write(out, links, width, names.language),
            Self::Named(found, _) if width.is_none() => {
                let inet: Vec<Holder> = found.iter().flat_map(|found| found.inet.clone()).collect();
                let unix: Vec<UnixEntry> =
                    found.iter().flat_map(|found| found.unix.clone()).collect();
                match inet.is_empty() && unix.is_empty() {
                    true => Ok(()),
                    false => listening::write_of_ports(out, &inet, &unix, names),
                }
            }
            Self::Named(found, _) => {
                for found in found {
                    holders::write_port(out, &found.inet, &found.named.typed, names, look)?;
                    holders::write_unix(out, &found.unix, names, look)?;
                }
                Ok(())
            }
        }
    }

    fn write_json(&self, out: &mut dyn Write, names: &Names) -> io::Result<()> {
        match self {
            Self::Listening { survey, .. } => json::sockets(out, survey, names, false),
            Self::Connections(survey) => json::sockets(out, survey, names, true),
            Self::Addresses(links, source) => json::interfaces(out, links, *source),
            Self::Named(found, source) => {
                let all = Survey {
                    inet: found.iter().flat_map(|found| found.inet.clone()).collect(),
                    unix: found.iter().flat_map(|found| found.unix.clone()).collect(),
                    source: *source,
                };
                json::sockets(out, &all, names, false)
            }
        }
    }

    /// What a person should know of the answer: what is missing in it, and why.
    fn notes(&self, look: Look, terminal: bool) -> Vec<String> {
        let language = look.language;
        let mut notes = Vec::new();
        let (source, empty, owners): (_, _, Vec<&Owner>) = match self {
            Self::Addresses(_, Source::Proc(kind)) => {
                let error = io_text(&io::Error::from(*kind), language);
                return vec![words::NOTE_NO_IPV4.fill(language, &[("error", &error)])];
            }
            Self::Addresses(..) => return notes,
            Self::Listening { survey, every_unix } => {
                let shown = unix_shown(survey, *every_unix, terminal);
                let more = survey.unix.len() - shown;
                if more > 0 {
                    let line = quote::line(["sockeye", "who", "--unix"]);
                    let places: [(&str, &dyn Display); 2] = [("count", &more), ("line", &line)];
                    notes.push(words::NOTE_MORE_UNIX.fill(language, &places));
                }
                let owners = owners(&survey.inet, &survey.unix[..shown]).collect();
                (survey.source, Some(words::NOTHING_LISTENS), owners)
            }
            Self::Connections(survey) => {
                let owners = owners(&survey.inet, &survey.unix).collect();
                (survey.source, Some(words::NOT_CONNECTED), owners)
            }
            Self::Named(found, source) => {
                let owners = found
                    .iter()
                    .flat_map(|found| owners(&found.inet, &found.unix));
                (*source, None, owners.collect())
            }
        };
        if let Some(empty) = empty.filter(|_| owners.is_empty()) {
            notes.push(empty.say(language).to_owned());
        }
        if owners.iter().any(|owner| **owner == Owner::NotPermitted) {
            let line = quote::line(["sudo", "sockeye", "who"]);
            notes.push(words::NOTE_HIDDEN.fill(language, &[("line", &line)]));
        }
        // Where a port is named, the page says it in full beside the socket.
        let named = matches!(self, Self::Named(..)) && terminal;
        if !named && owners.iter().any(|owner| **owner == Owner::Unseen) {
            notes.push(words::NOTE_UNSEEN.say(language).to_owned());
        }
        if let Source::Proc(kind) = source {
            let error = io_text(&io::Error::from(kind), language);
            notes.push(words::NOTE_PROC.fill(language, &[("error", &error)]));
        }
        notes
    }

    /// A line for each word that nothing was found for.
    fn missing(&self, language: Language) -> Vec<String> {
        let Self::Named(found, source) = self else {
            return Vec::new();
        };
        let missing = found
            .iter()
            .filter(|found| found.inet.is_empty() && found.unix.is_empty());
        missing
            .map(|found| {
                let text = match (&found.named.what, source) {
                    (What::Ports(ports), _) if ports.is_empty() => {
                        let typed = found.named.typed.as_str();
                        let word = typed.split(':').next_back().unwrap_or(typed);
                        let word = word.split('/').next().unwrap_or(word);
                        let near = nearest::names(word, NEAREST).join(", ");
                        let what = what(&found.named, language);
                        let text = match near.is_empty() {
                            true => words::NO_SERVICE,
                            false => words::NO_SERVICE_NEAR,
                        };
                        return text.fill(language, &[("what", &what), ("near", &near)]);
                    }
                    (_, Source::Netlink) => words::NOBODY,
                    (_, Source::Proc(_)) => words::NOBODY_SEEN,
                };
                text.fill(language, &[("what", &what(&found.named, language))])
            })
            .collect()
    }
}

/// `port 8080`, `http (port 80)`; anything else as it was typed.
fn what(named: &Named, language: Language) -> String {
    let typed = escape_name(&named.typed).into_owned();
    let port = match &named.what {
        What::Ports(ports) => ports.first().map(|(_, port)| *port),
        What::Unix(_) => None,
    };
    let Some(port) = port else {
        return typed;
    };
    let number = words::PORT_IS.fill(language, &[("port", &port)]);
    if typed == port.to_string() {
        number
    } else if typed.contains(&port.to_string()) {
        typed
    } else {
        words::SERVICE_IS.fill(language, &[("name", &typed), ("ports", &number)])
    }
}

fn owners<'a>(inet: &'a [Holder], unix: &'a [UnixEntry]) -> impl Iterator<Item = &'a Owner> {
    let inet = inet.iter().map(|holder| &holder.owner);
    inet.chain(unix.iter().map(|entry| &entry.owner))
}

/// How many UNIX sockets are shown: on a terminal a few, unless they were asked for; a machine may have hundreds.
fn unix_shown(survey: &Survey, every_unix: bool, terminal: bool) -> usize {
    match terminal && !every_unix {
        true => survey.unix.len().min(MOST_UNIX),
        false => survey.unix.len(),
    }
}

/// All that was named, found with as few questions as there can be.
fn named_sockets(named: &[Named]) -> io::Result<Answer> {
    let mut ports: Vec<(Protocol, u16)> = Vec::new();
    let mut unix = false;
    for named in named {
        match &named.what {
            What::Ports(own) => ports.extend(own),
            What::Unix(_) => unix = true,
        }
    }
    ports.sort_unstable();
    ports.dedup();
    let mut all = survey(&Question::Ports(ports))?;
    if unix {
        let kinds = Kinds {
            tcp: false,
            udp: false,
            unix: true,
        };
        for question in [Question::Listening(kinds), Question::Connections(kinds)] {
            let more = survey(&question)?;
            all.unix.extend(more.unix);
            if let Source::Proc(_) = more.source {
                all.source = more.source;
            }
        }
    }
    let found = named
        .iter()
        .map(|named| {
            let (mut inet, mut unix) = (Vec::new(), Vec::new());
            match &named.what {
                What::Ports(own) => {
                    let own: HashSet<&(Protocol, u16)> = own.iter().collect();
                    let ours = |holder: &&Holder| {
                        own.contains(&(holder.protocol, holder.local.port()))
                            && named.ip.is_none_or(|ip| has_address(holder, ip))
                    };
                    inet.extend(all.inet.iter().filter(ours).cloned());
                }
                What::Unix(address) => {
                    let inodes = inodes_at(address);
                    let ours = |entry: &&UnixEntry| {
                        entry.address.as_ref() == Some(address) || inodes.contains(&entry.inode)
                    };
                    unix.extend(all.unix.iter().filter(ours).cloned());
                }
            }
            Found {
                named: named.clone(),
                inet,
                unix,
            }
        })
        .collect();
    Ok(Answer::Named(found, all.source))
}

/// Whether packets to `ip` are the socket's; of a wildcard, whether it is that one.
fn has_address(holder: &Holder, ip: IpAddr) -> bool {
    match ip.is_unspecified() {
        true => holder.local.ip() == ip,
        false => holder.is_in_the_way_of(SocketAddr::new(ip, holder.local.port())),
    }
}

/// The sockets of the file at a path, which may have been bound by another name of it.
fn inodes_at(address: &UnixAddress) -> Vec<u64> {
    match address {
        UnixAddress::Path(path) => path_holders(path).map_or_else(
            |_| Vec::new(),
            |holders| holders.iter().map(|holder| holder.socket.inode).collect(),
        ),
        UnixAddress::Abstract(_) => Vec::new(),
    }
}

/// UNIX sockets on a terminal where nobody asked for them.
const MOST_UNIX: usize = 10;
/// How many names are offered for one that there is none of.
const NEAREST: usize = 5;
const BUFFER: usize = 64 << 10;
