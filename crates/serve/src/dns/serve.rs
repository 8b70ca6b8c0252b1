//! DNS over sockets: a message a datagram, and on a stream behind two octets with its length.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sockeye_model::SocketAddress;
use sockeye_names::{meaning_note, tell_meaning};
use sockeye_net::messages::MessageServer;
use sockeye_net::server::{Ended, serve_streams};
use sockeye_net::{Layers, Lent, Listener};
use tokio::time::Instant;

use super::reply::{Responder, Transport, reply_into};
use super::zone::Zones;
use crate::idle::Sweep;
use crate::visitor::{Ledger, Visitor};
use crate::{Served, Serving};

/// Answers every datagram.
pub(crate) async fn answer_all(
    zones: Arc<Zones>,
    server: &MessageServer,
) -> sockeye_net::Result<()> {
    let mut responder = Responder::new(zones);
    server
        .serve(|message, reply| {
            let octets = responder.reply(message.data(), Transport::Udp);
            if reply.is_told()
                && let Some(question) = meaning_note(message.data())
            {
                reply.note(question, octets.and_then(meaning_note));
            }
            if let Some(octets) = octets {
                reply.send(octets);
            }
        })
        .await
}

/// Answers the queries of every connection.
pub(crate) async fn converse(
    zones: Arc<Zones>,
    listener: Listener,
    layers: Layers,
    how: &Serving,
    stop: impl Future<Output = ()>,
) -> Served {
    let ledger = Arc::new(Ledger::default());
    let patience = how.idle.unwrap_or(IDLE);
    let sweep = Sweep::start(patience);
    let conversations = serve_streams(
        listener,
        &how.limits,
        stop,
        |socket, peer: SocketAddress| {
            let (layers, zones) = (layers.clone(), Arc::clone(&zones));
            let (ledger, watcher) = (Arc::clone(&ledger), sweep.watcher().clone());
            async move {
                let Some(link) = layers.admit(socket, peer).await else {
                    return Ended::Failed;
                };
                answer_stream(zones, Visitor::new(link, &ledger, Some(&watcher)), patience).await
            }
        },
    )
    .await;
    Served {
        conversations,
        idle: sweep.ended(),
        totals: ledger.totals(),
        ..Served::default()
    }
}

/// "The message is prefixed with a two byte length field": RFC 1035, section 4.2.2. Several queries may be sent at
/// once, RFC 7766, section 6.2.1.1; they are answered in their order.
async fn answer_stream(zones: Arc<Zones>, visitor: Visitor, patience: Duration) -> Ended {
    // The beginning of a query that has not come whole.
    let mut begun: Vec<u8> = Vec::new();
    let (mut replies, mut reply) = (Vec::new(), Vec::new());
    let mut deadline = None;
    loop {
        let received = match deadline {
            None => visitor.recv().await,
            Some(deadline) => match tokio::time::timeout_at(deadline, visitor.recv()).await {
                Ok(received) => received,
                // Who sends an octet a second holds a seat all the same.
                Err(_) => return Ended::Failed,
            },
        };
        let data = match received {
            Ok(Lent::Data(data)) => data,
            Ok(Lent::End) if begun.is_empty() => return Ended::Clean,
            Ok(Lent::End) | Err(_) => return Ended::Failed,
        };
        let was_whole = begun.is_empty();
        begun.extend_from_slice(&data);
        drop(data);
        let mut rest = &begun[..];
        let mut took_any = false;
        while let Some((query, after)) = first(rest) {
            rest = after;
            took_any = true;
            tell_meaning(visitor.tap(), visitor.id(), query);
            if reply_into(&zones, query, Transport::Stream, &mut reply) {
                // The encoder goes no further than 65535.
                let len = u16::try_from(reply.len()).unwrap_or(u16::MAX);
                replies.extend_from_slice(&len.to_be_bytes());
                replies.extend_from_slice(&reply[..usize::from(len)]);
            }
            if replies.len() >= AT_ONCE {
                if !send(&visitor, &mut replies).await {
                    return Ended::Failed;
                }
                tokio::task::yield_now().await;
            }
        }
        let taken = begun.len() - rest.len();
        begun.drain(..taken);
        if !send(&visitor, &mut replies).await {
            return Ended::Failed;
        }
        if begun.is_empty() {
            // Who waits for the next question keeps no buffers.
            deadline = None;
            (begun, replies, reply) = (Vec::new(), Vec::new(), Vec::new());
        } else if was_whole || took_any {
            deadline = Some(Instant::now() + patience);
        }
    }
}

/// Sends what there is, each message behind its length; whether the visitor could take it.
async fn send(visitor: &Visitor, replies: &mut Vec<u8>) -> bool {
    if replies.is_empty() {
        return true;
    }
    let sent = visitor.send_all(replies).await.is_ok();
    let mut rest = &replies[..];
    while let Some((reply, after)) = first(rest).filter(|_| sent && visitor.tap().is_on()) {
        tell_meaning(visitor.tap(), visitor.id(), reply);
        rest = after;
    }
    replies.clear();
    sent
}

/// The first message, without its length, and what is behind it.
fn first(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// Replies are sent when this many octets of them are there, though more queries have come.
const AT_ONCE: usize = 64 << 10;
/// How long a connection may be idle, and how long a query may take to come whole: RFC 7766, section 6.2.3, wants "a few
/// seconds".
pub const IDLE: Duration = Duration::from_secs(10);
