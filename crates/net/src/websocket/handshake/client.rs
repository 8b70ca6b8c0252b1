//! The client's side of the handshake: what it asks, and what the answer has to say.

use std::fmt::Write as _;

use super::super::extension::{self, Deflate};
use super::{
    BadHead, Credentials, FIELDS_MAX, Field, HEAD_MAX, accept_key, base64, joined, lists,
    of_httparse,
};

/// What a client asks a server for.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// `Host`: as the address has it, the port left out where it is the scheme's own.
    pub host: String,
    /// The path with its query; empty is `/`.
    pub path: String,
    /// In the order of preference.
    pub subprotocols: Vec<String>,
    /// Sent as it is.
    pub origin: Option<String>,
    /// Sent as `Authorization`.
    pub credentials: Option<Credentials>,
    /// More fields.
    pub fields: Vec<Field>,
    /// Whether permessage-deflate is offered.
    pub deflate: bool,
}

impl Asking {
    /// A new key: 16 unpredictable bytes.
    pub fn key() -> String {
        let mut nonce = [0; 16];
        super::super::random(&mut nonce);
        base64::encode(&nonce)
    }

    /// The request's head, with this key.
    pub fn request(&self, key: &str) -> Vec<u8> {
        let path = match self.path.as_str() {
            "" => "/",
            path => path,
        };
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n",
            self.host
        );
        let mut add = |name: &str, value: &str| {
            let _ = write!(head, "{name}: {value}\r\n");
        };
        if !self.subprotocols.is_empty() {
            add("Sec-WebSocket-Protocol", &self.subprotocols.join(", "));
        }
        if self.deflate {
            add("Sec-WebSocket-Extensions", extension::OFFER);
        }
        if let Some(origin) = &self.origin {
            add("Origin", origin);
        }
        if let Some(credentials) = &self.credentials {
            add("Authorization", &credentials.field());
        }
        for field in &self.fields {
            add(field.name(), field.value());
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Reads the answer at the start of `bytes` to a request with `key`; `None` while it is not whole.
    ///
    /// # Errors
    /// [`HandshakeError`]; a [`Refusal`] there has of the body what is in `bytes`.
    pub fn response(&self, key: &str, bytes: &[u8]) -> Result<Option<Response>, HandshakeError> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let len = match response.parse(bytes).map_err(of_httparse)? {
            httparse::Status::Complete(len) if len <= HEAD_MAX => len,
            httparse::Status::Partial if bytes.len() < HEAD_MAX => return Ok(None),
            _ => return Err(BadHead::TooLong.into()),
        };
        let status = response.code.unwrap_or(0);
        let fields: Vec<(String, String)> = response
            .headers
            .iter()
            .map(|field| {
                let value = String::from_utf8_lossy(field.value).into_owned();
                (field.name.to_owned(), value)
            })
            .collect();
        if status != 101 {
            return Err(HandshakeError::Refused(Box::new(Refusal {
                status,
                reason: response.reason.unwrap_or("").to_owned(),
                fields,
                body: bytes[len..].to_vec(),
            })));
        }
        let accepted = self.accepted(key, &fields)?;
        Ok(Some(Response { accepted, len }))
    }

    fn accepted(&self, key: &str, fields: &[(String, String)]) -> Result<Accepted, HandshakeError> {
        let all = |name: &str| {
            let name = name.to_owned();
            let named = fields
                .iter()
                .filter(move |(one, _)| one.eq_ignore_ascii_case(&name));
            named.map(|(_, value)| value.as_str())
        };
        let wrong = |field| Err(HandshakeError::Wrong(field));
        if !joined(all("Upgrade")).is_some_and(|upgrade| lists(&upgrade, "websocket")) {
            return wrong("Upgrade");
        }
        if !joined(all("Connection")).is_some_and(|connection| lists(&connection, "upgrade")) {
            return wrong("Connection");
        }
        let accept: Vec<&str> = all("Sec-WebSocket-Accept").collect();
        if accept != [accept_key(key)] {
            return wrong("Sec-WebSocket-Accept");
        }
        let protocols: Vec<&str> = all("Sec-WebSocket-Protocol").collect();
        let subprotocol = match protocols[..] {
            [] => None,
            [one] if self.subprotocols.iter().any(|offered| offered == one) => Some(one.to_owned()),
            _ => return wrong("Sec-WebSocket-Protocol"),
        };
        let deflate = match joined(all("Sec-WebSocket-Extensions")) {
            None => None,
            Some(field) if self.deflate => match extension::agreed(&field) {
                None => return wrong("Sec-WebSocket-Extensions"),
                agreed => agreed,
            },
            Some(_) => return wrong("Sec-WebSocket-Extensions"),
        };
        Ok(Accepted {
            subprotocol,
            deflate,
        })
    }
}

/// A server's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What is agreed.
    pub accepted: Accepted,
    /// Where the head ends, and the first frame begins.
    pub len: usize,
}

/// What both sides agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// One of those offered.
    pub subprotocol: Option<String>,
    /// Compression, and how.
    pub deflate: Option<Deflate>,
}

/// Why a client has no conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The server said no, or something else than was asked.
    #[error("the server answered {} {}", .0.status, .0.reason)]
    Refused(Box<Refusal>),
    /// It said yes, but this field of its answer does not belong to what was asked.
    #[error("the server's {0} does not fit the request")]
    Wrong(&'static str),
    /// What came is no answer.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// The connection ended inside the answer.
    #[error("the connection ended before the answer did")]
    Ended,
}

/// A server's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 200 or 404 for example.
    pub status: u16,
    /// The status in words.
    pub reason: String,
    /// The fields, as they came.
    pub fields: Vec<(String, String)>,
    /// The start of the body.
    pub body: Vec<u8>,
}

impl Refusal {
    /// The first value of this field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(one, _)| one.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
