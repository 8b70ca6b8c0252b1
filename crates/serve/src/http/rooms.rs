//! `/chat` of a page: a WebSocket into the rooms of a chat, in JSON for a page and in lines for a terminal.

use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sockeye_model::SocketAddress;
use sockeye_net::Link;
use sockeye_net::messages::Messages;
use sockeye_net::server::Ended;
use sockeye_net::websocket::handshake::{self, Accepted, Demands};
use sockeye_net::websocket::{Keeping, Role, WebSocket, tell_upgraded};

use super::{Switched, Upgrade, Visit};
use crate::chat::{Chat, Entrance, JSON_SUBPROTOCOL, Tongue, converse_link};

/// `/chat`, for a site: whoever asks for an upgrade to WebSocket comes in, with the subprotocol [`JSON_SUBPROTOCOL`] or in
/// lines.
pub fn rooms(chat: Chat) -> Router {
    let enter =
        |Extension(visit): Extension<Visit>,
         Extension(upgrade): Extension<Upgrade>,
         request: Request| async move { enter(chat, &visit, &upgrade, &request) };
    Router::new().route("/chat", get(enter))
}

fn enter(chat: Chat, visit: &Visit, upgrade: &Upgrade, request: &Request) -> Response {
    let began = visit.tap.now();
    let demands = Demands {
        subprotocols: vec![JSON_SUBPROTOCOL.to_owned()],
        ..Demands::default()
    };
    match handshake::accept(&demands, &as_asked(request), is_loopback(&visit.local)) {
        Err(denied) => {
            let (status, _) = denied.status();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (
                status,
                axum::response::AppendHeaders(denied.fields()),
                denied.body(),
            )
                .into_response()
        }
        Ok(yes) => {
            let (accepted, path) = (yes.accepted, yes.path);
            upgrade.then(move |switched| async move {
                tell_upgraded(&switched.wire, began, &path, &accepted);
                converse(&chat, switched, accepted).await
            });
            (
                StatusCode::SWITCHING_PROTOCOLS,
                axum::response::AppendHeaders(yes.fields),
            )
                .into_response()
        }
    }
}

/// The member's time in the chat. A server that stops says goodbye to all.
async fn converse(chat: &Chat, switched: Switched, accepted: Accepted) -> Ended {
    let tongue = match accepted.subprotocol {
        Some(_) => Tongue::Json,
        None => Tongue::Lines,
    };
    let keeping = Keeping {
        max_message: chat.limits().input(),
        ping: Some(PING),
    };
    let Switched {
        wire,
        leftover,
        mut stopping,
    } = switched;
    let websocket = WebSocket::after_upgrade(wire, &leftover, accepted, Role::Server, keeping);
    let link = Link::Messages(Box::new(Messages::WebSocket(websocket)));
    let entrance = Entrance::new(tongue);
    let mut conversation = std::pin::pin!(converse_link(chat, link, &entrance));
    let stops = async {
        // Without its server there is nobody left to stop it.
        if stopping.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = &mut conversation => ended,
        () = stops => {
            chat.close();
            conversation.await
        }
    }
}

/// The request as a WebSocket's handshake reads it.
fn as_asked(request: &Request) -> handshake::Request {
    let fields = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    handshake::Request {
        method: request.method().as_str().to_owned(),
        target: request.uri().to_string(),
        minor: u8::from(request.version() == Version::HTTP_11),
        fields: fields.collect(),
    }
}

fn is_loopback(local: &SocketAddress) -> bool {
    match local {
        SocketAddress::Inet(local) => local.ip().to_canonical().is_loopback(),
        _ => true,
    }
}

/// How often a member that says nothing is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
