//! The system's resolver: getaddrinfo(3), with its own error numbers kept apart.

use std::ffi::{CStr, CString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use sockeye_model::Errno;

use crate::error::IntoIo;

/// The addresses of `name`, in the order that the system prefers, each once. Blocks for as long as it takes.
///
/// # Errors
/// `ENOENT` when the name has no address (`EAI_NONAME`), `EAGAIN` when nobody could say now (`EAI_AGAIN`), what the
/// kernel gave (`EAI_SYSTEM`), or an error with the text of gai_strerror(3).
pub(crate) fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    let name = CString::new(name).map_err(|_| Errno::ENOENT.into_io())?;
    // SAFETY: all integers and null pointers, for which zero is a valid value.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = libc::AF_UNSPEC;
    // One type, or each address would come once for every type.
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = ptr::null_mut();
    // SAFETY: `name` ends with NUL, a null service is allowed, `hints` and `list` live through the call.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut list) };
    if code != 0 {
        return Err(failure(code));
    }
    let mut found = Vec::new();
    let mut next = list;
    // SAFETY: `list` came from a getaddrinfo that succeeded and is freed only below.
    while let Some(entry) = unsafe { next.as_ref() } {
        if let Some(address) = address(entry)
            && !found.contains(&address)
        {
            found.push(address);
        }
        next = entry.ai_next;
    }
    // SAFETY: as above; nothing of the list is used after this.
    unsafe { libc::freeaddrinfo(list) };
    if found.is_empty() {
        return Err(Errno::ENOENT.into_io());
    }
    Ok(found)
}

fn address(entry: &libc::addrinfo) -> Option<IpAddr> {
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: an entry of this family points to a sockaddr_in; read unaligned, so its alignment is no matter.
            let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: likewise a sockaddr_in6.
            let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

fn failure(code: libc::c_int) -> io::Error {
    match code {
        libc::EAI_NONAME | libc::EAI_NODATA => Errno::ENOENT.into_io(),
        libc::EAI_AGAIN => Errno::EAGAIN.into_io(),
        libc::EAI_SYSTEM => io::Error::last_os_error(),
        _ => {
            // SAFETY: gai_strerror gives a static string that ends with NUL, for every code.
            let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
            io::Error::other(text.to_string_lossy().into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_digits_needs_no_server() {
        assert_eq!(look_up("127.0.0.9").unwrap(), [Ipv4Addr::new(127, 0, 0, 9)]);
        assert_eq!(look_up("::1").unwrap(), [Ipv6Addr::LOCALHOST]);
    }

    #[test]
    fn a_name_that_can_be_none_is_not_found() {
        assert_eq!(look_up("a\0b").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(failure(libc::EAI_NONAME).kind(), io::ErrorKind::NotFound);
        assert_eq!(failure(libc::EAI_AGAIN).kind(), io::ErrorKind::WouldBlock);
        assert!(!failure(libc::EAI_FAIL).to_string().is_empty());
    }
}
