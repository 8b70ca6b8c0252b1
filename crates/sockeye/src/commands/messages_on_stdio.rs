//! One conversation of messages with a person, a pipe or a program: what `connect` and `listen` do on UDP and its kin.

use std::fmt::Display;
use std::time::Duration;

use sockeye_model::{Address, Scheme, SocketAddress, Tally};
use sockeye_net::exec::{self, Environment};
use sockeye_net::messages::{
    Answers, FramedJoined, FramedJoining, Messages, Over, Passed, Refused, TooLong, join_framed,
};
use sockeye_net::relay::{Crlf, Filter, Passing, Stream, Until};
use sockeye_net::websocket::Fault;

use crate::cli::connect::{self, Command};
use crate::cli::frame::Framing;
use crate::cli::quantity::duration_text;
use crate::commands::{Outcome, conversation, programs};
use crate::exit::ExitCode;
use crate::limits::FIRST_REPLY;
use crate::printable::Printable;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::{stdio, websocket, words};

/// How messages are exchanged.
pub(super) struct Exchange<'a> {
    /// The address that was typed, for texts.
    pub(super) address: &'a Address,
    /// The peer has come to us, and not we to it.
    pub(super) came: bool,
    /// The message that is sent before anything is read.
    pub(super) first: Option<&'a [u8]>,
    /// Lines end in CR LF on the wire.
    pub(super) crlf: bool,
    /// How messages are marked on stdin and stdout; without it a line is a message, and what comes is written as it is.
    pub(super) frame: Option<Framing>,
    /// The longest message on stdin, bytes.
    pub(super) max_frame: usize,
    /// How long nothing may move.
    pub(super) idle: Option<Duration>,
    /// Whether stdin is read.
    pub(super) stdin: bool,
    /// Whether the peer's end leaves our direction open although stdin is a terminal.
    pub(super) half_open: bool,
    /// What is waited for after the end of input.
    pub(super) answers: connect::Answers,
    /// Received bytes reach a terminal unescaped.
    pub(super) raw: bool,
    /// What an ICMP error means: nobody hears a client, a server goes on.
    pub(super) refused: Refused,
}

/// Stdin and stdout on one side, messages on the other.
pub(super) async fn on_stdio(
    exchange: &Exchange<'_>,
    messages: &Messages,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let language = session.look.language;
    let stdio = Stream::stdio().map_err(|error| {
        Failure::new(
            ExitCode::Failure,
            words::INPUT_FAILED.fill(language, &[("error", &io_text(&error, language))]),
        )
    })?;
    stdio::leave_stdin();
    stdio::leave_stdout();
    // Whoever asks a question and counts its answers has nothing to type.
    let asks = exchange.first.is_some() && matches!(exchange.answers, connect::Answers::Count(..));
    let reads = exchange.stdin && !(asks && stdio.reads_terminal());
    let stdio = if reads { stdio } else { stdio.without_reader() };
    let typed = stdio.reads_terminal();
    say_whom(exchange, messages, session, typed);
    let escape = stdio.writes_terminal() && !exchange.raw;
    if let Some(first) = exchange.first {
        messages
            .send(first)
            .await
            .map_err(|error| not_sent(&error, exchange, session))?;
    }
    let until = match exchange.answers {
        connect::Answers::None => Until::LeftEnds,
        _ if messages.has_end() && typed && !exchange.half_open => Until::RightEnds,
        _ => Until::BothEnd,
    };
    let how = FramedJoining {
        output: exchange.frame,
        left_to_right: Passing {
            filter: exchange
                .crlf
                .then(|| Box::new(Crlf::default()) as Box<dyn Filter>),
            ..Passing::default()
        },
        right_to_left: Passing {
            filter: escape.then(|| Box::new(Printable::default()) as Box<dyn Filter>),
            ..Passing::default()
        },
        until,
        answers: answers(exchange.answers),
        refused: exchange.refused,
        idle: exchange.idle,
        max_frame: exchange.max_frame,
        ..FramedJoining::new(exchange.frame.unwrap_or(Framing::Line))
    };
    let joined = join_framed(stdio, messages, how, std::future::pending()).await;
    tally.totals = messages.totals();
    came_out(exchange, messages, joined, session)
}

/// A program has messages as its stdin and stdout.
pub(super) async fn with_program(
    exchange: &Exchange<'_>,
    command: &Command,
    messages: &Messages,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let language = session.look.language;
    say_whom(exchange, messages, session, false);
    let environment = environment(exchange.address, messages);
    let (stream, mut child) = exec::start(&command.words, Some(&environment), &session.tap)
        .map_err(|error| programs::not_started(&error, &command.words, language))?;
    let mut how = for_program(exchange.frame, exchange.idle, exchange.refused);
    how.max_frame = exchange.max_frame;
    if matches!(exchange.answers, connect::Answers::Count(..)) {
        how.answers = answers(exchange.answers);
    }
    let joined = join_framed(stream, messages, how, std::future::pending()).await;
    tally.totals = messages.totals();
    if joined.over == Over::Idle {
        child.terminate();
    }
    if let Some(exit) = programs::reap(&mut child, command, session).await? {
        return Ok(exit);
    }
    // A program that takes no more of what comes is no failure: `head -n 1` has all it wants.
    if joined.to_stream.broken_writing {
        return Ok(ExitCode::Clean);
    }
    came_out(exchange, messages, joined, session)
}

