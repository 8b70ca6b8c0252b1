//! The kernel's calls by their numbers: the name of each, and what each of its arguments is.

use super::flags::{self, Flag};

/// What an argument is, and where what belongs to it stands: indexes count the arguments from 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// An `int`: a descriptor, a backlog, a count.
    Int,
    /// A length or a count of 64 bits.
    Size,
    /// A pointer that is not followed.
    Pointer,
    /// One of some names.
    Name(&'static [Flag]),
    /// Flags, joined by `|`.
    Flags(&'static [Flag]),
    /// The type of a socket, with `SOCK_NONBLOCK` and `SOCK_CLOEXEC`.
    SocketType,
    /// The protocol of a socket whose family is argument 0.
    Protocol,
    /// An address that the program gives, as long as the argument says.
    Address(usize),
    /// An address that the kernel fills in, as long as what the argument points to says.
    AddressOut(usize),
    /// A length that the kernel changes.
    Length,
    /// Data that the program gives, as long as the argument says.
    Data(usize),
    /// Room for data, which the kernel fills with as much as it returns.
    Room(usize),
    /// Stretches of data, as many as the argument says.
    Stretches(usize),
    /// Stretches of room.
    RoomStretches(usize),
    /// `struct msghdr` that is sent.
    Message,
    /// `struct msghdr` that is filled.
    RoomMessage,
    /// `struct mmsghdr`, as many as the argument says.
    Messages(usize),
    /// The same, filled.
    RoomMessages(usize),
    /// Where two descriptors come to stand.
    Pair,
    /// The number of an option, whose level is argument 1.
    OptionName,
    /// The value of an option, of level and number in arguments 1 and 2, as long as the argument says.
    Value(usize),
    /// Where the kernel puts such a value.
    ValueOut(usize),
    /// What goes with a command of `fcntl`.
    CommandArgument,
    /// What goes with a request of `ioctl`.
    RequestArgument,
    /// A place in a file, which the kernel moves on.
    Offset,
    /// `struct pollfd`, as many as the argument says.
    Polled(usize),
    /// A set of descriptors below argument 0.
    Set,
    /// `struct timeval`, seconds and microseconds.
    Timeval,
    /// `struct timespec`, seconds and nanoseconds.
    Timespec,
    /// Room for `struct epoll_event`, filled with as many as are returned.
    Ready,
}

use Shape::*;

/// A call: number, name with `SYS_` before it, arguments.
type Row = (i64, &'static str, &'static [Shape]);

macro_rules! rows {
    ($($number:ident: $($shape:expr),*;)+) => {
        &[$((libc::$number, stringify!($number), &[$($shape),*])),+]
    };
}

const SEND: Shape = Flags(flags::MESSAGE);

/// Of all architectures here.
const ROWS: &[Row] = rows! {
    SYS_socket: Name(flags::FAMILY), SocketType, Protocol;
    SYS_socketpair: Name(flags::FAMILY), SocketType, Protocol, Pair;
    SYS_bind: Int, Address(2), Int;
    SYS_listen: Int, Int;
    SYS_accept: Int, AddressOut(2), Length;
    SYS_accept4: Int, AddressOut(2), Length, Flags(flags::SOCKET);
    SYS_connect: Int, Address(2), Int;
    SYS_sendto: Int, Data(2), Size, SEND, Address(5), Int;
    SYS_sendmsg: Int, Message, SEND;
    SYS_sendmmsg: Int, Messages(2), Int, SEND;
    SYS_recvfrom: Int, Room(2), Size, SEND, AddressOut(5), Length;
    SYS_recvmsg: Int, RoomMessage, SEND;
    SYS_recvmmsg: Int, RoomMessages(2), Int, SEND, Timespec;
    SYS_shutdown: Int, Name(flags::HOW);
    SYS_setsockopt: Int, Name(flags::LEVEL), OptionName, Value(4), Int;
    SYS_getsockopt: Int, Name(flags::LEVEL), OptionName, ValueOut(4), Length;
    SYS_getsockname: Int, AddressOut(2), Length;
    SYS_getpeername: Int, AddressOut(2), Length;
    SYS_read: Int, Room(2), Size;
    SYS_write: Int, Data(2), Size;
    SYS_readv: Int, RoomStretches(2), Int;
    SYS_writev: Int, Stretches(2), Int;
    SYS_sendfile: Int, Int, Offset, Size;
    SYS_splice: Int, Offset, Int, Offset, Size, Flags(flags::SPLICE);
    SYS_close: Int;
    SYS_close_range: Int, Int, Flags(flags::CLOSE_RANGE);
    SYS_dup: Int;
    SYS_dup3: Int, Int, Flags(flags::OPEN);
    SYS_fcntl: Int, Name(flags::COMMAND), CommandArgument;
    SYS_ioctl: Int, Name(flags::REQUEST), RequestArgument;
    SYS_ppoll: Polled(1), Int, Timespec, Pointer, Size;
    SYS_pselect6: Int, Set, Set, Set, Timespec, Pointer;
    SYS_epoll_pwait: Int, Ready, Int, Int, Pointer, Size;
    SYS_epoll_pwait2: Int, Ready, Int, Timespec, Pointer, Size;
    SYS_pidfd_getfd: Int, Int, Int;
};

/// Of x86-64 alone.
#[cfg(target_arch = "x86_64")]
const ROWS_HERE: &[Row] = rows! {
    SYS_dup2: Int, Int;
    SYS_poll: Polled(1), Int, Int;
    SYS_select: Int, Set, Set, Set, Timeval;
    SYS_epoll_wait: Int, Ready, Int, Int;
};
#[cfg(not(target_arch = "x86_64"))]
const ROWS_HERE: &[Row] = &[];

/// The name and the arguments of a call, by its number of this architecture.
pub(super) fn row(number: i64) -> Option<(&'static str, &'static [Shape])> {
    let mut rows = ROWS.iter().chain(ROWS_HERE);
    let (_, name, shapes) = rows.find(|row| row.0 == number)?;
    Some((name.strip_prefix("SYS_").unwrap_or(name), shapes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::decode::Syscall;

    #[test]
    fn every_call_that_is_told_has_a_name_and_at_most_six_arguments() {
        for number in 0..1_000 {
            let told = match Syscall::of(number) {
                None | Some(Syscall::IoUringSetup | Syscall::Ptrace) => false,
                Some(_) => true,
            };
            assert_eq!(row(number).is_some(), told, "{number}");
            assert!(row(number).is_none_or(|(_, shapes)| shapes.len() <= 6));
        }
    }

    #[test]
    fn names_are_the_kernels_and_not_the_programs() {
        let name = |number| row(number).unwrap().0;
        assert_eq!(name(libc::SYS_sendto), "sendto");
        assert_eq!(name(libc::SYS_accept), "accept");
        assert_eq!(name(libc::SYS_accept4), "accept4");
        assert_eq!(name(libc::SYS_ppoll), "ppoll");
    }
}
