//! The chat itself: members, rooms, and who is told what; no IO, no clock.

mod asked;
mod telling;

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime};

use sockeye_model::Timestamp;
use sockeye_model::text::Language;

use super::ask::Ask;
use super::bus::{Bus, Why};
use super::limits::ChatLimits;
use super::member::{Member, Taken};
use super::name::key;
use super::problem::Problem;
use super::room::Room;
use super::told::{Frame, Told, Tongue};
use super::words;

/// Now, on the clock that never jumps and on the one that people read.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Since the chat began.
    pub at: Timestamp,
    /// The date.
    pub date: SystemTime,
}

/// Who comes in, and how.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// How it is spoken to.
    pub tongue: Tongue,
    /// The name it wants; without one it is a guest.
    pub name: Option<String>,
    /// The room it wants; without one it is the lobby.
    pub room: Option<String>,
    /// It speaks in datagrams and can vanish without a word: it must say something now and then.
    pub can_vanish: bool,
}

impl Entrance {
    /// A guest in the lobby.
    pub fn new(tongue: Tongue) -> Self {
        Self {
            tongue,
            name: None,
            room: None,
            can_vanish: false,
        }
    }
}

/// What went on so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Members that came in.
    pub members: u64,
    /// Messages said in rooms, and to one alone.
    pub messages: u64,
    /// Times that one of those was queued for a member.
    pub delivered: u64,
    /// Times that something was left out because a member was too far behind.
    pub left_out: u64,
    /// Members dropped because they stayed behind.
    pub dropped: u64,
}

/// The chat: a machine that is told what members ask for and when, and queues what they are told.
pub struct Hall {
    limits: ChatLimits,
    language: Language,
    bus: Box<dyn Bus>,
    members: Vec<Option<Member>>,
    free: Vec<usize>,
    here: usize,
    /// By the keys of their names.
    names: HashMap<Box<str>, usize>,
    rooms: HashMap<Arc<str>, Room>,
    next_number: u64,
    counts: Counts,
    is_closing: bool,
}

/// The room that everybody comes into first.
pub const LOBBY: &str = "lobby";

impl Hall {
    /// An empty one.
    pub fn new(language: Language, limits: ChatLimits, bus: Box<dyn Bus>) -> Self {
        Self {
            limits,
            language,
            bus,
            members: Vec::new(),
            free: Vec::new(),
            here: 0,
            names: HashMap::new(),
            rooms: HashMap::new(),
            next_number: 1,
            counts: Counts::default(),
            is_closing: false,
        }
    }

    /// What it keeps to.
    pub fn limits(&self) -> &ChatLimits {
        &self.limits
    }

    /// The language of what it says.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What went on so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Members that there are now.
    pub fn here(&self) -> usize {
        self.here
    }

