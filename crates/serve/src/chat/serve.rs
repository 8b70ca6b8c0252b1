//! Chat over listeners: a conversation a connection, or a peer that sends datagrams.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sockeye_model::{SocketAddress, Type};
use sockeye_net::messages::{MessageServer, Messages, SessionLimits};
use sockeye_net::server::{Ended, serve_small};
use sockeye_net::{AsyncSocket, Layers, Link, Listener};

use super::JSON_SUBPROTOCOL;
use super::hall::Entrance;
use super::messages::{converse_messages, serve_sessions};
use super::seat::Chat;
use super::stream::{self, Talk};
use super::told::Tongue;
use crate::idle::Sweep;
use crate::visitor::{Ledger, Visitor};
use crate::{Served, Serving};

/// Members over connections.
pub(crate) async fn converse(
    chat: Chat,
    listener: Listener,
    layers: Layers,
    how: &Serving,
    stop: impl Future<Output = ()>,
) -> Served {
    let ledger = Arc::new(Ledger::default());
    let sweep = how.idle.map(Sweep::start);
    let watcher = sweep.as_ref().map(Sweep::watcher);
    let longest = chat.limits().input();
    let stop = async {
        stop.await;
        chat.close();
    };
    let conversations = serve_small(
        listener,
        &how.limits,
        stop,
        |socket: AsyncSocket, peer: SocketAddress| {
            if layers.is_none() && socket.kind() == Type::Stream {
                // What one that waits costs is all that a thousand of them cost.
                let visitor = Visitor::new(Link::of(socket), &ledger, watcher);
                return Member::Stream(stream::converse(&chat, visitor, longest));
            }
            let (layers, watcher) = (layers.clone(), watcher.cloned());
            let (ledger, chat) = (Arc::clone(&ledger), chat.clone());
            Member::Other(Box::pin(async move {
                let Some(link) = layers.admit(socket, peer).await else {
                    return Ended::Failed;
                };
                let how = Entrance::new(tongue(&link));
                let visitor = Visitor::new(link.of_text(), &ledger, watcher.as_ref());
                receive(&chat, visitor, longest, &how).await
            }))
        },
    )
    .await;
    Served {
        conversations,
        idle: sweep.map_or(0, |sweep| sweep.ended()),
        totals: ledger.totals(),
        ..Served::default()
    }
}

/// What was agreed on in the handshake, where there was one that asks.
fn tongue(link: &Link) -> Tongue {
    if let Link::Messages(messages) = link
        && let Messages::WebSocket(websocket) = &**messages
        && websocket.accepted().subprotocol.as_deref() == Some(JSON_SUBPROTOCOL)
    {
        return Tongue::Json;
    }
    Tongue::Lines
}

async fn receive(chat: &Chat, visitor: Visitor, longest: usize, how: &Entrance) -> Ended {
    match &*visitor {
        Link::Stream(_) => stream::converse(chat, visitor, longest).await,
        Link::Messages(_) => converse_messages(chat, visitor, how).await,
    }
}

/// The conversation of a member whose link somebody else has made: a WebSocket of a page, say. On a stream it is in lines.
///
/// It ends when the member leaves, the link ends or the chat closes.
pub async fn converse_link(chat: &Chat, link: Link, how: &Entrance) -> Ended {
    let visitor = Visitor::new(link.of_text(), &Arc::default(), None);
    receive(chat, visitor, chat.limits().input(), how).await
}

/// Members over sockets of datagrams.
pub(crate) async fn answer_all(
    chat: &Chat,
    server: &MessageServer,
    how: &Serving,
    stop: impl Future<Output = ()>,
) -> Served {
    serve_sessions(chat, server, how, stop).await
}

/// A session lives for as long as its member may be silent, and a while longer: it is told why it ends.
pub(crate) fn session_limits(chat: &Chat) -> SessionLimits {
    SessionLimits {
        idle: chat.limits().silent * 2,
        ..SessionLimits::default()
    }
}

/// A conversation that needs no box where it is one of many.
enum Member {
    Stream(Talk),
    Other(Pin<Box<dyn Future<Output = Ended> + Send>>),
}

impl Future for Member {
    type Output = Ended;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        match &mut *self {
            Self::Stream(talk) => Pin::new(talk).poll(context),
            Self::Other(other) => other.as_mut().poll(context),
        }
    }
}
