//! Waits behind poll(2), select(2) and epoll_wait(2): looked at only when they last, so that a short one costs nothing more.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Call, Kind, Note, Place, Timestamp};

use super::decode::{Syscall, int, read};
use super::sockets::Key;
use super::waits::{Ask, LONG, WAITS, sooner};
use super::{Origin, World};
use crate::made::Entry;
use crate::tracee::{Tracee, Wanted};

/// The last such call of each thread that has made no other call on a socket since.
#[derive(Debug, Default)]
pub(super) struct Polls {
    threads: FxHashMap<u32, Poll>,
    /// Threads of which it was told that they wait for many sockets.
    many: HashSet<u32>,
}

#[derive(Clone, Debug)]
struct Poll {
    entry: Entry,
    call: Call,
    place: Option<Place<'static>>,
    /// When the wait began that was told: calls before may have ended without anything to do.
    since: Timestamp,
    told: Option<Watched>,
    /// Nothing more is to be found out about this call.
    settled: bool,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watched {
    /// The one socket; `None`: several.
    key: Option<Key>,
    call: Call,
    of: u32,
    at_most: Option<Duration>,
}

impl Watched {
    /// Whether it is the same wait, made anew.
    fn goes_on(&self, other: &Self) -> bool {
        (self.key, self.call) == (other.key, other.call)
    }
}

impl Polls {
    /// A thread makes such a call: a wait of its own, or one that goes on.
    pub(super) fn entered(&mut self, entry: &Entry, call: Call, place: Option<Place<'static>>) {
        let new = |since, told| Poll {
            entry: *entry,
            call,
            place,
            since,
            told,
            settled: false,
        };
        let before = self.threads.get(&entry.by.thread);
        let poll = match before.and_then(|before| Some((before.since, before.told?))) {
            Some((since, told)) => new(since, Some(told)),
            None => new(entry.at, None),
        };
        self.threads.insert(entry.by.thread, poll);
    }
}

impl World {
    /// Whether the call with this number waits for others to become possible, and does nothing else.
    pub(crate) fn only_waits(number: i64) -> bool {
        let call = Syscall::of(number);
        matches!(
            call,
            Some(Syscall::Poll | Syscall::Select | Syscall::EpollWait)
        )
    }

    /// Whether a thread may be waiting, and nobody has looked yet.
    pub(crate) fn may_wait(&self) -> bool {
        self.polls.threads.values().any(|poll| !poll.settled)
    }

    /// The thread does something else: what it waited for has come, or it gave up.
    pub(super) fn end_poll(&mut self, thread: u32, at: Timestamp) {
        if let Some(poll) = self.polls.threads.remove(&thread) {
            self.tell_poll_over(&poll, at);
        }
    }

    /// All threads of a process have ended.
    pub(super) fn end_polls_of(&mut self, pid: u32, at: Timestamp) {
        let polls = &self.polls.threads;
        let of = polls
            .iter()
            .filter(|(_, poll)| poll.entry.by.process == pid);
        let mut threads: Vec<u32> = of.map(|(thread, _)| *thread).collect();
        threads.sort_unstable();
        for thread in threads {
            self.end_poll(thread, at);
            self.polls.many.remove(&thread);
        }
    }

    fn tell_poll_over(&mut self, poll: &Poll, at: Timestamp) {
        let Some(watched) = poll.told.filter(|watched| watched.key.is_some()) else {
            return;
        };
        // What it did after its time was up is no waiting.
        let end = match watched.at_most {
            Some(most) => at.min(poll.entry.at + most),
            None => at,
        };
        let origin = Origin {
            at,
            took: Some(end.since(poll.since)),
            by: Some(poll.entry.by),
            place: poll.place.clone(),
        };
        self.tell_watched(poll, watched, &origin);
    }

