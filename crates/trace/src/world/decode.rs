//! System calls by their numbers, and the structures their arguments point to; garbage gives `None` and never a panic.

use sockeye_model::Call;

use crate::tracee::Tracee;

/// A system call that concerns sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Syscall {
    Socket,
    SocketPair,
    Bind,
    Listen,
    Accept,
    Accept4,
    Connect,
    SendTo,
    SendMsg,
    SendMmsg,
    RecvFrom,
    RecvMsg,
    RecvMmsg,
    Shutdown,
    SetSockOpt,
    GetSockOpt,
    GetSockName,
    GetPeerName,
    Read,
    Write,
    ReadV,
    WriteV,
    SendFile,
    Splice,
    Close,
    CloseRange,
    Dup,
    Dup2,
    Dup3,
    Fcntl,
    Ioctl,
    Poll,
    Select,
    EpollWait,
    PidfdGetFd,
    IoUringSetup,
    Ptrace,
}

impl Syscall {
    /// The call with this number of the machine's own architecture.
    pub(crate) fn of(number: i64) -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        match number {
            libc::SYS_poll => return Some(Self::Poll),
            libc::SYS_select => return Some(Self::Select),
            libc::SYS_epoll_wait => return Some(Self::EpollWait),
            libc::SYS_dup2 => return Some(Self::Dup2),
            _ => {}
        }
        Some(match number {
            libc::SYS_socket => Self::Socket,
            libc::SYS_socketpair => Self::SocketPair,
            libc::SYS_bind => Self::Bind,
            libc::SYS_listen => Self::Listen,
            libc::SYS_accept => Self::Accept,
            libc::SYS_accept4 => Self::Accept4,
            libc::SYS_connect => Self::Connect,
            libc::SYS_sendto => Self::SendTo,
            libc::SYS_sendmsg => Self::SendMsg,
            libc::SYS_sendmmsg => Self::SendMmsg,
            libc::SYS_recvfrom => Self::RecvFrom,
            libc::SYS_recvmsg => Self::RecvMsg,
            libc::SYS_recvmmsg => Self::RecvMmsg,
            libc::SYS_shutdown => Self::Shutdown,
            libc::SYS_setsockopt => Self::SetSockOpt,
            libc::SYS_getsockopt => Self::GetSockOpt,
            libc::SYS_getsockname => Self::GetSockName,
            libc::SYS_getpeername => Self::GetPeerName,
            libc::SYS_read => Self::Read,
            libc::SYS_write => Self::Write,
            libc::SYS_readv => Self::ReadV,
            libc::SYS_writev => Self::WriteV,
            libc::SYS_sendfile => Self::SendFile,
            libc::SYS_splice => Self::Splice,
            libc::SYS_close => Self::Close,
            libc::SYS_close_range => Self::CloseRange,
            libc::SYS_dup => Self::Dup,
            libc::SYS_dup3 => Self::Dup3,
            libc::SYS_fcntl => Self::Fcntl,
            libc::SYS_ioctl => Self::Ioctl,
            libc::SYS_ppoll => Self::Poll,
            libc::SYS_pselect6 => Self::Select,
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Self::EpollWait,
            libc::SYS_pidfd_getfd => Self::PidfdGetFd,
            libc::SYS_io_uring_setup => Self::IoUringSetup,
            libc::SYS_ptrace => Self::Ptrace,
            _ => return None,
        })
    }

    /// Whether only sockets can be its first argument: such a call on an unknown descriptor shows a socket that was missed.
    pub(crate) const fn is_for_sockets(self) -> bool {
        matches!(
            self,
            Self::Bind
                | Self::Listen
                | Self::Accept
                | Self::Accept4
                | Self::Connect
                | Self::SendTo
                | Self::SendMsg
                | Self::SendMmsg
                | Self::RecvFrom
                | Self::RecvMsg
                | Self::RecvMmsg
                | Self::Shutdown
                | Self::SetSockOpt
                | Self::GetSockOpt
                | Self::GetSockName
                | Self::GetPeerName
        )
    }

    /// The name a program writes for it, from the arguments: `send` is `sendto` with a null address.
    pub(crate) const fn call(self, arguments: &[u64; 6]) -> Call {
        match self {
            Self::Socket => Call::Socket,
            Self::SocketPair => Call::SocketPair,
            Self::Bind => Call::Bind,
            Self::Listen => Call::Listen,
            Self::Accept | Self::Accept4 => Call::Accept,
            Self::Connect => Call::Connect,
            Self::SendTo if arguments[4] == 0 => Call::Send,
            Self::SendTo => Call::SendTo,
            Self::SendMsg => Call::SendMsg,
            Self::SendMmsg => Call::SendMmsg,
            Self::RecvFrom if arguments[4] == 0 => Call::Recv,
            Self::RecvFrom => Call::RecvFrom,
            Self::RecvMsg => Call::RecvMsg,
            Self::RecvMmsg => Call::RecvMmsg,
            Self::Shutdown => Call::Shutdown,
            Self::SetSockOpt => Call::SetSockOpt,
            Self::GetSockOpt => Call::GetSockOpt,
            Self::GetSockName => Call::GetSockName,
            Self::GetPeerName => Call::GetPeerName,
            Self::Read => Call::Read,
            Self::Write => Call::Write,
            Self::ReadV => Call::ReadV,
            Self::WriteV => Call::WriteV,
            Self::SendFile => Call::SendFile,
            Self::Splice => Call::Splice,
            Self::Close | Self::CloseRange => Call::Close,
            Self::Dup | Self::Dup2 | Self::Dup3 | Self::PidfdGetFd => Call::Dup,
            Self::Fcntl => Call::Fcntl,
            Self::Ioctl | Self::IoUringSetup | Self::Ptrace => Call::Ioctl,
            Self::Poll => Call::Poll,
            Self::Select => Call::Select,
            Self::EpollWait => Call::EpollWait,
        }
    }
}

