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
pub(crate) struct Setup<'a> {
    pub(crate) tap: &'a Tap,
    pub(crate) kind: Type,
    pub(crate) options: &'a Options,
    /// That of `interface=`.
    pub(crate) device: Option<Interface>,
}

impl<'a> Setup<'a> {
    /// # Errors
    /// A scheme that opens no socket, an option that is none of a socket's, an interface that isn't there.
    pub(crate) fn new(address: &'a Address, tap: &'a Tap) -> std::result::Result<Self, OpenError> {
        let kind = match address.scheme {
            Scheme::Tcp | Scheme::Unix => Type::Stream,
            Scheme::Udp | Scheme::UnixDgram => Type::Datagram,
            Scheme::UnixSeqpacket => Type::SeqPacket,
            scheme => return Err(OpenError::Unusable(Unusable::NoSocket(scheme))),
        };
        let device = address
            .options
            .interface()
            .map(inet::interface)
            .transpose()?;
        Ok(Self {
            tap,
            kind,
            options: &address.options,
            device,
        })
    }

    /// `socket(2)` and every option; `peer` is where it will send to, or the group it will listen to.
    pub(crate) fn socket(&self, family: Family, peer: Option<&SocketAddress>) -> Result<Socket> {
        let socket = Socket::with_protocol(family, self.kind, Protocol::DEFAULT, self.tap)?;
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