    /// Takes in a member; its place, by which it is known until [`Hall::forget`].
    ///
    /// A name or room that it can't have is told; it is a guest in the lobby then.
    ///
    /// # Errors
    /// [`Problem::Full`] and [`Problem::Closing`].
    pub fn enter(&mut self, how: &Entrance, now: Moment) -> Result<usize, Problem> {
        if self.is_closing {
            return Err(Problem::Closing);
        }
        if self.here >= self.limits.members {
            return Err(Problem::Full);
        }
        let number = self.next_number;
        self.next_number += 1;
        let wanted = how.name.as_deref().map(|name| self.free_name(name, None));
        let (name, bad_name) = match wanted {
            Some(Ok(name)) => (name, None),
            Some(Err(problem)) => (self.guest(number), Some(problem)),
            None => (self.guest(number), None),
        };
        let wanted = how.room.as_deref().unwrap_or(LOBBY);
        let (room, bad_room) = match self.room_named(wanted) {
            Ok(room) => (room, None),
            Err(problem) => (self.lobby(), Some(problem)),
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.members.push(None);
            self.members.len() - 1
        });
        self.names.insert(key(&name), place);
        self.here += 1;
        self.counts.members += 1;
        let member = Member::new(name, room, number, how.tongue, how.can_vanish, now.at);
        self.members[place] = Some(member);
        for problem in [bad_name, bad_room].into_iter().flatten() {
            self.tell_problem(place, &problem, now);
        }
        self.come_in(place, true, now);
        Ok(place)
    }

    /// What the member sent: a line without its end, or a JSON object.
    pub fn hear(&mut self, place: usize, input: &[u8], now: Moment) {
        let (tongue, longest) = match self.member(place) {
            Some(member) if member.ended.is_none() => (member.tongue, self.limits.text),
            _ => return,
        };
        let asked = match tongue {
            Tongue::Lines => Ask::of_line(input, longest),
            Tongue::Json => Ask::of_json(input, longest),
        };
        if let Some(member) = self.member(place) {
            member.heard = now.at;
        }
        self.keep_pace(place, now);
        let done = asked.and_then(|ask| self.ask(place, ask, now));
        if let Err(problem) = done {
            self.tell_problem(place, &problem, now);
            if problem == Problem::Http {
                self.end(place, Why::Quit, now);
            }
        }
    }

    /// The member sent more than one message may have; it was left out.
    pub fn too_long(&mut self, place: usize, now: Moment) {
        if let Some(member) = self.member(place) {
            member.heard = now.at;
            self.keep_pace(place, now);
            self.tell_problem(place, &Problem::TooLong, now);
        }
    }

    /// How long it must be before the member is heard again, so that it keeps the pace; `None` is now.
    pub fn pause(&mut self, place: usize, now: Moment) -> Option<Duration> {
        let ahead = self.limits.pace * self.limits.burst;
        let member = self.member(place)?;
        let ready = member.paced - ahead;
        (ready > now.at).then(|| ready.since(now.at))
    }

    fn keep_pace(&mut self, place: usize, now: Moment) {
        let pace = self.limits.pace;
        if let Some(member) = self.member(place) {
            member.paced = member.paced.max(now.at) + pace;
        }
    }

    /// The member is none any more: it said so, its connection ended, or by a rule.
    pub fn end(&mut self, place: usize, why: Why, now: Moment) {
        let language = self.language;
        let silent = self.limits.silent.as_secs() / 60;
        let Some(member) = self.member(place).filter(|member| member.ended.is_none()) else {
            return;
        };
        let text = match why {
            Why::Quit => Some(words::BYE_QUIT.say(language).to_owned()),
            Why::Closing => Some(words::BYE_CLOSING.say(language).to_owned()),
            Why::Silent => {
                let time = format!("{silent} min");
                Some(words::BYE_SILENT.fill(language, &[("time", &time)]))
            }
            Why::Moved | Why::Gone | Why::Behind => None,
        };
        let words = text.map(|text| {
            let why = why.said().0;
            Told::Goodbye { why, text }.frame(member.tongue, language)
        });
        member.end(why, words);
        let name = key(&member.name);
        self.names.remove(&name);
        self.here -= 1;
        if why == Why::Behind {
            self.counts.dropped += 1;
        }
        self.leave(place, why, now);
    }

    /// Ends the member, if it is still one, and frees its place.
    pub fn forget(&mut self, place: usize, now: Moment) {
        self.end(place, Why::Gone, now);
        if self.members.get_mut(place).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }

    /// Says goodbye to everybody; nobody comes in any more.
    pub fn close(&mut self, now: Moment) {
        self.is_closing = true;
        for place in 0..self.members.len() {
            self.end(place, Why::Closing, now);
        }
    }

    /// Ends those that have been behind, or silent in datagrams, for too long; whether anybody is left that may have to be.
    pub fn tick(&mut self, now: Moment) -> bool {
        let mut over = Vec::new();
        let mut any = false;
        for (place, member) in self.members.iter().enumerate() {
            let Some(member) = member.as_ref().filter(|member| member.ended.is_none()) else {
                continue;
            };
            let behind = member.behind_since();
            if behind.is_some_and(|since| now.at.since(since) >= self.limits.behind) {
                over.push((place, Why::Behind));
            } else if member.can_vanish && now.at.since(member.heard) >= self.limits.silent {
                over.push((place, Why::Silent));
            } else {
                any |= behind.is_some() || member.can_vanish;
            }
        }
        for (place, why) in over {
            self.end(place, why, now);
        }
        any
    }

    /// Gives out what came over the bus.
    pub fn deliver(&mut self, now: Moment) {
        while let Some(post) = self.bus.next() {
            self.give_out(&post, now);
        }
    }

    /// Takes the next thing to be sent to a member.
    pub fn take(&mut self, place: usize, waker: &Waker) -> Result<Frame, Taken> {
        let language = self.language;
        let Some(member) = self.member(place) else {
            return Err(Taken::Over(Why::Gone));
        };
        match member.pop(None, language) {
            Some(frame) => Ok(frame),
            None => Err(member.nothing(waker)),
        }
    }

    /// Takes what waits to be sent to a member, joined, up to `most` bytes; a single longer thing is taken alone.
    pub fn take_joined(
        &mut self,
        place: usize,
        most: usize,
        joined: &mut Vec<u8>,
        waker: &Waker,
    ) -> Taken {
        let language = self.language;
        let Some(member) = self.member(place) else {
            return Taken::Over(Why::Gone);
        };
        while member.has_more() {
            let room = (!joined.is_empty()).then(|| most.saturating_sub(joined.len()));
            match member.pop(room, language) {
                Some(frame) => joined.extend_from_slice(&frame),
                None => break,
            }
        }
        if joined.is_empty() {
            return member.nothing(waker);
        }
        member.listen(waker);
        Taken::Some
    }

    /// Why it is no member any more; whoever asks is woken when that changes.
    pub fn ended(&mut self, place: usize, waker: &Waker) -> Option<Why> {
        let member = self.member(place)?;
        if member.ended.is_none() {
            member.listen(waker);
        }
        member.ended
    }

    fn member(&mut self, place: usize) -> Option<&mut Member> {
        self.members.get_mut(place).and_then(Option::as_mut)
    }
}
