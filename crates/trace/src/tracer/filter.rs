//! The filters of [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html): which calls stop a traced thread.
//!
//! The first one is installed before the program starts and stops at calls that only sockets have. One more comes with each
//! socket that is alive, and stops at `read`, `write`, `close` and their kin on its descriptor: those calls on files cost
//! next to nothing, and all other calls nothing at all, for the kernel knows from the filters which numbers always pass.

use std::ops::RangeInclusive;

use crate::sys::registers::ARCHITECTURE;

/// `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    value: u32,
}

impl Instruction {
    /// As it lies in memory.
    pub(crate) fn to_bytes(self) -> [u8; 8] {
        let [a, b] = self.code.to_ne_bytes();
        let [e, f, g, h] = self.value.to_ne_bytes();
        [a, b, self.if_true, self.if_false, e, f, g, h]
    }
}

/// What a filter says of a call it stops at, in the data that the tracer gets with the stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Said {
    /// A call of a socket, or on the descriptor of one.
    Watched = 1,
    /// A call of another architecture, that would be one of a socket.
    Foreign = 2,
    /// The program installs a filter of its own.
    OwnFilter = 3,
}

impl Said {
    /// As the tracer gets it.
    pub(crate) fn from_data(data: u32) -> Self {
        match data {
            2 => Self::Foreign,
            3 => Self::OwnFilter,
            _ => Self::Watched,
        }
    }
}

/// The calls that are always stopped at.
#[rustfmt::skip]
const ALWAYS: &[i64] = &[
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4,
    libc::SYS_connect, libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_sendmmsg, libc::SYS_recvfrom, libc::SYS_recvmsg,
    libc::SYS_recvmmsg, libc::SYS_shutdown, libc::SYS_setsockopt, libc::SYS_getsockopt, libc::SYS_getsockname,
    libc::SYS_getpeername, libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2,
    libc::SYS_io_uring_setup, libc::SYS_ptrace, libc::SYS_pidfd_getfd, libc::SYS_close_range,
];

/// Those of x86-64 alone.
#[cfg(target_arch = "x86_64")]
const ALWAYS_HERE: &[i64] = &[libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_wait];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_HERE: &[i64] = &[];

/// What is looked at of a call on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    /// The descriptor is the first argument.
    First,
    /// It is the first or the argument of this index.
    FirstOr(u8),
    /// It is the first, and the second, a command, is one of those that matter.
    FirstWithCommand,
}

/// The calls that move data, on any kind of descriptor.
const READ_WRITE: &[(i64, Where)] = &[
    (libc::SYS_read, Where::First),
    (libc::SYS_write, Where::First),
    (libc::SYS_readv, Where::First),
    (libc::SYS_writev, Where::First),
    (libc::SYS_sendfile, Where::FirstOr(1)),
    (libc::SYS_splice, Where::FirstOr(2)),
];

/// The calls that make and end descriptors, and change how they wait.
const DESCRIPTORS: &[(i64, Where)] = &[
    (libc::SYS_close, Where::First),
    (libc::SYS_dup, Where::First),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_dup2, Where::FirstOr(1)),
    (libc::SYS_dup3, Where::FirstOr(1)),
    (libc::SYS_fcntl, Where::FirstWithCommand),
];

/// Those of the two lists that programs make most.
const FREQUENT: &[i64] = &[libc::SYS_read, libc::SYS_write, libc::SYS_close];

const COMMANDS: &[i32] = &[libc::F_SETFL, libc::F_DUPFD, libc::F_DUPFD_CLOEXEC];
/// Requests of `ioctl(2)` that are stopped at on any descriptor.
const REQUESTS: &[libc::Ioctl] = &[libc::FIONBIO, libc::FIONREAD];

