//! A port of 127.0.0.1 that refuses over TCP and UDP, and that nobody else can get meanwhile.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

/// Closed for as long as it is kept.
pub(crate) struct ClosedPort {
    at: SocketAddr,
    /// Bound, and does not listen.
    _tcp: OwnedFd,
    /// Connected to itself: what others send there is answered with "port unreachable".
    _udp: UdpSocket,
}

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let both = || {
            let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
            let at = udp.local_addr().unwrap();
            udp.connect(at).unwrap();
            let (family, stream) = (AddressFamily::INET, SocketType::STREAM);
            let tcp = socket_with(family, stream, SocketFlags::CLOEXEC, None).unwrap();
            bind(&tcp, &at).ok()?;
            Some(Self {
                at,
                _tcp: tcp,
                _udp: udp,
            })
        };
        (0..100).find_map(|_| both()).unwrap()
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }
}