/// A descriptor, or another `int`, as an argument carries it: the kernel looks at the lower half alone.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the kernel takes the lower 32 bits of an int argument"
)]
pub(crate) const fn int(argument: u64) -> i32 {
    argument as u32 as i32
}

/// Exactly `N` bytes of memory.
pub(crate) fn read<const N: usize>(tracee: &dyn Tracee, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (at != 0 && tracee.read(at, &mut bytes) == N).then_some(bytes)
}

/// An `int` of memory.
pub(crate) fn read_int(tracee: &dyn Tracee, at: u64) -> Option<i32> {
    read(tracee, at).map(i32::from_ne_bytes)
}

/// Exactly `len` bytes of memory; `None` also where they are more than [`MOST_BYTES`].
pub(crate) fn read_bytes(tracee: &dyn Tracee, at: u64, len: u64) -> Option<Vec<u8>> {
    gather(tracee, &[Stretch { at, len }], len)
}

/// A stretch of memory: `struct iovec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) at: u64,
    pub(crate) len: u64,
}

/// The sum of their lengths.
pub(crate) fn room(stretches: &[Stretch]) -> u64 {
    stretches
        .iter()
        .fold(0_u64, |sum, stretch| sum.saturating_add(stretch.len))
}

/// An array of `struct iovec`; `None` where it can't be read or is longer than the kernel takes (`UIO_MAXIOV`).
pub(crate) fn stretches(tracee: &dyn Tracee, at: u64, count: u64) -> Option<Vec<Stretch>> {
    let count = usize::try_from(count).ok().filter(|count| *count <= 1024)?;
    if count == 0 {
        return Some(Vec::new());
    }
    let mut bytes = vec![0; count * 16];
    if at == 0 || tracee.read(at, &mut bytes) != bytes.len() {
        return None;
    }
    let stretches = bytes.chunks_exact(16).map(|pair| Stretch {
        at: word(pair, 0),
        len: word(pair, 8),
    });
    Some(stretches.collect())
}

/// The first `len` bytes that the stretches hold together.
pub(crate) fn gather(tracee: &dyn Tracee, stretches: &[Stretch], len: u64) -> Option<Vec<u8>> {
    if len > MOST_BYTES {
        return None;
    }
    let mut missing = usize::try_from(len).ok()?;
    let mut bytes = Vec::with_capacity(missing);
    for stretch in stretches {
        let part = missing.min(usize::try_from(stretch.len).unwrap_or(usize::MAX));
        if part == 0 {
            continue;
        }
        let from = bytes.len();
        bytes.resize(from + part, 0);
        if stretch.at == 0 || tracee.read(stretch.at, &mut bytes[from..]) != part {
            return None;
        }
        missing -= part;
    }
    (missing == 0).then_some(bytes)
}

