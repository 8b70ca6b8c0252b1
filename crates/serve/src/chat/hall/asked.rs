//! What members ask for: names, rooms, lists, private messages.

use std::sync::Arc;

use super::{Hall, LOBBY, Moment};
use crate::chat::ask::Ask;
use crate::chat::bus::{What, Why};
use crate::chat::name::{check_name, key};
use crate::chat::problem::Problem;
use crate::chat::room::Room;
use crate::chat::told::{Names, RoomRow, Told, written};
use crate::chat::words;

impl Hall {
    pub(super) fn ask(&mut self, place: usize, ask: Ask<'_>, now: Moment) -> Result<(), Problem> {
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
    pub(super) fn free_name(&self, name: &str, own: Option<usize>) -> Result<Arc<str>, Problem> {
        let name = check_name(name)?;
        match self.names.get(&key(name)) {
            Some(place) if own != Some(*place) => Err(Problem::NameTaken(name.to_owned())),
            _ => Ok(name.into()),
        }
    }

    pub(super) fn guest(&self, number: u64) -> Arc<str> {
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

    pub(super) fn lobby(&mut self) -> Arc<str> {
        self.room(LOBBY)
    }

    /// The key of a room, which is made if need be.
    pub(super) fn room_named(&mut self, name: &str) -> Result<Arc<str>, Problem> {
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
    pub(super) fn come_in(&mut self, place: usize, first: bool, now: Moment) {
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
    pub(super) fn leave(&mut self, place: usize, why: Why, now: Moment) {
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
}
