//! A member on a socket that keeps messages: UDP, UNIX datagrams and packets, WebSocket. A message is a line, or several.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use sockeye_model::SocketAddress;
use sockeye_net::messages::{MessageServer, Messages, Session, is_passing};
use sockeye_net::server::Ended;
use sockeye_net::{Lease, Lent, Link, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::bus::Why;
use super::hall::Entrance;
use super::seat::{Chat, Seat};
use super::told::Tongue;
use super::words;
use crate::visitor::Visitor;
use crate::{Served, Serving};

/// Whatever carries the messages of one member.
enum Carrier {
    Visitor(Visitor),
    Session(Session),
}

impl Carrier {
    async fn recv(&self) -> Result<Lent> {
        match self {
            Self::Visitor(visitor) => visitor.recv().await,
            Self::Session(session) => session.recv().await,
        }
    }

    async fn send(&self, message: &[u8]) -> Result<()> {
        match self {
            Self::Visitor(visitor) => visitor.send_all(message).await,
            Self::Session(session) => session.send(message).await,
        }
    }

    /// Says that nothing more will come, where that can be said.
    async fn finish(&self) -> Result<()> {
        match self {
            Self::Visitor(visitor) => visitor.finish().await,
            Self::Session(_) => Ok(()),
        }
    }

    /// What is sent as one message: a datagram keeps the end of its line, as those that a person types do; a message of a
    /// WebSocket has none.
    fn message<'f>(&self, frame: &'f [u8]) -> &'f [u8] {
        let keeps_end = match self {
            Self::Session(_) => true,
            Self::Visitor(visitor) => match &**visitor {
                Link::Stream(_) => true,
                Link::Messages(messages) => matches!(**messages, Messages::Connected(_)),
            },
        };
        if keeps_end {
            frame
        } else {
            frame.strip_suffix(b"\n").unwrap_or(frame)
        }
    }

    /// An ICMP error came back: nobody is there any more.
    fn is_refused(&self) -> bool {
        matches!(self, Self::Session(session) if session.refused() > 0)
    }
}

/// The conversation of a member whose link carries messages: packets, or a WebSocket. It ends when the member leaves, or the
/// link ends.
pub(crate) async fn converse_messages(chat: &Chat, visitor: Visitor, how: &Entrance) -> Ended {
    converse(chat, &Carrier::Visitor(visitor), how).await
}

async fn converse(chat: &Chat, carrier: &Carrier, how: &Entrance) -> Ended {
    let seat = match chat.enter(how) {
        Ok(seat) => seat,
        Err(problem) => {
            let refusal = chat.refusal(&problem, how.tongue);
            let said = carrier.send(carrier.message(&refusal)).await;
            return if said.is_ok() {
                Ended::Clean
            } else {
                Ended::Failed
            };
        }
    };
    let longest = chat.limits().input();
    // It spoke too fast: the rest is heard when the time has come.
    let mut unheard: Option<(Lease, usize)> = None;
    let mut until = Instant::now();
    loop {
        tokio::select! {
            biased;
            told = seat.next() => {
                let Some(told) = told else {
                    return finish(carrier).await;
                };
                let sent = tokio::select! {
                    biased;
                    sent = carrier.send(carrier.message(&told)) => sent,
                    () = seat.dropped() => return Ended::Failed,
                };
                let is_lost = sent.is_err_and(|error| !is_passing(&error));
                if is_lost || carrier.is_refused() {
                    seat.end(Why::Gone);
                    return Ended::Failed;
                }
            }
            () = tokio::time::sleep_until(until), if unheard.is_some() => {
                if let Some((message, mut taken)) = unheard.take()
                    && let Some(pause) = hear(&seat, &message, &mut taken, how.tongue, longest)
                {
                    until = Instant::now() + pause;
                    unheard = Some((message, taken));
                }
            }
            received = carrier.recv(), if unheard.is_none() => match received {
                // An empty message is an empty line: somebody is there.
                Ok(Lent::Data(message)) => {
                    let mut taken = 0;
                    if let Some(pause) = hear(&seat, &message, &mut taken, how.tongue, longest) {
                        until = Instant::now() + pause;
                        unheard = Some((message, taken));
                    }
                }
                Ok(Lent::End) => {
                    seat.end(Why::Quit);
                    return finish(carrier).await;
                }
                Err(error) if is_passing(&error) => {}
                Err(_) => {
                    seat.end(Why::Gone);
                    return Ended::Failed;
                }
            }
        }
    }
}

