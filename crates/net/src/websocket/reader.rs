//! The receiving half: what has come and was not asked for yet. A lock around it is never held over a wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sockeye_model::Timestamp;
use tokio::time::{Instant, Sleep};

use super::MessageType;
use super::close::Close;
use super::fault::Fault;
use super::inbound::{Inbound, Step};
use super::violation::Violation;
use crate::async_socket::Lent;
use crate::buffer::Lease;
use crate::error::Result;
use crate::poll_stream::UnderWay;
use crate::wire::Wire;

/// What is received, and how far it has come.
#[derive(Debug)]
pub(super) struct Reader {
    inbound: Inbound,
    /// What came last, and how much of it is taken.
    input: Option<(Lease, usize)>,
    call: Option<UnderWay>,
    /// When the message that is waited for was first asked for.
    pub(super) began: Option<Timestamp>,
    pub(super) over: Option<Over>,
    pub(super) beat: Option<Box<Beat>>,
    /// Since this one was sent, a pong to it tells the round trip.
    pub(super) pinged: Option<(Vec<u8>, Instant)>,
}

/// Why no more comes.
#[derive(Clone, Debug)]
pub(super) enum Over {
    Closed(Close),
    Failed(Fault),
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    Message(MessageType, Lease),
    Ping,
    Pong,
    Close(Close),
    Broken(Violation),
    /// The connection ended.
    End,
}

impl Reader {
    pub(super) fn new(inbound: Inbound, leftover: &[u8], beat: Option<Duration>) -> Self {
        Self {
            inbound,
            input: (!leftover.is_empty()).then(|| (Lease::copied(leftover), 0)),
            call: None,
            began: None,
            over: None,
            beat: beat.map(|every| Box::new(Beat::new(every))),
            pinged: None,
        }
    }

    /// What the last ping or pong carried.
    pub(super) fn control(&self) -> &[u8] {
        self.inbound.control()
    }

    /// The next thing of note.
    pub(super) fn poll_found(
        &mut self,
        context: &mut Context<'_>,
        wire: &Wire,
    ) -> Poll<Result<Found>> {
        loop {
            if let Some((input, at)) = &mut self.input {
                let step = self.inbound.step(&mut input.bytes_mut()[*at..]);
                let (step, taken) = match step {
                    Ok(found) => found,
                    Err(violation) => return Poll::Ready(Ok(Found::Broken(violation))),
                };
                let start = *at;
                *at += taken;
                let spent = *at == input.len();
                let found = match step {
                    Step::More => None,
                    Step::Here {
                        kind,
                        start: within,
                    } => {
                        let (from, to) = (start + within, *at);
                        let message = match self.input.take() {
                            // The last one in there: it keeps the memory that it came in.
                            Some((input, _)) if spent => input.narrowed(from..to),
                            Some((input, at)) => {
                                let message = Lease::copied(&input[from..to]);
                                self.input = Some((input, at));
                                message
                            }
                            None => Lease::copied(&[]),
                        };
                        return Poll::Ready(Ok(Found::Message(kind, message)));
                    }
                    Step::Assembled { kind } => {
                        Some(Found::Message(kind, self.inbound.take_message()))
                    }
                    Step::Ping => Some(Found::Ping),
                    Step::Pong => Some(Found::Pong),
                    Step::Close(close) => Some(Found::Close(close)),
                };
                if spent {
                    self.input = None;
                }
                if let Some(found) = found {
                    return Poll::Ready(Ok(found));
                }
            }
            match ready!(wire.poll_recv_lease(context, &mut self.call))? {
                Lent::Data(data) => {
                    if let Some(beat) = &mut self.beat {
                        beat.heard();
                    }
                    self.input = Some((data, 0));
                }
                Lent::End => return Poll::Ready(Ok(Found::End)),
            }
        }
    }
}

/// When to ping, and whether the other side still lives.
#[derive(Debug)]
pub(super) struct Beat {
    pub(super) every: Duration,
    next: Pin<Box<Sleep>>,
    /// A ping has been sent, and nothing has come since.
    waiting: bool,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    /// The last ping was not answered in time.
    GiveUp,
}

impl Beat {
    fn new(every: Duration) -> Self {
        Self {
            every,
            next: Box::pin(tokio::time::sleep(every)),
            waiting: false,
        }
    }

    fn heard(&mut self) {
        self.waiting = false;
    }

    /// Ready when a ping is due, or the answer to the last one is overdue.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Due> {
        ready!(self.next.as_mut().poll(context));
        self.next.as_mut().reset(Instant::now() + self.every);
        Poll::Ready(if std::mem::replace(&mut self.waiting, true) {
            Due::GiveUp
        } else {
            Due::Ping
        })
    }
}
