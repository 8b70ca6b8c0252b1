//! The registers of a stopped thread, by the numbers that DWARF gives them.

/// What finding a line needs of a stopped thread's registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    /// By DWARF's number (the psABI's table): those a called function keeps are enough.
    pub(crate) numbered: [u64; Self::COUNT],
    /// The program counter: behind the system call's instruction.
    pub(crate) pc: u64,
    /// What `pthread_self(3)` gives on glibc and musl, where the machine shows it among its registers.
    pub(crate) thread_pointer: Option<u64>,
}

#[cfg(target_arch = "x86_64")]
impl Registers {
    /// `rax` to `r15`, and the return address.
    pub(crate) const COUNT: usize = 17;
    /// `rsp`.
    pub(crate) const STACK: usize = 7;
}

#[cfg(target_arch = "x86_64")]
impl From<&libc::user_regs_struct> for Registers {
    fn from(of: &libc::user_regs_struct) -> Self {
        Self {
            numbered: [
                of.rax, of.rdx, of.rcx, of.rbx, of.rsi, of.rdi, of.rbp, of.rsp, of.r8, of.r9,
                of.r10, of.r11, of.r12, of.r13, of.r14, of.r15, of.rip,
            ],
            pc: of.rip,
            thread_pointer: Some(of.fs_base),
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Registers {
    /// `x0` to `x30`, and `sp`.
    pub(crate) const COUNT: usize = 32;
    /// `sp`.
    pub(crate) const STACK: usize = 31;
}

#[cfg(target_arch = "aarch64")]
impl From<&libc::user_regs_struct> for Registers {
    fn from(of: &libc::user_regs_struct) -> Self {
        let mut numbered = [0; Self::COUNT];
        numbered[..31].copy_from_slice(&of.regs);
        numbered[Self::STACK] = of.sp;
        Self {
            numbered,
            pc: of.pc,
            thread_pointer: None,
        }
    }
}
