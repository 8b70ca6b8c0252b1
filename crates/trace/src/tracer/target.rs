//! A traced process as the world may ask it: its memory, and its sockets through duplicates that are closed at once.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_protocol, socket_type};
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix, SocketType};
use sockeye_model::{Family, Place, Protocol, SocketAddress, TcpSample, Type};

use super::programs;
use crate::place::Places;
use crate::sys::registers::Registers;
use crate::sys::{descriptor, memory};
use crate::tracee::{Facts, Tracee, Wanted};

/// The handle of a process, made when it is first needed: most processes have no sockets.
pub(super) type Handle = Rc<OnceCell<Option<OwnedFd>>>;

/// What finds the lines of a process, once a program.
pub(super) type Lines = Rc<RefCell<Places>>;

/// One traced process, seen from one of its threads.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) process: u32,
    pub(super) thread: u32,
    pub(super) handle: Handle,
    pub(super) places: Option<Lines>,
}

impl Target {
    /// A duplicate of a descriptor, if it is a socket.
    fn duplicate(&self, number: i32) -> Option<OwnedFd> {
        let handle = self
            .handle
            .get_or_init(|| descriptor::of_process(self.process).ok());
        if let Some(handle) = handle
            && let Ok(duplicate) = descriptor::duplicate(handle.as_fd(), number)
        {
            return Some(duplicate);
        }
        if self.thread == self.process {
            return None;
        }
        // The first thread may have ended, and with it what the handle reaches.
        let handle = descriptor::of_thread(self.thread).ok()?;
        descriptor::duplicate(handle.as_fd(), number).ok()
    }
}

impl Tracee for Target {
    fn read(&self, at: u64, into: &mut [u8]) -> usize {
        memory::read(self.thread, at, into)
    }

    fn facts(&self, number: i32) -> Option<Facts> {
        let socket = self.duplicate(number)?;
        let family = match socket_domain(&socket).ok()? {
            AddressFamily::INET => Family::Inet,
            AddressFamily::INET6 => Family::Inet6,
            AddressFamily::UNIX => Family::Unix,
            _ => return None,
        };
        let kind = match socket_type(&socket).ok()? {
            SocketType::STREAM => Type::Stream,
            SocketType::DGRAM => Type::Datagram,
            SocketType::SEQPACKET => Type::SeqPacket,
            SocketType::RAW => Type::Raw,
            _ => return None,
        };
        let protocol = socket_protocol(&socket)
            .ok()
            .flatten()
            .map_or(0, |protocol| protocol.as_raw().get().cast_signed());
        Some(Facts {
            family,
            kind,
            protocol: Protocol(protocol),
            local: rustix::net::getsockname(&socket).ok().map(address),
            peer: rustix::net::getpeername(&socket).ok().map(of_peer),
            listens: socket_acceptconn(&socket).unwrap_or(false),
            nonblocking: rustix::fs::fcntl_getfl(&socket)
                .is_ok_and(|flags| flags.contains(rustix::fs::OFlags::NONBLOCK)),
            peer_process: (family == Family::Unix)
                .then(|| descriptor::peer_process(socket.as_fd()))
                .flatten(),
            inode: rustix::fs::fstat(&socket).ok()?.st_ino,
        })
    }

    fn local(&self, number: i32) -> Option<SocketAddress> {
        let socket = self.duplicate(number)?;
        rustix::net::getsockname(socket).ok().map(address)
    }

    fn peer(&self, number: i32) -> Option<SocketAddress> {
        let socket = self.duplicate(number)?;
        rustix::net::getpeername(socket).ok().map(of_peer)
    }

    fn unread(&self, number: i32) -> Option<u64> {
        descriptor::unread(self.duplicate(number)?.as_fd())
    }

    fn unsent(&self, number: i32) -> Option<u64> {
        descriptor::unsent(self.duplicate(number)?.as_fd())
    }

    fn accept_queue(&self, number: i32) -> Option<(u32, u32)> {
        descriptor::tcp_accept_queue(self.duplicate(number)?.as_fd())
    }

    fn tcp(&self, number: i32) -> Option<TcpSample> {
        descriptor::tcp(self.duplicate(number)?.as_fd())
    }

    fn tcp_state(&self, number: i32) -> Option<u8> {
        descriptor::tcp_state(self.duplicate(number)?.as_fd())
    }

    fn drops(&self, number: i32) -> Option<(u64, u64)> {
        let info = descriptor::memory_info(self.duplicate(number)?.as_fd())?;
        let [_, room, .., dropped] = info;
        Some((dropped.into(), room.into()))
    }

    fn is_within(&self, thread: u32, call: i64) -> bool {
        let within = programs::call_of(self.process, thread).map(|(number, _)| number);
        // One that was interrupted when the tracer came goes on as `restart_syscall`.
        within.is_some_and(|number| number == call || number == libc::SYS_restart_syscall)
    }

    fn registered(&self, epoll: i32) -> Option<Vec<Wanted>> {
        programs::registered(self.process, epoll)
    }

    fn place(&self, thread: u32) -> Option<Place<'static>> {
        let places = self.places.as_ref()?;
        let registers = Registers::of(thread).ok()?.for_places();
        let read = |at, into: &mut [u8]| memory::read(thread, at, into);
        places.borrow_mut().place_of(thread, &registers, &read)
    }
}

/// A peer without a name, as the kernel gives it.
fn of_peer(any: Option<SocketAddrAny>) -> SocketAddress {
    any.map_or(SocketAddress::UnixUnnamed, address)
}

/// What the kernel said, in our words.
fn address(any: SocketAddrAny) -> SocketAddress {
    if let Ok(inet) = std::net::SocketAddr::try_from(any.clone()) {
        return inet.into();
    }
    let Ok(unix) = SocketAddrUnix::try_from(any) else {
        return SocketAddress::UnixUnnamed;
    };
    if let Some(name) = unix.abstract_name().filter(|name| !name.is_empty()) {
        return SocketAddress::UnixAbstract(name.into());
    }
    match unix.path_bytes() {
        Some(path) if !path.is_empty() => {
            SocketAddress::UnixPath(Path::new(OsStr::from_bytes(path)).into())
        }
        _ => SocketAddress::UnixUnnamed,
    }
}
