//! Whose sockets are: the processes that have them open, found in one walk.

use std::path::Path;
use std::sync::Arc;

use crate::descriptors;
use crate::process::{Process, process_in};

/// A process that has a socket open, and under which numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Opener {
    /// The process; one that has many sockets is shared by their openers.
    pub process: Arc<Process>,
    /// Its descriptors for the socket, ascending, never empty.
    pub descriptors: Vec<u32>,
}

/// Whose a socket is, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// These have it open, ascending by process number; several after fork(2) or a passed descriptor.
    Processes(Vec<Opener>),
    /// Some process has it, and this user may not look into all of them; proc_pid_fd(5).
    NotPermitted,
    /// It belongs to something, and no process that can be seen has it: the kernel itself, a process in another PID
    /// namespace, a descriptor under way in a message, or a process that ended just now.
    Unseen,
    /// The kernel keeps it and no program has it: a connection in TIME_WAIT, one that finishes after its program
    /// closed it, or one that waits to be accepted.
    Nobody,
}

impl Owner {
    /// The process with the lowest number, if any is known.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.openers().first().map(|opener| &*opener.process)
    }

    /// All processes that are known to have it open.
    #[must_use]
    pub fn openers(&self) -> &[Opener] {
        match self {
            Self::Processes(openers) => openers,
            _ => &[],
        }
    }
}

/// The owners of some sockets, found in one walk.
///
/// The walk goes through every process to the end, also when each socket has been found with one: a socket may have
/// several holders, after fork(2) or a passed descriptor, and nothing tells how many.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Ascending, without duplicates.
    wanted: Vec<u64>,
    /// By socket, process and descriptor.
    held: Vec<Held>,
    refused: bool,
}

/// One descriptor of a wanted socket.
#[derive(Debug)]
struct Held {
    inode: u64,
    process: Arc<Process>,
    descriptor: u32,
}

impl Owners {
    /// Looks through every process for the sockets numbered `inodes`; walks only if there is one to look for.
    pub(crate) fn of(inodes: impl IntoIterator<Item = u64>) -> Self {
        let mut wanted: Vec<u64> = inodes.into_iter().filter(|inode| *inode != 0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut owners = Self {
            wanted,
            ..Self::default()
        };
        if !owners.wanted.is_empty() {
            owners.walk(Path::new("/proc"));
        }
        owners
    }

    /// Whose the socket `inode` is.
    pub(crate) fn owner(&self, inode: u64) -> Owner {
        self.owner_of_any(&[inode])
    }

    /// Whose one of several sockets is, where it cannot be told which of them is meant.
    pub(crate) fn owner_of_any(&self, inodes: &[u64]) -> Owner {
        let mut openers: Vec<Opener> = Vec::new();
        for held in inodes.iter().flat_map(|inode| self.held_by(*inode)) {
            match openers
                .iter_mut()
                .find(|known| known.process.pid == held.process.pid)
            {
                Some(known) => known.descriptors.push(held.descriptor),
                None => openers.push(Opener {
                    process: Arc::clone(&held.process),
                    descriptors: vec![held.descriptor],
                }),
            }
        }
        if inodes.len() > 1 {
            for opener in &mut openers {
                opener.descriptors.sort_unstable();
                opener.descriptors.dedup();
            }
            openers.sort_by_key(|opener| opener.process.pid);
        }
        if !openers.is_empty() {
            Owner::Processes(openers)
        } else if inodes.iter().all(|inode| *inode == 0) {
            Owner::Nobody
        } else if self.refused {
            Owner::NotPermitted
        } else {
            Owner::Unseen
        }
    }

    fn held_by(&self, inode: u64) -> &[Held] {
        let first = self.held.partition_point(|held| held.inode < inode);
        let rest = &self.held[first..];
        &rest[..rest.partition_point(|held| held.inode == inode)]
    }

    fn walk(&mut self, root: &Path) {
        let mut current: Option<(u32, Option<Arc<Process>>)> = None;
        let (wanted, held) = (&self.wanted, &mut self.held);
        self.refused |= descriptors::walk(root, |pid, descriptor, inode| {
            if wanted.binary_search(&inode).is_err() {
                return;
            }
            if current.as_ref().is_none_or(|(known, _)| *known != pid) {
                let directory = root.join(pid.to_string());
                current = Some((pid, process_in(&directory, pid).map(Arc::new)));
            }
            // A process without a name has just ended.
            if let Some((_, Some(process))) = &current {
                held.push(Held {
                    inode,
                    process: Arc::clone(process),
                    descriptor,
                });
            }
        });
        self.held
            .sort_unstable_by_key(|held| (held.inode, held.process.pid, held.descriptor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn inode_of(socket: &impl AsRawFd) -> u64 {
        use std::os::unix::fs::MetadataExt;
        let link = format!("/proc/self/fd/{}", socket.as_raw_fd());
        std::fs::metadata(link).unwrap().ino()
    }

    #[test]
    fn every_descriptor_of_a_socket_is_found() {
        let (one, other) = UnixStream::pair().unwrap();
        let again = one.try_clone().unwrap();
        let owners = Owners::of([inode_of(&one), inode_of(&other)]);
        let owner = owners.owner(inode_of(&one));
        let mut expected =
            [one.as_raw_fd(), again.as_raw_fd()].map(|number| u32::try_from(number).unwrap());
        expected.sort_unstable();
        assert_eq!(owner.openers().len(), 1, "{owner:?}");
        assert_eq!(owner.openers()[0].descriptors, expected);
        assert_eq!(owner.process().unwrap().pid, std::process::id());
        assert!(owners.owner(inode_of(&other)).process().is_some());
    }

    #[test]
    fn an_unknown_owner_says_why_it_is_unknown() {
        let mut owners = Owners {
            wanted: vec![5],
            ..Owners::default()
        };
        assert_eq!(owners.owner(0), Owner::Nobody);
        assert_eq!(owners.owner(5), Owner::Unseen);
        owners.refused = true;
        assert_eq!(owners.owner(5), Owner::NotPermitted);
        assert_eq!(owners.owner(0), Owner::Nobody);
        assert_eq!(owners.owner(5).process(), None);
    }

    #[test]
    fn a_proc_that_hides_process_1_counts_as_not_permitted() {
        let root = std::env::temp_dir().join(format!("sockeye-local-proc-{}", std::process::id()));
        std::fs::create_dir_all(root.join("42/fd")).unwrap();
        let mut owners = Owners {
            wanted: vec![5],
            ..Owners::default()
        };
        owners.walk(&root);
        assert_eq!(owners.owner(5), Owner::NotPermitted);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
