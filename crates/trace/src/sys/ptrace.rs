//! The requests of [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html) that the tracer makes.
//!
//! Signals are plain numbers here: a real-time signal, which a runtime may use for itself, has to get through as well.

use std::io;
use std::mem;
use std::ptr;

use libc::{c_uint, c_void, pid_t};

/// What a thread that was started by us is watched for.
pub(crate) const STARTED: c_uint = FOLLOW | libc::PTRACE_O_TRACESECCOMP as c_uint | EXITKILL;
/// What a thread that ran already is watched for: it outlives us.
pub(crate) const ATTACHED: c_uint = FOLLOW;

const EXITKILL: c_uint = libc::PTRACE_O_EXITKILL as c_uint;
const FOLLOW: c_uint = (libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT) as c_uint;

/// How a stopped thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Until a filter, a signal or an event stops it.
    Run,
    /// Until it enters or leaves a system call.
    ToCall,
    /// By one instruction.
    Step,
    /// It stays in the group stop it is in.
    Listen,
    /// Untraced.
    Detach,
}

/// A thread's system call, as `PTRACE_GET_SYSCALL_INFO` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallStop {
    /// About to be made: of which architecture (`AUDIT_ARCH_…`), which number, with what.
    Entry {
        arch: u32,
        number: i64,
        arguments: [u64; 6],
    },
    /// The same, stopped by a filter, which said `data`.
    Filter {
        arch: u32,
        number: i64,
        arguments: [u64; 6],
        data: u32,
    },
    /// It has returned.
    Exit { returned: i64 },
    /// The thread is in no stop of a system call.
    Elsewhere,
}

fn request(
    request: c_uint,
    thread: u32,
    address: *mut c_void,
    data: *mut c_void,
) -> io::Result<i64> {
    // SAFETY: every caller in this file hands over pointers that are valid for what its request reads and writes, or plain
    // numbers for requests that take numbers.
    let result = unsafe { libc::ptrace(request as _, thread as pid_t, address, data) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    #[allow(
        clippy::useless_conversion,
        reason = "c_long is 32 bits on some machines"
    )]
    Ok(result.into())
}

fn number(value: usize) -> *mut c_void {
    ptr::without_provenance_mut(value)
}

/// Begins to trace a thread without stopping it.
pub(crate) fn seize(thread: u32, options: c_uint) -> io::Result<()> {
    request(
        libc::PTRACE_SEIZE as c_uint,
        thread,
        ptr::null_mut(),
        number(options as usize),
    )
    .map(drop)
}

/// Stops a thread that runs or waits: it reports `PTRACE_EVENT_STOP`.
pub(crate) fn interrupt(thread: u32) -> io::Result<()> {
    request(
        libc::PTRACE_INTERRUPT as c_uint,
        thread,
        ptr::null_mut(),
        ptr::null_mut(),
    )
    .map(drop)
}

/// Lets a stopped thread go on, with a signal where `signal` is not 0.
pub(crate) fn resume(thread: u32, how: Resume, signal: i32) -> io::Result<()> {
    let kind = match how {
        Resume::Run => libc::PTRACE_CONT,
        Resume::ToCall => libc::PTRACE_SYSCALL,
        Resume::Step => libc::PTRACE_SINGLESTEP,
        Resume::Listen => libc::PTRACE_LISTEN,
        Resume::Detach => libc::PTRACE_DETACH,
    };
    request(
        kind as c_uint,
        thread,
        ptr::null_mut(),
        number(usize::try_from(signal).unwrap_or(0)),
    )
    .map(drop)
}

/// What an event stop is about: the new thread's id, or the one an `execve` took over from.
pub(crate) fn event_message(thread: u32) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    request(
        libc::PTRACE_GETEVENTMSG as c_uint,
        thread,
        ptr::null_mut(),
        (&raw mut message).cast(),
    )?;
    Ok(message)
}

/// Where a signal came from (`si_code`) that a thread is about to get.
pub(crate) fn signal_origin(thread: u32) -> io::Result<i32> {
    // SAFETY: plain integers, for which zero is a value.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    request(
        libc::PTRACE_GETSIGINFO as c_uint,
        thread,
        ptr::null_mut(),
        (&raw mut info).cast(),
    )?;
    Ok(info.si_code)
}

