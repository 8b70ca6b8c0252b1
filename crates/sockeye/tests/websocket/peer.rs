//! A peer that does exactly what a test says, byte by byte.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use crate::tool::Tool;
use sockeye_net::websocket::handshake::{Asking, Demands, accept, read_request};
use sockeye_net::websocket::{Header, Inbound, MessageType, Role, Step};

/// The other end of one conversation, after the upgrade.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    inbound: Inbound,
    input: Vec<u8>,
}

/// What it heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The code, 0 for none.
    Close(u16),
    /// The connection ended.
    End,
}

/// A server that runs `script` with its first client, and where it is.
pub(crate) fn server<T: Send + 'static>(
    script: impl FnOnce(Peer) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let served = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = head(&mut stream);
        let (request, len) = read_request(&head).unwrap().unwrap();
        assert_eq!(len, head.len());
        let demands = Demands {
            deflate: false,
            ..Demands::default()
        };
        let upgrade = accept(&demands, &request, true).unwrap();
        stream.write_all(&upgrade.response()).unwrap();
        script(Peer::new(stream, Role::Server))
    });
    (address, served)
}

/// A server that says just this to its first client, and what that asked.
pub(crate) fn says(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let served = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = head(&mut stream);
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, served)
}

/// A head, up to its empty line.
pub(crate) fn head(stream: &mut TcpStream) -> Vec<u8> {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    head
}

/// A client of the server at `HOST:PORT`.
pub(crate) fn client(port: u16) -> Peer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let asking = Asking {
        host: "localhost".to_owned(),
        ..Asking::default()
    };
    let key = Asking::key();
    stream.write_all(&asking.request(&key)).unwrap();
    let head = head(&mut stream);
    asking.response(&key, &head).unwrap().unwrap();
    Peer::new(stream, Role::Client)
}

/// A frame with this first byte; masked where a client sends it.
pub(crate) fn frame(first: u8, payload: &[u8], role: Role) -> Vec<u8> {
    let mask = (role == Role::Client).then_some([1, 2, 3, 4]);
    let mut head = [0; Header::MAX];
    let header = Header {
        fin: true,
        rsv1: false,
        opcode: sockeye_net::websocket::Opcode::Binary,
        mask,
        len: payload.len() as u64,
    };
    let end = header.print(&mut head);
    head[0] = first;
    let mut bytes = head[..end].to_vec();
    let key = mask.unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(i, byte)| byte ^ key[i % 4]),
    );
    bytes
}

impl Peer {
    fn new(stream: TcpStream, role: Role) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            stream,
            inbound: Inbound::new(role, 64 << 20, None),
            input: Vec::new(),
        }
    }

    /// Sends a frame as a server does.
    pub(crate) fn tell(&mut self, first: u8, payload: &[u8]) {
        self.stream
            .write_all(&frame(first, payload, Role::Server))
            .unwrap();
    }

    /// Sends a frame as a client does; whether the other side still took it.
    pub(crate) fn ask(&mut self, first: u8, payload: &[u8]) -> bool {
        let frame = frame(first, payload, Role::Client);
        self.stream.write_all(&frame).is_ok()
    }

    /// The next thing that comes.
    pub(crate) fn hear(&mut self) -> Heard {
        loop {
            let mut input = std::mem::take(&mut self.input);
            let (step, taken) = self.inbound.step(&mut input).unwrap();
            let heard = match step {
                Step::More => None,
                Step::Here { kind, start } => Some(message(kind, &input[start..taken])),
                Step::Assembled { kind } => Some(message(kind, &self.inbound.take_message())),
                Step::Ping => Some(Heard::Ping(self.inbound.control().to_vec())),
                Step::Pong => Some(Heard::Pong(self.inbound.control().to_vec())),
                Step::Close(close) => {
                    Some(Heard::Close(close.code.map_or(0, |code| code.number())))
                }
            };
            self.input = input.split_off(taken);
            if let Some(heard) = heard {
                return heard;
            }
            let mut piece = vec![0; 64 << 10];
            match self.stream.read(&mut piece) {
                Ok(len) if len > 0 => self.input.extend_from_slice(&piece[..len]),
                _ => return Heard::End,
            }
        }
    }
}

fn message(kind: MessageType, bytes: &[u8]) -> Heard {
    match kind {
        MessageType::Text => Heard::Text(String::from_utf8(bytes.to_vec()).unwrap()),
        MessageType::Binary => Heard::Binary(bytes.to_vec()),
    }
}

/// The port of an address that ends with it.
pub(crate) fn port(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// The tool as a server of one address, and that as a URL.
pub(crate) fn served(arguments: &[&str]) -> (Tool, String) {
    let (tool, address) = Tool::serve_one(arguments);
    let url = format!("ws://127.0.0.1:{}", port(&address));
    (tool, url)
}
