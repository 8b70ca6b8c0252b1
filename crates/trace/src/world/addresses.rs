//! `struct sockaddr` as programs give it to the kernel and get it back: any bytes, any length.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sockeye_model::SocketAddress;

use super::decode::{read, read_int};
use crate::tracee::Tracee;

/// What a program gave as an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// An address of a family that is told.
    Address(SocketAddress),
    /// `AF_UNSPEC`: with it, `connect` forgets the peer.
    Unspecified,
    /// Another family, too short, or not to be read.
    Unknown,
}

impl Given {
    pub(crate) fn address(self) -> Option<SocketAddress> {
        match self {
            Self::Address(address) => Some(address),
            Self::Unspecified | Self::Unknown => None,
        }
    }
}

/// The address of `len` bytes at `at` in a program's memory.
pub(crate) fn given(tracee: &dyn Tracee, at: u64, len: u64) -> Given {
    // sockaddr_storage is the most the kernel takes.
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(128);
    let mut bytes = [0; 128];
    if at == 0 || tracee.read(at, &mut bytes[..len]) != len {
        return Given::Unknown;
    }
    parse(&bytes[..len])
}

/// The address that the kernel wrote to `at`, its length at `len_at`.
pub(crate) fn filled_in(tracee: &dyn Tracee, at: u64, len_at: u64) -> Option<SocketAddress> {
    if at == 0 {
        return None;
    }
    let len = u64::try_from(read_int(tracee, len_at)?).ok()?;
    if len < 2 {
        return None;
    }
    // The kernel says how long the address is, also where it had less room: what lies behind is not its own.
    let family: [u8; 2] = read(tracee, at)?;
    let most = match i32::from(u16::from_ne_bytes(family)) {
        libc::AF_INET => 16,
        libc::AF_INET6 => 28,
        _ => 110,
    };
    given(tracee, at, len.min(most)).address()
}

/// ip(7), ipv6(7), unix(7).
pub(crate) fn parse(bytes: &[u8]) -> Given {
    let Some((family, rest)) = bytes.split_first_chunk::<2>() else {
        return Given::Unknown;
    };
    match i32::from(u16::from_ne_bytes(*family)) {
        libc::AF_UNSPEC => Given::Unspecified,
        libc::AF_INET => inet(rest).map_or(Given::Unknown, Given::Address),
        libc::AF_INET6 => inet6(rest).map_or(Given::Unknown, Given::Address),
        libc::AF_UNIX => Given::Address(unix(rest)),
        _ => Given::Unknown,
    }
}

fn inet(rest: &[u8]) -> Option<SocketAddress> {
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let (address, _) = rest.split_first_chunk::<4>()?;
    let address = Ipv4Addr::from(*address);
    Some(SocketAddr::from((address, u16::from_be_bytes(*port))).into())
}

fn inet6(rest: &[u8]) -> Option<SocketAddress> {
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let (flow, rest) = rest.split_first_chunk::<4>()?;
    let (address, rest) = rest.split_first_chunk::<16>()?;
    // The zone may be left out: SIN6_LEN_RFC2133.
    let zone = rest.first_chunk::<4>().copied().unwrap_or_default();
    let address = SocketAddrV6::new(
        Ipv6Addr::from(*address),
        u16::from_be_bytes(*port),
        u32::from_be_bytes(*flow),
        u32::from_ne_bytes(zone),
    );
    Some(address.into())
}

fn unix(rest: &[u8]) -> SocketAddress {
    // sun_path has 108 bytes.
    let rest = &rest[..rest.len().min(108)];
    match rest.split_first() {
        None => SocketAddress::UnixUnnamed,
        Some((0, name)) => SocketAddress::UnixAbstract(name.into()),
        Some(_) => {
            let end = rest.iter().position(|byte| *byte == 0);
            let path = OsStr::from_bytes(&rest[..end.unwrap_or(rest.len())]);
            SocketAddress::UnixPath(Path::new(path).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sockaddr(family: i32, rest: &[u8]) -> Vec<u8> {
        let family = u16::try_from(family).unwrap();
        [&family.to_ne_bytes()[..], rest].concat()
    }

    fn shown(bytes: &[u8]) -> String {
        parse(bytes).address().unwrap().to_string()
    }

    #[test]
    fn each_family_is_read() {
        let inet = [&[0x1b, 0x5f][..], &[127, 0, 0, 1], &[0; 8]].concat();
        assert_eq!(shown(&sockaddr(libc::AF_INET, &inet)), "127.0.0.1:7007");
        let mut inet6 = vec![0; 26];
        inet6[..2].copy_from_slice(&[0x1b, 0x5f]);
        inet6[21] = 1;
        assert_eq!(shown(&sockaddr(libc::AF_INET6, &inet6)), "[::1]:7007");
        assert_eq!(
            shown(&sockaddr(libc::AF_INET6, &inet6[..22])),
            "[::1]:7007",
            "without a zone"
        );
        assert_eq!(shown(&sockaddr(libc::AF_UNIX, b"/run/a\0rest")), "/run/a");
        assert_eq!(shown(&sockaddr(libc::AF_UNIX, b"/run/a")), "/run/a");
        assert_eq!(shown(&sockaddr(libc::AF_UNIX, b"\0name")), "@name");
        assert_eq!(shown(&sockaddr(libc::AF_UNIX, b"")), "(unnamed)");
        assert_eq!(parse(&sockaddr(libc::AF_UNSPEC, &[])), Given::Unspecified);
    }

    #[test]
    fn what_is_too_short_is_no_address() {
        for bytes in [&[][..], &[2], &sockaddr(libc::AF_INET, &[1, 2, 3, 4, 5])] {
            assert_eq!(parse(bytes), Given::Unknown);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(family in prop_oneof![Just(0_i32), Just(1), Just(2), Just(10), 0..65_536_i32],
            rest in prop::collection::vec(any::<u8>(), 0..140)) {
            let _ = parse(&sockaddr(family, &rest));
            let _ = parse(&rest);
        }
    }
}
