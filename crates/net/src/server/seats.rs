//! How many conversations may go on at once, counted over all listeners that share the number.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

/// A number of conversations at once. Clones share it.
#[derive(Clone, Debug)]
pub struct Seats(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    taken: AtomicUsize,
    /// All were taken once: it need not be said again.
    was_full: AtomicBool,
    /// Who waits for one to become free.
    waiting: Mutex<Vec<Waker>>,
}

impl Seats {
    /// At least one.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            most: most.max(1),
            taken: AtomicUsize::new(0),
            was_full: AtomicBool::new(false),
            waiting: Mutex::default(),
        }))
    }

    /// How many there are.
    pub fn most(&self) -> usize {
        self.0.most
    }

    /// How many are taken now.
    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Whether one is free; if not, the task is woken when one is.
    pub(super) fn is_free(&self, context: &Context<'_>) -> bool {
        if self.taken() < self.0.most {
            return true;
        }
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        // One may have been given back before the waker was in the list.
        self.taken() < self.0.most
    }

    /// Takes one; whether that was the last one, for the first time.
    pub(super) fn take(&self) -> bool {
        let taken = self.0.taken.fetch_add(1, Ordering::Relaxed) + 1;
        taken == self.0.most && !self.0.was_full.swap(true, Ordering::Relaxed)
    }

    pub(super) fn give_back(&self) {
        let taken = self.0.taken.fetch_sub(1, Ordering::Relaxed);
        if taken >= self.0.most {
            let mut waiting = self
                .0
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for waker in waiting.drain(..) {
                waker.wake();
            }
        }
    }
}
