//! Requests that were sent and which of them have an answer, where many share one socket.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::asking::Asking;
use super::outcome::{Answer, End, What};

/// Requests that were sent, each by a number that its answer brings back.
#[derive(Default)]
pub(super) struct Requests {
    /// Those of long ago are overwritten, since there are only so many numbers.
    sent: HashMap<u16, Request>,
    /// Those without an answer, the oldest first.
    waiting: VecDeque<u16>,
}

struct Request {
    number: u64,
    at: Moment,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Answered,
    Lost,
}

impl Requests {
    /// Probe `number` was sent at `at`.
    pub(super) fn sent(&mut self, sequence: u16, number: u64, at: Moment) {
        let state = State::Waiting;
        let request = Request { number, at, state };
        self.sent.insert(sequence, request);
        self.waiting.push_back(sequence);
    }

    /// When the oldest was sent that waits.
    pub(super) fn oldest(&mut self) -> Option<Instant> {
        while let Some(sequence) = self.waiting.front() {
            match self.sent.get(sequence) {
                Some(request) if request.state == State::Waiting => {
                    return Some(request.at.monotonic);
                }
                _ => drop(self.waiting.pop_front()),
            }
        }
        None
    }

    /// The oldest that waits is lost.
    pub(super) fn lose_oldest(&mut self, asking: &Asking) {
        if let Some(sequence) = self.waiting.pop_front() {
            self.ends(asking, sequence, None, End::Lost);
        }
    }

    /// There will be no answer to this one; told, unless that is no news.
    pub(super) fn ends(
        &mut self,
        asking: &Asking,
        sequence: u16,
        heard: Option<SystemTime>,
        end: End,
    ) {
        if let Some(request) = self.sent.get_mut(&sequence)
            && request.state == State::Waiting
        {
            request.state = State::Lost;
            tell(asking, request, heard, end);
        }
    }

    /// An answer has come; told as what it is. One to what was never asked is passed over.
    pub(super) fn answered(
        &mut self,
        asking: &Asking,
        sequence: u16,
        heard: Option<SystemTime>,
        answer: Answer,
    ) {
        let Some(request) = self.sent.get_mut(&sequence) else {
            return;
        };
        let end = match request.state {
            State::Waiting => End::Answered(answer),
            State::Answered => End::Again(answer),
            State::Lost => End::Late(answer),
        };
        request.state = State::Answered;
        tell(asking, request, heard, end);
    }
}

fn tell(asking: &Asking, request: &Request, heard: Option<SystemTime>, end: End) {
    asking.tell(What::Probe {
        number: request.number,
        end,
        took: request.at.until(heard),
    });
}

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Now.
    pub(super) fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// How long it took until the kernel heard of it, where it says when; else, or where the clock on the wall was set
    /// meanwhile so that this can't be, until now.
    pub(super) fn until(self, heard: Option<SystemTime>) -> Duration {
        let most = self.monotonic.elapsed();
        let kernel = heard.and_then(|heard| heard.duration_since(self.wall).ok());
        kernel.filter(|took| *took <= most).unwrap_or(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_time_counts_unless_the_clock_was_set() {
        let sent = Moment {
            monotonic: Instant::now() - Duration::from_secs(1),
            wall: SystemTime::now(),
        };
        let took = |heard| sent.until(Some(heard));
        let short = Duration::from_millis(3);
        assert_eq!(took(sent.wall + short), short);
        let second = Duration::from_secs(1);
        assert!(took(sent.wall - short) >= second);
        assert!(took(sent.wall + Duration::from_secs(9)) >= second);
        assert!(sent.until(None) >= second);
    }
}
