//! What sock_diag(7) tells of sockets that the test makes itself.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::time::Duration;

use rustix::net::{AddressFamily, RecvFlags, SocketType, bind, getsockname, listen, recv, sockopt};
use sockeye_local::{
    Holder, Kinds, Neighbour, Owner, Protocol, Question, Source, State, Survey, UnixAddress,
    UnixEntry, UnixKind, holders, nearby, survey,
};

const TCP: Kinds = Kinds {
    tcp: true,
    udp: false,
    unix: false,
};
const UNIX: Kinds = Kinds {
    tcp: false,
    udp: false,
    unix: true,
};

fn skip(why: &str) {
    eprintln!("skipped: {why}");
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
}

fn looked(question: &Question) -> Survey {
    let found = survey(question).unwrap();
    assert_eq!(found.source, Source::Netlink);
    found
}

fn of_port(port: u16) -> Vec<Holder> {
    looked(&Question::Ports(vec![(Protocol::Tcp, port)])).inet
}

/// A TCP socket with an address, which has not called listen(2).
fn bound(address: &str) -> (OwnedFd, SocketAddr) {
    let address: SocketAddr = address.parse().unwrap();
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket(family, SocketType::STREAM, None).unwrap();
    bind(&socket, &address).unwrap();
    let address = getsockname(&socket).unwrap().try_into().unwrap();
    (socket, address)
}

fn pid_of(owner: &Owner) -> u32 {
    owner.process().unwrap().pid
}

#[test]
fn a_socket_that_is_bound_and_does_not_listen_holds_its_port() {
    let (socket, address) = bound("127.0.0.1:0");
    let found = holders(Protocol::Tcp, address.port()).unwrap();
    let Some(holder) = found.iter().find(|holder| holder.local == address) else {
        return skip("this kernel does not list such sockets (before Linux 6.8)");
    };
    assert_eq!(holder.state, State::BoundInactive);
    assert_eq!(pid_of(&holder.owner), std::process::id());
    assert!(TcpListener::bind(address).is_err());
    let near = nearby(Protocol::Tcp, address).unwrap();
    assert!(matches!(&near[0], Neighbour::NotListening(holder) if holder.local == address));
    listen(&socket, 1).unwrap();
    assert_eq!(of_port(address.port())[0].state, State::Listen);
    assert!(matches!(
        nearby(Protocol::Tcp, address).unwrap()[0],
        Neighbour::Here(_)
    ));
}

#[test]
fn the_queue_of_a_listener_is_told_with_its_length() {
    let (socket, address) = bound("127.0.0.1:0");
    listen(&socket, 7).unwrap();
    let clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
    let found = of_port(address.port());
    assert_eq!(
        (found[0].receive_queue, found[0].send_queue),
        (3, Some(7)),
        "{:?}",
        found[0]
    );
    let waiting: Vec<&Holder> = found.iter().filter(|holder| holder.queued).collect();
    assert_eq!(waiting.len(), clients.len());
    for holder in waiting {
        assert_eq!(pid_of(&holder.owner), std::process::id());
        assert_eq!(holder.inode, 0);
    }
}

#[test]
fn bytes_that_wait_are_counted_and_round_trips_measured() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let (server, from) = listener.accept().unwrap();
    client.write_all(b"hola").unwrap();
    // Until they are there, without taking them.
    recv(
        &server,
        &mut [0_u8; 4],
        RecvFlags::PEEK | RecvFlags::WAITALL,
    )
    .unwrap();
    let found = looked(&Question::Connections(TCP));
    let place = |local: SocketAddr, remote: SocketAddr| {
        let ours = |holder: &Holder| holder.local == local && holder.remote == Some(remote);
        found.inet.iter().position(ours).unwrap()
    };
    let (here, there) = (place(address, from), place(from, address));
    assert_eq!(found.inet[here].receive_queue, 4);
    let figures = found.inet[there].tcp.unwrap();
    assert!(figures.round_trip > Duration::ZERO && figures.round_trip < Duration::from_secs(1));
    assert_eq!(figures.retransmitted, 0);
    let ends = found.other_ends();
    assert_eq!((ends[here], ends[there]), (Some(there), Some(here)));
    assert!(
        found
            .inet
            .iter()
            .all(|holder| holder.state != State::Listen)
    );
}

#[test]
fn the_two_ends_of_an_ipv4_connection_to_an_ipv6_socket_are_joined() {
    let Ok(listener) = TcpListener::bind("[::]:0") else {
        return skip("this machine has no IPv6");
    };
    let port = listener.local_addr().unwrap().port();
    assert_eq!(of_port(port)[0].v6_only, Some(false));
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let found = looked(&Question::Connections(TCP));
    let ours = client.local_addr().unwrap();
    let place = found.inet.iter().position(|holder| holder.local == ours);
    let end = found.other_ends()[place.unwrap()].unwrap();
    assert!(found.inet[end].local.is_ipv6() && found.inet[end].queued);
}

