//! One peer's conversation with a server of messages.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use rustix::net::SendFlags;
use sockeye_model::{Call, DropReason, Errno, Kind, SocketAddress, SocketId, Totals};

use super::bound::{Bound, peer_of};
use super::inbox::Inbox;
use super::length::{check_length, udp_max};
use super::line::Line;
use super::pooled::Pooled;
use super::relay::{NotSent, Passed};
use super::sessions::{Alive, Shared};
use crate::Lent;
use crate::error::{Error, Result};
use crate::kernel_address::KernelAddress;
use crate::sys::{Name, Outgoing};

/// One peer's conversation with a [`MessageServer`](super::MessageServer): what that peer sends, and the way back.
///
/// It ends when it has been quiet for too long, or when room is needed and it was quiet the longest; what had come is
/// still read. Dropping it forgets the peer: if that speaks again it is a new session. It keeps the server's sockets
/// open.
pub struct Session {
    line: Arc<Line>,
    shared: Arc<Shared>,
    /// The tasks that read the sockets live as long as anybody needs them.
    _alive: Arc<Alive>,
}

impl Session {
    pub(super) fn new(line: Arc<Line>, shared: Arc<Shared>, alive: Arc<Alive>) -> Self {
        line.accepted.store(true, Ordering::Relaxed);
        Self {
            line,
            shared,
            _alive: alive,
        }
    }

    /// The next message of this peer, or the session's end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The server's socket failed.
    pub async fn recv(&self) -> Result<Lent> {
        let message = self.wait(|inbox| inbox.pop()).await?;
        Ok(message.map_or(Lent::End, Lent::Data))
    }

    /// The messages that have come, at least one, up to a batch; `None` is the end.
    pub(super) async fn recv_batch(&self) -> Result<Option<Pooled>> {
        self.wait(|inbox| {
            if inbox.is_empty() {
                return None;
            }
            let mut batch = Pooled::lend();
            batch.clear();
            inbox.pop_into(&mut batch);
            Some(batch)
        })
        .await
    }

