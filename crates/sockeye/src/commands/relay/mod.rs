//! `relay`: two addresses joined, for one conversation or for all that come.

use sockeye_model::plan::{Method, NeedsFraming, Plan, plan};
use sockeye_model::{Address, Kind, SocketId, Tally};
use sockeye_net::channel::shape;
use sockeye_net::{Dialing, OpenError};
use sockeye_view::catalogue::{Language, Text};

use crate::cli::relay::{RelayArgs, Roles};
use crate::commands::{Outcome, runtime};
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::session::Session;
use crate::views::Look;
use crate::{advice, stdio, words};

mod many;
mod once;
mod progress;
mod sum;

pub(in crate::commands) use many::say_notice;

/// Joins, until it is told to stop or the one conversation is over.
pub(crate) fn run(args: &RelayArgs, session: Session) -> ExitCode {
    let mut tally = Tally::default();
    let outcome = match planned(args, &session) {
        Err(failure) => Err(failure),
        Ok(plan) if args.dry_run => Ok(stdio::print(&dry(args, plan, session.look))),
        Ok(plan) => match runtime(session.look.language) {
            Ok(runtime) => runtime.block_on(relay(args, plan, &session, &mut tally)),
            Err(failure) => Err(failure),
        },
    };
    session.finish(tally, outcome)
}

fn planned(args: &RelayArgs, session: &Session) -> Result<Plan, Failure> {
    plan(
        shape(&args.from),
        shape(&args.to),
        session.tap.wants(),
        args.frame.is_some(),
        args.sum,
    )
    .map_err(|_: NeedsFraming| {
        let line = words::RELAY_NEEDS_FRAME.say(session.look.language);
        Failure::new(ExitCode::Usage, line)
    })
}

fn secured(args: &RelayArgs) -> bool {
    args.from.scheme.is_tls() || args.to.scheme.is_tls()
}

/// How the two ends will be joined, in words.
fn how(plan: Plan, layered: bool, language: Language) -> String {
    let method = match plan.method {
        Method::Copy if layered => words::RELAY_PLAN_LAYERED,
        Method::Splice => words::RELAY_PLAN_SPLICE,
        Method::Copy => words::RELAY_PLAN_COPY,
        Method::Batches => words::RELAY_PLAN_BATCHES,
        Method::OneByOne => words::RELAY_PLAN_ONE_BY_ONE,
        Method::Framed => words::RELAY_PLAN_FRAMED,
    };
    let mut how = method.say(language).to_owned();
    if plan.threads {
        how += words::RELAY_PLAN_THREADS.say(language);
    }
    how
}

/// What `--dry-run` prints.
fn dry(args: &RelayArgs, plan: Plan, look: Look) -> String {
    let language = look.language;
    let (from, to) = match args.roles {
        Roles::ListenAndDial => (words::RELAY_PLAN_LISTENS, words::RELAY_PLAN_DIALS),
        Roles::DialBoth => (words::RELAY_PLAN_DIALS, words::RELAY_PLAN_DIALS),
        Roles::ListenBoth => (words::RELAY_PLAN_PAIRS, words::RELAY_PLAN_PAIRS),
    };
    let how = how(plan, secured(args), language);
    let side = |side: Text, address: &Address, role: Text| {
        let role = role.fill(language, &[]);
        side.fill(language, &[("address", address), ("role", &role)])
    };
    format!(
        "{}\n{}\n{}\n",
        side(words::RELAY_PLAN_FROM, &args.from, from),
        side(words::RELAY_PLAN_TO, &args.to, to),
        words::RELAY_PLAN_HOW.fill(language, &[("plan", &how)])
    )
}

async fn relay(args: &RelayArgs, plan: Plan, session: &Session, tally: &mut Tally) -> Outcome {
    let plan = how(plan, secured(args), session.look.language).into();
    session
        .tap
        .emit(SocketId::NONE, None, None, Kind::Planned { plan });
    match args.roles {
        Roles::DialBoth => once::run(args, session, tally).await,
        Roles::ListenAndDial | Roles::ListenBoth => many::run(args, session, tally).await,
    }
}

/// How TO is connected to.
pub(super) fn dialing(args: &RelayArgs, session: &Session) -> Dialing {
    Dialing {
        timeout: args.timeout,
        ..Dialing::new(session.tap.clone())
    }
}

pub(super) fn not_opened(
    error: &OpenError,
    address: &Address,
    args: &RelayArgs,
    session: &Session,
) -> Failure {
    let language = session.look.language;
    let advice = advice::on_open(&session.tap, error, address.scheme, language);
    Failure::of_open(error, address, args.timeout, language).with_advice(advice)
}
