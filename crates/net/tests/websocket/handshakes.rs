//! Heads that come: what a server takes and refuses, and what a client believes.

use sockeye_net::websocket::handshake::{
    Asking, BadHead, Credentials, Demands, Denial, FIELDS_MAX, Field, HEAD_MAX, HandshakeError,
    accept, read_request,
};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn asking() -> Asking {
    Asking {
        host: "localhost:7007".to_owned(),
        path: "/chat?room=1".to_owned(),
        ..Asking::default()
    }
}

/// The request of [`asking`] with `from` replaced by `to`.
fn changed(from: &str, to: &str) -> String {
    let request = String::from_utf8(asking().request(KEY)).unwrap();
    assert!(request.contains(from), "{from} in {request}");
    request.replace(from, to)
}

fn denied(demands: &Demands, request: &str) -> Denial {
    let (request, _) = read_request(request.as_bytes()).unwrap().unwrap();
    accept(demands, &request, true).unwrap_err().why
}

#[test]
fn a_server_takes_the_request_of_a_client_and_the_client_its_answer() {
    let asking = Asking {
        subprotocols: vec!["a".to_owned(), "b".to_owned()],
        origin: Some("http://localhost:7007".to_owned()),
        credentials: Credentials::read("ann:secret").unwrap().pop(),
        fields: vec![Field::new("X-Way", "long").unwrap()],
        deflate: true,
        ..asking()
    };
    let demands = Demands {
        path: Some("/chat".to_owned()),
        subprotocols: vec!["c".to_owned(), "b".to_owned()],
        credentials: Credentials::read("bob:x\nann:secret").unwrap(),
        deflate: true,
        ..Demands::default()
    };
    let mut bytes = asking.request(KEY);
    let end = bytes.len();
    bytes.extend(b"\x81\x80....");
    for cut in 0..end {
        assert_eq!(read_request(&bytes[..cut]), Ok(None));
    }
    let (request, len) = read_request(&bytes).unwrap().unwrap();
    assert_eq!((len, request.path()), (end, "/chat"));
    let upgrade = accept(&demands, &request, true).unwrap();
    let mut answer = upgrade.response();
    let end = answer.len();
    answer.extend(b"\x81\x00");
    assert_eq!(asking.response(KEY, &answer[..end - 1]), Ok(None));
    let response = asking.response(KEY, &answer).unwrap().unwrap();
    assert_eq!(response.len, end);
    assert_eq!(response.accepted.subprotocol.as_deref(), Some("b"));
    assert!(response.accepted.deflate.is_some() && upgrade.accepted.deflate.is_some());
}

#[test]
fn each_demand_that_is_not_met_has_its_status() {
    let any = Demands::default();
    let path = Demands {
        path: Some("/other".to_owned()),
        ..Demands::default()
    };
    let query = Demands {
        path: Some("/chat?room=2".to_owned()),
        ..Demands::default()
    };
    let auth = Demands {
        credentials: Credentials::read("ann:secret").unwrap(),
        ..Demands::default()
    };
    let key = format!("Sec-WebSocket-Key: {KEY}");
    for (demands, from, to, why, status) in [
        (&any, "GET", "POST", Denial::Method, 405),
        (&any, "HTTP/1.1", "HTTP/1.0", Denial::Http, 505),
        (&path, "GET", "GET", Denial::Path, 404),
        (&query, "GET", "GET", Denial::Path, 404),
        (&auth, "GET", "GET", Denial::Credentials, 401),
        (
            &auth,
            "Host:",
            "Authorization: Basic YW5uOng=\r\nHost:",
            Denial::Credentials,
            401,
        ),
        (
            &any,
            "Upgrade: websocket",
            "Upgrade: h2c",
            Denial::NoUpgrade,
            426,
        ),
        (
            &any,
            "Connection: Upgrade",
            "Connection: close",
            Denial::Field("Connection"),
            400,
        ),
        (&any, "Version: 13", "Version: 8", Denial::Version, 426),
        (
            &any,
            "Host: localhost:7007\r\n",
            "",
            Denial::Field("Host"),
            400,
        ),
        (
            &any,
            "Host:",
            "Host: a\r\nHost:",
            Denial::Field("Host"),
            400,
        ),
        (&any, &key, "X: y", Denial::Field("Sec-WebSocket-Key"), 400),
        (
            &any,
            KEY,
            "c2hvcnQ=",
            Denial::Field("Sec-WebSocket-Key"),
            400,
        ),
        (
            &any,
            "Host:",
            "Content-Length: 5\r\nHost:",
            Denial::Field("Content-Length"),
            400,
        ),
        (
            &any,
            "Host:",
            "Transfer-Encoding: chunked\r\nHost:",
            Denial::Field("Content-Length"),
            400,
        ),
        (
            &any,
            "Host:",
            "Origin: http://evil.example\r\nHost:",
            Denial::Origin,
            403,
        ),
        (
            &any,
            "Host:",
            "Origin: http://localhost\r\nOrigin: http://evil.example\r\nHost:",
            Denial::Origin,
            403,
        ),
    ] {
        assert_eq!(denied(demands, &changed(from, to)), why, "{to}");
        let (request, _) = read_request(changed(from, to).as_bytes()).unwrap().unwrap();
        let denied = accept(demands, &request, true).unwrap_err();
        assert_eq!(denied.status().0, status);
        let start = format!("HTTP/1.1 {status} ");
        assert!(denied.response().starts_with(start.as_bytes()));
    }
}

#[test]
fn endless_heads_lines_and_fields_meet_a_limit() {
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(HEAD_MAX));
    assert_eq!(read_request(endless.as_bytes()), Err(BadHead::TooLong));
    let line = format!("GET /{}", "x".repeat(HEAD_MAX));
    assert_eq!(read_request(line.as_bytes()), Err(BadHead::TooLong));
    let fields = format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(FIELDS_MAX + 1));
    assert_eq!(read_request(fields.as_bytes()), Err(BadHead::TooMany));
    assert_eq!(read_request(b"\x16\x03\x01\x02\x00"), Err(BadHead::NotHttp));
    let answer = format!("HTTP/1.1 101 x\r\nX: {}", "x".repeat(HEAD_MAX));
    let refused = asking().response(KEY, answer.as_bytes());
    assert_eq!(refused, Err(HandshakeError::Head(BadHead::TooLong)));
}

#[test]
fn a_client_believes_only_an_answer_that_belongs_to_what_it_asked() {
    let good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert!(asking().response(KEY, good.as_bytes()).unwrap().is_some());
    for (from, to, wrong) in [
        ("Upgrade: WebSocket", "X: y", "Upgrade"),
        ("Connection: upgrade", "X: y", "Connection"),
        ("s3pPLM", "S3pPLM", "Sec-WebSocket-Accept"),
        (
            "\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: a\r\n\r\n",
            "Sec-WebSocket-Protocol",
        ),
        (
            "\r\n\r\n",
            "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            "Sec-WebSocket-Extensions",
        ),
    ] {
        let answer = good.replacen(from, to, 1);
        let refused = asking().response(KEY, answer.as_bytes());
        assert_eq!(refused, Err(HandshakeError::Wrong(wrong)), "{answer}");
    }
    let refused = asking().response(KEY, b"HTTP/1.1 404 Not Found\r\nX: y\r\n\r\nnothing here");
    let Err(HandshakeError::Refused(refusal)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (refusal.status, refusal.reason.as_str()),
        (404, "Not Found")
    );
    assert_eq!(refusal.field("x"), Some("y"));
    assert_eq!(refusal.body, b"nothing here");
}
