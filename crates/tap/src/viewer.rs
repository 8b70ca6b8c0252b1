//! The view thread: it takes the batch, feeds the sinks and flushes them.

use std::io;
use std::mem;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sockeye_model::{Event, Flow, Kind, Sink, SocketId, Tally, Timestamp, Wants};

use crate::batch::Batch;
use crate::queue::{HOLD, Policy, Shared, Tap};

/// A sink could not write; the data went on without it.
#[derive(Debug)]
pub struct ViewFailed {
    /// The place of the sink in the list given to [`start`].
    pub sink: usize,
    /// What writing gave.
    pub source: io::Error,
}

impl std::fmt::Display for ViewFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a view could not be written: {}", self.source)
    }
}

impl std::error::Error for ViewFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The running view thread.
pub struct Viewer {
    shared: Option<Arc<Shared>>,
    done: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

struct Report {
    unshown: u64,
    failed: Option<ViewFailed>,
}

/// Starts the session's clock and, if there is a sink, the view thread.
///
/// With no sink the tap is off and no thread is started. `tick` is how often [`Sink::tick`] is called while
/// nothing happens; `None` never.
///
/// # Errors
/// What starting a thread gave.
pub fn start(
    sinks: Vec<Box<dyn Sink>>,
    policy: Policy,
    tick: Option<Duration>,
) -> io::Result<(Tap, Viewer)> {
    let wants = sinks
        .iter()
        .fold(Wants::NOTHING, |wants, sink| wants | sink.wants());
    let (report, done) = mpsc::sync_channel(1);
    if sinks.is_empty() {
        return Ok((
            Tap::off(),
            Viewer {
                shared: None,
                done,
                thread: None,
            },
        ));
    }
    let shared = Arc::new(Shared::new(wants, policy));
    let view = View {
        shared: Arc::clone(&shared),
        sinks: sinks.into_iter().map(Some).collect(),
        failed: None,
        unshown: 0,
    };
    let thread = thread::Builder::new().name("view".into()).spawn(move || {
        let _ = report.send(view.run(tick));
    })?;
    Ok((
        Tap::on(Arc::clone(&shared)),
        Viewer {
            shared: Some(shared),
            done,
            thread: Some(thread),
        },
    ))
}

impl Viewer {
    /// Shows what is queued, then the summary, and ends the thread. Returns how many events no view showed.
    ///
    /// With `patience`, a view that is blocked longer than that (a stopped terminal) is left behind.
    ///
    /// # Errors
    /// The first sink that failed.
    pub fn finish(mut self, tally: Tally, patience: Option<Duration>) -> Result<u64, ViewFailed> {
        let Some(shared) = self.shared.take() else {
            return Ok(0);
        };
        shared.lock().finish = Some(tally);
        shared.filled.notify_one();
        let report = match patience {
            None => self.done.recv().ok(),
            Some(patience) => match self.done.recv_timeout(patience) {
                Ok(report) => Some(report),
                Err(RecvTimeoutError::Timeout) => {
                    let state = shared.lock();
                    return Ok(state.unshown + state.in_hand + state.batch.events() as u64);
                }
                Err(RecvTimeoutError::Disconnected) => None,
            },
        };
        if let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
        {
            std::panic::resume_unwind(panic);
        }
        match report {
            Some(Report {
                failed: Some(failed),
                ..
            }) => Err(failed),
            Some(Report { unshown, .. }) => Ok(unshown),
            None => Ok(0),
        }
    }
}

struct View {
    shared: Arc<Shared>,
    sinks: Vec<Option<Box<dyn Sink>>>,
    failed: Option<ViewFailed>,
    unshown: u64,
}

impl View {
    fn run(mut self, tick: Option<Duration>) -> Report {
        let mut batch = Batch::default();
        let mut rest = Batch::default();
        loop {
            let (next, until) = self.next(&mut batch, &rest, tick);
            batch.prepend(&mut rest);
            batch.drain(until, &mut rest, |event| {
                self.each(|sink| sink.event(event));
            });
            match next {
                Next::Batch { unshown: 0 } => {}
                Next::Batch { unshown } => {
                    self.unshown += unshown;
                    let event = self.unshown_event(unshown);
                    self.each(|sink| sink.event(&event));
                }
                Next::Tick => {
                    let now = self.shared.now();
                    self.each(|sink| sink.tick(now).map(|()| Flow::Continue));
                }
                Next::Finish(mut tally) => {
                    tally.unshown += self.unshown;
                    self.each(|sink| sink.finish(&tally).map(|()| Flow::Continue));
                    self.each(|sink| sink.flush().map(|()| Flow::Continue));
                    return Report {
                        unshown: tally.unshown,
                        failed: self.failed.take(),
                    };
                }
            }
            self.each(|sink| sink.flush().map(|()| Flow::Continue));
            let sinks = self.sinks.iter().flatten();
            let wants = sinks.fold(Wants::NOTHING, |wants, sink| wants | sink.wants());
            if wants == Wants::NOTHING {
                self.shared.nobody_listens();
            } else {
                self.shared.set_wants(wants);
            }
        }
    }

