//! What is at a path where a UNIX socket is to be made: nothing, a live socket, one left behind, something else.
//!
//! The file of a socket stays when its process ends, and only unlink(2) makes room for a new one. It must not be
//! unlinked while a socket still answers for it, so two witnesses are asked. The first is the kernel's own look-up
//! of the file: connect(2) with a datagram socket, which sends nothing. It is refused where no socket belongs to the
//! file, and says EPROTOTYPE where a stream socket does, be it listening, not yet listening or with a full queue; it
//! also sees sockets of other network namespaces and files that were renamed since bind(2). The second is
//! `/proc/net/unix`; where a name there may mean the file, sock_diag(7) tells which file it is. A file counts as left behind when both know of nothing; in doubt it does not.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::owner::{Opener, Owner, Owners};
use crate::process::Process;
use crate::sock_diag;
use crate::unix_table::{self, Row, UnixSocket};

/// Which file it is; stat(2). Whoever unlinks a path later should first see that it is still this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

impl FileId {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// The kind of a file that is no socket; inode(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// A character or block device.
    Device,
    /// Anything else.
    Other,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathState {
    /// Nothing. Its directory may be absent too.
    Absent,
    /// A file that is no socket: it is nobody's to remove.
    NotASocket(FileKind),
    /// A symbolic link. bind(2) does not follow it and says EADDRINUSE; connect(2) does follow it.
    Symlink {
        /// What the link says.
        target: PathBuf,
        /// What is at the end of it.
        leads_to: Box<PathState>,
    },
    /// A socket that some program has.
    Live {
        /// The file.
        file: FileId,
        /// What `/proc/net/unix` says of it, where the path could be matched without looking into processes.
        socket: Option<UnixSocket>,
    },
    /// A socket file that no socket belongs to any more. It may be removed if it still is this file.
    Stale {
        /// The file.
        file: FileId,
    },
    /// It cannot be told: leave it alone.
    Unknown {
        /// Why.
        doubt: Doubt,
    },
}

/// Why a path is [`PathState::Unknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The path could not be examined.
    Unreadable(io::ErrorKind),
    /// Nobody answers for the file, and the table lists a socket whose name may mean it.
    Listed,
    /// The kernel's look-up of the file gave neither answer, for example because this user may not write to it; and
    /// the table lists no socket with its name.
    NoAnswer(io::ErrorKind),
}

/// Tells what is at `path`. It changes nothing, sends nothing, and no program notices.
#[must_use]
pub fn path_state(path: &Path) -> PathState {
    match examine(path) {
        Ok(state) => state,
        Err(error) if error.kind() == io::ErrorKind::NotFound => PathState::Absent,
        Err(error) => PathState::Unknown {
            doubt: Doubt::Unreadable(error.kind()),
        },
    }
}

/// A socket with a name, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixHolder {
    /// The socket.
    pub socket: UnixSocket,
    /// Whose it is.
    pub owner: Owner,
}

impl UnixHolder {
    /// The process with the lowest number that has it open; [`UnixHolder::owner`] says why if there is none.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.owner.process()
    }
}

/// The sockets that were bound to the file at `path` (and connections accepted there, last). A socket whose file was
/// renamed, or that belongs to another network namespace, is not found.
///
/// # Errors
/// The path is absent or cannot be examined; `/proc/net/unix` cannot be read.
pub fn path_holders(path: &Path) -> io::Result<Vec<UnixHolder>> {
    let file = FileId::of(&std::fs::metadata(path)?);
    let name = last_component(&std::fs::canonicalize(path)?);
    let rows = rows_named(&unix_table::text()?, &name);
    let owners = Owners::of(rows.iter().map(|row| row.socket.inode));
    let mut holders: Vec<UnixHolder> = rows
        .iter()
        .map(|row| (row, owners.owner(row.socket.inode)))
        .filter(|(row, owner)| matches(row, owner.openers(), file) == Match::Same)
        .map(|(row, owner)| UnixHolder {
            socket: row.socket,
            owner,
        })
        .collect();
    holders.sort_by_key(|holder| (holder.socket.connected, holder.socket.inode));
    Ok(holders)
}

