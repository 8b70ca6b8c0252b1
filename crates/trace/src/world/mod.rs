//! What the traced processes have open, and what their calls mean: calls in, events out. Asks only through [`Tracee`] and [`Machine`].

mod addresses;
mod adopting;
mod connecting;
mod decode;
mod descriptors;
mod entry;
mod kernel;
mod lifecycle;
mod machine;
mod options;
mod outbox;
mod passing;
mod polls;
mod processes;
mod runtime;
mod settings;
mod sockets;
#[cfg(test)]
mod tests;
mod transfer;
mod waits;

use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Call, Caller, Errno, Event, Kind, Place, SocketAddress, SocketId, Timestamp};

use crate::made::{Attend, Entry, Made};
use crate::tracee::Tracee;
use decode::Syscall;
use descriptors::Descriptors;
use kernel::Gave;
use machine::{Machine, ThisMachine};
use outbox::Outbox;
use polls::Polls;
use processes::Processes;
use runtime::Sorting;
use sockets::{Key, Sockets};
use waits::Looks;

/// All traced processes, their descriptors and sockets.
#[derive(Debug)]
pub(crate) struct World {
    bytes: bool,
    /// The kernel's own calls are told too.
    syscalls: bool,
    now: Timestamp,
    descriptors: Descriptors,
    sockets: Sockets,
    processes: Processes,
    /// The calls that threads are in.
    pending: FxHashMap<u32, Pending>,
    /// Sockets of glibc's comparison of addresses, by thread.
    sorting: FxHashMap<u32, Sorting>,
    looks: Looks,
    polls: Polls,
    outbox: Outbox,
    arm: Vec<(u32, i32)>,
    arm_life: Vec<(u32, i32)>,
    machine: Box<dyn Machine>,
}

/// A call that a thread is in.
#[derive(Clone, Debug)]
struct Pending {
    entry: Entry,
    syscall: Syscall,
    call: Call,
    key: Option<Key>,
    place: Option<Place<'static>>,
    /// The address that the program gave.
    address: Option<SocketAddress>,
    /// How long the next message is, where it was looked up at entry.
    unread: Option<u64>,
    /// Told as waiting.
    waits: bool,
    /// How often the queues were looked at while it waits.
    looks: usize,
    /// What the kernel got, where its own calls are told.
    gave: Option<Box<Gave>>,
}

impl Pending {
    fn descriptor(&self) -> i32 {
        decode::int(self.entry.arguments[0])
    }

    fn came(&self, came_at: Timestamp) -> Origin {
        Origin {
            at: came_at,
            took: Some(came_at.since(self.entry.at)),
            by: Some(self.entry.by),
            place: self.place.clone(),
        }
    }
}

/// When and by whom an event came to be.
#[derive(Clone, Debug)]
struct Origin {
    at: Timestamp,
    took: Option<Duration>,
    by: Option<Caller>,
    place: Option<Place<'static>>,
}

impl Origin {
    /// Of no call of its own.
    fn beside(at: Timestamp, by: Option<Caller>) -> Self {
        Self {
            at,
            took: None,
            by,
            place: None,
        }
    }

    /// Of a close that was not seen, and shows by now: it is told as a call of no length, for without one it would be the end of
    /// the process.
    fn unseen(&self) -> Self {
        Self {
            took: Some(Duration::ZERO),
            place: None,
            ..self.clone()
        }
    }

    /// The same moment, for what a call showed beside its own event.
    fn without_call(&self) -> Self {
        Self {
            took: None,
            ..self.clone()
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new(false)
    }
}

impl World {
    /// Nothing is traced yet; with `bytes` the events hold what is sent and received.
    pub(crate) fn new(bytes: bool) -> Self {
        Self::beside(bytes, Box::new(ThisMachine))
    }

    fn beside(bytes: bool, machine: Box<dyn Machine>) -> Self {
        Self {
            bytes,
            syscalls: false,
            now: Timestamp::START,
            descriptors: Descriptors::default(),
            sockets: Sockets::default(),
            processes: Processes::default(),
            pending: FxHashMap::default(),
            sorting: FxHashMap::default(),
            looks: Looks::default(),
            polls: Polls::default(),
            outbox: Outbox::default(),
            arm: Vec::new(),
            arm_life: Vec::new(),
            machine,
        }
    }

    /// A thread is about to make a call that the filters stop at.
    pub(crate) fn entered(&mut self, entry: &Entry, tracee: &dyn Tracee) -> Attend {
        self.now = self.now.max(entry.at);
        self.pending.remove(&entry.by.thread);
        let Some((attend, mut pending)) = self.enter(entry, tracee) else {
            return Attend::No;
        };
        if self.syscalls {
            pending.gave = Gave::of(entry, tracee).map(Box::new);
        }
        self.pending.insert(entry.by.thread, pending);
        attend
    }

    /// The thread goes on into the call that it was stopped at. What the tracer looked up meanwhile, such as a line for the
    /// first time, is none of the call's time.
    pub(crate) fn goes_on(&mut self, thread: u32, at: Timestamp) {
        if let Some(pending) = self.pending.get_mut(&thread) {
            pending.entry.at = pending.entry.at.max(at);
        }
    }

