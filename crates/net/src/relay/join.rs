//! Joins two streams until the conversation is over, in a task or on threads, whichever serves it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::direction::{Broken, Direction, State};
use super::end::{End, Stream};
use super::filter::Filter;
use super::task;
use super::thread::{Driven, Stopped};
use super::witness::Witness;

/// Which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the left stream to the right.
    LeftToRight,
    /// From the right stream to the left.
    RightToLeft,
}

/// What is done with the bytes of a direction.
#[derive(Default)]
pub struct Passing {
    /// Bytes to write before anything is read.
    pub first: Vec<u8>,
    /// What changes them.
    pub filter: Option<Box<dyn Filter>>,
    /// Counts the bytes written, for whoever shows progress.
    pub moved: Arc<AtomicU64>,
    /// Sees the bytes written.
    pub witness: Option<Box<dyn Witness>>,
}

/// When a conversation is over, beside both directions having ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Not before.
    #[default]
    BothEnd,
    /// As soon as the right stream has ended: a person at a terminal has nobody to type to any more.
    RightEnds,
    /// As soon as the left stream has ended and all of it is written: no answer is waited for.
    LeftEnds,
}

/// How two streams are joined.
#[derive(Default)]
pub struct Joining {
    /// From left to right.
    pub left_to_right: Passing,
    /// From right to left.
    pub right_to_left: Passing,
    /// When it is over.
    pub until: Until,
    /// Over after nothing has moved either way for this long.
    pub idle: Option<Duration>,
    /// Told of each direction's end.
    pub ended: Option<UnboundedSender<Way>>,
}

/// How a conversation came out.
#[derive(Debug)]
pub struct Joined {
    /// Bytes written to the right, and why that direction ended; `None` if it had not.
    pub left_to_right: (u64, Option<Result<(), Broken>>),
    /// Bytes written to the left.
    pub right_to_left: (u64, Option<Result<(), Broken>>),
    /// Bytes read from the left and from the right that the other side, closed for writing, did not take.
    pub not_taken: [u64; 2],
    /// The idle limit ended it.
    pub idle: bool,
}

/// Joins `left` and `right` until both directions have ended, or as [`Joining`] says. Both are closed then.
///
/// The end of one direction never ends the other. Where reading failed (a reset), what came before is delivered and
/// the other side is closed by a reset too, so that nobody takes it for the whole.
///
/// Dropping the future closes both streams.
pub async fn join(left: Stream, right: Stream, how: Joining) -> Joined {
    let Joining {
        left_to_right,
        right_to_left,
        until,
        idle,
        ended,
    } = how;
    let counters = [
        Arc::clone(&left_to_right.moved),
        Arc::clone(&right_to_left.moved),
    ];
    let directions = [
        direction(left.reader, right.writer, left_to_right),
        direction(right.reader, left.writer, right_to_left),
    ];
    let mut conversation = Conversation {
        directions,
        until,
        ended,
        told: [false; 2],
        driven: [None, None],
    };
    let idle = match idle {
        None => {
            conversation.run().await;
            false
        }
        Some(limit) => tokio::select! {
            biased;
            () = conversation.run() => false,
            () = idle_for(limit, &counters) => true,
        },
    };
    conversation.take_back().await;
    conversation.close().await;
    let not_taken = conversation
        .directions
        .each_ref()
        .map(|direction| direction.discarded);
    let [left_to_right, right_to_left] = conversation.directions.map(|mut direction| {
        match std::mem::replace(&mut direction.state, State::Running) {
            State::Done(result) => Some(result),
            State::Running | State::Draining => None,
        }
    });
    let [right, left] = counters.map(|counter| counter.load(Ordering::Relaxed));
    Joined {
        left_to_right: (right, left_to_right),
        right_to_left: (left, right_to_left),
        not_taken,
        idle,
    }
}

fn direction(source: End, sink: End, passing: Passing) -> Direction {
    let mut direction = Direction::new(source, sink, passing.first, passing.filter, passing.moved);
    direction.witness = passing.witness;
    direction
}

