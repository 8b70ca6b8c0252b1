//! `listen`: a server you type into. One conversation, then the end; or many at once.

use std::time::Duration;

use sockeye_model::{SocketAddress, Tally};
use sockeye_net::messages::{MessageServer, Messages, Refused, SessionLimits, WhenFull};
use sockeye_net::{AsyncSocket, Layers, Link, Listener, Listening, OpenError, listen as open};

use crate::cli::connect::Answers;
use crate::cli::listen::{ListenArgs, Many, Output};
use crate::cli::websocket::credentials;
use crate::commands::conversation::{self, Connected, Talk};
use crate::commands::messages_on_stdio::{self, Exchange};
use crate::commands::{Outcome, listen_many, ready, runtime};
use crate::exit::ExitCode;
use crate::limits::{CONNECT_TIMEOUT, DURATION_MAX};
use crate::report::Failure;
use crate::session::Session;
use crate::{advice, words};

/// Listens, converses, ends.
pub(crate) fn run(args: &ListenArgs, session: Session) -> ExitCode {
    let mut tally = Tally::default();
    let outcome = match runtime(session.look.language) {
        Ok(runtime) => runtime.block_on(listen(args, &session, &mut tally)),
        Err(failure) => Err(failure),
    };
    session.finish(tally, outcome)
}

async fn listen(args: &ListenArgs, session: &Session, tally: &mut Tally) -> Outcome {
    match args.many {
        Many::Once if args.address.scheme.connects() => once(args, session, tally).await,
        Many::Once => once_messages(args, session, tally).await,
        Many::AtOnce | Many::InTurn => listen_many::many(args, session, tally).await,
    }
}

/// The first client, and nobody else: whoever comes later is refused at once instead of waiting for ever.
async fn once(args: &ListenArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let (listener, layers) = opened(args, session).await?;
    let (socket, _) = accepted(&listener, args, session).await?;
    drop(listener);
    tally.conversations = 1;
    let wire = match layers.accept(socket).await {
        Ok(Link::Stream(wire)) => wire,
        Ok(Link::Messages(mut messages)) => {
            args.websocket.dress(&mut messages);
            return exchange(args, &messages, session, tally).await;
        }
        Err(error) => {
            tally.failed = 1;
            return Err(not_opened(&error, args, session));
        }
    };
    let talk = Talk {
        address: &args.address,
        came: true,
        first: Vec::new(),
        crlf: args.crlf,
        idle: args.idle,
        stdin: args.stdin,
        half_open: false,
        send_only: false,
        raw: args.output == Output::Raw,
    };
    let connected = Connected { wire, path: None };
    let outcome = match &args.exec {
        Some(command) => {
            conversation::with_program(&talk, command, connected, session, tally).await
        }
        None => conversation::on_stdio(&talk, connected, session, tally).await,
    };
    tally.failed = u64::from(outcome != Ok(ExitCode::Clean));
    outcome
}

/// Who sends the first message is the peer. Messages of others can't be refused: they are left out, counted and said.
async fn once_messages(args: &ListenArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let failed = |error: sockeye_net::Error| Failure::of_net(&error, Some(&args.address), language);
    let (listener, _) = opened(args, session).await?;
    let (sockets, _path) = listener.into_sockets();
    let limits = SessionLimits {
        sessions: 1,
        when_full: WhenFull::RefuseNew,
        // The conversation ends by --wait and --idle.
        idle: DURATION_MAX,
        ..SessionLimits::default()
    };
    let server = MessageServer::with_limits(sockets, limits).map_err(failed)?;
    let conversation = server.accept().await.map_err(failed)?;
    let messages = Messages::Session(conversation);
    let others = || server.dropped().too_many_sessions;
    let mut exchanging = std::pin::pin!(exchange(args, &messages, session, tally));
    let mut said = false;
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = &mut exchanging => break outcome,
            () = tokio::time::sleep(LOOK), if !said => {
                if others() > 0 {
                    said = true;
                    session.announce(words::OTHERS.say(language));
                }
            }
        }
    };
    let count = others();
    if count > 0 {
        session.announce(&words::OTHERS_COUNT.fill(language, &[("count", &count)]));
    }
    outcome
}

/// Messages with the peer that was found.
async fn exchange(
    args: &ListenArgs,
    messages: &Messages,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    tally.conversations = 1;
    let exchange = Exchange {
        address: &args.address,
        came: args.address.scheme.connects(),
        first: None,
        crlf: args.crlf,
        frame: args.frame,
        max_frame: args.max_frame,
        idle: args.idle,
        stdin: args.stdin,
        half_open: false,
        answers: Answers::UntilQuiet(args.wait),
        raw: args.output == Output::Raw,
        refused: Refused::Counted,
    };
    let outcome = match &args.exec {
        Some(command) => {
            messages_on_stdio::with_program(&exchange, command, messages, session, tally).await
        }
        None => messages_on_stdio::on_stdio(&exchange, messages, session, tally).await,
    };
    tally.failed = u64::from(outcome != Ok(ExitCode::Clean));
    outcome
}

/// The listener, and what the address puts above its connections, once everybody has been told where it is.
async fn opened(args: &ListenArgs, session: &Session) -> Result<(Listener, Layers), Failure> {
    let listener = open(&args.address, &Listening::new(session.tap.clone()))
        .await
        .map_err(|error| not_opened(&error, args, session))?;
    let layers =
        Layers::of(&args.address, &listener).map_err(|error| not_opened(&error, args, session))?;
    let layers = layers.with_credentials(credentials(&args.address).as_ref());
    let wider = |address: &str| format!("sockeye listen {address}");
    let ready_fd = args.server.ready_fd;
    ready::say(&listener, &layers, &args.address, &wider, ready_fd, session)?;
    Ok((listener, layers))
}

fn not_opened(error: &OpenError, args: &ListenArgs, session: &Session) -> Failure {
    let language = session.look.language;
    let advice = advice::on_open(&session.tap, error, args.address.scheme, language);
    Failure::of_open(error, &args.address, CONNECT_TIMEOUT, language).with_advice(advice)
}

async fn accepted(
    listener: &Listener,
    args: &ListenArgs,
    session: &Session,
) -> Result<(AsyncSocket, SocketAddress), Failure> {
    let accepted = listener.accept().await;
    accepted.map_err(|error| Failure::of_net(&error, Some(&args.address), session.look.language))
}

/// How often it is looked whether others write too.
const LOOK: Duration = Duration::from_millis(500);
