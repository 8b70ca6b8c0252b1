//! The way through the servers of resolv.conf: which of them were of no help, and how long it took in all.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use sockeye_model::Errno;
use sockeye_names::{Asked, Name, NoReply, Server, Step, name_text};
use sockeye_view::catalogue::{Language, duration};

use super::entry::{Entry, server_text};
use super::words;

/// What was done before there was an answer, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    /// None where a server was named.
    pub(super) steps: &'a [Step],
    /// In all.
    pub(super) took: Duration,
}

impl<'a> Way<'a> {
    fn configured(self) -> Option<(&'a Path, &'a [Name])> {
        self.steps.iter().find_map(|step| match step {
            Step::Configured { path, names, .. } => Some((path.as_path(), names.as_slice())),
            _ => None,
        })
    }

    /// The names that were tried.
    pub(super) fn names(self) -> &'a [Name] {
        self.configured()
            .map(|(_, names)| names)
            .unwrap_or_default()
    }

    fn asked(self) -> impl Iterator<Item = &'a Asked> {
        self.steps.iter().filter_map(|step| match step {
            Step::Asked(asked) => Some(&**asked),
            _ => None,
        })
    }

    /// The servers that were silent, each with the longest that it was waited for, in the order they were asked.
    pub(super) fn asked_in_vain(self) -> Vec<(Server, Duration)> {
        let mut silent: Vec<(Server, Duration)> = Vec::new();
        for asked in self.asked() {
            let Err(NoReply::TimedOut { waited, .. }) = &asked.outcome else {
                continue;
            };
            match silent
                .iter_mut()
                .find(|(server, _)| *server == asked.server)
            {
                Some((_, longest)) => *longest = (*longest).max(*waited),
                None => silent.push((asked.server, *waited)),
            }
        }
        // Who answered another question, or later, is there.
        silent.retain(|(server, _)| {
            let mut said = self.asked().filter(|asked| asked.server == *server);
            !said.any(|asked| asked.outcome.is_ok())
        });
        silent
    }

    /// The servers that were silent or whose port is closed, but for the one that the last line is about.
    pub(super) fn hindrances(self, last: Option<Server>, language: Language) -> Vec<String> {
        let mut told: Vec<(Server, String)> = Vec::new();
        let silent = self.asked_in_vain();
        for asked in self.asked().filter(|asked| Some(asked.server) != last) {
            if told.iter().any(|(server, _)| *server == asked.server) {
                continue;
            }
            let Err(error) = &asked.outcome else { continue };
            let waited = silent.iter().find(|(server, _)| *server == asked.server);
            if let Some((server, waited)) = waited {
                let next = self
                    .asked()
                    .skip_while(|other| other.server != *server)
                    .find(|other| other.server != *server);
                let then = next.map_or_else(String::new, |next| {
                    words::THEN.fill(language, &[("server", &server_text(&next.server))])
                });
                let configured = self
                    .configured()
                    .map_or_else(String::new, |(path, _)| format!(" ({})", path.display()));
                let places: [(&str, &dyn std::fmt::Display); 4] = [
                    ("server", &server_text(server)),
                    ("configured", &configured),
                    ("time", &duration(*waited, language)),
                    ("then", &then),
                ];
                told.push((*server, words::SILENT.fill(language, &places)));
            } else if let Some(line) = self.closed(&asked.server, error, language) {
                told.push((asked.server, line));
            }
        }
        told.into_iter().map(|(_, line)| line).collect()
    }

    /// How long it took, where that is more than the answer itself took.
    pub(super) fn in_all(self, language: Language) -> Option<String> {
        let time = duration(self.took, language);
        (!self.asked_in_vain().is_empty()).then(|| words::IN_ALL.fill(language, &[("time", &time)]))
    }

    /// That none of several servers has answered.
    pub(super) fn silence(self, entry: &Entry<'_>, types: &str, language: Language) -> String {
        let silent = self.asked_in_vain();
        let servers: Vec<String> = silent
            .iter()
            .map(|(server, _)| server_text(server))
            .collect();
        let places: [(&str, &dyn std::fmt::Display); 4] = [
            ("name", &name_text(&entry.question.name)),
            ("types", &types),
            ("servers", &servers.join(", ")),
            ("time", &duration(self.took, language)),
        ];
        words::ALL_SILENT.fill(language, &places)
    }

    /// That nobody listens where a server was to be, if the error says that.
    pub(super) fn closed(
        self,
        server: &Server,
        error: &NoReply,
        language: Language,
    ) -> Option<String> {
        match error {
            NoReply::Call { source, .. } if source.errno() == Errno::ECONNREFUSED => {}
            _ => return None,
        }
        let named = self.steps.iter().find_map(|step| match step {
            Step::Configured { path, named, .. } => {
                let text = if *named {
                    words::NAMED_IN
                } else {
                    words::NAMED_NOWHERE
                };
                Some(text.fill(language, &[("path", &path.display())]))
            }
            _ => None,
        });
        let named = named.unwrap_or_default();
        let text = if is_here(server.address.ip()) {
            words::CLOSED
        } else {
            words::CLOSED_ELSEWHERE
        };
        let places: [(&str, &dyn std::fmt::Display); 3] = [
            ("address", &server.address),
            ("named", &named),
            ("port", &server.address.port()),
        ];
        Some(text.fill(language, &places))
    }
}

/// An address that can only be this machine's.
fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}
