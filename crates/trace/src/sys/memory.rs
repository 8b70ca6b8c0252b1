//! Reads and writes another process' memory: `process_vm_readv(2)` and its kin.

use std::io;

use libc::{c_void, iovec, pid_t};

/// Pages are at least this long: what is read in pieces is cut at multiples of it.
const PAGE: u64 = 4096;

/// Reads from `at`; says how much could be read, which is less where a page is not there.
pub(crate) fn read(process: u32, at: u64, into: &mut [u8]) -> usize {
    let mut done = 0;
    while done < into.len() {
        let Some(from) = at.checked_add(done as u64) else {
            break;
        };
        if let Some(all) = read_once(process, from, &mut into[done..]) {
            done += all;
            continue;
        }
        // The kernel refuses the whole where the first page is missing, and may where a later one is.
        let to_border = usize::try_from(PAGE - from % PAGE).unwrap_or(usize::MAX);
        if to_border >= into.len() - done {
            break;
        }
        match read_once(process, from, &mut into[done..done + to_border]) {
            Some(part) => done += part,
            None => break,
        }
    }
    done
}

fn read_once(process: u32, from: u64, into: &mut [u8]) -> Option<usize> {
    let local = iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let remote = iovec {
        iov_base: std::ptr::without_provenance_mut::<c_void>(usize::try_from(from).ok()?),
        iov_len: into.len(),
    };
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`; the remote address is never used here.
    let read = unsafe {
        libc::process_vm_readv(
            process as pid_t,
            &raw const local,
            1,
            &raw const remote,
            1,
            0,
        )
    };
    usize::try_from(read).ok().filter(|&read| read > 0)
}

/// Writes all of `bytes` at `at`.
///
/// # Errors
/// The pages are not there or can't be written to.
pub(crate) fn write(process: u32, at: u64, bytes: &[u8]) -> io::Result<()> {
    let at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
    let local = iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let remote = iovec {
        iov_base: std::ptr::without_provenance_mut::<c_void>(at),
        iov_len: bytes.len(),
    };
    // SAFETY: the kernel only reads from `bytes`; the remote address is never used here.
    let written = unsafe {
        libc::process_vm_writev(
            process as pid_t,
            &raw const local,
            1,
            &raw const remote,
            1,
            0,
        )
    };
    match usize::try_from(written) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_up_to_the_page_that_is_missing() {
        let page = usize::try_from(PAGE).unwrap();
        // SAFETY: a fresh private mapping of two pages, of which the second is given back at once.
        let start = unsafe {
            let start = libc::mmap(
                std::ptr::null_mut(),
                2 * page,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(start, libc::MAP_FAILED);
            libc::munmap(start.byte_add(page), page);
            start
        };
        let at = start.addr() as u64;
        let own = std::process::id();
        write(own, at + PAGE - 4, b"abcd").unwrap();
        let mut room = [0; 100];
        assert_eq!(read(own, at + PAGE - 4, &mut room), 4);
        assert_eq!(&room[..4], b"abcd");
        assert_eq!(read(own, at + PAGE, &mut room), 0);
        assert_eq!(read(own, u64::MAX - 3, &mut room), 0);
        assert_eq!(read(own, 0, &mut room), 0);
        write(own, at + PAGE, b"x").unwrap_err();
    }
}
