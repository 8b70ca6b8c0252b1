//! Ready partners: the five simple services of the RFCs, DNS, HTTP and chat, over streams and over messages.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chargen;
pub mod chat;
mod daytime;
mod discard;
pub mod dns;
mod echo;
pub mod http;
mod idle;
mod time;
mod visitor;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use sockeye_model::{SocketAddress, Totals, Type};

use chat::Chat;
use dns::Zones;
use http::Site;
use idle::Sweep;
use sockeye_net::messages::{Dropped, MessageServer, Reply, SessionLimits};
use sockeye_net::server::{Ended, Limits, Summary, serve_small, serve_streams};
use sockeye_net::{AsyncSocket, BoundPath, Error, Layers, Link, Listener, Result};
use visitor::{Ledger, Visitor};

/// One of the simple services. Each answers on a stream and on messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Sends back what it gets: [RFC 862](https://www.rfc-editor.org/rfc/rfc862).
    Echo,
    /// Throws away what it gets: [RFC 863](https://www.rfc-editor.org/rfc/rfc863).
    Discard,
    /// Says the time in words: [RFC 867](https://www.rfc-editor.org/rfc/rfc867).
    Daytime,
    /// Says letters without end: [RFC 864](https://www.rfc-editor.org/rfc/rfc864).
    Chargen,
    /// Says the seconds since 1900 in 4 bytes: [RFC 868](https://www.rfc-editor.org/rfc/rfc868).
    Time,
}

/// How services are served.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Conversations at once, and how long they may finish.
    pub limits: Limits,
    /// Ends a conversation when nothing has moved either way for this long, to within an eighth of it; `None` is never,
    /// but for DNS, which then takes [`dns::IDLE`].
    pub idle: Option<Duration>,
}

/// What a service did on one listener.
#[derive(Debug, Default)]
pub struct Served {
    /// Its conversations; a socket of datagrams has none.
    pub conversations: Summary,
    /// Those that the idle limit ended.
    pub idle: u64,
    /// Bytes both ways; calls of streams, messages of sockets that keep messages.
    pub totals: Totals,
    /// Messages that were not answered, and why.
    pub dropped: Dropped,
    /// Why a socket of datagrams could not go on; `None` when it was told to stop.
    pub failed: Option<Error>,
}