    fn tell_watched(&mut self, poll: &Poll, watched: Watched, origin: &Origin) {
        let note = Kind::Noted(Note::Polling {
            poll: poll.call,
            call: watched.call,
            of: watched.of,
            at_most: watched.at_most,
        });
        match watched.key {
            Some(key) if self.sockets.get(key).is_some() => self.tell(key, origin, note),
            Some(_) => {}
            None => self.tell_of_none(origin, note),
        }
    }

    /// Waits that last are told; says when to look next.
    pub(super) fn tell_polls(&mut self, now: Timestamp, tracee: Ask<'_>) -> Option<Timestamp> {
        let mut next = None;
        let mut due = Vec::new();
        for (thread, poll) in &self.polls.threads {
            if poll.settled {
                continue;
            }
            let at = poll.entry.at + WAITS;
            if at <= now {
                due.push(*thread);
            } else {
                next = sooner(next, at);
            }
        }
        due.sort_unstable();
        for thread in due {
            let Some(mut poll) = self.polls.threads.remove(&thread) else {
                continue;
            };
            if let Some(again) = self.look_at_poll(&mut poll, now, tracee) {
                next = sooner(next, again);
            }
            self.polls.threads.insert(thread, poll);
        }
        next
    }

    /// Finds out what a thread waits for; says when to look again.
    fn look_at_poll(
        &mut self,
        poll: &mut Poll,
        now: Timestamp,
        tracee: Ask<'_>,
    ) -> Option<Timestamp> {
        let by = poll.entry.by;
        let asked = tracee(by.process);
        // It may have come back long ago, and do something that nobody stops at.
        let asked = asked.filter(|asked| asked.is_within(by.thread, poll.entry.number));
        let watched = asked.and_then(|asked| self.watched(poll, &*asked));
        let many = watched.is_some_and(|watched| watched.key.is_none());
        if many && !self.polls.many.contains(&by.thread) && now.since(poll.entry.at) < LONG {
            return Some(poll.entry.at + LONG);
        }
        poll.settled = true;
        let goes_on = match (poll.told, watched) {
            (Some(told), Some(watched)) => told.goes_on(&watched),
            (None, None) => return None,
            _ => false,
        };
        if goes_on {
            poll.told = watched;
            return None;
        }
        if poll.told.is_some() {
            self.tell_poll_over(poll, poll.entry.at);
            poll.since = poll.entry.at;
        }
        poll.told = watched;
        let watched = watched?;
        if watched.key.is_none() && !self.polls.many.insert(by.thread) {
            return None;
        }
        let origin = Origin {
            at: poll.since,
            took: None,
            by: Some(by),
            place: poll.place.clone(),
        };
        self.tell_watched(poll, watched, &origin);
        None
    }

    /// What the call waits for: one socket, or several; `None` where none is told.
    fn watched(&self, poll: &Poll, tracee: &dyn Tracee) -> Option<Watched> {
        let Entry {
            by,
            number,
            arguments,
            ..
        } = poll.entry;
        let is_loop = Syscall::of(number) == Some(Syscall::EpollWait);
        let wanted = match Syscall::of(number)? {
            Syscall::Poll => polled(tracee, &arguments)?,
            Syscall::Select => selected(tracee, &arguments)?,
            _ => tracee.registered(int(arguments[0]))?,
        };
        let mut sockets: BTreeMap<Key, Wanted> = BTreeMap::new();
        let mut others = 0;
        for wanted in wanted {
            match self.descriptors.get(by.process, wanted.descriptor) {
                Some(key) => {
                    let known = sockets.entry(key).or_insert(wanted);
                    known.input |= wanted.input;
                    known.output |= wanted.output;
                }
                None => others += 1,
            }
        }
        let is_told = |key: &Key| {
            let open = self.sockets.get(*key);
            open.is_some_and(|open| open.folded.is_none())
        };
        sockets.retain(|key, _| is_told(key));
        let at_most = at_most(tracee, number, &arguments);
        let several = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
        let (key, wanted) = sockets.pop_first()?;
        if !sockets.is_empty() {
            return Some(Watched {
                key: None,
                call: poll.call,
                of: several,
                at_most,
            });
        }
        // What else an event loop has are its own means to be woken.
        let others = if is_loop { 0 } else { others };
        Some(Watched {
            key: Some(key),
            call: self.call_behind(key, wanted)?,
            of: 1 + others,
            at_most,
        })
    }

