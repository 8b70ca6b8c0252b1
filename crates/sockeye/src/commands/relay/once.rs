//! A relay of one conversation between two ends that are both opened: how it came out is the exit code.

use std::sync::Arc;
use std::time::Duration;

use sockeye_model::{Address, Call, Tally, Target, Totals};
use sockeye_net::channel::{self, JoinChannels, Place, Way, join_channels};
use sockeye_net::relay::Broken;
use sockeye_view::catalogue;

use super::progress::{Progress, with_progress};
use super::sum::Sums;
use super::{dialing, not_opened};
use crate::cli::quantity::duration_text;
use crate::cli::relay::RelayArgs;
use crate::commands::Outcome;
use crate::exit::ExitCode;
use crate::report::{Failure, exit_of, io_text};
use crate::session::Session;
use crate::{stdio, words};

pub(super) async fn run(args: &RelayArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, io_text(&error, language));
    let how = dialing(args, session);
    let open = async |address, place| {
        channel::open(address, place, None, &how)
            .await
            .map_err(|error| not_opened(&error, address, args, session))
    };
    // A program that is started must not get what was passed to us.
    let passed = |address: &Address| matches!(address.target, Target::Fd(3..));
    let (from, to) = if passed(&args.to) && !passed(&args.from) {
        let to = open(&args.to, Place::To).await?;
        stdio::leave(&args.to);
        (open(&args.from, Place::From).await?, to)
    } else {
        let from = open(&args.from, Place::From).await?;
        if passed(&args.from) && !passed(&args.to) {
            stdio::leave(&args.from);
        }
        (from, open(&args.to, Place::To).await?)
    };
    stdio::leave(&args.from);
    stdio::leave(&args.to);
    tally.conversations = 1;
    let progress = Arc::new(Progress::default());
    let sums = Sums::of(args);
    let how = JoinChannels {
        witnesses: sums.witnesses(),
        ..joining(args, &progress)
    };
    let joining = join_channels(from.channel, to.channel, how);
    let outcome = with_progress(args, session, &progress, joining)
        .await
        .map_err(failed)?;
    for mut child in [from.child, to.child].into_iter().flatten() {
        if outcome.idle {
            child.terminate();
        }
        child.wait().await.map_err(failed)?;
    }
    let from = Address::new(args.from.scheme, args.from.target.clone());
    sums.say(&from, args, None);
    tally.totals = totals(&outcome);
    let outcome = came_out(args, &outcome, session);
    tally.failed = u64::from(outcome.is_err());
    outcome
}

pub(super) fn joining(args: &RelayArgs, progress: &Progress) -> JoinChannels {
    JoinChannels {
        framing: args.frame,
        max_frame: Some(args.max_frame),
        idle: args.idle,
        text: args.text,
        moved: progress.begin(),
        ..JoinChannels::default()
    }
}

pub(super) fn totals(outcome: &channel::Outcome) -> Totals {
    Totals {
        bytes_sent: outcome.there.bytes,
        bytes_received: outcome.back.bytes,
        sends: outcome.there.messages,
        receives: outcome.back.messages,
    }
}

fn came_out(args: &RelayArgs, outcome: &channel::Outcome, session: &Session) -> Outcome {
    let language = session.look.language;
    if outcome.idle {
        let time = duration_text(args.idle.unwrap_or(Duration::ZERO));
        let line = words::IDLE.fill(language, &[("address", &args.to), ("time", &time)]);
        return Err(Failure::new(ExitCode::Idle, line));
    }
    for (way, source, sink) in ways(args, outcome) {
        if let Some(broken) = &way.broken {
            return if broken.writing && !sink.scheme.is_socket() {
                stdio::written_to(sink, &broken.error, language)
            } else {
                Err(broke(way, broken, source, sink, session))
            };
        }
        if let (1.., Some(error)) = &way.dropped {
            return Err(Failure::of_net(error, Some(sink), language));
        }
    }
    for (way, source, sink) in ways(args, outcome) {
        if way.not_taken > 0 {
            let bytes = catalogue::bytes(way.not_taken, language);
            let places: [(&str, &dyn std::fmt::Display); 3] =
                [("bytes", &bytes), ("address", source), ("other", sink)];
            session.announce(&words::RELAY_NOT_TAKEN.fill(language, &places));
        }
    }
    Ok(ExitCode::Clean)
}

fn ways<'a>(
    args: &'a RelayArgs,
    outcome: &'a channel::Outcome,
) -> [(&'a Way, &'a Address, &'a Address); 2] {
    [
        (&outcome.there, &args.from, &args.to),
        (&outcome.back, &args.to, &args.from),
    ]
}

fn broke(
    way: &Way,
    broken: &Broken,
    source: &Address,
    sink: &Address,
    session: &Session,
) -> Failure {
    let language = session.look.language;
    let (at, call) = if broken.writing {
        (sink, Call::Send)
    } else {
        (source, Call::Recv)
    };
    let exit = exit_of(call, &broken.error);
    let bytes = catalogue::bytes(way.bytes, language);
    let error = io_text(&broken.error, language);
    let places: [(&str, &dyn std::fmt::Display); 3] =
        [("address", at), ("bytes", &bytes), ("error", &error)];
    let text = match (broken.writing, exit) {
        (false, ExitCode::Reset) => {
            return Failure::new(exit, words::RESET.fill(language, &places[..2]));
        }
        (false, _) => words::RECV_FAILED,
        (true, _) => words::NOT_ALL_SENT,
    };
    Failure::new(exit, text.fill(language, &places))
}
