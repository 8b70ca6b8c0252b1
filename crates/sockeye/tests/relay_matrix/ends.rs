//! The ends of a relay as a test drives them: what stands behind FROM or TO, and says and hears.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use sockeye::{Address, Tap};
use sockeye_net::framing::{Decoder, Framing, MAX_FRAME};
use sockeye_net::messages::{MessageServer, Messages};
use sockeye_net::{Dialing, Layers, Lent, Link, Listener, Listening, connect, listen};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::pipe;

/// What an address of the relay stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A socket of this scheme: the relay listens or connects, the test does the other.
    Socket(&'static str),
    /// The relay's own stdin and stdout.
    Stdio,
    /// A descriptor that the relay inherits: a socket.
    Fd,
    /// A program.
    Exec,
    /// A file.
    File,
}

pub(crate) const ENDS: &[End] = &[
    End::Socket("tcp"),
    End::Socket("unix"),
    End::Socket("tls"),
    End::Stdio,
    End::Fd,
    End::Exec,
    End::File,
    End::Socket("udp"),
    End::Socket("unix-dgram"),
    End::Socket("unix-seqpacket"),
    End::Socket("ws"),
    End::Socket("wss"),
];

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Socket(scheme) => scheme,
            Self::Stdio => "stdio",
            Self::Fd => "fd",
            Self::Exec => "exec",
            Self::File => "file",
        }
    }

    pub(crate) fn keeps_messages(self) -> bool {
        matches!(
            self.name(),
            "udp" | "unix-dgram" | "unix-seqpacket" | "ws" | "wss"
        )
    }

    /// Nobody is connected, so nothing says that it is over.
    pub(crate) fn is_datagrams(self) -> bool {
        matches!(self.name(), "udp" | "unix-dgram")
    }

    /// The longest message that it carries whole, in these tests.
    pub(crate) fn longest(self) -> usize {
        match self.name() {
            "udp" => 65_507,
            "unix-dgram" | "unix-seqpacket" => 65_536,
            _ => 16 << 20,
        }
    }

    /// Whether it can carry a message of nothing.
    pub(crate) fn has_empty_messages(self) -> bool {
        // There recv(2) gives 0 for both: unix(7).
        self.name() != "unix-seqpacket"
    }

    pub(crate) fn is_socket(self) -> bool {
        matches!(self, Self::Socket(_))
    }

    /// The address at which the relay listens, or the test does.
    pub(crate) fn to_listen_at(self, path: &str) -> String {
        match self.name() {
            name @ ("unix" | "unix-dgram" | "unix-seqpacket") => format!("{name}:{path}"),
            name => format!("{name}://127.0.0.1:0"),
        }
    }

    /// Where a listener that says that it is at `local` is connected to.
    pub(crate) fn to_connect_to(self, local: &str) -> String {
        match self.name() {
            name @ ("unix" | "unix-dgram" | "unix-seqpacket") => format!("{name}:{local}"),
            name @ ("tls" | "wss") => format!("{name}://{local}#insecure"),
            name => format!("{name}://{local}"),
        }
    }
}

/// What says and hears behind an end.
pub(crate) enum Peer {
    /// A socket.
    Link(Link),
    /// Pipes, or a socket that the relay inherited.
    Bytes {
        read: Box<dyn AsyncRead + Send + Sync + Unpin>,
        write: Option<Box<dyn AsyncWrite + Send + Sync + Unpin>>,
        decoder: Decoder,
    },
    /// A program that says what a file holds and keeps what it hears in another; a file, which says or hears.
    Kept { heard: PathBuf },
}

/// A peer that is still to come.
pub(crate) enum Coming {
    Here(Peer),
    Connects(Listener, Layers),
    Writes(MessageServer),
}

impl Coming {
    /// The test's side of an end that the relay connects to, and where.
    pub(crate) async fn listening(end: End, path: &str) -> (Self, String) {
        let address: Address = end.to_listen_at(path).parse().unwrap();
        let listener = listen(&address, &Listening::new(Tap::off())).await.unwrap();
        let local = match path_of(end) {
            true => path.to_owned(),
            false => listener.local_addresses()[0].to_string(),
        };
        let to = end.to_connect_to(&local);
        if end.is_datagrams() {
            // The path would go with what is given back here, before anybody has come.
            let (sockets, bound) = listener.into_sockets();
            std::mem::forget(bound);
            return (Self::Writes(MessageServer::new(sockets).unwrap()), to);
        }
        let layers = Layers::of(&address, &listener).unwrap();
        (Self::Connects(listener, layers), to)
    }

    pub(crate) async fn arrive(self) -> Peer {
        match self {
            Self::Here(peer) => peer,
            Self::Connects(listener, layers) => {
                let (socket, _) = listener.accept().await.unwrap();
                Peer::Link(layers.accept(socket).await.unwrap())
            }
            Self::Writes(server) => {
                let session = server.accept().await.unwrap();
                // Its socket is the server's.
                std::mem::forget(server);
                Peer::Link(Link::Messages(Box::new(Messages::Session(session))))
            }
        }
    }
}

