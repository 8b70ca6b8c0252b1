//! What a target comes to: how many probes were sent, how each ended, and how long the answers took.

use std::time::Duration;

use sockeye_net::OpenError;

use super::outcome::{Answer, By, End, Replied};
use super::times::Times;
use crate::cli::ping::Asked;

/// The figures of one target.
#[derive(Debug)]
pub(super) struct Score {
    /// The target.
    pub(super) asked: Asked,
    /// How it is asked; `None` before that is known.
    pub(super) by: Option<By>,
    /// Its addresses.
    pub(super) address: String,
    /// Why it can't be asked, or no longer.
    pub(super) error: Option<OpenError>,
    /// Probes that were sent, or were to be.
    pub(super) sent: u64,
    /// Of those: answered in time.
    pub(super) answered: u64,
    /// Of those: not answered in time.
    pub(super) lost: u64,
    /// Of those: refused.
    pub(super) refused: u64,
    /// Of those: somebody says that they did not arrive.
    pub(super) undelivered: u64,
    /// Of those: a call or a handshake failed.
    pub(super) failed: u64,
    /// Answers to lost ones.
    pub(super) late: u64,
    /// Further answers to answered ones.
    pub(super) again: u64,
    /// Answers with other data than was sent.
    pub(super) changed: u64,
    /// How long answers in time took.
    pub(super) times: Times,
    /// How the last unanswered one ended, in words.
    pub(super) last: Option<String>,
}

impl Score {
    pub(super) fn new(asked: Asked) -> Self {
        Self {
            asked,
            by: None,
            address: String::new(),
            error: None,
            sent: 0,
            answered: 0,
            lost: 0,
            refused: 0,
            undelivered: 0,
            failed: 0,
            late: 0,
            again: 0,
            changed: 0,
            times: Times::default(),
            last: None,
        }
    }

    /// Counts a probe that has ended.
    pub(super) fn count(&mut self, end: &End, took: Duration) {
        if let End::Answered(answer) | End::Late(answer) | End::Again(answer) = end
            && matches!(
                answer,
                Answer {
                    what: Replied::Echo { changed: true, .. },
                    ..
                }
            )
        {
            self.changed += 1;
        }
        match end {
            End::Answered(_) => {
                self.answered += 1;
                self.times.add(took);
            }
            End::Late(_) => self.late += 1,
            End::Again(_) => self.again += 1,
            End::Refused { .. } => self.refused += 1,
            End::Undelivered { .. } => self.undelivered += 1,
            End::Failed(_) => self.failed += 1,
            End::Lost => self.lost += 1,
        }
    }

    /// Probes whose time was not over when all ended.
    pub(super) fn waiting(&self) -> u64 {
        self.sent.saturating_sub(self.answered + self.unanswered())
    }

    /// Probes that ended without an answer, whatever the reason.
    pub(super) fn unanswered(&self) -> u64 {
        self.lost + self.refused + self.undelivered + self.failed
    }

    /// Of a hundred probes that have ended, how many got no answer; `None` when none has ended.
    pub(super) fn lost_percent(&self) -> Option<f64> {
        let ended = self.answered + self.unanswered();
        (ended > 0).then(|| self.unanswered() as f64 * 100.0 / ended as f64)
    }
}
