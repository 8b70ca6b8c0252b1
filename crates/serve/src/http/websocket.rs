//! From a request to a WebSocket: [RFC 6455, section 4.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2).

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{Response, StatusCode, Version};
use axum::response::IntoResponse;
use sockeye_model::SocketAddress;
use sockeye_net::server::Ended;
use sockeye_net::websocket::handshake::{self, Demands, accept};
use sockeye_net::websocket::{Keeping, Role, WebSocket, tell_upgraded};
use tokio::sync::watch;

use super::{Upgrade, Visit};

/// Answers a request for a WebSocket; if the answer is yes, `then` has the conversation. It is also given what becomes
/// `true` when the server has been told to stop.
///
/// ```
/// use axum::extract::Request;
/// use axum::response::IntoResponse;
/// use sockeye_net::server::Ended;
/// use sockeye_net::websocket::{Close, CloseCode};
/// use sockeye_serve::http::websocket;
///
/// async fn goodbye(request: Request) -> impl IntoResponse {
///     let (demands, keeping) = Default::default();
///     websocket(&request, &demands, keeping, |socket, _stopping| async move {
///         let _ = socket.close(&Close::new(CloseCode::NORMAL, "adiós")).await;
///         Ended::Clean
///     })
/// }
/// ```
pub fn websocket<F>(
    request: &Request,
    demands: &Demands,
    keeping: Keeping,
    then: impl FnOnce(WebSocket, watch::Receiver<bool>) -> F + Send + 'static,
) -> Response<Body>
where
    F: Future<Output = Ended> + Send + 'static,
{
    let extensions = request.extensions();
    let (Some(visit), Some(way_out)) = (extensions.get::<Visit>(), extensions.get::<Upgrade>())
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match accept(demands, &as_it_came(request), is_from_here(&visit.local)) {
        Ok(agreed) => {
            let began = visit.tap.now();
            let path = agreed.path.clone();
            let accepted = agreed.accepted.clone();
            way_out.then(move |switched| {
                tell_upgraded(&switched.wire, began, &path, &accepted);
                let leftover = &switched.leftover;
                let socket = WebSocket::after_upgrade(
                    switched.wire,
                    leftover,
                    accepted,
                    Role::Server,
                    keeping,
                );
                then(socket, switched.stopping)
            });
            response(
                StatusCode::SWITCHING_PROTOCOLS,
                agreed.fields,
                String::new(),
            )
        }
        Err(denied) => {
            let (status, _) = denied.status();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            let mut fields = denied.fields();
            fields.push(("content-type", "text/plain; charset=utf-8".to_owned()));
            response(status, fields, denied.body())
        }
    }
}

/// The request as the handshake reads it.
fn as_it_came(request: &Request) -> handshake::Request {
    let fields = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let target = request.uri().path_and_query();
    handshake::Request {
        method: request.method().to_string(),
        target: target.map_or_else(String::new, ToString::to_string),
        minor: u8::from(request.version() == Version::HTTP_11),
        fields: fields.collect(),
    }
}

/// Whether it came to an address that only this machine has.
fn is_from_here(local: &SocketAddress) -> bool {
    match local {
        SocketAddress::Inet(address) => address.ip().to_canonical().is_loopback(),
        _ => true,
    }
}

fn response(
    status: StatusCode,
    fields: Vec<(&'static str, String)>,
    body: String,
) -> Response<Body> {
    let mut response = (status, Body::from(body)).into_response();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
