//! The conversations of one listener that go on: a task each, ended together when time is up.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::task::AbortHandle;

use super::seats::Seats;
use super::{Ended, Summary};

/// Dropping it ends them all.
pub(super) struct Room(Arc<Shared>);

struct Shared {
    seats: Seats,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: Vec<Place>,
    /// The first free place.
    free: usize,
    here: usize,
    /// Who waits for the last one to go.
    waiting: Option<Waker>,
    began: u64,
    failed: u64,
    most_at_once: usize,
}

enum Place {
    /// The next free place behind it; one past the end when there is none.
    Free(usize),
    /// The task, once it has been started.
    Taken(Option<AbortHandle>),
}

impl Room {
    pub(super) fn new(seats: Seats) -> Self {
        Self(Arc::new(Shared {
            seats,
            state: Mutex::default(),
        }))
    }

    /// Whether one more may begin; if not, the task is woken when one may.
    pub(super) fn has_seat(&self, context: &Context<'_>) -> bool {
        self.0.seats.is_free(context)
    }

    /// Runs a conversation; whether it took the last seat, for the first time.
    pub(super) fn spawn(
        &self,
        future: impl Future<Output = Ended> + Send + Unpin + 'static,
    ) -> bool {
        let was_last = self.0.seats.take();
        let place = self.0.state().take_place();
        let guest = Guest {
            room: Arc::clone(&self.0),
            place,
            ended: None,
        };
        let task = tokio::spawn(Conversation { future, guest });
        // On another thread it may be over already.
        if let Some(Place::Taken(handle @ None)) = self.0.state().places.get_mut(place) {
            *handle = Some(task.abort_handle());
        }
        was_last
    }

    pub(super) fn conversations(&self) -> usize {
        self.0.state().here
    }

    /// Returns when nobody is here.
    pub(super) async fn empty(&self) {
        poll_fn(|context| {
            let mut state = self.0.state();
            if state.here == 0 {
                return Poll::Ready(());
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Ends every conversation at its next step; how many.
    pub(super) fn end_all(&self) -> u64 {
        let tasks: Vec<AbortHandle> = {
            let state = self.0.state();
            let taken = state.places.iter().filter_map(|place| match place {
                Place::Taken(handle) => handle.clone(),
                Place::Free(_) => None,
            });
            taken.collect()
        };
        // Not under the lock: ending one that is not running drops it here and now.
        tasks.iter().for_each(AbortHandle::abort);
        tasks.len() as u64
    }

    pub(super) fn summary(&self) -> Summary {
        let state = self.0.state();
        Summary {
            conversations: state.began,
            failed: state.failed,
            most_at_once: state.most_at_once,
            ..Summary::default()
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.end_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_place(&mut self) -> usize {
        self.began += 1;
        self.here += 1;
        self.most_at_once = self.most_at_once.max(self.here);
        let place = self.free;
        match self.places.get_mut(place) {
            Some(found) => {
                if let Place::Free(next) = *found {
                    self.free = next;
                }
                *found = Place::Taken(None);
            }
            None => {
                self.places.push(Place::Taken(None));
                self.free = self.places.len();
            }
        }
        place
    }

    fn leave(&mut self, place: usize) {
        self.places[place] = Place::Free(self.free);
        self.free = place;
        self.here -= 1;
    }
}

/// One conversation. By hand: an `async` block would keep the future twice, where it was and where it is awaited.
struct Conversation<F> {
    future: F,
    guest: Guest,
}

impl<F: Future<Output = Ended> + Unpin> Future for Conversation<F> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let ended = ready!(Pin::new(&mut self.future).poll(context));
        self.guest.ended = Some(ended);
        Poll::Ready(())
    }
}

/// Gives seat and place back however the task ends: by itself, by a panic or because it was ended.
struct Guest {
    room: Arc<Shared>,
    place: usize,
    ended: Option<Ended>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        let (left, last) = {
            let mut state = self.room.state();
            if self.ended == Some(Ended::Failed) || self.ended.is_none() && std::thread::panicking()
            {
                state.failed += 1;
            }
            // The handle holds the task's memory, so it goes too; outside of the lock.
            let left = std::mem::replace(&mut state.places[self.place], Place::Taken(None));
            state.leave(self.place);
            (
                left,
                if state.here == 0 {
                    state.waiting.take()
                } else {
                    None
                },
            )
        };
        drop(left);
        self.room.seats.give_back();
        if let Some(waker) = last {
            waker.wake();
        }
    }
}
