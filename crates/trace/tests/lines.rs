//! Each call of a traced program has the line that made it, also after a fork and in another program.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sockeye_model::{Kind, Payload, Timestamp};
use sockeye_trace::{Heard, Lacking, Next, Options, StartError, Tracer};

/// What was sent, and the place that is told for it.
type Sent = (String, Option<String>);

struct Run {
    sent: Vec<Sent>,
    without: Vec<(String, Lacking)>,
}

/// A process has one tracer at a time.
static ONE: Mutex<()> = Mutex::new(());

fn run(command: &[&str]) -> Option<Run> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = Tracer::new(Options {
        lines: true,
        read_write: true,
        bytes: true,
        syscalls: false,
    });
    let words: Vec<OsString> = command.iter().map(OsString::from).collect();
    match tracer.start(&words) {
        Ok(_) => {}
        Err(StartError::Forbidden(error)) => {
            skip(&format!("this system forbids ptrace ({error})"));
            return None;
        }
        Err(StartError::NotFound(program)) => {
            skip(&format!("{} is not here", program.display()));
            return None;
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
    let begun = Instant::now();
    let now = || Timestamp::START + begun.elapsed();
    let mut sent = Vec::new();
    tracer
        .run(&now, &mut |heard| {
            assert!(begun.elapsed() < LIMIT, "{command:?} did not end");
            if let Heard::Event(event) = heard
                && let Kind::Sent {
                    payload: Payload::Bytes { data, .. },
                    ..
                } = &event.kind
            {
                let place = event.place.as_ref().map(|place| {
                    let function = place.function.as_deref().unwrap_or("<module>");
                    format!("at {} {function} {}", place.line, place.file)
                });
                sent.push((String::from_utf8_lossy(data).into_owned(), place));
            }
            Next::GoOn
        })
        .unwrap();
    Some(Run {
        sent,
        without: tracer.without_lines().to_vec(),
    })
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HERE: &str = "
import os, socket, subprocess, sys
def here():
    frame = sys._getframe(1)
    return f'at {frame.f_lineno} {frame.f_code.co_name} {frame.f_code.co_filename}'.encode()
left, right = socket.socketpair()
";

#[test]
fn parent_child_and_the_program_that_replaces_it_have_their_own_lines() {
    let scratch = Scratch::new("lines");
    let second = scratch.file("second.py", &format!("{HERE}\n\n\nleft.send(here())\n"));
    let first = format!(
        "{HERE}
def speak():
    left.send(here())
speak()
child = os.fork()
if child == 0:
    speak()
    left.send(here())
    os.execv(sys.executable, [sys.executable, {second:?}])
os.waitpid(child, 0)
subprocess.run([sys.executable, {second:?}], check=True)
left.send(here())
"
    );
    let Some(run) = run(&["python3", &scratch.file("first.py", &first)]) else {
        return;
    };
    assert_eq!(run.sent.len(), 6, "{:?}", run.sent);
    for (sent, place) in &run.sent {
        assert_eq!(place.as_ref(), Some(sent));
    }
    assert!(run.sent[4].0.ends_with("second.py"), "{:?}", run.sent);
    assert!(run.without.is_empty(), "{:?}", run.without);
}

#[test]
fn a_program_without_lines_is_named_with_the_reason() {
    let script = "
        const net = require('net');
        const server = net.createServer((socket) => socket.end('over')).listen(0, '127.0.0.1', () => {
            net.connect(server.address().port, '127.0.0.1').resume().on('close', () => server.close());
        });
    ";
    let Some(run) = run(&["node", "-e", script]) else {
        return;
    };
    assert_eq!(run.sent, [("over".to_owned(), None)]);
    let reasons: Vec<&Lacking> = run.without.iter().map(|(_, lacking)| lacking).collect();
    assert_eq!(reasons, [&Lacking::Runtime { name: "Node.js" }]);
    assert!(run.without[0].0.starts_with("node"), "{:?}", run.without);
}

/// Longer than any of these programs takes.
const LIMIT: Duration = Duration::from_secs(60);
