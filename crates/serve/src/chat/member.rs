//! One member: its name, its room, and what waits to be sent to it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use sockeye_model::Timestamp;
use sockeye_model::text::Language;

use super::bus::Why;
use super::limits::ChatLimits;
use super::told::{Frame, Told, Tongue};

pub(super) struct Member {
    pub(super) name: Arc<str>,
    /// The key of its room.
    pub(super) room: Arc<str>,
    /// Never given twice, unlike its place.
    pub(super) number: u64,
    pub(super) tongue: Tongue,
    /// It can vanish without a word.
    pub(super) can_vanish: bool,
    /// When it spoke last.
    pub(super) heard: Timestamp,
    /// When it would have had its say, had it kept the pace.
    pub(super) paced: Timestamp,
    /// It is none any more; what waits is still sent, unless it was dropped.
    pub(super) ended: Option<Why>,
    queue: VecDeque<Frame>,
    queued_bytes: usize,
    /// Left out since the last one that was queued.
    missed: u64,
    behind_since: Option<Timestamp>,
    /// Whoever sends to it.
    waker: Option<Waker>,
    /// That one waits for something to send.
    is_waiting: bool,
}

/// What came of telling a member something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    Yes,
    LeftOut,
    /// It is no member any more.
    Ended,
}

/// What there is to be sent to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Something was taken.
    Some,
    /// Nothing now; the task is woken when there is.
    Pending,
    /// Nothing, and nothing more will come.
    Over(Why),
}

impl Member {
    pub(super) fn new(
        name: Arc<str>,
        room: Arc<str>,
        number: u64,
        tongue: Tongue,
        can_vanish: bool,
        now: Timestamp,
    ) -> Self {
        Self {
            name,
            room,
            number,
            tongue,
            can_vanish,
            heard: now,
            paced: now,
            ended: None,
            queue: VecDeque::new(),
            queued_bytes: 0,
            missed: 0,
            behind_since: None,
            waker: None,
            is_waiting: false,
        }
    }

    /// Queues what it is told, or counts that there was no room for it.
    pub(super) fn push(
        &mut self,
        frame: &Frame,
        now: Timestamp,
        limits: &ChatLimits,
        language: Language,
    ) -> Queued {
        if self.ended.is_some() {
            return Queued::Ended;
        }
        let bytes = self.queued_bytes + frame.len();
        let is_full = self.queue.len() >= limits.queued_messages || bytes > limits.queued_bytes;
        if is_full && !self.queue.is_empty() {
            self.missed += 1;
            self.behind_since.get_or_insert(now);
            return Queued::LeftOut;
        }
        self.tell_missed(language);
        self.append(Arc::clone(frame));
        Queued::Yes
    }

    fn append(&mut self, frame: Frame) {
        self.queued_bytes += frame.len();
        self.queue.push_back(frame);
        if std::mem::take(&mut self.is_waiting)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }

    /// Its place in the order is where the messages are missing.
    fn tell_missed(&mut self, language: Language) {
        let messages = std::mem::take(&mut self.missed);
        if messages > 0 {
            let frame = Told::Missed { messages }.frame(self.tongue, language);
            self.append(frame);
        }
    }

    /// It is no member any more; these are its last words.
    pub(super) fn end(&mut self, why: Why, words: Option<Frame>) {
        if why == Why::Behind {
            self.queue = VecDeque::new();
            self.queued_bytes = 0;
            self.missed = 0;
        }
        if let Some(words) = words {
            self.append(words);
        }
        self.ended = Some(why);
        self.behind_since = None;
        self.is_waiting = false;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Since when it has been behind.
    pub(super) fn behind_since(&self) -> Option<Timestamp> {
        self.behind_since
    }

    /// Whether something waits for it.
    pub(super) fn has_more(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next thing to be sent; `room` is how many bytes there is still room for, unless nothing was taken before.
    pub(super) fn pop(&mut self, room: Option<usize>, language: Language) -> Option<Frame> {
        if self.queue.is_empty() {
            return None;
        }
        if room.is_some_and(|room| self.queue.front().is_some_and(|next| next.len() > room)) {
            return None;
        }
        let frame = self.queue.pop_front()?;
        self.queued_bytes -= frame.len();
        if self.queue.is_empty() {
            self.behind_since = None;
            // It receives again: it needn't wait for somebody to speak to hear what it missed.
            self.tell_missed(language);
            if self.queue.is_empty() && self.queue.capacity() > KEPT {
                self.queue = VecDeque::new();
            }
        }
        Some(frame)
    }

    /// What it means that nothing could be taken.
    pub(super) fn nothing(&mut self, waker: &Waker) -> Taken {
        if let Some(why) = self.ended {
            return Taken::Over(why);
        }
        self.is_waiting = true;
        self.listen(waker);
        Taken::Pending
    }

    /// From now on this one is woken.
    pub(super) fn listen(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

/// Places that an empty queue keeps: one that was long once holds no memory.
const KEPT: usize = 8;
