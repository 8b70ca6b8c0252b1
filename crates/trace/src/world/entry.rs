//! What is done when a call is entered: which socket it is about, what must be known before it is made.

use sockeye_model::{Blind, Call, End, Kind, Note, Queues, Type};

use super::addresses::{Given, given};
use super::decode::{Message, Syscall, int, room};
use super::runtime::Act;
use super::sockets::Key;
use super::{Origin, Pending, World};
use crate::made::{Attend, Entry};
use crate::tracee::Tracee;

impl World {
    /// What the tracer is to do, and what is kept until the call returns; `None`: it concerns nobody.
    pub(super) fn enter(
        &mut self,
        entry: &Entry,
        tracee: &dyn Tracee,
    ) -> Option<(Attend, Pending)> {
        let syscall = Syscall::of(entry.number)?;
        let arguments = &entry.arguments;
        let mut pending = Pending {
            entry: *entry,
            syscall,
            call: syscall.call(arguments),
            key: None,
            place: None,
            address: None,
            unread: None,
            waits: false,
            looks: 0,
            gave: None,
        };
        if !Self::only_waits(entry.number) {
            self.end_poll(entry.by.thread, entry.at);
        }
        match syscall {
            Syscall::Poll | Syscall::Select | Syscall::EpollWait => {
                self.entered_poll(&pending, tracee);
                if !self.syscalls || !self.descriptors.has_any(entry.by.process) {
                    return None;
                }
                pending.place = tracee.place(entry.by.thread);
                return Some((Attend::Return, pending));
            }
            Syscall::Ptrace => {
                self.entered_ptrace(entry);
                return None;
            }
            Syscall::Socket if !may_be_told(int(arguments[0])) => return None,
            Syscall::Socket | Syscall::SocketPair => {
                pending.place = tracee.place(entry.by.thread);
                return Some((Attend::Return, pending));
            }
            Syscall::PidfdGetFd | Syscall::IoUringSetup => return Some((Attend::Return, pending)),
            Syscall::CloseRange => {
                if int(arguments[2]) & CLOSE_RANGE_CLOEXEC != 0 {
                    return None;
                }
                pending.place = tracee.place(entry.by.thread);
                self.queues_before_range(&pending, tracee);
                return Some((Attend::Return, pending));
            }
            _ => {}
        }
        let key = self.socket_of(&pending, tracee)?;
        pending.key = key;
        let Some(key) = key else {
            return Some((Attend::Return, pending));
        };
        if self.is_silent(key) && !matches!(syscall, Syscall::Close | Syscall::Dup) {
            return None;
        }
        pending.place = tracee.place(entry.by.thread);
        if syscall == Syscall::Connect {
            let given = given(tracee, arguments[1], arguments[2]);
            self.judge(key, entry.by, &Act::Connect(&given), entry.at);
            if self.is_silent(key) {
                return None;
            }
            self.entered_connect(key, &mut pending, given);
            return Some((Attend::Return, pending));
        }
        self.judge(
            key,
            entry.by,
            &Act::of(syscall, arguments, tracee),
            entry.at,
        );
        let attend = match syscall {
            Syscall::Bind => {
                pending.address = given(tracee, arguments[1], arguments[2]).address();
                Attend::Return
            }
            Syscall::SendTo => {
                pending.address = given(tracee, arguments[4], arguments[5]).address();
                Attend::Return
            }
            Syscall::RecvFrom | Syscall::RecvMsg => self.attend_receive(key, &pending, tracee),
            Syscall::Read | Syscall::ReadV | Syscall::RecvMmsg => {
                if self.keeps_messages(key) {
                    pending.unread = tracee.unread(pending.descriptor());
                }
                Attend::Return
            }
            Syscall::Close => {
                if self.is_last_descriptor(key) {
                    self.queues_before_close(key, pending.descriptor(), &pending, tracee);
                }
                Attend::Return
            }
            Syscall::SendMsg => {
                self.note_passed(&pending, tracee);
                Attend::Return
            }
            Syscall::Dup2 | Syscall::Dup3 => {
                self.queues_before_dup(&pending, tracee);
                Attend::Return
            }
            _ => Attend::Return,
        };
        Some((attend, pending))
    }

