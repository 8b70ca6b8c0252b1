//! The handshakes over a stream: a client asks, a server answers; then the conversation may begin.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use sockeye_model::event::Note;
use sockeye_model::{Call, Detail, Kind, SocketAddress, SocketOption, Timestamp};

use super::handshake::{
    Accepted, Asking, Demands, Denial, Denied, HandshakeError, Refusal, accept, read_request,
};
use super::{BadFile, Keeping, Role, WebSocket};
use crate::async_socket::Lent;
use crate::error::{Error, Result};
use crate::wire::Wire;

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// The server's answer was no, or is none.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A file that the address names.
    #[error(transparent)]
    File(#[from] BadFile),
    /// It took longer than this.
    #[error("no answer to the upgrade within {0:?}")]
    TimedOut(Duration),
    /// This server said no.
    #[error("{}", .0.why)]
    Denied(Denied),
}

/// A client's handshake on `wire`.
///
/// # Errors
/// [`NotOpened::Call`], [`NotOpened::Handshake`]. Whoever wants a deadline drops the future.
pub async fn ask(
    wire: Wire,
    asking: &Asking,
    keeping: Keeping,
) -> std::result::Result<WebSocket, NotOpened> {
    wire.veil();
    send_at_once(&wire);
    let began = now(&wire);
    let key = Asking::key();
    let request = asking.request(&key);
    mean(&wire, first_line(&request));
    wire.send_all(&request).await?;
    let mut head = Vec::new();
    let response = loop {
        match wire.recv_lease().await? {
            Lent::Data(data) => head.extend_from_slice(&data),
            Lent::End => return Err(HandshakeError::Ended.into()),
        }
        match asking.response(&key, &head) {
            Ok(None) => {}
            Ok(Some(response)) => break response,
            Err(error) => {
                mean(&wire, first_line(&head));
                if let HandshakeError::Refused(refusal) = error {
                    let refusal = with_body(&wire, *refusal).await;
                    return Err(HandshakeError::Refused(Box::new(refusal)).into());
                }
                return Err(error.into());
            }
        }
    };
    mean(&wire, first_line(&head));
    tell_upgraded(&wire, began, &asking.path, &response.accepted);
    let leftover = &head[response.len..];
    Ok(WebSocket::after_upgrade(
        wire,
        leftover,
        response.accepted,
        Role::Client,
        keeping,
    ))
}

/// The end of a long message must not wait for the other side's acknowledgement of its beginning.
fn send_at_once(wire: &Wire) {
    let handle = wire.socket().handle();
    if handle.is_tcp() && !rustix::net::sockopt::tcp_nodelay(handle).unwrap_or(true) {
        // Without it everything still works, later.
        let _ = handle.set_option(&SocketOption::Nodelay);
    }
}

/// The refusal with the start of its body, as far as it comes soon.
async fn with_body(wire: &Wire, mut refusal: Refusal) -> Refusal {
    let announced = refusal.field("Content-Length");
    let announced = announced.and_then(|len| len.trim().parse().ok());
    let wanted = announced.unwrap_or(BODY).min(BODY);
    let body = async {
        while refusal.body.len() < wanted {
            match wire.recv_lease().await {
                Ok(Lent::Data(data)) => refusal.body.extend_from_slice(&data),
                Ok(Lent::End) | Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(BODY_TIME, body).await;
    refusal.body.truncate(wanted);
    refusal
}

/// A server's handshake on `wire`, with whoever connected to it.
///
/// # Errors
/// [`NotOpened::Call`], [`NotOpened::Denied`]: the client has been told. Whoever wants a deadline drops the future.
pub async fn answer(
    wire: Wire,
    demands: &Demands,
    keeping: Keeping,
) -> std::result::Result<WebSocket, NotOpened> {
    wire.veil();
    send_at_once(&wire);
    let began = now(&wire);
    let mut head = Vec::new();
    let denied = |why| Denied { why };
    let read = loop {
        match wire.recv_lease().await? {
            Lent::Data(data) => head.extend_from_slice(&data),
            Lent::End => {
                let source = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Err(Error::new(Call::Recv, source).into());
            }
        }
        match read_request(&head) {
            Ok(None) => {}
            Ok(Some(read)) => break Ok(read),
            Err(bad) => break Err(denied(Denial::Head(bad))),
        }
    };
    mean(&wire, first_line(&head));
    let answered = read.and_then(|(request, len)| {
        accept(demands, &request, is_loopback(&wire)).map(|upgrade| (upgrade, len))
    });
    match answered {
        Ok((upgrade, len)) => {
            let response = upgrade.response();
            mean(&wire, first_line(&response));
            wire.send_all(&response).await?;
            tell_upgraded(&wire, began, &upgrade.path, &upgrade.accepted);
            let leftover = &head[len..];
            Ok(WebSocket::after_upgrade(
                wire,
                leftover,
                upgrade.accepted,
                Role::Server,
                keeping,
            ))
        }
        Err(denied) => {
            let response = denied.response();
            mean(&wire, first_line(&response));
            refuse(&wire, &response).await?;
            Err(NotOpened::Denied(denied))
        }
    }
}

/// Sends the no, and lets it arrive: to close with something unread would be a reset, which may take it away again.
async fn refuse(wire: &Wire, response: &[u8]) -> Result<()> {
    wire.send_all(response).await?;
    wire.finish().await?;
    let rest = async { while let Ok(Lent::Data(_)) = wire.recv_lease().await {} };
    let _ = tokio::time::timeout(REFUSED, rest).await;
    Ok(())
}

/// Whether the client came over loopback, or over a UNIX socket: from this machine.
fn is_loopback(wire: &Wire) -> bool {
    match wire.local_address() {
        Ok(SocketAddress::Inet(local)) => local.ip().to_canonical().is_loopback(),
        _ => true,
    }
}

/// Tells that the handshake is over and what was agreed: for who read the request elsewhere, as an HTTP server does.
/// `began` is when it came.
pub fn tell_upgraded(wire: &Wire, began: Timestamp, path: &str, accepted: &Accepted) {
    let handle = wire.socket().handle();
    if !handle.tap.is_on() {
        return;
    }
    let path = if path.is_empty() { "/" } else { path };
    let mut details: Vec<Detail> = vec![("path".into(), path.to_owned().into())];
    if let Some(subprotocol) = &accepted.subprotocol {
        details.push(("subprotocol".into(), subprotocol.clone().into()));
    }
    if accepted.deflate.is_some() {
        details.push(("extensions".into(), "permessage-deflate".into()));
    }
    let protocol = Cow::Borrowed("WebSocket");
    let details = Cow::Owned(details);
    handle.emit(began, Kind::Upgraded { protocol, details });
}

fn now(wire: &Wire) -> Timestamp {
    wire.socket().handle().tap.now()
}

/// The first line of a head, for who watches.
fn first_line(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r' || *byte == b'\n').next();
    let line = line.unwrap_or(&[]);
    String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned()
}

fn mean(wire: &Wire, text: String) {
    let handle = wire.socket().handle();
    if handle.tap.is_on() {
        let note = Note::Meaning {
            protocol: Cow::Borrowed("websocket"),
            text: Cow::Owned(text),
        };
        handle.emit(handle.tap.now(), Kind::Noted(note));
    }
}

/// The start of a refusal's body that is kept, bytes.
const BODY: usize = 1024;
/// How long it may take to come.
const BODY_TIME: Duration = Duration::from_millis(500);
/// How long somebody who was refused may take to end the connection.
const REFUSED: Duration = Duration::from_secs(1);
