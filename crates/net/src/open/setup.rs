//! A socket as its address wants it, before `bind`, `connect` or `listen`: made, and its options set.

use sockeye_local::Interface;
use sockeye_model::{
    Address, Call, Family, OptionName, Options, Protocol, Scheme, SocketAddress, SocketOption, Type,
};
use sockeye_tap::Tap;

use super::error::{OpenError, Unusable};
use super::inet;
use crate::Socket;
use crate::error::{Error, Result};

/// What every socket of an address has in common.
#[derive(Clone)]
pub(crate) struct Setup<'a> {
    pub(crate) tap: &'a Tap,
    pub(crate) kind: Type,
    /// What IP carries for it.
    pub(crate) carried: Carried,
    pub(crate) options: &'a Options,
    /// That of `interface=`.
    pub(crate) device: Option<Interface>,
}

/// The third argument of `socket(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    /// Family and type decide.
    Default,
    /// ICMP, or ICMPv6 over IPv6.
    Icmp,
    /// The protocol of this number.
    Number(u8),
}

impl Carried {
    fn protocol(self, family: Family) -> Protocol {
        match self {
            Self::Default => Protocol::DEFAULT,
            Self::Icmp if family == Family::Inet6 => Protocol(libc::IPPROTO_ICMPV6),
            Self::Icmp => Protocol(libc::IPPROTO_ICMP),
            Self::Number(number) => Protocol(i32::from(number)),
        }
    }
}

impl<'a> Setup<'a> {
    /// # Errors
    /// A scheme that opens no socket, an option that is none of a socket's, an interface that isn't there.
    pub(crate) fn new(address: &'a Address, tap: &'a Tap) -> std::result::Result<Self, OpenError> {
        let kind = match address.transport() {
            Scheme::Tcp | Scheme::Unix => Type::Stream,
            Scheme::Udp | Scheme::UnixDgram => Type::Datagram,
            Scheme::UnixSeqpacket => Type::SeqPacket,
            // Who may not have one is offered a raw socket: see `dial`.
            Scheme::Icmp => Type::Datagram,
            Scheme::Raw => Type::Raw,
            scheme => return Err(OpenError::Unusable(Unusable::NoSocket(scheme))),
        };
        let carried = match address.scheme {
            Scheme::Icmp => Carried::Icmp,
            Scheme::Raw => Carried::Number(address.options.protocol().unwrap_or(0)),
            _ => Carried::Default,
        };
        let device = address
            .options
            .interface()
            .map(inet::interface)
            .transpose()?;
        Ok(Self {
            tap,
            kind,
            carried,
            options: &address.options,
            device,
        })
    }

    /// `socket(2)` and every option; `peer` is where it will send to, or the group it will listen to.
    pub(crate) fn socket(&self, family: Family, peer: Option<&SocketAddress>) -> Result<Socket> {
        let protocol = self.carried.protocol(family);
        let socket = Socket::with_protocol(family, self.kind, protocol, self.tap)?;
        if self.kind == Type::Stream {
            socket.handle().keep_urgent().map_err(|source| Error {
                call: Call::SetSockOpt,
                address: peer.cloned(),
                source,
            })?;
        }
        for option in self.options {
            match option.name() {
                name if !name.is_of_sockets() => {}
                // Only there does it mean anything.
                OptionName::V6only if family != Family::Inet6 => {}
                OptionName::Interface => self.on_device(&socket, peer)?,
                _ => socket.set_option(option).map_err(|error| Error {
                    address: peer.cloned(),
                    ..error
                })?,
            }
        }
        Ok(socket)
    }

    fn on_device(&self, socket: &Socket, peer: Option<&SocketAddress>) -> Result<()> {
        let Some(device) = &self.device else {
            return Ok(());
        };
        if peer.is_some_and(is_group) {
            return socket.handle().send_groups_on(device);
        }
        socket.set_option(&SocketOption::Interface(device.name.clone()))
    }
}

/// Whether this is a multicast group.
pub(crate) fn is_group(address: &SocketAddress) -> bool {
    address.inet().is_some_and(|inet| inet.ip().is_multicast())
}

/// The family that an address belongs to.
pub(crate) fn family(address: &SocketAddress) -> Family {
    match address {
        SocketAddress::Inet(inet) if inet.is_ipv4() => Family::Inet,
        SocketAddress::Inet(_) => Family::Inet6,
        _ => Family::Unix,
    }
}

/// `listen(2)` names no address; who asked for it knows.
pub(crate) fn listen_on(socket: &Socket, backlog: u32, local: &SocketAddress) -> Result<()> {
    socket
        .listen(backlog)
        .map_err(|error| Error::at(Call::Listen, local.clone(), error.source))
}