/// Returns once nothing has moved for `limit`, to within an eighth of it.
async fn idle_for(limit: Duration, counters: &[Arc<AtomicU64>; 2]) {
    let moved = || {
        counters
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed))
    };
    let mut last = (moved(), tokio::time::Instant::now());
    while last.1.elapsed() < limit {
        tokio::time::sleep((limit / 8).min(limit.saturating_sub(last.1.elapsed()))).await;
        let now = moved();
        if now != last.0 {
            last = (now, tokio::time::Instant::now());
        }
    }
}

struct Conversation {
    directions: [Direction; 2],
    until: Until,
    ended: Option<UnboundedSender<Way>>,
    told: [bool; 2],
    /// The threads that have the directions now.
    driven: [Option<Driven>; 2],
}

impl Conversation {
    async fn run(&mut self) {
        // What each direction had moved when it was last found quiet.
        let mut quiet_from = [0; 2];
        // Too much for the loop, also where nothing in it would be left: files never make anybody wait.
        let mut busy = false;
        loop {
            self.tell();
            if self.is_over() {
                return;
            }
            if !busy
                && self
                    .directions
                    .iter()
                    .all(|direction| direction.is_done() || in_loop(direction))
            {
                busy = task::run(&mut self.directions, quiet_from).await == task::Stopped::Busy;
                continue;
            }
            // A socket that stays registered would wake the loop for every byte that a thread moves.
            self.leave_loop();
            let may_return = self
                .directions
                .iter()
                .all(|direction| direction.is_done() || is_plain(direction));
            if self.on_threads(may_return).await == Stopped::Quiet {
                quiet_from = self.directions.each_ref().map(Direction::moved);
                self.enter_loop();
                busy = false;
            }
        }
    }

    /// Whether nothing more can or should happen. A direction that a thread has stands here as done, and has not ended.
    fn is_over(&self) -> bool {
        let ended = |place: usize| self.driven[place].is_none() && self.directions[place].is_done();
        let broken = self
            .directions
            .iter()
            .any(|direction| match &direction.state {
                // The source is in ruins, or nobody takes our output: there is nothing to go on with.
                State::Done(Err(broken)) => !broken.writing || direction.sink.is_given(),
                _ => false,
            });
        broken
            || ended(0) && ended(1)
            || ended(1) && self.until == Until::RightEnds
            || ended(0) && self.until == Until::LeftEnds
    }

    fn tell(&mut self) {
        for (place, way) in [Way::LeftToRight, Way::RightToLeft].into_iter().enumerate() {
            let newly =
                self.directions[place].is_done() && !std::mem::replace(&mut self.told[place], true);
            if let Some(ended) = self.ended.as_ref().filter(|_| newly) {
                let _ = ended.send(way);
            }
        }
    }

    async fn on_threads(&mut self, may_return: bool) -> Stopped {
        let moved = self
            .directions
            .each_ref()
            .map(|direction| Arc::clone(&direction.moved));
        for place in 0..2 {
            if self.directions[place].is_done() {
                continue;
            }
            let direction = std::mem::replace(&mut self.directions[place], Direction::nothing());
            match Driven::start(direction, Arc::clone(&moved[1 - place]), may_return) {
                Ok(started) => self.driven[place] = Some(started),
                Err(failed) => {
                    let (mut direction, error) = *failed;
                    direction.state = State::Done(Err(Broken {
                        writing: false,
                        error,
                    }));
                    self.directions[place] = direction;
                }
            }
        }
        let mut outcome = Stopped::Done;
        while let Some((place, back)) = first_stopped(&mut self.driven).await {
            self.driven[place] = None;
            match back {
                Some((direction, stopped)) => {
                    self.directions[place] = direction;
                    if stopped == Stopped::Quiet {
                        outcome = Stopped::Quiet;
                    }
                }
                // It panicked: what it had is gone, and nobody may take that for an end.
                None => {
                    let error = std::io::Error::other("a thread of the relay panicked");
                    let writing = false;
                    self.directions[place].state = State::Done(Err(Broken { writing, error }));
                }
            }
            self.tell();
            if outcome == Stopped::Quiet || self.is_over() {
                self.driven.iter().flatten().for_each(Driven::stop);
            }
        }
        outcome
    }

