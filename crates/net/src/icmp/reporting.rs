//! A connected socket of messages that hears of those that did not arrive: why, and who says so.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::SystemTime;

use sockeye_model::event::Note;
use sockeye_model::{Call, Errno, Family, Kind, SocketAddress, Type};

use super::message::request_of;
use super::{Header, Version, Why, protocol_name};
use crate::async_socket::Drained;
use crate::buffer::Buffer;
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::sys::{self, Reason, Report};
use crate::{AsyncSocket, Lease};

/// A connected UDP, ICMP or raw socket with `IP_RECVERR` of [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html):
/// what a router or host says of a message that did not arrive is heard, in order with the messages that do.
///
/// Without it a socket hears of few errors, and never from whom. One task may receive while another sends.
#[derive(Debug)]
pub struct Reporting {
    socket: AsyncSocket,
}

/// What came.
#[derive(Debug)]
pub enum Arrived {
    /// A message, without the header of IP that a raw IPv4 socket receives before it.
    Message {
        /// Its bytes.
        data: Lease,
        /// Who sent it.
        from: IpAddr,
        /// The TTL or hop limit that was left when it arrived, where the kernel told.
        hops: Option<u8>,
        /// When the kernel got it, by the clock on the wall, which may be set meanwhile.
        at: Option<SystemTime>,
    },
    /// A message of ours did not arrive.
    Undelivered(Undelivered),
}

/// That a message of ours did not arrive.
#[derive(Debug)]
pub struct Undelivered {
    /// Why, as ICMP says it.
    pub why: Why,
    /// What the kernel makes of it.
    pub errno: Errno,
    /// Who says so: a router on the way, the host itself, or this machine.
    pub from: Option<IpAddr>,
    /// When the kernel heard of it, by the clock on the wall.
    pub at: Option<SystemTime>,
    /// How the message began, as far as the error repeats it.
    pub about: Lease,
}

impl Reporting {
    /// Makes a connected socket hear. Nothing else may receive on it.
    ///
    /// # Errors
    /// What `setsockopt` gave.
    pub fn over(socket: AsyncSocket) -> Result<Self> {
        let options: [(i32, i32, &str); 3] = match socket.family() {
            Family::Inet6 => [
                (libc::IPPROTO_IPV6, libc::IPV6_RECVERR, "IPV6_RECVERR"),
                (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, "SO_TIMESTAMPNS"),
                (
                    libc::IPPROTO_IPV6,
                    libc::IPV6_RECVHOPLIMIT,
                    "IPV6_RECVHOPLIMIT",
                ),
            ],
            _ => [
                (libc::IPPROTO_IP, libc::IP_RECVERR, "IP_RECVERR"),
                (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, "SO_TIMESTAMPNS"),
                (libc::IPPROTO_IP, libc::IP_RECVTTL, "IP_RECVTTL"),
            ],
        };
        for (level, option, name) in options {
            let began = socket.handle().tap.now();
            let done = sys::set_int_option(socket.as_fd(), level, option, 1);
            socket
                .handle()
                .configured(began, name, "1".into(), done)
                .map_err(|source| socket.about_peer(Call::SetSockOpt, source))?;
        }
        Ok(Self { socket })
    }

