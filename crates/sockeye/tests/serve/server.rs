//! A running `sockeye serve`, and what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: Vec<String>,
}

pub(crate) fn sockeye() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        // With every signal as it is by default, whatever these tests were started with.
        let mut command = Command::new("env");
        command
            .args(["--default-signal", env!("CARGO_BIN_EXE_sockeye"), "serve"])
            .args(arguments)
            .env("LC_ALL", "C")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        Self::run(command)
    }

    /// Runs a command that becomes a server.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines() {
                let Ok(line) = line else { return };
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line on stderr.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// The next line that says where something is served, and its first address.
    pub(crate) fn ready(&self) -> SocketAddr {
        let line = self.line();
        let mut words = line.split_whitespace();
        words.nth(2).unwrap().parse().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, name).unwrap();
    }

    /// SIGTERM, and all that it says until its end.
    pub(crate) fn stop(self) -> Ended {
        self.signal(rustix::process::Signal::TERM);
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        use std::os::unix::process::ExitStatusExt;
        let mut stdout = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        let status = self.child.wait().unwrap();
        let mut stderr = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            stderr.push(line);
        }
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn tcp(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a byte and waits for its echo.
pub(crate) fn echo_byte(stream: &mut TcpStream) {
    stream.write_all(b"x").unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"x");
}

/// A directory of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sockeye-serving-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Says why a test is left out; where nothing may be, that is a failure.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// Whether a program is installed; if not, that is said.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .status()
        .unwrap()
        .success();
    if !found {
        skipped(&format!("{program} is not installed"));
    }
    found
}
