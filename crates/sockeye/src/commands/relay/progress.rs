//! `--progress`: how much all conversations of a relay have moved, while they do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sockeye_view::catalogue;

use crate::cli::relay::RelayArgs;
use crate::session::Session;
use crate::{stdio, words};

/// Bytes moved by all conversations, also those still going on.
#[derive(Default)]
pub(super) struct Progress {
    conversations: Mutex<Vec<[Arc<AtomicU64>; 2]>>,
    over: [AtomicU64; 2],
    began: AtomicU64,
}

impl Progress {
    /// The counters of a new conversation.
    pub(super) fn begin(&self) -> [Arc<AtomicU64>; 2] {
        let counters = [Arc::default(), Arc::default()];
        let mut conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Those that nobody else holds are over.
        if conversations.len() >= 64 && conversations.len().is_power_of_two() {
            self.settle(&mut conversations);
        }
        conversations.push(counters.clone());
        self.began.fetch_add(1, Ordering::Relaxed);
        counters
    }

    fn settle(&self, conversations: &mut Vec<[Arc<AtomicU64>; 2]>) {
        conversations.retain(|counters| {
            let going_on = counters
                .iter()
                .any(|counter| Arc::strong_count(counter) > 1);
            if !going_on {
                for (over, counter) in self.over.iter().zip(counters) {
                    over.fetch_add(counter.load(Ordering::Relaxed), Ordering::Relaxed);
                }
            }
            going_on
        });
    }

    fn now(&self) -> usize {
        let mut conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut conversations);
        conversations.len()
    }

    /// Bytes there and back.
    pub(super) fn totals(&self) -> [u64; 2] {
        let conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        [0, 1].map(|way| {
            let live: u64 = conversations
                .iter()
                .map(|counters| counters[way].load(Ordering::Relaxed))
                .sum();
            live + self.over[way].load(Ordering::Relaxed)
        })
    }
}

/// Runs `work`, and with `--progress` says every second how much has moved.
pub(super) async fn with_progress<T>(
    args: &RelayArgs,
    session: &Session,
    progress: &Progress,
    work: impl Future<Output = T>,
) -> T {
    if !args.progress {
        return work.await;
    }
    let language = session.look.language;
    let mut work = std::pin::pin!(work);
    let mut before = 0;
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        let [there, back] = progress.totals();
        let places: [(&str, &dyn std::fmt::Display); 5] = [
            ("now", &progress.now()),
            ("conversations", &progress.began.load(Ordering::Relaxed)),
            ("there", &catalogue::bytes(there, language)),
            ("back", &catalogue::bytes(back, language)),
            ("speed", &catalogue::bytes(there + back - before, language)),
        ];
        before = there + back;
        stdio::say(&words::RELAY_PROGRESS.fill(language, &places));
    }
}
