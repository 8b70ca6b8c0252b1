//! Where everything that is received goes: a thread that writes, and makes whoever receives wait when it is slow.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FileType;
use tokio::sync::{mpsc, oneshot};

/// Where a piece of output goes.
#[derive(Clone)]
pub(super) enum To {
    Stdout,
    /// Through here too, so that it keeps its place among what stdout shows.
    Stderr,
    /// The file of one peer.
    File(Arc<Named>),
}

/// A file with its name, for the text of an error.
pub(super) struct Named {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

/// A way to the thread that writes; clones lead to the same.
#[derive(Clone)]
pub(super) struct Output(mpsc::Sender<(To, Vec<u8>)>);

/// The thread that writes.
pub(super) struct Writing {
    over: oneshot::Receiver<Result<(), NotWritten>>,
    /// Tells when the reader of a pipe on stdout leaves, also while nothing is written.
    reader: Option<oneshot::Receiver<()>>,
}

/// Output could not be written.
#[derive(Debug)]
pub(super) struct NotWritten {
    /// The file; `None` for stdout.
    pub(super) path: Option<PathBuf>,
    pub(super) error: io::Error,
}

/// Nothing is written any more.
#[derive(Debug)]
pub(super) struct Over;

impl Output {
    /// Starts the thread. `uses_stdout`: the end of stdout's reader is the end of all.
    ///
    /// # Errors
    /// `EMFILE` or `EAGAIN`, when there is no descriptor or thread left.
    pub(super) fn start(uses_stdout: bool) -> io::Result<(Self, Writing)> {
        let copy = || rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3);
        let stdout = File::from(copy()?);
        let reader = if uses_stdout && is_pipe(&stdout) {
            Some(watch(copy()?)?)
        } else {
            None
        };
        let (give, pieces) = mpsc::channel(PIECES);
        let (tell, over) = oneshot::channel();
        thread::Builder::new()
            .name("output".into())
            .spawn(move || {
                let _ = tell.send(write(&stdout, pieces));
            })?;
        Ok((Self(give), Writing { over, reader }))
    }

    /// Hands over `bytes`; waits when there is much to write already.
    pub(super) async fn write(&self, to: To, bytes: Vec<u8>) -> Result<(), Over> {
        self.0.send((to, bytes)).await.map_err(|_| Over)
    }
}

impl Writing {
    /// Returns when writing failed, or the reader of stdout has left.
    pub(super) async fn failed(&mut self) -> NotWritten {
        let left = async {
            match &mut self.reader {
                Some(reader) => {
                    let _left = reader.await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            over = &mut self.over => match over {
                Ok(Err(failed)) => failed,
                _ => std::future::pending().await,
            },
            () = left => NotWritten {
                path: None,
                error: io::ErrorKind::BrokenPipe.into(),
            },
        }
    }

    /// Waits until all is written, now that nobody holds an [`Output`], for as long as `patience`.
    pub(super) async fn finish(self, patience: Duration) -> Result<(), NotWritten> {
        match tokio::time::timeout(patience, self.over).await {
            Ok(Ok(result)) => result,
            _ => Err(NotWritten {
                path: None,
                error: io::ErrorKind::TimedOut.into(),
            }),
        }
    }
}

fn write(stdout: &File, mut pieces: mpsc::Receiver<(To, Vec<u8>)>) -> Result<(), NotWritten> {
    while let Some((to, bytes)) = pieces.blocking_recv() {
        match to {
            To::Stdout => all(stdout, &bytes).map_err(|error| NotWritten { path: None, error })?,
            To::File(named) => all(&named.file, &bytes).map_err(|error| NotWritten {
                path: Some(named.path.clone()),
                error,
            })?,
            // If that fails there is nobody left to tell.
            To::Stderr => {
                let _ = io::stderr().lock().write_all(&bytes);
            }
        }
    }
    Ok(())
}

fn all(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares it has made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&file, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_pipe(file: &File) -> bool {
    rustix::fs::fstat(file)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// Tells when nobody reads this pipe any more, from a thread that does nothing else.
fn watch(pipe: OwnedFd) -> io::Result<oneshot::Receiver<()>> {
    let (tell, left) = oneshot::channel();
    thread::Builder::new()
        .name("stdout".into())
        .stack_size(STACK)
        .spawn(move || {
            // No events are asked for: only an error is told.
            let mut asked = [PollFd::new(&pipe, PollFlags::empty())];
            while let Err(rustix::io::Errno::INTR) = poll(&mut asked, None) {}
            let _ = tell.send(());
        })?;
    Ok(left)
}

/// Pieces that wait to be written; each is what one receive brought.
const PIECES: usize = 16;
/// The watching thread only waits.
const STACK: usize = 64 << 10;
