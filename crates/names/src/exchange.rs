//! One question to one server: over UDP, and over TCP where the answer does not fit or TCP was asked for.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use sockeye_model::{Call, Family, SocketAddress, Type};
use sockeye_net::tls::{self, Clients, Settings};
use sockeye_net::{AsyncSocket, Lent, Received, Tap, Wire};
use tokio::time::Instant;

use crate::meaning::tell_meaning;
use crate::{Answer, Question, Server, read_message};

/// What a question or an answer travels over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One datagram each way (RFC 1035 section 4.2.1).
    Udp,
    /// A connection; each message has its length before it (RFC 1035 section 4.2.2).
    Tcp,
    /// The same within TLS ([RFC 7858](https://www.rfc-editor.org/rfc/rfc7858)).
    Tls,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        })
    }
}

/// How a server is asked.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where the calls on the sockets are told.
    pub tap: Tap,
    /// Whether the server is to ask others in our place (RD, RFC 1035 section 4.1.1).
    pub recursion: bool,
    /// How long one try waits for its answer, before the question is sent again. An answer to an earlier try still counts.
    pub timeout: Duration,
    /// How often a question is sent over UDP until an answer comes, at least 1.
    pub tries: u32,
    /// The largest answer over UDP that is asked for, in bytes (RFC 6891 section 6.2.3); `None` leaves EDNS out, and
    /// with it more than 512 bytes.
    pub payload: Option<u16>,
    /// Whom a server is to prove itself to be, where it is asked over TLS.
    pub trust: Trust,
}

/// Whom servers that are asked over TLS must prove themselves to be.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Who vouches for them, or which key they have.
    pub settings: Settings,
    /// The names that they were called by; one without is asked for its address in the certificate.
    pub names: Vec<(SocketAddr, String)>,
    /// Clients that are ready, so that files are read once.
    pub clients: Clients,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            tap: Tap::off(),
            recursion: true,
            timeout: Duration::from_secs(5),
            tries: 2,
            payload: Some(UDP_PAYLOAD),
            trust: Trust::default(),
        }
    }
}

/// What a server said.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The whole message.
    pub message: Message,
    /// Who was asked.
    pub server: Server,
    /// What the answer came over.
    pub transport: Transport,
    /// From the first question to the answer, all tries and a change to TCP included.
    pub took: Duration,
    /// The answer's length, in bytes.
    pub size: usize,
    /// An answer over UDP was cut short (TC), so that TCP was used.
    pub was_cut: bool,
    /// How often the question was sent over UDP.
    pub tries: u32,
    /// The server did not understand EDNS, and was asked again without.
    pub without_edns: bool,
    /// Datagrams that came from the server's address and were no answer to the question: another id, another
    /// question, or no DNS message at all. Somebody may be guessing.
    pub strays: u32,
}

/// Why a server's answer is not there.
#[derive(Debug, thiserror::Error)]
pub enum NoReply {
    /// Nothing that answers the question came in time.
    #[error("{server}: no answer within {}", millis(*.waited))]
    TimedOut {
        /// Who was asked.
        server: Server,
        /// How long was waited, in all tries.
        waited: Duration,
        /// Datagrams that came and were no answer.
        strays: u32,
    },
    /// A call failed: nobody listens there, or there is no way.
    #[error("{server}: {source}")]
    Call {
        /// Who was asked.
        server: Server,
        /// The call and its error.
        source: sockeye_net::Error,
    },
    /// What came is no answer: over TCP anything but one, over UDP what can't be read although it has the id.
    #[error("{server}: {why}")]
    Garbage {
        /// Who was asked.
        server: Server,
        /// What is wrong with it.
        why: String,
    },
    /// The connection ended before the answer had come.
    #[error("{server}: the connection ended after {got} B, before the whole answer had come")]
    Ended {
        /// Who was asked.
        server: Server,
        /// The bytes that had come, of the length and the message.
        got: usize,
    },
    /// The answer over UDP was cut short (TC), and over TCP none came: perhaps a firewall lets UDP alone through, which
    /// DNS can't do without TCP (RFC 7766 section 5).
    #[error("the answer over udp was cut short, and over tcp there is none: {over_tcp}")]
    CutShort {
        /// Who was asked.
        server: Server,
        /// What became of the question over TCP.
        over_tcp: Box<NoReply>,
    },
}

