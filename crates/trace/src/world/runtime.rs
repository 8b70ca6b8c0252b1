//! Sockets that serve a program's runtime and that nobody wrote a line for: held back until that is clear, then folded.

use std::time::Duration;

use sockeye_model::{Caller, Kind, Note, Runtime, SocketAddress, Timestamp};

use super::addresses::Given;
use super::decode::{Syscall, int, read_int};
use super::processes::first_thread;
use super::settings::FIONBIO;
use super::sockets::{Key, Open, Suspect};
use super::{Origin, World};
use crate::tracee::Tracee;

/// A socket by which addresses seem to be compared, and that is gone: another one of the same thread is to follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sorting {
    key: Key,
}

/// What a call tells of a socket that may be the runtime's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act<'a> {
    Connect(&'a Given),
    Name,
    Nonblocking,
    /// `IP_RECVERR`.
    HearErrors,
    Close,
    Other,
}

impl Act<'_> {
    pub(super) fn of(syscall: Syscall, arguments: &[u64; 6], tracee: &dyn Tracee) -> Act<'static> {
        match syscall {
            Syscall::GetSockName => Act::Name,
            Syscall::Close => Act::Close,
            Syscall::Ioctl
                if int(arguments[1]) == FIONBIO
                    && read_int(tracee, arguments[2]).is_some_and(|value| value != 0) =>
            {
                Act::Nonblocking
            }
            Syscall::Fcntl if int(arguments[1]) == libc::F_SETFL => {
                match int(arguments[2]) & libc::O_NONBLOCK {
                    0 => Act::Other,
                    _ => Act::Nonblocking,
                }
            }
            Syscall::SetSockOpt => match (int(arguments[1]), int(arguments[2])) {
                (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
                    Act::HearErrors
                }
                _ => Act::Other,
            },
            _ => Act::Other,
        }
    }
}

