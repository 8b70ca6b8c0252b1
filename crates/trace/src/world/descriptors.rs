//! Which descriptor of which process is which socket: tables that fork copies, threads and `CLONE_FILES` share, exec thins out.

use rustc_hash::{FxHashMap, FxHashSet};

use super::sockets::Key;

/// The tables of all traced processes.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// Which table a process has.
    processes: FxHashMap<u32, u32>,
    tables: FxHashMap<u32, Table>,
    last: u32,
}

#[derive(Clone, Debug, Default)]
struct Table {
    open: FxHashMap<i32, Key>,
    /// Descriptors that were looked at and are no sockets that are told.
    foreign: FxHashSet<i32>,
    users: u32,
}

impl Descriptors {
    /// A process with an empty table; one that has a table keeps it.
    pub(crate) fn add(&mut self, pid: u32) {
        if !self.processes.contains_key(&pid) {
            self.give(pid, Table::default());
        }
    }

    fn give(&mut self, pid: u32, table: Table) {
        self.last += 1;
        self.tables.insert(self.last, Table { users: 1, ..table });
        self.processes.insert(pid, self.last);
    }

    fn table(&self, pid: u32) -> Option<&Table> {
        self.tables.get(self.processes.get(&pid)?)
    }

    fn table_mut(&mut self, pid: u32) -> &mut Table {
        self.add(pid);
        let id = self.processes.get(&pid).copied().unwrap_or_default();
        self.tables.entry(id).or_default()
    }

    /// Whether no process is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// Whether the process is known.
    pub(crate) fn knows(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// The socket behind a descriptor.
    pub(crate) fn get(&self, pid: u32, descriptor: i32) -> Option<Key> {
        self.table(pid)?.open.get(&descriptor).copied()
    }

    /// Whether the process has any socket.
    pub(crate) fn has_any(&self, pid: u32) -> bool {
        self.table(pid).is_some_and(|table| !table.open.is_empty())
    }

    /// A descriptor is this socket from here on. Gives the socket whose descriptor it was: its close was not seen.
    pub(crate) fn put(&mut self, pid: u32, descriptor: i32, key: Key) -> Option<Key> {
        let table = self.table_mut(pid);
        table.foreign.remove(&descriptor);
        table.open.insert(descriptor, key)
    }

    /// A descriptor is closed.
    pub(crate) fn take(&mut self, pid: u32, descriptor: i32) -> Option<Key> {
        let table = self.table_mut(pid);
        table.foreign.remove(&descriptor);
        table.open.remove(&descriptor)
    }

    /// A descriptor is no socket that is told.
    pub(crate) fn mark_foreign(&mut self, pid: u32, descriptor: i32) {
        let foreign = &mut self.table_mut(pid).foreign;
        // They are only remembered to save questions.
        if foreign.len() >= 1024 {
            foreign.clear();
        }
        foreign.insert(descriptor);
    }

    /// Whether [`mark_foreign`](Self::mark_foreign) was called for it.
    pub(crate) fn is_foreign(&self, pid: u32, descriptor: i32) -> bool {
        self.table(pid)
            .is_some_and(|table| table.foreign.contains(&descriptor))
    }

    /// A process was made from another; gives the sockets that have one more descriptor by that, one entry each descriptor.
    pub(crate) fn fork(&mut self, parent: u32, child: u32, shares: bool) -> Vec<Key> {
        self.add(parent);
        let Some(id) = self.processes.get(&parent).copied() else {
            return Vec::new();
        };
        let Some(table) = self.tables.get_mut(&id) else {
            return Vec::new();
        };
        if shares {
            table.users += 1;
            self.processes.insert(child, id);
            return Vec::new();
        }
        let copy = table.clone();
        let keys = copy.open.values().copied().collect();
        self.give(child, copy);
        keys
    }

    /// From here on the process has a table of its own, as after `execve`; gives the sockets that have one more descriptor.
    pub(crate) fn unshare(&mut self, pid: u32) -> Vec<Key> {
        self.add(pid);
        let id = self.processes.get(&pid).copied().unwrap_or_default();
        let Some(table) = self.tables.get_mut(&id).filter(|table| table.users > 1) else {
            return Vec::new();
        };
        table.users -= 1;
        let copy = table.clone();
        let keys = copy.open.values().copied().collect();
        self.give(pid, copy);
        keys
    }

    /// The descriptors that `which` chooses, ascending.
    pub(crate) fn chosen(&self, pid: u32, which: impl Fn(i32) -> bool) -> Vec<(i32, Key)> {
        let Some(table) = self.table(pid) else {
            return Vec::new();
        };
        let mut chosen: Vec<(i32, Key)> = table
            .open
            .iter()
            .filter(|(descriptor, _)| which(**descriptor))
            .map(|(descriptor, key)| (*descriptor, *key))
            .collect();
        chosen.sort_unstable();
        chosen
    }

    /// The sockets that end with this process' table, one entry each descriptor; none while another process shares it.
    pub(crate) fn last_of(&self, pid: u32) -> Vec<(i32, Key)> {
        match self.table(pid) {
            Some(table) if table.users == 1 => self.chosen(pid, |_| true),
            _ => Vec::new(),
        }
    }

    /// A process has ended; gives the sockets that lost a descriptor by that, one entry each descriptor.
    pub(crate) fn leave(&mut self, pid: u32) -> Vec<(i32, Key)> {
        let lost = self.last_of(pid);
        if let Some(id) = self.processes.remove(&pid)
            && let Some(table) = self.tables.get_mut(&id)
        {
            table.users -= 1;
            if table.users == 0 {
                self.tables.remove(&id);
            }
        }
        lost
    }

    /// Every descriptor of a socket, with a process it belongs to; a shared table counts for each process.
    pub(crate) fn of(&self, key: Key) -> Vec<(u32, i32)> {
        let mut found = Vec::new();
        for (pid, id) in &self.processes {
            let Some(table) = self.tables.get(id) else {
                continue;
            };
            let of_table = table.open.iter().filter(|(_, other)| **other == key);
            found.extend(of_table.map(|(descriptor, _)| (*pid, *descriptor)));
        }
        found.sort_unstable();
        found
    }

    /// The processes with the same table.
    pub(crate) fn sharing(&self, pid: u32) -> Vec<u32> {
        let Some(id) = self.processes.get(&pid) else {
            return Vec::new();
        };
        let with = self.processes.iter().filter(|(_, other)| *other == id);
        with.map(|(pid, _)| *pid).collect()
    }

    /// How many descriptors each socket has.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> FxHashMap<Key, usize> {
        let mut counts = FxHashMap::default();
        for key in self.tables.values().flat_map(|table| table.open.values()) {
            *counts.entry(*key).or_default() += 1;
        }
        counts
    }
}
