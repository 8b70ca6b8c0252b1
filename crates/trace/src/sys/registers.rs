//! The registers of a stopped thread, as far as system calls use them: all that depends on the processor is here.

use std::io;
use std::mem;

use super::ptrace;
use crate::place;

/// The general registers.
#[derive(Clone, Copy)]
pub(crate) struct Registers(libc::user_regs_struct);

/// The architecture whose calls are seen, as [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html) names it.
#[cfg(target_arch = "x86_64")]
pub(crate) const ARCHITECTURE: u32 = 0xc000_003e;
/// The same.
#[cfg(target_arch = "aarch64")]
pub(crate) const ARCHITECTURE: u32 = 0xc000_00b7;

/// The instruction that makes a system call, and its length.
#[cfg(target_arch = "x86_64")]
pub(crate) const CALL: &[u8] = &[0x0f, 0x05];
/// The same: `svc #0`.
#[cfg(target_arch = "aarch64")]
pub(crate) const CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4];

impl Registers {
    /// Those of a stopped thread.
    pub(crate) fn of(thread: u32) -> io::Result<Self> {
        // SAFETY: plain integers, for which zero is a value.
        let mut registers = unsafe { mem::zeroed() };
        ptrace::registers(thread, &mut registers)?;
        Ok(Self(registers))
    }

    /// As the finding of lines takes them.
    pub(crate) fn for_places(&self) -> place::Registers {
        (&self.0).into()
    }

    /// Writes them back.
    pub(crate) fn put(&self, thread: u32) -> io::Result<()> {
        ptrace::set_registers(thread, &self.0)
    }
}

#[cfg(target_arch = "x86_64")]
impl Registers {
    /// Where the thread goes on.
    pub(crate) fn instruction(&self) -> u64 {
        self.0.rip
    }

    /// Its stack.
    pub(crate) fn stack(&self) -> u64 {
        self.0.rsp
    }

    /// The number of the system call it is in.
    pub(crate) fn call(&self) -> i64 {
        self.0.orig_rax.cast_signed()
    }

    /// An argument of the system call it is in.
    pub(crate) fn argument(&self, index: usize) -> u64 {
        let registers = &self.0;
        [
            registers.rdi,
            registers.rsi,
            registers.rdx,
            registers.r10,
            registers.r8,
            registers.r9,
        ][index]
    }

    /// Changes an argument.
    pub(crate) fn set_argument(&mut self, index: usize, value: u64) {
        let registers = &mut self.0;
        *[
            &mut registers.rdi,
            &mut registers.rsi,
            &mut registers.rdx,
            &mut registers.r10,
            &mut registers.r8,
            &mut registers.r9,
        ][index] = value;
    }

    /// Changes what the system call returns.
    pub(crate) fn set_returned(&mut self, value: u64) {
        self.0.rax = value;
    }

    /// Lets the call that has failed with `EINTR`, and that the thread is just leaving, be made again, unless the handler of a
    /// signal runs first; whether it was such a one. The kernel looks at what the call returned only after this stop.
    pub(crate) fn make_again(&mut self) -> bool {
        /// `ERESTARTNOHAND` of the kernel, which no program sees.
        const AGAIN_WITHOUT_HANDLER: i64 = 514;
        let failed = self.0.rax.cast_signed() == -i64::from(libc::EINTR);
        if failed {
            self.0.rax = (-AGAIN_WITHOUT_HANDLER).cast_unsigned();
        }
        failed
    }

    /// The thread makes this call next, with the instruction at `at`.
    pub(crate) fn set_call(&mut self, at: u64, number: i64, arguments: [u64; 6]) {
        self.0.rip = at;
        self.0.rax = number.cast_unsigned();
        // No call is under way that the kernel could take for one to be restarted.
        self.0.orig_rax = u64::MAX;
        for (index, value) in arguments.into_iter().enumerate() {
            self.set_argument(index, value);
        }
    }

    /// Where in a signal's frame, from the stack pointer a handler starts with, the interrupted call's result lies.
    pub(crate) const RESULT_IN_SIGNAL_FRAME: u64 = 152;
}

#[cfg(target_arch = "aarch64")]
impl Registers {
    /// Where the thread goes on.
    pub(crate) fn instruction(&self) -> u64 {
        self.0.pc
    }

    /// Its stack.
    pub(crate) fn stack(&self) -> u64 {
        self.0.sp
    }

    /// The number of the system call it is in.
    pub(crate) fn call(&self) -> i64 {
        self.0.regs[8].cast_signed()
    }

    /// An argument of the system call it is in.
    pub(crate) fn argument(&self, index: usize) -> u64 {
        self.0.regs[index]
    }

    /// Changes an argument.
    pub(crate) fn set_argument(&mut self, index: usize, value: u64) {
        self.0.regs[index] = value;
    }

    /// Changes what the system call returns.
    pub(crate) fn set_returned(&mut self, value: u64) {
        self.0.regs[0] = value;
    }

    /// Never: here the kernel has decided before the stop, and the first argument is gone.
    pub(crate) fn make_again(&mut self) -> bool {
        false
    }

    /// The thread makes this call next, with the instruction at `at`.
    pub(crate) fn set_call(&mut self, at: u64, number: i64, arguments: [u64; 6]) {
        self.0.pc = at;
        self.0.regs[8] = number.cast_unsigned();
        self.0.regs[..6].copy_from_slice(&arguments);
    }

    /// Where in a signal's frame, from the stack pointer a handler starts with, the interrupted call's result lies:
    /// `siginfo`, then `ucontext` up to the first register.
    pub(crate) const RESULT_IN_SIGNAL_FRAME: u64 = 128 + 176 + 8;
}
