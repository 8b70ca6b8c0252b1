//! The chat in a running program: one hall behind a lock, and a seat for each member, whatever carries its words.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use sockeye_model::Timestamp;
use sockeye_model::text::Language;
use tokio::sync::Notify;

use super::bus::{Bus, InProcess, Why};
use super::hall::{Counts, Entrance, Hall, Moment};
use super::limits::ChatLimits;
use super::member::Taken;
use super::problem::Problem;
use super::told::{Frame, Told, Tongue};

/// A chat: members in rooms, however each of them has come. Clones are the same chat.
///
/// ```
/// use sockeye_model::text::Language;
/// use sockeye_serve::chat::{Chat, ChatLimits, Entrance, Tongue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let chat = Chat::new(Language::English, ChatLimits::USUAL);
/// let ana = chat.enter(&Entrance::new(Tongue::Lines)).unwrap();
/// let ben = chat.enter(&Entrance::new(Tongue::Json)).unwrap();
/// ana.hear(b"hola");
/// let mut heard = Vec::new();
/// for _ in 0..2 {
///     heard.push(ben.next().await.unwrap());
/// }
/// let message = std::str::from_utf8(&heard[1]).unwrap();
/// assert!(message.contains(r#""from":"guest-1","text":"hola""#), "{message}");
/// # }
/// ```
#[derive(Clone)]
pub struct Chat(Arc<Shared>);

struct Shared {
    hall: Mutex<Hall>,
    began: Instant,
    /// Somebody may have to be ended when time has passed.
    late: Arc<Notify>,
    has_ticker: AtomicBool,
}

impl Chat {
    /// An empty one, in this process alone, that speaks this language.
    pub fn new(language: Language, limits: ChatLimits) -> Self {
        Self::with_bus(language, limits, Box::new(InProcess::default()))
    }

    /// An empty one whose rooms stand behind `bus`.
    pub fn with_bus(language: Language, limits: ChatLimits, bus: Box<dyn Bus>) -> Self {
        Self(Arc::new(Shared {
            hall: Mutex::new(Hall::new(language, limits, bus)),
            began: Instant::now(),
            late: Arc::new(Notify::new()),
            has_ticker: AtomicBool::new(false),
        }))
    }

    /// Takes in a member. Dropping its seat makes it leave.
    ///
    /// # Errors
    /// [`Problem::Full`] or [`Problem::Closing`]; [`Chat::refusal`] says it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn enter(&self, how: &Entrance) -> Result<Seat, Problem> {
        self.start_ticker();
        let place = self.0.with(|hall, now| hall.enter(how, now))?;
        if how.can_vanish {
            self.0.late.notify_one();
        }
        Ok(Seat {
            chat: Arc::clone(&self.0),
            place,
        })
    }

    /// What is sent to whoever can't come in.
    pub fn refusal(&self, problem: &Problem, tongue: Tongue) -> Frame {
        self.0.with(|hall, _| {
            let text = problem.say(hall.language(), hall.limits());
            let error = problem.code();
            Told::Error { error, text }.frame(tongue, hall.language())
        })
    }

    /// Says goodbye to everybody; nobody comes in any more.
    pub fn close(&self) {
        self.0.with(Hall::close);
    }

    /// Gives out what a bus between several processes has brought.
    pub fn deliver(&self) {
        self.0.with(|_, _| ());
    }

    /// What went on so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().counts()
    }

    /// Members that there are now.
    pub fn here(&self) -> usize {
        self.0.lock().here()
    }

    /// What it keeps to.
    pub fn limits(&self) -> ChatLimits {
        self.0.lock().limits().clone()
    }

    pub(super) fn language(&self) -> Language {
        self.0.lock().language()
    }

    /// One timer for all members: it runs only while somebody is behind, or may have vanished.
    fn start_ticker(&self) {
        if self.0.has_ticker.swap(true, Ordering::Relaxed) {
            return;
        }
        let every = (self.0.lock().limits().behind / 8).max(SHORTEST_TICK);
        let (late, shared) = (Arc::clone(&self.0.late), Arc::downgrade(&self.0));
        tokio::spawn(tick(late, shared, every));
    }
}

async fn tick(late: Arc<Notify>, shared: Weak<Shared>, every: Duration) {
    loop {
        late.notified().await;
        loop {
            tokio::time::sleep(every).await;
            let Some(shared) = shared.upgrade() else {
                return;
            };
            if !shared.with(Hall::tick) {
                break;
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in the hall, and gives out what comes of it.
    fn with<T>(&self, act: impl FnOnce(&mut Hall, Moment) -> T) -> T {
        let at = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let now = Moment {
            at: Timestamp::from_nanos(at),
            date: SystemTime::now(),
        };
        let mut hall = self.lock();
        let before = hall.counts().left_out;
        let done = act(&mut hall, now);
        hall.deliver(now);
        let is_late = hall.counts().left_out != before;
        drop(hall);
        if is_late {
            self.late.notify_one();
        }
        done
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The ticker sees that there is nobody left.
        self.late.notify_one();
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chat({} here)", self.here())
    }
}

/// A member's place in the chat, for whatever carries its words. Dropping it makes the member leave.
///
/// One task gives it what the member sends and takes what the member is told.
pub struct Seat {
    chat: Arc<Shared>,
    place: usize,
}

impl Seat {
    /// What the member sent: a line without its end, or a JSON object.
    ///
    /// Whoever carries it should wait when [`Seat::pause`] says so.
    pub fn hear(&self, input: &[u8]) {
        self.chat
            .with(|hall, now| hall.hear(self.place, input, now));
    }

    /// The member sent more than may be sent at once; it was left out.
    pub fn too_long(&self) {
        self.chat.with(|hall, now| hall.too_long(self.place, now));
    }

    /// How long the member has to wait before it is heard again; `None` is now. The one whose reading waits is it alone.
    pub fn pause(&self) -> Option<Duration> {
        self.chat.with(|hall, now| hall.pause(self.place, now))
    }

    /// The member has gone in this way; what it is told now can still be taken.
    pub fn end(&self, why: Why) {
        self.chat.with(|hall, now| hall.end(self.place, why, now));
    }

    /// The next thing that the member is told; `None` when it is no member any more and has been told all. Dropping the
    /// future loses nothing.
    pub async fn next(&self) -> Option<Frame> {
        poll_fn(|context| {
            let taken = self.chat.lock().take(self.place, context.waker());
            match taken {
                Ok(frame) => Poll::Ready(Some(frame)),
                Err(Taken::Over(_)) => Poll::Ready(None),
                Err(Taken::Some | Taken::Pending) => Poll::Pending,
            }
        })
        .await
    }

    /// Ready when the member was dropped for being behind: whoever is sending to it then needn't go on.
    pub async fn dropped(&self) {
        poll_fn(|context| match self.poll_ended(context) {
            Some(Why::Behind) => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }

    /// Why it is no member any more; the task is woken when that changes.
    pub(super) fn poll_ended(&self, context: &Context<'_>) -> Option<Why> {
        self.chat.lock().ended(self.place, context.waker())
    }

    /// Joins what waits, up to `most` bytes or one thing.
    pub(super) fn poll_take(
        &self,
        context: &Context<'_>,
        most: usize,
        joined: &mut Vec<u8>,
    ) -> Taken {
        let mut hall = self.chat.lock();
        hall.take_joined(self.place, most, joined, context.waker())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.chat.with(|hall, now| hall.forget(self.place, now));
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({})", self.place)
    }
}

/// A shorter rule than eight of these is kept less exactly.
const SHORTEST_TICK: Duration = Duration::from_millis(5);