impl Exchange {
    /// Asks a server and waits for its answer. Whatever it says is an answer, an error code too.
    ///
    /// An answer counts only if it comes from the address that was asked, with the id and the question that were sent
    /// (RFC 5452 section 9.1); the source port is the system's random choice.
    ///
    /// # Errors
    /// [`NoReply`], when there is no such answer.
    pub async fn ask(&self, server: Server, question: &Question) -> Result<Reply, NoReply> {
        Attempt::new(self, server, question).run().await
    }
}

/// One question to one server, in one go or, as a resolver has it that asks others in between, in several.
pub(crate) struct Attempt<'a> {
    exchange: &'a Exchange,
    server: Server,
    question: &'a Question,
    /// How long one try waits.
    pub(crate) timeout: Duration,
    began: Instant,
    payload: Option<u16>,
    tries: u32,
    strays: u32,
    /// The answer over UDP was cut short.
    was_cut: bool,
    /// The tries over UDP that may still be answered: who is slow answers the first of them.
    open: VecDeque<Pin<Box<dyn Future<Output = Heard> + Send>>>,
}

/// What has come to one try over UDP.
struct Heard {
    socket: AsyncSocket,
    id: u16,
    buffer: Vec<u8>,
    received: sockeye_net::Result<Received>,
}

async fn hear(socket: AsyncSocket, id: u16, mut buffer: Vec<u8>) -> Heard {
    let received = socket.receive(&mut buffer).await;
    Heard {
        socket,
        id,
        buffer,
        received,
    }
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(exchange: &'a Exchange, server: Server, question: &'a Question) -> Self {
        Self {
            exchange,
            server,
            question,
            timeout: exchange.timeout,
            began: Instant::now(),
            payload: exchange.payload,
            tries: 0,
            strays: 0,
            was_cut: false,
            open: VecDeque::new(),
        }
    }

    /// Asks, as often as the exchange says; when it is called again, the answers to the tries before count as well.
    async fn run(&mut self) -> Result<Reply, NoReply> {
        let first = self.over(self.server.transport).await?;
        let plain = self.payload.is_some() && knows_no_edns(&first.message);
        if !plain {
            return Ok(first);
        }
        self.payload = None;
        self.open.clear();
        match self.over(self.server.transport).await {
            Ok(mut second) => {
                second.without_edns = true;
                Ok(second)
            }
            // Its refusal is an answer; the second one would only have been a better one.
            Err(_) => Ok(first),
        }
    }

    /// The same, and gives up at `deadline` whatever is left of tries and time.
    pub(crate) async fn until(&mut self, deadline: Instant) -> Result<Answer, NoReply> {
        match until(deadline, self.run()).await {
            Some(reply) => reply.map(|reply| Answer::of(self.question.clone(), reply)),
            None if self.was_cut => Err(self.cut_short(self.timed_out())),
            None => Err(self.timed_out()),
        }
    }

    /// What has come first of all tries that are open, if anything does before the deadline.
    async fn heard(&mut self, deadline: Instant) -> Option<Heard> {
        let first = std::future::poll_fn(|context| {
            for (at, open) in self.open.iter_mut().enumerate() {
                if let Poll::Ready(heard) = open.as_mut().poll(context) {
                    return Poll::Ready((at, heard));
                }
            }
            Poll::Pending
        });
        let (at, heard) = until(deadline, first).await?;
        // It is over, and must not be polled again.
        drop(self.open.remove(at));
        Some(heard)
    }
}

