//! A socket of echo requests: what is sent comes back from the host, or a reason why not.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::SystemTime;

use sockeye_model::{Call, Family, Type};

use super::Version;
use super::message::{Echo, Message, read, request_of, write_request};
use super::reporting::{Arrived, Reporting, Undelivered};
use crate::error::Result;
use crate::{AsyncSocket, Lease, sys};

/// Echo requests to one host and their replies.
///
/// Id and sequence numbers are kept here: a message is the data of a request, or of its reply. One task may receive
/// while another sends.
#[derive(Debug)]
pub struct Echoes {
    socket: Reporting,
    version: Version,
    id: u16,
    next: AtomicU16,
}

/// What came to an echo request.
#[derive(Debug)]
pub enum Heard {
    /// Its reply.
    Reply(Returned),
    /// Somebody on the way said why there will be none.
    Undelivered {
        /// Which request.
        sequence: u16,
        /// Why, and who says so.
        report: Undelivered,
    },
}

/// An echo reply.
#[derive(Debug)]
pub struct Returned {
    /// Which request it is to.
    pub sequence: u16,
    /// What came back.
    pub data: Lease,
    /// Who sent it: the host asked, unless that was several.
    pub from: IpAddr,
    /// The TTL or hop limit that was left, where the kernel told.
    pub hops: Option<u8>,
    /// When the kernel got it, by the clock on the wall, which may be set meanwhile.
    pub at: Option<SystemTime>,
}

/// How the kernel lets echo requests be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A datagram socket of ICMP, which sends and hears echo alone: for whom `net.ipv4.ping_group_range` allows it.
    Datagram,
    /// A raw socket, which needs `CAP_NET_RAW`.
    Raw,
}

impl Echoes {
    /// Over a connected socket of type DGRAM or RAW whose protocol is ICMP, or ICMPv6 for INET6.
    ///
    /// # Errors
    /// What `setsockopt` or `getsockname` gave.
    pub fn over(socket: AsyncSocket) -> Result<Self> {
        let version = match socket.family() {
            Family::Inet6 => Version::V6,
            _ => Version::V4,
        };
        let id = match socket.kind() {
            Type::Raw => {
                let began = socket.tap().now();
                let done = sys::only_echo_replies(socket.as_fd(), version);
                let option = match version {
                    Version::V4 => "ICMP_FILTER",
                    Version::V6 => "ICMP6_FILTER",
                };
                socket
                    .handle()
                    .configured(began, option, "echo reply".into(), done)
                    .map_err(|source| socket.about_peer(Call::SetSockOpt, source))?;
                // Whoever can't guess it can't answer in the host's place.
                RandomState::new().build_hasher().finish() as u16
            }
            // The kernel gives each of these sockets an id of its own, where others have a port.
            _ => socket.local_address()?.port().unwrap_or(0),
        };
        Ok(Self {
            socket: Reporting::over(socket)?,
            version,
            id,
            next: AtomicU16::new(1),
        })
    }

    /// Sends an echo request with this data and the next sequence number, which is returned: 1, 2, …, and after 65535
    /// from 0 on.
    ///
    /// # Errors
    /// `EMSGSIZE` for more data than a packet holds; `EACCES` to a broadcast address; else as for
    /// [`AsyncSocket::send`].
    pub async fn send(&self, data: &[u8]) -> Result<u16> {
        let sequence = self.next.fetch_add(1, Ordering::Relaxed);
        let echo = Echo {
            id: self.id,
            sequence,
            data,
        };
        self.socket
            .send(&write_request(self.version, &echo))
            .await?;
        self.socket
            .tell("icmp", || Message::EchoRequest(echo).to_string());
        Ok(sequence)
    }

    /// The next reply to a request of this socket, or a reason why there will be none; what is meant for others, or is
    /// no ICMP, is passed over.
    ///
    /// # Errors
    /// As for [`Reporting::recv`].
    pub async fn recv(&self) -> Result<Heard> {
        loop {
            match self.socket.recv().await? {
                Arrived::Message {
                    data,
                    from,
                    hops,
                    at,
                } => {
                    if let Some(returned) = self.reply(data, from, hops, at) {
                        return Ok(Heard::Reply(returned));
                    }
                }
                Arrived::Undelivered(report) => match request_of(self.version, &report.about) {
                    Some((id, sequence)) if id == self.id => {
                        return Ok(Heard::Undelivered { sequence, report });
                    }
                    _ => {}
                },
            }
            // A flood of other people's packets must not starve what else the loop has to do.
            tokio::task::coop::consume_budget().await;
        }
    }

    fn reply(
        &self,
        data: Lease,
        from: IpAddr,
        hops: Option<u8>,
        at: Option<SystemTime>,
    ) -> Option<Returned> {
        let message = match read(self.version, &data) {
            Ok(message) => message,
            Err(why) => {
                self.socket.tell("icmp", || format!("not ICMP: {why}"));
                return None;
            }
        };
        let ours = matches!(message, Message::EchoReply(echo) if echo.id == self.id);
        self.socket.tell("icmp", || {
            let ttl = hops.map_or_else(String::new, |hops| format!(", ttl {hops}"));
            let whose = if ours { "" } else { ", not ours" };
            format!("{message}{ttl}{whose}")
        });
        let Message::EchoReply(Echo { sequence, .. }) = message else {
            return None;
        };
        ours.then(|| Returned {
            sequence,
            data: data.without_first(HEAD),
            from,
            hops,
            at,
        })
    }

    /// By which kind of socket.
    pub fn way(&self) -> Way {
        match self.socket().kind() {
            Type::Raw => Way::Raw,
            _ => Way::Datagram,
        }
    }

    /// The id of its requests.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The socket, for its addresses and totals.
    pub fn socket(&self) -> &AsyncSocket {
        self.socket.socket()
    }
}

/// The length of an echo message without its data.
const HEAD: usize = 8;
