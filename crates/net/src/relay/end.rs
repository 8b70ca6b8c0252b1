//! The ends of a conversation: a socket, or descriptors that aren't sockets.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::{FileType, OFlags};
use sockeye_model::Call;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::handle::Handle;
use crate::socket::Socket;
use crate::tls::TlsSocket;
use crate::{AsyncSocket, Wire, sys};

/// A stream of bytes in two directions that can be joined with another.
#[derive(Debug)]
pub struct Stream {
    pub(crate) reader: End,
    pub(crate) writer: End,
}

/// One direction of a [`Stream`].
#[derive(Debug)]
pub(crate) enum End {
    /// A socket in the event loop.
    Loop(Arc<AsyncSocket>),
    /// A socket out of the event loop, for a thread.
    Plain(Arc<Socket>),
    /// TLS above a socket, which stays in the event loop; a thread may work with it too.
    Tls(Arc<TlsSocket>),
    /// A pipe of our own making in the event loop: its other end is a child's.
    LoopPipe(AsyncFd<OwnedFd>),
    /// A pipe that others may share, in the event loop: it blocks, and stays as it is, so each call on it is made only
    /// once poll(2) has said that it won't.
    LoopShared(AsyncFd<OwnedFd>),
    /// The same pipe to or from a child, out of the event loop, for a thread.
    PlainPipe(OwnedFd),
    /// Any other descriptor that others may share: it blocks, and stays as it is.
    Shared(OwnedFd, What),
    /// Nothing: reading it is the end, writing to it goes nowhere.
    Closed,
}

/// What a descriptor leads to, as far as it matters for moving bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Socket,
    Pipe,
    File,
    /// `/dev/null`, `/dev/zero` and their kin: they never make anybody wait.
    Memory,
    /// A terminal, or another device.
    Device,
}

impl Stream {
    /// The one socket that both directions are, in the event loop.
    pub(crate) fn as_socket(&self) -> Option<&AsyncSocket> {
        match (&self.reader, &self.writer) {
            (End::Loop(reader), End::Loop(writer)) if Arc::ptr_eq(reader, writer) => Some(reader),
            _ => None,
        }
    }

    /// A connected socket, or the layer above it.
    pub fn wire(wire: Wire) -> Self {
        match wire {
            Wire::Plain(socket) => Self::socket(socket),
            Wire::Tls(tls) => Self {
                reader: End::Tls(Arc::clone(&tls)),
                writer: End::Tls(tls),
            },
        }
    }

    /// A connected socket.
    pub fn socket(socket: AsyncSocket) -> Self {
        let socket = Arc::new(socket);
        Self {
            reader: End::Loop(Arc::clone(&socket)),
            writer: End::Loop(socket),
        }
    }

    /// Standard input and output of this process. They are duplicated, and never made non-blocking: whoever shares
    /// them would find them changed.
    ///
    /// # Errors
    /// `EMFILE` when no descriptor is left.
    pub fn stdio() -> io::Result<Self> {
        Ok(Self {
            reader: End::shared(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?),
            writer: End::shared(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?),
        })
    }

    /// An open file, pipe, terminal or any other descriptor, for the directions that it was opened for; it is left as it
    /// is.
    ///
    /// # Errors
    /// `EMFILE` when no descriptor is left.
    pub fn descriptor(fd: OwnedFd) -> io::Result<Self> {
        let mode = rustix::fs::fcntl_getfl(&fd)? & OFlags::RWMODE;
        // Nothing comes from what can only be written, and a second copy would keep a pipe's reader from seeing its end.
        if mode == OFlags::WRONLY {
            return Ok(Self {
                reader: End::Closed,
                writer: End::shared(fd),
            });
        }
        if mode == OFlags::RDONLY {
            return Ok(Self {
                reader: End::shared(fd),
                writer: End::Closed,
            });
        }
        Ok(Self {
            reader: End::shared(fd.try_clone()?),
            writer: End::shared(fd),
        })
    }

    /// A file to read, or one to write; what is not given is at its end.
    pub fn files(read: Option<File>, write: Option<File>) -> Self {
        let end = |file: Option<File>| file.map_or(End::Closed, |file| End::shared(file.into()));
        Self {
            reader: end(read),
            writer: end(write),
        }
    }

