//! Echo, [RFC 862](https://www.rfc-editor.org/rfc/rfc862): what comes goes back.
//!
//! A stream's echo is a small machine of its own: while it waits it keeps the socket and two words.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::visitor::Visitor;
use sockeye_net::UnderWay;
use sockeye_net::server::Ended;
use sockeye_net::{Lease, Lent, Link, Wire};

/// One conversation.
pub(crate) enum Echo {
    Stream(Stream),
    Messages(Pin<Box<dyn Future<Output = Ended> + Send>>),
}

/// "Once a connection is established any data received is sent back. This continues until the calling user terminates
/// the connection." Who ends only their own direction still gets back all that they sent before.
pub(crate) fn converse(visitor: Visitor) -> Echo {
    match &*visitor {
        Link::Stream(_) => Echo::Stream(Stream {
            visitor,
            receiving: None,
            unsent: None,
        }),
        Link::Messages(_) => Echo::Messages(Box::pin(each_message(visitor))),
    }
}

impl Future for Echo {
    type Output = Ended;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        match &mut *self {
            Self::Stream(stream) => stream.poll(context),
            Self::Messages(messages) => messages.as_mut().poll(context),
        }
    }
}

pub(crate) struct Stream {
    visitor: Visitor,
    receiving: Option<UnderWay>,
    /// Found no room: the visitor sends faster than it receives, and is not asked for more before this is gone.
    unsent: Option<Box<Unsent>>,
}

struct Unsent {
    data: Lease,
    sent: usize,
    sending: Option<UnderWay>,
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        let Link::Stream(wire) = &*self.visitor else {
            return Poll::Ready(Ended::Failed);
        };
        loop {
            if let Some(unsent) = &mut self.unsent {
                if !ready!(unsent.poll(wire, context)) {
                    return Poll::Ready(Ended::Failed);
                }
                self.unsent = None;
            }
            let data = match ready!(wire.poll_recv_lease(context, &mut self.receiving)) {
                Ok(Lent::Data(data)) => data,
                Ok(Lent::End) => return Poll::Ready(Ended::Clean),
                Err(_) => return Poll::Ready(Ended::Failed),
            };
            let mut unsent = Unsent {
                data,
                sent: 0,
                sending: None,
            };
            match unsent.poll(wire, context) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(Ended::Failed),
                Poll::Pending => {
                    self.unsent = Some(Box::new(unsent));
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Unsent {
    /// Sends the rest; whether the visitor could take it.
    fn poll(&mut self, wire: &Wire, context: &mut Context<'_>) -> Poll<bool> {
        while self.sent < self.data.len() {
            let rest = &self.data[self.sent..];
            match ready!(wire.poll_send(context, &mut self.sending, rest)) {
                Ok(sent) => self.sent += sent,
                Err(_) => return Poll::Ready(false),
            }
        }
        Poll::Ready(true)
    }
}

/// On a socket that keeps messages each goes back whole, an empty one too.
async fn each_message(visitor: Visitor) -> Ended {
    loop {
        match visitor.recv().await {
            Ok(Lent::Data(message)) => {
                if visitor.pass(&message).await.is_err() {
                    return Ended::Failed;
                }
            }
            Ok(Lent::End) => return Ended::Clean,
            Err(_) => return Ended::Failed,
        }
    }
}