    /// Sends one message. An error about an earlier one, which the kernel may give to any call, is left for
    /// [`Reporting::recv`].
    ///
    /// # Errors
    /// As for [`AsyncSocket::send`].
    pub async fn send(&self, message: &[u8]) -> Result<()> {
        let mut tries = 0;
        loop {
            match self.socket.send(message).await {
                Ok(_) => return Ok(()),
                Err(error) if tries < TRIES && crate::messages::is_passing(&error) => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The next message, or the next one of ours that did not arrive.
    ///
    /// # Errors
    /// What `recvmsg` gave.
    pub async fn recv(&self) -> Result<Arrived> {
        self.socket
            .read(Call::RecvMsg, |handle, began| {
                let mut buffer = Buffer::lend();
                for _ in 0..MANY {
                    match sys::next_report(handle.as_fd(), &mut buffer) {
                        Ok(report) => {
                            let call = Call::RecvMsg;
                            let result = Ok(report.len as i64);
                            handle.emit(began, Kind::Called { call, result });
                            if let Some(reason) = report.error {
                                let about = Lease::new(buffer, report.len);
                                self.tell_undelivered(&reason, &about);
                                return Ok((
                                    undelivered(&reason, report.at, about),
                                    Drained::Whole,
                                ));
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => return Err(told(handle, began, error)),
                    }
                }
                let report = sys::receive(handle.as_fd(), &mut buffer)
                    .map_err(|error| told(handle, began, error))?;
                Ok((self.message(handle, began, buffer, &report), Drained::Whole))
            })
            .await
            .map_err(|source| self.socket.about_peer(Call::RecvMsg, source))
    }

    fn message(
        &self,
        handle: &Handle,
        began: sockeye_model::Timestamp,
        buffer: Buffer,
        report: &Report,
    ) -> Arrived {
        let sender = report.name.address();
        let peer = sender.map(SocketAddress::from);
        let cut = (report.whole > report.len).then_some(report.whole);
        let data = &buffer[..report.len];
        handle.received(began, Call::RecvMsg, data, buffer.len(), cut, peer.as_ref());
        let header = self.header(data);
        let nobody = IpAddr::from([0, 0, 0, 0]);
        let from = sender.map_or(nobody, |sender| sender.ip());
        let hops = report.hops.or(header.map(|header| header.hops));
        let lease = Lease::new(buffer, report.len);
        let data = lease.without_first(header.map_or(0, |header| header.len));
        if let Some(Header { protocol, .. }) = header
            && protocol != Version::V4.protocol()
        {
            let name = protocol_name(protocol).unwrap_or("");
            let hops = hops.unwrap_or(0);
            let len = data.len();
            self.tell("ip", || {
                format!("protocol {protocol} {name} from {from}, ttl {hops}, {len} B")
            });
        }
        let at = report.at;
        Arrived::Message {
            data,
            from,
            hops,
            at,
        }
    }

    /// The header that a raw IPv4 socket receives before each message, and no other socket.
    fn header(&self, packet: &[u8]) -> Option<Header> {
        let has_one = self.socket.kind() == Type::Raw && self.socket.family() == Family::Inet;
        Header::read(Version::V4, packet).filter(|_| has_one)
    }

    fn tell_undelivered(&self, reason: &Reason, about: &[u8]) {
        let (why, from) = (reason.why, reason.from);
        self.tell("icmp", || {
            let mut text = why.to_string();
            if let Some(from) = from {
                text.push_str(&format!(" from {from}"));
            }
            let version = match self.socket.family() {
                Family::Inet6 => Version::V6,
                _ => Version::V4,
            };
            match request_of(version, about) {
                Some((id, sequence)) if self.is_icmp() => {
                    text.push_str(&format!(", about echo request id {id} seq {sequence}"));
                }
                _ => {}
            }
            text
        });
    }

    /// Whether its messages are ICMP's.
    fn is_icmp(&self) -> bool {
        use rustix::net::{ipproto, sockopt};
        let protocol = sockopt::socket_protocol(&self.socket).ok().flatten();
        matches!(protocol, Some(ipproto::ICMP | ipproto::ICMPV6))
    }

    /// Tells what a message says, where somebody listens.
    pub(super) fn tell(&self, protocol: &'static str, text: impl FnOnce() -> String) {
        let tap = self.socket.tap();
        if tap.is_on() {
            let note = Note::Meaning {
                protocol: protocol.into(),
                text: text().into(),
            };
            tap.emit(self.socket.id(), None, None, Kind::Noted(note));
        }
    }

    /// The socket, for its addresses and totals.
    pub fn socket(&self) -> &AsyncSocket {
        &self.socket
    }
}

fn undelivered(reason: &Reason, at: Option<SystemTime>, about: Lease) -> Arrived {
    Arrived::Undelivered(Undelivered {
        why: reason.why,
        errno: reason.errno,
        from: reason.from,
        at,
        about,
    })
}

fn told(handle: &Handle, began: sockeye_model::Timestamp, error: io::Error) -> io::Error {
    handle.failed(began, Call::RecvMsg, &error);
    error
}

impl Undelivered {
    /// The same as an error of the socket.
    pub fn into_error(self, peer: SocketAddress) -> Error {
        use crate::error::IntoIo;
        Error::at(Call::RecvMsg, peer, self.errno.into_io())
    }
}

/// How often a send is tried again that was told of an earlier message.
const TRIES: u32 = 16;
/// Errors of other kinds that one receive passes over at most.
const MANY: usize = 64;
