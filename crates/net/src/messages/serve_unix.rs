//! Services over UNIX datagrams: a peer that doesn't read makes its own replies wait, by a timer.
//!
//! Nothing tells when an unconnected socket's peer has room again, and the socket itself always looks writable: asking
//! in a loop would burn a whole CPU.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sockeye_model::{Call, DropReason, Errno, SocketAddress};
use tokio::time::{Instant, sleep_until};

use super::bound::Bound;
use super::serve::{Message, Plan, Reply};
use crate::async_socket::Drained;
use crate::error::{Error, Result};
use crate::handle::Received;

pub(super) async fn serve<F>(bound: &Bound, answer: &Mutex<F>) -> Result<()>
where
    F: FnMut(&Message<'_>, &mut Reply<'_>) + Send,
{
    let mut late = Late::new(bound);
    let mut arena = Vec::new();
    let mut busy: u32 = 0;
    loop {
        let received = bound.socket.read(Call::RecvFrom, |handle, began| {
            let mut buffer = handle.buffer_for_next()?;
            let (received, peer) = handle.recv_from(began, &mut buffer)?;
            Ok(((buffer, received, peer), Drained::Whole))
        });
        let received = match late.next_try() {
            None => received.await,
            Some(when) => tokio::select! {
                received = received => received,
                () = sleep_until(when) => {
                    late.try_again();
                    continue;
                }
            },
        };
        let (buffer, received, peer) =
            received.map_err(|source| Error::at(Call::RecvFrom, bound.local.clone(), source))?;
        let Received::Data { len, .. } = received else {
            continue;
        };
        arena.clear();
        let mut reply = Reply::new(&mut arena);
        {
            let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&Message::of_unix(&buffer[..len], &peer), &mut reply);
        }
        match reply.plan {
            Plan::Nothing => {}
            Plan::Echo => late.send(&buffer[..len], &peer),
            Plan::Said(start, end) => late.send(&arena[start..end], &peer),
        }
        if late.next_try().is_some_and(|when| when <= Instant::now()) {
            late.try_again();
        }
        busy += 1;
        if busy.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
    }
}

/// Replies whose peers had no room.
struct Late<'a> {
    bound: &'a Bound,
    peers: HashMap<SocketAddress, Peer>,
    pause: Duration,
    next: Option<Instant>,
}

struct Peer {
    replies: VecDeque<Vec<u8>>,
    bytes: usize,
    since: Instant,
}

impl<'a> Late<'a> {
    fn new(bound: &'a Bound) -> Self {
        Self {
            bound,
            peers: HashMap::new(),
            pause: FIRST_PAUSE,
            next: None,
        }
    }

    fn next_try(&self) -> Option<Instant> {
        self.next
    }

    /// Sends a reply, or keeps it until there is room.
    fn send(&mut self, reply: &[u8], peer: &SocketAddress) {
        if let Some(waiting) = self.peers.get_mut(peer) {
            return match waiting.keep(reply) {
                true => {}
                false => self.drop_replies(1),
            };
        }
        if self.sent(reply, peer) {
            return;
        }
        if self.peers.len() == PEERS {
            return self.drop_replies(1);
        }
        let handle = self.bound.handle();
        handle.emit_waiting(Call::SendTo);
        let mut waiting = Peer {
            replies: VecDeque::new(),
            bytes: 0,
            since: Instant::now(),
        };
        waiting.keep(reply);
        self.peers.insert(peer.clone(), waiting);
        self.pause = FIRST_PAUSE;
        self.next = Some(Instant::now() + self.pause);
    }

    /// `sendto`; `false` when the peer has no room now. Any other failure has been told, and is over.
    fn sent(&self, reply: &[u8], peer: &SocketAddress) -> bool {
        send_to(self.bound, reply, peer).unwrap_or_else(|_| {
            self.bound.counts.unsent.fetch_add(1, Ordering::Relaxed);
            true
        })
    }

    fn try_again(&mut self) {
        let mut went = false;
        let mut given_up = 0;
        let mut peers = std::mem::take(&mut self.peers);
        peers.retain(|peer, waiting| {
            while let Some(reply) = waiting.replies.front() {
                if !self.sent(reply, peer) {
                    break;
                }
                went = true;
                waiting.since = Instant::now();
                waiting.bytes -= reply.len();
                waiting.replies.pop_front();
            }
            if waiting.since.elapsed() > PATIENCE {
                given_up += waiting.replies.len() as u64;
                return false;
            }
            !waiting.replies.is_empty()
        });
        self.peers = peers;
        if given_up > 0 {
            self.drop_replies(given_up);
        }
        self.pause = if went {
            FIRST_PAUSE
        } else {
            (self.pause * 2).min(LONGEST_PAUSE)
        };
        self.next = (!self.peers.is_empty()).then(|| Instant::now() + self.pause);
    }

    fn drop_replies(&self, count: u64) {
        self.bound
            .counts
            .queue_full
            .fetch_add(count, Ordering::Relaxed);
        self.bound.tell_dropped(count, DropReason::QueueFull);
    }
}

impl Peer {
    fn keep(&mut self, reply: &[u8]) -> bool {
        let fits = self.replies.is_empty()
            || (self.replies.len() < KEPT_REPLIES && self.bytes + reply.len() <= KEPT_BYTES);
        if fits {
            self.bytes += reply.len();
            self.replies.push_back(reply.to_vec());
        }
        fits
    }
}

/// `sendto`, never waiting; `false` when the peer has no room. A peer without a name can't be answered: `EDESTADDRREQ`.
pub(super) fn send_to(bound: &Bound, message: &[u8], peer: &SocketAddress) -> io::Result<bool> {
    let handle = bound.handle();
    let began = handle.tap.now();
    if *peer == SocketAddress::UnixUnnamed {
        let errno = Errno(libc::EDESTADDRREQ);
        handle.emit_failed(began, Call::SendTo, errno, Some(peer));
        return Err(io::Error::from_raw_os_error(errno.0));
    }
    loop {
        match handle.send_to(began, message, peer) {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Peers whose replies wait at once.
const PEERS: usize = 1024;
/// What one of them may have waiting.
const KEPT_REPLIES: usize = 256;
const KEPT_BYTES: usize = 256 << 10;
/// How long a peer may take no reply at all.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// Messages served before other tasks have their turn.
const TURN: u32 = 64;
