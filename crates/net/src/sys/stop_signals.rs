//! SIGINT and SIGTERM, and SIGHUP where it is asked for, caught once: the handler puts the default action back and counts on an eventfd.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use rustix::event::EventfdFlags;

/// Where the handler writes; -1 before the first [`catch`]. Never closed, so the handler can't meet another's number.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static EVENT: OnceLock<OwnedFd> = OnceLock::new();
/// One bit a signal of [`SIGNALS`]: it is caught now.
static CAUGHT: AtomicU8 = AtomicU8::new(0);
const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Catches the next SIGINT or SIGTERM, or SIGHUP too if `hangup`, whichever comes; the descriptor becomes readable then and stays so.
///
/// One that whoever started us has ignored stays ignored, as for a job that a shell put in the background.
///
/// # Errors
/// `AlreadyExists` while somebody else catches them; what `eventfd(2)` or `sigaction(2)` gave.
pub(crate) fn catch(hangup: bool) -> io::Result<OwnedFd> {
    let event = match EVENT.get() {
        Some(event) => event,
        None => {
            let made = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            EVENT.get_or_init(|| made)
        }
    };
    let busy = || {
        io::Error::new(
            io::ErrorKind::AlreadyExists,
            "SIGINT and SIGTERM are caught already",
        )
    };
    WAKE.compare_exchange(-1, event.as_raw_fd(), Ordering::AcqRel, Ordering::Acquire)
        .map_err(|_| busy())?;
    // What an earlier catcher left unread.
    let _ = rustix::io::read(event, &mut [0_u8; 8]);
    let started = event.try_clone().and_then(|reader| {
        for (place, signal) in SIGNALS.into_iter().enumerate() {
            let wanted = hangup || signal != libc::SIGHUP;
            if wanted && action(signal)? != libc::SIG_IGN {
                CAUGHT.fetch_or(1 << place, Ordering::AcqRel);
                set_action(signal, on_signal as *const () as libc::sighandler_t)?;
            }
        }
        Ok(reader)
    });
    if started.is_err() {
        release();
    }
    started
}

/// Puts the default actions back where the signal has not done so already.
pub(crate) fn release() {
    give_back();
    WAKE.store(-1, Ordering::Release);
}

/// Async-signal-safe: atomics and sigaction(2) only.
fn give_back() {
    let caught = CAUGHT.swap(0, Ordering::AcqRel);
    for (place, signal) in SIGNALS.into_iter().enumerate() {
        if caught & (1 << place) != 0 {
            // It was ours, so it can be set.
            let _ = set_action(signal, libc::SIG_DFL);
        }
    }
}

extern "C" fn on_signal(_signal: libc::c_int) {
    // SAFETY: the address of this thread's errno, which the interrupted code may be about to read.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: valid for the whole life of the thread.
    let before = unsafe { *errno };
    give_back();
    let one = 1_u64;
    // SAFETY: write(2) is async-signal-safe, and 8 bytes are there to be read. The descriptor is -1 or one that is
    // never closed.
    unsafe { libc::write(WAKE.load(Ordering::Acquire), (&raw const one).cast(), 8) };
    // SAFETY: as above.
    unsafe { *errno = before };
}

fn action(signal: libc::c_int) -> io::Result<libc::sighandler_t> {
    // SAFETY: an all-zero sigaction is a valid one, and the kernel fills it in.
    let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are null or to a whole sigaction.
    if unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut old) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(old.sa_sigaction)
}

fn set_action(signal: libc::c_int, handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: an all-zero sigaction is a valid one: the default action, no flags, an empty mask.
    let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
    new.sa_sigaction = handler;
    new.sa_flags = libc::SA_RESTART;
    // SAFETY: `new` is whole, and the handler is async-signal-safe.
    if unsafe { libc::sigaction(signal, &raw const new, std::ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
