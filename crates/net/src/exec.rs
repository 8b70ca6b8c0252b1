//! A process for a conversation: its standard input and output are the other end.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Command, ExitStatus, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sockeye_model::{Call, Kind, SocketAddress, SocketId};
use sockeye_tap::Tap;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::error::{Error, Result};
use crate::relay::Stream;
use crate::sys;

/// What a program is told of the conversation it serves, in its environment.
///
/// `SOCKEYE_PROTOCOL` is the scheme (`tcp`, `udp`, `unix`, …), `SOCKEYE_LOCAL` and `SOCKEYE_PEER` the two addresses as
/// they print; for IPv4 and IPv6 `SOCKEYE_LOCAL_HOST`, `SOCKEYE_LOCAL_PORT`, `SOCKEYE_PEER_HOST` and
/// `SOCKEYE_PEER_PORT` hold their parts.
#[derive(Clone, Debug)]
pub struct Environment(Vec<(&'static str, String)>);

impl Environment {
    /// The variables for a conversation over `scheme` between these addresses.
    pub fn new(scheme: &str, local: &SocketAddress, peer: &SocketAddress) -> Self {
        let mut variables = vec![
            ("SOCKEYE_PROTOCOL", scheme.to_owned()),
            ("SOCKEYE_LOCAL", local.to_string()),
            ("SOCKEYE_PEER", peer.to_string()),
        ];
        if let Some(inet) = local.inet() {
            variables.push(("SOCKEYE_LOCAL_HOST", inet.ip().to_string()));
            variables.push(("SOCKEYE_LOCAL_PORT", inet.port().to_string()));
        }
        if let Some(inet) = peer.inet() {
            variables.push(("SOCKEYE_PEER_HOST", inet.ip().to_string()));
            variables.push(("SOCKEYE_PEER_PORT", inet.port().to_string()));
        }
        Self(variables)
    }
}

/// A running program. Dropping it leaves the program running, as closing a terminal's window would not.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    ended: AsyncFd<OwnedFd>,
    tap: Tap,
}

/// Starts `words`: a program and its arguments, no shell. Its stderr is ours; a broken pipe kills it, as it expects.
///
/// # Errors
/// `ENOENT` when there is no such program, `EACCES` when it may not be run.
///
/// # Panics
/// Outside of a tokio runtime with IO enabled.
pub fn start(
    words: &[String],
    environment: Option<&Environment>,
    tap: &Tap,
) -> Result<(Stream, Child)> {
    let started = || -> io::Result<(Stream, Child)> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(Environment(variables)) = environment {
            command.envs(variables.iter().map(|(name, value)| (name, value)));
        }
        let began = tap.now();
        let mut process = command.spawn()?;
        let pid = process.id();
        let kind = Kind::Started {
            pid,
            command: words.join(" ").into(),
        };
        tap.emit(SocketId::NONE, None, Some(began), kind);
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let stream = Stream::child(stdout.into(), stdin.into())?;
        let pidfd = pidfd_open(Pid::from_child(&process), PidfdFlags::empty())?;
        let ended = sys::register_pipe(pidfd, Interest::READABLE)?;
        Ok((
            stream,
            Child {
                process,
                ended,
                tap: tap.clone(),
            },
        ))
    };
    started().map_err(|source| Error::new(Call::Exec, source))
}

impl Child {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for its end. Its output should have been read to the end before: what is in the pipe is not lost by this,
    /// but who waits first and reads later may wait for ever.
    ///
    /// # Errors
    /// What waiting gave.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.process.try_wait()? {
                let how = status.code().ok_or_else(|| status.signal().unwrap_or(0));
                self.tap.emit(
                    SocketId::NONE,
                    None,
                    None,
                    Kind::Exited {
                        pid: self.process.id(),
                        status: how,
                    },
                );
                return Ok(status);
            }
            self.ended.readable().await?.clear_ready();
        }
    }

    /// Asks it to end (`SIGTERM`).
    pub fn terminate(&self) {
        let _ = pidfd_send_signal(self.ended.get_ref(), Signal::TERM);
    }
}