fn path_of(end: End) -> bool {
    end.name().starts_with("unix")
}

impl Peer {
    /// Connects to a relay that listens.
    pub(crate) async fn connecting(end: End, local: &str) -> Self {
        let address: Address = end.to_connect_to(local).parse().unwrap();
        let how = Dialing {
            retries: 20,
            retry_delay: Duration::from_millis(20),
            ..Dialing::new(Tap::off())
        };
        Self::Link(connect(&address, &how).await.unwrap().link)
    }

    /// The relay's stdin and stdout.
    pub(crate) fn pipes(child: &mut Child) -> Self {
        let write = OwnedFd::from(child.stdin.take().unwrap());
        let read = OwnedFd::from(child.stdout.take().unwrap());
        Self::Bytes {
            read: Box::new(pipe::Receiver::from_owned_fd(read).unwrap()),
            write: Some(Box::new(pipe::Sender::from_owned_fd(write).unwrap())),
            decoder: Decoder::new(Framing::Len32, MAX_FRAME),
        }
    }

    /// The other side of what the relay inherits.
    pub(crate) fn socket(own: UnixStream) -> Self {
        own.set_nonblocking(true).unwrap();
        let (read, write) = tokio::net::UnixStream::from_std(own).unwrap().into_split();
        Self::Bytes {
            read: Box::new(read),
            write: Some(Box::new(write)),
            decoder: Decoder::new(Framing::Len32, MAX_FRAME),
        }
    }

    /// Says bytes, all of them; what is kept in a file has been said already.
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        match self {
            Self::Link(link) => link.send_all(bytes).await.unwrap(),
            Self::Bytes { write, .. } => {
                let write = write.as_mut().unwrap();
                write.write_all(bytes).await.unwrap();
            }
            Self::Kept { .. } => {}
        }
    }

    /// Says one message: marked by its length where this is a stream.
    pub(crate) async fn say_message(&mut self, message: &[u8], is_stream: bool) {
        if !is_stream {
            return self.say(message).await;
        }
        let mut framed = Vec::new();
        Framing::Len32.encode(message, &mut framed).unwrap();
        self.say(&framed).await;
    }

    /// Says that no more comes.
    pub(crate) async fn finish(&mut self) {
        match self {
            Self::Link(link) => link.finish().await.unwrap(),
            Self::Bytes { write, .. } => *write = None,
            Self::Kept { .. } => {}
        }
    }

    /// Everything to the end; `None` where it is kept, for [`Peer::kept`].
    pub(crate) async fn hear_all(&mut self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        match self {
            Self::Link(link) => {
                while let Lent::Data(data) = link.recv().await.unwrap() {
                    all.extend_from_slice(&data);
                }
            }
            Self::Bytes { read, .. } => {
                read.read_to_end(&mut all).await.unwrap();
            }
            Self::Kept { .. } => return None,
        }
        Some(all)
    }

    /// The next message; `None` where it is kept.
    pub(crate) async fn hear_message(
        &mut self,
        buffer: &mut StreamBuffer,
        what: &str,
    ) -> Option<Vec<u8>> {
        match self {
            Self::Link(link @ Link::Messages(_)) => match link
                .recv()
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"))
            {
                Lent::Data(data) => Some(data.to_vec()),
                Lent::End => panic!("{what}: the end came, and no message"),
            },
            Self::Link(link) => loop {
                if let Some(message) = buffer.0.next_message().unwrap() {
                    return Some(message.to_vec());
                }
                match link.recv().await.unwrap() {
                    Lent::Data(data) => buffer.0.push(&data),
                    Lent::End => panic!("{what}: the end came, and no message"),
                }
            },
            Self::Bytes { read, decoder, .. } => loop {
                if let Some(message) = decoder.next_message().unwrap() {
                    return Some(message.to_vec());
                }
                let mut piece = vec![0; 65_536];
                let len = read.read(&mut piece).await.unwrap();
                assert!(len > 0, "{what}: the end came, and no message");
                decoder.push(&piece[..len]);
            },
            Self::Kept { .. } => None,
        }
    }

    /// What was kept, once there is as much as is expected, or more.
    pub(crate) async fn kept(&self, expected: usize) -> Option<Vec<u8>> {
        let Self::Kept { heard } = self else {
            return None;
        };
        loop {
            let len = std::fs::metadata(heard).map_or(0, |file| file.len());
            if len >= expected as u64 {
                return Some(std::fs::read(heard).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What has come of a stream of messages over a socket.
pub(crate) struct StreamBuffer(Decoder);

impl Default for StreamBuffer {
    fn default() -> Self {
        Self(Decoder::new(Framing::Len32, MAX_FRAME))
    }
}

/// A pipe with a name, through which the relay says where it listens.
pub(crate) fn fifo(path: &str) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// The first line that comes through it.
pub(crate) async fn first_line(fifo: String) -> String {
    let read = move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut File::open(fifo).unwrap(), &mut text).unwrap();
        text
    };
    let text = tokio::task::spawn_blocking(read).await.unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}
