//! `wait`: until each address answers, or a deadline; then a program takes our place.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process;
use std::time::Duration;

use sockeye_model::{Address, Tally};
use sockeye_net::{Dialing, OpenError, connect};
use sockeye_view::catalogue::Language;
use tokio::time::{Instant, sleep};

use crate::cli::WaitArgs;
use crate::cli::quantity::duration_text;
use crate::commands::{Outcome, programs, runtime};
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::session::Session;
use crate::{advice, words};

/// Waits, then runs the program, if there is one.
pub(crate) fn run(args: &WaitArgs, session: Session) -> ExitCode {
    let language = session.look.language;
    let outcome = match runtime(language) {
        Ok(runtime) => runtime.block_on(wait(args, &session)),
        Err(failure) => Err(failure),
    };
    let exit = session.finish(Tally::default(), outcome);
    match args.command.split_first() {
        Some((program, arguments)) if exit == ExitCode::Clean => {
            become_program(program, arguments, language)
        }
        _ => exit,
    }
}

/// All at once: each is asked again and again until it answers or the deadline has passed.
async fn wait(args: &WaitArgs, session: &Session) -> Outcome {
    let language = session.look.language;
    let deadline = Instant::now() + args.timeout;
    let mut asked: Vec<_> = args
        .addresses
        .iter()
        .map(|address| Box::pin(until_it_answers(address, args.interval, deadline, session)))
        .collect();
    let missing: Vec<_> = all(&mut asked).await.into_iter().flatten().collect();
    match missing.as_slice() {
        [] => Ok(ExitCode::Clean),
        [(address, error)] if !error.may_pass() => {
            Err(Failure::of_open(error, address, args.timeout, language))
        }
        late => {
            let each: Vec<String> = late
                .iter()
                .map(|(address, error)| {
                    let advice = advice::on_open(&session.tap, error, address.scheme, language);
                    Failure::of_open(error, address, args.timeout, language)
                        .with_advice(advice)
                        .line
                })
                .collect();
            let time = duration_text(args.timeout);
            let line = words::STILL_WAITING.fill(
                language,
                &[("time", &time), ("addresses", &each.join("; "))],
            );
            Err(Failure::new(ExitCode::TimedOut, line))
        }
    }
}

/// `None` once it answers; else what it said last.
async fn until_it_answers<'a>(
    address: &'a Address,
    interval: Duration,
    deadline: Instant,
    session: &Session,
) -> Option<(&'a Address, OpenError)> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let how = Dialing {
            timeout: left.max(LAST_LOOK),
            ..Dialing::new(session.tap.clone())
        };
        match connect(address, &how).await {
            Ok(answers) => {
                answers.link.leave().await;
                session
                    .status(&words::ANSWERS.fill(session.look.language, &[("address", address)]));
                return None;
            }
            Err(error) if !error.may_pass() => return Some((address, error)),
            Err(error) if Instant::now() + interval >= deadline => return Some((address, error)),
            Err(_not_yet) => sleep(interval).await,
        }
    }
}

/// Every result, in order, once all are there.
async fn all<F: Future + Unpin>(futures: &mut [F]) -> Vec<F::Output> {
    let mut results: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut open = false;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    std::task::Poll::Ready(output) => *result = Some(output),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// The program takes the place of this process: its signals, its terminal and its exit code are its own.
fn become_program(program: &OsString, arguments: &[OsString], language: Language) -> ExitCode {
    let error = process::Command::new(program).args(arguments).exec();
    let failure = programs::could_not_run(&error, &program.to_string_lossy(), language);
    failure.say();
    failure.exit
}

/// What the last try gets when the deadline is near.
const LAST_LOOK: Duration = Duration::from_millis(1);
