//! Two conversations of messages joined: each message goes to the other side as it is, or it is said why not.

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sockeye_model::DropReason;
use tokio::time::{Instant, sleep};

use super::bound::is_icmp;
use super::conversation::Messages;
use super::length::TooLong;
use crate::Lent;
use crate::error::{Error, Result};
use crate::relay::Witness;
use crate::websocket::MessageType;

/// How two conversations of messages are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Over after no message has come from either side for this long.
    pub idle: Option<Duration>,
    /// Once one side has ended, or broken, and the other is of a kind that never ends (UDP, UNIX datagrams): over
    /// after no message has come for this long.
    pub quiet: Duration,
}

impl Default for Joining {
    /// No idle limit; 1 s.
    fn default() -> Self {
        Self {
            idle: None,
            quiet: Duration::from_secs(1),
        }
    }
}

/// What went one way.
#[derive(Debug, Default)]
pub struct Passed {
    /// Messages sent on.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages longer than the other side can carry; each was dropped and said.
    pub too_long: u64,
    /// Times that "port unreachable", or another ICMP error, came back on either socket of this direction. No message
    /// was given up for it.
    pub refused: u64,
    /// Messages that the kernel did not take, or that a framing can't carry.
    pub unsent: u64,
    /// Why the first message of `too_long` or `unsent` was not sent on.
    pub first_failure: Option<Error>,
    /// Why this direction broke; `None` also while it had not ended.
    pub broken: Option<Error>,
    /// It broke at the side it was sent to, and not where it came from.
    pub broken_writing: bool,
    /// The message that broke it, where that is no message of its kind and nothing of it was sent
    /// ([`Fault::is_of_message`](crate::websocket::Fault::is_of_message)).
    pub refused_message: Option<Vec<u8>>,
    /// Its source has ended, and all that came from there was sent on.
    pub ended: bool,
    /// Sees the messages that are sent on.
    pub(super) witness: Option<Box<dyn Witness>>,
}

/// How a conversation came out.
#[derive(Debug, Default)]
pub struct Joined {
    /// From left to right.
    pub left_to_right: Passed,
    /// From right to left.
    pub right_to_left: Passed,
    /// The idle limit ended it.
    pub idle: bool,
    /// It was told to stop.
    pub stopped: bool,
}

impl Joined {
    /// Whether every message that came was sent on, and nothing broke. Refusals are no fault of the relay.
    pub fn is_clean(&self) -> bool {
        [&self.left_to_right, &self.right_to_left]
            .iter()
            .all(|passed| passed.is_clean())
    }
}

impl Passed {
    pub(super) fn is_clean(&self) -> bool {
        self.too_long == 0 && self.unsent == 0 && self.broken.is_none()
    }

    /// Counts a message that nobody wants to see.
    pub(super) fn sent(&mut self, len: usize) {
        self.messages += 1;
        self.bytes += len as u64;
    }

    /// Counts a message, and shows it to whoever wants to see it.
    pub(super) fn sent_on(&mut self, message: &[u8]) {
        self.sent(message.len());
        if let Some(witness) = &mut self.witness {
            witness.saw(message);
        }
    }

    /// Counts a message that could not be sent on.
    pub(super) fn not_sent(&mut self, error: Error) -> NotSent {
        let why = if is_too_long(&error) {
            self.too_long += 1;
            NotSent::TooLong
        } else {
            self.unsent += 1;
            NotSent::Failed
        };
        self.first_failure.get_or_insert(error);
        why
    }
}

/// Why a message was not sent on: a failed call has been told as such, a message that is too long is still to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    TooLong,
    Failed,
}

/// Joins two conversations until both have ended, or as `how` says, or until `stop` is ready.
///
/// One message there is one message here, an empty one too; none is cut, joined or split. One that is too long for the
/// other side is dropped, said and counted, and the rest goes on. In batches where both are UDP and nobody wants the
/// bytes, one by one otherwise. The end of one direction never ends the other.
///
/// Dropping the future leaves both open; a message on its way may be lost.
pub async fn relay(
    left: &Messages,
    right: &Messages,
    how: Joining,
    stop: impl Future<Output = ()>,
) -> Joined {
    relay_seen(left, right, how, [None, None], stop).await
}

/// As [`relay`], one by one, with somebody who sees the messages there and back once they have been sent on.
pub async fn relay_seen(
    left: &Messages,
    right: &Messages,
    how: Joining,
    [there, back]: [Option<Box<dyn Witness>>; 2],
    stop: impl Future<Output = ()>,
) -> Joined {
    let seen = there.is_some() || back.is_some();
    let wants = |side: &Messages| side.tap().wants_bytes();
    let batched = left.is_udp() && right.is_udp() && !seen && !wants(left) && !wants(right);
    let mut joined = Joined::default();
    joined.left_to_right.witness = there;
    joined.right_to_left.witness = back;
    let heard = AtomicU64::new(0);
    let there = pass(left, right, batched, &heard, &mut joined.left_to_right);
    let back = pass(right, left, batched, &heard, &mut joined.right_to_left);
    let over = both(there, back, how, &heard, stop, || {
        [left, right].map(|side| match side {
            Messages::Session(session) if session.is_over() => End::Came,
            side if side.has_end() => End::Comes,
            _ => End::Never,
        })
    })
    .await;
    joined.idle = over == Over::Idle;
    joined.stopped = over == Over::Stopped;
    joined
}

/// How a side ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It says so, and may still listen.
    Comes,
    /// It does not: UDP and UNIX datagrams go on for ever.
    Never,
    /// It was a session of a server and is over: there is nobody to answer any more.
    Came,
}