    /// The call has returned.
    pub(crate) fn made(&mut self, made: &Made, tracee: &dyn Tracee) {
        self.now = self.now.max(made.at);
        let known = self.pending.remove(&made.entry.by.thread);
        let mut pending = match known.filter(|known| known.entry.number == made.entry.number) {
            Some(pending) => pending,
            // The tracer came while the thread was in it.
            None => match self.enter(&made.entry, tracee) {
                Some((_, pending)) => pending,
                None => return,
            },
        };
        if pending
            .key
            .is_some_and(|key| self.sockets.get(key).is_none())
        {
            return;
        }
        // A short wait that is over is told by how long the call took.
        if made.at.since(pending.entry.at) >= waits::LONG {
            self.tell_wait(&pending);
        }
        self.returned(&pending, made, tracee);
        if self.syscalls {
            self.tell_syscall(&mut pending, made, tracee);
        }
        self.look_after(&pending, made.at, tracee);
    }

    fn returned(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        match pending.syscall {
            Syscall::Socket => self.made_socket(pending, made, tracee),
            Syscall::SocketPair => self.made_pair(pending, made, tracee),
            Syscall::Bind => self.made_bind(pending, made, tracee),
            Syscall::Listen => self.made_listen(pending, made, tracee),
            Syscall::Accept | Syscall::Accept4 => self.made_accept(pending, made, tracee),
            Syscall::Connect => self.made_connect(pending, made, tracee),
            Syscall::Shutdown => self.made_shutdown(pending, made),
            Syscall::Close | Syscall::CloseRange => self.made_close(pending, made),
            Syscall::Dup | Syscall::Dup2 | Syscall::Dup3 => self.made_dup(pending, made),
            Syscall::PidfdGetFd => self.made_pidfd_getfd(pending, made, tracee),
            Syscall::SendTo
            | Syscall::SendMsg
            | Syscall::SendMmsg
            | Syscall::Write
            | Syscall::WriteV
            | Syscall::SendFile => self.made_send(pending, made, tracee),
            Syscall::RecvFrom
            | Syscall::RecvMsg
            | Syscall::RecvMmsg
            | Syscall::Read
            | Syscall::ReadV => self.made_receive(pending, made, tracee),
            Syscall::Splice => self.made_splice(pending, made, tracee),
            Syscall::Fcntl
            | Syscall::Ioctl
            | Syscall::SetSockOpt
            | Syscall::GetSockOpt
            | Syscall::GetSockName
            | Syscall::GetPeerName => self.made_setting(pending, made, tracee),
            Syscall::IoUringSetup => self.made_io_uring(pending, made),
            Syscall::Poll | Syscall::Select | Syscall::EpollWait | Syscall::Ptrace => {}
        }
    }

    /// The descriptors of sockets that have come alive since the last time: reads, writes and closes of them are to be stopped
    /// at from here on. With the process each belongs to.
    pub(crate) fn take_to_arm(&mut self) -> Vec<(u32, i32)> {
        std::mem::take(&mut self.arm)
    }

    /// The same of sockets that carry no data, at least not yet: only what makes and ends their descriptors is to be stopped at. A
    /// file that gets the number of a closed listener is then read as fast as ever.
    pub(crate) fn take_to_arm_life(&mut self) -> Vec<(u32, i32)> {
        std::mem::take(&mut self.arm_life)
    }

    /// The events since the last time, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event<'static>> {
        for key in self.outbox.expire(self.now) {
            self.settle(key);
        }
        if !self.outbox.holds_any() {
            self.sorting.clear();
        }
        self.outbox.take()
    }

    /// One event more, unless the socket is the runtime's.
    fn tell(&mut self, key: Key, origin: &Origin, kind: Kind<'static>) {
        self.tell_from(key, None, origin, kind);
    }

    fn tell_from(&mut self, key: Key, parent: Option<Key>, origin: &Origin, kind: Kind<'static>) {
        let folded = self
            .sockets
            .get(key)
            .is_some_and(|open| open.folded.is_some());
        if !folded {
            let parent = parent.map(|parent| SocketId(parent.0));
            self.push(SocketId(key.0), parent, origin, kind);
        }
    }

    /// An event of no socket.
    fn tell_of_none(&mut self, origin: &Origin, kind: Kind<'static>) {
        self.push(SocketId::NONE, None, origin, kind);
    }

    fn push(
        &mut self,
        socket: SocketId,
        parent: Option<SocketId>,
        origin: &Origin,
        kind: Kind<'static>,
    ) {
        self.outbox.push(Event {
            at: origin.at,
            took: origin.took,
            socket,
            parent,
            by: origin.by,
            place: origin.place.clone(),
            kind,
        });
    }

    /// A call that failed; one that is only to be made again is told as called.
    fn tell_failure(&mut self, pending: &Pending, made: &Made) {
        let Some(errno) = failure(made.returned) else {
            return;
        };
        let call = pending.call;
        let kind = if comes_back(errno) {
            Kind::Called {
                call,
                result: Err(errno),
            }
        } else {
            Kind::Failed {
                call,
                errno,
                address: pending.address.clone(),
            }
        };
        let origin = pending.came(made.at);
        match pending.key {
            Some(key) => self.tell(key, &origin, kind),
            None => self.tell_of_none(&origin, kind),
        }
    }

    /// A call that succeeded and has no kind of its own.
    fn tell_called(&mut self, key: Key, pending: &Pending, made: &Made, result: i64) {
        let called = Kind::Called {
            call: pending.call,
            result: Ok(result),
        };
        self.tell(key, &pending.came(made.at), called);
    }
}

/// The error number that a call returned.
fn failure(returned: i64) -> Option<Errno> {
    match returned {
        -4095..=-1 => i32::try_from(-returned).ok().map(Errno),
        _ => None,
    }
}

/// Whether a call is only to be made again, or goes on by itself.
fn comes_back(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EAGAIN | Errno::EINPROGRESS | Errno::EINTR | Errno::EALREADY
    )
}