    /// The socket that a call is about. `None`: about none; `Some(None)`: its return is of interest all the same.
    fn socket_of(&mut self, pending: &Pending, tracee: &dyn Tracee) -> Option<Option<Key>> {
        let (pid, arguments) = (pending.entry.by.process, &pending.entry.arguments);
        let get = |argument: usize| self.descriptors.get(pid, int(arguments[argument]));
        match pending.syscall {
            // The file is sent from argument 1.
            Syscall::Splice => return get(0).or_else(|| get(2)).map(Some),
            Syscall::Dup2 | Syscall::Dup3 => {
                return match (get(0), get(1)) {
                    (None, None) => None,
                    (key, _) => Some(key),
                };
            }
            _ => {}
        }
        let descriptor = int(arguments[0]);
        if let Some(key) = self.descriptors.get(pid, descriptor) {
            return Some(Some(key));
        }
        if !pending.syscall.is_for_sockets() || self.descriptors.is_foreign(pid, descriptor) {
            return None;
        }
        let Some(facts) = tracee.facts(descriptor) else {
            self.descriptors.mark_foreign(pid, descriptor);
            return None;
        };
        let by = pending.entry.by;
        let origin = Origin::beside(pending.entry.at, Some(by));
        let came = self.processes.came(pid);
        Some(Some(
            self.adopt(pid, descriptor, &facts, came, &origin, tracee),
        ))
    }

    /// Of the runtime, and nothing that it does is of interest.
    fn is_silent(&self, key: Key) -> bool {
        use sockeye_model::Runtime;
        let folded = self.sockets.get(key).and_then(|open| open.folded);
        matches!(folded, Some(Runtime::Resolver | Runtime::NameCache))
    }

    pub(super) fn keeps_messages(&self, key: Key) -> bool {
        let open = self.sockets.get(key);
        open.is_some_and(|open| open.kind.keeps_messages())
    }

    pub(super) fn is_last_descriptor(&self, key: Key) -> bool {
        let open = self.sockets.get(key);
        open.is_some_and(|open| open.references == 1 && open.in_flight == 0)
    }

    /// A message may be longer than the room for it: only the kernel knows then.
    fn attend_receive(&self, key: Key, pending: &Pending, tracee: &dyn Tracee) -> Attend {
        if !self.keeps_messages(key) {
            return Attend::Return;
        }
        let arguments = &pending.entry.arguments;
        let (argument, room) = match pending.syscall {
            Syscall::RecvFrom => (3, Some(arguments[2])),
            _ => {
                let message = Message::read(tracee, arguments[1]);
                let stretches = message.and_then(|message| message.stretches(tracee));
                (2, stretches.map(|stretches| room(&stretches)))
            }
        };
        let given = int(arguments[argument]);
        let known = libc::MSG_TRUNC | libc::MSG_PEEK | libc::MSG_ERRQUEUE | libc::MSG_OOB;
        match room {
            Some(room) if given & known == 0 && room < LONGEST_MESSAGE => {
                Attend::ReturnWithLength { argument, room }
            }
            _ => Attend::Return,
        }
    }

    fn entered_poll(&mut self, pending: &Pending, tracee: &dyn Tracee) {
        let by = pending.entry.by;
        if !self.descriptors.has_any(by.process) {
            return;
        }
        let place = tracee.place(by.thread);
        self.polls.entered(&pending.entry, pending.call, place);
        let called = Kind::Called {
            call: pending.call,
            result: Ok(0),
        };
        self.tell_of_none(&Origin::beside(pending.entry.at, Some(by)), called);
    }

    fn entered_ptrace(&mut self, entry: &Entry) {
        let traces = matches!(
            u32::try_from(entry.arguments[0]),
            Ok(libc::PTRACE_TRACEME | libc::PTRACE_ATTACH | libc::PTRACE_SEIZE)
        );
        if traces && self.processes.tell_once(entry.by.process, Blind::Tracer) {
            let origin = Origin::beside(entry.at, Some(entry.by));
            self.tell_of_none(&origin, Kind::Noted(Note::Blind(Blind::Tracer)));
        }
    }

    fn entered_connect(&mut self, key: Key, pending: &mut Pending, given: Given) {
        pending.address = given.address();
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        // A second connect asks how the first one goes.
        if let Some(peer) = pending.address.clone()
            && open.connecting.is_none()
        {
            let origin = Origin {
                took: None,
                ..pending.came(pending.entry.at)
            };
            self.tell(key, &origin, Kind::Connecting { peer });
        }
    }

    /// What a socket leaves in its queues, told before its last descriptor goes.
    pub(super) fn queues_before_close(
        &mut self,
        key: Key,
        descriptor: i32,
        pending: &Pending,
        tracee: &dyn Tracee,
    ) {
        let origin = Origin {
            took: None,
            ..pending.came(pending.entry.at)
        };
        self.tell_last_queues(key, descriptor, &origin, tracee);
    }