/// Why a conversation was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Ended,
    Idle,
    Stopped,
}

/// Runs both directions; `ends` tells how each side, left and right, can still end by itself.
pub(super) async fn both(
    there: impl Future<Output = ()>,
    back: impl Future<Output = ()>,
    how: Joining,
    heard: &AtomicU64,
    stop: impl Future<Output = ()>,
    ends: impl Fn() -> [End; 2],
) -> Over {
    let (mut there, mut back, mut stop) = (pin!(there), pin!(back), pin!(stop));
    let mut done = [false; 2];
    let mut silence = Silence::new(how.idle);
    let mut lingers = false;
    loop {
        tokio::select! {
            () = &mut there, if !done[0] => done[0] = true,
            () = &mut back, if !done[1] => done[1] = true,
            () = silence.over(heard) => {
                return if lingers { Over::Ended } else { Over::Idle };
            }
            () = &mut stop => return Over::Stopped,
        }
        let [left, right] = ends();
        let forgotten = done[0] && left == End::Came || done[1] && right == End::Came;
        if forgotten || done == [true; 2] {
            return Over::Ended;
        }
        if (done[0] && right == End::Never || done[1] && left == End::Never)
            && how.idle.is_none_or(|idle| how.quiet < idle)
        {
            lingers = true;
            silence = Silence::new(Some(how.quiet));
        }
    }
}

async fn pass(
    from: &Messages,
    to: &Messages,
    batched: bool,
    heard: &AtomicU64,
    passed: &mut Passed,
) {
    let ended = if batched {
        pass_batches(from, to, heard, passed).await
    } else {
        pass_each(from, to, heard, passed).await
    };
    let finished = match ended {
        Ok(()) => to.finish_as(from).await,
        // Nothing more can come from there, and nothing be sent back: the other side is told, and not left waiting.
        Err(error) if from.ends_both() && !passed.broken_writing => {
            let _ = to.finish_as(from).await;
            Err(error)
        }
        failed => failed,
    };
    match finished {
        Ok(()) => passed.ended = true,
        Err(error) => passed.broken = Some(error),
    }
}

async fn pass_each(
    from: &Messages,
    to: &Messages,
    heard: &AtomicU64,
    passed: &mut Passed,
) -> Result<()> {
    loop {
        let message = match from.recv().await {
            Ok(Lent::Data(message)) => message,
            Ok(Lent::End) => return Ok(()),
            Err(error) => {
                came_back(from, error, passed)?;
                continue;
            }
        };
        heard.fetch_add(1, Ordering::Relaxed);
        let sent = send_on(to, message.message_type(), &message, passed).await;
        passed.broken_writing = sent.is_err();
        sent?;
    }
}

/// Sends a message to the other side, which may be told of an earlier one's ICMP error instead: then once more.
pub(super) async fn send_on(
    to: &Messages,
    kind: Option<MessageType>,
    message: &[u8],
    passed: &mut Passed,
) -> Result<()> {
    let mut tries = 0;
    loop {
        match to.send_as(kind, message).await {
            Ok(()) => {
                passed.sent_on(message);
                return Ok(());
            }
            // Where there is a connection, other failures mean that the other side has gone.
            Err(error) if !to.is_udp() && !is_too_long(&error) => return Err(error),
            Err(error) if to.is_udp() && tries < TRIES && is_icmp(&error.source) => {
                tries += 1;
                passed.refused += u64::from(!is_length(&error.source));
            }
            Err(error) => {
                if passed.not_sent(error) == NotSent::TooLong {
                    to.tell_dropped(1, DropReason::TooLong);
                }
                return Ok(());
            }
        }
    }
}

fn is_too_long(error: &Error) -> bool {
    TooLong::of(error).is_some() || is_length(&error.source)
}

async fn pass_batches(
    from: &Messages,
    to: &Messages,
    heard: &AtomicU64,
    passed: &mut Passed,
) -> Result<()> {
    loop {
        let batch = match from.recv_batch().await {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(()),
            Err(error) => {
                came_back(from, error, passed)?;
                continue;
            }
        };
        heard.fetch_add(batch.len() as u64, Ordering::Relaxed);
        to.send_batch(&batch, passed).await?;
        drop(batch);
        // A flood must leave the others their turn.
        tokio::task::yield_now().await;
    }
}

/// A receive that failed: on UDP an ICMP error is counted and it goes on.
pub(super) fn came_back(from: &Messages, error: Error, passed: &mut Passed) -> Result<()> {
    if from.is_udp() && is_icmp(&error.source) {
        passed.refused += 1;
        return Ok(());
    }
    Err(error)
}

/// "Too long" may be about an earlier message too: a router that can't fragment said so.
pub(super) fn is_length(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMSGSIZE)
}

/// Notices that nothing has been heard for a while, to within an eighth of it.
pub(super) struct Silence {
    limit: Option<Duration>,
    last: u64,
    since: Instant,
}

impl Silence {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            last: u64::MAX,
            since: Instant::now(),
        }
    }

    pub(super) async fn over(&mut self, heard: &AtomicU64) {
        let Some(limit) = self.limit else {
            return pending().await;
        };
        loop {
            let now = heard.load(Ordering::Relaxed);
            if now != self.last {
                self.last = now;
                self.since = Instant::now();
            }
            let quiet = self.since.elapsed();
            if quiet >= limit {
                return;
            }
            let step = (limit / 8).max(Duration::from_millis(1));
            sleep(step.min(limit - quiet)).await;
        }
    }
}

/// How often a message is sent again because the kernel spoke of an earlier one instead.
pub(super) const TRIES: u32 = 3;
