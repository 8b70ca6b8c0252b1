//! Which threads are blocked in which calls, and what the queues of their sockets held when they were looked at.

use rustc_hash::FxHashMap;
use sockeye_model::{Call, Caller, Event, Kind, Place, Queues, SocketId, Timestamp};

use super::owned;

/// A thread that is blocked in a call.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Who.
    pub by: Caller,
    /// In which call.
    pub call: Call,
    /// On which socket.
    pub socket: SocketId,
    /// Since when.
    pub since: Timestamp,
    /// The line that made the call.
    pub place: Option<Place<'static>>,
    /// Bytes that were unread and unsent when the socket was last looked at during this wait.
    pub queues: Option<(u64, u64)>,
}

impl Wait {
    /// Whether the call waits for data.
    pub fn receives(&self) -> bool {
        use Call::{Read, ReadV, Recv, RecvFrom, RecvMmsg, RecvMsg};
        matches!(
            self.call,
            Recv | RecvFrom | RecvMsg | RecvMmsg | Read | ReadV
        )
    }

    /// Whether the call waits to be rid of data.
    pub fn sends(&self) -> bool {
        use Call::{Send, SendFile, SendMmsg, SendMsg, SendTo, Write, WriteV};
        matches!(
            self.call,
            Send | SendTo | SendMsg | SendMmsg | SendFile | Write | WriteV
        )
    }
}

/// All blocked threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    threads: FxHashMap<Caller, Wait>,
}

impl Waits {
    pub(super) fn of(&self, by: Caller) -> Option<&Wait> {
        self.threads.get(&by)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Wait> {
        self.threads.values()
    }

    pub(super) fn after(&mut self, event: &Event<'_>) {
        match (&event.kind, event.by) {
            (Kind::Waiting { call }, Some(by)) => {
                let wait = Wait {
                    by,
                    call: *call,
                    socket: event.socket,
                    since: event.at,
                    place: event.place.clone().map(owned),
                    queues: None,
                };
                self.threads.insert(by, wait);
            }
            (Kind::Queued(Queues::Data { unread, unsent }), _) => {
                for wait in self.threads.values_mut() {
                    if wait.socket == event.socket {
                        wait.queues = Some((*unread, *unsent));
                    }
                }
            }
            (Kind::Exited { pid, .. } | Kind::Replaced { pid, .. }, _) => {
                self.threads.retain(|by, _| by.process != *pid);
            }
            // What is found out from outside tells nothing of the thread.
            (Kind::Queued(_) | Kind::Noted(_) | Kind::Sampled { .. } | Kind::Forked { .. }, _) => {}
            (_, Some(by)) => {
                self.threads.remove(&by);
            }
            (_, None) => {}
        }
    }
}