async fn finish(carrier: &Carrier) -> Ended {
    match carrier.finish().await {
        Ok(()) => Ended::Clean,
        Err(_) => Ended::Failed,
    }
}

/// Hears a message from `taken` on, a line after the other, for as long as the member keeps the pace; how long it has to
/// wait before the rest is heard.
fn hear(
    seat: &Seat,
    message: &[u8],
    taken: &mut usize,
    tongue: Tongue,
    longest: usize,
) -> Option<Duration> {
    loop {
        if let Some(pause) = seat.pause() {
            return Some(pause);
        }
        let rest = message.get(*taken..).unwrap_or_default();
        let end = match tongue {
            Tongue::Json => None,
            Tongue::Lines => rest.iter().position(|byte| *byte == b'\n'),
        };
        let line = &rest[..end.unwrap_or(rest.len())];
        if line.len() > longest {
            seat.too_long();
        } else {
            seat.hear(line);
        }
        *taken += line.len() + 1;
        if *taken >= message.len() {
            return None;
        }
    }
}

/// A conversation with each peer that sends datagrams, until `stop` is ready; then they may finish for as long as others.
pub(super) async fn serve_sessions(
    chat: &Chat,
    server: &MessageServer,
    how: &Serving,
    stop: impl Future<Output = ()>,
) -> Served {
    let mut stop = std::pin::pin!(stop);
    let mut talks = JoinSet::new();
    let failed = loop {
        tokio::select! {
            biased;
            () = &mut stop => break None,
            Some(_) = talks.join_next() => {}
            accepted = server.accept() => match accepted {
                Ok(session) => drop(talks.spawn(converse_session(chat.clone(), session))),
                Err(error) => break Some(error),
            }
        }
    };
    chat.close();
    let finish = async { while talks.join_next().await.is_some() {} };
    // Who can't be told in time is told nothing: a datagram is no promise.
    let _ = tokio::time::timeout(how.limits.drain, finish).await;
    Served {
        totals: server.totals(),
        dropped: server.dropped(),
        failed,
        ..Served::default()
    }
}

async fn converse_session(chat: Chat, session: Session) -> Ended {
    let is_known = is_this_machine(session.peer());
    let carrier = Carrier::Session(session);
    if !is_known && !is_really_there(&chat, &carrier).await {
        return Ended::Failed;
    }
    let how = Entrance {
        can_vanish: true,
        ..Entrance::new(Tongue::Lines)
    };
    converse(&chat, &carrier, &how).await
}

/// Whether the peer's address can't be another's: nobody else can send from it.
fn is_this_machine(peer: &SocketAddress) -> bool {
    peer.inet()
        .is_none_or(|peer| peer.ip().to_canonical().is_loopback())
}

/// Whether somebody at that address answers: a word that was sent there has to come back. Or one datagram with a forged
/// sender would have a room's whole talk sent to somebody who never asked.
async fn is_really_there(chat: &Chat, carrier: &Carrier) -> bool {
    let word = format!("{:08x}", RandomState::new().hash_one(0) >> 32);
    let answer = format!("/enter {word}");
    let text = words::ENTER.fill(chat.language(), &[("word", &word)]);
    loop {
        match carrier.recv().await {
            Ok(Lent::Data(message)) if message.trim_ascii() == answer.as_bytes() => return true,
            Ok(Lent::Data(_)) => {
                if carrier
                    .send(format!("* {text}\n").as_bytes())
                    .await
                    .is_err()
                {
                    return false;
                }
            }
            Ok(Lent::End) | Err(_) => return false,
        }
    }
}
