//! Many sockets at once: all listeners, all that hold some ports, or all connections, with one walk over the processes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;

use crate::holder::{Holder, rank};
use crate::owner::{Owner, Owners};
use crate::peer::{accepting, is_queued};
use crate::sock_diag::{Ask, UnixRow, unix_rows};
use crate::table::{Protocol, Row, Source, State, table};
use crate::unix_table::{self, UnixAddress, UnixKind};

/// Which sockets are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// TCP listeners, UDP sockets that take datagrams from anyone, UNIX sockets that called listen(2) or that take
    /// datagrams and have a name.
    Listening(Kinds),
    /// Every socket on these local ports, in every state.
    Ports(Vec<(Protocol, u16)>),
    /// Every socket with a peer, TIME_WAIT left out.
    Connections(Kinds),
}

/// Which kinds of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// tcp(7).
    pub tcp: bool,
    /// udp(7).
    pub udp: bool,
    /// unix(7).
    pub unix: bool,
}

/// A UNIX socket, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixEntry {
    /// Its type.
    pub kind: UnixKind,
    /// listen(2) was called.
    pub listening: bool,
    /// It has a peer.
    pub connected: bool,
    /// Its name, if it has one. A connection that a listener accepted bears the listener's name.
    pub address: Option<UnixAddress>,
    /// The socket's number in `/proc/*/fd`.
    pub inode: u64,
    /// That of the peer's socket.
    pub peer: Option<u64>,
    /// Bytes that have arrived and were not read; of a listener, connections that wait to be accepted. `None` if not
    /// known.
    pub receive_queue: Option<u32>,
    /// Bytes on their way to the peer; of a listener, how many connections may wait. `None` if not known.
    pub send_queue: Option<u32>,
    /// The user who made it; `None` if not known (before Linux 5.4).
    pub user_id: Option<u32>,
    /// Whose it is.
    pub owner: Owner,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// TCP before UDP, by port, then by address.
    pub inet: Vec<Holder>,
    /// By name; those without one last.
    pub unix: Vec<UnixEntry>,
    /// Where it was read. [`Source::Proc`] if one of the tables was.
    pub source: Source,
}

/// Looks for sockets of this network namespace.
///
/// ```
/// use sockeye_local::{Kinds, Question, survey};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let kinds = Kinds { tcp: true, udp: false, unix: false };
/// let found = survey(&Question::Listening(kinds))?;
/// let address = listener.local_addr()?;
/// assert!(found.inet.iter().any(|holder| holder.local == address));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Neither sock_diag(7) nor `/proc/net` can be read.
pub fn survey(question: &Question) -> io::Result<Survey> {
    let mut asked: Vec<(Protocol, Ask)> = Vec::new();
    match question {
        Question::Listening(kinds) => asked.extend(inet(*kinds).map(|of| (of, Ask::Open))),
        Question::Connections(kinds) => asked.extend(inet(*kinds).map(|of| (of, Ask::Connections))),
        // A whole table is read for many ports, as for one: the kernel looks at every socket each time.
        Question::Ports(ports) if ports.len() > FEW => asked.extend(
            [Protocol::Tcp, Protocol::Udp]
                .into_iter()
                .filter(|protocol| ports.iter().any(|(of, _)| of == protocol))
                .map(|protocol| (protocol, Ask::All)),
        ),
        Question::Ports(ports) => {
            asked.extend(ports.iter().map(|(of, port)| (*of, Ask::Port(*port))))
        }
    }
    let mut source = Source::Netlink;
    let mut rows: Vec<(Protocol, Row)> = Vec::new();
    for (protocol, ask) in asked {
        let table = table(protocol, ask)?;
        if let Source::Proc(_) = table.source {
            source = table.source;
        }
        rows.extend(table.rows.into_iter().map(|row| (protocol, row)));
    }
    if let Question::Ports(ports) = question {
        let ports: HashSet<&(Protocol, u16)> = ports.iter().collect();
        rows.retain(|(protocol, row)| ports.contains(&(*protocol, row.local.port())));
    }
    let unix = unix(question, &mut source)?;
    Ok(named(question, rows, unix, source))
}

/// Ports that the kernel is asked for one by one.
const FEW: usize = 8;

fn inet(kinds: Kinds) -> impl Iterator<Item = Protocol> {
    let tcp = kinds.tcp.then_some(Protocol::Tcp);
    tcp.into_iter().chain(kinds.udp.then_some(Protocol::Udp))
}

