//! A conversation over WebSocket: whole messages above a stream of bytes.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use sockeye_model::event::Note;
use sockeye_model::{Call, Kind, Timestamp, Unit};
use tokio::time::Instant;

use super::close::{Close, CloseCode};
use super::fault::Fault;
use super::frame::Opcode;
use super::handshake::Accepted;
use super::inbound::Inbound;
use super::marking::Marking;
use super::reader::{Due, Found, Over, Reader};
use super::writer::Writer;
use super::{MessageType, Role};
use crate::async_socket::Lent;
use crate::buffer::Lease;
use crate::error::{Error, Result};
use crate::wire::Wire;

/// What a conversation keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// The longest message that is received, bytes; also decompressed.
    pub max_message: usize,
    /// How often a ping is sent when nothing else has come; one that nothing answers for as long ends the conversation.
    pub ping: Option<Duration>,
}

impl Default for Keeping {
    /// 64 MiB, no pings.
    fn default() -> Self {
        Self {
            max_message: MAX_MESSAGE,
            ping: None,
        }
    }
}

/// The longest message that is received where nothing else is said, bytes.
pub const MAX_MESSAGE: usize = 64 << 20;

/// A conversation of messages, after its handshake.
///
/// One task may receive while another sends. Pings are answered, and the close too, by whoever receives: between the
/// frames of a message that is on its way, never inside of one. Dropping a receive loses nothing; a send that is dropped
/// half way leaves a message that can't be finished, and no other can be sent.
pub struct WebSocket {
    wire: Wire,
    role: Role,
    outgoing: MessageType,
    marking: Marking,
    goodbye: Close,
    /// The code of the close that we said first, not as an answer.
    first_word: OnceLock<Option<CloseCode>>,
    accepted: Accepted,
    reader: Mutex<Reader>,
    writer: Mutex<Writer>,
    /// A ping, a pong or a close waits to be sent.
    due: AtomicBool,
}

/// What has come.
#[derive(Debug)]
pub enum Event {
    /// A whole message.
    Message(MessageType, Lease),
    /// A ping; it is answered.
    Ping(Vec<u8>),
    /// A pong: what it carries, and how long it took if it answers the last [`WebSocket::ping`].
    Pong(Vec<u8>, Option<Duration>),
    /// The other side's goodbye; it is answered. Nothing more comes.
    Closed(Close),
}

impl WebSocket {
    /// The conversation above `wire` once both sides have agreed. `leftover` came with the handshake's last bytes.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time enabled, when [`Keeping::ping`] is set.
    pub fn after_upgrade(
        wire: Wire,
        leftover: &[u8],
        accepted: Accepted,
        role: Role,
        keeping: Keeping,
    ) -> Self {
        wire.veil();
        let inbound = Inbound::new(role, keeping.max_message, accepted.deflate);
        Self {
            wire,
            role,
            outgoing: MessageType::Binary,
            marking: Marking::default(),
            goodbye: Close::new(CloseCode::NORMAL, ""),
            first_word: OnceLock::new(),
            reader: Mutex::new(Reader::new(inbound, leftover, keeping.ping)),
            writer: Mutex::new(Writer::new(role, accepted.deflate)),
            accepted,
            due: AtomicBool::new(false),
        }
    }

    /// What messages are sent as where nobody says: binary at first.
    pub fn set_outgoing(&mut self, kind: MessageType) {
        self.outgoing = kind;
    }

    /// What messages are sent as where nobody says.
    pub fn outgoing(&self) -> MessageType {
        self.outgoing
    }

    /// How messages are given and handed over where they are lines.
    pub fn set_marking(&mut self, marking: Marking) {
        self.marking = marking;
    }

    pub(crate) fn marking(&self) -> Marking {
        self.marking
    }

    /// What [`Messages::finish`](crate::messages::Messages::finish) says: 1000 at first.
    pub fn set_goodbye(&mut self, goodbye: Close) {
        self.goodbye = goodbye;
    }

    pub(crate) fn goodbye(&self) -> &Close {
        &self.goodbye
    }