#[test]
fn ipv6_only_is_told() {
    let Ok(socket) = rustix::net::socket(AddressFamily::INET6, SocketType::STREAM, None) else {
        return skip("this machine has no IPv6");
    };
    sockopt::set_ipv6_v6only(&socket, true).unwrap();
    bind(&socket, &"[::]:0".parse::<SocketAddr>().unwrap()).unwrap();
    listen(&socket, 1).unwrap();
    let address: SocketAddr = getsockname(&socket).unwrap().try_into().unwrap();
    assert_eq!(of_port(address.port())[0].v6_only, Some(true));
}

#[test]
fn sockets_that_share_a_port_are_all_told() {
    let shared = |address: SocketAddr| {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        sockopt::set_socket_reuseport(&socket, true).unwrap();
        bind(&socket, &address).unwrap();
        listen(&socket, 1).unwrap();
        let address: SocketAddr = getsockname(&socket).unwrap().try_into().unwrap();
        (socket, address)
    };
    let (one, address) = shared("127.0.0.1:0".parse().unwrap());
    let (_other, _) = shared(address);
    let found = of_port(address.port());
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].inode, found[1].inode);
    let again = one.try_clone().unwrap();
    let found = of_port(address.port());
    let most = found
        .iter()
        .map(|holder| holder.owner.openers()[0].descriptors.len());
    assert_eq!(most.max(), Some(2));
    drop(again);
}

#[test]
fn what_udp_throws_away_is_counted() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    sockopt::set_socket_recv_buffer_size(socket.as_fd(), 2_048).unwrap();
    let address = socket.local_addr().unwrap();
    for _ in 0..50 {
        socket.send_to(&[0; 1_000], address).unwrap();
    }
    let found = looked(&Question::Ports(vec![(Protocol::Udp, address.port())]));
    let holder = &found.inet[0];
    assert_eq!((holder.local, holder.state), (address, State::Bound));
    assert!(holder.drops.unwrap() > 10, "{holder:?}");
    assert!(holder.receive_queue > 0);
}

fn unix<'a>(found: &'a Survey, address: &UnixAddress) -> Vec<&'a UnixEntry> {
    let named = |entry: &&UnixEntry| entry.address.as_ref() == Some(address);
    found.unix.iter().filter(named).collect()
}

#[test]
fn unix_listeners_have_their_name_queue_and_owner() {
    let path = std::env::temp_dir().join(format!("sockeye-local-who-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    let name = format!("sockeye-local-who-{}\0x", std::process::id());
    let datagrams = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let datagrams = UnixDatagram::bind_addr(&datagrams).unwrap();
    let found = looked(&Question::Listening(UNIX));
    let entry = unix(&found, &UnixAddress::Path(path.clone()))[0];
    assert!(entry.listening && entry.kind == UnixKind::Stream);
    assert_eq!(entry.receive_queue, Some(1));
    assert!(entry.send_queue > entry.receive_queue, "{entry:?}");
    assert_eq!(pid_of(&entry.owner), std::process::id());
    let entry = unix(&found, &UnixAddress::Abstract(name.into_bytes()))[0];
    assert!(!entry.listening && entry.kind == UnixKind::Datagram);
    std::fs::remove_file(&path).unwrap();
    drop((listener, datagrams));
}

#[test]
fn the_two_ends_of_a_unix_connection_name_each_other() {
    let (one, other) = UnixStream::pair().unwrap();
    let inode = |end: &UnixStream| rustix::fs::fstat(end).unwrap().st_ino;
    let found = looked(&Question::Connections(UNIX));
    let entry = found.unix.iter().find(|entry| entry.inode == inode(&one));
    assert_eq!(entry.unwrap().peer, Some(inode(&other)));
}

#[test]
fn ten_thousand_sockets_are_listed_each_with_its_owner() {
    let (soft, _hard) = {
        let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let raised = rustix::process::Rlimit {
            current: limits.maximum,
            ..limits
        };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
        (raised.current, limits.maximum)
    };
    if soft.is_some_and(|most| most < 10_500) {
        return skip("10,000 descriptors are not allowed here");
    }
    // Few on each address: a port is looked for longer the more of them are taken.
    let sockets: Vec<TcpListener> = (0..10_000_u16)
        .map(|number| {
            let [high, low] = (number / 50).to_be_bytes();
            TcpListener::bind((Ipv4Addr::new(127, 78, high, low), 0)).unwrap()
        })
        .collect();
    let found = looked(&Question::Listening(TCP));
    let ours: std::collections::HashSet<SocketAddr> = found
        .inet
        .iter()
        .filter(|holder| {
            holder
                .process()
                .is_some_and(|process| process.pid == std::process::id())
        })
        .map(|holder| holder.local)
        .collect();
    for socket in &sockets {
        assert!(ours.contains(&socket.local_addr().unwrap()));
    }
}
