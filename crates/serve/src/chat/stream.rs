//! A member on a stream: a small machine that receives lines and sends what waits, several at once where there are.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sockeye_net::server::Ended;
use sockeye_net::{Lease, Lent, Link, UnderWay, Wire};
use tokio::time::Sleep;

use super::bus::Why;
use super::hall::Entrance;
use super::lines::{Found, Lines};
use super::member::Taken;
use super::seat::{Chat, Seat};
use super::told::Tongue;
use crate::visitor::Visitor;
use crate::{linger, say_once};

/// One conversation.
pub(crate) enum Talk {
    Going(Going),
    Ending(Pin<Box<dyn Future<Output = Ended> + Send>>),
    Over,
}

/// It receives and sends; while it waits it keeps a few words.
pub(crate) struct Going {
    visitor: Visitor,
    seat: Seat,
    lines: Lines,
    /// The longest line.
    longest: usize,
    receiving: Option<UnderWay>,
    unsent: Option<Box<Unsent>>,
    /// It spoke too fast: the rest is heard when the time has come.
    unheard: Option<Box<Unheard>>,
}

struct Unsent {
    data: Vec<u8>,
    sent: usize,
    sending: Option<UnderWay>,
}

struct Unheard {
    data: Lease,
    taken: usize,
    until: Pin<Box<Sleep>>,
}

/// Takes the visitor into the chat, or says why it can't be.
pub(crate) fn converse(chat: &Chat, visitor: Visitor, longest: usize) -> Talk {
    match chat.enter(&Entrance::new(Tongue::Lines)) {
        Ok(seat) => Talk::Going(Going {
            visitor,
            seat,
            lines: Lines::default(),
            longest,
            receiving: None,
            unsent: None,
            unheard: None,
        }),
        Err(problem) => {
            let refusal = chat.refusal(&problem, Tongue::Lines);
            Talk::Ending(Box::pin(async move { say_once(visitor, &refusal).await }))
        }
    }
}

impl Future for Talk {
    type Output = Ended;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        loop {
            match &mut *self {
                Self::Going(going) => {
                    let ended = ready!(going.poll(context));
                    let Self::Going(going) = std::mem::replace(&mut *self, Self::Over) else {
                        return Poll::Ready(Ended::Failed);
                    };
                    match ended {
                        // All has been said: the other side hears the end, and has its own.
                        Some(()) => *self = Self::Ending(Box::pin(going.end())),
                        None => return Poll::Ready(Ended::Failed),
                    }
                }
                Self::Ending(ending) => return ending.as_mut().poll(context),
                Self::Over => return Poll::Ready(Ended::Failed),
            }
        }
    }
}

impl Going {
    async fn end(self) -> Ended {
        let Self { visitor, seat, .. } = self;
        drop(seat);
        if visitor.finish().await.is_err() {
            return Ended::Failed;
        }
        linger(&visitor).await
    }

    /// Ready when the member has been told all there was to tell; `None` when that could not be.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        loop {
            match self.poll_send(context) {
                Poll::Ready(ended) => return Poll::Ready(ended),
                Poll::Pending => {}
            }
            if self.unheard.is_some() {
                ready!(self.poll_unheard(context));
                continue;
            }
            let Link::Stream(wire) = &*self.visitor else {
                return Poll::Ready(None);
            };
            match ready!(wire.poll_recv_lease(context, &mut self.receiving)) {
                Ok(Lent::Data(data)) => self.hear(data, 0),
                Ok(Lent::End) => {
                    if let Some(rest) = self.lines.rest() {
                        self.seat.hear(&rest);
                    }
                    self.seat.end(Why::Quit);
                    // Only sending is left: the end would be received again and again.
                    return self.poll_send(context);
                }
                Err(_) => {
                    self.seat.end(Why::Gone);
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Sends what there is. Pending is: nothing more to send, or no room.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        let Link::Stream(wire) = &*self.visitor else {
            return Poll::Ready(None);
        };
        JOINED.with_borrow_mut(|joined| {
            loop {
                if let Some(unsent) = &mut self.unsent {
                    if self.seat.poll_ended(context) == Some(Why::Behind) {
                        // What it has not received is lost to it: a reset says so, and an end would not.
                        wire.reset_on_close();
                        return Poll::Ready(None);
                    }
                    if !ready!(unsent.poll(wire, context)) {
                        self.seat.end(Why::Gone);
                        return Poll::Ready(None);
                    }
                    self.unsent = None;
                }
                joined.clear();
                match self.seat.poll_take(context, AT_ONCE, joined) {
                    Taken::Pending => return Poll::Pending,
                    Taken::Over(Why::Behind) => {
                        wire.reset_on_close();
                        return Poll::Ready(None);
                    }
                    Taken::Over(_) => return Poll::Ready(Some(())),
                    Taken::Some => {}
                }
                let mut sending = None;
                let mut sent = 0;
                while sent < joined.len() {
                    match wire.poll_send(context, &mut sending, &joined[sent..]) {
                        Poll::Ready(Ok(more)) => sent += more,
                        Poll::Ready(Err(_)) => {
                            self.seat.end(Why::Gone);
                            return Poll::Ready(None);
                        }
                        Poll::Pending => {
                            let data = joined[sent..].to_vec();
                            self.unsent = Some(Box::new(Unsent {
                                data,
                                sent: 0,
                                sending,
                            }));
                            return Poll::Pending;
                        }
                    }
                }
            }
        })
    }

    /// Hears line after line, for as long as the member keeps the pace.
    fn hear(&mut self, data: Lease, mut taken: usize) {
        while taken < data.len() {
            if let Some(pause) = self.seat.pause() {
                self.unheard = Some(Box::new(Unheard {
                    data,
                    taken,
                    until: Box::pin(tokio::time::sleep(pause)),
                }));
                return;
            }
            let seat = &self.seat;
            let (more, _) = self
                .lines
                .next(&data[taken..], self.longest, |found| match found {
                    Found::Line(line) => seat.hear(line),
                    Found::TooLong => seat.too_long(),
                });
            taken += more;
        }
    }

    fn poll_unheard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(unheard) = &mut self.unheard {
            ready!(unheard.until.as_mut().poll(context));
        }
        if let Some(unheard) = self.unheard.take() {
            self.hear(unheard.data, unheard.taken);
        }
        Poll::Ready(())
    }
}

impl Unsent {
    /// Sends the rest; whether the visitor could take it.
    fn poll(&mut self, wire: &Wire, context: &mut Context<'_>) -> Poll<bool> {
        while self.sent < self.data.len() {
            let rest = &self.data[self.sent..];
            match ready!(wire.poll_send(context, &mut self.sending, rest)) {
                Ok(sent) => self.sent += sent,
                Err(_) => return Poll::Ready(false),
            }
        }
        Poll::Ready(true)
    }
}

thread_local! {
    /// What is sent at once is joined here: who waits owns no buffer.
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The most bytes of several messages that are sent at once.
const AT_ONCE: usize = 64 << 10;
