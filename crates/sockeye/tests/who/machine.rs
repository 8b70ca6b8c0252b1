//! Sockets and processes for the tests to find.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, sockopt};

/// One test that starts processes at a time: a child has copies of all sockets until it runs its program.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says why a test could not be made; where tests must not be skipped, it fails.
pub(crate) fn skipped(why: &str) {
    crate::ran::skipped(why);
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
}

/// Another process that has a socket: it was given as its standard input.
pub(crate) struct Other(Child);

impl Other {
    pub(crate) fn with(socket: impl Into<OwnedFd>) -> Self {
        let mut command = Command::new("sleep");
        command.arg("600").stdin(socket.into());
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

/// A process that listens with SO_BINDTODEVICE, for which there is no safe call in the library the tests use.
pub(crate) fn listening_on_lo(ip: &str) -> Other {
    let child = crate::ran::command(&["listen", "--many", &format!("tcp://{ip}:0#interface=lo")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !crate::ran::sockeye(&["who", "--tcp"]).stdout.contains(ip) {
        assert!(std::time::Instant::now() < until, "it does not listen");
    }
    Other(child)
}

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// How a socket is made.
#[derive(Clone, Copy, Default)]
pub(crate) struct How {
    pub(crate) v6_only: bool,
    pub(crate) reuseport: bool,
}

/// A TCP socket with this address, which does not listen.
pub(crate) fn bound(address: &str, how: How) -> (OwnedFd, SocketAddr) {
    let address: SocketAddr = address.parse().unwrap();
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let closed = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, closed, None).unwrap();
    if how.v6_only {
        sockopt::set_ipv6_v6only(&socket, true).unwrap();
    }
    if how.reuseport {
        sockopt::set_socket_reuseport(&socket, true).unwrap();
    }
    bind(&socket, &address).unwrap();
    let address = getsockname(&socket).unwrap().try_into().unwrap();
    (socket, address)
}

/// The same once it listens, with this backlog.
pub(crate) fn listening(address: &str, backlog: i32, how: How) -> (OwnedFd, SocketAddr) {
    let (socket, address) = bound(address, how);
    listen(&socket, backlog).unwrap();
    (socket, address)
}

/// A connection: client, server.
pub(crate) fn connected(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client, server)
}

/// Leaves a connection of `listener` in TIME_WAIT, on its side.
pub(crate) fn rest(listener: &TcpListener) {
    let (mut client, server) = connected(listener);
    drop(server);
    assert_eq!(std::io::Read::read(&mut client, &mut [0]).unwrap(), 0);
}

/// Runs `test`, which is the test called `name`, in a network of its own with `lo` up, so that all sockets there are its
/// own.
pub(crate) fn in_own_network(name: &str, test: impl FnOnce()) {
    const INSIDE: &str = "SOCKEYE_TEST_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        let up = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        return test();
    }
    let works = Command::new("unshare")
        .args(["--net", "ip", "link"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !works.is_ok_and(|status| status.success()) {
        return skipped("no network namespace can be made here with unshare(1) and ip(8)");
    }
    let child = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{output}{errors}");
    assert!(output.contains("1 passed"), "{output}{errors}");
}
