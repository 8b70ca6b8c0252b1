//! A connection from its first request to its end: hyper speaks, the limits are ours.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use sockeye_model::SocketAddress;
use sockeye_net::server::{Ended, serve_streams};
use sockeye_net::tls::ended_early;
use sockeye_net::{Layers, Lent, Link, Listener, Wire};
use tokio::sync::watch;

use super::answer::Answering;
use super::body::Parts;
use super::transport::Transport;
use super::upgrade::{Switched, Upgrade};
use super::{Site, Visit};
use crate::visitor::Ledger;
use crate::{LINGER, Served, Serving};

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who asked.
    pub peer: SocketAddress,
    /// Its method, such as `GET`.
    pub method: String,
    /// What it asked for, as it was sent: path and query. It may hold anything but spaces and controls.
    pub target: String,
    /// The response's code, such as 200.
    pub status: u16,
    /// The length of the response's body, where that is known before it is sent.
    pub len: Option<u64>,
    /// From the request's head to the response's.
    pub took: Duration,
}

/// Serves a site on the connections of a listener.
pub(crate) async fn serve(
    site: Arc<Site>,
    listener: Listener,
    layers: Layers,
    how: &Serving,
    stop: impl Future<Output = ()>,
) -> Served {
    let ledger = Arc::new(Ledger::default());
    let patience = how.idle.unwrap_or(IDLE);
    let (told, stopping) = watch::channel(false);
    let stop = async {
        stop.await;
        let _ = told.send(true);
    };
    let conversations = serve_streams(listener, &how.limits, stop, |socket, peer| {
        let (site, ledger) = (Arc::clone(&site), Arc::clone(&ledger));
        let (layers, stopping) = (layers.clone(), stopping.clone());
        async move {
            let Some(Link::Stream(wire)) = layers.admit(socket, peer.clone()).await else {
                return Ended::Failed;
            };
            let visit = Visit {
                local: wire.local_address().unwrap_or_else(|_| peer.clone()),
                peer,
                socket: wire.id(),
                tap: wire.tap().clone(),
            };
            let parts = Parts::default();
            let answering = Answering {
                site,
                visit,
                upgrade: Upgrade::default(),
                parts: parts.clone(),
            };
            let transport = Transport::new(wire, &ledger, parts, patience);
            converse(transport, answering, patience, stopping).await
        }
    })
    .await;
    Served {
        conversations,
        totals: ledger.totals(),
        ..Served::default()
    }
}

async fn converse(
    transport: Transport,
    answering: Answering,
    patience: Duration,
    mut stopping: watch::Receiver<bool>,
) -> Ended {
    let upgrade = answering.upgrade.clone();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // It also runs while a connection waits for its next request.
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(BUFFERED)
        // Whoever has sent its request may end its direction and still get the answer.
        .half_close(true)
        .serve_connection(transport, answering);
    let ended = {
        let mut stop = std::pin::pin!(async {
            // The sender lives as long as the server.
            let _ = stopping.wait_for(|stop| *stop).await;
        });
        let mut told = false;
        poll_fn(|context| {
            if !told && stop.as_mut().poll(context).is_ready() {
                told = true;
                // The request under way is answered; one that waits for its next is closed.
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(context)
        })
        .await
    };
    let rest = connection.into_parts();
    let transport = rest.io;
    if let Err(error) = ended {
        // A request that was no HTTP has been answered 400 by now; an answer that broke off must not look whole.
        if !(error.is_parse() || error.is_parse_too_large() || error.is_timeout()) {
            return Ended::Failed;
        }
    } else if let Some(after) = upgrade.take() {
        let mut leftover = rest.read_buf.to_vec();
        leftover.extend_from_slice(transport.untaken());
        let switched = Switched {
            wire: transport.wire,
            leftover,
            stopping,
        };
        return after(switched).await;
    }
    // A client that has all it wanted may be gone by now.
    if transport.wire.finish().await.is_err() || transport.ended {
        return Ended::Clean;
    }
    linger(&transport.wire).await
}

/// Throws away what still comes, until the client has closed its side as well or enough is enough: closing while
/// something unread is here would be a reset, and the last answer might be lost with it.
async fn linger(wire: &Wire) -> Ended {
    let until_end = async {
        let mut rest = LINGER_BYTES;
        loop {
            match wire.recv_lease().await {
                Ok(Lent::Data(data)) if data.len() < rest => rest -= data.len(),
                Ok(Lent::Data(_)) => return Ended::Failed,
                Ok(Lent::End) => return Ended::Clean,
                Err(error) if ended_early(&error.source) => return Ended::Clean,
                Err(_) => return Ended::Failed,
            }
        }
    };
    let ended = tokio::time::timeout(LINGER, until_end).await;
    ended.unwrap_or(Ended::Clean)
}

/// How long a connection may wait for its next request, a request's head may take, or a client may take nothing of an
/// answer.
pub const IDLE: Duration = Duration::from_secs(30);
/// Most bytes of a request's head: "431 Request Header Fields Too Large" beyond.
pub const MAX_HEAD: usize = 32 << 10;
/// Most header fields of a request: 431 beyond.
pub const MAX_HEADERS: usize = 100;
/// Bytes that are thrown away behind the last answer.
const LINGER_BYTES: usize = 1 << 20;
/// Most bytes of requests that wait in memory behind the one that is answered.
const BUFFERED: usize = 64 << 10;
