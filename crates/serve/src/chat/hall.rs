//! The chat itself: members, rooms, and who is told what; no IO, no clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime};

use sockeye_model::Timestamp;
use sockeye_model::text::Language;

use super::ask::Ask;
use super::bus::{Bus, Post, What, Why};
use super::limits::ChatLimits;
use super::member::{Member, Queued, Taken};
use super::name::{check_name, key};
use super::problem::Problem;
use super::room::Room;
use super::told::{Frame, Names, Past, RoomRow, Told, Tongue, written};
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

    /// Whether somebody is behind, or may vanish, so that [`Hall::tick`] is needed.
    pub fn needs_tick(&self, place: usize) -> bool {
        let member = self.members.get(place).and_then(Option::as_ref);
        member.is_some_and(|member| member.can_vanish)
    }

    /// Gives out what came over the bus.
    pub fn deliver(&mut self, now: Moment) -> bool {
        let mut left_out = false;
        while let Some(post) = self.bus.next() {
            left_out |= self.give_out(&post, now);
        }
        left_out
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

    fn ask(&mut self, place: usize, ask: Ask<'_>, now: Moment) -> Result<(), Problem> {
        match ask {
            Ask::Nothing => {}
            Ask::Say(text) => {
                self.counts.messages += 1;
                self.publish(place, What::Said(text.into()), now);
            }
            Ask::Name(name) => self.rename(place, &name, now)?,
            Ask::Join(room) => self.join(place, &room, now)?,
            Ask::Leave => self.join(place, LOBBY, now)?,
            Ask::Rooms => self.tell_rooms(place, now),
            Ask::Who(room) => self.tell_who(place, room.as_deref(), now)?,
            Ask::Private(to, text) => self.say_privately(place, &to, &text, now)?,
            Ask::Help => {
                let text = words::HELP.say(self.language);
                self.tell(place, &Told::Help { text }, now);
            }
            Ask::Quit => self.end(place, Why::Quit, now),
        }
        Ok(())
    }

    /// The name, if nobody else has it.
    fn free_name(&self, name: &str, own: Option<usize>) -> Result<Arc<str>, Problem> {
        let name = check_name(name)?;
        match self.names.get(&key(name)) {
            Some(place) if own != Some(*place) => Err(Problem::NameTaken(name.to_owned())),
            _ => Ok(name.into()),
        }
    }

    fn guest(&self, number: u64) -> Arc<str> {
        let mut name = format!("guest-{number}");
        // Somebody may have chosen just that one.
        while self.names.contains_key(name.as_str()) {
            name.push('-');
        }
        name.into()
    }

    fn rename(&mut self, place: usize, name: &str, now: Moment) -> Result<(), Problem> {
        let name = self.free_name(name, Some(place))?;
        let Some(member) = self.member(place) else {
            return Ok(());
        };
        if member.name == name {
            return Ok(());
        }
        let was = Arc::clone(&member.name);
        self.names.remove(&key(&was));
        self.names.insert(key(&name), place);
        self.publish(place, What::Renamed(Arc::clone(&name)), now);
        if let Some(member) = self.member(place) {
            member.name = name;
        }
        Ok(())
    }

    fn lobby(&mut self) -> Arc<str> {
        self.room(LOBBY)
    }

    /// The key of a room, which is made if need be.
    fn room_named(&mut self, name: &str) -> Result<Arc<str>, Problem> {
        let name = check_name(name)?;
        let is_new = !self.rooms.contains_key(&*key(name));
        if is_new && name != LOBBY && self.rooms.len() >= self.limits.rooms {
            return Err(Problem::RoomsFull);
        }
        Ok(self.room(name))
    }

    fn room(&mut self, name: &str) -> Arc<str> {
        let key = key(name);
        if let Some((known, _)) = self.rooms.get_key_value(&*key) {
            return Arc::clone(known);
        }
        let key: Arc<str> = key.into();
        self.bus.subscribe(&key);
        self.rooms.insert(Arc::clone(&key), Room::new(name.into()));
        key
    }

    fn join(&mut self, place: usize, name: &str, now: Moment) -> Result<(), Problem> {
        let wanted = key(check_name(name)?);
        let Some(own) = self.member(place).map(|member| Arc::clone(&member.room)) else {
            return Ok(());
        };
        if *own == *wanted {
            let known = self.rooms.get(&own).map_or(name, |room| &room.name);
            return Err(Problem::HereAlready(known.to_owned()));
        }
        let room = self.room_named(name)?;
        self.leave(place, Why::Moved, now);
        if let Some(member) = self.member(place) {
            member.room = room;
        }
        self.come_in(place, false, now);
        Ok(())
    }

    /// Tells the member where it is and what was said, and the others that it is there.
    fn come_in(&mut self, place: usize, first: bool, now: Moment) {
        let language = self.language;
        let Some(member) = self.members.get(place).and_then(Option::as_ref) else {
            return;
        };
        let (key, name, tongue) = (
            Arc::clone(&member.room),
            Arc::clone(&member.name),
            member.tongue,
        );
        let (who, more) = self.names_in(&key);
        let Some(room) = self.rooms.get(&key) else {
            return;
        };
        let told = Told::Entered {
            room: &room.name,
            name: &name,
            who,
            more,
            first,
        };
        let frame = told.frame(tongue, language);
        self.queue(place, &frame, now);
        let history = self.rooms.get_mut(&key).and_then(|room| {
            room.members.push(place);
            room.history(tongue, language)
        });
        if let Some(history) = history {
            self.queue(place, &history, now);
        }
        self.publish(place, What::Came, now);
    }

    /// Takes the member out of its room, which is gone when it was the last one there.
    fn leave(&mut self, place: usize, why: Why, now: Moment) {
        let Some(member) = self.members.get(place).and_then(Option::as_ref) else {
            return;
        };
        let key = Arc::clone(&member.room);
        let Some(room) = self.rooms.get_mut(&key) else {
            return;
        };
        room.members.retain(|other| *other != place);
        if room.members.is_empty() {
            self.rooms.remove(&key);
            self.bus.unsubscribe(&key);
        } else if why != Why::Closing {
            self.publish(place, What::Went(why), now);
        }
    }

    /// The names in a room, in alphabetical order, and how many are left out.
    fn names_in(&self, key: &str) -> (Names<'_>, usize) {
        let Some(room) = self.rooms.get(key) else {
            return (Vec::new(), 0);
        };
        let shown = room.members.iter().take(self.limits.listed);
        let mut names: Names<'_> = shown
            .filter_map(|place| self.members[*place].as_ref().map(|member| &*member.name))
            .collect();
        names.sort_unstable();
        let more = room.members.len() - names.len();
        (names, more)
    }

    fn tell_rooms(&mut self, place: usize, now: Moment) {
        let mut rooms: Vec<RoomRow<'_>> = self
            .rooms
            .values()
            .map(|room| RoomRow {
                name: &room.name,
                members: room.members.len(),
            })
            .collect();
        rooms.sort_unstable_by(|a, b| b.members.cmp(&a.members).then(a.name.cmp(b.name)));
        let more = rooms.len().saturating_sub(self.limits.listed);
        rooms.truncate(self.limits.listed);
        let frame = Told::Rooms { rooms, more }.frame(self.tongue(place), self.language);
        self.queue(place, &frame, now);
    }

    fn tell_who(&mut self, place: usize, room: Option<&str>, now: Moment) -> Result<(), Problem> {
        let wanted = match room {
            Some(name) => key(check_name(name)?),
            None => match self.member(place) {
                Some(member) => (*member.room).into(),
                None => return Ok(()),
            },
        };
        let (names, more) = self.names_in(&wanted);
        let known = self.rooms.get(&*wanted).map(|room| &*room.name);
        let room = known.or(room).unwrap_or_default();
        let told = Told::Who { room, names, more };
        let frame = told.frame(self.tongue(place), self.language);
        self.queue(place, &frame, now);
        Ok(())
    }

    fn say_privately(
        &mut self,
        place: usize,
        to: &str,
        text: &str,
        now: Moment,
    ) -> Result<(), Problem> {
        let name = check_name(to)?;
        let Some(&other) = self.names.get(&key(name)) else {
            return Err(Problem::NoMember(name.to_owned()));
        };
        self.counts.messages += 1;
        let name_of = |place: usize| {
            let member = self.members.get(place).and_then(Option::as_ref);
            member.map_or_else(|| "?".into(), |member| Arc::clone(&member.name))
        };
        let (from, to, at) = (name_of(place), name_of(other), written(now.date));
        for (one, own) in [(other, false), (place, true)] {
            let told = Told::Private {
                from: &from,
                to: &to,
                text,
                at: at.clone(),
                own,
            };
            let frame = told.frame(self.tongue(one), self.language);
            if self.queue(one, &frame, now) && !own {
                self.counts.delivered += 1;
            }
        }
        Ok(())
    }

    fn tongue(&self, place: usize) -> Tongue {
        let member = self.members.get(place).and_then(Option::as_ref);
        member.map_or(Tongue::Lines, |member| member.tongue)
    }

    fn tell_problem(&mut self, place: usize, problem: &Problem, now: Moment) {
        let text = problem.say(self.language, &self.limits);
        let error = problem.code();
        self.tell(place, &Told::Error { error, text }, now);
    }

    fn tell(&mut self, place: usize, told: &Told<'_>, now: Moment) {
        let frame = told.frame(self.tongue(place), self.language);
        self.queue(place, &frame, now);
    }

    /// Whether it was queued.
    fn queue(&mut self, place: usize, frame: &Frame, now: Moment) -> bool {
        let Some(member) = self.members.get_mut(place).and_then(Option::as_mut) else {
            return false;
        };
        let queued = member.push(frame, now.at, &self.limits, self.language);
        if queued == Queued::LeftOut {
            self.counts.left_out += 1;
        }
        queued == Queued::Yes
    }

    fn publish(&mut self, place: usize, what: What, now: Moment) {
        let Some(member) = self.members.get(place).and_then(Option::as_ref) else {
            return;
        };
        let post = Post {
            room: Arc::clone(&member.room),
            from: Arc::clone(&member.name),
            author: member.number,
            date: now.date,
            what,
        };
        self.bus.publish(post);
    }

    /// Queues a post for everybody in its room; whether somebody is behind.
    ///
    /// Each form of it is made once, whoever gets it. Whoever writes lines has their own on the screen already, so they
    /// don't get them again; they are told of their own coming in another way.
    fn give_out(&mut self, post: &Post, now: Moment) -> bool {
        let Some(room) = self.rooms.get_mut(&post.room) else {
            return false;
        };
        let is_crowd = room.members.len() > self.limits.told_members;
        if is_crowd && matches!(post.what, What::Came | What::Went(_)) {
            return false;
        }
        let is_said = if let What::Said(text) = &post.what {
            room.keep(post, text, &self.limits);
            true
        } else {
            false
        };
        let told = told_of(post, &room.name);
        let mut frames: [Option<Frame>; 2] = [None, None];
        let mut left_out = false;
        for place in &room.members {
            let Some(member) = self.members[*place].as_mut() else {
                continue;
            };
            if member.number == post.author {
                let hears_own = match post.what {
                    What::Said(_) => member.tongue == Tongue::Json,
                    What::Came | What::Went(_) => false,
                    What::Renamed(_) => true,
                };
                if !hears_own {
                    continue;
                }
            }
            let tongue = member.tongue;
            let frame = frames[usize::from(tongue == Tongue::Json)]
                .get_or_insert_with(|| told.frame(tongue, self.language));
            match member.push(frame, now.at, &self.limits, self.language) {
                Queued::Yes => self.counts.delivered += u64::from(is_said),
                Queued::LeftOut => {
                    left_out = true;
                    self.counts.left_out += 1;
                }
                Queued::Ended => {}
            }
        }
        left_out
    }
}

fn told_of<'a>(post: &'a Post, room: &'a str) -> Told<'a> {
    let (name, at) = (&*post.from, written(post.date));
    match &post.what {
        What::Said(text) => Told::Message {
            room,
            message: Past {
                from: name,
                text,
                at,
            },
        },
        What::Came => Told::Joined { room, name, at },
        What::Went(why) => {
            let (why, text) = why.said();
            Told::Left {
                room,
                name,
                why,
                at,
                text,
            }
        }
        What::Renamed(now) => Told::Renamed {
            room,
            was: name,
            name: now,
            at,
        },
    }
}
