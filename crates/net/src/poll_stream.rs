//! Receiving and sending on a stream step by step: what a waiting conversation keeps is a word, not a future.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll, ready};

use sockeye_model::{Call, Timestamp};
use tokio::io::unix::AsyncFdReadyGuard;

use crate::async_socket::{AsyncSocket, Drained, Lent};
use crate::buffer::{Buffer, Lease};
use crate::error::{Error, Result};
use crate::handle::{Handle, Received};

/// A call that has been made and has not returned; what [`AsyncSocket::poll_recv_lease`] and
/// [`AsyncSocket::poll_send`] keep between two steps.
#[derive(Clone, Copy, Debug)]
pub struct UnderWay {
    began: Timestamp,
    /// It was told that it waits.
    parked: bool,
}

/// Of streams only: messages also wait for errors.
impl AsyncSocket {
    /// `recv` into a buffer of the pool, taken once there is something to receive; `call` begins as `None`, and is so
    /// again when it has returned. One task at a time may wait.
    ///
    /// For a machine of one's own: a conversation that waits keeps this one word, where a future would keep its state.
    ///
    /// # Errors
    /// As for [`AsyncSocket::recv_lease`].
    pub fn poll_recv_lease(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
    ) -> Poll<Result<Lent>> {
        let received = ready!(self.poll_recv_by(context, call, Self::recv_now));
        Poll::Ready(received.map_err(|error| self.about_peer(Call::Recv, error)))
    }

    /// The same with an attempt of one's own: it receives what there is and never waits, and is made when there may be
    /// something.
    pub(crate) fn poll_recv_by<T>(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        mut attempt: impl FnMut(&Self, Timestamp) -> io::Result<(T, Drained)>,
    ) -> Poll<io::Result<T>> {
        let handle = self.handle();
        let under_way = match call {
            Some(under_way) => under_way,
            None => {
                ready!(handle.tap.poll_room(context));
                call.insert(UnderWay::now(handle.tap.now()))
            }
        };
        loop {
            let mut guard = match self.poll_read_ready(context) {
                Poll::Ready(Ok(guard)) => Some(guard),
                Poll::Ready(Err(error)) => {
                    *call = None;
                    return Poll::Ready(Err(error));
                }
                // The event loop may not have heard yet: who says that a call waits asks the kernel first.
                Poll::Pending if handle.tap.is_on() && !under_way.parked => None,
                Poll::Pending => return Poll::Pending,
            };
            let received = match attempt(self, under_way.began) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match &mut guard {
                    Some(guard) => {
                        guard.clear_ready();
                        continue;
                    }
                    None => {
                        under_way.parked = true;
                        handle.emit_waiting(Call::Recv);
                        return Poll::Pending;
                    }
                },
                received => received,
            };
            *call = None;
            return Poll::Ready(received.map(|(received, drained)| {
                if let (Drained::Empty, Some(guard)) = (drained, &mut guard) {
                    guard.clear_ready();
                }
                received
            }));
        }
    }

    fn recv_now(&self, began: Timestamp) -> io::Result<(Lent, Drained)> {
        let mut buffer = Buffer::lend();
        let received = self.handle().recv(began, &mut buffer)?;
        let drained = self.drained(received, buffer.len());
        let lent = match received {
            Received::Data { len, .. } => Lent::Data(Lease::new(buffer, len)),
            Received::End => Lent::End,
        };
        Ok((lent, drained))
    }

    /// `send`: tries at once and asks the event loop only when there is no room. `call` as for receiving.
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`].
    pub fn poll_send(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        data: &[u8],
    ) -> Poll<Result<usize>> {
        self.poll_sending(context, call, Call::Send, |handle, began| {
            handle.send(began, data)
        })
    }

    /// `sendfile`: up to `len` bytes of a file from `offset` on, which do not pass through this program; 0 is the end of
    /// the file. They do pass, by `pread` and `send`, where a view wants to see them or the file system knows no better.
    ///
    /// It waits for room in the socket's buffer, not for a disk: see
    /// [sendfile(2)](https://man7.org/linux/man-pages/man2/sendfile.2.html).
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`]; what reading the file gave.
    pub fn poll_send_file(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        file: BorrowedFd<'_>,
        offset: u64,
        len: usize,
    ) -> Poll<Result<usize>> {
        if !self.handle().tap.wants_bytes() {
            let sent = self.poll_sending(context, call, Call::SendFile, |handle, began| {
                handle.send_file(began, file, offset, len)
            });
            match sent {
                Poll::Ready(Err(error)) if error.source.kind() == io::ErrorKind::InvalidInput => {}
                sent => return sent,
            }
        }
        let piece = read_piece(file, offset, len)?;
        if piece.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_send(context, call, &piece)
    }

    fn poll_sending(
        &self,
        context: &mut Context<'_>,
        call: &mut Option<UnderWay>,
        name: Call,
        mut attempt: impl FnMut(&Handle, Timestamp) -> io::Result<usize>,
    ) -> Poll<Result<usize>> {
        let handle = self.handle();
        let under_way = match call {
            Some(under_way) => under_way,
            None => {
                ready!(handle.tap.poll_room(context));
                call.insert(UnderWay::now(handle.tap.now()))
            }
        };
        let mut guard = None;
        let sent = loop {
            match attempt(handle, under_way.began) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(stale) = &mut guard {
                        AsyncFdReadyGuard::clear_ready(stale);
                    }
                    if !std::mem::replace(&mut under_way.parked, true) {
                        handle.emit_waiting(name);
                    }
                    match ready!(self.poll_write_ready(context)) {
                        Ok(ready) => guard = Some(ready),
                        Err(error) => break Err(error),
                    }
                }
                sent => break sent,
            }
        };
        *call = None;
        Poll::Ready(sent.map_err(|error| self.about_peer(name, error)))
    }
}

/// Up to `len` bytes of a file from `offset` on, in a large buffer of the pool; none is its end.
pub(crate) fn read_piece(file: BorrowedFd<'_>, offset: u64, len: usize) -> Result<Lease> {
    let mut buffer = Buffer::lend_large();
    let room = len.min(buffer.len());
    loop {
        match rustix::io::pread(file, &mut buffer[..room], offset) {
            Ok(read) => return Ok(Lease::new(buffer, read)),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Error::new(Call::SendFile, errno)),
        }
    }
}

impl UnderWay {
    pub(crate) fn began(self) -> Timestamp {
        self.began
    }

    pub(crate) fn now(began: Timestamp) -> Self {
        Self {
            began,
            parked: false,
        }
    }
}
