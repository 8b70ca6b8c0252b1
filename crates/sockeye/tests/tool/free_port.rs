//! Ports for programs that have to be told which one to listen on.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

/// A port that is free for TCP and UDP on all addresses. The kernel gives it to nobody who asks for any port, so that it
/// stays free until it is used.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    // Each process begins elsewhere: several of them may look at the same time.
    let first = std::process::id() as u16;
    let chosen = chosen_by_the_kernel();
    let next = || {
        let number = first.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed).wrapping_mul(7919));
        Some(number).filter(|port| *port >= 10_000 && !chosen.contains(port))
    };
    // Without SO_REUSEADDR: nothing rests there in TIME_WAIT either.
    let is_free = |port: &u16| {
        let every = SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port));
        [SocketType::STREAM, SocketType::DGRAM]
            .into_iter()
            .all(|kind| {
                let socket =
                    socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None).unwrap();
                bind(&socket, &every).is_ok()
            })
    };
    (0..10_000)
        .filter_map(|_| next())
        .find(is_free)
        .expect("no port is free")
}

/// Those that bind(2) and connect(2) choose from: ip(7), ip_local_port_range.
fn chosen_by_the_kernel() -> RangeInclusive<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let mut ends = range.split_whitespace().map(|end| end.parse().unwrap());
    ends.next().unwrap()..=ends.next().unwrap()
}
