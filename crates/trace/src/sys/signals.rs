//! The tracer's own signals: a tick that wakes it from waiting, and those that are meant for the program.
//!
//! They are process-wide, so one tracer runs at a time. A handler only sets flags and starts the tick, so that a signal
//! between the look at the flags and the wait is not missed.

use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

use libc::{c_int, c_void, siginfo_t};

/// Those that ask a program to end, and Ctrl-Z: sent by a terminal to us and the program alike.
const OF_A_TERMINAL: [c_int; 5] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGTSTP,
];

static TICKED: AtomicBool = AtomicBool::new(false);
/// One bit a signal that somebody sent to us, not the terminal.
static SENT: AtomicU32 = AtomicU32::new(0);
/// The same for all that came, from the terminal too.
static CAME: AtomicU32 = AtomicU32::new(0);
static TIMER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The handlers and the timer, as long as it lives.
#[derive(Debug)]
pub(crate) struct Signals {
    before: Vec<(c_int, Before)>,
    has_timer: bool,
}

struct Before(libc::sigaction);

impl std::fmt::Debug for Before {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Before")
    }
}

/// The signal of the tick: one of the last, which programs rarely use, and it is only ever ours.
fn tick_signal() -> c_int {
    libc::SIGRTMAX() - 3
}

extern "C" fn ticked(_: c_int) {
    TICKED.store(true, Ordering::Relaxed);
}

extern "C" fn came(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let bit = 1_u32 << (signal & 31);
    CAME.fetch_or(bit, Ordering::Relaxed);
    // SAFETY: with `SA_SIGINFO` the kernel hands over what it knows of the signal.
    if unsafe { (*info).si_code } <= 0 {
        SENT.fetch_or(bit, Ordering::Relaxed);
    }
    set(SOON, SOON);
}

/// When a signal is looked at again after it came: by then the program has got it too, where it was for both.
const SOON: Duration = Duration::from_millis(20);

/// Sets the timer; safe in a handler: `timer_settime` is.
fn set(first: Duration, period: Duration) {
    let timer = TIMER.load(Ordering::Relaxed);
    let spec = |duration: Duration| libc::timespec {
        tv_sec: duration.as_secs().cast_signed(),
        tv_nsec: duration.subsec_nanos().into(),
    };
    let times = libc::itimerspec {
        it_interval: spec(period),
        it_value: spec(first),
    };
    // SAFETY: the timer is there as long as the handlers are.
    unsafe { libc::timer_settime(timer, 0, &raw const times, ptr::null_mut()) };
}

impl Signals {
    /// Takes over the signals; the calling thread is the one that is woken.
    ///
    /// # Errors
    /// A tracer runs already, or no timer can be made.
    pub(crate) fn take() -> io::Result<Self> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("another tracer runs in this process"));
        }
        let mut signals = Self {
            before: Vec::new(),
            has_timer: false,
        };
        signals.handle(tick_signal(), ticked as *const () as usize, 0)?;
        make_timer()?;
        signals.has_timer = true;
        for signal in OF_A_TERMINAL {
            signals.handle(signal, came as *const () as usize, libc::SA_SIGINFO)?;
        }
        Ok(signals)
    }

    fn handle(&mut self, signal: c_int, handler: usize, flags: c_int) -> io::Result<()> {
        // SAFETY: `sigaction` is plain data, for which zero is a value, and both pointers are to such data. The handlers
        // touch atomics and make one system call that is allowed in handlers.
        unsafe {
            let mut before: libc::sigaction = mem::zeroed();
            if libc::sigaction(signal, ptr::null(), &raw mut before) != 0 {
                return Err(io::Error::last_os_error());
            }
            // What is ignored stays ignored, by the program too: nohup, and background jobs of a shell.
            if before.sa_sigaction == libc::SIG_IGN {
                return Ok(());
            }
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = handler;
            // Without `SA_RESTART`: it has to end the wait.
            action.sa_flags = flags;
            if libc::sigaction(signal, &raw const action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            self.before.push((signal, Before(before)));
        }
        Ok(())
    }

    /// Wakes the wait every `period` from here on.
    pub(crate) fn tick(&self, period: Duration) {
        set(period, period);
    }

    /// Whether the tick has come since the last time.
    pub(crate) fn ticked(&self) -> bool {
        TICKED.swap(false, Ordering::Relaxed)
    }

    /// Whether a signal has come since the last time, from the terminal or anybody else.
    pub(crate) fn came(&self, signal: c_int) -> bool {
        let bit = 1 << (signal & 31);
        CAME.load(Ordering::Relaxed) & bit != 0
            && CAME.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    /// The signals that somebody sent to this process since the last time.
    pub(crate) fn sent(&self) -> impl Iterator<Item = c_int> + use<> {
        let sent = if SENT.load(Ordering::Relaxed) == 0 {
            0
        } else {
            SENT.swap(0, Ordering::Relaxed)
        };
        OF_A_TERMINAL
            .into_iter()
            .filter(move |signal| sent & (1 << signal) != 0)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let timer = TIMER.swap(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: the timer was made by us and is used by nobody any more once it is stopped; the actions are those that
        // were there before.
        unsafe {
            if self.has_timer {
                libc::timer_delete(timer);
            }
            for (signal, before) in self.before.drain(..) {
                // A tick may still be on its way: its handler stays.
                if signal != tick_signal() {
                    libc::sigaction(signal, &raw const before.0, ptr::null_mut());
                }
            }
        }
        TAKEN.store(false, Ordering::Release);
    }
}

fn make_timer() -> io::Result<()> {
    // SAFETY: zeroed plain data, filled in as timer_create(2) asks; the timer's id is written to `timer`.
    unsafe {
        let mut event: libc::sigevent = mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = tick_signal();
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer: libc::timer_t = ptr::null_mut();
        if libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) != 0 {
            return Err(io::Error::last_os_error());
        }
        TIMER.store(timer, Ordering::Relaxed);
    }
    Ok(())
}

/// Sends a signal to a process.
pub(crate) fn send(process: u32, signal: c_int) {
    // SAFETY: two numbers; that the process may be gone is no error here.
    unsafe { libc::kill(process.cast_signed(), signal) };
}

/// Stops this process as Ctrl-Z does, until somebody continues it.
pub(crate) fn stop_ourselves() {
    // SAFETY: a signal to this process itself.
    unsafe { libc::raise(libc::SIGSTOP) };
}
