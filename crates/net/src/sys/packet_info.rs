//! Which of our addresses a message was sent to, and from which one its reply leaves: `IP_PKTINFO` of
//! [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html), `IPV6_PKTINFO` of
//! [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One of this machine's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LocalIp {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Room for one control message of either kind.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control([u8; CONTROL_BYTES]);

const HEADER: usize = mem::size_of::<libc::cmsghdr>();
const V4_INFO: usize = mem::size_of::<libc::in_pktinfo>();
const V6_INFO: usize = mem::size_of::<libc::in6_pktinfo>();
/// What `CMSG_SPACE` gives for the longer of the two, on 64-bit and 32-bit machines alike.
const CONTROL_BYTES: usize = (HEADER + V6_INFO).next_multiple_of(8);

impl Control {
    pub(crate) const EMPTY: Self = Self([0; CONTROL_BYTES]);

    /// Lends it to a header that receives.
    pub(crate) fn make_room(&mut self, header: &mut libc::msghdr) {
        header.msg_control = self.0.as_mut_ptr().cast();
        header.msg_controllen = CONTROL_BYTES as _;
    }

    /// The address that the message was sent to, or for one to a group the address of the interface it came by.
    ///
    /// `len` is the header's `msg_controllen` after the call.
    pub(crate) fn local_ip(&self, len: impl TryInto<usize>) -> Option<LocalIp> {
        let len = len.try_into().ok()?.min(CONTROL_BYTES);
        let control = &self.0[..len];
        let kind = kind_of(control)?;
        let info = control.get(HEADER..)?;
        match kind {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // struct in_pktinfo: the interface's index, our address (ipi_spec_dst), the packet's destination.
                let at = |place: usize| -> Option<Ipv4Addr> {
                    let ip: [u8; 4] = info.get(place..place + 4)?.try_into().ok()?;
                    Some(ip.into())
                };
                let (ours, destination) = (at(4)?, at(8)?);
                // What came before the socket was told to say so has only its destination: a reply can leave from
                // there, unless it is everybody's.
                let early = ours.is_unspecified();
                let everybody = destination.is_multicast() || destination.is_broadcast();
                match (early, everybody) {
                    (false, _) => Some(LocalIp::V4(ours)),
                    (true, false) => Some(LocalIp::V4(destination)),
                    (true, true) => None,
                }
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let ip: [u8; 16] = info.get(..16)?.try_into().ok()?;
                let ip = Ipv6Addr::from(ip);
                // A reply can't leave from a group's address: there the kernel chooses.
                (!ip.is_multicast()).then_some(LocalIp::V6(ip))
            }
            _ => None,
        }
    }

    /// Makes a header send from `source`. The interface is left to the routes: only the address was asked.
    pub(crate) fn set_source(&mut self, source: LocalIp, header: &mut libc::msghdr) {
        let (level, kind, len) = match source {
            LocalIp::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO, V4_INFO),
            LocalIp::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, V6_INFO),
        };
        let word = mem::size_of::<usize>();
        self.0[..word].copy_from_slice(&(HEADER + len).to_ne_bytes());
        self.0[word..word + 4].copy_from_slice(&level.to_ne_bytes());
        self.0[word + 4..word + 8].copy_from_slice(&kind.to_ne_bytes());
        let info = &mut self.0[HEADER..];
        match source {
            LocalIp::V4(ip) => info[4..8].copy_from_slice(&ip.octets()),
            LocalIp::V6(ip) => info[..16].copy_from_slice(&ip.octets()),
        }
        header.msg_control = self.0.as_mut_ptr().cast();
        header.msg_controllen = (HEADER + len).next_multiple_of(word) as _;
    }
}

/// Level and type of the first control message. `struct cmsghdr` is a length of one word and two ints.
fn kind_of(control: &[u8]) -> Option<(libc::c_int, libc::c_int)> {
    let word = mem::size_of::<usize>();
    let level = control.get(word..word + 4)?.try_into().ok()?;
    let kind = control.get(word + 4..word + 8)?.try_into().ok()?;
    Some((
        libc::c_int::from_ne_bytes(level),
        libc::c_int::from_ne_bytes(kind),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_laid_out_as_the_kernel_lays_out_what_it_tells() {
        for source in [
            LocalIp::V4(Ipv4Addr::new(127, 0, 0, 2)),
            LocalIp::V6(Ipv6Addr::LOCALHOST),
        ] {
            let mut control = Control::EMPTY;
            // SAFETY: all zero is the empty `msghdr`.
            let mut header: libc::msghdr = unsafe { mem::zeroed() };
            control.set_source(source, &mut header);
            let told = control.local_ip(header.msg_controllen);
            assert_eq!(told, Some(source));
        }
    }
}
