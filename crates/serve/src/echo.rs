//! Echo, [RFC 862](https://www.rfc-editor.org/rfc/rfc862): what comes goes back.
//!
//! A stream's echo is a small machine of its own, and so is a WebSocket's: while it waits it keeps the socket and two
//! words. Messages that came together go back together.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::visitor::Visitor;
use sockeye_model::Timestamp;
use sockeye_net::messages::Messages;
use sockeye_net::server::Ended;
use sockeye_net::websocket::{self, Event};
use sockeye_net::{Lease, Lent, Link, UnderWay, Wire};

/// One conversation.
pub(crate) enum Echo {
    Stream(Stream),
    WebSocket(WebSocket),
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
        Link::Messages(messages) if matches!(**messages, Messages::WebSocket(_)) => {
            Echo::WebSocket(WebSocket {
                visitor: Some(visitor),
                unsent: None,
            })
        }
        Link::Messages(_) => Echo::Messages(Box::pin(each_message(visitor))),
    }
}

impl Future for Echo {
    type Output = Ended;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        if let Self::WebSocket(websocket) = &mut *self {
            match ready!(websocket.poll(context)) {
                Some(visitor) => *self = Self::Messages(Box::pin(each_message(visitor))),
                None => return Poll::Ready(Ended::Failed),
            }
        }
        match &mut *self {
            Self::Stream(stream) => stream.poll(context),
            Self::WebSocket(_) => Poll::Ready(Ended::Failed),
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

pub(crate) struct WebSocket {
    /// Until it is given back.
    visitor: Option<Visitor>,
    /// The message that found no room, and since when.
    unsent: Option<Box<(Lease, Option<Timestamp>)>>,
}

impl WebSocket {
    /// Goes on until no more messages come; then the visitor is given back for the goodbye, if one can be said.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Visitor>> {
        let passed = match self.visitor.as_deref() {
            Some(Link::Messages(messages)) => match &**messages {
                Messages::WebSocket(websocket) => {
                    let passed = ready!(Self::pass_on(&mut self.unsent, websocket, context));
                    passed.is_ok() || websocket.is_over()
                }
                _ => false,
            },
            _ => false,
        };
        Poll::Ready(self.visitor.take().filter(|_| passed))
    }

    fn pass_on(
        unsent: &mut Option<Box<(Lease, Option<Timestamp>)>>,
        websocket: &websocket::WebSocket,
        context: &mut Context<'_>,
    ) -> Poll<sockeye_net::Result<()>> {
        loop {
            if let Some(waiting) = unsent {
                let (message, begun) = &mut **waiting;
                ready!(websocket.poll_pass(context, message, begun))?;
                *unsent = None;
            }
            let message = match websocket.poll_event(context)? {
                Poll::Ready(Event::Message(_, message)) => message,
                Poll::Ready(Event::Closed(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Event::Ping(_) | Event::Pong(..)) => continue,
                Poll::Pending => {
                    // Nothing more has come: what has goes back.
                    ready!(websocket.poll_flush(context))?;
                    return Poll::Pending;
                }
            };
            let mut begun = None;
            match websocket.poll_pass(context, &message, &mut begun) {
                Poll::Ready(passed) => passed?,
                Poll::Pending => {
                    *unsent = Some(Box::new((message, begun)));
                    return Poll::Pending;
                }
            }
        }
    }
}

/// On another socket that keeps messages each goes back whole, an empty one too.
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
