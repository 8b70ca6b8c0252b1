//! The tap: where a call on a socket becomes an event in the queue.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sockeye_model::{End, Event, Kind, SocketId, Tally, Timestamp, Wants};

use crate::batch::Batch;

/// What happens when a view is slower than the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whoever receives or sends waits for room before the next call: for a recording, a hex dump, a check.
    Lossless,
    /// Data goes on; the view is told how many events it missed: for narration.
    Lossy,
}

/// The end of the queue that events go into. Cheap to clone; [`Tap::off`] costs one branch a call.
///
/// ```
/// let tap = sockeye_tap::Tap::off();
/// assert!(!tap.is_on());
/// ```
#[derive(Clone, Default)]
pub struct Tap(Option<Arc<Shared>>);

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_on() { "Tap(on)" } else { "Tap(off)" })
    }
}

pub(crate) struct Shared {
    clock: Instant,
    wants: AtomicU8,
    policy: Policy,
    sockets: AtomicU32,
    pub(crate) state: Mutex<State>,
    pub(crate) filled: Condvar,
    pub(crate) room: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) batch: Batch,
    /// Events that found no room and that no view has been told of yet.
    pub(crate) unshown: u64,
    /// Events that the view thread has taken and not yet shown, or not all of them.
    pub(crate) in_hand: u64,
    pub(crate) view_waits: bool,
    /// Events come from a tracer, which stops a program for each: waking the view thread for every one of them would cost
    /// as much again.
    pub(crate) traced: bool,
    /// The view thread has events in hand that it can't show before a call that has begun is told.
    pub(crate) view_holds: bool,
    /// When the calls began that may have an effect before they are told.
    begun: Vec<Timestamp>,
    pub(crate) finish: Option<Tally>,
    readers: Vec<Waker>,
}

impl Shared {
    pub(crate) fn new(wants: Wants, policy: Policy) -> Self {
        Self {
            clock: Instant::now(),
            wants: AtomicU8::new(wants.bits()),
            policy,
            sockets: AtomicU32::new(0),
            state: Mutex::default(),
            filled: Condvar::new(),
            room: Condvar::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// A panic in a sink is that sink's affair: the queue's state is whole at every unlock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the sinks need from here on.
    pub(crate) fn set_wants(&self, wants: Wants) {
        // Others read it with every call: it is written only when it changes.
        if self.wants() != wants {
            self.wants.store(wants.bits(), Ordering::Relaxed);
        }
    }

    /// Every sink has stopped or failed: nobody queues, nobody waits.
    pub(crate) fn nobody_listens(&self) {
        self.wants.store(Wants::NOTHING.bits(), Ordering::Relaxed);
        let mut state = self.lock();
        self.wake_readers(&mut state);
    }

    pub(crate) fn wake_readers(&self, state: &mut State) {
        for reader in mem::take(&mut state.readers) {
            reader.wake();
        }
        self.room.notify_all();
    }

    fn wants(&self) -> Wants {
        Wants::from_bits(self.wants.load(Ordering::Relaxed))
    }

    /// All that stands before this moment has been queued; `None`: everything that was queued until now.
    pub(crate) fn settled(&self, state: &State) -> Option<Timestamp> {
        let oldest = state.begun.iter().min()?;
        Some((*oldest).max(self.now() - HOLD))
    }

    fn is_full(&self, state: &State) -> bool {
        self.wants() != Wants::NOTHING
            && (state.batch.bytes() >= FULL_BYTES || state.batch.events() >= FULL_EVENTS)
    }
}

impl Tap {
    /// A tap with no view behind it.
    pub const fn off() -> Self {
        Self(None)
    }

    pub(crate) fn on(shared: Arc<Shared>) -> Self {
        Self(Some(shared))
    }

    /// Whether any view is on.
    pub fn is_on(&self) -> bool {
        self.wants() != Wants::NOTHING
    }

    /// What the views together need.
    pub fn wants(&self) -> Wants {
        self.0
            .as_ref()
            .map_or(Wants::NOTHING, |shared| shared.wants())
    }

    /// Whether each send and receive is to be told.
    pub fn wants_each(&self) -> bool {
        self.wants().include(Wants::EACH_IO)
    }

    /// Whether the bytes are to be told.
    pub fn wants_bytes(&self) -> bool {
        self.wants().include(Wants::BYTES)
    }

    /// This moment; with no view on the clock is not read, and this is the start.
    pub fn now(&self) -> Timestamp {
        self.0
            .as_ref()
            .map_or(Timestamp::START, |shared| shared.now())
    }

    /// The number of a socket that is born now: 1, 2, …; with no view on nobody counts.
    pub fn next_socket(&self) -> SocketId {
        self.0.as_ref().map_or(SocketId::NONE, |shared| {
            SocketId(shared.sockets.fetch_add(1, Ordering::Relaxed) + 1)
        })
    }

    /// A system call begins here that may have its effect before it returns: a send is received, a shutdown is read as
    /// the end, perhaps on another thread, and perhaps told before it.
    ///
    /// What this thread sends or ends while the value lives is told at this place in the order, and no view is told of
    /// anything later before. The value must not outlive one call that does not block: after [`HOLD`] nobody waits.
    ///
    /// ```
    /// # let tap = sockeye_tap::Tap::off();
    /// let begun = tap.begin();
    /// // send(2), and then what it sent is told with `tap.emit`.
    /// drop(begun);
    /// ```
    pub fn begin(&self) -> Begun<'_> {
        let mut begun = Begun {
            shared: None,
            of_this_thread: PhantomData,
        };
        if let Some(shared) = self.0.as_deref().filter(|_| self.is_on()) {
            let mut state = shared.lock();
            // Inside the lock: what is queued from here on stands after it.
            let at = shared.now();
            state.begun.push(at);
            drop(state);
            BEGUN.set(Some(at));
            begun.shared = Some((shared, at));
        }
        begun
    }

    /// Queues what happened to `socket`, as of now; `began` is when its call was made.
    ///
    /// Never blocks for a view: with [`Policy::Lossy`] an event that finds no room is counted, with
    /// [`Policy::Lossless`] it is queued, and who made the call waits before the next one ([`Tap::poll_room`]).
    pub fn emit(
        &self,
        socket: SocketId,
        parent: Option<SocketId>,
        began: Option<Timestamp>,
        kind: Kind<'_>,
    ) {
        let Some(shared) = &self.0 else { return };
        let wants = shared.wants();
        if wants == Wants::NOTHING {
            return;
        }
        let mut state = shared.lock();
        // Asked again: the view may have ended meanwhile.
        if shared.wants() == Wants::NOTHING {
            return;
        }
        if shared.policy == Policy::Lossy && shared.is_full(&state) {
            state.unshown += 1;
            return;
        }
        // Inside the lock, so that the order of the queue is the order of time.
        let at = shared.now();
        let place = match kind {
            Kind::Sent { .. } | Kind::HalfClosed { end: End::Ours } => BEGUN.get().unwrap_or(at),
            _ => at,
        };
        let (at, took) = match kind {
            Kind::Waiting { .. } | Kind::Connecting { .. } => (at, None),
            _ => (at, began.map(|began| at.since(began))),
        };
        let event = Event {
            at,
            took,
            socket,
            parent,
            by: None,
            place: None,
            kind,
        };
        state.batch.push(place, event, wants.include(Wants::BYTES));
        if mem::take(&mut state.view_waits) {
            drop(state);
            shared.filled.notify_one();
        }
    }

    /// Queues an event as it stands: what another program did, seen and timed by its tracer, on this tap's clock ([`Tap::now`]).
    ///
    /// A [`Policy::Lossless`] view that has fallen behind is waited for: it is the traced program that waits then.
    pub fn tell(&self, event: Event<'_>) {
        self.tell_with(event, []);
    }

    /// The same, and what belongs to it, such as what it shows to be wrong: no view is told of the one in time and of the
    /// other late.
    pub fn tell_with<'a>(&self, event: Event<'_>, more: impl IntoIterator<Item = Event<'a>>) {
        self.wait_room();
        let Some(shared) = &self.0 else { return };
        let wants = shared.wants();
        if wants == Wants::NOTHING {
            return;
        }
        let mut state = shared.lock();
        if shared.policy == Policy::Lossy && shared.is_full(&state) {
            state.unshown += 1;
            return;
        }
        let place = event.at;
        state.traced = true;
        let keep_bytes = wants.include(Wants::BYTES);
        state.batch.push(place, event, keep_bytes);
        for event in more {
            state.batch.push(place, event, keep_bytes);
        }
        if mem::take(&mut state.view_waits) {
            drop(state);
            shared.filled.notify_one();
        }
    }

