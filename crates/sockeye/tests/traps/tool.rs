//! Drives the tool: starts it, feeds it, waits for what it says and for its end, and never for ever.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

pub(crate) use crate::ran::Ran;
use crate::ran::command_with_signals;

/// How long anything in these tests may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any test needs: the tool is killed then, whatever its test waits for.
const WATCH: Duration = Duration::from_secs(60);

/// The tool while it runs. Dropping it kills it.
pub(crate) struct Tool {
    child: Child,
    ended: OwnedFd,
    /// The pipe to its stdin; taking it away ends the input.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Heard,
    pub(crate) stderr: Heard,
}

/// What has come from one of its outputs.
#[derive(Clone)]
pub(crate) struct Heard(Arc<(Mutex<Ear>, Condvar)>);

#[derive(Default)]
struct Ear {
    bytes: Vec<u8>,
    over: bool,
}

impl Tool {
    /// The tool with these arguments, its stdin a pipe that stays open.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(
            command_with_signals(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        )
    }

    /// A server, once it is ready, and the addresses it says it has.
    pub(crate) fn serve(arguments: &[&str]) -> (Self, Vec<String>) {
        let mut command = command_with_signals(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self::serve_as(&command)
    }

    /// The same for a server of one address.
    pub(crate) fn serve_one(arguments: &[&str]) -> (Self, String) {
        let (tool, mut addresses) = Self::serve(arguments);
        assert_eq!(addresses.len(), 1, "{addresses:?}");
        (tool, addresses.remove(0))
    }

    /// A server started in another way: `--ready-fd 3` and the descriptor are added to `command`. Its stdin and stdout
    /// are pipes.
    pub(crate) fn serve_as(command: &Command) -> (Self, Vec<String>) {
        let (ready, tell) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        // The shell opens our own pipe once more, and becomes the server.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec 3>\"$0\"; exec \"$@\" --ready-fd 3"])
            .arg(format!(
                "/proc/{}/fd/{}",
                std::process::id(),
                tell.as_raw_fd()
            ))
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap());
        }
        let mut tool = Self::spawn(&mut shell);
        let until = Instant::now() + PATIENCE;
        let mut lines = String::new();
        let mut ready = File::from(ready);
        // All lines come in one write, which a pipe does not divide.
        while !lines.ends_with('\n') {
            let mut events = [
                PollFd::new(&ready, PollFlags::IN),
                PollFd::new(&tool.ended, PollFlags::IN),
            ];
            retry_on_intr(|| poll(&mut events, Some(&left(until)))).unwrap();
            if !events[0].revents().contains(PollFlags::IN) {
                panic!("not ready: {:?}", tool.kill());
            }
            let mut buffer = [0; 4096];
            let n = ready.read(&mut buffer).unwrap();
            lines.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
        }
        (tool, lines.lines().map(str::to_owned).collect())
    }

    /// Starts what `command` is; its stderr is listened to, and its stdin and stdout where they are pipes.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let watched = ended.try_clone().unwrap();
        thread::spawn(move || {
            let mut events = [PollFd::new(&watched, PollFlags::IN)];
            if retry_on_intr(|| poll(&mut events, Some(&left(Instant::now() + WATCH)))) == Ok(0) {
                let _ = pidfd_send_signal(&watched, Signal::KILL);
            }
        });
        Self {
            ended,
            stdin: child.stdin.take(),
            stdout: Heard::from(child.stdout.take()),
            stderr: Heard::from(child.stderr.take()),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Writes to its stdin, which stays open.
    pub(crate) fn type_in(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Writes all of this to its stdin, and then ends it, while the test does something else.
    pub(crate) fn feed(&mut self, bytes: Vec<u8>) {
        let mut stdin = self.stdin.take().unwrap();
        // It may end before it has read everything: what arrived is what counts.
        thread::spawn(move || stdin.write_all(&bytes));
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, with its stdin as it is.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut events = [PollFd::new(&self.ended, PollFlags::IN)];
        retry_on_intr(|| poll(&mut events, Some(&left(Instant::now() + PATIENCE)))).unwrap();
        if events[0].revents().is_empty() {
            let ran = self.kill();
            panic!("it does not end: {ran:?}");
        }
        self.child.wait().unwrap()
    }

    /// Ends its input, waits for its end, and gives what it said.
    pub(crate) fn end(mut self) -> Ran {
        drop(self.stdin.take());
        self.ran()
    }

    /// Waits for its end with its input open, and gives what it said.
    pub(crate) fn ran(&mut self) -> Ran {
        let status = self.wait();
        Ran {
            code: status.code(),
            stdout: String::from_utf8_lossy(&self.stdout.whole()).into_owned(),
            stderr: String::from_utf8_lossy(&self.stderr.whole()).into_owned(),
        }
    }

    /// Asks a server to end, and gives what it said.
    pub(crate) fn stop(mut self) -> Ran {
        self.signal(Signal::TERM);
        self.ran()
    }

    fn kill(&mut self) -> (String, String) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        (self.stdout.text(), self.stderr.text())
    }

    /// Processor time it has used so far, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // The name in parentheses may hold anything. The 14th and 15th fields count in USER_HZ, 100 a second on every
        // architecture that Rust's Linux knows: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid()))
            .unwrap()
            .count()
    }

    /// A number of /proc/PID/status, such as `VmRSS` in kB.
    pub(crate) fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until it is stopped by SIGSTOP or SIGTSTP.
    pub(crate) fn wait_until_stopped(&self) {
        until("stopped", || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
            stat.rsplit_once(") ").unwrap().1.starts_with('T')
        });
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn from(output: Option<impl Read + Send + 'static>) -> Self {
        let heard = Self(Arc::default());
        let Some(mut output) = output else {
            heard.0.0.lock().unwrap().over = true;
            return heard;
        };
        let ear = heard.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                ear.0
                    .0
                    .lock()
                    .unwrap()
                    .bytes
                    .extend_from_slice(&buffer[..n]);
                ear.0.1.notify_all();
            }
            ear.0.0.lock().unwrap().over = true;
            ear.0.1.notify_all();
        });
        heard
    }

    /// What has come so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.clone()
    }

    /// The same as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Waits until what has come is `enough`.
    #[track_caller]
    pub(crate) fn wait_until(&self, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let ear = self.0.0.lock().unwrap();
        let not_yet = |ear: &mut Ear| !enough(&ear.bytes) && !ear.over;
        let (ear, _) = self.0.1.wait_timeout_while(ear, PATIENCE, not_yet).unwrap();
        let (bytes, over) = (ear.bytes.clone(), ear.over);
        drop(ear);
        let seen = String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]);
        assert!(
            enough(&bytes),
            "not heard in {} bytes (over: {over}): {seen}",
            bytes.len()
        );
        bytes
    }

    /// Waits until it contains `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(|bytes| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        });
    }

    /// Everything, once its end has come.
    #[track_caller]
    pub(crate) fn whole(&self) -> Vec<u8> {
        let ear = self.0.0.lock().unwrap();
        let not_yet = |ear: &mut Ear| !ear.over;
        let (ear, _) = self.0.1.wait_timeout_while(ear, PATIENCE, not_yet).unwrap();
        let (bytes, over) = (ear.bytes.clone(), ear.over);
        drop(ear);
        assert!(over, "the output does not end after {} bytes", bytes.len());
        bytes
    }
}

