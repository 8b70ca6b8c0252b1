//! Traced programs end as they do untraced, whatever they do with processes, threads and signals.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use sockeye_trace::Ended;
use traced::traced;

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
