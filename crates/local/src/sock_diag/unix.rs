//! UNIX sockets from sock_diag(7): `struct unix_diag_msg` and its attributes, as rows.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use netlink_packet_core::{Emitable, Parseable};
use netlink_packet_sock_diag::unix::{ShowFlags, StateFlags, UnixRequest, UnixResponseHeader};
use netlink_packet_sock_diag::{
    SOCK_DIAG_BY_FAMILY, TCP_ESTABLISHED, TCP_LISTEN, UNIX_DIAG_NAME, UNIX_DIAG_PEER,
    UNIX_DIAG_RQLEN, UNIX_DIAG_VFS,
};
use rustix::net::netlink;

use crate::netlink::{Netlink, attributes, number};
use crate::unix_table::{Row, UnixAddress, UnixKind};

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnixRow {
    pub(crate) kind: UnixKind,
    pub(crate) listening: bool,
    pub(crate) connected: bool,
    pub(crate) address: Option<UnixAddress>,
    pub(crate) inode: u64,
    pub(crate) peer: Option<u64>,
    /// Bytes to be read; of a listener, connections to be accepted.
    pub(crate) receive_queue: Option<u32>,
    /// Bytes on their way to the peer; of a listener, how many connections may wait.
    pub(crate) send_queue: Option<u32>,
    /// Who made it; Linux 5.4 and later tell.
    pub(crate) user_id: Option<u32>,
}

impl UnixRow {
    /// What `/proc/net/unix` has of it.
    pub(crate) fn of_table(row: &Row) -> Self {
        Self {
            kind: row.socket.kind,
            listening: row.socket.listening,
            connected: row.socket.connected,
            address: Some(row.address()),
            inode: row.socket.inode,
            peer: None,
            receive_queue: None,
            send_queue: None,
            user_id: None,
        }
    }
}

/// The UNIX sockets of this network namespace.
///
/// # Errors
/// Netlink is forbidden, or the kernel has no such table.
pub(crate) fn unix_rows() -> io::Result<Vec<UnixRow>> {
    let show = ShowFlags::NAME | ShowFlags::PEER | ShowFlags::RQLEN;
    let show = ShowFlags::from_bits_retain(show.bits() | 1 << UNIX_DIAG_UID);
    let mut bytes = [0; REQUEST];
    request(show).emit(&mut bytes);
    let mut rows = Vec::new();
    Netlink::open(Some(netlink::SOCK_DIAG))?.dump(SOCK_DIAG_BY_FAMILY, &bytes, |payload| {
        rows.extend(parse(payload));
    })?;
    Ok(rows)
}

/// The files that UNIX sockets of this network namespace were bound to, by the socket's number: the file's number and the
/// device of its file system, as the kernel numbers both (32 bits, major number from bit 20 on). It stays the same when
/// the file is renamed or removed.
///
/// # Errors
/// As [`unix_rows`].
pub(crate) fn unix_files() -> io::Result<HashMap<u64, (u32, u32)>> {
    let mut bytes = [0; REQUEST];
    request(ShowFlags::VFS).emit(&mut bytes);
    let mut files = HashMap::new();
    Netlink::open(Some(netlink::SOCK_DIAG))?.dump(SOCK_DIAG_BY_FAMILY, &bytes, |payload| {
        let Ok(header) = UnixResponseHeader::parse(payload) else {
            return;
        };
        for (kind, value) in attributes(payload.get(RESPONSE..).unwrap_or_default()) {
            if let (UNIX_DIAG_VFS, Some(file), Some(device)) =
                (kind, number(value, 0), number(value, 4))
            {
                files.insert(header.inode.into(), (file, device));
            }
        }
    })?;
    Ok(files)
}

fn request(show: ShowFlags) -> UnixRequest {
    UnixRequest {
        state_flags: StateFlags::from_bits_retain(u32::MAX),
        inode: 0,
        show_flags: show,
        cookie: [0; 8],
    }
}

/// One answer; `None` if it is none that this version understands.
pub(super) fn parse(payload: &[u8]) -> Option<UnixRow> {
    let header = UnixResponseHeader::parse(payload).ok()?;
    let mut row = UnixRow {
        kind: UnixKind::of(header.kind.into()),
        listening: header.state == TCP_LISTEN,
        connected: header.state == TCP_ESTABLISHED,
        address: None,
        inode: header.inode.into(),
        peer: None,
        receive_queue: None,
        send_queue: None,
        user_id: None,
    };
    for (kind, value) in attributes(payload.get(RESPONSE..)?) {
        match kind {
            UNIX_DIAG_NAME => row.address = address(value),
            UNIX_DIAG_PEER => {
                row.peer = number(value, 0).filter(|inode| *inode != 0).map(u64::from)
            }
            UNIX_DIAG_RQLEN => {
                row.receive_queue = number(value, 0);
                row.send_queue = number(value, 4);
            }
            UNIX_DIAG_UID => row.user_id = number(value, 0),
            _ => {}
        }
    }
    Some(row)
}

/// An abstract name begins with a NUL, a path ends with one; unix(7).
fn address(name: &[u8]) -> Option<UnixAddress> {
    match name {
        [] => None,
        [0, name @ ..] => Some(UnixAddress::Abstract(name.to_vec())),
        path => {
            let path = path.strip_suffix(b"\0").unwrap_or(path);
            Some(UnixAddress::Path(Path::new(OsStr::from_bytes(path)).into()))
        }
    }
}

/// `struct unix_diag_req` and `struct unix_diag_msg` of linux/unix_diag.h, bytes.
const REQUEST: usize = 24;
const RESPONSE: usize = 16;
/// `UNIX_DIAG_UID` of linux/unix_diag.h.
const UNIX_DIAG_UID: u16 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_or_abstract() {
        assert_eq!(address(b""), None);
        assert_eq!(
            address(b"/run/a\0"),
            Some(UnixAddress::Path("/run/a".into()))
        );
        assert_eq!(
            address(b"\0a\0b"),
            Some(UnixAddress::Abstract(b"a\0b".to_vec()))
        );
    }

    #[test]
    fn an_answer_that_is_too_short_is_left_out() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[1; 15]), None);
    }
}