/// `struct msghdr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) name: u64,
    pub(crate) name_len: u32,
    pub(crate) stretches: u64,
    pub(crate) count: u64,
    pub(crate) control: u64,
    pub(crate) control_len: u64,
    pub(crate) flags: i32,
}

/// `sizeof(struct msghdr)` where pointers have 64 bits.
const MESSAGE: usize = 56;
/// `sizeof(struct mmsghdr)`: the length of the message stands behind its header.
pub(crate) const MANY_MESSAGE: u64 = 64;

impl Message {
    pub(crate) fn read(tracee: &dyn Tracee, at: u64) -> Option<Self> {
        let bytes: [u8; MESSAGE] = read(tracee, at)?;
        Some(Self {
            name: word(&bytes, 0),
            name_len: half(&bytes, 8),
            stretches: word(&bytes, 16),
            count: word(&bytes, 24),
            control: word(&bytes, 32),
            control_len: word(&bytes, 40),
            flags: half(&bytes, 48).cast_signed(),
        })
    }

    pub(crate) fn stretches(&self, tracee: &dyn Tracee) -> Option<Vec<Stretch>> {
        stretches(tracee, self.stretches, self.count)
    }

    /// The descriptors in its control data: `SCM_RIGHTS` of unix(7).
    pub(crate) fn rights(&self, tracee: &dyn Tracee) -> Vec<i32> {
        // The kernel passes 253 at most; other control data is short.
        let len = self.control_len.min(8192);
        if self.control == 0 || len < 16 {
            return Vec::new();
        }
        match read_bytes(tracee, self.control, len) {
            Some(bytes) => rights(&bytes),
            None => Vec::new(),
        }
    }
}

fn rights(mut control: &[u8]) -> Vec<i32> {
    let mut descriptors = Vec::new();
    while control.len() >= 16 {
        let len = usize::try_from(word(control, 0)).unwrap_or(usize::MAX);
        if len < 16 || len > control.len() {
            break;
        }
        let (level, kind) = (half(control, 8), half(control, 12));
        if level == libc::SOL_SOCKET.cast_unsigned() && kind == libc::SCM_RIGHTS.cast_unsigned() {
            descriptors.extend(
                control[16..len]
                    .chunks_exact(4)
                    .map(|number| half(number, 0).cast_signed()),
            );
        }
        let step = len.next_multiple_of(8).min(control.len());
        control = &control[step..];
    }
    descriptors
}

/// Eight bytes at `from`; zeros where there are fewer.
fn word(bytes: &[u8], from: usize) -> u64 {
    let part = bytes
        .get(from..from + 8)
        .and_then(|part| part.try_into().ok());
    u64::from_ne_bytes(part.unwrap_or_default())
}

/// Four bytes at `from`; zeros where there are fewer.
fn half(bytes: &[u8], from: usize) -> u32 {
    let part = bytes
        .get(from..from + 4)
        .and_then(|part| part.try_into().ok());
    u32::from_ne_bytes(part.unwrap_or_default())
}

/// The most bytes that are read from a program's memory for one call.
pub(crate) const MOST_BYTES: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_descriptors_of_several_control_messages_are_found() {
        let mut control = Vec::new();
        for numbers in [&[3_i32, 4][..], &[5]] {
            let len = 16 + numbers.len() * 4;
            control.extend((len as u64).to_ne_bytes());
            control.extend(libc::SOL_SOCKET.to_ne_bytes());
            control.extend(libc::SCM_RIGHTS.to_ne_bytes());
            for number in numbers {
                control.extend(number.to_ne_bytes());
            }
            control.resize(control.len().next_multiple_of(8), 0);
        }
        assert_eq!(rights(&control), [3, 4, 5]);
    }

    proptest! {
        #[test]
        fn control_data_of_any_bytes_gives_no_more_descriptors_than_fit(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(rights(&bytes).len() <= bytes.len() / 4);
        }
    }
}
