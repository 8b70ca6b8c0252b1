//! What the tests of messages share: sockets on loopback, a limit on waiting, and kept events.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockeye_model::{Event, Flow, Kind, Sink, SocketAddress, Tally, Wants};
use sockeye_net::{AsyncSocket, Family, Lent, Tap, Type};
use sockeye_tap::{Policy, Viewer};

/// Long enough for a busy machine; a test that needs all of it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::time::timeout(LONG, test).await })
        .expect("the test hangs")
}

/// Runs `client` while `server` runs, which must not end.
pub(crate) async fn beside<T>(
    server: impl Future<Output = sockeye_net::Result<()>>,
    client: impl Future<Output = T>,
) -> T {
    tokio::select! {
        biased;
        done = client => done,
        ended = server => panic!("the server ended: {ended:?}"),
    }
}

pub(crate) fn inet(text: &str) -> SocketAddress {
    text.parse::<SocketAddr>().unwrap().into()
}

/// Closes the port of a connected UDP socket to all others without giving it away: from now on it talks to itself. Its
/// peer until now; connected to that once more, it is back.
pub(crate) async fn closed_off(socket: &AsyncSocket) -> SocketAddress {
    let peer = socket.peer_address().unwrap();
    socket
        .connect(&socket.local_address().unwrap())
        .await
        .unwrap();
    peer
}

pub(crate) fn udp_on(address: &str, tap: &Tap) -> AsyncSocket {
    let address = inet(address);
    let family = match address.inet().unwrap() {
        SocketAddr::V4(_) => Family::Inet,
        SocketAddr::V6(_) => Family::Inet6,
    };
    let socket = sockeye_net::Socket::with_protocol(
        family,
        Type::Datagram,
        sockeye_net::Protocol::DEFAULT,
        tap,
    )
    .unwrap();
    socket.bind(address).unwrap();
    socket.into_async().unwrap()
}

/// A UDP socket that remembers `peer` and hears nobody else.
pub(crate) async fn udp_to(peer: &SocketAddress) -> AsyncSocket {
    let family = match peer.inet().unwrap() {
        SocketAddr::V4(_) => Family::Inet,
        SocketAddr::V6(_) => Family::Inet6,
    };
    let socket = AsyncSocket::new(family, Type::Datagram, &Tap::off()).unwrap();
    socket.connect(peer).await.unwrap();
    socket
}

/// A path of its own for each socket, removed when dropped.
pub(crate) struct Path(PathBuf);

impl Path {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-messages-{}-{next}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn address(&self) -> SocketAddress {
        SocketAddress::UnixPath(self.0.as_path().into())
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) fn unix_on(path: &Path, kind: Type, tap: &Tap) -> AsyncSocket {
    let socket =
        sockeye_net::Socket::with_protocol(Family::Unix, kind, sockeye_net::Protocol::DEFAULT, tap)
            .unwrap();
    socket.bind(path.address()).unwrap();
    socket.into_async().unwrap()
}

/// The next message.
pub(crate) async fn next(socket: &AsyncSocket) -> Vec<u8> {
    match socket.recv_lease().await.unwrap() {
        Lent::Data(lease) => lease.to_vec(),
        Lent::End => panic!("an end instead of a message"),
    }
}

/// CPU time of this thread so far; a test and its event loop have one thread.
pub(crate) fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// A sink that keeps every event, with its bytes.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<Event<'static>>>>);

impl Sink for Kept {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.0.lock().unwrap().push(event.clone().into_owned());
        Ok(Flow::Continue)
    }
}

impl Kept {
    pub(crate) fn start() -> (Self, Tap, Viewer) {
        let kept = Self::default();
        let (tap, viewer) =
            sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
        (kept, tap, viewer)
    }

    /// All events, once the view thread has seen them.
    pub(crate) fn finish(&self, viewer: Viewer) -> Vec<Event<'static>> {
        viewer.finish(Tally::default(), None).unwrap();
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The kinds of all events that `pick` wants.
pub(crate) fn count(events: &[Event<'static>], pick: impl Fn(&Kind<'_>) -> bool) -> usize {
    events.iter().filter(|event| pick(&event.kind)).count()
}
