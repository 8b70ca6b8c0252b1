//! How often the tracer looks for the next stop before it sleeps: most calls are back before a sleep has begun.

use std::io;
use std::thread::available_parallelism;

use crate::sys::wait::{self, Status};

/// Looks before a sleep: about as long as going to sleep and being woken by another processor takes.
const MOST: u32 = 60;

/// While looking was in vain, it is tried again after so many sleeps.
const SLEEPS: u32 = 16;

/// Looks for as long as it pays, and no more where a program waits anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looking {
    most: u32,
    looks: u32,
    sleeps: u32,
}

impl Looking {
    /// On one processor nothing happens while we look.
    pub(super) fn new() -> Self {
        let alone = available_parallelism().is_ok_and(|processors| processors.get() == 1);
        Self::with(if alone { 0 } else { MOST })
    }

    fn with(most: u32) -> Self {
        Self {
            most,
            looks: most,
            sleeps: 0,
        }
    }

    /// The next change of any traced thread, as [`wait::wait`] gives it.
    pub(super) fn wait(&mut self) -> io::Result<(u32, Status)> {
        for _ in 0..self.looks {
            if let Some(found) = wait::look()? {
                self.found();
                return Ok(found);
            }
        }
        self.in_vain();
        wait::wait(None)
    }

    fn found(&mut self) {
        self.looks = self.most;
        self.sleeps = 0;
    }

    fn in_vain(&mut self) {
        self.looks /= 2;
        self.sleeps += 1;
        if self.sleeps >= SLEEPS {
            self.found();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often it looks before each of so many sleeps.
    fn looks(looking: &mut Looking, sleeps: u32) -> Vec<u32> {
        let sleep = |_| {
            let looks = looking.looks;
            looking.in_vain();
            looks
        };
        (0..sleeps).map(sleep).collect()
    }

    #[test]
    fn for_a_program_that_waits_it_looks_ever_less_and_now_and_then_again() {
        let mut looking = Looking::with(8);
        let first = looks(&mut looking, SLEEPS);
        assert_eq!(first[..5], [8, 4, 2, 1, 0]);
        assert!(first[5..].iter().all(|looks| *looks == 0), "{first:?}");
        assert_eq!(looks(&mut looking, SLEEPS), first);
    }

    #[test]
    fn for_a_program_that_comes_back_at_once_it_looks_as_long_as_it_may() {
        let mut looking = Looking::with(8);
        looks(&mut looking, 2);
        looking.found();
        assert_eq!(looking, Looking::with(8));
    }

    #[test]
    fn alone_on_a_processor_it_never_looks() {
        assert_eq!(
            looks(&mut Looking::with(0), 2 * SLEEPS),
            [0; 2 * SLEEPS as usize]
        );
    }
}