    /// Ready when one may receive or send: at once unless a lossless view has fallen far behind.
    pub fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        let Some(shared) = self.lossless() else {
            return Poll::Ready(());
        };
        let mut state = shared.lock();
        if shared.is_full(&state) {
            state.readers.push(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// [`Tap::poll_room`] for a thread: blocks until there is room.
    pub fn wait_room(&self) {
        let Some(shared) = self.lossless() else {
            return;
        };
        let mut state = shared.lock();
        while shared.is_full(&state) {
            let patience = Duration::from_millis(100);
            state = shared
                .room
                .wait_timeout(state, patience)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lossless(&self) -> Option<&Arc<Shared>> {
        self.0
            .as_ref()
            .filter(|shared| shared.policy == Policy::Lossless && shared.wants() != Wants::NOTHING)
    }
}

/// A call under way whose effect may be seen before it is told: see [`Tap::begin`].
#[must_use = "the call has to be told while this lives"]
pub struct Begun<'a> {
    shared: Option<(&'a Shared, Timestamp)>,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let Some((shared, at)) = self.shared else {
            return;
        };
        BEGUN.set(None);
        let mut state = shared.lock();
        if let Some(place) = state.begun.iter().position(|begun| *begun == at) {
            state.begun.swap_remove(place);
        }
        if mem::take(&mut state.view_holds) {
            drop(state);
            shared.filled.notify_one();
        }
    }
}

thread_local! {
    /// When the call began that this thread makes at the moment, if it is one that has effects.
    static BEGUN: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// For how long views wait for a call that has begun; a send that does not block takes microseconds, and longer only
/// where the system lets its thread wait.
pub const HOLD: Duration = Duration::from_millis(100);

/// A batch is full with this many bytes: a few of the largest reads.
const FULL_BYTES: usize = 4 << 20;
/// A batch is full with this many events.
const FULL_EVENTS: usize = 8192;
