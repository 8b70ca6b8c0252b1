//! Descriptors that were passed, and stdin: whoever is at their other side sees the end when it has come.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

#[path = "tool/ran.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod ran;
#[path = "traps/tool.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod tool;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::pipe::{PipeFlags, pipe_with};

use ran::command;
use tool::{PATIENCE, Tool, left, until};

/// Starts the tool with `passed` as its descriptor 3.
fn with_third(passed: OwnedFd, open_as: &str, arguments: &[&str]) -> Tool {
    let tool = command(arguments);
    // The shell opens our own pipe once more, and becomes the tool.
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec 3{open_as}\"$0\"; exec \"$@\""))
        .arg(format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            passed.as_raw_fd()
        ))
        .arg(tool.get_program())
        .args(tool.get_args())
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut tool = Tool::spawn(&mut shell);
    // From then on ours is not the last one.
    let program = std::fs::canonicalize(env!("CARGO_BIN_EXE_sockeye")).unwrap();
    let running = format!("/proc/{}/exe", tool.pid());
    until("the tool", || {
        std::fs::read_link(&running).is_ok_and(|exe| exe == program) || !tool.runs()
    });
    tool
}

fn readable_within_patience(fd: impl AsFd) -> bool {
    let mut events = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut events, Some(&left(Instant::now() + PATIENCE))).unwrap() > 0
}

#[test]
fn a_pipe_that_was_passed_ends_when_its_direction_has_although_the_relay_goes_on() {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    // A program that has closed its output, and lives on.
    let program = "exec:sh -c 'echo hi; exec >&-; while kill -0 $PPID; do sleep 0.1; done 2>&-'";
    let mut tool = with_third(writer, ">", &["relay", program, "fd:3"]);
    let mut reader = File::from(reader);
    let mut came = Vec::new();
    while readable_within_patience(&reader) {
        let mut piece = [0; 16];
        let len = reader.read(&mut piece).unwrap();
        if len == 0 {
            assert_eq!(came, b"hi\n");
            assert!(tool.runs(), "its program is waited for");
            return;
        }
        came.extend_from_slice(&piece[..len]);
    }
    panic!("no end, after {came:?}");
}

#[test]
fn a_pipe_that_can_only_be_written_gives_nothing_and_is_not_waited_for() {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let mut tool = with_third(writer, ">", &["relay", "exec:echo hi", "fd:3"]);
    assert_eq!(tool.ran().code, Some(0));
    let mut came = String::new();
    File::from(reader).read_to_string(&mut came).unwrap();
    assert_eq!(came, "hi\n");
}

/// A UNIX socket that connects, takes nothing, and speaks on.
struct Deaf {
    listener: OwnedFd,
    path: PathBuf,
}

impl Deaf {
    fn new(name: &str, kind: SocketType) -> Self {
        let path = std::env::temp_dir().join(format!("sockeye-deaf-{name}-{}", std::process::id()));
        let flags = SocketFlags::CLOEXEC;
        let listener = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None).unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listener, 1).unwrap();
        Self { listener, path }
    }

    fn accept(&self) -> OwnedFd {
        assert!(readable_within_patience(&self.listener));
        let peer = rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC).unwrap();
        rustix::net::shutdown(&peer, rustix::net::Shutdown::Read).unwrap();
        peer
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Writes for as long as somebody takes it.
fn write_until_nobody_reads(mut pipe: impl Write + AsFd) {
    let begun = Instant::now();
    rustix::io::ioctl_fionbio(&pipe, true).unwrap();
    while begun.elapsed() < PATIENCE {
        match pipe.write(&[b'y', b'\n'].repeat(500)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut events = [PollFd::new(&pipe, PollFlags::OUT)];
                poll(&mut events, Some(&left(begun + PATIENCE))).unwrap();
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
                return;
            }
        }
    }
    panic!("the pipe stays open, and whoever writes to it waits for ever");
}

#[test]
fn when_nobody_takes_what_is_sent_whoever_writes_to_stdin_is_told_and_the_answer_still_comes() {
    for (scheme, kind) in [
        ("unix", SocketType::STREAM),
        ("unix-seqpacket", SocketType::SEQPACKET),
    ] {
        let deaf = Deaf::new(scheme, kind);
        let address = format!("{scheme}:{}", deaf.path.display());
        let mut tool = Tool::start(&["connect", &address]);
        let peer = deaf.accept();
        write_until_nobody_reads(tool.stdin.take().unwrap());
        assert!(tool.runs());
        rustix::io::write(&peer, b"bye\n").unwrap();
        drop(peer);
        assert_eq!(tool.stdout.whole(), b"bye\n", "{scheme}");
        let ran = tool.ran();
        assert_eq!(ran.code, Some(20), "{scheme}: {ran:?}");
        assert!(ran.last_line().contains("EPIPE"), "{scheme}: {ran:?}");
    }
}

#[test]
fn whoever_writes_to_a_pipe_that_was_passed_is_told_that_nobody_takes_it() {
    let deaf = Deaf::new("passed", SocketType::STREAM);
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let address = format!("unix:{}", deaf.path.display());
    let mut tool = with_third(reader, "<", &["relay", "fd:3", &address]);
    let _peer = deaf.accept();
    write_until_nobody_reads(File::from(writer));
    assert!(tool.runs());
}
