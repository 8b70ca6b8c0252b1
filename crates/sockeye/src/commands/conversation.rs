//! One conversation of a stream with a person, a pipe or a program: what `connect` and `listen` do once connected.

use std::time::Duration;

use sockeye_model::{Address, Call, SocketAddress, Tally, Totals};
use sockeye_net::exec::{self, Environment};
use sockeye_net::relay::{
    Broken, Crlf, Filter, Joined, Joining, Passing, Stream, Until, Way, join,
};
use sockeye_net::{BoundPath, Wire};
use sockeye_view::catalogue::{self, Language};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::cli::connect::Command;
use crate::cli::quantity::duration_text;
use crate::commands::{Outcome, programs};
use crate::exit::ExitCode;
use crate::limits::STDIN_NOTE;
use crate::printable::Printable;
use crate::report::{Failure, exit_of, io_text};
use crate::session::Session;
use crate::{advice, stdio, words};

/// How a conversation is held.
pub(super) struct Talk<'a> {
    /// The address that was typed, for texts.
    pub(super) address: &'a Address,
    /// The peer has come to us, and not we to it.
    pub(super) came: bool,
    /// What is sent before anything is read.
    pub(super) first: Vec<u8>,
    /// Lines end in CR LF on the wire.
    pub(super) crlf: bool,
    /// How long nothing may move.
    pub(super) idle: Option<Duration>,
    /// Whether stdin is read.
    pub(super) stdin: bool,
    /// Whether the peer's end leaves our direction open although stdin is a terminal.
    pub(super) half_open: bool,
    /// Whether the end of our input is the end of all.
    pub(super) send_only: bool,
    /// Received bytes reach a terminal unescaped.
    pub(super) raw: bool,
}

/// A connection, with the file that must live as long as it.
pub(super) struct Connected {
    pub(super) wire: Wire,
    pub(super) path: Option<BoundPath>,
}

/// Stdin and stdout on one side, the socket on the other.
pub(super) async fn on_stdio(
    talk: &Talk<'_>,
    connected: Connected,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let language = session.look.language;
    let ends = Ends::of(&connected);
    advice::tell_peer(&session.tap, connected.wire.socket(), talk.address.scheme);
    let stdio = Stream::stdio().map_err(|error| {
        Failure::new(
            ExitCode::Failure,
            words::INPUT_FAILED.fill(language, &[("error", &io_text(&error, language))]),
        )
    })?;
    stdio::leave_stdin();
    stdio::leave_stdout();
    let stdio = if talk.stdin {
        stdio
    } else {
        stdio.without_reader()
    };
    let typed = stdio.reads_terminal();
    ends.say(talk, session, typed);
    let escape = stdio.writes_terminal() && !talk.raw;
    let (ended, ends_told) = tokio::sync::mpsc::unbounded_channel();
    let how = Joining {
        left_to_right: Passing {
            first: talk.first.clone(),
            filter: talk
                .crlf
                .then(|| Box::new(Crlf::default()) as Box<dyn Filter>),
            ..Passing::default()
        },
        right_to_left: Passing {
            filter: escape.then(|| Box::new(Printable::default()) as Box<dyn Filter>),
            ..Passing::default()
        },
        until: match typed && !talk.half_open {
            _ if talk.send_only => Until::LeftEnds,
            true => Until::RightEnds,
            false => Until::BothEnd,
        },
        idle: talk.idle,
        ended: Some(ended),
    };
    // The file of a socket bound to a path lives as long as the conversation.
    let _path = connected.path;
    let joining = join(stdio, Stream::wire(connected.wire), how);
    let joined = if typed || !talk.stdin {
        joining.await
    } else {
        with_note(joining, ends_told, session).await
    };
    count(tally, &joined);
    came_out(talk, &joined, session)
}

/// Waits for the conversation; when the peer has ended and stdin stays open without a word, says so once.
async fn with_note(
    joining: impl Future<Output = Joined>,
    mut ended: UnboundedReceiver<Way>,
    session: &Session,
) -> Joined {
    let mut joining = std::pin::pin!(joining);
    // The note is due when the peer's end was told, and then nothing but a still open stdin for a while.
    let patience = async {
        if ended.recv().await != Some(Way::RightToLeft) {
            std::future::pending::<()>().await;
        }
        tokio::select! {
            biased;
            _our_end = ended.recv() => std::future::pending().await,
            () = tokio::time::sleep(STDIN_NOTE) => {}
        }
    };
    let note = std::pin::pin!(patience);
    tokio::select! {
        biased;
        joined = &mut joining => return joined,
        () = note => {}
    }
    session.announce(words::PEER_ENDED.say(session.look.language));
    joining.await
}

