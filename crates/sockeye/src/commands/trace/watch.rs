//! Hears what the tracer tells: hands it to the views, has the rules look at it, and knows when the programs beside start.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsString;
use std::time::Duration;

use sockeye_model::{Call, Event, Family, Kind, SocketId, Timestamp, Type};
use sockeye_trace::{Heard, Next, StartError};

use crate::cli::quantity::duration_text;
use crate::diagnosis::Diagnosis;
use crate::session::Session;

use super::json::Beside;
use super::{command_line, start_failure, words};

/// What is known while programs run.
pub(super) struct Watch<'a> {
    session: &'a Session,
    pub(super) diagnosis: Diagnosis,
    beside: VecDeque<Vec<OsString>>,
    /// Those that were to be started, and why one was not.
    with: Vec<Beside>,
    /// Nothing but the document of findings goes to stderr; it says what was not started.
    pub(super) document_alone: bool,
    /// Datagram sockets that wait for whoever writes: made, and bound.
    datagrams: HashSet<SocketId>,
    bound: HashSet<SocketId>,
    /// Whoever is to be met can be.
    ready: bool,
    last: Timestamp,
    /// The first program beside that could not be started.
    pub(super) not_started: Option<StartError>,
}

impl<'a> Watch<'a> {
    /// With programs that are still to be started.
    pub(super) fn new(session: &'a Session, beside: &[Vec<OsString>]) -> Self {
        Self {
            session,
            diagnosis: Diagnosis::default(),
            beside: beside.iter().cloned().collect(),
            with: Vec::new(),
            document_alone: false,
            datagrams: HashSet::new(),
            bound: HashSet::new(),
            ready: false,
            last: Timestamp::START,
            not_started: None,
        }
    }

    /// What the tracer tells next.
    pub(super) fn hear(&mut self, heard: Heard<'_>) -> Next {
        match heard {
            Heard::Event(event) => {
                self.last = self.last.max(event.at);
                if !self.beside.is_empty() && !self.ready {
                    self.ready = self.shows_readiness(&event);
                }
                let found = self.diagnosis.event(&event);
                self.session.tap.tell_with(event, found);
            }
            Heard::Quiet(at) => {
                self.last = self.last.max(at);
                for found in self.diagnosis.passes(at) {
                    self.session.tap.tell(found);
                }
            }
            Heard::NotStarted(error) => {
                let language = self.session.look.language;
                let failure = start_failure(&error, language);
                if !self.document_alone {
                    failure.say();
                }
                if let Some(beside) = self.with.last_mut() {
                    beside.not_started = Some(failure.line);
                }
                self.not_started.get_or_insert(error);
            }
        }
        self.next()
    }

    /// Whether somebody can be met now: a listener, or a bound datagram socket whose program waits.
    fn shows_readiness(&mut self, event: &Event<'_>) -> bool {
        match &event.kind {
            Kind::Listening { .. } => return true,
            Kind::Created { family, kind, .. } => {
                let is_datagram = *kind == Type::Datagram;
                if is_datagram && matches!(family, Family::Inet | Family::Inet6 | Family::Unix) {
                    self.datagrams.insert(event.socket);
                }
            }
            Kind::Bound { .. } if self.datagrams.contains(&event.socket) => {
                self.bound.insert(event.socket);
            }
            Kind::Closed { .. } => {
                self.datagrams.remove(&event.socket);
                self.bound.remove(&event.socket);
            }
            Kind::Waiting { call } => {
                let receives = matches!(
                    call,
                    Call::Recv | Call::RecvFrom | Call::RecvMsg | Call::RecvMmsg | Call::Read
                );
                return receives && self.bound.contains(&event.socket);
            }
            // An event loop waits for all its sockets at once.
            Kind::Called {
                call: Call::Poll | Call::Select | Call::EpollWait,
                ..
            } => return !self.bound.is_empty(),
            _ => {}
        }
        false
    }

    fn next(&mut self) -> Next {
        if !self.ready && self.last >= Timestamp::START + PATIENCE {
            self.ready = true;
            if let Some(command) = self.beside.front() {
                let line = words::NOBODY_LISTENS.fill(
                    self.session.look.language,
                    &[
                        ("time", &duration_text(PATIENCE)),
                        ("command", &command_line(command)),
                    ],
                );
                self.session.announce(&line);
            }
        }
        match self.ready.then(|| self.beside.pop_front()).flatten() {
            Some(command) => {
                self.with.push(Beside {
                    command: command_line(&command),
                    not_started: None,
                });
                Next::Start(command)
            }
            None => Next::GoOn,
        }
    }

    /// The end: what shows only now, and what was never started.
    pub(super) fn end(&mut self, at: Timestamp) {
        for found in self.diagnosis.finish(at) {
            self.session.tap.tell(found);
        }
        let language = self.session.look.language;
        for command in self.beside.drain(..) {
            let command = command_line(&command);
            let line = words::NOT_STARTED.fill(language, &[("command", &command)]);
            self.session.announce(&line);
            self.with.push(Beside {
                command,
                not_started: Some(words::ENDED_BEFORE.say(language).to_owned()),
            });
        }
    }

    /// The programs beside the first, in the order in which they were named; all of them once it has ended.
    pub(super) fn with(&self) -> &[Beside] {
        &self.with
    }
}

