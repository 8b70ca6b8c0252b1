//! `resolve`: what a name leads to, asked of whom this machine asks or of the servers that are named.

mod entry;
mod errors;
mod failing;
mod json;
mod lines;
mod meanings;
mod steps;
mod told;
mod trace;
mod walk_json;
mod walk_words;
mod way;
mod words;

use std::io::{self, Write};
use std::time::Duration;

use sockeye_model::{Family, Tally};
use sockeye_names::{Exchange, Question, Server, Stub, Transport, Trust};
use sockeye_net::{Resolve, SystemResolver};
use sockeye_view::escape::escape_name;
use tokio::time::Instant;

use crate::cli::ResolveArgs;
use crate::cli::quantity::duration_text;
use crate::cli::resolve::ServerWord;
use crate::commands::{Outcome, runtime};
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::{stdio, words as common};
use entry::Entry;
use way::Way;

/// What is to be said once everything is known: the answer on stdout, then lines on stderr, then how it ended.
struct Spoken {
    answer: String,
    lines: Vec<String>,
    outcome: Outcome,
}

/// Looks it up, and says what was found.
pub(crate) fn run(args: &ResolveArgs, session: Session) -> ExitCode {
    let look = session.look;
    let spoken =
        runtime(look.language).and_then(|runtime| runtime.block_on(resolve(args, &session)));
    session.finish_with(Tally::default(), || {
        let spoken = spoken?;
        let told = || {
            for line in &spoken.lines {
                stdio::say(&format!("{}{line}", look.margin()));
            }
        };
        // What led to the answer is explained before it.
        let explains = args.view.explain.is_some();
        if explains {
            told();
        }
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(spoken.answer.as_bytes())
            .and_then(|()| stdout.flush());
        drop(stdout);
        if !explains {
            told();
        }
        match written {
            Ok(()) => spoken.outcome,
            Err(error) => stdio::written(&error, look.language),
        }
    })
}

async fn resolve(args: &ResolveArgs, session: &Session) -> Result<Spoken, Failure> {
    let deadline = Instant::now() + args.timeout;
    let mut exchange = Exchange {
        tap: session.tap.clone(),
        recursion: args.recursion,
        // A little less than there is in all, so that the last try can tell how it ended.
        timeout: (args.timeout - args.timeout / 50) / tries(args.timeout),
        tries: tries(args.timeout),
        trust: Trust {
            settings: args.trust.clone(),
            ..Trust::default()
        },
        ..Exchange::default()
    };
    if let Some(start) = &args.trace {
        return trace::walk(args, start, session, exchange).await;
    }
    match args.servers.as_slice() {
        [] => Ok(as_programs_do(args, session, exchange, deadline).await),
        words => {
            let mut servers = Vec::new();
            for word in words {
                let server = server(word, args, session, deadline).await?;
                if let ServerWord::Host { name, .. } = word {
                    exchange.trust.names.push((server.address, name.clone()));
                }
                servers.push(server);
            }
            Ok(of_servers(args, session, &exchange, &servers, deadline).await)
        }
    }
}

/// As the programs of this machine look it up.
async fn as_programs_do(
    args: &ResolveArgs,
    session: &Session,
    exchange: Exchange,
    deadline: Instant,
) -> Spoken {
    let variable = |name| std::env::var(name).ok();
    let mut options = variable("RES_OPTIONS").unwrap_or_default();
    if args.tcp {
        options.push_str(" use-vc");
    }
    let stub = Stub {
        exchange,
        local_domain: variable("LOCALDOMAIN"),
        options: Some(options),
        ..Stub::default()
    };
    let found = stub.look_up(&args.wanted, &args.kinds, deadline).await;
    let entries = entry::of_found(&found, &args.wanted, &stub.files);
    let language = session.look.language;
    let way = Way {
        steps: &found.steps,
        took: found.took,
    };
    let told = entries.iter().any(Entry::is_answered);
    // Whom the last line is about, where there is no answer, need not be told of twice.
    let last = entries.iter().find_map(|entry| match &entry.by {
        entry::By::Dns { server, .. } if !told => Some(*server),
        _ => None,
    });
    let mut hindrances = if session.look.quiet || (!told && way.asked_in_vain().len() > 1) {
        Vec::new()
    } else {
        way.hindrances(last, language)
    };
    let lines = if args.view.explain.is_some() {
        steps::explained(args, &found.steps, &entries, session.look)
    } else if session.look.says_status() {
        let mut lines = steps::status(args, &found.steps, &entries, session.look);
        if let Some(line) = lines.last_mut()
            && let Some(in_all) = way.in_all(language)
        {
            line.push_str("; ");
            line.push_str(&in_all);
        }
        lines
    } else {
        Vec::new()
    };
    Spoken {
        answer: if args.json {
            json::text(&json::of_one(args, &found.steps, &entries))
        } else {
            lines::of_one(&entries, args.short)
        },
        lines: {
            hindrances.extend(lines);
            hindrances.extend(failing::beside(&entries, way, session.look));
            hindrances
        },
        outcome: failing::outcome(&entries, way, language),
    }
}

