//! A process that runs already is watched, let go, and lives on.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use std::time::{Duration, Instant};

use sockeye_model::{Call, Came, Kind, Note, Runtime, SocketAddress};
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
        return skip("there is no C compiler");
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
            rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
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

#[test]
fn what_was_open_before_is_told_as_it_was_and_not_as_calls() {
    let script = r#"
import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(7)
c = socket.socket(); c.connect(s.getsockname()); d, _ = s.accept()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
a, b = socket.socketpair(); a.setblocking(False); b.setblocking(False)
x, y = socket.socketpair()
n = socket.socket(socket.AF_UNIX); n.bind(f"\0sockeye-found-{os.getpid()}"); n.listen(3)
c.send(b"before")
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
d.recv(9); d.close()
print("bye", flush=True)
sys.stdin.readline()
"#;
    let Ok(mut child) = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        return skip("there is no Python");
    };
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let listener: SocketAddress = format!("127.0.0.1:{}", line.trim()).parse().unwrap();
    let pid = child.id();
    let run = traced::attached(pid, |heard| {
        if let Heard::Event(event) = heard {
            match event.kind {
                Kind::Started { .. } => input.write_all(b"\n").unwrap(),
                Kind::Closed { .. } if event.took.is_some() => {
                    let own = rustix::process::getpid();
                    rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
                }
                _ => {}
            }
        }
        Next::GoOn
    });
    input.write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    let Some(run) = run else {
        return;
    };
    let before = run.events.iter().filter(|event| event.took.is_none());
    let before: Vec<&Kind<'_>> = before.map(|event| &event.kind).collect();
    let count = |which: &dyn Fn(&Kind<'_>) -> bool| before.iter().filter(|one| which(one)).count();
    let found = |kind: &Kind<'_>| matches!(kind, Kind::Noted(Note::Descriptor { came, .. }) if *came == Came::Found);
    assert_eq!(count(&found), 7, "{before:#?}");
    let created = |kind: &Kind<'_>| matches!(kind, Kind::Created { .. });
    assert_eq!(
        count(&created),
        7,
        "the pair of a loop is folded: {before:#?}"
    );
    let listens = Kind::Listening {
        local: listener.clone(),
        backlog: 7,
    };
    assert_eq!(count(&|kind| *kind == listens), 1, "{before:#?}");
    let name = format!("sockeye-found-{pid}");
    let local = SocketAddress::UnixAbstract(name.as_bytes().into());
    let listens = Kind::Listening { local, backlog: 3 };
    assert_eq!(count(&|kind| *kind == listens), 1, "{before:#?}");
    let connected = |kind: &Kind<'_>| matches!(kind, Kind::Connected { local, peer } if *local == listener || *peer == listener);
    assert_eq!(count(&connected), 2, "{before:#?}");
    let joined = |kind: &Kind<'_>| matches!(kind, Kind::Connected { .. });
    assert_eq!(count(&joined), 2, "a pair is none: {before:#?}");
    let paired = |kind: &Kind<'_>| matches!(kind, Kind::Noted(Note::Paired { .. }));
    assert_eq!(count(&paired), 1, "{before:#?}");
    let bound = |kind: &Kind<'_>| matches!(kind, Kind::Bound { .. });
    assert_eq!(count(&bound), 1, "{before:#?}");
    let folded = |kind: &Kind<'_>| matches!(kind, Kind::Noted(Note::Runtime { of, sockets: 2 }) if *of == Runtime::WakeUp);
    assert_eq!(count(&folded), 1, "{before:#?}");
}

/// A program that waits in `call`; `None`, said in words, without a C compiler.
fn waiting_in(call: &str) -> Option<Child> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs_in_c/interrupted.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("traced-interrupted-{call}"));
    let compiler = Command::new("cc")
        .args(["-O1", "-pthread", "-o"])
        .args([&program, &source])
        .status();
    if compiler.is_err() {
        skip("there is no C compiler");
        return None;
    }
    let mut child = Command::new(&program)
        .arg(call)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    let output = child.stdout.as_mut().unwrap();
    output.read_exact(&mut byte).unwrap();
    // Asleep in the call, and no longer on the way to it.
    let is_asleep = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.contains(") S ")
    };
    let begun = std::time::Instant::now();
    while !is_asleep() {
        assert!(begun.elapsed().as_secs() < 20, "it does not wait");
        std::thread::yield_now();
    }
    Some(child)
}

/// What became of the call the program waits in while it was attached to and let go, and somebody sent it `signal` meanwhile.
fn after_a_visit(call: &str, signal: Option<rustix::process::Signal>) -> Option<String> {
    let mut child = waiting_in(call)?;
    let mut sent = false;
    let run = traced::attached(child.id(), |heard| {
        // Time in which it would have told of what the stop did to it.
        if let Heard::Quiet(_) = heard {
            if let Some(signal) = signal.filter(|_| !sent) {
                rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal)
                    .unwrap();
                sent = true;
            } else {
                let own = rustix::process::getpid();
                rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
            }
        }
        Next::GoOn
    });
    // Whoever was interrupted has gone.
    let _gone = child.stdin.take().unwrap().write_all(b"a");
    let mut rest = String::new();
    let mut output = child.stdout.take().unwrap();
    output.read_to_string(&mut rest).unwrap();
    // One that ended while it was traced was waited for by the tracer.
    let _gone = child.wait();
    run.map(|_| rest)
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_call_that_a_stop_would_end_goes_on_and_a_handler_still_ends_it() {
    for call in ["epoll", "recv"] {
        if let Some(rest) = after_a_visit(call, None) {
            assert_eq!(rest, "received\n", "{call}");
        }
        let signal = Some(rustix::process::Signal::USR1);
        if let Some(rest) = after_a_visit(call, signal) {
            assert_eq!(rest, "EINTR\n", "{call}");
        }
    }
}

#[test]
fn a_poll_that_waited_before_is_told_as_waiting() {
    let script = r#"
import select, socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(7)
p = select.poll(); p.register(s, select.POLLIN)
print(s.getsockname()[1], flush=True)
p.poll()
s.accept()
"#;
    let Ok(mut child) = Command::new("python3")
        .args(["-c", script])
        .stdout(Stdio::piped())
        .spawn()
    else {
        return skip("there is no Python");
    };
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = format!("127.0.0.1:{}", line.trim());
    let within = format!("/proc/{}/syscall", child.id());
    let number = if cfg!(target_arch = "x86_64") { 7 } else { 73 };
    let polls = |text: String| text.starts_with(&format!("{number} "));
    let begun = Instant::now();
    while !std::fs::read_to_string(&within).is_ok_and(polls) {
        assert!(child.try_wait().unwrap().is_none(), "it waits for a client");
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            child.wait().unwrap();
            return skip("it can't be seen which call a process is in");
        }
        std::thread::yield_now();
    }
    let mut met = None;
    let run = traced::attached(child.id(), |heard| {
        if let Heard::Event(event) = heard
            && let Kind::Noted(Note::Polling { call, .. }) = event.kind
        {
            assert_eq!(call, Call::Accept);
            met.get_or_insert_with(|| std::net::TcpStream::connect(&address).unwrap());
        }
        Next::GoOn
    });
    if run.is_some() {
        assert!(met.is_some(), "the wait was told");
    } else {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}
