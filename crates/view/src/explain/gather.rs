//! A line that is held back because the next event may belong to it: sends in a row, a connect and its result.

use std::time::Duration;

use sockeye_model::{SocketId, Timestamp};

use super::line::Place;
use super::merge_reasons;
use crate::catalogue::{self, narration};
use crate::telling::{Teller, Told, Way};

/// Sends or receives this close to the first of them share a line.
const TOGETHER: Duration = Duration::from_millis(50);

/// A connect that takes longer gets a line when it begins.
const QUICK_CONNECT: Duration = Duration::from_millis(300);

/// Sizes that are listed one by one.
const LISTED: usize = 4;

#[derive(Debug)]
pub(super) struct Pending {
    told: Told,
    place: Place,
    sizes: Vec<u64>,
    count: u64,
    total: u64,
}

impl Pending {
    pub(super) fn connecting(told: Told, place: Place) -> Self {
        Self {
            told,
            place,
            sizes: Vec::new(),
            count: 0,
            total: 0,
        }
    }

    pub(super) fn run(told: Told, len: u64, place: Place) -> Self {
        Self {
            told,
            place,
            sizes: vec![len],
            count: 1,
            total: len,
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn due(&self) -> Timestamp {
        self.told.at
            + if self.count == 0 {
                QUICK_CONNECT
            } else {
                TOGETHER
            }
    }

    pub(super) fn is_connecting(&self, socket: SocketId) -> bool {
        self.count == 0 && self.told.socket == socket
    }

    /// Takes `told` in if it goes on with the same: same socket, same call, same direction, same peer.
    pub(super) fn join(&mut self, told: &Told, len: u64) -> bool {
        let same = self.count > 0
            && told.socket == self.told.socket
            && told.name == self.told.name
            && told.way == self.told.way
            && told.mark == self.told.mark
            && told.peer == self.told.peer
            && told.more.is_empty()
            && told.at <= self.due();
        if same {
            self.count += 1;
            self.total = self.total.saturating_add(len);
            if self.sizes.len() < LISTED {
                self.sizes.push(len);
            }
            merge_reasons(&mut self.told.reasons, &told.reasons);
        }
        same
    }

    pub(super) fn into_told(self, teller: &Teller) -> Told {
        let mut told = self.told;
        if self.count > 1 {
            let size = |bytes| catalogue::bytes(bytes, teller.language);
            told.fact = if self.count <= LISTED as u64 {
                let sizes: Vec<_> = self.sizes.iter().map(|bytes| size(*bytes)).collect();
                sizes.join(" + ")
            } else {
                let text = match told.way {
                    Some(Way::In) => narration::MANY_RECVS,
                    _ => narration::MANY_SENDS,
                };
                let count = catalogue::count(self.count, teller.language);
                teller.fill(text, &[("count", &count), ("bytes", &size(self.total))])
            };
        }
        told
    }
}
