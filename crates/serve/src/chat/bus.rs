//! What carries a room's posts to every server that has members in it, in one order for all.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Something that happened in a room, for everybody there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The room, by the key that all spellings of its name have.
    pub room: Arc<str>,
    /// Who did it, as their name was then.
    pub from: Arc<str>,
    /// The member, on the server that it is a member of.
    pub author: u64,
    /// When.
    pub date: SystemTime,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// They said this; it can be shown anywhere as it is.
    Said(Box<str>),
    /// They came into the room.
    Came,
    /// They left it.
    Went(Why),
    /// This is their name now.
    Renamed(Arc<str>),
}

/// Why somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// For another room.
    Moved,
    /// They said so, or ended their side.
    Quit,
    /// Their connection broke, or was closed without a word.
    Gone,
    /// They did not receive what waited for them in time.
    Behind,
    /// They speak in datagrams and said nothing for too long.
    Silent,
    /// The server ends.
    Closing,
}

/// Where the rooms stand: whatever is published to a room comes back to all who have subscribed to it, each post once, and
/// those of one room in one order for all.
///
/// The rooms of one process need no more than [`InProcess`]. An engine between several would bring the posts of the others
/// into [`Bus::next`], and call [`Chat::deliver`](super::Chat::deliver) when there are some.
pub trait Bus: Send {
    /// From now on the posts of this room are wanted.
    fn subscribe(&mut self, room: &Arc<str>);

    /// They are not wanted any more.
    fn unsubscribe(&mut self, room: &str);

    /// Gives a post to everybody who has subscribed to its room, this process included.
    fn publish(&mut self, post: Post);

    /// The next post for this process, if there is one now.
    fn next(&mut self) -> Option<Post>;
}

/// A bus for one process: a queue.
#[derive(Debug, Default)]
pub struct InProcess {
    subscribed: HashSet<Arc<str>>,
    posts: VecDeque<Post>,
}

impl Bus for InProcess {
    fn subscribe(&mut self, room: &Arc<str>) {
        self.subscribed.insert(Arc::clone(room));
    }

    fn unsubscribe(&mut self, room: &str) {
        self.subscribed.remove(room);
    }

    fn publish(&mut self, post: Post) {
        if self.subscribed.contains(&post.room) {
            self.posts.push_back(post);
        }
    }

    fn next(&mut self) -> Option<Post> {
        self.posts.pop_front()
    }
}

impl fmt::Debug for dyn Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bus")
    }
}
