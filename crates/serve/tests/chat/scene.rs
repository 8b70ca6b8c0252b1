//! A chat that runs on a thread of its own, at several addresses, and members that talk to it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use sockeye_model::SocketAddress;
use sockeye_model::text::Language;
use sockeye_net::server::{Limits, Seats};
use sockeye_net::{Dialing, Layers, Lent, Link, Listening, Tap, connect, listen};
use sockeye_serve::chat::{Chat, ChatLimits, Counts};
use sockeye_serve::{Post, Served, Serving};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A chat and where it is.
pub(crate) struct Running {
    pub(crate) at: Vec<Vec<SocketAddress>>,
    pub(crate) chat: Chat,
    stop: watch::Sender<bool>,
    thread: JoinHandle<Vec<Served>>,
}

impl Running {
    pub(crate) fn start(addresses: &[&str]) -> Self {
        Self::with(addresses, ChatLimits::USUAL, PATIENCE)
    }

    pub(crate) fn with(addresses: &[&str], limits: ChatLimits, drain: Duration) -> Self {
        let addresses: Vec<_> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        let chat = Chat::new(Language::English, limits);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = watch::channel(false);
        let rooms = chat.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let seats = Seats::new(10_000);
                let mut posts = Vec::new();
                let mut at = Vec::new();
                for address in &addresses {
                    let listener = listen(address, &Listening::new(Tap::off())).await.unwrap();
                    let layers = Layers::of(address, &listener).unwrap();
                    let post = Post::chat(rooms.clone(), listener, layers).unwrap();
                    at.push(post.local_addresses().to_vec());
                    let how = Serving {
                        limits: Limits {
                            seats: seats.clone(),
                            ..Limits::new(1, drain)
                        },
                        idle: None,
                    };
                    let mut stopped = stopped.clone();
                    posts.push(tokio::spawn(async move {
                        let stopped = async {
                            let _ = stopped.wait_for(|stop| *stop).await;
                        };
                        post.serve(&how, stopped).await
                    }));
                }
                tell.send(at).unwrap();
                let mut served = Vec::new();
                for post in posts {
                    served.push(post.await.unwrap());
                }
                served
            })
        });
        Self {
            at: told.recv_timeout(PATIENCE).unwrap(),
            chat,
            stop,
            thread,
        }
    }

    /// The first address of the post at that place.
    pub(crate) fn inet(&self, post: usize) -> SocketAddr {
        self.at[post][0].inet().unwrap()
    }

    /// Stops it, lets it drain, and says what it did.
    pub(crate) fn stop(self) -> (Vec<Served>, Counts) {
        self.stop.send(true).unwrap();
        (self.thread.join().unwrap(), self.chat.counts())
    }
}

/// A member, whatever it came over.
pub(crate) enum Member {
    Tcp(BufReader<TcpStream>),
    Unix(BufReader<UnixStream>),
    Udp(UdpSocket),
    /// Whatever the library connects to, with what has come of the next line.
    Link(Link, Runtime, String),
}

impl Member {
    pub(crate) fn tcp(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self::Tcp(BufReader::new(stream))
    }

    pub(crate) fn unix(at: &PathBuf) -> Self {
        let stream = UnixStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::Unix(BufReader::new(stream))
    }

    /// Comes in by its first datagram, which says nothing.
    pub(crate) fn udp(at: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut member = Self::Udp(socket);
        member.say("");
        member
    }

    /// Connects as `sockeye connect` does.
    pub(crate) fn link(address: &str) -> Self {
        let address = address.parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let link = runtime.block_on(async {
            let connected = connect(&address, &Dialing::new(Tap::off())).await.unwrap();
            connected.link
        });
        Self::Link(link, runtime, String::new())
    }

    pub(crate) fn say(&mut self, line: &str) {
        match self {
            Self::Link(link @ Link::Stream(_), runtime, _) => {
                let line = format!("{line}\n");
                runtime.block_on(link.send_all(line.as_bytes())).unwrap();
            }
            Self::Link(link, runtime, _) => {
                runtime.block_on(link.send_all(line.as_bytes())).unwrap();
            }
            Self::Tcp(stream) => writeln!(stream.get_mut(), "{line}").unwrap(),
            Self::Unix(stream) => writeln!(stream.get_mut(), "{line}").unwrap(),
            Self::Udp(socket) => drop(socket.send(line.as_bytes()).unwrap()),
        }
    }

    /// The next line, or what a datagram brought; empty is the end.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        match self {
            Self::Tcp(stream) => drop(stream.read_line(&mut line).unwrap()),
            Self::Unix(stream) => drop(stream.read_line(&mut line).unwrap()),
            Self::Udp(socket) => {
                let mut datagram = [0; 70_000];
                let len = socket.recv(&mut datagram).unwrap();
                line = String::from_utf8(datagram[..len].to_vec()).unwrap();
                assert!(line.ends_with('\n'), "{line:?}");
            }
            Self::Link(link, runtime, begun) => loop {
                if let Some((whole, rest)) = begun.split_once('\n') {
                    (line, *begun) = (whole.to_owned(), rest.to_owned());
                    return line;
                }
                let received = async { tokio::time::timeout(PATIENCE, link.recv()).await };
                match runtime.block_on(received).unwrap().unwrap() {
                    Lent::End => return line,
                    Lent::Data(data) => {
                        let text = std::str::from_utf8(&data).unwrap();
                        // A message of a WebSocket has no end of a line.
                        if matches!(link, Link::Messages(_)) {
                            return text.to_owned();
                        }
                        begun.push_str(text);
                    }
                }
            },
        }
        line.trim_end_matches('\n').to_owned()
    }

    /// Hears until a line has this in it; that line.
    pub(crate) fn hear_until(&mut self, part: &str) -> String {
        loop {
            let line = self.hear();
            assert!(!line.is_empty(), "ended before {part:?}");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Comes in by this name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.say(&format!("/name {name}"));
        self.hear_until(&format!("is now {name}"));
        self
    }
}

/// A directory of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sockeye-chat-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}