/// The system call that a stopped thread is in.
pub(crate) fn call_stop(thread: u32) -> io::Result<CallStop> {
    // The layout is `struct ptrace_syscall_info`: op and arch, instruction pointer, stack pointer, then by op.
    let mut info = [0_u64; 11];
    request(
        libc::PTRACE_GET_SYSCALL_INFO as c_uint,
        thread,
        number(mem::size_of_val(&info)),
        info.as_mut_ptr().cast(),
    )?;
    let [op, arch] = halves(info[0]);
    let arguments = [info[4], info[5], info[6], info[7], info[8], info[9]];
    Ok(match op.to_ne_bytes()[0] {
        libc::PTRACE_SYSCALL_INFO_ENTRY => CallStop::Entry {
            arch,
            number: info[3].cast_signed(),
            arguments,
        },
        libc::PTRACE_SYSCALL_INFO_EXIT => CallStop::Exit {
            returned: info[3].cast_signed(),
        },
        libc::PTRACE_SYSCALL_INFO_SECCOMP => CallStop::Filter {
            arch,
            number: info[3].cast_signed(),
            arguments,
            data: halves(info[10])[0],
        },
        _ => CallStop::Elsewhere,
    })
}

/// The two 32-bit fields in a word, in the order of memory.
fn halves(word: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = word.to_ne_bytes();
    [
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    ]
}

/// The signals a stopped thread has blocked.
pub(crate) fn blocked(thread: u32) -> io::Result<u64> {
    let mut mask = 0_u64;
    request(
        libc::PTRACE_GETSIGMASK as c_uint,
        thread,
        number(mem::size_of::<u64>()),
        (&raw mut mask).cast(),
    )?;
    Ok(mask)
}

/// Sets the signals a stopped thread has blocked.
pub(crate) fn set_blocked(thread: u32, mut mask: u64) -> io::Result<()> {
    request(
        libc::PTRACE_SETSIGMASK as c_uint,
        thread,
        number(mem::size_of::<u64>()),
        (&raw mut mask).cast(),
    )
    .map(drop)
}

/// Reads a word of a stopped thread's memory.
pub(crate) fn peek(thread: u32, at: u64) -> io::Result<u64> {
    let mut word = 0_u64;
    // The wrapper of the C library gives the word as its result, where -1 is a word too: the kernel itself writes it.
    // SAFETY: the kernel writes one word to `word`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            libc::PTRACE_PEEKDATA,
            thread as pid_t,
            at,
            &raw mut word,
        )
    };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(word)
}

/// Writes a word of a stopped thread's memory, also where the program itself may not.
pub(crate) fn poke(thread: u32, at: u64, word: u64) -> io::Result<()> {
    let at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
    let word = usize::try_from(word).map_err(|_| io::ErrorKind::InvalidInput)?;
    request(
        libc::PTRACE_POKEDATA as c_uint,
        thread,
        number(at),
        number(word),
    )
    .map(drop)
}

/// Reads or writes the general registers, `user_regs_struct`.
pub(super) fn registers(thread: u32, into: &mut libc::user_regs_struct) -> io::Result<()> {
    transfer(libc::PTRACE_GETREGSET as c_uint, thread, into)
}

/// Writes the general registers.
pub(super) fn set_registers(thread: u32, from: &libc::user_regs_struct) -> io::Result<()> {
    let mut copy = *from;
    transfer(libc::PTRACE_SETREGSET as c_uint, thread, &mut copy)
}

fn transfer(kind: c_uint, thread: u32, registers: &mut libc::user_regs_struct) -> io::Result<()> {
    const NT_PRSTATUS: usize = 1;
    let mut part = libc::iovec {
        iov_base: ptr::from_mut(registers).cast(),
        iov_len: mem::size_of_val(registers),
    };
    request(kind, thread, number(NT_PRSTATUS), (&raw mut part).cast()).map(drop)
}