/// The sockets with the abstract name `name`, without the NUL that it begins with; connections accepted there last.
///
/// The table shows each NUL as `@`, so two names that differ in that alone are not told apart.
///
/// # Errors
/// `/proc/net/unix` cannot be read.
pub fn abstract_holders(name: &[u8]) -> io::Result<Vec<UnixHolder>> {
    let shown: Vec<u8> = std::iter::once(b'@')
        .chain(
            name.iter()
                .map(|byte| if *byte == 0 { b'@' } else { *byte }),
        )
        .collect();
    let mut rows = unix_table::parse(&unix_table::text()?);
    rows.retain(|row| row.name == shown);
    rows.sort_by_key(|row| (row.socket.connected, row.socket.inode));
    let owners = Owners::of(rows.iter().map(|row| row.socket.inode));
    let holder = |row: &Row| UnixHolder {
        socket: row.socket,
        owner: owners.owner(row.socket.inode),
    };
    Ok(rows.iter().map(holder).collect())
}

fn examine(path: &Path) -> io::Result<PathState> {
    let metadata = std::fs::symlink_metadata(path)?;
    let kind = metadata.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(path)?;
        let leads_to = std::fs::canonicalize(path).map_or_else(
            |error| match error.kind() {
                io::ErrorKind::NotFound => PathState::Absent,
                kind => PathState::Unknown {
                    doubt: Doubt::Unreadable(kind),
                },
            },
            |end| path_state(&end),
        );
        return Ok(PathState::Symlink {
            target,
            leads_to: Box::new(leads_to),
        });
    }
    if !kind.is_socket() {
        return Ok(PathState::NotASocket(match kind {
            kind if kind.is_file() => FileKind::Regular,
            kind if kind.is_dir() => FileKind::Directory,
            kind if kind.is_fifo() => FileKind::Fifo,
            kind if kind.is_char_device() || kind.is_block_device() => FileKind::Device,
            _ => FileKind::Other,
        }));
    }
    let file = FileId::of(&metadata);
    let listed = listed(path, file);
    Ok(match (look_up(path), listed) {
        (LookUp::Live, Ok(Listed { socket, .. })) => PathState::Live { file, socket },
        (LookUp::Live, Err(_)) => PathState::Live { file, socket: None },
        (LookUp::Nobody, Ok(Listed { perhaps: false, .. })) => PathState::Stale { file },
        (LookUp::Nobody, Ok(_)) => PathState::Unknown {
            doubt: Doubt::Listed,
        },
        (
            LookUp::NoAnswer(_),
            Ok(Listed {
                socket: Some(socket),
                ..
            }),
        ) => PathState::Live {
            file,
            socket: Some(socket),
        },
        (LookUp::NoAnswer(_), Ok(Listed { perhaps: true, .. })) => PathState::Unknown {
            doubt: Doubt::Listed,
        },
        (LookUp::NoAnswer(kind), Ok(_)) => PathState::Unknown {
            doubt: Doubt::NoAnswer(kind),
        },
        (_, Err(error)) => PathState::Unknown {
            doubt: Doubt::Unreadable(error.kind()),
        },
    })
}

/// What connect(2) with a datagram socket says of a path.
enum LookUp {
    Live,
    Nobody,
    NoAnswer(io::ErrorKind),
}

fn look_up(path: &Path) -> LookUp {
    let asked = UnixDatagram::unbound().and_then(|socket| {
        let result = socket.connect(path);
        match result {
            // The path is too long for a socket address: go by its directory's descriptor.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let parent = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                let directory = std::fs::File::open(parent.unwrap_or(Path::new(".")))?;
                let number = std::os::fd::AsRawFd::as_raw_fd(&directory);
                let short = Path::new("/proc/self/fd").join(number.to_string());
                socket.connect(short.join(path.file_name().unwrap_or_default()))
            }
            other => other,
        }
    });
    match asked {
        Ok(()) => LookUp::Live,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => LookUp::Nobody,
        Err(error) if error.raw_os_error() == Some(EPROTOTYPE) => LookUp::Live,
        Err(error) => LookUp::NoAnswer(error.kind()),
    }
}

/// What `/proc/net/unix` says of a file.
struct Listed {
    /// A socket whose name certainly is this file, the bound one before the accepted ones.
    socket: Option<UnixSocket>,
    /// Some name is this file, or may be.
    perhaps: bool,
}

