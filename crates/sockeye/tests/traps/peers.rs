//! The other ends: plain sockets of the standard library that give up after a while, and a directory for paths.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::tool::{PATIENCE, left};

/// Waits until there is something to read or to accept.
#[track_caller]
pub(crate) fn readable(socket: impl AsFd) {
    assert!(readable_within(socket, PATIENCE), "nothing comes");
}

/// Whether there is something to read or to accept before the time is over.
pub(crate) fn readable_within(socket: impl AsFd, time: Duration) -> bool {
    let mut events = [PollFd::new(&socket, PollFlags::IN)];
    let until = Instant::now() + time;
    again(|| Ok(poll(&mut events, Some(&left(until)))?)).unwrap();
    !events[0].revents().is_empty()
}

/// Makes the call until no signal interrupts it: with a timeout set the kernel does not begin it again by itself.
pub(crate) fn again<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// A TCP server of this test, and its address.
pub(crate) fn tcp_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// The next client of a TCP server.
#[track_caller]
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    readable(listener);
    patient(listener.accept().unwrap().0)
}

/// A TCP client.
pub(crate) fn tcp(address: &str) -> TcpStream {
    patient(TcpStream::connect(address).unwrap())
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The next client of a UNIX server.
pub(crate) fn accept_unix(listener: &UnixListener) -> UnixStream {
    readable(listener);
    patient_unix(listener.accept().unwrap().0)
}

/// A client of a UNIX server.
pub(crate) fn unix(path: &Path) -> UnixStream {
    patient_unix(UnixStream::connect(path).unwrap())
}

fn patient_unix(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A UDP socket on 127.0.0.1.
pub(crate) fn udp() -> UdpSocket {
    udp_on("127.0.0.1")
}

/// A loopback address that no other test uses, so that a port which is closed there stays closed.
pub(crate) const OWN_HOST: &str = "127.77.0.1";

/// A UDP socket on this address.
pub(crate) fn udp_on(host: &str) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A UDP socket that only hears `server`.
pub(crate) fn udp_to(server: &str) -> UdpSocket {
    let host = if server.starts_with('[') {
        "::1"
    } else {
        "127.0.0.1"
    };
    let socket = udp_on(host);
    socket.connect(server).unwrap();
    socket
}

/// A UNIX datagram socket at this path.
pub(crate) fn unix_dgram(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The next datagram.
#[track_caller]
pub(crate) fn datagram(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    let n = again(|| socket.recv(&mut buffer)).unwrap();
    buffer.truncate(n);
    buffer
}

/// The next of these datagrams and who sent it.
#[track_caller]
pub(crate) fn datagram_from(socket: &UdpSocket) -> (Vec<u8>, std::net::SocketAddr) {
    let mut buffer = vec![0; 1 << 16];
    let (n, peer) = again(|| socket.recv_from(&mut buffer)).unwrap();
    buffer.truncate(n);
    (buffer, peer)
}

/// Both kinds of connected stream, for tests that are the same over TCP and UNIX.
pub(crate) trait Conversation: Read + Write + Send + 'static {
    /// Ends our direction.
    fn finish(&self);
}

impl Conversation for TcpStream {
    fn finish(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl Conversation for UnixStream {
    fn finish(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

/// Reads to the end.
#[track_caller]
pub(crate) fn all(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Reads so many bytes.
#[track_caller]
pub(crate) fn exactly(stream: &mut impl Read, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Closing this socket will be a reset.
pub(crate) fn reset_on_close(socket: impl AsFd) {
    rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO)).unwrap();
}

/// A directory of this test, which goes with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sockeye-trap-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A path as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
