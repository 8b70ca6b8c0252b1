//! What is known of one type of record, whoever told it: the common form that is printed, explained and judged.

use std::path::Path;

use sockeye_names::{
    Answer, Files, Found, NoReply, Question, Record, Server, Step, Told, Transport, Verdict, Wanted,
};

/// One type, from one source.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) question: Question,
    pub(super) by: By<'a>,
}

/// Who told.
#[derive(Clone, Debug)]
pub(super) enum By<'a> {
    /// The hosts file.
    Hosts {
        path: &'a Path,
        records: &'a [Record],
    },
    /// The hosts file knows nothing, and nsswitch.conf ends the search there.
    NotInHosts(&'a Path),
    /// The rule of localhost.
    Localhost(&'a [Record]),
    /// nsswitch.conf asks nobody.
    NotAsked,
    /// A server.
    Dns {
        server: Server,
        outcome: Result<&'a Answer, &'a NoReply>,
    },
}

impl Entry<'_> {
    /// The aliases in their order, then the records; of an answer without records the aliases alone.
    pub(super) fn records(&self) -> Vec<&Record> {
        match &self.by {
            By::Hosts { records, .. } | By::Localhost(records) => records.iter().collect(),
            By::Dns {
                outcome: Ok(answer),
                ..
            } => answer.records().collect(),
            By::NotInHosts(_) | By::NotAsked | By::Dns { .. } => Vec::new(),
        }
    }

    /// The records of the type that was asked for.
    pub(super) fn of_its_type(&self) -> &[Record] {
        match &self.by {
            By::Hosts { records, .. } | By::Localhost(records) => records,
            By::Dns {
                outcome: Ok(answer),
                ..
            } => &answer.chain.records,
            By::NotInHosts(_) | By::NotAsked | By::Dns { .. } => &[],
        }
    }

    /// Whether the question is answered.
    pub(super) fn is_answered(&self) -> bool {
        match &self.by {
            By::Dns { outcome, .. } => {
                matches!(outcome, Ok(answer) if answer.verdict == Verdict::Records)
            }
            _ => !self.of_its_type().is_empty(),
        }
    }
}

/// What a look-up has found.
pub(super) fn of_found<'a>(found: &'a Found, wanted: &Wanted, files: &'a Files) -> Vec<Entry<'a>> {
    let has = |wanted: fn(&Step) -> bool| found.steps.iter().any(wanted);
    let is_localhost = has(|step| matches!(step, Step::Localhost));
    let ended = has(|step| matches!(step, Step::Ended { .. }));
    let each = found.told.iter().filter_map(|told| match told {
        Told::Here { kind, records } => Some(Entry {
            question: Question::new(wanted.name(), *kind),
            by: if is_localhost {
                By::Localhost(records)
            } else if ended {
                By::NotInHosts(&files.hosts)
            } else {
                By::Hosts {
                    path: &files.hosts,
                    records,
                }
            },
        }),
        Told::NotAsked { kind } => Some(Entry {
            question: Question::new(wanted.name(), *kind),
            by: By::NotAsked,
        }),
        Told::Asked(_) => found.asked(told).map(|asked| Entry {
            question: asked.question.clone(),
            by: By::Dns {
                server: asked.server,
                outcome: asked.outcome.as_ref(),
            },
        }),
    });
    each.collect()
}

/// What a server has said to each question.
pub(super) fn of_server<'a>(
    server: Server,
    questions: &[Question],
    outcomes: &'a [Result<Answer, NoReply>],
) -> Vec<Entry<'a>> {
    let each = questions
        .iter()
        .zip(outcomes)
        .map(|(question, outcome)| Entry {
            question: question.clone(),
            by: By::Dns {
                server,
                outcome: outcome.as_ref(),
            },
        });
    each.collect()
}

/// A server as it is told: the port only where it is another than that of DNS.
pub(super) fn server_text(server: &Server) -> String {
    let address = if server.address.port() == server.transport.usual_port() {
        server.address.ip().to_string()
    } else {
        server.address.to_string()
    };
    match server.transport {
        Transport::Udp => address,
        Transport::Tcp => format!("tcp://{address}"),
        Transport::Tls => format!("tls://{address}"),
    }
}
