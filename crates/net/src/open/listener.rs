//! A server's open sockets, and accepting from all of them in turn.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sockeye_model::{Call, Errno, Family, SocketAddress, Type};

use super::unix_path::BoundPath;
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::{AsyncSocket, Socket};

/// The open sockets of one server address, one for each IP address or UNIX name.
///
/// Dropping it closes them and unlinks the file of a UNIX path, if that still is this listener's own.
#[derive(Debug)]
pub struct Listener {
    // Before the sockets, so that it goes before them.
    path: Option<BoundPath>,
    sockets: Vec<AsyncSocket>,
    locals: Vec<SocketAddress>,
    left_out: Vec<Error>,
    /// For each socket: it was told that `accept` waits there.
    parked: Vec<AtomicBool>,
    /// Who is asked first, so that no socket is always before the others.
    turn: AtomicUsize,
    /// There is no descriptor or memory for another connection; told once.
    exhausted: AtomicBool,
}

/// Who can reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Programs of this machine alone: loopback addresses and UNIX sockets.
    ThisMachine,
    /// Whoever can reach its particular addresses; a multicast group too.
    TheseAddresses,
    /// Whoever can reach any interface of this machine.
    Everyone,
}

impl Listener {
    pub(crate) fn new(
        open: Vec<(Socket, SocketAddress)>,
        left_out: Vec<Error>,
        path: Option<BoundPath>,
    ) -> Result<Self> {
        let mut sockets = Vec::new();
        let mut locals = Vec::new();
        for (socket, local) in open {
            sockets.push(socket.into_async()?);
            locals.push(local);
        }
        Ok(Self {
            path,
            parked: sockets.iter().map(|_| AtomicBool::new(false)).collect(),
            sockets,
            locals,
            left_out,
            turn: AtomicUsize::new(0),
            exhausted: AtomicBool::new(false),
        })
    }

    /// `accept` on whichever socket has a client, each in its turn. One task at a time may wait here.
    ///
    /// When no descriptor or memory is left (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`) that is one event, and it is
    /// tried again every 50 ms: the clients wait in the backlog. A connection that ended before it was accepted, and
    /// network errors of such a one, are passed over, as
    /// [accept(2)](https://man7.org/linux/man-pages/man2/accept.2.html) advises.
    ///
    /// Dropping the future loses no client.
    ///
    /// # Errors
    /// `EOPNOTSUPP` on a socket of datagrams; whatever else a listener can't recover from.
    pub async fn accept(&self) -> Result<(AsyncSocket, SocketAddress)> {
        if let Some(socket) = self.sockets.iter().find(|socket| is_bound_only(socket)) {
            // Asked of the kernel all the same, whose refusal is then an event; waiting for a client would be for ever.
            let handle = socket.handle();
            let (accepted, peer) = handle
                .accept(handle.tap.now())
                .map_err(|source| Error::new(Call::Accept, source))?;
            return Ok((AsyncSocket::register(accepted)?, peer));
        }
        loop {
            match poll_fn(|context| self.poll_accept(context)).await {
                Ok((handle, peer)) => {
                    self.exhausted.store(false, Ordering::Relaxed);
                    return Ok((AsyncSocket::register(handle)?, peer));
                }
                Err(error) if is_exhausted(&error) => tokio::time::sleep(ACCEPT_AGAIN).await,
                Err(error) if is_of_one_client(&error) => {}
                Err(error) => return Err(Error::new(Call::Accept, error)),
            }
        }
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Handle, SocketAddress)>> {
        let count = self.sockets.len();
        let first = self.turn.load(Ordering::Relaxed);
        for step in 0..count {
            let at = first.wrapping_add(step) % count;
            if let Poll::Ready(accepted) = self.poll_one(at, context) {
                self.turn.store(at + 1, Ordering::Relaxed);
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }

    fn poll_one(
        &self,
        at: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(Handle, SocketAddress)>> {
        let socket = &self.sockets[at];
        let handle = socket.handle();
        loop {
            let Poll::Ready(guard) = socket.poll_read_ready(context) else {
                // The event loop may not have heard yet: who says that a call waits asks the kernel first.
                if handle.tap.is_on() && !self.parked[at].swap(true, Ordering::Relaxed) {
                    if let Some(accepted) = self.try_accept(at) {
                        return Poll::Ready(accepted);
                    }
                    handle.emit_waiting(Call::Accept);
                }
                return Poll::Pending;
            };
            let mut guard = guard?;
            match self.try_accept(at) {
                Some(accepted) => return Poll::Ready(accepted),
                None => guard.clear_ready(),
            }
        }
    }

    /// `None` when nobody is there.
    fn try_accept(&self, at: usize) -> Option<io::Result<(Handle, SocketAddress)>> {
        let handle = self.sockets[at].handle();
        loop {
            let began = handle.tap.now();
            let accepted = handle.accept_untold(began);
            match &accepted {
                Ok((client, _)) => {
                    self.parked[at].store(false, Ordering::Relaxed);
                    if (client.family, client.kind) == (Family::Unix, Type::Stream)
                        && let Err(error) = client.keep_urgent()
                    {
                        return Some(Err(error));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    if !is_exhausted(error) || !self.exhausted.swap(true, Ordering::Relaxed) {
                        handle.failed(began, Call::Accept, error);
                    }
                }
            }
            return Some(accepted);
        }
    }

    /// The sockets: listening, or for datagrams bound.
    pub fn sockets(&self) -> &[AsyncSocket] {
        &self.sockets
    }

    /// The sockets, and the file of a UNIX path, which goes when it is dropped: keep it as long as they serve.
    pub fn into_sockets(self) -> (Vec<AsyncSocket>, Option<BoundPath>) {
        (self.sockets, self.path)
    }

    /// Where it can be reached, in the order of the sockets; a port 0 is replaced by the port chosen.
    pub fn local_addresses(&self) -> &[SocketAddress] {
        &self.locals
    }

    /// The addresses that this machine doesn't have, and which call said so: one of two IP versions.
    pub fn left_out(&self) -> &[Error] {
        &self.left_out
    }

    /// Who can reach it.
    pub fn reach(&self) -> Reach {
        let of = |local: &SocketAddress| {
            if local.is_unspecified() {
                Reach::Everyone
            } else if local.is_local() {
                Reach::ThisMachine
            } else {
                Reach::TheseAddresses
            }
        };
        self.locals
            .iter()
            .map(of)
            .max()
            .unwrap_or(Reach::ThisMachine)
    }
}

fn is_bound_only(socket: &AsyncSocket) -> bool {
    matches!(socket.kind(), Type::Datagram | Type::Raw)
}

fn is_exhausted(error: &io::Error) -> bool {
    matches!(
        Errno::from(error),
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM
    )
}

/// What accept(2) passes on of a connection that is not ours yet.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        Errno::from(error),
        Errno::ECONNABORTED
            | Errno::EPROTO
            | Errno::ENOPROTOOPT
            | Errno::EPERM
            | Errno::ENETDOWN
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
    )
}

/// How often an accept that found no descriptor is tried again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