    /// Ends the threads, if it is over while they run. One that is stuck in a write is left behind: what it has is lost
    /// to the account.
    async fn take_back(&mut self) {
        self.driven.iter().flatten().for_each(Driven::stop);
        let all = async {
            while let Some((place, back)) = first_stopped(&mut self.driven).await {
                self.driven[place] = None;
                if let Some((direction, _)) = back {
                    self.directions[place] = direction;
                }
            }
        };
        let _ = tokio::time::timeout(THREAD_PATIENCE, all).await;
    }

    fn leave_loop(&mut self) {
        self.each_stream(|stream| stream.into_plain());
    }

    /// Back into the event loop; what can't be registered there is lost, and said so.
    fn enter_loop(&mut self) {
        let mut failed = None;
        self.each_stream(|stream| {
            stream.into_loop().unwrap_or_else(|error| {
                failed = Some(error);
                Stream {
                    reader: End::Closed,
                    writer: End::Closed,
                }
            })
        });
        let Some(error) = failed else { return };
        for direction in self.directions.iter_mut().filter(|one| !one.is_done()) {
            direction.state = State::Done(Err(Broken {
                writing: false,
                error: io::Error::new(error.kind(), error.to_string()),
            }));
        }
    }

    fn each_stream(&mut self, mut change: impl FnMut(Stream) -> Stream) {
        let [out, back] = &mut self.directions;
        let take = |end: &mut End| std::mem::replace(end, End::Closed);
        let left = change(Stream {
            reader: take(&mut out.source),
            writer: take(&mut back.sink),
        });
        let right = change(Stream {
            reader: take(&mut back.source),
            writer: take(&mut out.sink),
        });
        (out.source, back.sink) = (left.reader, left.writer);
        (back.source, out.sink) = (right.reader, right.writer);
    }

    /// Where a source was reset, its sink is closed by a reset as well, once what was sent there has arrived.
    async fn close(&mut self) {
        for direction in &self.directions {
            let State::Done(Err(Broken { writing: false, .. })) = &direction.state else {
                continue;
            };
            let given_up = tokio::time::Instant::now() + RESET_PATIENCE;
            while direction.sink.unacknowledged() > 0 && tokio::time::Instant::now() < given_up {
                tokio::time::sleep(RESET_LOOK).await;
            }
            direction.sink.reset_on_close();
        }
    }
}

fn in_loop(direction: &Direction) -> bool {
    direction.source.in_loop() && direction.sink.in_loop()
}

fn is_plain(direction: &Direction) -> bool {
    matches!(direction.source, End::Plain(_)) && matches!(direction.sink, End::Plain(_))
}

/// The first thread that stops, with the direction it had; `None` when none runs.
async fn first_stopped(
    driven: &mut [Option<Driven>; 2],
) -> Option<(usize, Option<(Direction, Stopped)>)> {
    let [first, second] = driven;
    match (first, second) {
        (None, None) => None,
        (Some(only), None) => Some((0, only.stopped().await)),
        (None, Some(only)) => Some((1, only.stopped().await)),
        (Some(first), Some(second)) => tokio::select! {
            back = first.stopped() => Some((0, back)),
            back = second.stopped() => Some((1, back)),
        },
    }
}

/// How long a reset waits for what was sent before it to arrive.
const RESET_PATIENCE: Duration = Duration::from_secs(2);
/// How long a thread may take to stop.
const THREAD_PATIENCE: Duration = Duration::from_secs(1);
const RESET_LOOK: Duration = Duration::from_millis(2);
