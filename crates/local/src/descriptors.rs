//! The one walk over the descriptors of all processes, `/proc/*/fd`, for those that are sockets; proc_pid_fd(5).
//!
//! A machine may have 100,000 descriptors, so nothing is allocated for one: a directory is read into a buffer on the
//! stack, each link is read relative to its open directory into another, and only `socket:[` is looked at. A thread with
//! a table of descriptors of its own (unshare(2), CLONE_FILES) is not seen.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;

/// Calls `found` with process, descriptor and inode of each socket, by process number ascending. Whether some process
/// could not be looked into for want of permission.
pub(crate) fn walk(root: &Path, mut found: impl FnMut(u32, u32, u64)) -> bool {
    let Ok(root) = openat(CWD, root, DIRECTORY, Mode::empty()) else {
        return true;
    };
    let mut pids: Vec<u32> = Vec::new();
    each_number(&root, |_name, pid| pids.push(pid));
    pids.sort_unstable();
    // Process 1 always exists: a /proc without it hides other users' processes (hidepid of proc(5)).
    let mut refused = pids.first() != Some(&1);
    for pid in pids {
        match openat(&root, format!("{pid}/fd"), DIRECTORY, Mode::empty()) {
            Ok(directory) => each_number(&directory, |name, descriptor| {
                let mut link = [0; LINK];
                if let Ok(length) = readlinkat_raw(&directory, name, &mut link)
                    && let Some(inode) = socket_inode(&link[..length])
                {
                    found(pid, descriptor, inode);
                }
            }),
            Err(Errno::ACCESS | Errno::PERM) => refused = true,
            // It has just ended.
            Err(_) => {}
        }
    }
    refused
}

/// The entries of a directory whose names are numbers.
fn each_number(directory: impl AsFd, mut each: impl FnMut(&CStr, u32)) {
    let mut buffer = [MaybeUninit::uninit(); ENTRIES];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        if let Some(number) = decimal(entry.file_name().to_bytes()) {
            each(entry.file_name(), u32::try_from(number).unwrap_or(u32::MAX));
        }
    }
}

/// `socket:[4711]`
fn socket_inode(link: &[u8]) -> Option<u64> {
    decimal(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
/// Room for some hundred entries, bytes: a longer directory takes several reads.
const ENTRIES: usize = 16 << 10;
/// Longer than any link to a socket, bytes. One to a file may be longer, and is cut: it is none that is looked for.
const LINK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_sockets_have_a_socket_number() {
        assert_eq!(socket_inode(b"socket:[4711]"), Some(4711));
        assert_eq!(
            socket_inode(b"socket:[18446744073709551615]"),
            Some(u64::MAX)
        );
        for link in [
            &b"pipe:[4711]"[..],
            b"socket:[]",
            b"socket:[4711",
            b"socket:[18446744073709551616]",
            b"/tmp/socket:[1]",
            b"anon_inode:[eventpoll]",
            b"",
        ] {
            assert_eq!(socket_inode(link), None, "{}", link.escape_ascii());
        }
    }

    #[test]
    fn every_socket_of_this_process_is_met_once() {
        let pairs: Vec<_> = std::iter::repeat_with(std::os::unix::net::UnixStream::pair)
            .take(600)
            .collect();
        let mut met = 0;
        let mut seen = std::collections::HashSet::new();
        walk(Path::new("/proc"), |pid, descriptor, _| {
            if pid == std::process::id() {
                met += 1;
                seen.insert(descriptor);
            }
        });
        assert!(met >= 2 * pairs.len(), "{met}");
        assert_eq!(seen.len(), met);
    }
}