    /// What was agreed on in the handshake.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Which side this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The stream that carries it.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The next message or the close; pings and pongs are dealt with.
    ///
    /// After the close, and after a fault of the other side that it is told of, this waits a moment for the other side
    /// to end the connection, so that nothing is lost by a reset.
    ///
    /// # Errors
    /// A [`Fault`], or what the stream gave.
    pub async fn recv(&self) -> Result<Event> {
        loop {
            match self.event().await? {
                Event::Ping(_) | Event::Pong(..) => {}
                event => return Ok(event),
            }
        }
    }

    /// The same with each ping and pong.
    ///
    /// # Errors
    /// As for [`Self::recv`].
    pub async fn event(&self) -> Result<Event> {
        let event = poll_fn(|context| self.poll_event(context)).await;
        let over = match &event {
            Ok(Event::Closed(_)) => true,
            Err(error) => matches!(
                Fault::of(error),
                Some(Fault::Violation(_) | Fault::NoPong(_))
            ),
            Ok(_) => false,
        };
        if over {
            self.linger().await;
        }
        event
    }

    /// The next thing that comes, step by step. One task at a time may wait.
    ///
    /// # Errors
    /// As for [`Self::recv`].
    pub fn poll_event(&self, context: &mut Context<'_>) -> Poll<Result<Event>> {
        let mut reader = lock(&self.reader);
        if let Some(over) = &reader.over {
            return Poll::Ready(over.again());
        }
        let began = *reader
            .began
            .get_or_insert_with(|| self.wire.socket().handle().tap.now());
        loop {
            // Whatever is due goes out when there is room: receiving never waits for it.
            let _ = self.poll_due(context);
            let found = match reader.poll_found(context, &self.wire) {
                Poll::Ready(found) => found,
                Poll::Pending => match reader.poll_beat(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => {
                        self.ping_now(&mut reader, Vec::new());
                        continue;
                    }
                    Poll::Ready(Err(fault)) => {
                        let close = Close::new(CloseCode::POLICY, "no pong");
                        return Poll::Ready(Err(self.fail(&mut reader, context, fault, &close)));
                    }
                },
            };
            let event = match found {
                Err(error) => {
                    reader.began = None;
                    return Poll::Ready(Err(error));
                }
                Ok(Found::Message(kind, message)) => {
                    self.wire.socket().handle().layer_received(
                        began,
                        &message,
                        message.len(),
                        Unit::Message,
                    );
                    Event::Message(kind, message.of_type(kind))
                }
                Ok(Found::Ping) => {
                    let payload = reader.control().to_vec();
                    self.mean(|| format!("ping of {} bytes", payload.len()));
                    lock(&self.writer).queue(Opcode::Pong, &payload);
                    self.due.store(true, Ordering::Relaxed);
                    let _ = self.poll_due(context);
                    Event::Ping(payload)
                }
                Ok(Found::Pong) => self.ponged(&mut reader),
                Ok(Found::Close(close)) => {
                    self.mean(|| format!("close: {close}"));
                    let answer = Close {
                        code: close.code,
                        reason: String::new(),
                    };
                    self.say_goodbye(&answer);
                    let _ = self.poll_due(context);
                    reader.over = Some(Over::Closed(close.clone()));
                    Event::Closed(close)
                }
                Ok(Found::Broken(violation)) => {
                    let close = Close::new(violation.code(), &violation.to_string());
                    let fault = Fault::Violation(violation);
                    return Poll::Ready(Err(self.fail(&mut reader, context, fault, &close)));
                }
                Ok(Found::End) => {
                    self.tell_end();
                    reader.over = Some(Over::Failed(Fault::EndedEarly));
                    return Poll::Ready(Err(Fault::EndedEarly.on(Call::Recv)));
                }
            };
            reader.began = None;
            return Poll::Ready(Ok(event));
        }
    }

    /// The conversation can't go on: the other side is told why.
    fn fail(
        &self,
        reader: &mut Reader,
        context: &mut Context<'_>,
        fault: Fault,
        close: &Close,
    ) -> Error {
        reader.over = Some(Over::Failed(fault.clone()));
        self.say_goodbye(close);
        let _ = self.poll_due(context);
        fault.on(Call::Recv)
    }

