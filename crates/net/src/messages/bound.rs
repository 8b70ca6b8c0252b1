//! One bound socket that hears many peers; it is never connected.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use sockeye_model::event::Note;
use sockeye_model::{Call, DropReason, Errno, Family, Kind, SocketAddress, SocketId, Timestamp};
use tokio::sync::Mutex;

use super::limits::Dropped;
use crate::async_socket::{AsyncSocket, Drained};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::sys::{self, Batch, LocalIp, Name, Outgoing};

pub(super) struct Bound {
    pub(super) socket: AsyncSocket,
    pub(super) local: SocketAddress,
    /// Bound to every address: each message then says which one it was sent to.
    any: bool,
    /// The event loop wakes one waiting writer of a socket; the others wait here.
    writers: Mutex<()>,
    pub(super) counts: Counts,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) refused: AtomicU64,
    pub(super) queue_full: AtomicU64,
    pub(super) too_many_sessions: AtomicU64,
    pub(super) would_loop: AtomicU64,
    pub(super) unsent: AtomicU64,
}

impl Bound {
    /// Takes a bound socket of messages and asks the kernel for what a server needs to know.
    pub(super) fn new(socket: AsyncSocket) -> Result<Self> {
        let local = socket.local_address()?;
        let any = local.is_unspecified();
        let bound = Self {
            socket,
            local,
            any,
            writers: Mutex::new(()),
            counts: Counts::default(),
        };
        let (v4, v6) = (libc::IPPROTO_IP, libc::IPPROTO_IPV6);
        match bound.handle().family {
            Family::Inet => {
                bound.switch_on("IP_RECVERR", v4, libc::IP_RECVERR)?;
                if any {
                    bound.switch_on("IP_PKTINFO", v4, libc::IP_PKTINFO)?;
                }
            }
            Family::Inet6 => {
                // An IPv4 peer of an IPv6 socket has its errors from IPv4.
                bound.switch_on("IP_RECVERR", v4, libc::IP_RECVERR)?;
                bound.switch_on("IPV6_RECVERR", v6, libc::IPV6_RECVERR)?;
                if any {
                    bound.switch_on("IPV6_RECVPKTINFO", v6, libc::IPV6_RECVPKTINFO)?;
                }
            }
            Family::Unix => {}
        }
        Ok(bound)
    }

    fn switch_on(&self, name: &'static str, level: i32, option: i32) -> Result<()> {
        let handle = self.handle();
        let began = handle.tap.now();
        sys::set_int_option(handle.as_fd(), level, option, 1)
            .inspect_err(|error| handle.failed(began, Call::SetSockOpt, error))
            .map_err(|source| Error::new(Call::SetSockOpt, source))?;
        handle.emit(
            began,
            Kind::Configured {
                option: name.into(),
                value: "1".into(),
            },
        );
        Ok(())
    }

    pub(super) fn handle(&self) -> &Handle {
        self.socket.handle()
    }

    pub(super) fn id(&self) -> SocketId {
        self.handle().id
    }

    pub(super) fn is_unix(&self) -> bool {
        self.handle().family == Family::Unix
    }

    /// This end's address as a peer that was told `ip` sees it.
    pub(super) fn local_for(&self, ip: Option<LocalIp>) -> SocketAddress {
        match (ip, self.local.port()) {
            (Some(ip), Some(port)) => SocketAddr::new(IpAddr::from(ip), port).into(),
            _ => self.local.clone(),
        }
    }

    /// Waits for messages and takes what has come, up to a batch. ICMP errors that come instead go to `refused`.
    pub(super) async fn recv_batch(
        &self,
        batch: &mut Batch,
        mut refused: impl FnMut(&SocketAddress, Errno),
    ) -> Result<Timestamp> {
        let received = self.socket.read(Call::RecvMmsg, |handle, began| {
            let mut errors = 0;
            loop {
                match batch.recv(handle.as_fd(), self.any) {
                    // A short batch has emptied the queue: whatever comes now is news to the event loop.
                    Ok(_) if batch.is_full() => return Ok((began, Drained::Whole)),
                    Ok(_) => return Ok((began, Drained::Empty)),
                    Err(error) => {
                        self.take_errors(&mut refused);
                        errors += 1;
                        if !is_icmp(&error) || errors > MANY_ERRORS {
                            handle.failed(began, Call::RecvMmsg, &error);
                            return Err(error);
                        }
                    }
                }
            }
        });
        received
            .await
            .map_err(|source| Error::at(Call::RecvMmsg, self.local.clone(), source))
    }