impl World {
    /// A socket that may be the runtime's was made: its events stay until it is clear, for a moment at most.
    pub(super) fn suspect(&mut self, key: Key, suspect: Suspect, at: Timestamp) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.suspect = Some(suspect);
            self.outbox.hold(key, at + HELD);
        }
    }

    /// A call on a socket shows whose it is, or leaves it open.
    pub(super) fn judge(&mut self, key: Key, by: Caller, act: &Act<'_>, at: Timestamp) {
        let thread = by.thread;
        let Some(suspect) = self.sockets.get(key).and_then(|open| open.suspect) else {
            return;
        };
        match (suspect, act) {
            (Suspect::NameService, Act::Connect(Given::Address(address))) => {
                match service_of_names(address) {
                    Some(of) => self.fold(key, of, thread, at),
                    None => self.judge_fully(key),
                }
            }
            (
                Suspect::Datagram {
                    connected: true, ..
                },
                Act::Connect(Given::Unspecified),
            ) => {
                self.fold(key, Runtime::Resolver, thread, at);
            }
            (Suspect::Datagram { nonblocking, .. }, Act::Connect(Given::Address(address))) => {
                self.judge_datagram(key, nonblocking, address, thread, at);
            }
            (
                Suspect::Datagram {
                    connected: true, ..
                },
                Act::Name,
            ) => {}
            (
                Suspect::Datagram {
                    connected: true, ..
                },
                Act::Close,
            ) => {
                self.sorting.insert(thread, Sorting { key });
            }
            // glibc wants to hear of a name server that refuses.
            (
                Suspect::Datagram {
                    nonblocking: true, ..
                },
                Act::HearErrors,
            ) => {}
            // CPython looks at the name of each socket that it is given.
            (Suspect::Pair { .. }, Act::Name) => {}
            (Suspect::Pair { .. }, Act::Nonblocking) => self.judge_pair(key),
            (Suspect::Pair { .. }, _) if self.is_wake_up(key) => {
                self.judge_wake_up(key, by, act, at);
            }
            _ => self.judge_fully(key),
        }
    }

    fn judge_datagram(
        &mut self,
        key: Key,
        nonblocking: bool,
        address: &SocketAddress,
        thread: u32,
        at: Timestamp,
    ) {
        if nonblocking {
            // The way glibc asks a name server; a program that asks by itself sends to it, or makes the socket otherwise.
            match address.port() {
                Some(DOMAIN) => self.fold(key, Runtime::Resolver, thread, at),
                _ => self.judge_fully(key),
            }
            return;
        }
        // getaddrinfo(3) connects one socket a family, sends nothing, and looks at the address it was given.
        if let Some(before) = self.sorting.remove(&thread)
            && self.outbox.holds(before.key)
        {
            self.outbox.forget(before.key);
            self.fold(key, Runtime::Resolver, thread, at);
            return;
        }
        if let Some(open) = self.sockets.get_mut(key) {
            open.suspect = Some(Suspect::Datagram {
                nonblocking,
                connected: true,
            });
        }
    }

    fn judge_pair(&mut self, key: Key) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.suspect = Some(Suspect::Pair { nonblocking: true });
        }
    }

    /// Whether both ends of a pair are as an event loop makes them, and nothing has spoken against it yet.
    fn is_wake_up(&self, key: Key) -> bool {
        let like_one = |key: Key| {
            let open = self.sockets.get(key);
            open.is_some_and(Open::may_be_wake_up)
        };
        let other = self.sockets.get(key).and_then(|open| open.pair);
        like_one(key) && other.is_some_and(like_one)
    }

    /// Whether a process that did not make the pair holds one of its ends.
    fn is_shared(&self, key: Key) -> bool {
        let Some(open) = self.sockets.get(key) else {
            return false;
        };
        let maker = open.maker;
        let ends = open.pair.into_iter().chain([key]);
        ends.flat_map(|end| self.descriptors.of(end))
            .any(|(process, _)| process != maker)
    }

    /// The first call on what looks like an event loop's pair.
    fn judge_wake_up(&mut self, key: Key, by: Caller, act: &Act<'_>, at: Timestamp) {
        match act {
            // A child that is about to run another program closes what it was not meant to have.
            Act::Close if self.is_shared(key) => {}
            _ if self.is_shared(key) => self.judge_fully(key),
            _ => self.fold_pair(key, by, at),
        }
    }

    fn fold_pair(&mut self, key: Key, by: Caller, at: Timestamp) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        let (process, ends) = (open.maker, [key, open.pair.unwrap_or(key)]);
        let by = Caller { process, ..by };
        let origin = Origin::beside(at, Some(by));
        // It was clear only now, and is told where they were made.
        if self.count_folded(process, Runtime::WakeUp, 2, &origin) {
            self.outbox.date_back(&ends);
        }
        for end in ends {
            self.hide(end, Runtime::WakeUp);
        }
    }

    /// A process is born: it has the pair as well, unless it runs another program in a moment.
    pub(super) fn judge_at_fork(&mut self, key: Key, at: Timestamp) {
        if self.is_wake_up(key) {
            self.outbox.hold(key, at + HELD);
        } else {
            self.judge_fully(key);
        }
    }

    /// A socket was held long enough, or is gone: what is not clear by now is the program's, but for an event loop's pair.
    pub(super) fn settle(&mut self, key: Key) {
        if !self.is_wake_up(key) {
            self.release(key);
        } else if self.is_shared(key) {
            self.judge_fully(key);
        } else {
            let maker = self.sockets.get(key).map_or(0, |open| open.maker);
            self.fold_pair(key, first_thread(maker), self.now);
        }
    }

    /// A socket's descriptor was closed unseen, by the thread that now has it again.
    pub(super) fn note_sorted(&mut self, key: Key, origin: &Origin) {
        let suspect = self.sockets.get(key).and_then(|open| open.suspect);
        if let (
            Some(Suspect::Datagram {
                connected: true, ..
            }),
            Some(by),
        ) = (suspect, origin.by)
        {
            self.sorting.insert(by.thread, Sorting { key });
        }
    }

    fn fold(&mut self, key: Key, of: Runtime, thread: u32, at: Timestamp) {
        let process = self.hide(key, of);
        let by = Caller { process, thread };
        self.count_folded(process, of, 1, &Origin::beside(at, Some(by)));
    }

    /// The socket's events are not told; gives the process that made it.
    fn hide(&mut self, key: Key, of: Runtime) -> u32 {
        self.outbox.forget(key);
        let Some(open) = self.sockets.get_mut(key) else {
            return 0;
        };
        open.suspect = None;
        open.folded = Some(of);
        open.maker
    }

    /// So many more sockets of the runtime; whether that was told.
    pub(super) fn count_folded(
        &mut self,
        pid: u32,
        of: Runtime,
        more: u32,
        origin: &Origin,
    ) -> bool {
        let sockets = self.processes.folded(pid, of, more);
        if let Some(sockets) = sockets {
            let note = Note::Runtime { of, sockets };
            self.tell_of_none(&origin.without_call(), Kind::Noted(note));
        }
        sockets.is_some()
    }

    /// The socket is the program's own, and so is the other of a pair.
    pub(super) fn judge_fully(&mut self, key: Key) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        if open.suspect.is_none() {
            return;
        }
        let pair = open.pair;
        self.release(key);
        if let Some(other) = pair {
            self.release(other);
        }
    }

    /// What was held back of a socket is told.
    pub(super) fn release(&mut self, key: Key) {
        self.outbox.release(key);
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        if open.suspect.take().is_some() && open.live {
            self.come_alive(key);
        }
    }

    pub(super) fn release_all(&mut self) {
        let never = Timestamp::from_nanos(u64::MAX);
        for key in self.outbox.expire(never) {
            self.release(key);
        }
    }

    /// A pair that was taken for an event loop's carries more than an event loop's byte, or another process uses it: it is the
    /// program's own after all, and told from here on.
    pub(super) fn unfold_if_own(&mut self, key: Key, by: Caller, len: u64, at: Timestamp) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        let is_own = len > 1 || by.process != open.maker;
        if open.folded != Some(Runtime::WakeUp) || !is_own {
            return;
        }
        let mut ends: Vec<Key> = open.pair.into_iter().chain([key]).collect();
        ends.sort_unstable();
        let first = ends.first().copied();
        for end in ends {
            let Some(open) = self.sockets.get_mut(end) else {
                continue;
            };
            open.folded = None;
            open.unfolded = true;
            let (live, nonblocking) = (open.live, open.nonblocking);
            let flags = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
            let maker = Caller {
                process: open.maker,
                thread: open.maker,
            };
            let with = first.filter(|first| *first != end);
            self.tell_birth(end, with, flags, &Origin::beside(at, Some(maker)));
            if live {
                self.come_alive(end);
            }
        }
    }
}

/// The services that glibc and its modules ask about names.
fn service_of_names(address: &SocketAddress) -> Option<Runtime> {
    let SocketAddress::UnixPath(path) = address else {
        return None;
    };
    let path = path.to_str()?;
    match path {
        "/var/run/nscd/socket" | "/run/nscd/socket" => Some(Runtime::NameCache),
        _ if path.starts_with("/run/systemd/userdb/") => Some(Runtime::NameCache),
        _ if path.starts_with("/run/systemd/resolve/") => Some(Runtime::Resolver),
        _ => None,
    }
}

/// How long the events of a socket are held back at most, and those of others behind them.
pub(super) const HELD: Duration = Duration::from_millis(50);
/// The port of name servers.
const DOMAIN: u16 = 53;
