//! `listen`: a server you type into. One conversation, then the end; or many at once.

use sockeye_model::{Carries, SocketAddress, Tally};
use sockeye_net::{Listening, listen as open};

use crate::cli::listen::{ListenArgs, Many, Output};
use crate::commands::conversation::{self, Connected, Talk};
use crate::commands::{Outcome, listen_many, ready, runtime};
use crate::exit::ExitCode;
use crate::limits::CONNECT_TIMEOUT;
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
    match (args.many, args.address.scheme.carries()) {
        (Many::Once, Carries::Stream) => once(args, session, tally).await,
        (Many::AtOnce | Many::InTurn, _) => listen_many::many(args, session, tally).await,
        _ => Err(Failure::new(ExitCode::Failure, "not in this build")),
    }
}

/// The first client, and nobody else: whoever comes later is refused at once instead of waiting for ever.
async fn once(args: &ListenArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let listener = open(&args.address, &Listening::new(session.tap.clone()))
        .await
        .map_err(|error| {
            let advice = advice::on_open(&session.tap, &error, args.address.scheme, language);
            Failure::of_open(&error, &args.address, CONNECT_TIMEOUT, language).with_advice(advice)
        })?;
    let wider = |address: &str| format!("sockeye listen {address}");
    ready::say(
        &listener,
        &args.address,
        &wider,
        args.server.ready_fd,
        session,
    )?;
    let (socket, peer) = listener
        .accept()
        .await
        .map_err(|error| Failure::of_net(&error, Some(&args.address), language))?;
    drop(listener);
    tally.conversations = 1;
    say_peer(&peer, session);
    let talk = Talk {
        address: &args.address,
        first: Vec::new(),
        crlf: args.crlf,
        idle: args.idle,
        stdin: args.stdin,
        half_open: false,
        send_only: false,
        raw: args.output == Output::Raw,
    };
    let connected = Connected { socket, path: None };
    let outcome = match &args.exec {
        Some(command) => {
            conversation::with_program(&talk, command, connected, session, tally).await
        }
        None => conversation::on_stdio(&talk, connected, session, tally).await,
    };
    tally.failed = u64::from(outcome != Ok(ExitCode::Clean));
    outcome
}

fn say_peer(peer: &SocketAddress, session: &Session) {
    session.status(&words::CAME.fill(session.look.language, &[("peer", peer)]));
}
