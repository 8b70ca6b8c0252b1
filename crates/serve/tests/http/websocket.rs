//! A WebSocket among the routes of a site: the handshake, the messages, and who is refused.

use std::io::{Read, Write};

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use sockeye_net::server::Ended;
use sockeye_net::websocket::handshake::Demands;
use sockeye_net::websocket::{Event, Keeping};
use sockeye_serve::http::{Site, websocket};

use crate::server::Server;

/// Sends each message back, until the close.
fn site() -> Site {
    let echo = get(async |request: Request| {
        let demands = Demands {
            subprotocols: vec!["parrot".to_owned()],
            ..Demands::default()
        };
        websocket(
            &request,
            &demands,
            Keeping::default(),
            |socket, _| async move {
                loop {
                    match socket.event().await {
                        Ok(Event::Message(kind, data)) => {
                            if socket.send(kind, &data).await.is_err() {
                                return Ended::Failed;
                            }
                        }
                        Ok(Event::Closed(_)) => return Ended::Clean,
                        Ok(_) => {}
                        Err(_) => return Ended::Failed,
                    }
                }
            },
        )
    });
    Site::new().routes(Router::new().route("/echo", echo))
}

fn ask(server: &Server, lines: &str) -> (std::net::TcpStream, String) {
    let mut stream = server.connect();
    let request = format!("GET /echo HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        came.push(byte[0]);
    }
    (
        stream,
        String::from_utf8(came).unwrap().to_ascii_lowercase(),
    )
}

/// The key of RFC 6455, section 1.3.
const FIELDS: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn a_route_becomes_a_websocket() {
    let server = Server::of(site());
    let lines = format!("{FIELDS}Sec-WebSocket-Protocol: other, parrot\r\n");
    let (mut stream, head) = ask(&server, &lines);
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(
        head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nsec-websocket-protocol: parrot\r\n"),
        "{head}"
    );
    // "Hello", masked: section 5.7. And then a close, with 1000.
    stream
        .write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\0\0\0\0\x03\xe8")
        .unwrap();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).unwrap();
    assert_eq!(came, b"\x81\x05Hello\x88\x02\x03\xe8");
    drop(stream);
    let served = server.end();
    assert_eq!(
        (
            served.conversations.conversations,
            served.conversations.failed
        ),
        (1, 0)
    );
}

#[test]
fn who_asks_wrongly_or_from_elsewhere_is_told_why() {
    let server = Server::of(site());
    for (lines, status) in [
        (String::new(), "426"),
        (FIELDS.replace("13", "8"), "426"),
        (FIELDS.replace("dGhl", "dG"), "400"),
        (format!("{FIELDS}Origin: http://evil.example\r\n"), "403"),
    ] {
        let (_, head) = ask(&server, &lines);
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{lines}: {head}"
        );
    }
    let (_, head) = ask(&server, &format!("{FIELDS}Origin: http://localhost\r\n"));
    assert!(head.starts_with("http/1.1 101 "), "{head}");
}
