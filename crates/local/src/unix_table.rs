//! The kernel's table of UNIX sockets, `/proc/net/unix`, read and parsed; proc_pid_net(5).
//!
//! It lists the sockets of one network namespace, while a path can be reached from another one. A path stands in it
//! as it was given to bind(2): it may be relative to a directory that its process has since left.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The name of a UNIX socket; unix(7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnixAddress {
    /// As it was given to bind(2): it may be relative to a directory that the process has since left.
    Path(PathBuf),
    /// Without the NUL that it begins with.
    Abstract(Vec<u8>),
}

/// The type of a UNIX socket; unix(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnixKind {
    /// SOCK_STREAM.
    Stream,
    /// SOCK_DGRAM.
    Datagram,
    /// SOCK_SEQPACKET.
    SeqPacket,
    /// A number that this version does not know.
    Other(u16),
}

impl UnixKind {
    pub(crate) const fn of(number: u16) -> Self {
        match number {
            1 => Self::Stream,
            2 => Self::Datagram,
            5 => Self::SeqPacket,
            other => Self::Other(other),
        }
    }

    /// The name of the scheme in sockeye's addresses: `unix`, `unix-dgram`, `unix-seqpacket`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "unix",
            Self::Datagram => "unix-dgram",
            Self::SeqPacket => "unix-seqpacket",
            Self::Other(_) => "unix-other",
        }
    }
}

/// A UNIX socket that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnixSocket {
    /// The socket's number in `/proc/*/fd`; not the number of its file.
    pub inode: u64,
    /// Its type.
    pub kind: UnixKind,
    /// listen(2) was called.
    pub listening: bool,
    /// It has a peer. A connection that a listener accepted bears the listener's name.
    pub connected: bool,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) socket: UnixSocket,
    /// As given to bind(2), byte for byte; an abstract name begins with `@` and has `@` for each NUL.
    pub(crate) name: Vec<u8>,
}

impl Row {
    pub(crate) fn is_abstract(&self) -> bool {
        self.name.first() == Some(&b'@')
    }

    pub(crate) fn address(&self) -> UnixAddress {
        match self.name.strip_prefix(b"@") {
            Some(name) => UnixAddress::Abstract(name.to_vec()),
            None => UnixAddress::Path(OsStr::from_bytes(&self.name).into()),
        }
    }

    /// The part after the last slash.
    pub(crate) fn last_component(&self) -> &[u8] {
        self.name
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or_default()
    }
}

/// The whole text of the table.
pub(crate) fn text() -> io::Result<Vec<u8>> {
    std::fs::read("/proc/net/unix")
}

/// The sockets with a name. A name may contain anything, line ends included: a line that is no row goes on with the
/// name of the row before it. A name can so be made to look like two rows; whoever concludes from an absent name must
/// look at the text too.
pub(crate) fn parse(text: &[u8]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut named = false;
    for line in text
        .strip_suffix(b"\n")
        .unwrap_or(text)
        .split(|byte| *byte == b'\n')
    {
        if let Some((socket, name)) = parse_line(line) {
            named = !name.is_empty();
            if named {
                rows.push(Row {
                    socket,
                    name: name.to_vec(),
                });
            }
        } else if named && let Some(row) = rows.last_mut() {
            row.name.push(b'\n');
            row.name.extend_from_slice(line);
        }
    }
    rows
}

/// `00000000ef64d0f7: 00000002 00000000 00010000 0001 01  1062 /run/a name`
fn parse_line(line: &[u8]) -> Option<(UnixSocket, &[u8])> {
    let (_address, rest) = hexadecimal(line, b':')?;
    let (_references, rest) = hexadecimal(rest.strip_prefix(b" ")?, b' ')?;
    let (_protocol, rest) = hexadecimal(rest, b' ')?;
    let (flags, rest) = hexadecimal(rest, b' ')?;
    let (kind, rest) = hexadecimal(rest, b' ')?;
    let (state, rest) = hexadecimal(rest, b' ')?;
    let rest = rest.trim_ascii_start();
    let end = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(rest.len());
    let (inode, rest) = rest.split_at(end);
    let name = match rest {
        [] => rest,
        [b' ', name @ ..] => name,
        _ => return None,
    };
    let socket = UnixSocket {
        inode: str::from_utf8(inode).ok()?.parse().ok()?,
        kind: UnixKind::of(u16::try_from(kind).ok()?),
        listening: flags & ACCEPTS_CONNECTIONS != 0,
        connected: state == CONNECTED,
    };
    Some((socket, name))
}