    /// Empties the queue of errors; it would take the room of messages.
    pub(super) fn take_errors(&self, mut refused: impl FnMut(&SocketAddress, Errno)) {
        if self.is_unix() {
            return;
        }
        let handle = self.handle();
        while let Some((name, errno)) = sys::next_error(handle.as_fd()) {
            // What our own kernel refused at once was told as the send that failed.
            if errno == Errno(libc::EMSGSIZE) {
                continue;
            }
            if let Some(peer) = name.address() {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                refused(&peer.into(), errno);
            }
        }
    }

    /// An error that came back and belongs to no session.
    pub(super) fn tell_refused(&self, peer: &SocketAddress, errno: Errno) {
        let handle = self.handle();
        handle.emit_failed(handle.tap.now(), Call::SendMsg, errno, Some(peer));
    }

    /// Sends each of `count` messages, in order, waiting for room, and tells how each came out. After one that the
    /// kernel refuses the rest still go; an ICMP error about an earlier message stops none.
    pub(super) async fn send_batch<'a>(
        &self,
        count: usize,
        message: impl Fn(usize) -> Outgoing<'a>,
        mut told: impl FnMut(Timestamp, Outgoing<'a>, io::Result<()>),
        mut refused: impl FnMut(&SocketAddress, Errno),
    ) -> io::Result<()> {
        let handle = self.handle();
        let mut done = 0;
        let mut again = false;
        let mut parked = false;
        let mut began = handle.tap.now();
        while done < count {
            let mut send = || {
                let _begun = handle.tap.begin();
                let rest = |index| message(done + index);
                let taken = sys::send_batch(handle.as_fd(), count - done, rest)?;
                for index in done..done + taken {
                    told(began, message(index), Ok(()));
                }
                Ok(taken)
            };
            match send() {
                Ok(taken) => {
                    done += taken;
                    again = false;
                    began = handle.tap.now();
                }
                Err::<_, io::Error>(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !std::mem::replace(&mut parked, true) {
                        handle.emit_waiting(Call::SendMmsg);
                    }
                    self.writable().await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.take_errors(&mut refused);
                    if is_icmp(&error) && !std::mem::replace(&mut again, true) {
                        continue;
                    }
                    self.counts.unsent.fetch_add(1, Ordering::Relaxed);
                    told(began, message(done), Err(error));
                    done += 1;
                    again = false;
                }
            }
        }
        Ok(())
    }

    /// Waits until there is room to send, among any number of writers.
    pub(super) async fn writable(&self) -> io::Result<()> {
        let _turn = self.writers.lock().await;
        self.socket.writable().await
    }

    pub(super) fn tell_dropped(&self, messages: u64, why: DropReason) {
        self.tell(Note::Dropped { messages, why });
    }

    pub(super) fn tell(&self, note: Note<'_>) {
        let handle = self.handle();
        handle.emit(handle.tap.now(), Kind::Noted(note));
    }

    pub(super) fn dropped(&self) -> Dropped {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Dropped {
            refused: read(&self.counts.refused),
            queue_full: read(&self.counts.queue_full),
            too_many_sessions: read(&self.counts.too_many_sessions),
            would_loop: read(&self.counts.would_loop),
            unsent: read(&self.counts.unsent),
        }
    }
}

/// The sender of a message, as an address.
pub(super) fn peer_of(name: &Name) -> SocketAddress {
    name.address()
        .map_or(SocketAddress::UnixUnnamed, SocketAddress::from)
}

/// Whether an error tells of an earlier message, which an ICMP message answered, and not of this call:
/// [icmp(7)](https://man7.org/linux/man-pages/man7/icmp.7.html), `icmp_err_convert` of the kernel.
pub(super) fn is_icmp(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::ENOPROTOOPT
                | libc::EPROTO
                | libc::EOPNOTSUPP
                | libc::EACCES
                | libc::EMSGSIZE
        )
    )
}

/// One call meets as many ICMP errors as came; more than this in a row are something else.
const MANY_ERRORS: usize = 4096;
