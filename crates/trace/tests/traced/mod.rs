//! Runs a program under the tracer, one at a time, and keeps what was told.
#![allow(dead_code, reason = "each of the files of tests uses what it needs")]

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sockeye_model::{Event, Timestamp};
use sockeye_trace::{Ended, Heard, Next, Options, StartError, Tracer};

/// How it ended, and all events.
pub(crate) struct Traced {
    pub(crate) ended: Ended,
    pub(crate) events: Vec<Event<'static>>,
}

pub(crate) const OPTIONS: Options = Options {
    lines: false,
    read_write: true,
    syscalls: false,
    bytes: true,
};

/// A process has one tracer at a time, and a signal that ends a test's program too late would end the wrong one.
static ONE: Mutex<()> = Mutex::new(());

/// Traces `command` to its end; `None`, said in words, where the system forbids to trace.
pub(crate) fn traced(command: &[&str]) -> Option<Traced> {
    traced_with(command, |_| Next::GoOn)
}

/// The same, with an answer to each event.
pub(crate) fn traced_with(
    command: &[&str],
    answer: impl FnMut(&Heard<'_>) -> Next,
) -> Option<Traced> {
    let words: Vec<OsString> = command.iter().map(OsString::from).collect();
    with_tracer(|tracer| tracer.start(&words).map(drop), answer)
}

/// Attaches to a process and traces it until somebody sends this one a signal that ends a program.
pub(crate) fn attached(pid: u32, answer: impl FnMut(&Heard<'_>) -> Next) -> Option<Traced> {
    with_tracer(|tracer| tracer.attach(pid), answer)
}

fn with_tracer(
    begin: impl FnOnce(&mut Tracer) -> Result<(), StartError>,
    mut answer: impl FnMut(&Heard<'_>) -> Next,
) -> Option<Traced> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = Tracer::new(OPTIONS);
    match begin(&mut tracer) {
        Ok(()) => {}
        Err(StartError::Forbidden(error)) => return skipped(&error),
        Err(error) => panic!("{error}"),
    }
    let begun = Instant::now();
    let now = || Timestamp::START + begun.elapsed();
    let mut events = Vec::new();
    let ended = tracer
        .run(&now, &mut |heard| {
            assert!(begun.elapsed() < LIMIT, "it did not end: {events:#?}");
            let next = answer(&heard);
            if let Heard::Event(event) = heard {
                events.push(event.into_owned());
            }
            next
        })
        .unwrap();
    Some(Traced { ended, events })
}

/// Longer than any test takes; a program that hangs is told by `Quiet` and ends the test.
const LIMIT: Duration = Duration::from_secs(60);

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped(error: &std::io::Error) -> Option<Traced> {
    eprintln!("skipped: this system forbids ptrace ({error})");
    None
}
