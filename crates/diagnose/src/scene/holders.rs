//! Which processes hold which sockets, and by how many descriptors.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Call, Came, Event, Kind, Note, SocketId};

/// All sockets that are held by a process that is told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    /// How many descriptors each process has of a socket.
    sockets: FxHashMap<SocketId, BTreeMap<u32, u32>>,
    processes: FxHashMap<u32, FxHashSet<SocketId>>,
}

impl Holders {
    pub(super) fn of(&self, socket: SocketId) -> impl Iterator<Item = u32> {
        let holders = self.sockets.get(&socket);
        holders.into_iter().flat_map(|held| held.keys().copied())
    }

    /// `closes_on_exec` says of a socket whether `execve` closes it.
    pub(super) fn after(&mut self, event: &Event<'_>, closes_on_exec: impl Fn(SocketId) -> bool) {
        let by = event.by.map(|by| by.process);
        match (&event.kind, by) {
            (Kind::Created { .. } | Kind::Accepted { .. }, Some(process)) => {
                // What was found or passed was told to be held before.
                let held = self.sockets.get(&event.socket);
                if held.is_none_or(|held| !held.contains_key(&process)) {
                    self.hold(event.socket, process, 1);
                }
            }
            (Kind::Noted(Note::Descriptor { came, .. }), Some(process)) => {
                let held = self.sockets.get(&event.socket);
                let known = held.is_some_and(|held| held.contains_key(&process));
                if *came != Came::Made && !known {
                    self.hold(event.socket, process, 1);
                }
            }
            (
                Kind::Called {
                    call: Call::Dup,
                    result: Ok(_),
                },
                Some(process),
            ) => self.hold(event.socket, process, 1),
            (
                Kind::Called {
                    call: Call::Close,
                    result: Ok(_),
                },
                Some(process),
            ) => self.let_go(event.socket, process, 1),
            (Kind::Forked { parent, child }, _) => {
                let held = self.processes.get(parent).cloned().unwrap_or_default();
                for socket in held {
                    let count = self.sockets.get(&socket).and_then(|held| held.get(parent));
                    let count = count.copied().unwrap_or(1);
                    self.hold(socket, *child, count);
                }
            }
            (Kind::Replaced { pid, .. }, _) => {
                let held = self.processes.get(pid).cloned().unwrap_or_default();
                for socket in held.into_iter().filter(|socket| closes_on_exec(*socket)) {
                    self.let_go(socket, *pid, u32::MAX);
                }
            }
            (Kind::Exited { pid, .. }, _) => {
                for socket in self.processes.remove(pid).unwrap_or_default() {
                    self.let_go(socket, *pid, u32::MAX);
                }
            }
            (Kind::Closed { .. }, _) => {
                for (process, _) in self.sockets.remove(&event.socket).unwrap_or_default() {
                    self.forget(event.socket, process);
                }
            }
            _ => {}
        }
    }

    fn hold(&mut self, socket: SocketId, process: u32, count: u32) {
        let held = self.sockets.entry(socket).or_default();
        let descriptors = held.entry(process).or_default();
        *descriptors = descriptors.saturating_add(count);
        self.processes.entry(process).or_default().insert(socket);
    }

    fn let_go(&mut self, socket: SocketId, process: u32, count: u32) {
        let Some(held) = self.sockets.get_mut(&socket) else {
            return;
        };
        let Some(descriptors) = held.get_mut(&process) else {
            return;
        };
        *descriptors = descriptors.saturating_sub(count);
        if *descriptors == 0 {
            held.remove(&process);
            if held.is_empty() {
                self.sockets.remove(&socket);
            }
            self.forget(socket, process);
        }
    }

    fn forget(&mut self, socket: SocketId, process: u32) {
        if let Some(held) = self.processes.get_mut(&process) {
            held.remove(&socket);
            if held.is_empty() {
                self.processes.remove(&process);
            }
        }
    }
}
