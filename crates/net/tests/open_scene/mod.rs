//! What the tests of opening share: an event loop with an end, the events as one line, odd resolvers, full backlogs.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockeye_model::{Address, Call, Event, Flow, Kind, Sink, SocketAddress, Source, Tally, Wants};
use sockeye_net::{Dialing, Family, Listening, Resolve, Resolving, Socket, Tap, Type};
use sockeye_tap::{Policy, Viewer};

/// Runs a test in an event loop; one that hangs fails after 20 s.
pub fn in_loop<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .unwrap()
    })
}

pub fn address(text: &str) -> Address {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn quiet() -> Dialing {
    Dialing::new(Tap::off())
}

pub fn silent() -> Listening {
    Listening::new(Tap::off())
}

/// A resolver that knows one answer for every name.
#[derive(Clone)]
pub struct Knows(pub Vec<IpAddr>);

impl Knows {
    pub fn dialing(addresses: &[&str], tap: Tap) -> Dialing {
        let known = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Dialing {
            resolver: Arc::new(Self(known)),
            ..Dialing::new(tap)
        }
    }
}

impl Resolve for Knows {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok((self.0.clone(), Source::System)) })
    }
}

/// A resolver made of a closure that gets the number of the question, from 1.
pub struct Asked<F>(pub F, pub AtomicU32);

impl<F> Asked<F> {
    pub fn new(answer: F) -> Self {
        Self(answer, AtomicU32::new(0))
    }

    pub fn times(&self) -> u32 {
        self.1.load(Ordering::Relaxed)
    }
}

impl<F: Fn(u32) -> io::Result<Vec<IpAddr>> + Send + Sync> Resolve for Asked<F> {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let answer = (self.0)(self.1.fetch_add(1, Ordering::Relaxed) + 1);
        Box::pin(async { Ok((answer?, Source::System)) })
    }
}

/// A port that answers nobody: its queue is full, so the kernel drops the handshake.
pub struct Dead {
    pub local: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Dead {
    pub fn at(host: &str, port: u16) -> Self {
        let ip: IpAddr = host.parse().unwrap();
        let family = if ip.is_ipv4() {
            Family::Inet
        } else {
            Family::Inet6
        };
        let listener = Socket::new(family, Type::Stream).unwrap();
        let local = listener.bind(SocketAddr::new(ip, port)).unwrap();
        let local = local.inet().unwrap();
        listener.listen(0).unwrap();
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let client = Socket::new(family, Type::Stream).unwrap();
            client.set_timeout(Some(Duration::from_millis(100)));
            let full = client.connect(local).is_err();
            sockets.push(client);
            if full {
                return Self {
                    local,
                    _sockets: sockets,
                };
            }
        }
        panic!("the queue of a listener with backlog 0 took 8 connections");
    }
}

/// A port of 127.0.0.1 that is free on `::1` as well, with a listener on it.
pub fn ipv4_only_server() -> (Socket, u16) {
    let server = Socket::new(Family::Inet, Type::Stream).unwrap();
    let local = server
        .bind("127.0.0.1:0".parse::<SocketAddr>().unwrap())
        .unwrap();
    server.listen(16).unwrap();
    (server, local.port().unwrap())
}

/// A TCP port that is closed on every address for as long as it is kept: bound, and nobody listens.
pub struct Closed {
    pub port: u16,
    _bound: [Socket; 2],
}

impl Closed {
    pub fn new() -> Self {
        let bound = || {
            let four = Socket::new(Family::Inet, Type::Stream).unwrap();
            let local = four.bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
            let port = local.port().unwrap();
            let six = Socket::new(Family::Inet6, Type::Stream).unwrap();
            six.bind(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)))
                .ok()?;
            Some(Self {
                port,
                _bound: [four, six],
            })
        };
        (0..100).find_map(|_| bound()).unwrap()
    }
}

/// A directory of its own for one test, with a short name.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sky-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Keeps every event.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<Event<'static>>>>);

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
    pub fn start() -> (Self, Tap, Viewer) {
        let kept = Self::default();
        let (tap, viewer) =
            sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
        (kept, tap, viewer)
    }

    /// One word an event, in order, with the socket's number before it.
    pub fn story(&self, viewer: Viewer) -> String {
        viewer.finish(Tally::default(), None).unwrap();
        let events = self.0.lock().unwrap();
        let words: Vec<_> = events
            .iter()
            .filter_map(|event| Some(format!("{} {}", event.socket, word(&event.kind)?)))
            .collect();
        words.join(", ")
    }
}

fn word(kind: &Kind<'_>) -> Option<String> {
    Some(match kind {
        Kind::Created { .. } => "socket".into(),
        Kind::Configured { option, value } => format!("{option}={value}"),
        Kind::Resolved {
            name, addresses, ..
        } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("{name}={}", addresses.join("+"))
        }
        Kind::Bound { local } => format!("bound({})", ip(local)),
        Kind::Listening { .. } => "listening".into(),
        Kind::Connecting { peer } => format!("connecting({})", ip(peer)),
        Kind::Connected { peer, .. } => format!("connected({})", ip(peer)),
        Kind::Accepted { .. } => "accepted".into(),
        Kind::Waiting { call } => format!("waiting({call})"),
        Kind::Called {
            call: Call::Unlink,
            result: Ok(0),
        } => "unlinked".into(),
        Kind::Failed { call, errno, .. } => format!("failed({call},{errno})"),
        Kind::Closed { .. } => "closed".into(),
        Kind::Sampled { .. } => return None,
        other => format!("{other:?}"),
    })
}

/// The address without its port, which is another each time.
fn ip(address: &SocketAddress) -> String {
    match address.inet() {
        Some(inet) => inet.ip().to_string(),
        None => address.to_string(),
    }
}
