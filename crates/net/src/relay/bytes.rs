//! The two halves of a stream, read and written one piece at a time: for whoever makes messages of bytes.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread;

use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};

use super::end::{End, Stream};
use crate::{AsyncSocket, Lent};

/// The half that is read.
pub struct ByteReader(Reading);

enum Reading {
    Socket(Arc<AsyncSocket>),
    Pipe(AsyncFd<OwnedFd>),
    /// An inherited descriptor or a file blocks, so a thread reads it.
    Thread(mpsc::Receiver<io::Result<Vec<u8>>>),
    Ended,
}

/// The half that is written.
pub struct ByteWriter(Writing);

enum Writing {
    Socket(Arc<AsyncSocket>),
    Pipe(AsyncFd<OwnedFd>),
    Thread(mpsc::Sender<Order>),
    Ended,
}

struct Order {
    bytes: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

impl Stream {
    /// Its two halves.
    ///
    /// # Errors
    /// Why no thread could be started, for ends that block.
    pub fn into_halves(self) -> io::Result<(ByteReader, ByteWriter)> {
        let reading = match self.reader {
            End::Loop(socket) => Reading::Socket(socket),
            End::LoopPipe(pipe) => Reading::Pipe(pipe),
            End::Shared(fd, _) => Reading::Thread(read_on_thread(fd)?),
            End::Plain(_) | End::Closed => Reading::Ended,
        };
        let writing = match self.writer {
            End::Loop(socket) => Writing::Socket(socket),
            End::LoopPipe(pipe) => Writing::Pipe(pipe),
            End::Shared(fd, _) => Writing::Thread(write_on_thread(fd)?),
            End::Plain(_) | End::Closed => Writing::Ended,
        };
        Ok((ByteReader(reading), ByteWriter(writing)))
    }
}

impl ByteReader {
    /// Waits for the next piece; an empty one is the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// What reading gave.
    pub async fn read(&mut self) -> io::Result<Vec<u8>> {
        let piece = match &mut self.0 {
            Reading::Socket(socket) => {
                match socket.recv_lease().await.map_err(|error| error.source)? {
                    Lent::Data(lease) => lease.to_vec(),
                    Lent::End => Vec::new(),
                }
            }
            Reading::Pipe(pipe) => read_pipe(pipe).await?,
            Reading::Thread(pieces) => pieces.recv().await.unwrap_or_else(|| Ok(Vec::new()))?,
            Reading::Ended => Vec::new(),
        };
        if piece.is_empty() {
            self.0 = Reading::Ended;
        }
        Ok(piece)
    }
}

impl ByteWriter {
    /// Writes all of it, waiting for room.
    ///
    /// # Errors
    /// What writing gave; to a stream that is closed for writing, `EPIPE`.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Writing::Socket(socket) => socket.send_all(bytes).await.map_err(|error| error.source),
            Writing::Pipe(pipe) => write_pipe(pipe, bytes).await,
            Writing::Thread(orders) => {
                let (done, written) = oneshot::channel();
                let order = Order {
                    bytes: bytes.to_vec(),
                    done,
                };
                let gone = || io::Error::from(rustix::io::Errno::PIPE);
                orders.send(order).await.map_err(|_| gone())?;
                written.await.map_err(|_| gone())?
            }
            Writing::Ended => Err(rustix::io::Errno::PIPE.into()),
        }
    }

    /// Says that no more comes: FIN on a socket; the descriptor goes for anything else.
    ///
    /// # Errors
    /// What `shutdown` gave.
    pub fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.0, Writing::Ended) {
            Writing::Socket(socket) => {
                let told = socket.shutdown(crate::Shutdown::Write);
                told.or_else(|error| match error.errno() {
                    sockeye_model::Errno::ENOTCONN => Ok(()),
                    _ => Err(error.source),
                })
            }
            Writing::Pipe(_) | Writing::Thread(_) | Writing::Ended => Ok(()),
        }
    }
}

async fn read_pipe(pipe: &AsyncFd<OwnedFd>) -> io::Result<Vec<u8>> {
    let mut piece = vec![0; PIECE];
    loop {
        let mut guard = pipe.readable().await?;
        match guard.try_io(|pipe| Ok(rustix::io::read(pipe.get_ref(), &mut piece[..])?)) {
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(len) => {
                piece.truncate(len?);
                return Ok(piece);
            }
            Err(_would_block) => {}
        }
    }
}

async fn write_pipe(pipe: &AsyncFd<OwnedFd>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let mut guard = pipe.writable().await?;
        match guard.try_io(|pipe| Ok(rustix::io::write(pipe.get_ref(), bytes)?)) {
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(len) => bytes = &bytes[len?..],
            Err(_would_block) => {}
        }
    }
    Ok(())
}

fn read_on_thread(fd: OwnedFd) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (give, pieces) = mpsc::channel(AHEAD);
    thread::Builder::new().name("read".into()).spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match rustix::io::read(fd.as_fd(), &mut piece[..]) {
                Ok(len) => {
                    piece.truncate(len);
                    Ok(piece)
                }
                Err(rustix::io::Errno::INTR) => continue,
                Err(errno) => Err(errno.into()),
            };
            let last = !matches!(&read, Ok(piece) if !piece.is_empty());
            if give.blocking_send(read).is_err() || last {
                return;
            }
        }
    })?;
    Ok(pieces)
}

fn write_on_thread(fd: OwnedFd) -> io::Result<mpsc::Sender<Order>> {
    let (orders, mut taken) = mpsc::channel::<Order>(AHEAD);
    thread::Builder::new().name("write".into()).spawn(move || {
        let mut file = File::from(fd);
        while let Some(Order { bytes, done }) = taken.blocking_recv() {
            let _ = done.send(file.write_all(&bytes));
        }
    })?;
    Ok(orders)
}

/// The most that is read at once: the length of any UDP message and more.
const PIECE: usize = 64 << 10;
/// Pieces that may wait between a thread and the event loop.
const AHEAD: usize = 4;
