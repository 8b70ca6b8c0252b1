//! One room: who is in it, and what was said there lately.

use std::collections::VecDeque;
use std::sync::Arc;

use sockeye_model::text::Language;

use super::bus::Post;
use super::limits::ChatLimits;
use super::told::{Frame, Past, Told, Tongue, written};

pub(super) struct Room {
    /// As it was spelled first.
    pub(super) name: Arc<str>,
    /// Places of its members.
    pub(super) members: Vec<usize>,
    history: VecDeque<Said>,
    history_bytes: usize,
    /// What whoever comes now is told of it, in lines and in JSON; many may come at once.
    told: [Option<Frame>; 2],
}

struct Said {
    from: Arc<str>,
    text: Box<str>,
    at: String,
}

impl Said {
    fn bytes(&self) -> usize {
        self.from.len() + self.text.len()
    }
}

impl Room {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            members: Vec::new(),
            history: VecDeque::new(),
            history_bytes: 0,
            told: [None, None],
        }
    }

    /// Keeps a message for whoever comes later, and forgets the oldest that are too many.
    pub(super) fn keep(&mut self, post: &Post, text: &str, limits: &ChatLimits) {
        let said = Said {
            from: Arc::clone(&post.from),
            text: text.into(),
            at: written(post.date),
        };
        self.history_bytes += said.bytes();
        self.history.push_back(said);
        self.told = [None, None];
        while self.history.len() > limits.history_messages
            || self.history_bytes > limits.history_bytes
        {
            let Some(oldest) = self.history.pop_front() else {
                return;
            };
            self.history_bytes -= oldest.bytes();
        }
    }

    /// What was said lately; `None` when nothing was.
    pub(super) fn history(&mut self, tongue: Tongue, language: Language) -> Option<Frame> {
        if self.history.is_empty() {
            return None;
        }
        let history = self.history.iter().map(|said| Past {
            from: &said.from,
            text: &said.text,
            at: said.at.clone(),
        });
        let told = &mut self.told[usize::from(tongue == Tongue::Json)];
        let frame = told.get_or_insert_with(|| {
            let messages = history.collect();
            let room = &self.name;
            Told::History { room, messages }.frame(tongue, language)
        });
        Some(Arc::clone(frame))
    }
}