    /// Our ends of a child's standard output and input, which are made non-blocking: each end of a pipe has its own
    /// file description, so the child sees nothing of it.
    ///
    /// # Errors
    /// What `epoll_ctl(2)` gave.
    pub fn child(stdout: OwnedFd, stdin: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stdout, true)?;
        rustix::io::ioctl_fionbio(&stdin, true)?;
        Ok(Self {
            reader: End::LoopPipe(sys::register_pipe(stdout, Interest::READABLE)?),
            writer: End::LoopPipe(sys::register_pipe(stdin, Interest::WRITABLE)?),
        })
    }

    /// The same with nothing to read: it has ended already.
    pub fn without_reader(mut self) -> Self {
        self.reader = End::Closed;
        self
    }

    /// What is read is a terminal.
    pub fn reads_terminal(&self) -> bool {
        self.reader.fd().is_some_and(rustix::termios::isatty)
    }

    /// What is written is a terminal.
    pub fn writes_terminal(&self) -> bool {
        self.writer.fd().is_some_and(rustix::termios::isatty)
    }

    /// Out of the event loop, for threads.
    pub(crate) fn into_plain(self) -> Self {
        match (self.reader, self.writer) {
            (End::Loop(socket), End::Loop(other)) => {
                drop(other);
                match Arc::try_unwrap(socket) {
                    Ok(socket) => {
                        let socket = Arc::new(socket.into_blocking());
                        Self {
                            reader: End::Plain(Arc::clone(&socket)),
                            writer: End::Plain(socket),
                        }
                    }
                    // Somebody else still waits on it in the loop: it works there too, if dearer.
                    Err(socket) => Self {
                        reader: End::Loop(Arc::clone(&socket)),
                        writer: End::Loop(socket),
                    },
                }
            }
            (reader, writer) => Self {
                reader: reader.into_plain(),
                writer: writer.into_plain(),
            },
        }
    }

    /// Back into the event loop, where its ends can be registered.
    pub(crate) fn into_loop(self) -> io::Result<Self> {
        match (self.reader, self.writer) {
            (End::Plain(socket), End::Plain(other)) => {
                drop(other);
                match Arc::try_unwrap(socket) {
                    Ok(socket) => Ok(Self::socket(
                        socket.into_async().map_err(|error| error.source)?,
                    )),
                    Err(socket) => Ok(Self {
                        reader: End::Plain(Arc::clone(&socket)),
                        writer: End::Plain(socket),
                    }),
                }
            }
            (reader, writer) => Ok(Self { reader, writer }),
        }
    }
}

impl End {
    fn shared(fd: OwnedFd) -> Self {
        let what = what(fd.as_fd());
        if what == What::Pipe && tokio::runtime::Handle::try_current().is_ok() {
            let both = Interest::READABLE | Interest::WRITABLE;
            // A second descriptor is at hand in case the first can't be registered.
            if let Ok(spare) = fd.try_clone() {
                return match sys::register_pipe(fd, both) {
                    Ok(registered) => Self::LoopShared(registered),
                    Err(_) => Self::Shared(spare, what),
                };
            }
        }
        Self::Shared(fd, what)
    }

    pub(crate) fn in_loop(&self) -> bool {
        matches!(
            self,
            Self::Loop(_)
                | Self::Tls(_)
                | Self::LoopPipe(_)
                | Self::LoopShared(_)
                | Self::Shared(_, What::File | What::Memory)
                | Self::Closed
        )
    }

