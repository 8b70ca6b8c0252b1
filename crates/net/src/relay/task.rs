//! Drives both directions of a conversation in one task of the event loop.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use tokio::task::coop::has_budget_remaining;

use super::BUSY;
use super::direction::{Direction, Next};

/// Why a task stopped driving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A direction is over.
    Done,
    /// A direction has moved so much that threads would serve it better.
    Busy,
}

/// Drives both until one that was not over is, or one is busy. `quiet_from` is what each had moved when it was last
/// found quiet.
pub(crate) async fn run(directions: &mut [Direction; 2], quiet_from: [u64; 2]) -> Stopped {
    let done_before = directions.each_ref().map(Direction::is_done);
    poll_fn(|context| {
        for (place, direction) in directions.iter_mut().enumerate() {
            match drive(direction, quiet_from[place], context) {
                Poll::Ready(Stopped::Busy) => return Poll::Ready(Stopped::Busy),
                Poll::Ready(Stopped::Done) | Poll::Pending => {}
            }
        }
        let newly_done = directions
            .iter()
            .zip(done_before)
            .any(|(direction, before)| direction.is_done() && !before);
        if newly_done {
            Poll::Ready(Stopped::Done)
        } else {
            Poll::Pending
        }
    })
    .await
}

fn drive(direction: &mut Direction, quiet_from: u64, context: &mut Context<'_>) -> Poll<Stopped> {
    // A task that has had its turn is pending too, and waits for nothing that could be told.
    let park = |direction: &mut Direction, next| {
        if has_budget_remaining() {
            direction.park(next);
        }
        Poll::Pending
    };
    loop {
        if direction.is_done() {
            return Poll::Ready(Stopped::Done);
        }
        if !direction.is_layered() && direction.moved() - quiet_from >= BUSY {
            return Poll::Ready(Stopped::Busy);
        }
        if !direction.has_pending() {
            if let Some(handle) = direction.watched() {
                ready!(handle.tap.poll_room(context));
            }
            // Asked at every turn: it is what lets the other tasks have theirs.
            match direction.source.poll_readable(context) {
                Poll::Ready(_) => {}
                Poll::Pending => {
                    // The event loop may not have heard yet: who says that a call waits asks the kernel first.
                    if direction.may_say_that_it_waits() && has_budget_remaining() {
                        match direction.step() {
                            Next::Readable => {}
                            Next::Done => return Poll::Ready(Stopped::Done),
                            Next::More | Next::Writable => continue,
                        }
                    }
                    if direction.poll_sink_gone(context).is_ready() {
                        return Poll::Ready(Stopped::Done);
                    }
                    return park(direction, Next::Readable);
                }
            }
        }
        match direction.step() {
            Next::More => {}
            Next::Done => return Poll::Ready(Stopped::Done),
            next @ Next::Readable => {
                // What the loop said is taken back first and the kernel asked again: news in between is not lost.
                match direction.source.poll_readable(context) {
                    Poll::Ready(Ok(mut readiness)) => readiness.clear(),
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => return park(direction, next),
                }
            }
            next @ Next::Writable => match direction.sink.poll_writable(context) {
                Poll::Ready(Ok(mut readiness)) => readiness.clear(),
                Poll::Ready(Err(_)) => {}
                Poll::Pending => return park(direction, next),
            },
        }
    }
}
