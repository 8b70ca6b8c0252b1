//! The options of an address on a socket: each one `setsockopt` and one event, and read back.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;
use sockeye_local::Interface;
use sockeye_model::{Call, Errno, Family, Kind, OptionName, SocketAddress, SocketOption};

use crate::error::{Error, IntoIo, Result};
use crate::handle::Handle;
use crate::{AsyncSocket, Socket, sys};

impl Handle {
    /// `setsockopt`; `EINVAL` for what is no option of a socket (`bind`, `backlog`, `mode`, `append`, `excl`).
    pub(crate) fn set_option(&self, option: &SocketOption) -> io::Result<()> {
        let began = self.tap.now();
        let six = self.family == Family::Inet6;
        let value: Cow<'static, str> = match option {
            SocketOption::Interface(name) => name.clone().into(),
            SocketOption::Linger(seconds) => seconds.to_string().into(),
            SocketOption::MulticastTtl(hops) | SocketOption::Ttl(hops) => hops.to_string().into(),
            SocketOption::Tos(byte) => format!("{byte:#04x}").into(),
            SocketOption::MulticastLoop(on) => u8::from(*on).to_string().into(),
            SocketOption::Sndbuf(bytes) | SocketOption::Rcvbuf(bytes) => bytes.to_string().into(),
            SocketOption::Mark(mark) => format!("{mark:#x}").into(),
            _ => "1".into(),
        };
        let done = match option {
            SocketOption::Interface(name) => sys::bind_to_device(self.as_fd(), name),
            SocketOption::Mark(mark) => sys::set_mark(self.as_fd(), *mark),
            option => set(self, option, six),
        };
        self.configured(began, constant(option.name(), six), value, done)
    }

    /// One event for one `setsockopt`, whatever came of it.
    pub(crate) fn configured(
        &self,
        began: sockeye_model::Timestamp,
        option: &'static str,
        value: Cow<'_, str>,
        done: io::Result<()>,
    ) -> io::Result<()> {
        match &done {
            Ok(()) => self.emit(
                began,
                Kind::Configured {
                    option: option.into(),
                    value,
                },
            ),
            Err(error) => {
                self.emit_failed(began, Call::SetSockOpt, Errno::from(error), None);
            }
        }
        done
    }

    /// `IP_MULTICAST_IF` or `IPV6_MULTICAST_IF`: where messages to a group leave.
    pub(crate) fn send_groups_on(&self, interface: &Interface) -> Result<()> {
        let began = self.tap.now();
        let (option, done) = if self.family == Family::Inet6 {
            let done = sockopt::set_ipv6_multicast_if(self, interface.index);
            ("IPV6_MULTICAST_IF", done)
        } else {
            // 127.0.0.1 is never chosen by itself for a group: messages on lo would say that 0.0.0.0 sent them.
            let source = match interface.name.as_str() {
                "lo" => Ipv4Addr::LOCALHOST,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            let group = Ipv4Addr::UNSPECIFIED;
            let index = interface.index;
            let done = sockopt::set_ip_multicast_if_with_ifindex(self, &group, &source, index);
            ("IP_MULTICAST_IF", done)
        };
        self.configured(
            began,
            option,
            interface.name.as_str().into(),
            done.map_err(io::Error::from),
        )
        .map_err(|source| Error::new(Call::SetSockOpt, source))
    }

    /// `IP_ADD_MEMBERSHIP` or `IPV6_ADD_MEMBERSHIP`: from now on the group's messages come in on the interface, or on
    /// the one that the kernel's routes choose.
    pub(crate) fn join(&self, group: IpAddr, interface: u32, name: Option<&str>) -> Result<()> {
        let began = self.tap.now();
        let (option, done) = match group {
            IpAddr::V4(group) => (
                "IP_ADD_MEMBERSHIP",
                sockopt::set_ip_add_membership_with_ifindex(
                    self,
                    &group,
                    &Ipv4Addr::UNSPECIFIED,
                    interface,
                ),
            ),
            IpAddr::V6(group) => (
                "IPV6_ADD_MEMBERSHIP",
                sockopt::set_ipv6_add_membership(self, &group, interface),
            ),
        };
        let value = match name {
            Some(name) => format!("{group} {name}"),
            None => group.to_string(),
        };
        self.configured(began, option, value.into(), done.map_err(io::Error::from))
            .map_err(|source| {
                Error::at(
                    Call::SetSockOpt,
                    SocketAddress::Inet((group, 0).into()),
                    source,
                )
            })
    }

    fn option(&self, name: OptionName) -> io::Result<Option<SocketOption>> {
        use SocketOption as Is;
        let six = self.family == Family::Inet6;
        let flag = |on: rustix::io::Result<bool>, option| Ok(on?.then_some(option));
        let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
        Ok(Some(match name {
            OptionName::Reuseaddr => {
                return flag(sockopt::socket_reuseaddr(self), Is::Reuseaddr);
            }
            OptionName::Reuseport => {
                return flag(sockopt::socket_reuseport(self), Is::Reuseport);
            }
            OptionName::V6only => return flag(sockopt::ipv6_v6only(self), Is::V6only),
            OptionName::Nodelay => return flag(sockopt::tcp_nodelay(self), Is::Nodelay),
            OptionName::Keepalive => {
                return flag(sockopt::socket_keepalive(self), Is::Keepalive);
            }
            OptionName::Broadcast => {
                return flag(sockopt::socket_broadcast(self), Is::Broadcast);
            }
            OptionName::Interface => {
                let device = sys::bound_device(self.as_fd())?;
                return Ok((!device.is_empty()).then_some(Is::Interface(device)));
            }
            OptionName::Linger => {
                let linger = sockopt::socket_linger(self)?;
                return Ok(linger.map(|linger| {
                    Is::Linger(u16::try_from(linger.as_secs()).unwrap_or(u16::MAX))
                }));
            }
            OptionName::MulticastTtl if six => {
                Is::MulticastTtl(byte(sockopt::ipv6_multicast_hops(self)?))
            }
            OptionName::MulticastTtl => Is::MulticastTtl(byte(sockopt::ip_multicast_ttl(self)?)),
            OptionName::MulticastLoop if six => {
                Is::MulticastLoop(sockopt::ipv6_multicast_loop(self)?)
            }
            OptionName::MulticastLoop => Is::MulticastLoop(sockopt::ip_multicast_loop(self)?),
            OptionName::Sndbuf => Is::Sndbuf(sockopt::socket_send_buffer_size(self)?),
            OptionName::Rcvbuf => Is::Rcvbuf(sockopt::socket_recv_buffer_size(self)?),
            OptionName::Ttl if six => Is::Ttl(sockopt::ipv6_unicast_hops(self)?),
            OptionName::Ttl => Is::Ttl(byte(sockopt::ip_ttl(self)?)),
            OptionName::Tos if six => Is::Tos(byte(sockopt::ipv6_tclass(self)?)),
            OptionName::Tos => Is::Tos(sockopt::ip_tos(self)?),
            OptionName::Mark => Is::Mark(sys::mark(self.as_fd())?),
            // IP_HDRINCL is set on raw sockets only, where they are made.
            _ => return Err(Errno::EINVAL.into_io()),
        }))
    }
}