    pub(super) fn tell_last_queues(
        &mut self,
        key: Key,
        descriptor: i32,
        origin: &Origin,
        tracee: &dyn Tracee,
    ) {
        let Some(open) = self.sockets.get(key) else {
            return;
        };
        // Nobody was told what came before on a pair that was taken for the runtime's.
        if open.folded.is_some() || open.unfolded {
            return;
        }
        if open.backlog.is_some() {
            if let Some((waiting @ 1.., backlog)) = tracee.accept_queue(descriptor) {
                let queued = Queues::Accept { waiting, backlog };
                self.tell(key, origin, Kind::Queued(queued));
            }
            return;
        }
        let (is_udp, is_internet) = (open.is_udp(), open.is_internet());
        let sample = (open.is_tcp() && open.connected)
            .then(|| tracee.tcp(descriptor))
            .flatten();
        let (unread, unsent) = match &sample {
            Some(sample) => (sample.unread, sample.unacknowledged),
            None if open.kind == Type::Raw => (0, 0),
            None => {
                // What was sent over a UNIX socket is the other program's to receive, also after the close.
                let unsent = tracee.unsent(descriptor).filter(|_| is_internet);
                let unread = tracee.unread(descriptor);
                (unread.unwrap_or(0), unsent.unwrap_or(0))
            }
        };
        if let Some(sample) = sample {
            self.tell(key, origin, Kind::Sampled { sample });
        }
        if unread > 0 || unsent > 0 {
            let queued = Queues::Data { unread, unsent };
            self.tell(key, origin, Kind::Queued(queued));
        }
        // Unread bytes make the close a reset: no end, and nobody rests in TIME_WAIT.
        if unread > 0
            && let Some(open) = self.sockets.get_mut(key)
        {
            open.broke |= open.is_tcp();
        }
        if sample.is_some() {
            self.look_at_state(key, tracee.tcp_state(descriptor));
        }
        if is_udp {
            self.look_at_drops(key, descriptor, origin, tracee);
        }
    }

    /// What the kernel knows of a connection's end, and the program was told by no call: the peer was first, or has thrown the
    /// connection away. Nobody rests in TIME_WAIT here then.
    fn look_at_state(&mut self, key: Key, state: Option<u8>) {
        let Some(open) = self.sockets.get_mut(key) else {
            return;
        };
        if open.first.is_none() {
            match state {
                Some(CLOSE_WAIT) => open.first = Some(End::Peer),
                Some(CLOSE) => open.broke = true,
                _ => {}
            }
        }
    }

    fn queues_before_dup(&mut self, pending: &Pending, tracee: &dyn Tracee) {
        let (pid, new) = (pending.entry.by.process, int(pending.entry.arguments[1]));
        if let Some(key) = self.descriptors.get(pid, new)
            && pending.key != Some(key)
            && self.is_last_descriptor(key)
        {
            self.queues_before_close(key, new, pending, tracee);
        }
    }

    fn queues_before_range(&mut self, pending: &Pending, tracee: &dyn Tracee) {
        for (descriptor, key) in self.in_range(pending) {
            if self.is_last_descriptor(key) {
                self.queues_before_close(key, descriptor, pending, tracee);
            }
        }
    }

    /// The sockets that `close_range` closes.
    pub(super) fn in_range(&self, pending: &Pending) -> Vec<(i32, Key)> {
        let [first, last, ..] = pending.entry.arguments;
        let range = (first & 0xffff_ffff)..=(last & 0xffff_ffff);
        let chosen = |descriptor: i32| {
            u64::try_from(descriptor).is_ok_and(|descriptor| range.contains(&descriptor))
        };
        self.descriptors.chosen(pending.entry.by.process, chosen)
    }
}

/// Whether sockets of a family are told, or folded as the runtime's.
fn may_be_told(family: i32) -> bool {
    matches!(
        family,
        libc::AF_INET | libc::AF_INET6 | libc::AF_UNIX | libc::AF_NETLINK
    )
}

/// The calls in which a thread can wait for somebody else.
pub(super) const fn may_wait(call: Call) -> bool {
    matches!(
        call,
        Call::Accept
            | Call::Connect
            | Call::Send
            | Call::SendTo
            | Call::SendMsg
            | Call::SendMmsg
            | Call::SendFile
            | Call::Recv
            | Call::RecvFrom
            | Call::RecvMsg
            | Call::RecvMmsg
            | Call::Read
            | Call::Write
            | Call::ReadV
            | Call::WriteV
            | Call::Splice
            | Call::Close
    )
}

/// `TCP_CLOSE` of the kernel: there is no connection.
const CLOSE: u8 = 7;
/// `TCP_CLOSE_WAIT` of the kernel: the peer has ended, and this end has not.
const CLOSE_WAIT: u8 = 8;
/// No message is longer: what has room for it is not cut.
const LONGEST_MESSAGE: u64 = 65_536;
/// close_range(2): the descriptors stay, and go with the next `execve`.
const CLOSE_RANGE_CLOEXEC: i32 = 4;
