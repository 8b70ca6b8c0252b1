//! What the kernel does with calls, signals, threads and filters is the same for a traced program, and told.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use std::path::{Path, PathBuf};
use std::process::Command;

use sockeye_model::{Blind, Call, Errno, Event, Kind, Note};
use sockeye_trace::Ended;
use traced::{Traced, traced};

/// The program says so where the machine lacks what it is about.
const LACKING: i32 = 38;

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// A program of `tests/programs_in_c`, built; `None`, said in words, where there is no C compiler.
fn built(name: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/programs_in_c")
        .join(format!("{name}.c"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("traced-{name}"));
    let compiler = Command::new("cc")
        .args(["-O1", "-pthread", "-o"])
        .arg(&program)
        .arg(&source)
        .status();
    let Ok(status) = compiler else {
        skip("there is no C compiler");
        return None;
    };
    assert!(status.success(), "{name}.c");
    Some(program)
}

/// The program ends with 0 untraced, and traced it gives these events.
fn run(name: &str) -> Option<Traced> {
    let program = built(name)?;
    let untraced = Command::new(&program).status().unwrap().code();
    if untraced == Some(LACKING) {
        skip("this machine lacks what it is about");
        return None;
    }
    let run = traced(&[program.to_str().unwrap()])?;
    assert_eq!(run.ended, Ended::Code(untraced.unwrap()), "{name}");
    Some(run)
}

fn count(run: &Traced, which: impl Fn(&Event<'_>) -> bool) -> usize {
    run.events.iter().filter(|event| which(event)).count()
}

fn sent(run: &Traced) -> usize {
    count(run, |event| matches!(event.kind, Kind::Sent { .. }))
}

fn received(run: &Traced) -> usize {
    count(run, |event| matches!(event.kind, Kind::Received { .. }))
}

#[test]
fn a_receive_that_a_signal_interrupts_is_one_call_and_ends_as_untraced() {
    let Some(run) = run("signals") else { return };
    let interrupted = count(&run, |event| match event.kind {
        Kind::Failed { call, errno, .. } => (call, errno) == (Call::Recv, Errno(libc::EINTR)),
        Kind::Called { call, result, .. } => {
            (call, result) == (Call::Recv, Err(Errno(libc::EINTR)))
        }
        _ => false,
    });
    assert_eq!(interrupted, 1, "{:#?}", run.events);
    // One after the interrupted one, one that went on after its handler, one that a stop delayed, one behind an ignored signal.
    assert_eq!(received(&run), 4, "{:#?}", run.events);
}

#[test]
fn garbage_in_its_memory_is_the_programs_own_affair() {
    let Some(run) = run("garbage") else { return };
    let cut = count(&run, |event| {
        matches!(
            event.kind,
            Kind::Received {
                truncated_from: Some(10),
                ..
            }
        )
    });
    assert!(cut >= 1, "{:#?}", run.events);
}

#[test]
fn a_program_that_restricts_its_calls_is_not_killed_for_ours() {
    let Some(run) = run("own_filter") else { return };
    assert_eq!((sent(&run), received(&run)), (1, 1), "{:#?}", run.events);
}

#[test]
fn calls_of_another_architecture_are_let_through_and_said() {
    let Some(run) = run("foreign") else { return };
    let said = count(&run, |event| {
        matches!(event.kind, Kind::Noted(Note::Blind(Blind::ForeignCalls)))
    });
    assert_eq!(said, 1);
}

#[test]
fn two_thousand_sockets_are_watched() {
    let Some(run) = run("many") else { return };
    assert_eq!((sent(&run), received(&run)), (1000, 1000));
    let closed = count(&run, |event| matches!(event.kind, Kind::Closed { .. }));
    assert_eq!(closed, 2000);
}

#[test]
fn threads_born_before_the_first_socket_are_watched_and_one_may_become_another_program() {
    let Some(program) = built("threads") else {
        return;
    };
    let Some(run) = traced(&[program.to_str().unwrap()]) else {
        return;
    };
    assert_eq!(run.ended, Ended::Code(6), "the code of the second program");
    assert_eq!(sent(&run), 8);
    let replaced = count(&run, |event| matches!(event.kind, Kind::Replaced { .. }));
    assert_eq!(replaced, 1);
    let by: std::collections::HashSet<_> = run
        .events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Sent { .. }))
        .map(|event| event.by.unwrap().thread)
        .collect();
    assert_eq!(by.len(), 8, "each thread its own");
}

#[test]
fn children_whose_parent_was_killed_before_it_told_of_them_go_on() {
    run("orphans");
}