impl Service {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 5] = [
        Self::Echo,
        Self::Discard,
        Self::Daytime,
        Self::Chargen,
        Self::Time,
    ];

    /// `echo`, `discard`, `daytime`, `chargen` or `time`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Discard => "discard",
            Self::Daytime => "daytime",
            Self::Chargen => "chargen",
            Self::Time => "time",
        }
    }

    /// The service of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The port that the RFC gives it, below 1024: 7, 9, 13, 19 or 37.
    pub const fn port(self) -> u16 {
        match self {
            Self::Echo => 7,
            Self::Discard => 9,
            Self::Daytime => 13,
            Self::Chargen => 19,
            Self::Time => 37,
        }
    }

    /// The port that this tool gives it, which needs no privilege: 7000 more.
    pub const fn own_port(self) -> u16 {
        7000 + self.port()
    }

    /// Gets the listener's sockets ready for this service; `layers` stand above its connections.
    ///
    /// # Errors
    /// What `setsockopt` gave on sockets of datagrams: they are asked to say which of our addresses a message was for.
    /// One that came before is answered from the address that the kernel chooses, so say where it is only after this.
    pub fn on(self, listener: Listener, layers: Layers) -> Result<Post> {
        Post::new(Work::Simple(self), listener, layers)
    }

    async fn answer_all(self, server: &MessageServer, stop: impl Future<Output = ()>) -> Served {
        let mut line = chargen::Line::new();
        let serving = server.serve(|_, reply| self.answer(reply, &mut line));
        until(serving, server, stop).await
    }

    fn answer(self, reply: &mut Reply<'_>, line: &mut chargen::Line) {
        match self {
            Self::Echo => reply.echo(),
            Self::Discard => {}
            Self::Daytime => reply.send(daytime::text(SystemTime::now()).as_bytes()),
            Self::Chargen => reply.send(line.random_stretch()),
            Self::Time => reply.send(&time::seconds(SystemTime::now())),
        }
    }

    async fn converse(
        self,
        listener: Listener,
        layers: Layers,
        how: &Serving,
        stop: impl Future<Output = ()>,
    ) -> Served {
        let ledger = Arc::new(Ledger::default());
        let sweep = how.idle.map(Sweep::start);
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = async {
            stop.await;
            stopping.store(true, Ordering::Relaxed);
        };
        let watcher = sweep.as_ref().map(Sweep::watcher);
        let limits = &how.limits;
        let conversations = if self == Self::Echo && layers.is_none() {
            // What one that waits costs is all that a thousand of them cost.
            serve_small(listener, limits, stop, |socket, _: SocketAddress| {
                echo::converse(Visitor::new(Link::of(socket), &ledger, watcher))
            })
            .await
        } else {
            serve_streams(listener, limits, stop, |socket, peer| {
                let (layers, watcher) = (layers.clone(), watcher.cloned());
                let (ledger, stopping) = (Arc::clone(&ledger), Arc::clone(&stopping));
                async move {
                    let Some(link) = layers.admit(socket, peer).await else {
                        return Ended::Failed;
                    };
                    let link = match self {
                        Self::Daytime | Self::Chargen => link.of_text(),
                        Self::Echo | Self::Discard | Self::Time => link,
                    };
                    let visitor = Visitor::new(link, &ledger, watcher.as_ref());
                    self.receive(visitor, stopping).await
                }
            })
            .await
        };
        Served {
            conversations,
            idle: sweep.map_or(0, |sweep| sweep.ended()),
            totals: ledger.totals(),
            ..Served::default()
        }
    }
}

impl Service {
    /// One conversation, once its handshakes are over.
    async fn receive(self, visitor: Visitor, stopping: Arc<AtomicBool>) -> Ended {
        match self {
            Self::Echo => echo::converse(visitor).await,
            Self::Discard => discard::converse(visitor).await,
            Self::Daytime => daytime::converse(visitor).await,
            Self::Chargen => chargen::converse(visitor, stopping).await,
            Self::Time => time::converse(visitor).await,
        }
    }
}

/// Answers messages until a socket fails, or `stop` is ready; what was done.
async fn until(
    serving: impl Future<Output = Result<()>>,
    server: &MessageServer,
    stop: impl Future<Output = ()>,
) -> Served {
    let stop = async {
        stop.await;
        // The event loop looks once more, so that whatever had come before is answered.
        tokio::task::yield_now().await;
    };
    let failed = tokio::select! {
        biased;
        ended = serving => ended.err(),
        () = stop => None,
    };
    Served {
        totals: server.totals(),
        dropped: server.dropped(),
        failed,
        ..Served::default()
    }
}

/// A service that is ready on its sockets. Dropping it closes them, and removes its UNIX path.
pub struct Post {
    work: Work,
    locals: Vec<SocketAddress>,
    door: Door,
}

/// What is done for whoever comes.
#[derive(Clone, Debug)]
enum Work {
    Simple(Service),
    Dns(Arc<Zones>),
    Http(Arc<Site>),
    Chat(Chat),
}

enum Door {
    Connections(Listener, Layers),
    Messages(Option<BoundPath>, MessageServer),
}

impl Post {
    /// A DNS server of these zones; its listener is of streams or of datagrams.
    ///
    /// # Errors
    /// As for [`Service::on`].
    pub fn dns(zones: Arc<Zones>, listener: Listener, layers: Layers) -> Result<Self> {
        Self::new(Work::Dns(zones), listener, layers)
    }