    /// The call that can go on once what is wanted of a socket is there.
    fn call_behind(&self, key: Key, wanted: Wanted) -> Option<Call> {
        let open = self.sockets.get(key)?;
        Some(match (wanted.input, wanted.output) {
            (_, true) if open.connecting.is_some() => Call::Connect,
            (true, _) if open.backlog.is_some() => Call::Accept,
            (true, _) if open.peer.is_none() && open.kind.keeps_messages() => Call::RecvFrom,
            (true, _) => Call::Recv,
            (false, true) => Call::Send,
            (false, false) => return None,
        })
    }
}

/// The descriptors of poll(2): `struct pollfd`.
fn polled(tracee: &dyn Tracee, arguments: &[u64; 6]) -> Option<Vec<Wanted>> {
    let count = usize::try_from(arguments[1]).ok()?;
    if count > MOST {
        return None;
    }
    let mut bytes = vec![0; count * 8];
    if tracee.read(arguments[0], &mut bytes) != bytes.len() {
        return None;
    }
    let one = |one: &[u8]| {
        let (descriptor, rest) = one.split_first_chunk::<4>()?;
        let events = i16::from_ne_bytes(*rest.first_chunk()?);
        Some(Wanted {
            descriptor: i32::from_ne_bytes(*descriptor),
            input: events & libc::POLLIN != 0,
            output: events & libc::POLLOUT != 0,
        })
    };
    let all = bytes.chunks_exact(8).filter_map(one);
    Some(all.filter(|wanted| wanted.descriptor >= 0).collect())
}

/// The descriptors of select(2): bits, in words of 64.
fn selected(tracee: &dyn Tracee, arguments: &[u64; 6]) -> Option<Vec<Wanted>> {
    let count = usize::try_from(int(arguments[0])).ok()?.min(MOST);
    let set = |at: u64| {
        let mut bytes = vec![0; count.div_ceil(64) * 8];
        let whole = at == 0 || tracee.read(at, &mut bytes) == bytes.len();
        whole.then_some(bytes)
    };
    let (input, output) = (set(arguments[1])?, set(arguments[2])?);
    let has = |set: &[u8], bit: usize| set[bit / 8] & 1 << (bit % 8) != 0;
    let all = (0..count).filter_map(|bit| {
        let (input, output) = (has(&input, bit), has(&output, bit));
        let descriptor = i32::try_from(bit).ok()?;
        (input || output).then_some(Wanted {
            descriptor,
            input,
            output,
        })
    });
    Some(all.collect())
}

/// How long the call waits at most; `None`: for ever, or not to be read.
fn at_most(tracee: &dyn Tracee, number: i64, arguments: &[u64; 6]) -> Option<Duration> {
    let millis = |argument: u64| u64::try_from(int(argument)).ok().map(Duration::from_millis);
    let time = |at: u64, unit: u64| {
        let [seconds, part] = [at, at.checked_add(8)?].map(|at| read(tracee, at));
        let (seconds, part) = (u64::from_ne_bytes(seconds?), u64::from_ne_bytes(part?));
        Some(Duration::from_secs(seconds) + Duration::from_nanos(part.checked_mul(unit)?))
    };
    match number {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => millis(arguments[2]),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => time(arguments[4], 1_000),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => millis(arguments[3]),
        libc::SYS_ppoll => time(arguments[2], 1),
        libc::SYS_pselect6 => time(arguments[4], 1),
        libc::SYS_epoll_pwait => millis(arguments[3]),
        libc::SYS_epoll_pwait2 => time(arguments[3], 1),
        _ => None,
    }
}

/// No more descriptors are looked at: who polls more waits for many.
const MOST: usize = 1024;
