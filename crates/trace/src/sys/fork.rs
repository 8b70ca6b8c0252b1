//! The child that becomes a traced program: held until it is traced, then behind its filter, then replaced.

use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use rustix::pipe::{PipeFlags, pipe_with};

use crate::tracer::filter::Instruction;

/// A program about to be started. Everything is laid out before the fork: after it, nothing may be allocated.
#[derive(Debug)]
pub(crate) struct Program {
    path: CString,
    words: Vec<CString>,
    filter: Vec<Instruction>,
}

/// A child that waits for a word before it does anything.
#[derive(Debug)]
pub(crate) struct Held {
    pid: u32,
    go: OwnedFd,
    failed: OwnedFd,
}

/// What kept a child from becoming the program.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The filter could not be installed.
    Filter(io::Error),
    /// `execve` failed.
    Execute(io::Error),
}

/// `struct sock_fprog`.
#[repr(C)]
struct FilterProgram {
    length: u16,
    filter: *const Instruction,
}

const FILTER_FAILED: u8 = 1;
const EXECUTE_FAILED: u8 = 2;

impl Program {
    /// The program at `path`, called with `words`, of which the first is its name, behind `filter`.
    pub(crate) fn new(path: CString, words: Vec<CString>, filter: Vec<Instruction>) -> Self {
        Self {
            path,
            words,
            filter,
        }
    }

    /// Forks a child that waits to be let go.
    ///
    /// # Errors
    /// No pipe or no process can be made.
    pub(crate) fn fork(&self) -> io::Result<Held> {
        let (wait, go) = pipe_with(PipeFlags::CLOEXEC)?;
        let (failed, tell) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut words: Vec<*const c_char> = self.words.iter().map(|word| word.as_ptr()).collect();
        words.push(ptr::null());
        let filter = FilterProgram {
            length: u16::try_from(self.filter.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
            filter: self.filter.as_ptr(),
        };
        // SAFETY: the child calls nothing but system calls and ends in `_exit` or `execv`: no lock that another thread
        // held at the fork is ever asked for.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(io::Error::last_os_error()),
            0 => become_program(
                [wait.as_raw_fd(), go.as_raw_fd(), tell.as_raw_fd()],
                &self.path,
                &words,
                &filter,
            ),
            pid => Ok(Held {
                pid: pid.cast_unsigned(),
                go,
                failed,
            }),
        }
    }
}

impl Held {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets it go on: filter, then `execve`.
    pub(crate) fn let_go(&mut self) -> io::Result<()> {
        rustix::io::write(&self.go, b"!")?;
        Ok(())
    }

    /// Why it has ended without becoming the program, once it has.
    pub(crate) fn failure(self) -> Option<Failure> {
        let mut told = [0; 5];
        File::from(self.failed).read_exact(&mut told).ok()?;
        let [what, a, b, c, d] = told;
        let error = io::Error::from_raw_os_error(i32::from_ne_bytes([a, b, c, d]));
        Some(match what {
            FILTER_FAILED => Failure::Filter(error),
            _ => Failure::Execute(error),
        })
    }

    /// Ends it: it can't be traced.
    pub(crate) fn give_up(self) {
        // SAFETY: our own child, not waited for yet, so the number is still its own.
        unsafe {
            libc::kill(self.pid.cast_signed(), libc::SIGKILL);
            libc::waitpid(self.pid.cast_signed(), ptr::null_mut(), libc::__WALL);
        }
    }
}

/// In the child. Only system calls: see [`Program::fork`].
fn become_program(
    [wait, go, tell]: [i32; 3],
    path: &CString,
    words: &[*const c_char],
    filter: &FilterProgram,
) -> ! {
    // SAFETY: system calls on descriptors and memory that the child has from the fork; `words` ends with a null pointer.
    unsafe {
        // The writing end is closed here too, or the end of the parent could not be seen.
        libc::close(go);
        let mut word = 0_u8;
        if libc::read(wait, (&raw mut word).cast(), 1) != 1 {
            libc::_exit(125);
        }
        // Rust's runtime ignores it; programs expect to be started with the default.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if let Err(errno) = install(filter) {
            fail(tell, FILTER_FAILED, errno, 125);
        }
        libc::execv(path.as_ptr(), words.as_ptr());
        fail(tell, EXECUTE_FAILED, *libc::__errno_location(), 127);
    }
}

/// Without `no_new_privs` where the system lets us: with it, programs with privileges of their own run without them.
unsafe fn install(filter: &FilterProgram) -> Result<(), i32> {
    // SAFETY: `filter` points to as many instructions as it says.
    unsafe {
        let seccomp = || {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0,
                ptr::from_ref(filter),
            )
        };
        if seccomp() == 0 {
            return Ok(());
        }
        if *libc::__errno_location() == libc::EACCES
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && seccomp() == 0
        {
            return Ok(());
        }
        Err(*libc::__errno_location())
    }
}

unsafe fn fail(tell: i32, what: u8, errno: i32, code: i32) -> ! {
    let [a, b, c, d] = errno.to_ne_bytes();
    let told = [what, a, b, c, d];
    // SAFETY: writes five bytes to a pipe of ours, and ends.
    unsafe {
        libc::write(tell, told.as_ptr().cast(), told.len());
        libc::_exit(code)
    }
}
