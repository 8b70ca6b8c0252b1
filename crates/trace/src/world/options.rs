//! The names of `setsockopt`, and the values given with them, as the manual pages write them.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::decode::read_bytes;
use crate::tracee::Tracee;

/// How the value of an option is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// An `int`, or a byte of the same meaning.
    Number,
    /// `struct timeval`.
    Time,
    /// `struct linger`.
    Linger,
    /// Text: an interface, a congestion control.
    Text,
    /// `struct ip_mreq`, `ip_mreqn`, `ipv6_mreq`: the group stands first.
    Group,
    /// Anything else: its length alone.
    Bytes,
}

/// An option's name, such as `SO_REUSEADDR`; `level 6, option 99` where it has none here.
pub(crate) fn name(level: i32, option: i32) -> Cow<'static, str> {
    match row(level, option) {
        Some((_, _, name, _)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("level {level}, option {option}")),
    }
}

/// The same, and `None` where it has no name here.
pub(crate) fn known_name(level: i32, option: i32) -> Option<&'static str> {
    row(level, option).map(|row| row.2)
}

/// The value that a program gives, as text; `None` where its memory can't be read.
pub(crate) fn value(
    level: i32,
    option: i32,
    tracee: &dyn Tracee,
    at: u64,
    len: u64,
) -> Option<Cow<'static, str>> {
    let bytes = read_bytes(tracee, at, len.min(128))?;
    let shape = row(level, option).map_or(Shape::Number, |row| row.3);
    Some(of_bytes(shape, &bytes, len))
}

fn of_bytes(shape: Shape, bytes: &[u8], len: u64) -> Cow<'static, str> {
    let number = |from: usize| {
        let part = bytes
            .get(from..from + 4)
            .and_then(|part| part.try_into().ok());
        part.map(i32::from_ne_bytes)
    };
    let text = match shape {
        Shape::Number => match (bytes, number(0)) {
            ([byte], _) => Some(byte.to_string()),
            (_, Some(number)) if bytes.len() == 4 => Some(number.to_string()),
            _ => None,
        },
        Shape::Time => time(bytes),
        Shape::Linger => number(0)
            .zip(number(4))
            .map(|(on, seconds)| format!("{on},{seconds}")),
        Shape::Text => {
            let end = bytes.iter().position(|byte| *byte == 0);
            let text = &bytes[..end.unwrap_or(bytes.len())];
            Some(String::from_utf8_lossy(text).into_owned())
        }
        Shape::Group => match bytes.len() {
            20.. => bytes
                .first_chunk::<16>()
                .map(|group| Ipv6Addr::from(*group).to_string()),
            _ => bytes
                .first_chunk::<4>()
                .map(|group| Ipv4Addr::from(*group).to_string()),
        },
        Shape::Bytes => None,
    };
    Cow::Owned(text.unwrap_or_else(|| format!("{len} B")))
}

fn time(bytes: &[u8]) -> Option<String> {
    let part = |from: usize| -> Option<i64> {
        Some(i64::from_ne_bytes(
            bytes.get(from..from + 8)?.try_into().ok()?,
        ))
    };
    let (seconds, micros) = (part(0)?, part(8)?);
    if micros == 0 {
        return Some(format!("{seconds} s"));
    }
    let micros = format!("{:06}", micros.rem_euclid(1_000_000));
    Some(format!("{seconds}.{} s", micros.trim_end_matches('0')))
}

type Row = (i32, i32, &'static str, Shape);

fn row(level: i32, option: i32) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.0 == level && row.1 == option)
}

macro_rules! rows {
    ($($level:ident: $($name:ident $shape:ident),+;)+) => {
        &[$($((libc::$level, libc::$name, stringify!($name), Shape::$shape)),+),+]
    };
}

