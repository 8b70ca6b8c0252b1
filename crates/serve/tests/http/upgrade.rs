//! Leaving HTTP: what goes on has the connection, all that was sent on it, and a place among the conversations.

use std::io::{Read, Write};

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sockeye_net::Lent;
use sockeye_net::server::Ended;
use sockeye_serve::http::{Site, Switched, Upgrade};

use crate::server::Server;

const REQUEST: &str =
    "GET /shout HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n";

async fn shout(request: Request) -> Response {
    let upgrade = request.extensions().get::<Upgrade>().unwrap();
    upgrade.then(go_on);
    let head = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "shout")];
    (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
}

/// Sends everything back in capitals; says goodbye when the server stops.
async fn go_on(mut switched: Switched) -> Ended {
    let wire = &switched.wire;
    let mut stop = std::pin::pin!(async {
        // The sender outlives the conversation.
        let _ = switched.stopping.wait_for(|stop| *stop).await;
    });
    let begun = switched.leftover.to_ascii_uppercase();
    if wire.send_all(&begun).await.is_err() {
        return Ended::Failed;
    }
    loop {
        let received = tokio::select! {
            received = wire.recv_lease() => received,
            () = &mut stop => {
                let _ = wire.send_all(b"BYE").await;
                return Ended::Clean;
            }
        };
        match received {
            Ok(Lent::Data(data)) => {
                if wire.send_all(&data.to_ascii_uppercase()).await.is_err() {
                    return Ended::Failed;
                }
            }
            Ok(Lent::End) => return Ended::Clean,
            Err(_) => return Ended::Failed,
        }
    }
}

fn site() -> Site {
    let routes = Router::new()
        .route("/shout", get(shout))
        // It forgets to say what goes on, or changes its mind.
        .route("/empty", get(async || StatusCode::SWITCHING_PROTOCOLS))
        .route(
            "/no",
            get(async |request: Request| {
                shout(request).await;
                StatusCode::FORBIDDEN
            }),
        );
    Site::new().routes(routes)
}

fn head(stream: &mut impl Read) -> String {
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        came.push(byte[0]);
    }
    String::from_utf8(came).unwrap()
}

#[test]
fn what_was_sent_with_the_request_and_after_it_reaches_the_other_protocol() {
    let server = Server::of(site());
    let mut stream = server.connect();
    stream
        .write_all(format!("{REQUEST}hola ").as_bytes())
        .unwrap();
    let head = head(&mut stream);
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{head}"
    );
    assert!(!head.contains("content-length"), "{head}");
    stream.write_all(b"mundo").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "HOLA MUNDO");
    let served = server.end();
    assert_eq!(served.conversations.conversations, 1);
    assert_eq!(served.conversations.failed, 0);
}

#[test]
fn much_that_was_sent_at_once_arrives_in_order() {
    let server = Server::of(site());
    let mut stream = server.connect();
    let much: String = (0..60_000)
        .map(|number| char::from(b'a' + (number % 26) as u8))
        .collect();
    stream
        .write_all(format!("{REQUEST}{much}").as_bytes())
        .unwrap();
    head(&mut stream);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, much.to_uppercase());
}

#[test]
fn another_protocol_is_told_when_the_server_stops() {
    let mut server = Server::of(site());
    let mut stream = server.connect();
    stream.write_all(REQUEST.as_bytes()).unwrap();
    head(&mut stream);
    server.stop();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "BYE");
    let served = server.end();
    assert_eq!(
        (served.conversations.cut, served.conversations.failed),
        (0, 0)
    );
}

#[test]
fn a_response_that_switches_to_nothing_ends_the_connection() {
    let server = Server::of(site());
    for path in ["/empty", "/no"] {
        let mut stream = server.connect();
        stream
            .write_all(
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nhola")
                    .as_bytes(),
            )
            .unwrap();
        let mut came = String::new();
        stream.read_to_string(&mut came).unwrap();
        let status = if path == "/no" { " 403 " } else { " 101 " };
        assert!(came.contains(status), "{came}");
        assert!(!came.contains("HOLA"), "{came}");
    }
}
