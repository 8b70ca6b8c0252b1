//! What may be asked of a traced process while one of its threads is stopped.

use sockeye_model::{Family, Place, Protocol, SocketAddress, TcpSample, Type};

/// What the kernel tells of a descriptor that is a socket, through `pidfd_getfd(2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) family: Family,
    pub(crate) kind: Type,
    pub(crate) protocol: Protocol,
    /// `getsockname(2)`.
    pub(crate) local: Option<SocketAddress>,
    /// `getpeername(2)`, where it is connected.
    pub(crate) peer: Option<SocketAddress>,
    /// `SO_ACCEPTCONN`.
    pub(crate) listens: bool,
    /// `O_NONBLOCK`.
    pub(crate) nonblocking: bool,
    /// The process at the other end when they were connected, of a UNIX socket (`SO_PEERCRED`).
    pub(crate) peer_process: Option<u32>,
    /// Its inode: two descriptors with the same are the same socket.
    pub(crate) inode: u64,
}

/// A descriptor that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) descriptor: i32,
    /// Until there is something to receive.
    pub(crate) input: bool,
    /// Until there is room to send.
    pub(crate) output: bool,
}

/// One traced process. Every answer may be missing: the process may be gone, its pointers wrong, the system forbid it.
pub(crate) trait Tracee {
    /// Reads its memory from `at`; says how much could be read, which is less than asked where a page is not there.
    fn read(&self, at: u64, into: &mut [u8]) -> usize;

    /// What a descriptor is, if a socket of a family that is told.
    fn facts(&self, descriptor: i32) -> Option<Facts>;

    /// `getsockname(2)` alone.
    fn local(&self, descriptor: i32) -> Option<SocketAddress>;

    /// `getpeername(2)` alone.
    fn peer(&self, descriptor: i32) -> Option<SocketAddress>;

    /// Bytes that wait to be received (`SIOCINQ`); of a socket of messages, those of the next one.
    fn unread(&self, descriptor: i32) -> Option<u64>;

    /// Bytes sent and not yet acknowledged or taken (`SIOCOUTQ`).
    fn unsent(&self, descriptor: i32) -> Option<u64>;

    /// Connections that wait for `accept`, and the backlog.
    fn accept_queue(&self, descriptor: i32) -> Option<(u32, u32)>;

    /// `TCP_INFO`.
    fn tcp(&self, descriptor: i32) -> Option<TcpSample>;

    /// In which state a TCP socket is (`tcpi_state`): RFC 9293 section 3.3.2, as numbers of the kernel.
    fn tcp_state(&self, descriptor: i32) -> Option<u8>;

    /// Messages that the kernel has thrown away, and the size of the receive buffer (`SO_MEMINFO`).
    fn drops(&self, descriptor: i32) -> Option<(u64, u64)>;

    /// Whether a thread is inside this call, and has not come back from it.
    fn is_within(&self, thread: u32, call: i64) -> bool;

    /// The descriptors that an epoll(7) instance watches.
    fn registered(&self, epoll: i32) -> Option<Vec<Wanted>>;

    /// The line of the program that made the call `thread` is stopped in, where `--lines` was asked for.
    fn place(&self, thread: u32) -> Option<Place<'static>>;
}
