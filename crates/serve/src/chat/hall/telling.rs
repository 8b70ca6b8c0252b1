//! Who is told what: one member, or all in a room, each form of it made once.

use std::sync::Arc;

use super::{Hall, Moment};
use crate::chat::bus::{Post, What};
use crate::chat::member::Queued;
use crate::chat::problem::Problem;
use crate::chat::told::{Frame, Past, Told, Tongue, written};

impl Hall {
    pub(super) fn tongue(&self, place: usize) -> Tongue {
        let member = self.members.get(place).and_then(Option::as_ref);
        member.map_or(Tongue::Lines, |member| member.tongue)
    }

    pub(super) fn tell_problem(&mut self, place: usize, problem: &Problem, now: Moment) {
        let text = problem.say(self.language, &self.limits);
        let error = problem.code();
        self.tell(place, &Told::Error { error, text }, now);
    }

    pub(super) fn tell(&mut self, place: usize, told: &Told<'_>, now: Moment) {
        let frame = told.frame(self.tongue(place), self.language);
        self.queue(place, &frame, now);
    }

    /// Whether it was queued.
    pub(super) fn queue(&mut self, place: usize, frame: &Frame, now: Moment) -> bool {
        let Some(member) = self.members.get_mut(place).and_then(Option::as_mut) else {
            return false;
        };
        let queued = member.push(frame, now.at, &self.limits, self.language);
        if queued == Queued::LeftOut {
            self.counts.left_out += 1;
        }
        queued == Queued::Yes
    }

    pub(super) fn publish(&mut self, place: usize, what: What, now: Moment) {
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

    /// Queues a post for everybody in its room.
    ///
    /// Each form of it is made once, whoever gets it. Whoever writes lines has their own on the screen already, so they
    /// don't get them again; they are told of their own coming in another way.
    pub(super) fn give_out(&mut self, post: &Post, now: Moment) {
        let Some(room) = self.rooms.get_mut(&post.room) else {
            return;
        };
        let is_crowd = room.members.len() > self.limits.told_members;
        if is_crowd && matches!(post.what, What::Came | What::Went(_)) {
            return;
        }
        let is_said = if let What::Said(text) = &post.what {
            room.keep(post, text, &self.limits);
            true
        } else {
            false
        };
        let told = told_of(post, &room.name);
        let mut frames: [Option<Frame>; 2] = [None, None];
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
                Queued::LeftOut => self.counts.left_out += 1,
                Queued::Ended => {}
            }
        }
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
