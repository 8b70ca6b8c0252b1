//! Ports, their holders, their neighbours and their peers on the machine that runs the test.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sockeye_local::{
    Holder, Neighbour, Owner, Protocol, State, holders, listeners, listeners_on, nearby, peer,
};

/// Another process that has a socket: it was given as its standard input.
struct Other(Child);

impl Other {
    fn with(socket: impl Into<OwnedFd>) -> Self {
        let child = Command::new("sleep")
            .arg("600")
            .stdin(socket.into())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn me() -> u32 {
    std::process::id()
}

fn pids(owner: &Owner) -> Vec<u32> {
    owner
        .openers()
        .iter()
        .map(|opener| opener.process.pid)
        .collect()
}

fn held(protocol: Protocol, port: u16) -> Vec<(SocketAddr, State)> {
    let holders = holders(protocol, port).unwrap();
    holders
        .iter()
        .map(|holder| (holder.local, holder.state))
        .collect()
}

/// One test at a time: a child that another test starts has copies of all sockets until it runs its program, so
/// that a socket closed here could still be open for a moment.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn skip(why: &str) {
    eprintln!("skipped: {why}");
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
}

#[test]
fn a_listener_of_this_process_is_found_with_its_descriptor() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let found = holders(Protocol::Tcp, address.port()).unwrap();
    assert_eq!(
        (found[0].local, found[0].state, found[0].remote),
        (address, State::Listen, None)
    );
    assert_eq!(pids(&found[0].owner), [me()]);
    assert_ne!(found[0].inode, 0);
    assert_eq!(found[0].user_id, Some(found[0].process().unwrap().user_id));
    let all = listeners(Protocol::Tcp).unwrap();
    assert!(all.iter().any(|holder| holder.local == address));
    assert!(all.iter().all(|holder| holder.state == State::Listen));
}

#[test]
fn a_port_that_was_given_back_is_held_by_nobody() {
    let _alone = alone();
    // An address of this test alone: the number may be somebody's elsewhere at once.
    let listener = TcpListener::bind("127.77.2.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let open = (address, State::Listen);
    assert!(!held(Protocol::Tcp, address.port()).contains(&open));
}

#[test]
fn a_listener_of_two_processes_names_both_and_one_of_another_names_that() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = Other::with(listener.try_clone().unwrap());
    let mut both = [me(), other.0.id()];
    both.sort_unstable();
    assert_eq!(pids(&holders(Protocol::Tcp, port).unwrap()[0].owner), both);
    drop(listener);
    let found = holders(Protocol::Tcp, port).unwrap();
    assert_eq!(found[0].owner.openers()[0].descriptors, [0]);
    let process = found[0].process().unwrap();
    assert_eq!(
        (process.pid, process.name.as_str()),
        (other.0.id(), "sleep")
    );
    assert_eq!(process.command_line, ["sleep", "600"]);
}

#[test]
fn who_listens_on_a_port_is_told_without_its_connections() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _client = TcpStream::connect(address).unwrap();
    let _server = listener.accept().unwrap();
    let listening = listeners_on(Protocol::Tcp, address.port()).unwrap();
    let found: Vec<_> = listening
        .iter()
        .map(|held| (held.local, held.state))
        .collect();
    assert_eq!(found, [(address, State::Listen)]);
    assert_eq!(pids(&listening[0].owner), [me()]);
    assert!(held(Protocol::Tcp, address.port()).len() > 1);
    assert_eq!(listeners_on(Protocol::Udp, address.port()).unwrap(), []);
}

#[test]
fn udp_sockets_are_bound_or_connected() {
    let _alone = alone();
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = bound.local_addr().unwrap();
    connected.connect(address).unwrap();
    assert_eq!(
        held(Protocol::Udp, address.port()),
        [(address, State::Bound)]
    );
    let found = holders(Protocol::Udp, connected.local_addr().unwrap().port()).unwrap();
    assert_eq!(
        (found[0].state, found[0].remote),
        (State::Connected, Some(address))
    );
    let open = listeners(Protocol::Udp).unwrap();
    assert!(open.iter().any(|holder| holder.local == address));
    assert!(open.iter().all(|holder| holder.state == State::Bound));
}

#[test]
fn a_connection_in_time_wait_holds_its_port_and_belongs_to_nobody() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let (server, from) = listener.accept().unwrap();
    drop(listener);
    // The end that closes first rests.
    drop(server);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop(client);
    let found = holders(Protocol::Tcp, address.port()).unwrap();
    let ours = |holder: &&Holder| holder.local == address && holder.remote == Some(from);
    let found = found.iter().find(ours).unwrap();
    assert_eq!(found.state, State::TimeWait);
    assert_eq!(found.owner, Owner::Nobody);
    let rest = found.rest.unwrap();
    assert!((50..=60).contains(&rest.as_secs()), "{rest:?}");
}