/// A program has the socket as its stdin and stdout.
pub(super) async fn with_program(
    talk: &Talk<'_>,
    command: &Command,
    connected: Connected,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let language = session.look.language;
    let ends = Ends::of(&connected);
    advice::tell_peer(&session.tap, connected.wire.socket(), talk.address.scheme);
    ends.say(talk, session, false);
    let environment = Environment::new(talk.address.scheme.name(), &ends.local, &ends.peer);
    let (stream, mut child) = exec::start(&command.words, Some(&environment), &session.tap)
        .map_err(|error| programs::not_started(&error, &command.words, language))?;
    let how = Joining {
        idle: talk.idle,
        ..Joining::default()
    };
    let _path = connected.path;
    let joined = join(stream, Stream::wire(connected.wire), how).await;
    count(tally, &joined);
    if joined.idle {
        child.terminate();
    }
    if let Some(exit) = programs::reap(&mut child, command, session).await? {
        return Ok(exit);
    }
    // A program that takes no more of what comes is no failure: `head -c 5` has all it wants.
    let back_is_fine = matches!(
        &joined.right_to_left.1,
        Some(Err(Broken { writing: true, .. }))
    );
    if back_is_fine && !joined.idle {
        Ok(ExitCode::Clean)
    } else {
        came_out(talk, &joined, session)
    }
}

/// Both ends of the connection.
struct Ends {
    local: SocketAddress,
    peer: SocketAddress,
}

impl Ends {
    fn of(connected: &Connected) -> Self {
        let unknown = SocketAddress::UnixUnnamed;
        Self {
            local: connected
                .wire
                .local_address()
                .unwrap_or_else(|_| unknown.clone()),
            peer: connected.wire.peer_address().unwrap_or(unknown),
        }
    }

    /// Says who is connected with whom, to a person who types.
    fn say(&self, talk: &Talk<'_>, session: &Session, typed: bool) {
        let language = session.look.language;
        let mut line = if talk.came {
            came(&self.peer, &self.local, language)
        } else if self.peer.inet().is_some() {
            words::CONNECTED.fill(language, &[("peer", &self.peer), ("local", &self.local)])
        } else {
            words::CONNECTED_UNIX.fill(language, &[("peer", &self.peer)])
        };
        if typed {
            line.push_str(words::END_OF_INPUT.say(language));
        }
        session.status(&line);
    }
}

/// Who has come to us.
pub(super) fn came(peer: &SocketAddress, local: &SocketAddress, language: Language) -> String {
    if *peer == SocketAddress::UnixUnnamed {
        return words::CAME_UNNAMED.fill(language, &[("local", local)]);
    }
    words::CAME.fill(language, &[("peer", peer), ("local", local)])
}

fn count(tally: &mut Tally, joined: &Joined) {
    tally.totals = Totals {
        bytes_sent: joined.left_to_right.0,
        bytes_received: joined.right_to_left.0,
        ..Totals::default()
    };
}

/// What a conversation on stdio came to: our own output first, then what came, then what went.
fn came_out(talk: &Talk<'_>, joined: &Joined, session: &Session) -> Outcome {
    let language = session.look.language;
    let received = catalogue::bytes(joined.right_to_left.0, language);
    let sent = catalogue::bytes(joined.left_to_right.0, language);
    let address = talk.address;
    match &joined.right_to_left.1 {
        Some(Err(Broken {
            writing: true,
            error,
        })) => return stdio::written(error, language),
        Some(Err(Broken {
            writing: false,
            error,
        })) => {
            let exit = exit_of(Call::Recv, error);
            let line = match exit {
                ExitCode::Reset => {
                    words::RESET.fill(language, &[("address", address), ("bytes", &received)])
                }
                _ => words::RECV_FAILED.fill(
                    language,
                    &[
                        ("address", address),
                        ("bytes", &received),
                        ("error", &io_text(error, language)),
                    ],
                ),
            };
            return Err(Failure::new(exit, line));
        }
        Some(Ok(())) | None => {}
    }
    if let Some(Err(broken)) = &joined.left_to_right.1 {
        let error = io_text(&broken.error, language);
        return Err(if broken.writing {
            let exit = exit_of(Call::Send, &broken.error);
            let places: [(&str, &dyn std::fmt::Display); 3] =
                [("address", address), ("bytes", &sent), ("error", &error)];
            Failure::new(exit, words::NOT_ALL_SENT.fill(language, &places))
        } else {
            Failure::new(
                ExitCode::Failure,
                words::INPUT_FAILED.fill(language, &[("error", &error)]),
            )
        });
    }
    if joined.idle {
        let time = duration_text(talk.idle.unwrap_or(Duration::ZERO));
        let line = words::IDLE.fill(language, &[("address", address), ("time", &time)]);
        return Err(Failure::new(ExitCode::Idle, line));
    }
    Ok(ExitCode::Clean)
}