impl Attempt<'_> {
    async fn over(&mut self, transport: Transport) -> Result<Reply, NoReply> {
        match transport {
            Transport::Tcp | Transport::Tls => self.over_tcp(false).await,
            Transport::Udp => {
                let (message, size) = self.over_udp().await?;
                if message.metadata.truncation {
                    self.was_cut = true;
                    let came = self.over_tcp(true).await;
                    came.map_err(|over_tcp| self.cut_short(over_tcp))
                } else {
                    Ok(self.reply(message, Transport::Udp, size, false))
                }
            }
        }
    }

    async fn over_udp(&mut self) -> Result<(Message, usize), NoReply> {
        let server = self.server;
        let failed = |source| NoReply::Call { server, source };
        for _ in 0..self.exchange.tries.max(1) {
            // A socket for each try: another port to guess, beside the other id.
            let socket = self.connected(Type::Datagram).await.map_err(failed)?;
            let (id, query) = self.query();
            self.tries += 1;
            socket.send(&query).await.map_err(failed)?;
            tell_meaning(&self.exchange.tap, socket.id(), &query);
            if self.open.len() == MOST_OPEN {
                self.open.pop_front();
            }
            self.open
                .push_back(Box::pin(hear(socket, id, vec![0; LONGEST])));
            let deadline = Instant::now() + self.timeout;
            while let Some(heard) = self.heard(deadline).await {
                if let Received::Data { len, .. } = heard.received.map_err(failed)? {
                    let bytes = &heard.buffer[..len];
                    tell_meaning(&self.exchange.tap, heard.socket.id(), bytes);
                    match self.answer(heard.id, bytes) {
                        Ok(message) => return Ok((message, len)),
                        // Whoever knows the id and the port could as well have sent something readable.
                        Err(Unfit::Unreadable(why)) => {
                            return match cut_short(bytes) {
                                Some(message) => Ok((message, len)),
                                None => Err(NoReply::Garbage { server, why }),
                            };
                        }
                        Err(_) => {}
                    }
                }
                self.strays += 1;
                self.open
                    .push_back(Box::pin(hear(heard.socket, heard.id, heard.buffer)));
                // Datagrams that are always there leave the timer no turn, nor the others on this thread.
                if Instant::now() >= deadline {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Err(self.timed_out())
    }

    async fn over_tcp(&mut self, was_cut: bool) -> Result<Reply, NoReply> {
        let deadline = Instant::now() + self.timeout;
        match until(deadline, self.on_a_connection(was_cut)).await {
            Some(result) => result,
            None => Err(self.timed_out()),
        }
    }

    async fn on_a_connection(&self, was_cut: bool) -> Result<Reply, NoReply> {
        let server = self.server;
        let failed = |source| NoReply::Call { server, source };
        let wire = self.wired(was_cut).await.map_err(failed)?;
        let (id, query) = self.query();
        let len = u16::try_from(query.len()).unwrap_or(u16::MAX);
        wire.send_all(&[&len.to_be_bytes(), query.as_slice()].concat())
            .await
            .map_err(failed)?;
        tell_meaning(&self.exchange.tap, wire.id(), &query);
        let mut came = Vec::with_capacity(2048);
        loop {
            // The length may come alone, and the message after it in any pieces.
            let wanted = came
                .first_chunk::<2>()
                .map(|len| 2 + usize::from(u16::from_be_bytes(*len)));
            match wanted {
                Some(2) => {
                    let why = "a message without a byte came".to_owned();
                    return Err(NoReply::Garbage { server, why });
                }
                Some(wanted) if came.len() >= wanted => {
                    tell_meaning(&self.exchange.tap, wire.id(), &came[2..wanted]);
                    let message =
                        self.answer(id, &came[2..wanted])
                            .map_err(|unfit| NoReply::Garbage {
                                server,
                                why: unfit.to_string(),
                            })?;
                    // Nothing larger can be sent, so the whole will never come.
                    if message.metadata.truncation {
                        let why = "cut short (TC), over TCP too".to_owned();
                        return Err(NoReply::Garbage { server, why });
                    }
                    let over = match self.server.transport {
                        Transport::Tls => Transport::Tls,
                        Transport::Udp | Transport::Tcp => Transport::Tcp,
                    };
                    return Ok(self.reply(message, over, wanted - 2, was_cut));
                }
                _ => {}
            }
            match wire.recv_lease().await.map_err(failed)? {
                Lent::Data(piece) => came.extend_from_slice(&piece),
                Lent::End => {
                    return Err(NoReply::Ended {
                        server,
                        got: came.len(),
                    });
                }
            }
        }
    }

    /// A connection, with TLS where it is asked for.
    async fn wired(&self, was_cut: bool) -> sockeye_net::Result<Wire> {
        let secured = self.server.transport == Transport::Tls && !was_cut;
        // What is wrong with our own files is said before anybody is called.
        let client = if secured {
            let trust = &self.exchange.trust;
            let address = self.server.address;
            let named = trust.names.iter().find(|(named, _)| *named == address);
            let name = named.map_or_else(|| address.ip().to_string(), |(_, name)| name.clone());
            let client = trust.clients.client(&trust.settings, &name);
            Some(client.map_err(|error| error.into_error(Call::Open, None))?)
        } else {
            None
        };
        let socket = self.connected(Type::Stream).await?;
        let Some(client) = client else {
            return Ok(socket.into());
        };
        let shaken = tls::connect(socket, &client).await;
        let shaken = shaken
            .map_err(|error| error.into_error(Call::Connect, Some(self.server.address.into())))?;
        Ok(Wire::Tls(Arc::new(shaken)))
    }

    async fn connected(&self, kind: Type) -> sockeye_net::Result<AsyncSocket> {
        let family = match self.server.address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        };
        let socket = AsyncSocket::new(family, kind, &self.exchange.tap)?;
        let peer = SocketAddress::from(self.server.address);
        socket.connect(&peer).await?;
        Ok(socket)
    }

    /// The question as a message, with a new random id.
    fn query(&self) -> (u16, Vec<u8>) {
        let mut message = Message::query();
        message.metadata.recursion_desired = self.exchange.recursion;
        message.add_query(self.question.query());
        if let Some(payload) = self.payload {
            let mut edns = Edns::new();
            edns.set_max_payload(payload);
            message.set_edns(edns);
        }
        // A name that was read is at most 255 bytes long, so the message can be written.
        (message.metadata.id, message.to_vec().unwrap_or_default())
    }

    /// The message, if it answers what was asked with this id; what it is otherwise.
    fn answer(&self, id: u16, bytes: &[u8]) -> Result<Message, Unfit> {
        // Before anything else: whoever guesses is to cost next to nothing.
        let came = bytes.first_chunk::<2>().map(|id| u16::from_be_bytes(*id));
        if came != Some(id) {
            return Err(Unfit::OtherId(came.unwrap_or_default(), id));
        }
        let message = read_message(bytes).map_err(|error| Unfit::Unreadable(error.to_string()))?;
        let meta = &message.metadata;
        if meta.message_type != MessageType::Response || meta.op_code != OpCode::Query {
            return Err(Unfit::NoAnswer);
        }
        // A server that could not read the question can't repeat it.
        let unread = message.queries.is_empty() && meta.response_code != ResponseCode::NoError;
        if unread || self.question.is_repeated_in(&message) {
            Ok(message)
        } else {
            Err(Unfit::OtherQuestion)
        }
    }

    fn reply(&self, message: Message, transport: Transport, size: usize, was_cut: bool) -> Reply {
        Reply {
            message,
            server: self.server,
            transport,
            took: self.began.elapsed(),
            size,
            was_cut,
            tries: self.tries,
            without_edns: false,
            strays: self.strays,
        }
    }

    fn cut_short(&self, over_tcp: NoReply) -> NoReply {
        NoReply::CutShort {
            server: self.server,
            over_tcp: Box::new(over_tcp),
        }
    }

    fn timed_out(&self) -> NoReply {
        NoReply::TimedOut {
            server: self.server,
            waited: self.began.elapsed(),
            strays: self.strays,
        }
    }
}

/// Why a message is no answer.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("{0}")]
    Unreadable(String),
    #[error("an answer with another id ({0}, not {1})")]
    OtherId(u16, u16),
    #[error("no answer to a query")]
    NoAnswer,
    #[error("an answer to another question")]
    OtherQuestion,
}