    /// An HTTP server of this site; its listener is of streams.
    ///
    /// # Errors
    /// As for [`Service::on`].
    pub fn http(site: Arc<Site>, listener: Listener, layers: Layers) -> Result<Self> {
        Self::new(Work::Http(site), listener, layers)
    }

    /// Rooms of this chat; all its posts lead to the same rooms. Its listener is of streams or of messages.
    ///
    /// # Errors
    /// As for [`Service::on`].
    pub fn chat(chat: Chat, listener: Listener, layers: Layers) -> Result<Self> {
        let layers = layers.with_subprotocols(&[chat::JSON_SUBPROTOCOL]);
        Self::new(Work::Chat(chat), listener, layers)
    }

    fn new(work: Work, listener: Listener, layers: Layers) -> Result<Self> {
        let locals = listener.local_addresses().to_vec();
        let datagrams = |socket: &AsyncSocket| socket.kind() == Type::Datagram;
        let door = if listener.sockets().iter().any(datagrams) {
            let (sockets, path) = listener.into_sockets();
            let limits = match &work {
                Work::Chat(chat) => chat::session_limits(chat),
                Work::Simple(_) | Work::Dns(_) | Work::Http(_) => SessionLimits::default(),
            };
            Door::Messages(path, MessageServer::with_limits(sockets, limits)?)
        } else {
            Door::Connections(listener, layers)
        };
        Ok(Self { work, locals, door })
    }

    /// Where it is, an address a socket.
    pub fn local_addresses(&self) -> &[SocketAddress] {
        &self.locals
    }

    /// Serves until `stop` is ready, then lets conversations finish.
    ///
    /// A stream and a `SOCK_SEQPACKET` socket have conversations; datagrams are answered one by one, except those
    /// from a port that could answer for ever ([`would_loop`](sockeye_net::messages::would_loop)).
    ///
    /// Dropping the future ends every conversation.
    pub async fn serve(self, how: &Serving, stop: impl Future<Output = ()>) -> Served {
        match (self.work, self.door) {
            (Work::Simple(service), Door::Connections(listener, layers)) => {
                service.converse(listener, layers, how, stop).await
            }
            (Work::Dns(zones), Door::Connections(listener, layers)) => {
                dns::converse(zones, listener, layers, how, stop).await
            }
            (Work::Http(site), Door::Connections(listener, layers)) => {
                http::serve(site, listener, layers, how, stop).await
            }
            (Work::Chat(chat), Door::Connections(listener, layers)) => {
                chat::converse(chat, listener, layers, how, stop).await
            }
            (work, Door::Messages(path, server)) => {
                // In this order they are dropped: while its socket lives, a path's inode is no other file's.
                let door = (path, server);
                match work {
                    Work::Simple(service) => service.answer_all(&door.1, stop).await,
                    Work::Dns(zones) => until(dns::answer_all(zones, &door.1), &door.1, stop).await,
                    // HTTP is of streams: nothing of it fits datagrams.
                    Work::Http(_) => Served::default(),
                    Work::Chat(chat) => chat::answer_all(&chat, &door.1, how, stop).await,
                }
            }
        }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("work", &self.work)
            .field("locals", &self.locals)
            .finish_non_exhaustive()
    }
}

/// Says one thing and ends: whatever the visitor says is received and thrown away, or the close would reset the
/// connection and what was said might be lost with it.
async fn say_once(visitor: Visitor, text: &[u8]) -> Ended {
    if visitor.send_all(text).await.is_err() || visitor.finish().await.is_err() {
        return Ended::Failed;
    }
    linger(&visitor).await
}

/// Receives and throws away until the visitor has closed its side too. One that stays is left after a while; what was
/// said has long arrived.
async fn linger(visitor: &Visitor) -> Ended {
    match tokio::time::timeout(LINGER, discard::until_end(visitor)).await {
        Ok(ended) => ended,
        Err(_) => Ended::Clean,
    }
}

/// How long a visitor that has been told all may take to close its side.
const LINGER: Duration = Duration::from_secs(2);