    fn ponged(&self, reader: &mut Reader) -> Event {
        let payload = reader.control().to_vec();
        let answers = reader.pinged.take_if(|(pinged, _)| *pinged == payload);
        let took = answers.map(|(_, at)| at.elapsed());
        self.mean(|| match took {
            Some(took) => format!("pong after {took:.1?}"),
            None => format!("pong of {} bytes", payload.len()),
        });
        Event::Pong(payload, took)
    }

    /// Sends one whole message, in as many frames as it takes. One task at a time.
    ///
    /// # Errors
    /// [`Fault::NotText`], [`Fault::AfterClose`], or what the stream gave.
    pub async fn send(&self, kind: MessageType, message: &[u8]) -> Result<()> {
        if kind == MessageType::Text && str::from_utf8(message).is_err() {
            return Err(Fault::NotText.on(Call::Send));
        }
        self.send_checked(kind, message).await
    }

    /// The same for what was received, and therefore is UTF-8 if it is text.
    pub(crate) async fn send_checked(&self, kind: MessageType, message: &[u8]) -> Result<()> {
        let handle = self.wire.socket().handle();
        let began = handle.tap.now();
        lock(&self.writer).begin(kind, message)?;
        poll_fn(|context| lock(&self.writer).poll_message(context, &self.wire, message)).await?;
        handle.layer_sent(began, message, Unit::Message);
        Ok(())
    }

    /// Sends on a message that was received, step by step, and doesn't wait for it where it may lie in the outgoing
    /// buffer: [`Self::poll_flush`] sends all that does with one call. At most 64 KiB do; whoever has more waits here.
    /// `begun` begins as `None`, and the message is the same until this is ready. One task at a time.
    ///
    /// Where a view tells each message, each is sent by itself.
    ///
    /// # Errors
    /// [`Fault::AfterClose`], or what the stream gave.
    pub fn poll_pass(
        &self,
        context: &mut Context<'_>,
        message: &Lease,
        begun: &mut Option<Timestamp>,
    ) -> Poll<Result<()>> {
        let handle = self.wire.socket().handle();
        let mut writer = lock(&self.writer);
        let began = match *begun {
            Some(began) => began,
            None => {
                let kind = message.message_type().unwrap_or(self.outgoing);
                writer.begin(kind, message)?;
                *begun.insert(handle.tap.now())
            }
        };
        if !handle.tap.wants_each() {
            if writer.gather(message) {
                return Poll::Ready(Ok(()));
            }
            ready!(writer.poll_out(context, &self.wire))?;
            if writer.gather(message) {
                return Poll::Ready(Ok(()));
            }
        }
        ready!(writer.poll_message(context, &self.wire, message))?;
        handle.layer_sent(began, message, Unit::Message);
        Poll::Ready(Ok(()))
    }