    fn into_plain(self) -> Self {
        match self {
            Self::LoopPipe(pipe) => Self::PlainPipe(pipe.into_inner()),
            Self::LoopShared(pipe) => Self::Shared(pipe.into_inner(), What::Pipe),
            // Half a socket: its other half has ended, so nobody else holds it.
            Self::Loop(socket) => match Arc::try_unwrap(socket) {
                Ok(socket) => Self::Plain(Arc::new(socket.into_blocking())),
                Err(socket) => Self::Loop(socket),
            },
            other => other,
        }
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Loop(socket) => Some(socket.handle()),
            Self::Plain(socket) => Some(socket.handle()),
            Self::Tls(tls) => Some(tls.socket().handle()),
            _ => None,
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Loop(socket) => Some(socket.as_fd()),
            Self::Plain(socket) => Some(socket.as_fd()),
            Self::Tls(tls) => Some(tls.socket().as_fd()),
            Self::LoopPipe(pipe) | Self::LoopShared(pipe) => Some(pipe.get_ref().as_fd()),
            Self::PlainPipe(fd) | Self::Shared(fd, _) => Some(fd.as_fd()),
            Self::Closed => None,
        }
    }

    pub(crate) fn what(&self) -> What {
        match self {
            Self::Loop(_) | Self::Plain(_) | Self::Tls(_) => What::Socket,
            Self::LoopPipe(_) | Self::LoopShared(_) | Self::PlainPipe(_) => What::Pipe,
            Self::Shared(_, what) => *what,
            Self::Closed => What::Device,
        }
    }

    /// Its bytes are not what the kernel carries: they pass through this program.
    pub(crate) fn is_layered(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Output that this program was given: nobody else takes its place when it fails.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::Shared(..) | Self::LoopShared(_))
    }

    /// A pipe to or from a child of ours.
    pub(crate) fn is_childs(&self) -> bool {
        matches!(self, Self::LoopPipe(_) | Self::PlainPipe(_))
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    pub(crate) fn emit_waiting(&self, call: Call) {
        if let Some(handle) = self.handle() {
            handle.emit_waiting(call);
        }
    }

    /// Says that no more will be written: FIN on a socket; the descriptor goes for anything else. Only TLS, which has
    /// something to send before, may have to be asked again (`EAGAIN`).
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let told = match (self.handle(), &*self) {
            (_, Self::Tls(tls)) => tls.try_finish(),
            (Some(handle), _) => handle.shutdown(rustix::net::Shutdown::Write),
            // A socket that was passed to us is shared: closing our copy would tell its peer nothing.
            (None, Self::Shared(fd, What::Socket)) => {
                rustix::net::shutdown(fd, rustix::net::Shutdown::Write).map_err(io::Error::from)
            }
            (None, _) => Ok(()),
        };
        if self.handle().is_none() {
            *self = Self::Closed;
        }
        match told {
            // The peer has closed already: nobody is left to be told.
            Err(error) if error.raw_os_error() == Some(sockeye_model::Errno::ENOTCONN.0) => Ok(()),
            told => told,
        }
    }

    /// Closing this TCP socket will be a reset.
    pub(crate) fn reset_on_close(&self) {
        if let Some(handle) = self.handle() {
            handle.reset_on_close();
        }
    }

    /// Bytes that the other side's kernel has not acknowledged yet.
    pub(crate) fn unacknowledged(&self) -> u64 {
        self.fd()
            .and_then(sys::tcp_sample)
            .map_or(0, |sample| sample.unacknowledged)
    }

    /// Ready once the event loop thinks there is something to read; `clear` when there was not.
    pub(crate) fn poll_readable(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Readiness<'_>>> {
        match self {
            Self::Loop(socket) => {
                Poll::Ready(ready!(socket.poll_read_ready(context)).map(Readiness::Socket))
            }
            Self::Tls(tls) if tls.has_news() => Poll::Ready(Ok(Readiness::Always)),
            Self::Tls(tls) => {
                Poll::Ready(ready!(tls.socket().poll_read_ready(context)).map(Readiness::Socket))
            }
            Self::LoopPipe(pipe) | Self::LoopShared(pipe) => {
                Poll::Ready(ready!(pipe.poll_read_ready(context)).map(Readiness::Pipe))
            }
            _ => Poll::Ready(Ok(Readiness::Always)),
        }
    }

    /// Ready once the event loop thinks there is room.
    pub(crate) fn poll_writable(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Readiness<'_>>> {
        match self {
            Self::Loop(socket) => {
                Poll::Ready(ready!(socket.poll_write_ready(context)).map(Readiness::Socket))
            }
            Self::Tls(tls) => {
                Poll::Ready(ready!(tls.socket().poll_write_ready(context)).map(Readiness::Socket))
            }
            Self::LoopPipe(pipe) | Self::LoopShared(pipe) => {
                Poll::Ready(ready!(pipe.poll_write_ready(context)).map(Readiness::Pipe))
            }
            _ => Poll::Ready(Ok(Readiness::Always)),
        }
    }
}

/// What the event loop said, to be taken back when the kernel says otherwise.
pub(crate) enum Readiness<'a> {
    Socket(tokio::io::unix::AsyncFdReadyGuard<'a, Handle>),
    Pipe(tokio::io::unix::AsyncFdReadyGuard<'a, OwnedFd>),
    Always,
}

impl Readiness<'_> {
    pub(crate) fn clear(&mut self) {
        match self {
            Self::Socket(guard) => guard.clear_ready(),
            Self::Pipe(guard) => guard.clear_ready(),
            Self::Always => {}
        }
    }
}

fn what(fd: BorrowedFd<'_>) -> What {
    match rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::Socket) => What::Socket,
        Ok(FileType::Fifo) => What::Pipe,
        Ok(FileType::RegularFile) => What::File,
        Ok(FileType::CharacterDevice) if is_memory(fd) => What::Memory,
        _ => What::Device,
    }
}

/// null, zero, full, random and urandom of [mem(4)](https://man7.org/linux/man-pages/man4/mem.4.html) and its siblings.
fn is_memory(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| {
        let device = (
            rustix::fs::major(stat.st_rdev),
            rustix::fs::minor(stat.st_rdev),
        );
        matches!(device, (1, 3 | 5 | 7..=9))
    })
}
