//! `ports`: what a port number or a service name means, and who has it here.

use std::collections::BTreeSet;
use std::io::{self, Write};

use sockeye_local::{Services, Transport, limits, registered_between, registered_ports};
use sockeye_view::escape::escape_name;

use crate::cli::PortsArgs;
use crate::cli::ports::{Asked, Query, What};
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::stdio;
use crate::views::Look;
use entry::{Entry, Here, PROTOCOLS};
use json::Document;
use list::Row;

mod card;
mod entry;
mod json;
mod list;
pub(super) mod nearest;
mod ranges;
mod sisters;
mod uses;
mod verdicts;
mod words;

/// Answers.
pub(crate) fn run(args: &PortsArgs) -> ExitCode {
    let look = Look::on(&io::stdout(), &args.look);
    let mut answer = Vec::new();
    let failures = if args.json {
        in_json(&mut answer, args, look)
    } else {
        in_words(&mut answer, args, look)
    };
    let failures = match failures {
        Ok(failures) => failures,
        Err(error) => return stdio::output(Err(error)),
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&answer).and_then(|()| stdout.flush());
    let exit = stdio::output(written);
    for failure in &failures {
        failure.say();
    }
    failures.first().map_or(exit, |failure| match exit {
        ExitCode::Clean => failure.exit,
        worse => worse,
    })
}

/// The answer as text; what was not found.
fn in_words(out: &mut dyn Write, args: &PortsArgs, look: Look) -> io::Result<Vec<Failure>> {
    let language = look.language;
    let width = if look.terminal { look.width } else { WIDTH };
    let of_terminal = look.terminal.then_some(width);
    let mut failures = Vec::new();
    match &args.asked {
        Asked::Everyday => list::write_everyday(out, language, width)?,
        Asked::Ranges => ranges::write(out, &limits(), language, width)?,
        Asked::Search(word) => match list::found(word, language) {
            rows if rows.is_empty() => failures.push(nothing_found(word, look)),
            rows => list::write(out, &rows, language, of_terminal)?,
        },
        Asked::Queries(queries) => {
            let services = Services::of_this_machine();
            let mut first = true;
            for query in queries {
                let ports = match &query.what {
                    What::Between(low, high) => {
                        separate(out, &mut first)?;
                        list::write_heading(out, *low, *high, language)?;
                        let mut rows = list::between(*low, *high);
                        rows.retain(|row| row.is_over(query.over));
                        list::write(out, &rows, language, of_terminal)?;
                        continue;
                    }
                    What::Port(port) => vec![*port],
                    What::Name(name) => named(name, query.over, &services),
                };
                if ports.is_empty() {
                    failures.push(no_service(query, look));
                }
                for port in ports {
                    separate(out, &mut first)?;
                    let entry = Entry::of(port, query.over, &services);
                    let here = Here::on(port, query.over);
                    card::write(out, &entry, &here, language, width)?;
                }
            }
        }
    }
    Ok(failures)
}

/// The answer as JSON; what was not found is in it too.
fn in_json(out: &mut dyn Write, args: &PortsArgs, look: Look) -> io::Result<Vec<Failure>> {
    let language = look.language;
    let services = Services::of_this_machine();
    let mut document = Document::new();
    let mut failures = Vec::new();
    let of_rows = |document: &mut Document, rows: &[Row], over| {
        let ports: BTreeSet<u16> = rows.iter().flat_map(|row| row.ports()).collect();
        for port in ports {
            document.port(Entry::of(port, over, &services), None, language);
        }
    };
    match &args.asked {
        Asked::Everyday => {
            for used in uses::USES.iter().filter(|used| used.everyday) {
                for port in used.first..=used.last {
                    document.port(Entry::of(port, None, &services), None, language);
                }
            }
        }
        Asked::Ranges => document.ranges(&limits()),
        Asked::Search(word) => {
            let rows = list::found(word, language);
            if rows.is_empty() {
                failures.push(nothing_found(word, look));
            }
            of_rows(&mut document, &rows, None);
        }
        Asked::Queries(queries) => {
            for query in queries {
                let ports = match &query.what {
                    What::Between(low, high) => {
                        let mut rows = list::between(*low, *high);
                        rows.retain(|row| row.is_over(query.over));
                        of_rows(&mut document, &rows, query.over);
                        continue;
                    }
                    What::Port(port) => vec![*port],
                    What::Name(name) => named(name, query.over, &services),
                };
                if let (true, What::Name(name)) = (ports.is_empty(), &query.what) {
                    document.unknown(name, nearest::names(name, NEAREST));
                    failures.push(no_service(query, look));
                }
                for port in ports {
                    let here = Here::on(port, query.over);
                    document.port(Entry::of(port, query.over, &services), Some(here), language);
                }
            }
        }
    }
    document.write(out)?;
    Ok(failures)
}

/// The ports of a name: those of this machine's file first, as everywhere where a port is named, then IANA's.
fn named(name: &str, over: Option<Transport>, services: &Services) -> Vec<u16> {
    let mut ports = Vec::new();
    for (protocol, transport) in PROTOCOLS {
        if over.is_none_or(|over| over == *transport) {
            ports.extend(services.port(name, *protocol));
        }
    }
    let has_it = |port: &u16| {
        registered_between(*port, *port).iter().any(|row| {
            row.name
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
                && over.is_none_or(|over| row.transports.contains(over))
        })
    };
    ports.extend(registered_ports(name).into_iter().filter(has_it));
    let mut seen = BTreeSet::new();
    ports.retain(|port| seen.insert(*port));
    ports
}

fn no_service(query: &Query, look: Look) -> Failure {
    let name = escape_name(&query.typed);
    let word = query
        .typed
        .rsplit_once('/')
        .map_or(&*query.typed, |(word, _)| word);
    let near = nearest::names(word, NEAREST).join(", ");
    let text = if near.is_empty() {
        words::NO_SERVICE_AT_ALL.fill(look.language, &[("name", &name)])
    } else {
        words::NO_SERVICE.fill(look.language, &[("name", &name), ("near", &near)])
    };
    Failure::new(ExitCode::NameNotFound, text)
}

fn nothing_found(word: &str, look: Look) -> Failure {
    let word = escape_name(word);
    let text = words::NOTHING_FOUND.fill(look.language, &[("word", &word)]);
    Failure::new(ExitCode::NameNotFound, text)
}

/// An empty line between two answers.
fn separate(out: &mut dyn Write, first: &mut bool) -> io::Result<()> {
    if !std::mem::replace(first, false) {
        writeln!(out)?;
    }
    Ok(())
}

/// Columns of an answer that is no table, where there is no terminal.
const WIDTH: usize = 80;

/// How many names are offered for one that there is none of.
const NEAREST: usize = 5;