/// A number in hexadecimal digits up to `end`, and what follows.
fn hexadecimal(text: &[u8], end: u8) -> Option<(u64, &[u8])> {
    let length = text.iter().position(|byte| *byte == end)?;
    let digits = text.get(..length)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let number = u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    Some((number, text.get(length + 1..)?))
}

/// `__SO_ACCEPTCON` and `SS_CONNECTED` of linux/net.h.
const ACCEPTS_CONNECTIONS: u64 = 1 << 16;
const CONNECTED: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
Num       RefCount Protocol Flags    Type St Inode Path
00000000d9a22536: 00000002 00000000 00000000 0001 01  6799 rel.sock
00000000aa86d666: 00000002 00000000 00010000 0001 01  6800 /tmp/x/abs.sock
00000000ef64d0f7: 00000003 00000000 00000000 0001 03  1062
000000004874f418: 00000002 00000000 00000000 0002 01  6802 /tmp/x/we ird
name
00000000500c8053: 00000002 00000000 00010000 0005 01  6801 @abst
00000000500c8054: 00000003 00000000 00000000 0001 03 123456 /tmp/x/abs.sock
00000000500c8055: 00000002 00000000 00000000 0002 01  6803  \xff
";

    #[test]
    fn only_sockets_with_a_name_are_rows() {
        let rows = parse(TEXT);
        let names: Vec<&[u8]> = rows.iter().map(|row| row.name.as_slice()).collect();
        let expected: [&[u8]; 6] = [
            b"rel.sock",
            b"/tmp/x/abs.sock",
            b"/tmp/x/we ird\nname",
            b"@abst",
            b"/tmp/x/abs.sock",
            b" \xff",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn type_and_state_are_told() {
        let rows = parse(TEXT);
        let socket = |inode, kind, listening, connected| UnixSocket {
            inode,
            kind,
            listening,
            connected,
        };
        assert_eq!(rows[0].socket, socket(6799, UnixKind::Stream, false, false));
        assert_eq!(rows[1].socket, socket(6800, UnixKind::Stream, true, false));
        assert_eq!(
            rows[2].socket,
            socket(6802, UnixKind::Datagram, false, false)
        );
        assert_eq!(
            rows[3].socket,
            socket(6801, UnixKind::SeqPacket, true, false)
        );
        assert_eq!(
            rows[4].socket,
            socket(123_456, UnixKind::Stream, false, true)
        );
        assert!(rows[3].is_abstract() && !rows[0].is_abstract());
        assert_eq!(rows[2].last_component(), b"we ird\nname");
        assert_eq!(rows[0].last_component(), b"rel.sock");
    }

    #[test]
    fn text_that_is_no_table_gives_no_rows() {
        for text in [
            &b""[..],
            b"\n\n",
            b"00: 0 0 0 1 01",
            b"00: 0 0 0 1 01 x /p",
            b"00: 0 0 0 1 01 7x/p",
            b"zz: 0 0 0 1 01 7 /p",
            b": 0 0 0 1 01 7 /p",
            b"00: 0 0 0 fffff 01 7 /p",
        ] {
            assert_eq!(parse(text), [], "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_nameless_socket_does_not_take_the_next_line() {
        let text = b"00: 0 0 0 1 01 7 /a\n01: 0 0 0 1 03 8\nrest\n";
        let rows = parse(text);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].name, b"/a");
    }
}