/// As one or several servers that were named say it.
async fn of_servers(
    args: &ResolveArgs,
    session: &Session,
    exchange: &Exchange,
    servers: &[Server],
    deadline: Instant,
) -> Spoken {
    let questions: Vec<Question> = args
        .kinds
        .iter()
        .map(|kind| Question::new(args.wanted.name(), *kind))
        .collect();
    let said = exchange.ask_each(servers, &questions, deadline).await;
    let each: Vec<Vec<Entry<'_>>> = servers
        .iter()
        .zip(&said)
        .map(|(server, outcomes)| entry::of_server(*server, &questions, outcomes))
        .collect();
    let look = session.look;
    let all: Vec<Entry<'_>> = each.iter().flatten().cloned().collect();
    let differ = lines::differ(&each);
    let mut lines = if args.view.explain.is_some() {
        steps::explained(args, &[], &all, look)
    } else if look.says_status() {
        steps::status(args, &[], &all, look)
    } else {
        Vec::new()
    };
    if each.len() > 1 && look.says_status() && !differ {
        let names: Vec<String> = servers.iter().map(entry::server_text).collect();
        let places: [(&str, &dyn std::fmt::Display); 2] =
            [("count", &names.len()), ("servers", &names.join(", "))];
        lines.push(words::ALL_SAY_THE_SAME.fill(look.language, &places));
    }
    if differ && !look.quiet {
        let text = if args.short {
            words::THEY_DIFFER_SHORT
        } else {
            words::THEY_DIFFER
        };
        lines.push(text.say(look.language).to_owned());
    }
    let way = Way {
        steps: &[],
        took: args.timeout,
    };
    lines.extend(failing::beside(&all, way, look));
    let answer = match each.as_slice() {
        _ if args.json && each.len() == 1 => json::text(&json::of_one(args, &[], &each[0])),
        _ if args.json => json::text(&json::of_several(args, &each)),
        [one] => lines::of_one(one, args.short),
        several => lines::of_several(several, args.short, look.language),
    };
    Spoken {
        answer,
        lines,
        outcome: failing::outcome(&all, way, look.language),
    }
}

/// A server with its address; one that has a name is looked up as this machine's programs do it.
async fn server(
    word: &ServerWord,
    args: &ResolveArgs,
    session: &Session,
    deadline: Instant,
) -> Result<Server, Failure> {
    let mut server = match word {
        ServerWord::Address(server) => *server,
        ServerWord::Host {
            name,
            transport,
            port,
        } => {
            let looked_up = SystemResolver.resolve(name);
            let address = match tokio::time::timeout_at(deadline, looked_up).await {
                Ok(Ok((addresses, _))) => addresses.into_iter().find(|address| match args.family {
                    Some(Family::Inet) => address.is_ipv4(),
                    Some(_) => address.is_ipv6(),
                    None => true,
                }),
                Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
                Ok(Err(error)) => {
                    let text = common::NAME_FAILED.fill(
                        session.look.language,
                        &[
                            ("name", &escape_name(name)),
                            ("error", &io_text(&error, session.look.language)),
                        ],
                    );
                    return Err(Failure::new(ExitCode::NameNotFound, text));
                }
                Err(_) => {
                    let time = duration_text(args.timeout);
                    let text = common::NAME_TIMED_OUT.fill(
                        session.look.language,
                        &[("name", &escape_name(name)), ("time", &time)],
                    );
                    return Err(Failure::new(ExitCode::TimedOut, text));
                }
            };
            let Some(address) = address else {
                let text =
                    common::NO_NAME.fill(session.look.language, &[("name", &escape_name(name))]);
                return Err(Failure::new(ExitCode::NameNotFound, text));
            };
            Server {
                transport: *transport,
                address: (address, *port).into(),
            }
        }
    };
    if args.tcp && server.transport == Transport::Udp {
        server.transport = Transport::Tcp;
    }
    Ok(server)
}

/// How often a server is asked over UDP within the time there is.
fn tries(timeout: Duration) -> u32 {
    let tries = timeout.as_millis().div_ceil(TRY.as_millis());
    u32::try_from(tries).unwrap_or(u32::MAX).max(1)
}

/// How long one try waits for its answer at most.
const TRY: Duration = Duration::from_secs(5);
