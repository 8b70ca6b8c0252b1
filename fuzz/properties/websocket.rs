//! What holds for any bytes that may be frames or a handshake; the fuzz target and the ordinary tests both check it.

use sockeye_net::websocket::handshake::{
    Asking, Demands, FIELDS_MAX, HEAD_MAX, accept, read_request,
};
use sockeye_net::websocket::{Inbound, MessageType, Role, Step, Violation};

/// What was found in some bytes, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Message(MessageType, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(sockeye_net::websocket::Close),
    Broken(Violation),
}

/// Panics if a promise is broken: however the bytes are cut, the same is found; text is UTF-8, no message is longer than
/// the limit, and no head is read beyond its limits.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else {
        return;
    };
    let role = if first & 1 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let whole = found(role, rest, rest.len().max(1));
    let cut = found(role, rest, usize::from(first >> 1) + 1);
    // Cut, a wrong rule may be met sooner than the end of what came before in the same frame; never the other way.
    assert_eq!(whole, cut);
    let bytewise = found(role, rest, 1);
    assert_eq!(whole, bytewise);
    check_heads(rest);
}

/// Everything in `bytes`, given in pieces of `piece`.
pub(crate) fn found(role: Role, bytes: &[u8], piece: usize) -> Vec<Seen> {
    let mut inbound = Inbound::new(role, LIMIT, None);
    let mut seen = Vec::new();
    for piece in bytes.chunks(piece) {
        let mut piece = piece.to_vec();
        let mut at = 0;
        while at < piece.len() {
            let before = at;
            let step = match inbound.step(&mut piece[at..]) {
                Ok((step, taken)) => {
                    at += taken;
                    step
                }
                Err(violation) => {
                    seen.push(Seen::Broken(violation));
                    return seen;
                }
            };
            match step {
                Step::More => assert_eq!(at, piece.len()),
                Step::Here { kind, start } => {
                    seen.push(message(kind, &piece[before + start..at]));
                }
                Step::Assembled { kind } => seen.push(message(kind, &inbound.take_message())),
                Step::Ping => seen.push(Seen::Ping(inbound.control().to_vec())),
                Step::Pong => seen.push(Seen::Pong(inbound.control().to_vec())),
                Step::Close(close) => seen.push(Seen::Close(close)),
            }
            assert!(at > before);
        }
    }
    seen
}

fn message(kind: MessageType, bytes: &[u8]) -> Seen {
    assert!(bytes.len() <= LIMIT);
    assert!(kind == MessageType::Binary || str::from_utf8(bytes).is_ok());
    Seen::Message(kind, bytes.to_vec())
}

fn check_heads(bytes: &[u8]) {
    if let Ok(Some((request, len))) = read_request(bytes) {
        assert!(len <= HEAD_MAX && len <= bytes.len() && request.fields.len() <= FIELDS_MAX);
        let answer = match accept(&Demands::default(), &request, true) {
            Ok(upgrade) => upgrade.response(),
            Err(denied) => denied.response(),
        };
        assert!(answer.starts_with(b"HTTP/1.1 "));
        let ended = answer.windows(4).filter(|four| four == b"\r\n\r\n").count();
        assert_eq!(ended, 1, "one head, one end");
    }
    let asking = Asking::default();
    if let Ok(Some(response)) = asking.response("dGhlIHNhbXBsZSBub25jZQ==", bytes) {
        assert!(response.len <= HEAD_MAX && response.len <= bytes.len());
    }
}

const LIMIT: usize = 1 << 16;
