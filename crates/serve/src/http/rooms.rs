//! `/chat` of a page: a WebSocket into the rooms of a chat, in JSON for a page and in lines for a terminal.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use sockeye_net::Link;
use sockeye_net::messages::Messages;
use sockeye_net::server::Ended;
use sockeye_net::websocket::handshake::Demands;
use sockeye_net::websocket::{Keeping, WebSocket};
use tokio::sync::watch;

use super::websocket;
use crate::chat::{Chat, Entrance, JSON_SUBPROTOCOL, Tongue, converse_link};

/// `/chat`, for a site: whoever asks for an upgrade to WebSocket comes in, with the subprotocol [`JSON_SUBPROTOCOL`] or in
/// lines.
pub fn rooms(chat: Chat) -> Router {
    let enter = |request: Request| async move { enter(chat, &request) };
    Router::new().route("/chat", get(enter))
}

fn enter(chat: Chat, request: &Request) -> Response {
    let demands = Demands {
        subprotocols: vec![JSON_SUBPROTOCOL.to_owned()],
        ..Demands::default()
    };
    let keeping = Keeping {
        max_message: chat.limits().input(),
        ping: Some(PING),
    };
    websocket(request, &demands, keeping, |socket, stopping| async move {
        converse(&chat, socket, stopping).await
    })
}

/// The member's time in the chat. A server that stops says goodbye to all.
async fn converse(chat: &Chat, socket: WebSocket, mut stopping: watch::Receiver<bool>) -> Ended {
    let tongue = match socket.accepted().subprotocol {
        Some(_) => Tongue::Json,
        None => Tongue::Lines,
    };
    let link = Link::Messages(Box::new(Messages::WebSocket(Box::new(socket))));
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

/// How often a member that says nothing is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
