//! Traced programs end as they do untraced, whatever they do with processes, threads and signals.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use sockeye_model::Kind;
use sockeye_trace::{Ended, Heard, Next, StartError};
use traced::{traced, traced_with};

fn ends(script: &str, expected: Ended) {
    if let Some(run) = traced(&["sh", "-c", script]) {
        assert_eq!(run.ended, expected, "{script}");
    }
}

#[test]
fn the_exit_code_is_the_programs() {
    ends("exit 0", Ended::Code(0));
    ends("exit 7", Ended::Code(7));
    ends("(exit 3); exit $?", Ended::Code(3));
}

#[test]
fn a_signal_that_kills_is_told() {
    ends("kill -TERM $$", Ended::Signal(libc::SIGTERM));
    ends("kill -KILL $$", Ended::Signal(libc::SIGKILL));
}

#[test]
fn a_signal_that_is_caught_reaches_the_handler() {
    ends("trap 'exit 9' TERM; kill -TERM $$; exit 1", Ended::Code(9));
}

#[test]
fn five_hundred_children_are_followed_and_none_is_left() {
    ends(
        "i=0; while [ $i -lt 500 ]; do (exit 1) & i=$((i+1)); done; wait; exit 5",
        Ended::Code(5),
    );
    // Of this thread alone: another test's program is no business of this one.
    let children = std::fs::read_to_string("/proc/thread-self/children");
    assert_eq!(children.unwrap_or_default(), "");
}

#[test]
fn a_program_that_stops_itself_is_continued_by_another() {
    // Its children continue it until it says that it goes on; a stop that comes after is continued too.
    ends(
        "mark=$(mktemp); rm $mark
         (i=0; while [ $i -lt 3000 ] && ! [ -e $mark ]; do kill -CONT $$; sleep 0.01; i=$((i+1)); done) &
         kill -STOP $$; : > $mark; wait; rm $mark; exit 4",
        Ended::Code(4),
    );
}

#[test]
fn a_pipeline_works() {
    ends(
        "test \"$(seq 1000 | sort -n | tail -1)\" = 1000",
        Ended::Code(0),
    );
}

#[test]
fn a_signal_sent_to_the_tracer_alone_is_passed_on() {
    let mut sent = false;
    let run = traced_with(
        &[
            "sh",
            "-c",
            "trap 'exit 9' TERM; i=0; while [ $i -lt 500 ]; do sleep 0.05; i=$((i+1)); done",
        ],
        |heard| {
            // Its first child is born behind the trap.
            if let Heard::Event(event) = heard
                && matches!(event.kind, Kind::Forked { .. })
                && !std::mem::replace(&mut sent, true)
            {
                signal_ourselves(libc::SIGTERM);
            }
            Next::GoOn
        },
    );
    if let Some(run) = run {
        assert_eq!(run.ended, Ended::Code(9));
    }
}

#[test]
fn another_program_may_be_started_beside_the_first_and_both_are_waited_for() {
    let mut started = 0;
    let run = traced_with(&["sh", "-c", "exit 3"], |heard| {
        match heard {
            Heard::Event(event) if matches!(event.kind, Kind::Started { .. }) => started += 1,
            Heard::NotStarted(StartError::NotFound(_)) => {
                return Next::Start(vec!["sh".into(), "-c".into(), "exit 4".into()]);
            }
            _ => return Next::GoOn,
        }
        match started {
            1 => Next::Start(vec!["no-such-program-anywhere".into()]),
            _ => Next::GoOn,
        }
    });
    let Some(run) = run else { return };
    assert_eq!(run.ended, Ended::Code(3), "the first one's");
    let ends: Vec<_> = run
        .events
        .iter()
        .filter_map(|event| match event.kind {
            Kind::Exited { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert!(ends.contains(&Ok(3)) && ends.contains(&Ok(4)), "{ends:?}");
}

fn signal_ourselves(signal: i32) {
    let own = rustix::process::getpid();
    let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
    rustix::process::kill_process(own, signal).unwrap();
}
