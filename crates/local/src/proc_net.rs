//! The files `/proc/net/{tcp,tcp6,udp,udp6}`, read and parsed, for where sock_diag(7) cannot be asked.
//!
//! Format: `Documentation/networking/proc_net_tcp.rst` of the kernel. A TCP socket that is bound and has not called
//! listen(2) or connect(2) is in none of these files.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::table::{Protocol, Row, State};

/// Both families' rows of `protocol`, IPv4 first.
pub(crate) fn rows(protocol: Protocol) -> io::Result<Vec<Row>> {
    let (four, six) = match protocol {
        Protocol::Tcp => ("/proc/net/tcp", "/proc/net/tcp6"),
        Protocol::Udp => ("/proc/net/udp", "/proc/net/udp6"),
    };
    let mut rows = parse(protocol, &std::fs::read_to_string(four)?);
    match std::fs::read_to_string(six) {
        Ok(text) => rows.extend(parse(protocol, &text)),
        // A kernel without IPv6 has no such file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(rows)
}

/// The rows of one table; lines that are not rows (the heading, a future format) are left out.
pub(crate) fn parse(protocol: Protocol, text: &str) -> Vec<Row> {
    text.lines()
        .filter_map(|line| parse_line(protocol, line))
        .collect()
}

fn parse_line(protocol: Protocol, line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace();
    fields.next()?.strip_suffix(':')?;
    let local = parse_address(fields.next()?)?;
    let remote = parse_address(fields.next()?)?;
    let state = State::of(protocol, u8::from_str_radix(fields.next()?, 16).ok()?);
    let (send_queue, receive_queue) = fields.next()?.split_once(':')?;
    let (_kind, when) = fields.next()?.split_once(':')?;
    let _retransmitted = fields.next()?;
    let user_id = fields.next()?.parse().ok()?;
    let _timeout = fields.next()?;
    let inode = fields.next()?.parse().ok()?;
    let rest = (state == State::TimeWait)
        .then(|| u64::from_str_radix(when, 16).ok())
        .flatten()
        .map(|ticks| Duration::from_millis(ticks.saturating_mul(TICK_MILLISECONDS)));
    Some(Row {
        local,
        remote,
        state,
        user_id,
        inode,
        rest,
        receive_queue: u32::from_str_radix(receive_queue, 16).ok()?,
        // The file has no backlog.
        send_queue: (state != State::Listen)
            .then(|| u32::from_str_radix(send_queue, 16).ok())
            .flatten(),
        v6_only: None,
        interface: 0,
        tcp: None,
        drops: None,
    })
}

/// `0100007F:1B5F`: each 32-bit word of the address as a number in the machine's own byte order, the port as it is.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| -> Option<[u8; 4]> {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (at, part) in octets.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The kernel tells times to programs in clock_t, a hundredth of a second on every common architecture; times(2).
const TICK_MILLISECONDS: u64 = 10;

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1B5F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1066 1 00000000c1df4b78 100 0 0 10 0
   1: 0100007F:1B5F 0200007F:C924 06 00000000:00000000 03:00001015 00000000     0        0 0 3 0000000091a3c8b1
   2: 0100007F:1B5F 0200007F:C925 01 00000005:00000009 01:00000014 00000000   512        0 77 2 0000000091a3c8b2 20 4 30 10 -1
";

    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1B5F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 88 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1B5F 0000000000000000FFFF00000100007F:C924 08 00000000:00000000 00:00000000 00000000     0        0 89 1 0 20 4 30 10 -1
   2: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 90 1 0 100 0 0 10 0
";

    const UDP: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  245: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   100        0 16384 2 0000000000000000 0
  246: 0100007F:14EA 0100007F:14E9 01 00000000:00000000 00:00000000 00000000   100        0 16385 2 0000000000000000 3
";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_listener_a_rest_and_a_conversation_are_told_apart() {
        let rows = parse(Protocol::Tcp, TCP);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].local, address("127.0.0.1:7007"));
        assert_eq!(rows[0].state, State::Listen);
        assert!(!rows[0].has_remote());
        assert_eq!((rows[0].user_id, rows[0].inode), (1000, 1066));
        assert_eq!(rows[1].state, State::TimeWait);
        assert_eq!(rows[1].rest, Some(Duration::from_millis(41_170)));
        assert_eq!(rows[1].inode, 0);
        assert_eq!(rows[2].state, State::Established);
        assert_eq!(rows[2].remote, address("127.0.0.2:51493"));
        assert_eq!(rows[2].rest, None);
    }

    #[test]
    fn six_byte_order_is_that_of_four_words() {
        let rows = parse(Protocol::Tcp, TCP6);
        assert_eq!(rows[0].local, address("[::1]:7007"));
        assert_eq!(rows[1].local, address("[::ffff:127.0.0.1]:7007"));
        assert_eq!(rows[1].state, State::CloseWait);
        assert_eq!(rows[2].local, address("[2001:db8::1]:80"));
    }

    #[test]
    fn udp_uses_two_of_the_numbers_with_its_own_meaning() {
        let rows = parse(Protocol::Udp, UDP);
        assert_eq!(rows[0].state, State::Bound);
        assert_eq!(rows[0].local, address("0.0.0.0:5353"));
        assert_eq!(rows[1].state, State::Connected);
        assert!(rows[1].has_remote());
    }

    #[test]
    fn lines_that_are_no_rows_are_left_out() {
        for text in [
            "",
            "\n\n",
            "0:",
            "0: 0100007F:1B5F",
            "0: 0100007F:XXXX 00000000:0000 0A 0:0 00:0 0 0 0 1",
            "0: 0100007:1B5F 00000000:0000 0A 0:0 00:0 0 0 0 1",
            "0: €€€€€€€€:1B5F 00000000:0000 0A 0:0 00:0 0 0 0 1",
            "0: 0100007F:1B5F 00000000:0000 0A 0:0 00:0 0 -1 0 1",
        ] {
            assert_eq!(parse(Protocol::Tcp, text), [], "{text}");
        }
    }
}