#[test]
fn both_ends_of_a_connection_find_each_other() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let (ours, theirs) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let other = Other::with(client);
    server.write_all(b"x").unwrap();
    let found = peer(Protocol::Tcp, theirs, ours).unwrap().unwrap();
    assert_eq!(pids(&found.owner), [other.0.id()]);
    assert_eq!((found.state, found.queued), (State::Established, false));
    let found = peer(Protocol::Tcp, ours, theirs).unwrap().unwrap();
    assert_eq!(found.process().unwrap().pid, me());
}

#[test]
fn before_accept_the_other_end_is_the_listeners() {
    let _alone = alone();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = Other::with(listener);
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let found = peer(
        Protocol::Tcp,
        client.local_addr().unwrap(),
        client.peer_addr().unwrap(),
    );
    let found = found.unwrap().unwrap();
    assert!(found.queued, "{found:?}");
    assert_eq!(pids(&found.owner), [other.0.id()]);
}

#[test]
fn an_ipv4_client_of_an_ipv6_listener_is_found_from_both_sides() {
    let _alone = alone();
    let Ok(listener) = TcpListener::bind("[::]:0") else {
        return skip("this machine has no IPv6");
    };
    let Ok(client) = TcpStream::connect(("127.0.0.1", listener.local_addr().unwrap().port()))
    else {
        return skip("IPv6 sockets do not take IPv4 on this machine");
    };
    let (server, mapped) = listener.accept().unwrap();
    assert!(mapped.is_ipv6());
    let other = Other::with(server.try_clone().unwrap());
    let (here, there) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
    drop(server);
    let found = peer(
        Protocol::Tcp,
        client.local_addr().unwrap(),
        client.peer_addr().unwrap(),
    );
    assert_eq!(pids(&found.unwrap().unwrap().owner), [other.0.id()]);
    let found = peer(Protocol::Tcp, here, there).unwrap().unwrap();
    assert_eq!(found.process().unwrap().pid, me());
}

#[test]
fn a_udp_peer_is_found_though_it_is_not_connected() {
    let _alone = alone();
    let server = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let other = Other::with(server);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let found = peer(
        Protocol::Udp,
        client.local_addr().unwrap(),
        SocketAddr::from(([127, 0, 0, 1], port)),
    );
    let found = found.unwrap().unwrap();
    assert_eq!(
        (pids(&found.owner), found.state),
        (vec![other.0.id()], State::Bound)
    );
    let elsewhere = SocketAddr::from(([203, 0, 113, 7], port));
    assert_eq!(
        peer(Protocol::Udp, client.local_addr().unwrap(), elsewhere).unwrap(),
        None
    );
}

#[test]
fn a_refused_port_that_is_open_in_the_other_family_says_so() {
    let _alone = alone();
    let on_ipv4 = |listener: &TcpListener| {
        SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()))
    };
    let listeners = std::iter::repeat_with(|| TcpListener::bind("[::1]:0")).take(16);
    let refused = |listener: &TcpListener| TcpStream::connect(on_ipv4(listener)).is_err();
    let Some(listener) = listeners.flatten().find(refused) else {
        return skip("this machine has no IPv6 loopback");
    };
    let (address, target) = (listener.local_addr().unwrap(), on_ipv4(&listener));
    let found = nearby(Protocol::Tcp, target).unwrap();
    let ours = |neighbour: &Neighbour| matches!(neighbour, Neighbour::OtherAddress(Holder { local, .. }) if *local == address);
    let neighbour = found.iter().find(|neighbour| ours(neighbour)).unwrap();
    assert_eq!(neighbour.holder().process().unwrap().pid, me());
    assert!(matches!(
        nearby(Protocol::Tcp, address).unwrap()[0],
        Neighbour::Here(_)
    ));
}

#[test]
fn a_tcp_port_whose_udp_twin_is_open_says_so() {
    let _alone = alone();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let found = nearby(Protocol::Tcp, address).unwrap();
    let twin = found.iter().find_map(|neighbour| match neighbour {
        Neighbour::OtherProtocol(holder) if holder.local == address => Some(holder),
        _ => None,
    });
    let twin = twin.unwrap();
    assert_eq!(
        (twin.protocol, twin.local, twin.state),
        (Protocol::Udp, address, State::Bound)
    );
    assert_eq!(twin.process().unwrap().pid, me());
}

#[test]
fn nothing_is_near_an_address_of_another_machine() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(
        nearby(Protocol::Tcp, SocketAddr::from(([203, 0, 113, 7], port))).unwrap(),
        []
    );
}
