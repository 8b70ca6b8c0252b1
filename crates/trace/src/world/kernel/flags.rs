//! Numbers by the names that the manual pages give them.

/// A bit or a value, and its name.
pub(super) type Flag = (i32, &'static str);

macro_rules! flags {
    ($($name:ident),+ $(,)?) => { &[$((libc::$name, stringify!($name))),+] };
}

/// socket(2).
pub(super) const FAMILY: &[Flag] = flags![AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK];
/// The type proper.
pub(super) const TYPE: &[Flag] = flags![SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET];
/// What may be added to it, and the flags of accept4(2).
pub(super) const SOCKET: &[Flag] = flags![SOCK_CLOEXEC, SOCK_NONBLOCK];
/// The protocols of AF_INET and AF_INET6.
#[rustfmt::skip]
pub(super) const PROTOCOL: &[Flag] = flags![
    IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_UDPLITE, IPPROTO_RAW,
    IPPROTO_MPTCP,
];
/// send(2), recv(2).
#[rustfmt::skip]
pub(super) const MESSAGE: &[Flag] = flags![
    MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_CTRUNC, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_WAITALL, MSG_CONFIRM, MSG_ERRQUEUE,
    MSG_NOSIGNAL, MSG_MORE, MSG_WAITFORONE, MSG_ZEROCOPY, MSG_FASTOPEN, MSG_CMSG_CLOEXEC,
];
/// shutdown(2).
pub(super) const HOW: &[Flag] = flags![SHUT_RD, SHUT_WR, SHUT_RDWR];
/// The levels of setsockopt(2).
pub(super) const LEVEL: &[Flag] =
    flags![IPPROTO_IP, SOL_SOCKET, IPPROTO_TCP, SOL_UDP, IPPROTO_IPV6];
/// splice(2).
#[rustfmt::skip]
pub(super) const SPLICE: &[Flag] = &[
    (1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT"),
];
/// close_range(2).
pub(super) const CLOSE_RANGE: &[Flag] = &[(2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC")];
/// Those of open(2) that fcntl(2) sets and dup3(2) takes.
#[rustfmt::skip]
pub(super) const OPEN: &[Flag] = flags![
    O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME, O_CLOEXEC,
];
/// How it is open: the lowest two bits, which are no flags.
pub(super) const ACCESS: &[Flag] = flags![O_RDONLY, O_WRONLY, O_RDWR];
/// fcntl(2).
pub(super) const COMMAND: &[Flag] =
    flags![F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC];
/// The flag of a descriptor.
pub(super) const DESCRIPTOR: &[Flag] = flags![FD_CLOEXEC];
/// ioctl(2) of sockets: their numbers of x86-64 and arm64.
pub(super) const REQUEST: &[Flag] = &[(0x5421, "FIONBIO"), (0x541b, "FIONREAD")];
/// poll(2).
#[rustfmt::skip]
pub(super) const POLL: &[Flag] = &[
    (0x1, "POLLIN"), (0x2, "POLLPRI"), (0x4, "POLLOUT"), (0x8, "POLLERR"), (0x10, "POLLHUP"), (0x20, "POLLNVAL"),
    (0x40, "POLLRDNORM"), (0x80, "POLLRDBAND"), (0x100, "POLLWRNORM"), (0x200, "POLLWRBAND"), (0x400, "POLLMSG"),
    (0x2000, "POLLRDHUP"),
];
/// epoll_ctl(2).
#[rustfmt::skip]
pub(super) const EPOLL: &[Flag] = &[
    (0x1, "EPOLLIN"), (0x2, "EPOLLPRI"), (0x4, "EPOLLOUT"), (0x8, "EPOLLERR"), (0x10, "EPOLLHUP"), (0x40, "EPOLLRDNORM"),
    (0x80, "EPOLLRDBAND"), (0x100, "EPOLLWRNORM"), (0x200, "EPOLLWRBAND"), (0x400, "EPOLLMSG"), (0x2000, "EPOLLRDHUP"),
];

/// The name of a value, or the value itself.
pub(super) fn name(value: i32, names: &[Flag]) -> String {
    match names.iter().find(|(known, _)| *known == value) {
        Some((_, name)) => (*name).to_owned(),
        None => value.to_string(),
    }
}

/// The names of all bits that are set, with what has none in hexadecimal; `0` where none is.
pub(super) fn joined(value: i32, names: &[Flag]) -> String {
    let (mut left, mut text) = (value, String::new());
    for (bit, name) in names {
        if *bit != 0 && left & bit == *bit {
            left &= !bit;
            add(&mut text, name);
        }
    }
    if left != 0 || text.is_empty() {
        match left {
            0 => add(&mut text, "0"),
            _ => add(&mut text, &format!("{left:#x}")),
        }
    }
    text
}

/// A type or an access mode, and flags beside it.
pub(super) fn with(first: String, value: i32, names: &[Flag]) -> String {
    match value {
        0 => first,
        _ => first + "|" + &joined(value, names),
    }
}

fn add(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push('|');
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_their_names_and_what_has_none_is_not_lost() {
        assert_eq!(joined(0, MESSAGE), "0");
        assert_eq!(joined(libc::MSG_NOSIGNAL, MESSAGE), "MSG_NOSIGNAL");
        let two = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        assert_eq!(joined(two, MESSAGE), "MSG_PEEK|MSG_DONTWAIT");
        assert_eq!(
            joined(two | 0x80_0000, MESSAGE),
            "MSG_PEEK|MSG_DONTWAIT|0x800000"
        );
        assert_eq!(joined(-1, DESCRIPTOR), "FD_CLOEXEC|0xfffffffe");
        assert_eq!(name(libc::AF_INET, FAMILY), "AF_INET");
        assert_eq!(name(-7, FAMILY), "-7");
    }
}