    async fn wait<T>(&self, mut take: impl FnMut(&mut Inbox) -> Option<T>) -> Result<Option<T>> {
        let mut parked = false;
        poll_fn(|context| {
            let mut inbox = self.line.inbox();
            if let Some(taken) = take(&mut inbox) {
                self.line.tell_late_drops(self.bound(), &mut inbox);
                return Poll::Ready(Ok(Some(taken)));
            }
            if inbox.ended {
                // The table is never asked for under an inbox's lock: elsewhere it is the other way round.
                drop(inbox);
                return Poll::Ready(match self.shared.failure() {
                    Some(error) => Err(error),
                    None => Ok(None),
                });
            }
            match &mut inbox.reader {
                Some(reader) => reader.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            drop(inbox);
            if !std::mem::replace(&mut parked, true) {
                let call = if self.bound().is_unix() {
                    Call::RecvFrom
                } else {
                    Call::RecvMmsg
                };
                self.line.emit(self.bound(), None, Kind::Waiting { call });
            }
            Poll::Pending
        })
        .await
    }

    /// Sends one message to this peer, from the address that it had asked.
    ///
    /// A UNIX peer that doesn't read makes it wait, by a timer; other peers don't.
    ///
    /// # Errors
    /// [`TooLong`](super::TooLong) before anything is sent; `EDESTADDRREQ` for a UNIX peer without a name, which
    /// can't be answered; whatever else the kernel said of this message. What an earlier message met (an ICMP error)
    /// is a `Noted` event and no error here.
    pub async fn send(&self, message: &[u8]) -> Result<()> {
        let failed = |source| Error::at(self.send_call(), self.line.key.peer.clone(), source);
        check_length(message.len(), self.max_len()?).map_err(failed)?;
        match &self.line.name {
            Some(name) => self.send_udp(message, name).await,
            None => self.send_unix(message).await,
        }
        .map_err(failed)
    }

    async fn send_udp(&self, message: &[u8], name: &Name) -> io::Result<()> {
        let mut came_out = Ok(());
        self.send_all(1, |_| message, name, |_, sent| came_out = sent)
            .await?;
        came_out
    }

    /// UDP: sends each message of a batch; what could not be sent is counted and said.
    pub(super) async fn send_batch(&self, batch: &Pooled, passed: &mut Passed) -> io::Result<()> {
        let Some(name) = &self.line.name else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let message = |index| batch.message(index);
        self.send_all(batch.len(), message, name, |len, sent| match sent {
            Ok(()) => passed.sent(len),
            Err(error) => {
                let error = Error::at(Call::SendMmsg, self.line.key.peer.clone(), error);
                if passed.not_sent(error) == NotSent::TooLong {
                    self.line.tell_dropped(self.bound(), 1, DropReason::TooLong);
                }
            }
        })
        .await
    }

    async fn send_all<'a>(
        &self,
        count: usize,
        message: impl Fn(usize) -> &'a [u8],
        name: &'a Name,
        mut came_out: impl FnMut(usize, io::Result<()>),
    ) -> io::Result<()> {
        let bound = self.bound();
        let outgoing = |index| Outgoing {
            data: message(index),
            to: Some(name),
            from: self.line.key.local,
        };
        let told = |began, out: Outgoing<'a>, sent: io::Result<()>| {
            match &sent {
                Ok(()) => {
                    let call = Call::SendMmsg;
                    self.line.sent(&self.shared, began, call, out.data);
                }
                Err(error) => {
                    let kind = Kind::Failed {
                        call: Call::SendMmsg,
                        errno: Errno::from(error),
                        address: out.to.map(peer_of),
                    };
                    self.line.emit(bound, Some(began), kind);
                }
            }
            came_out(out.data.len(), sent);
        };
        let socket = self.line.key.socket;
        let refused = |peer: &SocketAddress, errno| self.shared.refused(socket, peer, errno);
        bound.send_batch(count, outgoing, told, refused).await
    }

    async fn send_unix(&self, message: &[u8]) -> io::Result<()> {
        let bound = self.bound();
        let handle = bound.handle();
        let peer = &self.line.key.peer;
        let began = handle.tap.now();
        let told = |error: io::Error| {
            let kind = Kind::Failed {
                call: Call::SendTo,
                errno: Errno::from(&error),
                address: Some(peer.clone()),
            };
            self.line.emit(bound, Some(began), kind);
            error
        };
        if *peer == SocketAddress::UnixUnnamed {
            return Err(told(io::Error::from_raw_os_error(libc::EDESTADDRREQ)));
        }
        let kernel = KernelAddress::new(peer).map_err(told)?;
        let mut pause = FIRST_PAUSE;
        loop {
            let send = || {
                let _begun = handle.tap.begin();
                rustix::net::sendto(handle.as_fd(), message, SendFlags::NOSIGNAL, &kernel.any)?;
                self.line.sent(&self.shared, began, Call::SendTo, message);
                Ok(())
            };
            match send() {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::AGAIN) => {
                    if pause == FIRST_PAUSE {
                        let call = Call::SendTo;
                        self.line.emit(bound, None, Kind::Waiting { call });
                    }
                    // The socket itself always looks writable: only time tells.
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(told(errno.into())),
            }
        }
    }

    fn send_call(&self) -> Call {
        if self.line.name.is_some() {
            Call::SendMmsg
        } else {
            Call::SendTo
        }
    }

    /// The longest message that can be sent to this peer, bytes.
    ///
    /// # Errors
    /// What `getsockopt` gave, for a UNIX socket.
    pub fn max_len(&self) -> Result<usize> {
        match self.line.key.peer.inet() {
            Some(inet) => Ok(udp_max(inet.ip())),
            None => super::length::unix_max(self.bound().handle()),
        }
    }

    pub(super) fn bound(&self) -> &Bound {
        &self.shared.sockets[self.line.key.socket]
    }

    /// Whether its server has ended it; what had come may still wait to be received.
    pub(super) fn is_over(&self) -> bool {
        self.line.inbox().ended
    }

    pub(super) fn is_udp(&self) -> bool {
        self.line.name.is_some()
    }

    /// Its number in the stream of events, where the server's socket is its parent.
    pub fn id(&self) -> SocketId {
        self.line.id
    }

    /// Whose conversation it is.
    pub fn peer(&self) -> &SocketAddress {
        &self.line.key.peer
    }

    /// The address that the peer speaks to.
    pub fn local_address(&self) -> SocketAddress {
        self.bound().local_for(self.line.key.local)
    }

    /// The address of ours that the peer asked, on a socket that is bound to every address.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.line.key.local.map(IpAddr::from)
    }

    /// Messages and bytes so far, dropped ones included.
    pub fn totals(&self) -> Totals {
        self.line.totals()
    }

    /// Messages to this peer that an ICMP error came back for.
    pub fn refused(&self) -> u64 {
        self.line.refused.load(Ordering::Relaxed)
    }

    /// Messages that wait to be received.
    pub fn queued(&self) -> usize {
        self.line.inbox().len()
    }

    pub(super) fn emit(&self, kind: Kind<'_>) {
        self.line
            .emit(self.bound(), Some(self.bound().handle().tap.now()), kind);
    }
}

impl Drop for Session {
    /// Tells the session's end with its totals.
    fn drop(&mut self) {
        self.shared.forget(&self.line);
        let mut inbox = self.line.inbox();
        self.line.tell_late_drops(self.bound(), &mut inbox);
        drop(inbox);
        let kind = Kind::Closed {
            totals: self.totals(),
            first: None,
        };
        self.line.emit(self.bound(), None, kind);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} {})", self.id(), self.peer())
    }
}

/// How soon a message to a UNIX peer without room is tried again, and how seldom in the end.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