/// Whether a call is one of those the filters stop at, on whatever descriptor: for a program that has no filters of ours.
pub(crate) fn may_matter(number: i64, arguments: &[u64; 6]) -> bool {
    if ALWAYS.contains(&number) || ALWAYS_HERE.contains(&number) {
        return true;
    }
    if number == libc::SYS_ioctl {
        return REQUESTS
            .iter()
            .any(|&request| request as u32 == low(arguments[1]));
    }
    READ_WRITE
        .iter()
        .chain(DESCRIPTORS)
        .find(|&&(call, _)| call == number)
        .is_some_and(|&(_, place)| {
            place != Where::FirstWithCommand || is_command(low(arguments[1]))
        })
}

fn is_command(value: u32) -> bool {
    COMMANDS
        .iter()
        .any(|command| command.cast_unsigned() == value)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "descriptors and commands are the low half"
)]
fn low(argument: u64) -> u32 {
    argument as u32
}

/// The filter a program starts behind.
pub(crate) fn base() -> Vec<Instruction> {
    let mut code = Assembler::default();
    code.load(ARCH);
    #[cfg(target_arch = "x86_64")]
    code.unless(ARCHITECTURE, |code| {
        const I386: u32 = 0x4000_0003;
        /// `socketcall`, and `socket` to `shutdown`, of 32-bit x86.
        const SOCKETCALL: u32 = 102;
        const FIRST: u32 = 359;
        const LAST: u32 = 373;
        code.when(I386, |code| {
            code.load(NUMBER);
            code.when(SOCKETCALL, |code| code.stop(Said::Foreign));
            code.when_in(FIRST..=LAST, |code| code.stop(Said::Foreign));
        });
        code.pass();
    });
    #[cfg(not(target_arch = "x86_64"))]
    code.unless(ARCHITECTURE, Assembler::pass);
    code.load(NUMBER);
    let mut calls: Vec<(i64, Asked)> = ALWAYS
        .iter()
        .chain(ALWAYS_HERE)
        .map(|&number| (number, Asked::Nothing))
        .collect();
    calls.extend([
        (libc::SYS_ioctl, Asked::Request),
        (libc::SYS_seccomp, Asked::OwnFilter),
        (libc::SYS_prctl, Asked::Process),
    ]);
    code.by_number(calls, &|code, asked| match asked {
        Asked::Nothing => code.stop(Said::Watched),
        Asked::Request => {
            code.load(argument(1));
            for &request in REQUESTS {
                code.when(request as u32, |code| code.stop(Said::Watched));
            }
            code.pass();
        }
        Asked::OwnFilter => code.stop(Said::OwnFilter),
        Asked::Process => {
            code.load(argument(0));
            code.when(libc::PR_SET_SECCOMP.cast_unsigned(), |code| {
                code.stop(Said::OwnFilter);
            });
            code.pass();
        }
    });
    code.instructions
}

/// What the first filter looks at beside the number of a call.
#[derive(Clone, Copy)]
enum Asked {
    /// Nothing: the number says it all.
    Nothing,
    /// The request of `ioctl`.
    Request,
    /// Whether `seccomp` installs a filter is seen later.
    OwnFilter,
    /// What `prctl` is to do.
    Process,
}

/// The filter that stops at calls on descriptors, each a range; with `read_write` also at those that move data.
pub(crate) fn on_descriptors(
    descriptors: &[RangeInclusive<u32>],
    read_write: bool,
) -> Vec<Instruction> {
    let matching = |code: &mut Assembler| {
        for range in descriptors {
            code.when_in(range.clone(), |code| code.stop(Said::Watched));
        }
    };
    let mut code = Assembler::default();
    code.load(ARCH);
    code.unless(ARCHITECTURE, Assembler::pass);
    code.load(NUMBER);
    // The most frequent first: `close` goes through the filters of all sockets, whatever it closes.
    let mut calls: Vec<_> = READ_WRITE.iter().filter(|_| read_write).collect();
    calls.extend(DESCRIPTORS);
    calls.sort_by_key(|(number, _)| !FREQUENT.contains(number));
    for &(number, place) in calls {
        code.when(call(number), |code| {
            match place {
                Where::First => {}
                Where::FirstOr(other) => {
                    code.load(argument(other));
                    matching(code);
                }
                Where::FirstWithCommand => {
                    code.load(argument(1));
                    for &command in COMMANDS {
                        code.when(command.cast_unsigned(), |code| {
                            code.load(argument(0));
                            matching(code);
                            code.pass();
                        });
                    }
                    code.pass();
                    return;
                }
            }
            code.load(argument(0));
            matching(code);
            code.pass();
        });
    }
    code.pass();
    code.instructions
}

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// The low half of an argument: machines here are little-endian.
fn argument(index: u8) -> u32 {
    16 + 8 * u32::from(index)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers of system calls are small"
)]
fn call(number: i64) -> u32 {
    number as u32
}