/// socket(7), ip(7), ipv6(7), tcp(7), udp(7).
const ROWS: &[Row] = rows! {
    SOL_SOCKET: SO_REUSEADDR Number, SO_REUSEPORT Number, SO_KEEPALIVE Number, SO_BROADCAST Number, SO_LINGER Linger,
        SO_RCVTIMEO Time, SO_SNDTIMEO Time, SO_RCVBUF Number, SO_SNDBUF Number, SO_RCVBUFFORCE Number,
        SO_SNDBUFFORCE Number, SO_RCVLOWAT Number, SO_SNDLOWAT Number, SO_OOBINLINE Number, SO_DONTROUTE Number,
        SO_PRIORITY Number, SO_MARK Number, SO_BINDTODEVICE Text, SO_PASSCRED Number, SO_PASSSEC Number,
        SO_TIMESTAMP Number, SO_TIMESTAMPNS Number, SO_TIMESTAMPING Number, SO_RXQ_OVFL Number, SO_BUSY_POLL Number,
        SO_INCOMING_CPU Number, SO_ZEROCOPY Number, SO_ATTACH_FILTER Bytes, SO_ATTACH_BPF Number,
        SO_ATTACH_REUSEPORT_CBPF Bytes, SO_ATTACH_REUSEPORT_EBPF Number, SO_DETACH_FILTER Number,
        SO_MAX_PACING_RATE Number, SO_NO_CHECK Number, SO_DEBUG Number, SO_PEEK_OFF Number, SO_ERROR Number,
        SO_TYPE Number, SO_ACCEPTCONN Number, SO_PEERCRED Bytes, SO_DOMAIN Number, SO_PROTOCOL Number;
    IPPROTO_IP: IP_TTL Number, IP_TOS Number, IP_HDRINCL Number, IP_PKTINFO Number, IP_RECVERR Number, IP_RECVTTL Number,
        IP_RECVTOS Number, IP_MTU_DISCOVER Number, IP_FREEBIND Number, IP_TRANSPARENT Number, IP_OPTIONS Bytes,
        IP_BIND_ADDRESS_NO_PORT Number, IP_MULTICAST_TTL Number, IP_MULTICAST_LOOP Number, IP_MULTICAST_IF Group,
        IP_MULTICAST_ALL Number, IP_ADD_MEMBERSHIP Group, IP_DROP_MEMBERSHIP Group, IP_RECVORIGDSTADDR Number;
    IPPROTO_IPV6: IPV6_V6ONLY Number, IPV6_UNICAST_HOPS Number, IPV6_MULTICAST_HOPS Number, IPV6_MULTICAST_LOOP Number,
        IPV6_MULTICAST_IF Number, IPV6_ADD_MEMBERSHIP Group, IPV6_DROP_MEMBERSHIP Group, IPV6_RECVPKTINFO Number,
        IPV6_RECVERR Number, IPV6_TCLASS Number, IPV6_RECVTCLASS Number, IPV6_RECVHOPLIMIT Number,
        IPV6_MTU_DISCOVER Number, IPV6_FREEBIND Number, IPV6_TRANSPARENT Number;
    IPPROTO_TCP: TCP_NODELAY Number, TCP_CORK Number, TCP_MAXSEG Number, TCP_KEEPIDLE Number, TCP_KEEPINTVL Number,
        TCP_KEEPCNT Number, TCP_SYNCNT Number, TCP_LINGER2 Number, TCP_DEFER_ACCEPT Number, TCP_WINDOW_CLAMP Number,
        TCP_QUICKACK Number, TCP_CONGESTION Text, TCP_USER_TIMEOUT Number, TCP_FASTOPEN Number,
        TCP_FASTOPEN_CONNECT Number, TCP_NOTSENT_LOWAT Number, TCP_ULP Text, TCP_MD5SIG Bytes, TCP_REPAIR Number,
        TCP_INFO Bytes;
    SOL_UDP: UDP_CORK Number, UDP_SEGMENT Number, UDP_GRO Number;
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_the_names_and_values_of_the_manual() {
        assert_eq!(name(libc::SOL_SOCKET, libc::SO_REUSEADDR), "SO_REUSEADDR");
        assert_eq!(name(libc::IPPROTO_TCP, libc::TCP_NODELAY), "TCP_NODELAY");
        assert_eq!(name(77, 99), "level 77, option 99");
        let shown = |shape, bytes: &[u8]| of_bytes(shape, bytes, bytes.len() as u64).into_owned();
        assert_eq!(shown(Shape::Number, &1_i32.to_ne_bytes()), "1");
        assert_eq!(shown(Shape::Number, &[4]), "4");
        let time = |seconds: i64, micros: i64| {
            shown(
                Shape::Time,
                &[seconds.to_ne_bytes(), micros.to_ne_bytes()].concat(),
            )
        };
        assert_eq!(time(2, 0), "2 s");
        assert_eq!(time(0, 250_000), "0.25 s");
        let linger = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
        assert_eq!(shown(Shape::Linger, &linger), "1,0");
        assert_eq!(shown(Shape::Text, b"lo\0\0"), "lo");
        assert_eq!(
            shown(Shape::Group, &[239, 1, 2, 3, 0, 0, 0, 0]),
            "239.1.2.3"
        );
        assert_eq!(shown(Shape::Bytes, &[0; 16]), "16 B");
    }

    #[test]
    fn a_value_that_is_too_short_is_told_by_its_length() {
        for shape in [Shape::Number, Shape::Time, Shape::Linger, Shape::Group] {
            assert_eq!(of_bytes(shape, &[], 0), "0 B");
        }
    }

    #[test]
    fn no_option_stands_twice() {
        for (index, row) in ROWS.iter().enumerate() {
            let twice = ROWS[..index]
                .iter()
                .any(|other| (other.0, other.1) == (row.0, row.1));
            assert!(!twice, "{}", row.2);
        }
    }
}