/// Copies the tool. Another process does: a descriptor of ours that is open for writing could be inherited by what
/// another test starts at that moment, and the copy could not be run then (ETXTBSY).
pub(crate) fn copy_program(to: &str) {
    let copied = Command::new("cp")
        .args([env!("CARGO_BIN_EXE_sockeye"), to])
        .status()
        .unwrap();
    assert!(copied.success());
}

/// Looks again and again until it is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let given_up = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < given_up, "never {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What is left of the time until then, for poll(2).
pub(crate) fn left(until: Instant) -> Timespec {
    Timespec::try_from(until.saturating_duration_since(Instant::now())).unwrap()
}

/// Bytes in which a lost, doubled or displaced part shows.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len.div_ceil(8) as u64)
        .flat_map(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
        .take(len)
        .collect()
}

/// Says where two runs of bytes differ instead of printing them.
#[track_caller]
pub(crate) fn assert_same(got: &[u8], sent: &[u8]) {
    if got != sent {
        let differ = got.iter().zip(sent).position(|(got, sent)| got != sent);
        panic!(
            "{} of {} bytes, the first that differs at {differ:?}",
            got.len(),
            sent.len()
        );
    }
}

/// A test that this machine does not allow: said, and a failure where nothing may be skipped.
pub(crate) fn skipped(why: &str) {
    crate::ran::skipped(why);
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
}