    /// What is to be done next, and up to where what was queued can be shown. `rest` is in hand already.
    fn next(
        &self,
        batch: &mut Batch,
        rest: &Batch,
        tick: Option<Duration>,
    ) -> (Next, Option<Timestamp>) {
        let mut state = self.shared.lock();
        state.in_hand = rest.events() as u64;
        let patience = match (tick, rest.is_empty()) {
            (tick, true) => tick,
            (tick, false) => Some(tick.map_or(HOLD, |tick| tick.min(HOLD))),
        };
        let mut gathered = false;
        loop {
            let few = state.batch.events() < MANY && state.unshown == 0;
            if state.traced && !gathered && few && !state.batch.is_empty() && state.finish.is_none()
            {
                gathered = true;
                state.view_waits = false;
                let waited = self.shared.filled.wait_timeout(state, GATHER);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let until = self.shared.settled(&state);
            if !state.batch.is_empty() || state.unshown > 0 {
                mem::swap(&mut state.batch, batch);
                state.in_hand += batch.events() as u64;
                let unshown = mem::take(&mut state.unshown);
                self.shared.wake_readers(&mut state);
                // Where some are left out, and where they are many, all the others are shown.
                let all = unshown > 0 || rest.events() > MANY || rest.bytes() > MANY_BYTES;
                return (Next::Batch { unshown }, until.filter(|_| !all));
            }
            if let Some(first) = rest.first()
                && until.is_none_or(|until| first < until)
            {
                return (Next::Batch { unshown: 0 }, until);
            }
            if let Some(tally) = state.finish.take() {
                return (Next::Finish(tally), None);
            }
            state.view_waits = true;
            state.view_holds = !rest.is_empty();
            state = match patience {
                None => self
                    .shared
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (mut state, waited) = self
                        .shared
                        .filled
                        .wait_timeout(state, patience)
                        .unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out()
                        && tick == Some(patience)
                        && state.batch.is_empty()
                        && state.finish.is_none()
                    {
                        state.view_waits = false;
                        return (Next::Tick, self.shared.settled(&state));
                    }
                    state
                }
            };
        }
    }

    fn unshown_event(&self, events: u64) -> Event<'static> {
        Event {
            at: self.shared.now(),
            took: None,
            socket: SocketId::NONE,
            parent: None,
            by: None,
            place: None,
            kind: Kind::Unshown { events },
        }
    }

    /// One sink's failure is kept once and never reaches the others.
    fn each(&mut self, mut feed: impl FnMut(&mut dyn Sink) -> io::Result<Flow>) {
        for (place, slot) in self.sinks.iter_mut().enumerate() {
            let Some(sink) = slot else { continue };
            match feed(sink.as_mut()) {
                Ok(Flow::Continue) => {}
                Ok(Flow::Stop) => *slot = None,
                Err(source) => {
                    *slot = None;
                    self.failed.get_or_insert(ViewFailed {
                        sink: place,
                        source,
                    });
                }
            }
        }
    }
}

impl Drop for View {
    /// The thread ends, perhaps by a panic of a sink: nobody may wait for it, and nothing is kept for it.
    fn drop(&mut self) {
        self.shared.nobody_listens();
    }
}

enum Next {
    Batch { unshown: u64 },
    Tick,
    Finish(Tally),
}

/// For how long the events of a traced program are gathered before they are shown: too short to be seen, and long enough that
/// the view thread is not woken for each.
const GATHER: Duration = Duration::from_millis(5);

/// So many events, or bytes of them, are not held for the sake of order.
const MANY: usize = 65_536;
const MANY_BYTES: usize = 16 << 20;