fn set(socket: &Handle, option: &SocketOption, six: bool) -> io::Result<()> {
    match option {
        SocketOption::Reuseaddr => sockopt::set_socket_reuseaddr(socket, true)?,
        SocketOption::Reuseport => sockopt::set_socket_reuseport(socket, true)?,
        SocketOption::V6only => sockopt::set_ipv6_v6only(socket, true)?,
        SocketOption::Nodelay => sockopt::set_tcp_nodelay(socket, true)?,
        SocketOption::Keepalive => sockopt::set_socket_keepalive(socket, true)?,
        SocketOption::Linger(seconds) => {
            sockopt::set_socket_linger(socket, Some(Duration::from_secs((*seconds).into())))?;
        }
        SocketOption::Broadcast => sockopt::set_socket_broadcast(socket, true)?,
        SocketOption::MulticastTtl(hops) if six => {
            sockopt::set_ipv6_multicast_hops(socket, (*hops).into())?;
        }
        SocketOption::MulticastTtl(hops) => {
            sockopt::set_ip_multicast_ttl(socket, (*hops).into())?;
        }
        SocketOption::MulticastLoop(on) if six => {
            sockopt::set_ipv6_multicast_loop(socket, *on)?;
        }
        SocketOption::MulticastLoop(on) => sockopt::set_ip_multicast_loop(socket, *on)?,
        SocketOption::Sndbuf(bytes) => sockopt::set_socket_send_buffer_size(socket, *bytes)?,
        SocketOption::Rcvbuf(bytes) => sockopt::set_socket_recv_buffer_size(socket, *bytes)?,
        SocketOption::Ttl(hops) if six => sockopt::set_ipv6_unicast_hops(socket, Some(*hops))?,
        SocketOption::Ttl(hops) => sockopt::set_ip_ttl(socket, (*hops).into())?,
        SocketOption::Tos(byte) if six => sockopt::set_ipv6_tclass(socket, (*byte).into())?,
        SocketOption::Tos(byte) => sockopt::set_ip_tos(socket, *byte)?,
        _ => return Err(Errno::EINVAL.into_io()),
    }
    Ok(())
}

/// What the manual calls it: the table's only constant, or the one of the IP version.
fn constant(option: OptionName, six: bool) -> &'static str {
    match (option, option.row().constants) {
        (OptionName::Interface, _) => "SO_BINDTODEVICE",
        (_, [_, six_constant]) if six => six_constant,
        (_, [first, ..]) => first,
        (_, []) => option.name(),
    }
}

macro_rules! options {
    ($socket:ident) => {
        impl $socket {
            /// `setsockopt`: sets one option, which is one event;
            /// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html). `interface` is `SO_BINDTODEVICE`.
            ///
            /// # Errors
            /// `EINVAL` for what is no option of a socket (`bind`, `backlog`, `mode`, `append`, `excl`),
            /// `ENOPROTOOPT` or `EOPNOTSUPP` for an option of another kind of socket, `EPERM` for `mark` without
            /// privilege, `ENODEV` for an interface that isn't there.
            pub fn set_option(&self, option: &SocketOption) -> Result<()> {
                self.handle()
                    .set_option(option)
                    .map_err(|source| Error::new(Call::SetSockOpt, source))
            }

            /// `getsockopt`: what the kernel has; `None` for a flag that is off and an option that isn't set. Linux
            /// doubles `sndbuf` and `rcvbuf`, and this is the doubled value.
            ///
            /// # Errors
            /// As for `set_option`.
            pub fn option(&self, name: OptionName) -> Result<Option<SocketOption>> {
                self.handle()
                    .option(name)
                    .map_err(|source| Error::new(Call::GetSockOpt, source))
            }
        }
    };
}

options!(Socket);
options!(AsyncSocket);