/// How a program is joined with messages: over when it has said its last.
pub(super) fn for_program(
    frame: Option<Framing>,
    idle: Option<Duration>,
    refused: Refused,
) -> FramedJoining {
    FramedJoining {
        output: frame,
        until: Until::LeftEnds,
        answers: Answers::Forever,
        refused,
        idle,
        ..FramedJoining::new(frame.unwrap_or(Framing::Line))
    }
}

/// What the program is told of its conversation.
pub(super) fn environment(address: &Address, messages: &Messages) -> Environment {
    let local = messages
        .local_address()
        .unwrap_or(SocketAddress::UnixUnnamed);
    Environment::new(address.scheme.name(), &local, &messages.peer())
}

fn answers(answers: connect::Answers) -> Answers {
    match answers {
        connect::Answers::UntilQuiet(quiet) => Answers::UntilQuiet {
            quiet,
            first: quiet.max(FIRST_REPLY),
        },
        connect::Answers::Count(count, within) => Answers::Count {
            messages: count.into(),
            within,
        },
        // The end of input is the end.
        connect::Answers::None => Answers::Forever,
    }
}

/// Says with whom, to a person. Over UDP nobody is connected: it is said where messages go.
fn say_whom(exchange: &Exchange<'_>, messages: &Messages, session: &Session, typed: bool) {
    let language = session.look.language;
    let peer = messages.peer();
    let mut line = match messages.local_address() {
        Ok(local) if exchange.came => conversation::came(&peer, &local, language),
        Ok(local) if peer.inet().is_some() && exchange.address.scheme.connects() => {
            words::CONNECTED.fill(language, &[("peer", &peer), ("local", &local)])
        }
        Ok(local) if peer.inet().is_some() => {
            words::MESSAGES_TO.fill(language, &[("peer", &peer), ("local", &local)])
        }
        _ => words::MESSAGES_TO_UNIX.fill(language, &[("peer", &peer)]),
    };
    if typed {
        line.push_str(words::END_OF_INPUT.say(language));
    }
    session.status(&line);
}

/// What it came to: our own output first, then what came, then what went.
fn came_out(
    exchange: &Exchange<'_>,
    messages: &Messages,
    joined: FramedJoined,
    session: &Session,
) -> Outcome {
    let language = session.look.language;
    let Passed {
        broken,
        broken_writing,
        first_failure,
        messages: received,
        ..
    } = joined.to_stream;
    if let Some(error) = broken {
        if broken_writing {
            return stdio::written(&error.source, language);
        }
        return Err(Failure::of_net(&error, Some(exchange.address), language));
    }
    if let Some(error) = &joined.to_messages.broken {
        if let (Some(fault), Some(message)) =
            (Fault::of(error), &joined.to_messages.refused_message)
        {
            // Whatever was not sent before it is counted too.
            let passed = &joined.to_messages;
            let number = passed.messages + passed.unsent + passed.too_long + 1;
            let line = websocket::unsendable_text(fault, number, message, language);
            return Err(Failure::new(
                websocket::fault_exit(fault),
                format!("{}: {line}", exchange.address),
            ));
        }
        if joined.to_messages.broken_writing {
            return Err(not_sent(error, exchange, session));
        }
        let error = io_text(&error.source, language);
        let line = words::INPUT_FAILED.fill(language, &[("error", &error)]);
        return Err(Failure::new(ExitCode::Failure, line));
    }
    // A message that the framing can't carry to stdout, or that the kernel did not take.
    if let Some(error) = first_failure.or(joined.to_messages.first_failure) {
        return Err(Failure::of_net(&error, Some(exchange.address), language));
    }
    let time = |time: Duration| duration_text(time);
    match (joined.over, exchange.answers) {
        (Over::Idle, _) => {
            let time = time(exchange.idle.unwrap_or(Duration::ZERO));
            let places: [(&str, &dyn Display); 2] =
                [("address", exchange.address), ("time", &time)];
            Err(Failure::new(
                ExitCode::Idle,
                words::IDLE.fill(language, &places),
            ))
        }
        (Over::Unanswered, connect::Answers::Count(count, within)) => {
            let places: [(&str, &dyn Display); 4] = [
                ("address", exchange.address),
                ("count", &received),
                ("asked", &count),
                ("time", &time(within)),
            ];
            Err(Failure::new(
                ExitCode::TimedOut,
                words::TOO_FEW.fill(language, &places),
            ))
        }
        (Over::Quiet, connect::Answers::UntilQuiet(quiet)) if received == 0 => {
            let text = if exchange.address.scheme == Scheme::Udp {
                words::NO_ANSWER
            } else {
                words::NO_ANSWER_UNIX
            };
            let time = time(quiet.max(FIRST_REPLY));
            let peer = messages.peer();
            session.announce(&text.fill(language, &[("peer", &peer), ("time", &time)]));
            Ok(ExitCode::Clean)
        }
        _ => Ok(ExitCode::Clean),
    }
}

/// A message that was not sent.
fn not_sent(error: &sockeye_net::Error, exchange: &Exchange<'_>, session: &Session) -> Failure {
    match TooLong::of(error) {
        Some(TooLong { len, max }) => too_long(&len, max, exchange, session),
        None => Failure::of_net(error, Some(exchange.address), session.look.language),
    }
}

fn too_long(len: &dyn Display, max: usize, exchange: &Exchange<'_>, session: &Session) -> Failure {
    let places: [(&str, &dyn Display); 3] =
        [("address", exchange.address), ("len", len), ("max", &max)];
    let line = words::TOO_LONG.fill(session.look.language, &places);
    Failure::new(ExitCode::Failure, line)
}
