//! A server's loop over connections: it accepts, gives each conversation a task, keeps to a number at once, and drains.

mod room;
mod seats;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use sockeye_model::SocketAddress;
use tokio::sync::mpsc::UnboundedSender;

pub use seats::Seats;

use crate::error::Error;
use crate::{AsyncSocket, Listener};
use room::Room;

/// What a server's loop keeps to.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Conversations at once; more wait in the kernel's queue. Several listeners may share them.
    pub seats: Seats,
    /// How long conversations may go on once it has been told to stop.
    pub drain: Duration,
    /// Told of what a person may want to know while it serves.
    pub notices: Option<UnboundedSender<Notice>>,
}

/// Something that happened to a server as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// All seats are taken for the first time: whoever comes now waits.
    Full {
        /// Conversations at once.
        most: usize,
    },
    /// It has stopped accepting, and these conversations go on for as long as [`Limits::drain`] allows.
    Draining {
        /// How many.
        conversations: usize,
    },
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Clean,
    /// By a reset, or another error.
    Failed,
}

/// What a server did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Conversations that began.
    pub conversations: u64,
    /// Those that ended in an error.
    pub failed: u64,
    /// Those that were still going on when the drain was over.
    pub cut: u64,
    /// The most that went on at once.
    pub most_at_once: usize,
    /// Why it could not go on accepting; `None` when it was told to stop.
    pub accept_failed: Option<Error>,
}

/// Accepts until `stop` is ready, gives each connection to `converse`, and runs what that returns as a task.
///
/// Then it closes the listener (which removes its UNIX path), lets the conversations that go on finish for
/// [`Limits::drain`], and ends those that have not. Whoever connected and was not accepted yet is reset by the kernel.
///
/// Dropping the future ends every conversation.
pub async fn serve_streams<F>(
    listener: Listener,
    limits: &Limits,
    stop: impl Future<Output = ()>,
    mut converse: impl FnMut(AsyncSocket, SocketAddress) -> F,
) -> Summary
where
    F: Future<Output = Ended> + Send + 'static,
{
    let boxed = |socket, peer| Box::pin(converse(socket, peer));
    serve_small(listener, limits, stop, boxed).await
}

/// [`serve_streams`] for a conversation that needs no box: all of it, and nothing else, is what one that waits costs
/// beside its registration with the event loop.
pub async fn serve_small<F>(
    listener: Listener,
    limits: &Limits,
    stop: impl Future<Output = ()>,
    mut converse: impl FnMut(AsyncSocket, SocketAddress) -> F,
) -> Summary
where
    F: Future<Output = Ended> + Send + Unpin + 'static,
{
    let mut stop = pin!(stop);
    let room = Room::new(limits.seats.clone());
    let mut accept_failed = None;
    loop {
        let mut accept = pin!(listener.accept());
        let accepted = poll_fn(|context| {
            // Whoever waits longest is served first: a stop is seen as soon as nobody waits, or the budget is spent.
            if room.has_seat(context)
                && let Poll::Ready(accepted) = accept.as_mut().poll(context)
            {
                return Poll::Ready(Some(accepted));
            }
            stop.as_mut().poll(context).map(|()| None)
        })
        .await;
        match accepted {
            Some(Ok((socket, peer))) => {
                if room.spawn(converse(socket, peer)) {
                    let most = limits.seats.most();
                    limits.tell(Notice::Full { most });
                }
            }
            Some(Err(error)) => {
                accept_failed = Some(error);
                break;
            }
            None => break,
        }
    }
    drop(listener);
    let cut = drain(&room, limits).await;
    let ended = room.summary();
    Summary {
        cut,
        accept_failed,
        ..ended
    }
}

/// Lets conversations finish; how many had to be ended.
async fn drain(room: &Room, limits: &Limits) -> u64 {
    let conversations = room.conversations();
    if conversations == 0 {
        return 0;
    }
    limits.tell(Notice::Draining { conversations });
    if tokio::time::timeout(limits.drain, room.empty())
        .await
        .is_ok()
    {
        return 0;
    }
    let cut = room.end_all();
    room.empty().await;
    cut
}

impl Limits {
    /// This many conversations at once, this long to finish, and nobody told.
    pub fn new(most: usize, drain: Duration) -> Self {
        Self {
            seats: Seats::new(most),
            drain,
            notices: None,
        }
    }

    fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            // Whoever doesn't listen any more needn't know.
            let _ = notices.send(notice);
        }
    }
}
