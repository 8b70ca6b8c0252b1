//! A program that is stopped at each of its calls that send.

use std::io::{IoSliceMut, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use sockeye_model::Place;

use crate::place::{Binaries, Lacking, Places, Registers};

/// A message that a program sent, and the place it was found to be sent from.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) message: String,
    pub(super) place: Option<Place<'static>>,
    pub(super) cost: Duration,
}

/// What one run of a program gave.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) told: Vec<Told>,
    pub(super) lacking: Option<Lacking>,
}

/// Runs a program until it sends `at end`. It waits for a line on its standard input before it sends anything, and sends with
/// `send`, `sendto` or `write`; what does not start with `at ` is left out.
pub(super) fn run(command: &mut Command) -> Run {
    run_with_input(command, b"\n")
}

/// The same, with other lines to read.
pub(super) fn run_with_input(command: &mut Command, input: &'static [u8]) -> Run {
    let mut places = None;
    let mut told = Vec::new();
    each_message(command, input, &mut |stop| {
        let places = places.get_or_insert_with(|| Places::new(stop.pid, &Binaries::default()));
        let began = Instant::now();
        let place = places.place_of(stop.thread, &stop.registers, &|at, into| {
            stop.read(at, into)
        });
        told.push(Told {
            message: stop.message.clone(),
            place,
            cost: began.elapsed(),
        });
    });
    Run {
        told,
        lacking: places.and_then(|places| places.reason_without()),
    }
}

/// A thread that is about to send.
pub(super) struct Stop {
    pub(super) pid: u32,
    pub(super) thread: u32,
    pub(super) registers: Registers,
    pub(super) message: String,
}

impl Stop {
    /// The memory of the process.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> usize {
        read(self.thread, at, into)
    }
}

/// Runs a program and calls `visit` at each of its messages.
pub(super) fn each_message(
    command: &mut Command,
    input: &'static [u8],
    visit: &mut dyn FnMut(&Stop),
) {
    let mut halted = Halted::start(command, input);
    while let Some(stop) = halted.next_message() {
        if stop.message == "at end" {
            break;
        }
        visit(&stop);
    }
}

struct Halted {
    child: Child,
    pid: Pid,
    go: Option<ChildStdin>,
    input: &'static [u8],
    threads: Vec<(Pid, bool)>,
}

impl Halted {
    fn start(command: &mut Command, input: &'static [u8]) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        let go = child.stdin.take();
        let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
            | ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_EXITKILL;
        ptrace::seize(pid, options).unwrap();
        ptrace::interrupt(pid).unwrap();
        waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap();
        ptrace::syscall(pid, None).unwrap();
        Self {
            child,
            pid,
            go,
            input,
            threads: vec![(pid, false)],
        }
    }

    /// Runs to the next message, and stops there.
    fn next_message(&mut self) -> Option<Stop> {
        if let Some(mut go) = self.go.take() {
            go.write_all(self.input).unwrap();
        } else {
            self.resume();
        }
        for _ in 0..MOST_STOPS {
            let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            let (thread, signal) = match waitpid(None, Some(flags)).ok()? {
                WaitStatus::PtraceSyscall(thread) => {
                    if let Some(stop) = self.entered(thread) {
                        return Some(stop);
                    }
                    (thread, None)
                }
                WaitStatus::Stopped(thread, signal) => {
                    (thread, (signal != Signal::SIGSTOP).then_some(signal))
                }
                WaitStatus::PtraceEvent(thread, _, _) => (thread, None),
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, _, _) => {
                    if thread == self.pid {
                        return None;
                    }
                    continue;
                }
                _ => continue,
            };
            // Gone by now, where the process has ended.
            let _ = ptrace::syscall(thread, signal);
        }
        None
    }

    fn resume(&mut self) {
        if let Some((thread, _)) = self.threads.iter().find(|(_, halted)| *halted) {
            ptrace::syscall(*thread, None).unwrap();
        }
        for (_, halted) in &mut self.threads {
            *halted = false;
        }
    }

    fn entered(&mut self, thread: Pid) -> Option<Stop> {
        let info = ptrace::syscall_info(thread).ok()?;
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return None;
        }
        let raw = ptrace::getregs(thread).ok()?;
        let (number, buffer, length) = call(&raw);
        if number != libc::SYS_sendto && number != libc::SYS_write {
            return None;
        }
        let tid = thread.as_raw().cast_unsigned();
        let mut message = vec![0; usize::try_from(length).ok()?.min(4096)];
        let there = read(tid, buffer, &mut message);
        message.truncate(there);
        let message = String::from_utf8(message).ok()?;
        if !message.starts_with("at ") {
            return None;
        }
        self.threads.retain(|(known, _)| *known != thread);
        self.threads.push((thread, true));
        Some(Stop {
            pid: self.pid.as_raw().cast_unsigned(),
            thread: tid,
            registers: Registers::from(&raw),
            message,
        })
    }
}

impl Drop for Halted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        for _ in 0..MOST_STOPS {
            let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            match waitpid(None, Some(flags)) {
                Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, _, _))
                    if thread == self.pid =>
                {
                    break;
                }
                Err(_) => break,
                Ok(_) => {}
            }
        }
    }
}

fn read(thread: u32, at: u64, into: &mut [u8]) -> usize {
    let (Ok(base), len) = (usize::try_from(at), into.len()) else {
        return 0;
    };
    process_vm_readv(
        Pid::from_raw(thread.cast_signed()),
        &mut [IoSliceMut::new(into)],
        &[RemoteIoVec { base, len }],
    )
    .unwrap_or(0)
}

#[cfg(target_arch = "x86_64")]
fn call(raw: &libc::user_regs_struct) -> (i64, u64, u64) {
    (raw.orig_rax.cast_signed(), raw.rsi, raw.rdx)
}

#[cfg(target_arch = "aarch64")]
fn call(raw: &libc::user_regs_struct) -> (i64, u64, u64) {
    (raw.regs[8].cast_signed(), raw.regs[1], raw.regs[2])
}

/// Whether this machine lets a process be traced; says so where it does not.
pub(super) fn can_trace() -> bool {
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    let answer = ptrace::seize(pid, ptrace::Options::empty());
    child.kill().unwrap();
    child.wait().unwrap();
    if let Err(error) = answer {
        skip(&format!("ptrace is forbidden here: {error}"));
    }
    answer.is_ok()
}

/// Says that a test did not look at something, and why.
pub(super) fn skip(why: &str) {
    writeln!(std::io::stderr(), "skipped: {why}").unwrap();
}

/// A directory that goes with the test.
pub(super) struct Scratch(std::path::PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program makes some thousand calls before it begins.
const MOST_STOPS: usize = 1_000_000;