fn listed(path: &Path, file: FileId) -> io::Result<Listed> {
    let text = unix_table::text()?;
    let name = last_component(path);
    let rows = rows_named(&text, &name);
    let same = |row: &&Row| matches(row, &[], file) == Match::Same;
    let socket = rows
        .iter()
        .filter(same)
        .map(|row| row.socket)
        .min_by_key(|socket| socket.connected);
    if socket.is_some() {
        return Ok(Listed {
            socket,
            perhaps: true,
        });
    }
    // A name with a line end in it can pass for two rows: then only the text as a whole counts.
    let hidden =
        name.contains(&b'\n') && text.windows(name.len()).any(|part| part == name.as_slice());
    let bound = sock_diag::unix_files().unwrap_or_default();
    let open: Vec<&Row> = rows
        .iter()
        .filter(|row| matches(row, &[], file) == Match::Unclear)
        .filter(|row| !is_of_another_file(bound.get(&row.socket.inode), file))
        .collect();
    let owners = Owners::of(open.iter().map(|row| row.socket.inode));
    let unclear = |row: &&Row| {
        matches(row, owners.owner(row.socket.inode).openers(), file) != Match::Different
    };
    Ok(Listed {
        socket: open
            .iter()
            .find(|row| matches(row, owners.owner(row.socket.inode).openers(), file) == Match::Same)
            .map(|row| row.socket),
        perhaps: hidden || open.iter().any(unclear),
    })
}

/// Whether the kernel knows the file that a socket was bound to, and it is not `file`. Only the file's number counts: some
/// file systems (overlays, subvolumes) tell programs another device than the kernel's own.
fn is_of_another_file(bound: Option<&(u32, u32)>, file: FileId) -> bool {
    // The kernel tells the lower half of the number.
    bound.is_some_and(|(number, _device)| u64::from(*number) != file.inode & u64::from(u32::MAX))
}

fn rows_named(text: &[u8], name: &[u8]) -> Vec<Row> {
    let mut rows = unix_table::parse(text);
    rows.retain(|row| !row.is_abstract() && row.last_component() == name);
    rows
}

fn last_component(path: &Path) -> Vec<u8> {
    path.file_name()
        .unwrap_or(OsStr::new(""))
        .as_bytes()
        .to_vec()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Same,
    Different,
    Unclear,
}

/// Whether a row's name means `file`, seen from here and from each process that has the socket: a name may be
/// relative to the process's directory, and an absolute one is meant in the process's own mounts and root.
fn matches(row: &Row, openers: &[Opener], file: FileId) -> Match {
    let name = Path::new(OsStr::from_bytes(&row.name));
    let process = |opener: &Opener| Path::new("/proc").join(opener.process.pid.to_string());
    let answers: Vec<Option<bool>> = if let Ok(rest) = name.strip_prefix("/proc/self") {
        let seen = |opener| is_now(&process(opener).join(rest), file);
        openers.iter().map(seen).collect()
    } else if let Ok(rest) = name.strip_prefix("/") {
        let seen = |opener| is_still(&process(opener).join("root").join(rest), file);
        std::iter::once(is_still(name, file))
            .chain(openers.iter().map(seen))
            .collect()
    } else {
        let seen = |opener| is_now(&process(opener).join("cwd").join(name), file);
        openers.iter().map(seen).collect()
    };
    if answers.contains(&Some(true)) {
        Match::Same
    } else if answers.is_empty() || answers.contains(&None) {
        Match::Unclear
    } else {
        Match::Different
    }
}

/// Whether a place whose meaning may have changed since bind(2) is `file`: its absence then says nothing.
fn is_now(place: &Path, file: FileId) -> Option<bool> {
    let metadata = std::fs::symlink_metadata(place).ok()?;
    Some(FileId::of(&metadata) == file)
}

/// Whether an absolute name is `file`; a name that is gone is not.
fn is_still(place: &Path, file: FileId) -> Option<bool> {
    match std::fs::symlink_metadata(place) {
        Ok(metadata) => Some(FileId::of(&metadata) == file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}

/// "Protocol wrong type for socket", connect(2); the number on every architecture but MIPS and SPARC, where a live
/// socket is then found by its name alone.
const EPROTOTYPE: i32 = 91;