/// The error codes of servers that may never have heard of EDNS (RFC 6891 section 7), or know another version only.
fn knows_no_edns(message: &Message) -> bool {
    match message.metadata.response_code {
        ResponseCode::FormErr | ResponseCode::NotImp => message.edns.is_none(),
        // The number 16 is both, and BADSIG comes with a signature (RFC 8945), which we never send.
        ResponseCode::BADVERS | ResponseCode::BADSIG => true,
        _ => false,
    }
}

/// A message that can't be read, since it was cut (TC) in the middle of a record: what counts of it.
fn cut_short(bytes: &[u8]) -> Option<Message> {
    // RFC 1035 section 4.1.1: QR is the first bit of the third byte, TC its last but one.
    let is_cut = bytes.get(2).is_some_and(|flags| flags & 0x82 == 0x82);
    let mut message = Message::response(0, OpCode::Query);
    message.metadata.truncation = true;
    is_cut.then_some(message)
}

async fn until<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(deadline, future).await.ok()
}

fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

/// The bytes of a UDP message that every path carries whole: 1280, the least MTU of IPv6, less both headers
/// (<https://www.dnsflagday.net/2020/>).
pub const UDP_PAYLOAD: u16 = 1232;

/// No message is longer (RFC 1035 section 4.2.2: its length has 16 bits).
const LONGEST: usize = 65_535;

/// Tries that may still be answered, at most: each is a socket.
const MOST_OPEN: usize = 16;
