//! Who holds a local port: every socket on it, in every state, and the processes that have it open.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::owner::{Owner, Owners, Process};
use crate::table::{Protocol, Row, State, rows};

/// A socket that occupies a local port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Which of the two port spaces.
    pub protocol: Protocol,
    /// Its own address. `[::]` may stand for IPv4 as well: the kernel's table does not say IPV6_V6ONLY.
    pub local: SocketAddr,
    /// The peer, if it has one.
    pub remote: Option<SocketAddr>,
    /// What it is doing.
    pub state: State,
    /// The socket's number in `/proc/*/fd`; 0 if no program has it.
    pub inode: u64,
    /// The user who made it; `None` if no program has it.
    pub user_id: Option<u32>,
    /// For [`State::TimeWait`]: until the kernel forgets it.
    pub rest: Option<Duration>,
    /// Whose it is.
    pub owner: Owner,
}

impl Holder {
    pub(crate) fn new(protocol: Protocol, row: &Row, owners: &Owners) -> Self {
        Self {
            protocol,
            local: row.local,
            remote: row.has_remote().then_some(row.remote),
            state: row.state,
            inode: row.inode,
            user_id: (row.inode != 0).then_some(row.user_id),
            rest: row.rest,
            owner: owners.owner(row.inode),
        }
    }

    /// The process with the lowest number that has it open; [`Holder::owner`] says why if there is none.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.owner.process()
    }
}

/// Every socket with the local port `port`: first those that a stranger can reach, then conversations, TIME_WAIT last.
///
/// An empty answer does not prove that bind(2) will succeed: a TCP socket that is bound and neither listens nor
/// connects is in no table, and sockets of other network namespaces are not of this one.
///
/// # Errors
/// `/proc/net/tcp` or its siblings cannot be read; a machine without IPv6 is no error.
pub fn holders(protocol: Protocol, port: u16) -> io::Result<Vec<Holder>> {
    let rows = rows(protocol)?
        .into_iter()
        .filter(|row| row.local.port() == port);
    Ok(with_owners(protocol, rows.collect()))
}

/// Every TCP listener, or every UDP socket that takes datagrams from anyone, by port.
///
/// # Errors
/// As [`holders`].
pub fn listeners(protocol: Protocol) -> io::Result<Vec<Holder>> {
    let rows = rows(protocol)?
        .into_iter()
        .filter(|row| row.state.is_open());
    let mut listeners = with_owners(protocol, rows.collect());
    listeners.sort_by_key(|holder| (holder.local.port(), holder.local.ip()));
    Ok(listeners)
}

/// Names the owners of `rows` with one walk over the processes.
fn with_owners(protocol: Protocol, mut rows: Vec<Row>) -> Vec<Holder> {
    rows.sort_by_key(|row| (rank(row.state), row.local, row.remote));
    let owners = Owners::of(rows.iter().map(|row| row.inode));
    rows.into_iter()
        .map(|row| Holder::new(protocol, &row, &owners))
        .collect()
}

fn rank(state: State) -> u8 {
    match state {
        state if state.is_open() => 0,
        State::TimeWait => 2,
        _ => 1,
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;
    use crate::table::parse;

    #[test]
    fn a_listener_comes_first_and_a_resting_connection_last() {
        let rows = parse(
            Protocol::Tcp,
            "0: 0100007F:1B5F 0100007F:C924 06 0:0 03:00000064 0 0 0 0\n\
             1: 0100007F:1B5F 0100007F:C925 01 0:0 00:0 0 0 0 0\n\
             2: 0100007F:1B5F 00000000:0000 0A 0:0 00:0 0 0 0 0\n",
        );
        let holders = with_owners(Protocol::Tcp, rows);
        let states: Vec<_> = holders.iter().map(|holder| holder.state).collect();
        assert_eq!(states, [State::Listen, State::Established, State::TimeWait]);
        assert_eq!(holders[0].remote, None);
        assert_eq!(holders[1].remote, Some("127.0.0.1:51493".parse().unwrap()));
        assert_eq!(holders[2].rest, Some(Duration::from_secs(1)));
        assert_eq!(holders[2].owner, Owner::Nobody);
        assert_eq!(holders[2].user_id, None);
    }
}
