//! Stdin, read on a thread of its own: it is left as it was found, and may block.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

/// What comes from stdin, piece by piece; no more than one piece is read ahead.
pub(super) struct Input {
    pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// Read before anybody asked.
    first: Option<Option<io::Result<Vec<u8>>>>,
    /// Stdin is a terminal: a person types.
    pub(super) typed: bool,
}

impl Input {
    /// Starts reading. If stdin has ended already, that is known when this returns.
    ///
    /// # Errors
    /// `EMFILE` or `EAGAIN`, when there is no descriptor or thread left.
    pub(super) async fn start() -> io::Result<Self> {
        let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let typed = rustix::termios::isatty(&stdin);
        let is_ready = !typed && ready_now(&stdin);
        let (give, pieces) = mpsc::channel(1);
        thread::Builder::new()
            .name("stdin".into())
            .spawn(move || read(&stdin, &give))?;
        let mut input = Self {
            pieces,
            first: None,
            typed,
        };
        if is_ready {
            input.first = Some(input.pieces.recv().await);
        }
        Ok(input)
    }

    /// Whether it ended before it began: `/dev/null`, or a closed stdin.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.first, Some(None))
    }

    /// The next piece; `None` at the end. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        match self.first.take() {
            Some(first) => first,
            None => self.pieces.recv().await,
        }
    }
}

fn read(stdin: &OwnedFd, give: &mpsc::Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let result = match rustix::io::read(stdin, &mut piece[..]) {
            Ok(0) => return,
            Ok(len) => {
                piece.truncate(len);
                Ok(piece)
            }
            Err(rustix::io::Errno::INTR) => continue,
            // Whoever shares it has made it non-blocking.
            Err(rustix::io::Errno::AGAIN) => {
                let mut asked = [PollFd::new(stdin, PollFlags::IN)];
                let _ = poll(&mut asked, None);
                continue;
            }
            Err(errno) => Err(errno.into()),
        };
        let failed = result.is_err();
        if give.blocking_send(result).is_err() || failed {
            return;
        }
    }
}

fn ready_now(fd: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(fd, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut asked, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

/// Read at once, bytes: what a pipe holds.
const PIECE: usize = 64 << 10;
