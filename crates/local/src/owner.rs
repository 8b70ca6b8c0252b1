//! Which processes have a socket open: one walk over `/proc/*/fd`, and what a process is called.

use std::collections::HashMap;
use std::io;
use std::path::Path;

/// A process on this machine; proc_pid_status(5), proc_pid_cmdline(5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its number in the PID namespace of `/proc`.
    pub pid: u32,
    /// The kernel's short name for it, at most 15 bytes; the program may have chosen it.
    pub name: String,
    /// The words it was started with, as it shows them now; empty for a kernel thread or a zombie.
    pub command_line: Vec<String>,
    /// Its effective user.
    pub user_id: u32,
}

/// A process that has a socket open, and under which numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Opener {
    /// The process.
    pub process: Process,
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
        self.openers().first().map(|opener| &opener.process)
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

/// The process with number `pid`; `None` if there is none or it may not be seen.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    process_in(&Path::new("/proc").join(pid.to_string()), pid)
}

fn process_in(directory: &Path, pid: u32) -> Option<Process> {
    let status = std::fs::read(directory.join("status")).ok()?;
    let user_id = effective_user(&String::from_utf8_lossy(&status))?;
    let name = std::fs::read(directory.join("comm")).ok()?;
    let words = std::fs::read(directory.join("cmdline")).unwrap_or_default();
    Some(Process {
        pid,
        name: String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)).into_owned(),
        command_line: command_line(&words),
        user_id,
    })
}

/// The second number of the line `Uid:`.
fn effective_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn command_line(words: &[u8]) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    words
        .strip_suffix(b"\0")
        .unwrap_or(words)
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The owners of some sockets, found in one walk.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    found: HashMap<u64, Vec<Opener>>,
    refused: bool,
}

impl Owners {
    /// Looks through every process for the sockets numbered `inodes`; walks only if there is one to look for.
    pub(crate) fn of(inodes: impl IntoIterator<Item = u64>) -> Self {
        let mut owners = Self::default();
        owners.found.extend(
            inodes
                .into_iter()
                .filter(|inode| *inode != 0)
                .map(|inode| (inode, Vec::new())),
        );
        if !owners.found.is_empty() {
            owners.walk(Path::new("/proc"));
        }
        owners
    }

    /// Whose the socket `inode` is.
    pub(crate) fn owner(&self, inode: u64) -> Owner {
        match self.found.get(&inode) {
            _ if inode == 0 => Owner::Nobody,
            Some(openers) if !openers.is_empty() => Owner::Processes(openers.clone()),
            _ if self.refused => Owner::NotPermitted,
            _ => Owner::Unseen,
        }
    }

    /// Whose one of several sockets is, where it cannot be told which of them is meant.
    pub(crate) fn owner_of_any(&self, inodes: &[u64]) -> Owner {
        let mut openers: Vec<Opener> = Vec::new();
        for opener in inodes
            .iter()
            .filter_map(|inode| self.found.get(inode))
            .flatten()
        {
            match openers
                .iter_mut()
                .find(|known| known.process.pid == opener.process.pid)
            {
                Some(known) => known.descriptors.extend(&opener.descriptors),
                None => openers.push(opener.clone()),
            }
        }
        if openers.is_empty() {
            return self.owner(
                inodes
                    .iter()
                    .copied()
                    .find(|inode| *inode != 0)
                    .unwrap_or(0),
            );
        }
        for opener in &mut openers {
            opener.descriptors.sort_unstable();
            opener.descriptors.dedup();
        }
        openers.sort_by_key(|opener| opener.process.pid);
        Owner::Processes(openers)
    }

    fn walk(&mut self, root: &Path) {
        let Ok(entries) = std::fs::read_dir(root) else {
            self.refused = true;
            return;
        };
        let mut pids: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        pids.sort_unstable();
        // Process 1 always exists: a /proc without it hides other users' processes (hidepid of proc(5)).
        self.refused |= pids.first() != Some(&1);
        for pid in pids {
            self.look_into(root, pid);
        }
    }

    fn look_into(&mut self, root: &Path, pid: u32) {
        let directory = root.join(pid.to_string());
        let entries = match std::fs::read_dir(directory.join("fd")) {
            Ok(entries) => entries,
            Err(error) => {
                // Anything else means that the process has just ended.
                self.refused |= error.kind() == io::ErrorKind::PermissionDenied;
                return;
            }
        };
        let mut process = None;
        for entry in entries.flatten() {
            let Some(inode) = std::fs::read_link(entry.path())
                .ok()
                .and_then(|link| socket_inode(link.to_str()?))
            else {
                continue;
            };
            let Some(openers) = self.found.get_mut(&inode) else {
                continue;
            };
            let Some(number) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            if let Some(opener) = openers
                .last_mut()
                .filter(|opener| opener.process.pid == pid)
            {
                opener.descriptors.push(number);
                opener.descriptors.sort_unstable();
                continue;
            }
            let known = process.get_or_insert_with(|| process_in(&directory, pid));
            openers.extend(known.clone().map(|process| Opener {
                process,
                descriptors: vec![number],
            }));
        }
    }
}

/// `socket:[4711]`
fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn inode_of(socket: &impl AsRawFd) -> u64 {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        socket_inode(link.to_str().unwrap()).unwrap()
    }

    #[test]
    fn only_links_to_sockets_have_a_socket_number() {
        assert_eq!(socket_inode("socket:[4711]"), Some(4711));
        for link in [
            "pipe:[4711]",
            "socket:[]",
            "socket:[4711",
            "/tmp/socket:[1]",
            "anon_inode:[eventpoll]",
        ] {
            assert_eq!(socket_inode(link), None, "{link}");
        }
    }

    #[test]
    fn the_effective_user_is_the_second_number() {
        let status = "Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n";
        assert_eq!(effective_user(status), Some(0));
        assert_eq!(effective_user("Uid:\t1000\n"), None);
        assert_eq!(effective_user(""), None);
    }

    #[test]
    fn a_command_line_keeps_its_empty_words() {
        assert_eq!(command_line(b"nc\0\0-l\0"), ["nc", "", "-l"]);
        assert_eq!(command_line(b"rewritten title"), ["rewritten title"]);
        assert_eq!(command_line(b""), Vec::<String>::new());
    }

    #[test]
    fn this_process_can_be_named() {
        let me = process(std::process::id()).unwrap();
        assert_eq!(me.pid, std::process::id());
        assert!(me.command_line[0].contains("sockeye_local"), "{me:?}");
        assert!(!me.name.is_empty() && !me.name.ends_with('\n'));
        assert_eq!(process(u32::MAX), None);
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
            found: HashMap::from([(5, Vec::new())]),
            refused: false,
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
            found: HashMap::from([(5, Vec::new())]),
            refused: false,
        };
        owners.walk(&root);
        assert_eq!(owners.owner(5), Owner::NotPermitted);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
