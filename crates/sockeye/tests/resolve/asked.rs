//! Runs the tool to its end, beside name servers of the test's own.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How the tool ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// The line that says why there is no answer.
    pub(crate) fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or("")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// `sockeye resolve` with these arguments, in English.
pub(crate) fn resolve(arguments: &[&str]) -> Ran {
    command(arguments).output().unwrap().into()
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command
        .arg("resolve")
        .args(arguments)
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .env_remove("LOCALDOMAIN")
        .env_remove("RES_OPTIONS")
        .stdin(Stdio::null());
    command
}

/// A name server with one zone, `test.`; it is killed when dropped.
pub(crate) struct Zone {
    child: Child,
    folder: PathBuf,
    pub(crate) at: String,
}

impl Zone {
    /// Serves these records below the zone's own SOA and NS.
    pub(crate) fn with(records: &str) -> Self {
        Self::on("127.0.0.1:0", records)
    }

    pub(crate) fn on(address: &str, records: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("sockeye-resolve-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("test.zone");
        let own = "$ORIGIN test.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 60\n@ NS ns\nns A 192.0.2.53\n";
        std::fs::write(&file, format!("{own}{records}\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sockeye"))
            .args(["serve", &format!("dns={address}"), "--zone"])
            .arg(&file)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        // One line for TCP and one for UDP, on the same port.
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        said.read_line(&mut line).unwrap();
        let at = line.split_whitespace().nth(2);
        let at = at.unwrap_or_else(|| panic!("{line}")).to_owned();
        // Whatever it says later has a reader.
        std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(drop));
        Self { child, folder, at }
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A server over UDP that answers each question with what it is told to, until it is dropped.
pub(crate) struct Scripted {
    pub(crate) at: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    pub(crate) fn new(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        // An address of these servers alone: who asks over TCP is refused, whoever else has that number.
        let socket = UdpSocket::bind("127.77.3.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let (len, peer) = socket.recv_from(&mut buffer).unwrap();
                if len == 0 {
                    return;
                }
                if let Some(answer) = answer(&buffer[..len]) {
                    socket.send_to(&answer, peer).unwrap();
                }
            }
        });
        Self {
            at,
            thread: Some(thread),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        waker.send_to(b"", self.at).unwrap();
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

/// An answer with this code and no record; `more` stands behind the question, and is one additional record.
pub(crate) fn error(question: &[u8], code: u8, more: &[u8]) -> Vec<u8> {
    let mut answer = question[..2].to_vec();
    answer.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        u8::from(!more.is_empty()),
    ]);
    // The question ends four bytes behind the root's empty label.
    let name = question[12..].iter().position(|byte| *byte == 0).unwrap();
    answer.extend(&question[12..12 + name + 5]);
    answer.extend(more);
    answer
}

pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    {
        eprintln!("skipped: {why}");
    }
}

/// How long anything here may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
