//! What a program is before it is started and while it runs: where it lies, what it is called with, which sockets it holds.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use sockeye_model::{Blind, quote};

use super::StartError;
use crate::tracee::Wanted;

/// Programs that trace others: a traced process can't.
const TRACERS: [&str; 7] = [
    "strace",
    "ltrace",
    "gdb",
    "gdbserver",
    "lldb",
    "rr",
    "uftrace",
];

/// Where the program lies that a shell would start for `name`.
///
/// # Errors
/// There is none, or none that may be executed.
pub(super) fn find(name: &OsStr) -> Result<PathBuf, StartError> {
    let candidates: Vec<PathBuf> = if name.as_bytes().contains(&b'/') {
        vec![PathBuf::from(name)]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
        std::env::split_paths(&path)
            .filter(|_| !name.is_empty())
            .map(|directory| directory.join(name))
            .collect()
    };
    let mut forbidden = None;
    for candidate in candidates {
        match executable(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            Err(error) => forbidden = Some(error),
        }
    }
    Err(match forbidden {
        Some(error) => StartError::NotExecutable(name.to_owned(), error),
        None => StartError::NotFound(name.to_owned()),
    })
}

fn executable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    access(path, Access::EXEC_OK)?;
    Ok(())
}

/// Its words as the kernel takes them; a NUL in one is an error.
pub(super) fn words(command: &[OsString]) -> io::Result<Vec<CString>> {
    command
        .iter()
        .map(|word| CString::new(word.as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into()))
        .collect()
}

/// Whether a program can't be the same under trace, by the kernel's rules.
pub(super) fn blind(path: &Path) -> Option<Blind> {
    let name = path.file_name().and_then(OsStr::to_str);
    if name.is_some_and(|name| TRACERS.contains(&name)) {
        return Some(Blind::Tracer);
    }
    // Whoever may do everything may also trace what gets privileges.
    if rustix::process::geteuid().is_root() {
        return None;
    }
    let privileged = fs::metadata(path).is_ok_and(|file| raises(&file)) || has_capabilities(path);
    privileged.then_some(Blind::Privileged)
}

fn raises(file: &Metadata) -> bool {
    const SET_USER: u32 = 0o4000;
    const SET_GROUP_AND_EXECUTE: u32 = 0o2010;
    let mode = file.mode();
    mode & SET_USER != 0 || mode & SET_GROUP_AND_EXECUTE == SET_GROUP_AND_EXECUTE
}

fn has_capabilities(path: &Path) -> bool {
    let mut room = [0; 64];
    rustix::fs::getxattr(path, c"security.capability", &mut room).is_ok_and(|len| len > 0)
}

/// The words a process was started with as they are typed, from `/proc`, else the name of its program.
pub(super) fn command(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = words.strip_suffix(b"\0").unwrap_or(&words);
    if words.is_empty() {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        return name.trim_end().to_owned();
    }
    let mut words: Vec<_> = words
        .split(|&byte| byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    // A program that writes its own title there fills what is left of the room with nothing or blanks.
    while words.len() > 1 && words.last().is_some_and(|word| word.trim().is_empty()) {
        words.pop();
    }
    match words.as_slice() {
        [title] => title.trim_end().to_owned(),
        words => quote::line(words.iter().map(AsRef::as_ref)),
    }
}

/// The program a process runs.
pub(super) fn running(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The descriptors of a process that are sockets, in order.
pub(super) fn sockets(pid: u32) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let is_socket = fs::read_link(entry.path())
            .is_ok_and(|target| target.as_os_str().as_bytes().starts_with(b"socket:"));
        if is_socket
            && let Some(number) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
        {
            found.push(number);
        }
    }
    found.sort_unstable();
    found
}

/// The system call that a thread is inside of: proc_pid_syscall(5).
pub(super) fn call_of(pid: u32, thread: u32) -> Option<(i64, [u64; 6])> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/syscall")).ok()?;
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, arguments))
}

/// What an epoll instance watches, from the lines `tfd: 5 events: 19 …` of proc_pid_fdinfo(5).
pub(super) fn registered(pid: u32, epoll: i32) -> Option<Vec<Wanted>> {
    let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{epoll}")).ok()?;
    let one = |line: &str| {
        let (descriptor, rest) = line.strip_prefix("tfd:")?.split_once("events:")?;
        let events = u32::from_str_radix(rest.split_whitespace().next()?, 16).ok()?;
        Some(Wanted {
            descriptor: descriptor.trim().parse().ok()?,
            input: events & libc::EPOLLIN.cast_unsigned() != 0,
            output: events & libc::EPOLLOUT.cast_unsigned() != 0,
        })
    };
    Some(text.lines().filter_map(one).collect())
}

/// The threads of a process.
pub(super) fn threads(pid: u32) -> io::Result<Vec<u32>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

/// The process a thread belongs to.
pub(super) fn process_of(thread: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        assert!(find(OsStr::new("sh")).unwrap().ends_with("sh"));
        assert!(matches!(
            find(OsStr::new("no-such-program-anywhere")),
            Err(StartError::NotFound(_))
        ));
        assert!(matches!(find(OsStr::new("")), Err(StartError::NotFound(_))));
        assert!(matches!(
            find(OsStr::new("/etc/passwd")),
            Err(StartError::NotExecutable(..))
        ));
        assert!(matches!(
            find(OsStr::new("/")),
            Err(StartError::NotExecutable(..))
        ));
    }

    #[test]
    fn tracers_are_known_by_name() {
        assert_eq!(blind(Path::new("/usr/bin/strace")), Some(Blind::Tracer));
        assert_eq!(blind(Path::new("/bin/sh")), None);
    }

    #[test]
    fn this_process_is_described() {
        let own = std::process::id();
        assert!(!command(own).is_empty());
        assert_eq!(process_of(own), Some(own));
        assert!(threads(own).unwrap().contains(&own));
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&socket);
        assert!(sockets(own).contains(&number));
    }
}
