//! Batches lent by each thread: a conversation that waits owns none.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::sys::Batch;

thread_local! {
    static POOL: RefCell<Vec<Batch>> = const { RefCell::new(Vec::new()) };
}

/// A batch of the pool, which goes back when dropped.
pub(super) struct Pooled(Option<Batch>);

impl Pooled {
    pub(super) fn lend() -> Self {
        let batch = POOL.with_borrow_mut(Vec::pop);
        Self(Some(batch.unwrap_or_else(Batch::new)))
    }
}

impl Deref for Pooled {
    type Target = Batch;
    fn deref(&self) -> &Batch {
        match &self.0 {
            Some(batch) => batch,
            None => unreachable!("only dropping takes the batch"),
        }
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Batch {
        match &mut self.0 {
            Some(batch) => batch,
            None => unreachable!("only dropping takes the batch"),
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(batch) = self.0.take() else { return };
        // The pool is gone when its thread is ending: then the memory goes too.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED {
                pool.push(batch);
            }
        });
    }
}

/// Batches that a thread keeps.
const POOLED: usize = 4;