/// Puts instructions together, with jumps only forward over what a closure adds.
#[derive(Default)]
struct Assembler {
    instructions: Vec<Instruction>,
}

impl Assembler {
    fn add(&mut self, code: u32, if_true: u8, if_false: u8, value: u32) -> usize {
        self.instructions.push(Instruction {
            code: u16::try_from(code).unwrap_or(0),
            if_true,
            if_false,
            value,
        });
        self.instructions.len()
    }

    fn load(&mut self, offset: u32) {
        self.add(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    }

    fn stop(&mut self, said: Said) {
        let value = libc::SECCOMP_RET_TRACE | said as u32;
        self.add(libc::BPF_RET | libc::BPF_K, 0, 0, value);
    }

    fn pass(&mut self) {
        self.add(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW);
    }

    /// What `then` adds is run when the loaded value is `value`.
    fn when(&mut self, value: u32, then: impl FnOnce(&mut Self)) {
        let at = self.add(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 0, value);
        then(self);
        self.instructions[at - 1].if_false = self.since(at);
    }

    /// What `then` adds is run when the loaded value is another than `value`.
    fn unless(&mut self, value: u32, then: impl FnOnce(&mut Self)) {
        let at = self.add(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 0, value);
        then(self);
        self.instructions[at - 1].if_true = self.since(at);
    }

    /// What `then` adds for a call is run when its number is loaded; other numbers pass. It is searched for by halves:
    /// calls that only some filters are about go through this one as well.
    fn by_number<T: Copy>(&mut self, mut calls: Vec<(i64, T)>, then: &dyn Fn(&mut Self, T)) {
        calls.sort_by_key(|(number, _)| *number);
        self.search(&calls, then);
    }

    fn search<T: Copy>(&mut self, calls: &[(i64, T)], then: &dyn Fn(&mut Self, T)) {
        const FEW: usize = 3;
        if calls.len() <= FEW {
            for &(number, of) in calls {
                self.when(call(number), |code| then(code, of));
            }
            return self.pass();
        }
        let (low, high) = calls.split_at(calls.len() / 2);
        self.when_from(call(high[0].0), |code| code.search(high, then));
        self.search(low, then);
    }

    /// What `then` adds is run when the loaded value is `from` or more.
    fn when_from(&mut self, from: u32, then: impl FnOnce(&mut Self)) {
        let at = self.add(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 0, from);
        then(self);
        self.instructions[at - 1].if_false = self.since(at);
    }

    /// What `then` adds is run when the loaded value lies in `range`.
    fn when_in(&mut self, range: RangeInclusive<u32>, then: impl FnOnce(&mut Self)) {
        if range.start() == range.end() {
            return self.when(*range.start(), then);
        }
        let from = self.add(
            libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K,
            0,
            0,
            *range.start(),
        );
        let to = self.add(
            libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K,
            0,
            0,
            *range.end(),
        );
        then(self);
        self.instructions[from - 1].if_false = self.since(from);
        self.instructions[to - 1].if_true = self.since(to);
    }

    fn since(&self, at: usize) -> u8 {
        let added = self.instructions.len() - at;
        debug_assert!(
            added <= usize::from(u8::MAX),
            "a jump over {added} instructions"
        );
        u8::try_from(added).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests;
