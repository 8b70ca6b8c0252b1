//! A process that runs already is watched, let go, and lives on.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use sockeye_model::Kind;
use sockeye_trace::{Heard, Next};

#[test]
fn a_process_that_was_attached_to_shows_its_calls_and_lives_on() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs_in_c/attached.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traced-attached");
    let compiler = Command::new("cc")
        .args(["-O1", "-pthread", "-o"])
        .args([&program, &source])
        .status();
    if compiler.is_err() {
        return skip();
    }
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut byte = [0];
    output.read_exact(&mut byte).unwrap();
    let mut received = 0;
    let run = traced::attached(child.id(), |heard| {
        let Heard::Event(event) = heard else {
            return Next::GoOn;
        };
        match event.kind {
            Kind::Started { .. } => input.write_all(b"abc").unwrap(),
            Kind::Received { .. } => received += 1,
            _ => {}
        }
        if received == 3 {
            received = 0;
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::INT).unwrap();
        }
        Next::GoOn
    });
    if let Some(run) = run {
        let sent = |event: &&sockeye_model::Event<'_>| matches!(event.kind, Kind::Sent { .. });
        assert_eq!(run.events.iter().filter(sent).count(), 3);
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        assert!(status.contains("TracerPid:\t0"), "{status}");
    }
    input.write_all(b"d").unwrap();
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with('d'), "it goes on: {rest}");
    assert!(child.wait().unwrap().success());
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip() {
    eprintln!("skipped: there is no C compiler");
}
