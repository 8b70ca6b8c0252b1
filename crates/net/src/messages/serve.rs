//! Services of messages: many in, many out, a call each.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use sockeye_model::{Call, DropReason, Errno, Note, SocketAddress};

use super::bound::{Bound, peer_of};
use super::would_loop::port_loops;
use crate::error::{Error, Result};
use crate::sys::{BATCH, Batch, Outgoing, ROOM};

/// A message that a service was sent.
pub struct Message<'a>(From<'a>);

enum From<'a> {
    Slot {
        batch: &'a Batch,
        index: usize,
    },
    Unix {
        data: &'a [u8],
        peer: &'a SocketAddress,
    },
}

impl<'a> Message<'a> {
    pub(super) fn of_unix(data: &'a [u8], peer: &'a SocketAddress) -> Self {
        Self(From::Unix { data, peer })
    }

    /// Its bytes; perhaps none, which is a message all the same.
    pub fn data(&self) -> &[u8] {
        match self.0 {
            From::Slot { batch, index } => batch.message(index),
            From::Unix { data, .. } => data,
        }
    }

    /// Who sent it.
    pub fn peer(&self) -> SocketAddress {
        match self.0 {
            From::Slot { batch, index } => peer_of(batch.name(index)),
            From::Unix { peer, .. } => peer.clone(),
        }
    }

    /// The address of ours that it was sent to, where the socket is bound to every address.
    pub fn local_ip(&self) -> Option<IpAddr> {
        match self.0 {
            From::Slot { batch, index } => batch.local(index).map(IpAddr::from),
            From::Unix { .. } => None,
        }
    }
}

/// Where a service puts its answer: one message, or none.
pub struct Reply<'a> {
    arena: &'a mut Vec<u8>,
    pub(super) plan: Plan,
    /// Each message is told to a view.
    is_told: bool,
    notes: Option<Box<Notes>>,
}

/// What is told behind the two events of a message and its answer.
struct Notes {
    received: Note<'static>,
    sent: Option<Note<'static>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Nothing,
    Echo,
    /// From here to there in the arena.
    Said(usize, usize),
}

impl<'a> Reply<'a> {
    pub(super) fn new(arena: &'a mut Vec<u8>) -> Self {
        Self {
            arena,
            plan: Plan::Nothing,
            is_told: false,
            notes: None,
        }
    }

    /// Whether each message is told to a view, so that [`Reply::note`] is worth its time.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// What is told of the message, behind its event, and of the answer, behind that one's; UDP only.
    pub fn note(&mut self, received: Note<'static>, sent: Option<Note<'static>>) {
        if self.is_told {
            self.notes = Some(Box::new(Notes { received, sent }));
        }
    }

    /// The message itself goes back.
    pub fn echo(&mut self) {
        self.plan = Plan::Echo;
    }

    /// These bytes go back as one message. A second call replaces the first.
    pub fn send(&mut self, message: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(message);
        self.plan = Plan::Said(start, self.arena.len());
    }
}

/// Serves all sockets at once, in one task.
pub(super) async fn serve_all(
    sockets: &[Bound],
    answer: impl FnMut(&Message<'_>, &mut Reply<'_>) + Send,
) -> Result<()> {
    let answer = Mutex::new(answer);
    let mut all: Vec<Pin<Box<dyn Future<Output = Result<()>> + Send + '_>>> = sockets
        .iter()
        .map(|bound| -> Pin<Box<dyn Future<Output = _> + Send>> {
            if bound.is_unix() {
                Box::pin(super::serve_unix::serve(bound, &answer))
            } else {
                Box::pin(serve(bound, &answer))
            }
        })
        .collect();
    poll_fn(|context| {
        for one in &mut all {
            if let Poll::Ready(ended) = one.as_mut().poll(context) {
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    })
    .await
}

async fn serve<F>(bound: &Bound, answer: &Mutex<F>) -> Result<()>
where
    F: FnMut(&Message<'_>, &mut Reply<'_>) + Send,
{
    let handle = bound.handle();
    let refused = |peer: &SocketAddress, errno: Errno| bound.tell_refused(peer, errno);
    let mut batch = Batch::new();
    let mut arena = Vec::new();
    let mut replies = [(0_u8, Plan::Nothing); BATCH];
    let mut busy: u32 = 0;
    loop {
        let began = bound.recv_batch(&mut batch, refused).await?;
        let each = handle.tap.wants_each();
        if !each {
            let bytes: usize = (0..batch.len())
                .map(|index| batch.message(index).len())
                .sum();
            handle.count_received(bytes as u64, batch.len() as u64);
        }

        arena.clear();
        let mut count = 0;
        let mut notes = VecDeque::new();
        {
            let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            for index in 0..batch.len() {
                if each {
                    let peer = peer_of(batch.name(index));
                    let whole = batch.truncated_from(index);
                    let data = batch.message(index);
                    handle.received(began, Call::RecvMmsg, data, ROOM, whole, Some(&peer));
                }
                let mut reply = Reply::new(&mut arena);
                reply.is_told = each;
                let batch = &batch;
                answer(&Message(From::Slot { batch, index }), &mut reply);
                let plan = reply.plan;
                let sent = reply.notes.take().and_then(|told| {
                    bound.tell(told.received);
                    told.sent
                });
                if plan == Plan::Nothing {
                    continue;
                }
                if port_loops(batch.name(index).port(), bound.local.port()) {
                    bound.counts.would_loop.fetch_add(1, Ordering::Relaxed);
                    bound.tell_dropped(1, DropReason::WouldLoop);
                    continue;
                }
                notes.extend(sent.map(|sent| (count, sent)));
                replies[count] = (index as u8, plan);
                count += 1;
            }
        }
        let outgoing = |at: usize| {
            let (index, plan) = replies[at];
            let index = usize::from(index);
            Outgoing {
                data: match plan {
                    Plan::Said(start, end) => &arena[start..end],
                    _ => batch.message(index),
                },
                to: Some(batch.name(index)),
                from: batch.local(index),
            }
        };
        let mut told = 0;
        bound
            .send_batch(
                count,
                outgoing,
                |began, reply, sent| {
                    let is_next = notes.front().is_some_and(|(at, _)| *at == told);
                    let note = if is_next { notes.pop_front() } else { None };
                    told += 1;
                    match sent {
                        Ok(()) if each => {
                            let peer = reply.to.map(peer_of);
                            let len = reply.data.len();
                            handle.sent(began, Call::SendMmsg, reply.data, len, peer.as_ref());
                            if let Some((_, note)) = note {
                                bound.tell(note);
                            }
                        }
                        Ok(()) => handle.count_sent(reply.data.len() as u64, 1),
                        Err(error) => {
                            let (call, errno) = (Call::SendMmsg, Errno::from(&error));
                            let peer = reply.to.map(peer_of);
                            handle.emit_failed(began, call, errno, peer.as_ref());
                        }
                    }
                },
                refused,
            )
            .await
            .map_err(|source| Error::at(Call::SendMmsg, bound.local.clone(), source))?;

        // A flood on this socket must leave the others their turn.
        busy += 1;
        if busy.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
    }
}

/// Batches that a socket may serve before the others have their turn.
const TURN: u32 = 16;