    /// Sends what [`Self::poll_pass`] has left to be sent.
    ///
    /// # Errors
    /// What the stream gave.
    pub fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        lock(&self.writer).poll_out(context, &self.wire)
    }

    /// Whether nothing more comes: each receive gives the last word again, the close or the [`Fault`].
    pub fn is_over(&self) -> bool {
        lock(&self.reader).over.is_some()
    }

    /// Sends a ping with this payload, of which at most 125 bytes are taken. Its pong is an [`Event::Pong`].
    ///
    /// # Errors
    /// What the stream gave.
    pub async fn ping(&self, payload: &[u8]) -> Result<()> {
        let payload = &payload[..payload.len().min(125)];
        self.ping_now(&mut lock(&self.reader), payload.to_vec());
        poll_fn(|context| self.poll_due(context)).await
    }

    fn ping_now(&self, reader: &mut Reader, payload: Vec<u8>) {
        self.mean(|| format!("ping of {} bytes", payload.len()));
        lock(&self.writer).queue(Opcode::Ping, &payload);
        self.due.store(true, Ordering::Relaxed);
        reader.pinged = Some((payload, Instant::now()));
    }

    /// Says goodbye, and sends no more messages. What the other side still sends can be received until its own close.
    ///
    /// # Errors
    /// What the stream gave.
    pub async fn close(&self, close: &Close) -> Result<()> {
        if self.say_goodbye(close) {
            let _ = self.first_word.set(close.code);
        }
        poll_fn(|context| self.poll_due(context)).await
    }

    /// Whether it was the first.
    fn say_goodbye(&self, close: &Close) -> bool {
        let first = lock(&self.writer).close(close);
        if first {
            self.due.store(true, Ordering::Relaxed);
            self.mean(|| format!("close: {close}"));
        }
        first
    }

    /// Whether this close of the other side answers ours with the code that we gave: what we said, and no verdict of
    /// theirs.
    pub(crate) fn is_answer(&self, close: &Close) -> bool {
        self.first_word.get() == Some(&close.code)
    }

    /// Whether a close was sent, or the connection can take no more.
    pub fn is_closed(&self) -> bool {
        lock(&self.writer).is_closed()
    }

    /// The other side's goodbye, once it has come.
    pub fn closed_with(&self) -> Option<Close> {
        match &lock(&self.reader).over {
            Some(Over::Closed(close)) => Some(close.clone()),
            _ => None,
        }
    }

    fn poll_due(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.due.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let sent = lock(&self.writer).poll_due(context, &self.wire);
        if let Poll::Ready(Ok(true)) = sent {
            self.due.store(false, Ordering::Relaxed);
        }
        sent.map_ok(drop)
    }

    /// The last words reach the other side, and its end is waited for: to close with something unread would be a reset,
    /// which may take from the other side what it has not read.
    async fn linger(&self) {
        let goodbye = async {
            poll_fn(|context| self.poll_due(context)).await?;
            if self.role == Role::Server || !self.came_whole() {
                self.wire.finish().await?;
            }
            while let Lent::Data(_) = self.wire.recv_lease().await? {}
            self.tell_end();
            Result::Ok(())
        };
        // Whoever does not end is left.
        let _ = Box::pin(tokio::time::timeout(LINGER, goodbye)).await;
    }

    /// Whether both closes have been said; then the server ends the connection first.
    fn came_whole(&self) -> bool {
        matches!(lock(&self.reader).over, Some(Over::Closed(_)))
    }

    /// The other side's half of the connection beneath has ended.
    fn tell_end(&self) {
        if let Wire::Plain(socket) = &self.wire {
            let handle = socket.handle();
            handle.layer_ended(handle.tap.now());
        }
    }

    /// Tells what a frame meant, where a view wants to know.
    fn mean(&self, text: impl FnOnce() -> String) {
        let handle = self.wire.socket().handle();
        if handle.tap.is_on() {
            let note = Note::Meaning {
                protocol: Cow::Borrowed("websocket"),
                text: Cow::Owned(text()),
            };
            handle.emit(handle.tap.now(), Kind::Noted(note));
        }
    }
}

impl Over {
    fn again(&self) -> Result<Event> {
        match self {
            Self::Closed(close) => Ok(Event::Closed(close.clone())),
            Self::Failed(fault) => Err(fault.clone().on(Call::Recv)),
        }
    }
}

impl Reader {
    /// Ready when a ping is due; an error when the last one was not answered.
    fn poll_beat(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), Fault>> {
        let Some(beat) = &mut self.beat else {
            return Poll::Pending;
        };
        let every = beat.every;
        beat.poll(context).map(|due| match due {
            Due::Ping => Ok(()),
            Due::GiveUp => Err(Fault::NoPong(every)),
        })
    }
}

impl Drop for WebSocket {
    /// Whoever is left without a word is told "going away", if there is room for it.
    fn drop(&mut self) {
        let over = lock(&self.reader).over.is_some();
        if !over && !self.is_closed() {
            self.say_goodbye(&Close::new(CloseCode::GOING_AWAY, ""));
            let _ = self.poll_due(&mut Context::from_waker(Waker::noop()));
        }
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("role", &self.role)
            .field("wire", &self.wire)
            .finish_non_exhaustive()
    }
}

fn lock<T>(half: &Mutex<T>) -> MutexGuard<'_, T> {
    half.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the other side may take to end the connection after the goodbye.
const LINGER: Duration = Duration::from_secs(1);
