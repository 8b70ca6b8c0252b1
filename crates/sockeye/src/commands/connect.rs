//! `connect`: a client. Stdin to the socket, the socket to stdout; or a question whether it answers; or a program.

use std::fmt::Display;

use sockeye_model::Tally;
use sockeye_net::messages::{Messages, Refused};
use sockeye_net::{Dialing, Lent, Link, connect as open};

use crate::cli::connect::{Answers, ConnectArgs, Errand};
use crate::cli::quantity::duration_text;
use crate::cli::websocket::credentials;
use crate::commands::conversation::{self, Connected, Talk};
use crate::commands::messages_on_stdio::{self, Exchange};
use crate::commands::{Outcome, runtime};
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::session::Session;
use crate::{advice, words};

/// Connects, converses, ends.
pub(crate) fn run(args: &ConnectArgs, session: Session) -> ExitCode {
    let mut tally = Tally::default();
    let outcome = match runtime(session.look.language) {
        Ok(runtime) => runtime.block_on(connect(args, &session, &mut tally)),
        Err(failure) => Err(failure),
    };
    tally.failed = u64::from(tally.conversations > 0 && outcome != Ok(ExitCode::Clean));
    session.finish(tally, outcome)
}

/// How a client's socket is opened for these arguments.
fn dialing(args: &ConnectArgs, session: &Session) -> Dialing {
    Dialing {
        timeout: args.timeout,
        retries: args.retry.times,
        retry_delay: args.retry.delay,
        credentials: credentials(&args.address),
        ..Dialing::new(session.tap.clone())
    }
}

async fn connect(args: &ConnectArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let opened = open(&args.address, &dialing(args, session))
        .await
        .map_err(|error| {
            let advice = advice::on_open(&session.tap, &error, args.address.scheme, language);
            Failure::of_open(&error, &args.address, args.timeout, language).with_advice(advice)
        })?;
    tally.conversations = 1;
    // The file of a socket bound to a path lives as long as the conversation.
    let path = opened.path;
    if args.errand == Errand::Echo {
        let outcome = echo(args, &opened.link, session).await;
        tally.totals = opened.link.totals();
        drop((opened.link, path));
        return outcome;
    }
    let connected = match opened.link {
        Link::Stream(wire) => Connected { wire, path },
        Link::Messages(mut messages) => {
            args.websocket.dress(&mut messages);
            let outcome = exchange(args, &messages, session, tally).await;
            drop((messages, path));
            return outcome;
        }
    };
    let talk = Talk {
        address: &args.address,
        came: false,
        first: args.send.clone().unwrap_or_default(),
        crlf: args.crlf,
        idle: args.idle,
        stdin: args.stdin,
        half_open: args.half_open,
        send_only: args.answers == Answers::None,
        raw: args.raw,
    };
    match &args.errand {
        Errand::Probe => {
            connected.wire.leave().await;
            session.status(&words::ANSWERS.fill(language, &[("address", &args.address)]));
            Ok(ExitCode::Clean)
        }
        Errand::Exec(command) => {
            conversation::with_program(&talk, command, connected, session, tally).await
        }
        Errand::Converse | Errand::Echo => {
            conversation::on_stdio(&talk, connected, session, tally).await
        }
    }
}

/// Each message goes back with its type, each stretch of a stream as it came, until the other side ends.
async fn echo(args: &ConnectArgs, link: &Link, session: &Session) -> Outcome {
    let language = session.look.language;
    let failed = |error| Failure::of_net(&error, Some(&args.address), language);
    loop {
        let received = match args.idle {
            None => link.recv().await,
            Some(idle) => match tokio::time::timeout(idle, link.recv()).await {
                Ok(received) => received,
                Err(_) => {
                    let time = duration_text(idle);
                    let places: [(&str, &dyn Display); 2] =
                        [("address", &args.address), ("time", &time)];
                    let line = words::IDLE.fill(language, &places);
                    return Err(Failure::new(ExitCode::Idle, line));
                }
            },
        };
        match received.map_err(failed)? {
            Lent::Data(data) => link.pass(&data).await.map_err(failed)?,
            Lent::End => {
                link.finish().await.map_err(failed)?;
                return Ok(ExitCode::Clean);
            }
        }
    }
}

/// A socket of messages: each line is one, and answers are waited for.
async fn exchange(
    args: &ConnectArgs,
    messages: &Messages,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let exchange = Exchange {
        address: &args.address,
        came: false,
        first: args.send.as_deref(),
        crlf: args.crlf,
        frame: args.frame,
        max_frame: args.max_frame,
        idle: args.idle,
        stdin: args.stdin,
        half_open: args.half_open,
        answers: args.answers,
        raw: args.raw,
        refused: Refused::Breaks,
    };
    match &args.errand {
        Errand::Probe => {
            let language = session.look.language;
            session.status(&words::ANSWERS.fill(language, &[("address", &args.address)]));
            Ok(ExitCode::Clean)
        }
        Errand::Exec(command) => {
            messages_on_stdio::with_program(&exchange, command, messages, session, tally).await
        }
        Errand::Converse | Errand::Echo => {
            messages_on_stdio::on_stdio(&exchange, messages, session, tally).await
        }
    }
}