fn unix(question: &Question, source: &mut Source) -> io::Result<Vec<UnixRow>> {
    let (wanted, connections) = match question {
        Question::Listening(kinds) => (kinds.unix, false),
        Question::Connections(kinds) => (kinds.unix, true),
        Question::Ports(_) => (false, false),
    };
    if !wanted {
        return Ok(Vec::new());
    }
    let mut rows = match unix_rows() {
        Ok(rows) => rows,
        Err(error) => {
            *source = Source::Proc(error.kind());
            let rows = unix_table::parse(&unix_table::text()?);
            rows.iter().map(UnixRow::of_table).collect()
        }
    };
    rows.retain(|row| match connections {
        true => row.connected,
        false => row.listening || (takes_datagrams(row) && row.address.is_some()),
    });
    Ok(rows)
}

/// Whether others may send to it without being connected.
fn takes_datagrams(row: &UnixRow) -> bool {
    row.kind == UnixKind::Datagram && !row.connected
}

/// Finds the owners of all with one walk, and puts everything in order.
fn named(
    question: &Question,
    rows: Vec<(Protocol, Row)>,
    unix: Vec<UnixRow>,
    source: Source,
) -> Survey {
    let connections = matches!(question, Question::Connections(_));
    let listeners: Vec<Row> = match question {
        Question::Listening(_) => Vec::new(),
        _ => rows
            .iter()
            .filter(|(_, row)| row.state == State::Listen)
            .map(|(_, row)| row.clone())
            .collect(),
    };
    let queues: HashMap<SocketAddr, Vec<u64>> = rows
        .iter()
        .filter(|(_, row)| is_queued(row))
        .map(|(_, row)| row.local)
        .collect::<std::collections::HashSet<_>>()
        .into_iter()
        .map(|local| (local, accepting(&listeners, local)))
        .collect();
    let wanted = rows
        .iter()
        .filter(|(_, row)| !connections || row.state != State::Listen)
        .map(|(_, row)| row.inode);
    let owners = Owners::of(
        wanted
            .chain(queues.values().flatten().copied())
            .chain(unix.iter().map(|row| row.inode)),
    );
    let mut inet: Vec<Holder> = rows
        .iter()
        .filter(|(_, row)| !connections || row.state != State::Listen)
        .map(|(protocol, row)| {
            let mut holder = Holder::new(*protocol, row, &owners);
            if let Some(inodes) = queues.get(&row.local).filter(|_| is_queued(row)) {
                holder.queued = true;
                holder.owner = owners.owner_of_any(inodes);
            }
            holder
        })
        .collect();
    inet.sort_by_key(|holder| {
        let (port, ip) = (holder.local.port(), holder.local.ip());
        let remote = holder.remote.map(|remote| (remote.ip(), remote.port()));
        (
            holder.protocol,
            port,
            rank(holder.state),
            ip,
            remote,
            holder.inode,
        )
    });
    let mut unix: Vec<UnixEntry> = unix
        .into_iter()
        .map(|row| UnixEntry {
            kind: row.kind,
            listening: row.listening,
            connected: row.connected,
            address: row.address,
            inode: row.inode,
            peer: row.peer,
            receive_queue: row.receive_queue,
            send_queue: row.send_queue,
            user_id: row.user_id,
            owner: owners.owner(row.inode),
        })
        .collect();
    unix.sort_by(|one, other| {
        let key = |entry: &UnixEntry| (entry.address.is_none(), entry.inode);
        (one.address.is_none(), &one.address)
            .cmp(&(other.address.is_none(), &other.address))
            .then(key(one).cmp(&key(other)))
    });
    Survey { inet, unix, source }
}

impl Survey {
    /// For each of [`Survey::inet`] the place there of the connection's other end, where that is on this machine too. An
    /// IPv4-mapped address equals the IPv4 address.
    #[must_use]
    pub fn other_ends(&self) -> Vec<Option<usize>> {
        let plain = |address: SocketAddr| (address.ip().to_canonical(), address.port());
        let mut places = HashMap::with_capacity(self.inet.len());
        for (place, holder) in self.inet.iter().enumerate() {
            if let Some(remote) = holder.remote {
                let key = (holder.protocol, plain(holder.local), plain(remote));
                places.insert(key, place);
            }
        }
        self.inet
            .iter()
            .map(|holder| {
                let remote = plain(holder.remote?);
                let key = (holder.protocol, remote, plain(holder.local));
                places.get(&key).copied()
            })
            .collect()
    }
}