/// How long the first program may take before those beside it are started all the same.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::{LookArgs, ViewArgs};
    use crate::exit::ExitCode;
    use sockeye_model::{Caller, Protocol, Tally};

    /// What is started, by the events that are heard.
    fn started(kinds: &[(u32, Kind<'static>)], quiet_until: u64) -> Vec<Vec<OsString>> {
        let view = ViewArgs {
            look: LookArgs {
                quiet: true,
                ..LookArgs::default()
            },
            ..ViewArgs::default()
        };
        let session = Session::start(&view, None, false).unwrap();
        let mut watch = Watch::new(&session, &[vec!["one".into()], vec!["two".into()]]);
        let mut started = Vec::new();
        let events = kinds.iter().map(|(socket, kind)| {
            Heard::Event(Event {
                at: Timestamp::from_nanos(5),
                took: None,
                socket: SocketId(*socket),
                parent: None,
                by: Some(Caller {
                    process: 7,
                    thread: 7,
                }),
                place: None,
                kind: kind.clone(),
            })
        });
        let quiet = (1..=quiet_until)
            .map(|second| Heard::Quiet(Timestamp::from_nanos(second * 1_000_000_000)));
        for heard in events.chain(quiet) {
            if let Next::Start(command) = watch.hear(heard) {
                started.push(command);
            }
        }
        let _ended = session.finish(Tally::default(), Ok(ExitCode::Clean));
        started
    }

    #[test]
    fn what_became_of_each_program_beside_is_kept() {
        let view = ViewArgs {
            look: LookArgs {
                quiet: true,
                ..LookArgs::default()
            },
            ..ViewArgs::default()
        };
        let session = Session::start(&view, None, false).unwrap();
        let commands: [Vec<OsString>; 2] = [vec!["nope".into()], vec!["two".into(), "a b".into()]];
        let mut watch = Watch::new(&session, &commands);
        let late = Timestamp::START + PATIENCE;
        assert!(matches!(watch.hear(Heard::Quiet(late)), Next::Start(_)));
        let error = StartError::NotFound("nope".into());
        assert!(matches!(
            watch.hear(Heard::NotStarted(error)),
            Next::Start(_)
        ));
        watch.end(late);
        let told: Vec<_> = watch.with().iter().map(|beside| &*beside.command).collect();
        assert_eq!(told, ["nope", "two 'a b'"]);
        assert!(watch.with()[0].not_started.is_some());
        assert_eq!(watch.with()[1].not_started, None);
        let mut early = Watch::new(&session, &commands);
        early.end(Timestamp::START);
        assert!(
            early
                .with()
                .iter()
                .all(|beside| beside.not_started.is_some())
        );
        let _ended = session.finish(Tally::default(), Ok(ExitCode::Clean));
    }

    #[test]
    fn what_shows_by_time_alone_is_found_while_nothing_happens() {
        let view = ViewArgs {
            look: LookArgs {
                quiet: true,
                ..LookArgs::default()
            },
            ..ViewArgs::default()
        };
        let session = Session::start(&view, None, false).unwrap();
        let mut watch = Watch::new(&session, &[]);
        watch.hear(Heard::Event(Event {
            at: Timestamp::START,
            took: None,
            socket: SocketId(1),
            parent: None,
            by: Some(Caller {
                process: 7,
                thread: 7,
            }),
            place: None,
            kind: Kind::Failed {
                call: Call::Connect,
                errno: sockeye_model::Errno::ECONNREFUSED,
                address: Some("127.0.0.1:5000".parse().unwrap()),
            },
        }));
        assert!(watch.diagnosis.found().is_empty());
        watch.hear(Heard::Quiet(Timestamp::from_nanos(4_000_000_000)));
        assert_eq!(watch.diagnosis.found()[0].finding.rule, "S05");
        drop(watch);
        let _ended = session.finish(Tally::default(), Ok(ExitCode::Clean));
    }

    fn socket(kind: Type) -> Kind<'static> {
        Kind::Created {
            family: Family::Inet,
            kind,
            protocol: Protocol::DEFAULT,
        }
    }

    fn bound() -> Kind<'static> {
        Kind::Bound {
            local: "127.0.0.1:5000".parse().unwrap(),
        }
    }

    #[test]
    fn all_programs_beside_start_once_the_first_listens() {
        let listening = Kind::Listening {
            local: "127.0.0.1:5000".parse().unwrap(),
            backlog: 1,
        };
        let before = [(1, socket(Type::Stream)), (1, bound())];
        assert!(started(&before, 1).is_empty());
        let after = [(1, socket(Type::Stream)), (1, bound()), (1, listening)];
        assert_eq!(started(&after, 1), [["one"], ["two"]]);
    }

    #[test]
    fn a_bound_datagram_socket_that_waits_is_ready_and_an_unbound_one_is_not() {
        let waits = || Kind::Waiting {
            call: Call::RecvFrom,
        };
        let polls = || Kind::Called {
            call: Call::EpollWait,
            result: Ok(0),
        };
        for ready in [(1, waits()), (0, polls())] {
            let events = [(1, socket(Type::Datagram)), (1, bound()), ready.clone()];
            assert_eq!(started(&events, 1).len(), 2, "{ready:?}");
            let unbound = [(1, socket(Type::Datagram)), ready.clone()];
            assert!(started(&unbound, 1).is_empty(), "{ready:?}");
        }
        let stream = [(1, socket(Type::Stream)), (1, bound()), (1, waits())];
        assert!(started(&stream, 1).is_empty());
    }

    #[test]
    fn after_ten_seconds_they_are_started_all_the_same() {
        assert!(started(&[], 9).is_empty());
        assert_eq!(started(&[], 11), [["one"], ["two"]]);
    }
}
