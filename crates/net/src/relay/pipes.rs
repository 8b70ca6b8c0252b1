//! Pipes to splice through: of 1 MiB each, rationed, lent only while there is something to move.
//!
//! An ordinary user gets 64 pipes of 1 MiB; every later one of *all* that user's programs has 8 KiB
//! (`pipe-user-pages-soft`, [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html)). So this process takes at
//! most half of what the machine allows, and whoever finds none copies.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

/// A pipe and how many bytes are in it.
pub(crate) struct Pipe {
    pub(crate) read: OwnedFd,
    pub(crate) write: OwnedFd,
    /// Bytes spliced in and not yet out.
    pub(crate) holds: usize,
}

struct Pool {
    free: Vec<Pipe>,
    lent: usize,
    most: usize,
}

impl Pipe {
    /// How many bytes a pipe holds.
    pub(crate) const SIZE: usize = 1 << 20;

    /// One of the pool, or `None` when the ration is used up or the system gives no pipe of that size.
    pub(crate) fn lend() -> Option<Self> {
        let mut pool = pool().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pool.free.pop() {
            pool.lent += 1;
            return Some(pipe);
        }
        if pool.lent >= pool.most {
            return None;
        }
        let Some(pipe) = Self::new() else {
            // No full-sized pipe to be had now: what is lent is all there will be.
            pool.most = pool.lent;
            return None;
        };
        pool.lent += 1;
        Some(pipe)
    }

    fn new() -> Option<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        let size = fcntl_setpipe_size(&write, Self::SIZE).ok()?;
        (size >= Self::SIZE).then_some(Self {
            read,
            write,
            holds: 0,
        })
    }

    /// Back to the pool if it is empty; a pipe with bytes left in it is never used again.
    pub(crate) fn give_back(self) {
        let mut pool = pool().lock().unwrap_or_else(PoisonError::into_inner);
        pool.lent -= 1;
        if self.holds == 0 && pool.free.len() < KEPT {
            pool.free.push(self);
        }
    }
}

fn pool() -> &'static Mutex<Pool> {
    static POOL: OnceLock<Mutex<Pool>> = OnceLock::new();
    POOL.get_or_init(|| {
        let pages = sockeye_local::limits().pipe_user_pages_soft.unwrap_or(0);
        let largest = sockeye_local::limits().pipe_max_size.unwrap_or(0);
        let allowed = if pages == 0 {
            MOST
        } else {
            usize::try_from(pages).unwrap_or(0) * PAGE / Pipe::SIZE / 2
        };
        let most = if largest < Pipe::SIZE as u64 {
            0
        } else {
            allowed.min(MOST)
        };
        Mutex::new(Pool {
            free: Vec::new(),
            lent: 0,
            most,
        })
    })
}

const PAGE: usize = 4096;
/// The ration where the system names no limit.
const MOST: usize = 256;
/// Empty pipes kept for the next.
const KEPT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_pipe_comes_back_and_one_with_bytes_does_not() {
        let Some(pipe) = Pipe::lend() else { return };
        assert_eq!(
            rustix::pipe::fcntl_getpipe_size(&pipe.write).unwrap(),
            Pipe::SIZE
        );
        pipe.give_back();
        let free = |_: ()| pool().lock().unwrap().free.len();
        let before = free(());
        let mut pipe = Pipe::lend().unwrap();
        pipe.holds = 1;
        pipe.give_back();
        assert!(free(()) < before.max(1));
    }
}
