//! Which message is whose: the sessions of a server, by peer and local address.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::net::RecvFlags;
use sockeye_model::event::Note;
use sockeye_model::{Call, DropReason, Errno, Kind, SocketAddress};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::bound::{Bound, peer_of};
use super::limits::{SessionLimits, WhenFull};
use super::line::{Counter, Key, Line};
use crate::async_socket::Drained;
use crate::error::{Error, Result};
use crate::kernel_address::from_kernel;
use crate::sys::{Batch, ROOM};

/// A server's sockets and the sessions on them.
pub(super) struct Shared {
    pub(super) sockets: Vec<Bound>,
    pub(super) limits: SessionLimits,
    /// Of all sessions that there were.
    pub(super) totals: Counter,
    began: Instant,
    table: Mutex<Table>,
}

/// The tasks that read the sockets, which end with whoever holds this.
#[derive(Default)]
pub(super) struct Alive(Vec<AbortHandle>);

impl Drop for Alive {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

#[derive(Default)]
struct Table {
    lines: HashMap<Key, Arc<Line>>,
    /// All of them and some that have ended, the oldest first; who spoke since it was last looked at goes behind.
    order: VecDeque<Arc<Line>>,
    /// Those that nobody has accepted yet.
    pending: VecDeque<Arc<Line>>,
    acceptor: Option<Waker>,
    closed: bool,
    /// What ended the reading of a socket.
    failed: Option<(Call, SocketAddress, io::ErrorKind, Option<i32>)>,
}

impl Shared {
    pub(super) fn new(sockets: Vec<Bound>, limits: SessionLimits) -> Self {
        Self {
            sockets,
            limits,
            totals: Counter::default(),
            began: Instant::now(),
            table: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds of the server's life.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sessions that there are now.
    pub(super) fn sessions(&self) -> usize {
        self.table().lines.len()
    }

    pub(super) fn poll_accept(&self, context: &mut Context<'_>) -> Poll<Result<Arc<Line>>> {
        let mut table = self.table();
        if let Some(line) = table.pending.pop_front() {
            return Poll::Ready(Ok(line));
        }
        if let Some(error) = table.failure() {
            return Poll::Ready(Err(error));
        }
        table.acceptor = Some(context.waker().clone());
        Poll::Pending
    }

    pub(super) fn failure(&self) -> Option<Error> {
        self.table().failure()
    }

    /// Nobody will accept any more: those that were not are forgotten.
    pub(super) fn close(&self) {
        let mut table = self.table();
        table.closed = true;
        for line in std::mem::take(&mut table.pending) {
            table.lines.remove(&line.key);
            self.give_up(&line);
        }
    }

    /// A session's owner has gone.
    pub(super) fn forget(&self, line: &Arc<Line>) {
        let mut table = self.table();
        // A newer session of the same peer is not this one.
        if table
            .lines
            .get(&line.key)
            .is_some_and(|known| Arc::ptr_eq(known, line))
        {
            table.lines.remove(&line.key);
        }
        drop(table);
        line.end();
    }

    /// An ICMP error came back for a message to `peer`.
    pub(super) fn refused(&self, socket: usize, peer: &SocketAddress, errno: Errno) {
        let bound = &self.sockets[socket];
        let table = self.table();
        let direct = Key {
            socket,
            peer: peer.clone(),
            local: None,
        };
        let line = table.lines.get(&direct).or_else(|| {
            table
                .lines
                .values()
                .find(|line| line.key.socket == socket && line.key.peer == *peer)
        });
        match line.cloned() {
            Some(line) => {
                drop(table);
                line.was_refused(bound);
            }
            None => bound.tell_refused(peer, errno),
        }
    }

    /// The session of `key`, a new one if need be; `None` when there is no place for it.
    fn line(&self, table: &mut Table, key: Key) -> Option<Arc<Line>> {
        if let Some(line) = table.lines.get(&key) {
            return Some(Arc::clone(line));
        }
        let bound = &self.sockets[key.socket];
        if table.closed
            || (table.lines.len() >= self.limits.sessions
                && (self.limits.when_full == WhenFull::RefuseNew || !self.end_oldest(table)))
        {
            let counter = &bound.counts.too_many_sessions;
            counter.fetch_add(1, Ordering::Relaxed);
            bound.tell_dropped(1, DropReason::TooManySessions);
            return None;
        }
        let tap = &bound.handle().tap;
        let line = Arc::new(Line::new(tap.next_socket(), key.clone()));
        if tap.is_on() {
            let kind = Kind::Accepted {
                local: bound.local_for(key.local),
                peer: key.peer.clone(),
            };
            line.emit(bound, Some(tap.now()), kind);
        }
        table.lines.insert(key, Arc::clone(&line));
        if table.order.len() > 2 * table.lines.len() + 64 {
            let Table { order, lines, .. } = table;
            order.retain(|line| is_known(lines, line));
        }
        table.order.push_back(Arc::clone(&line));
        table.pending.push_back(Arc::clone(&line));
        if let Some(acceptor) = table.acceptor.take() {
            acceptor.wake();
        }
        Some(line)
    }

    /// Ends the session that was quiet the longest; `false` when there is none.
    fn end_oldest(&self, table: &mut Table) -> bool {
        while let Some(line) = table.order.pop_front() {
            if !is_known(&table.lines, &line) {
                continue;
            }
            // It spoke since it was last looked at: others are older. Each goes behind once, so this ends.
            if line.touched.swap(false, Ordering::Relaxed) {
                table.order.push_back(line);
                continue;
            }
            table.lines.remove(&line.key);
            let bound = &self.sockets[line.key.socket];
            if let Some(at) = table
                .pending
                .iter()
                .position(|waiting| Arc::ptr_eq(waiting, &line))
            {
                table.pending.remove(at);
                self.give_up(&line);
            } else {
                // What waits is still read by its owner: nothing is lost, but the peer is forgotten.
                line.tell_dropped(bound, 0, DropReason::TooManySessions);
                line.end();
            }
            return true;
        }
        false
    }

    /// A session that nobody accepted ends, and its messages with it.
    fn give_up(&self, line: &Line) {
        let bound = &self.sockets[line.key.socket];
        let lost = line.inbox().len() as u64;
        let counter = &bound.counts.too_many_sessions;
        counter.fetch_add(lost, Ordering::Relaxed);
        line.tell_dropped(bound, lost, DropReason::TooManySessions);
        line.end();
        let kind = Kind::Closed {
            totals: line.totals(),
            first: None,
        };
        line.emit(bound, None, kind);
    }

    /// Ends the sessions that have been quiet too long and have nothing waiting.
    fn sweep(&self) {
        let now = self.millis();
        let idle = u64::try_from(self.limits.idle.as_millis()).unwrap_or(u64::MAX);
        let mut expired = Vec::new();
        self.table().lines.retain(|_, line| {
            let quiet = now.saturating_sub(line.active.load(Ordering::Relaxed));
            let over = quiet >= idle && line.inbox().is_empty();
            if over {
                expired.push((Arc::clone(line), quiet));
            }
            !over
        });
        for (line, quiet) in expired {
            let note = Note::SessionExpired {
                peer: line.key.peer.clone(),
                idle: Duration::from_millis(quiet),
            };
            let bound = &self.sockets[line.key.socket];
            let now = bound.handle().tap.now();
            line.emit(bound, Some(now), Kind::Noted(note));
            line.end();
        }
    }

    fn fail(&self, error: Error) {
        let mut table = self.table();
        let address = error.address.clone().unwrap_or(SocketAddress::UnixUnnamed);
        table.failed = Some((
            error.call,
            address,
            error.source.kind(),
            error.source.raw_os_error(),
        ));
        if let Some(acceptor) = table.acceptor.take() {
            acceptor.wake();
        }
        let lines: Vec<_> = table.lines.values().cloned().collect();
        drop(table);
        for line in lines {
            line.end();
        }
    }
}

impl Table {
    fn failure(&self) -> Option<Error> {
        let (call, address, kind, number) = self.failed.as_ref()?;
        let source = number.map_or_else(|| (*kind).into(), io::Error::from_raw_os_error);
        Some(Error::at(*call, address.clone(), source))
    }
}

fn is_known(lines: &HashMap<Key, Arc<Line>>, line: &Arc<Line>) -> bool {
    lines
        .get(&line.key)
        .is_some_and(|known| Arc::ptr_eq(known, line))
}

/// Starts a task a socket that takes its messages apart by peer.
pub(super) fn start(shared: &Arc<Shared>) -> Arc<Alive> {
    let tasks = (0..shared.sockets.len()).map(|socket| {
        let shared = Arc::clone(shared);
        let task = tokio::spawn(async move {
            let ended = if shared.sockets[socket].is_unix() {
                read_unix(&shared, socket).await
            } else {
                read_udp(&shared, socket).await
            };
            if let Err(error) = ended {
                shared.fail(error);
            }
        });
        task.abort_handle()
    });
    Arc::new(Alive(tasks.collect()))
}

/// One timer ends the sessions that are quiet; only the first socket's task has it.
fn sweeps(limits: &SessionLimits) -> tokio::time::Interval {
    let often = (limits.idle / 8).clamp(Duration::from_millis(10), Duration::from_secs(5));
    let mut timer = interval(often);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

async fn read_udp(shared: &Shared, socket: usize) -> Result<()> {
    let bound = &shared.sockets[socket];
    let mut timer = sweeps(&shared.limits);
    let mut batch = Batch::new();
    loop {
        let refused = |peer: &SocketAddress, errno| shared.refused(socket, peer, errno);
        let began = tokio::select! {
            received = bound.recv_batch(&mut batch, refused) => received?,
            _ = timer.tick(), if socket == 0 => {
                shared.sweep();
                continue;
            }
        };
        let mut last: Option<(usize, Arc<Line>)> = None;
        for index in 0..batch.len() {
            // Most batches are of one peer.
            let known = last.as_ref().filter(|(at, _)| {
                batch.name(*at) == batch.name(index) && batch.local(*at) == batch.local(index)
            });
            let line = match known {
                Some((_, line)) => Some(Arc::clone(line)),
                None => {
                    let key = Key {
                        socket,
                        peer: peer_of(batch.name(index)),
                        local: batch.local(index),
                    };
                    shared.line(&mut shared.table(), key)
                }
            };
            if let Some(line) = line {
                line.deliver(shared, began, Call::RecvMmsg, batch.message(index), ROOM);
                last = Some((index, line));
            }
        }
        // The readers have their turn before their queues can fill up.
        tokio::task::yield_now().await;
    }
}

async fn read_unix(shared: &Shared, socket: usize) -> Result<()> {
    let bound = &shared.sockets[socket];
    let mut timer = sweeps(&shared.limits);
    loop {
        let received = bound.socket.read(Call::RecvFrom, |handle, began| {
            let mut buffer = handle.buffer_for_next()?;
            let received = rustix::net::recvfrom(handle.as_fd(), &mut *buffer, RecvFlags::TRUNC);
            let (len, _, peer) = received?;
            Ok(((buffer, len, from_kernel(peer), began), Drained::Whole))
        });
        let received = tokio::select! {
            received = received => received,
            _ = timer.tick(), if socket == 0 => {
                shared.sweep();
                continue;
            }
        };
        let (buffer, len, peer, began) =
            received.map_err(|source| Error::at(Call::RecvFrom, bound.local.clone(), source))?;
        let key = Key {
            socket,
            peer,
            local: None,
        };
        let line = shared.line(&mut shared.table(), key);
        if let Some(line) = line {
            if shared.sessions() == 1 {
                wait_for_room(&line, len, shared).await;
            }
            line.deliver(shared, began, Call::RecvFrom, &buffer[..len], buffer.len());
        }
        tokio::task::yield_now().await;
    }
}

/// Where there is only one peer, its sender can wait for its reader, as UNIX senders do: nobody else is delayed.
async fn wait_for_room(line: &Line, len: usize, shared: &Shared) {
    let has_room = poll_fn(|context| {
        let mut inbox = line.inbox();
        if inbox.stuck || inbox.ended || inbox.has_room(len, &shared.limits) {
            return Poll::Ready(());
        }
        inbox.writer = Some(context.waker().clone());
        Poll::Pending
    });
    if timeout(READER_PATIENCE, has_room).await.is_err() {
        line.inbox().stuck = true;
    }
}

/// How long a reader may leave its only peer waiting before messages are dropped and others can be heard.
const READER_PATIENCE: Duration = Duration::from_secs(1);
