//! The server's side of the handshake: what it demands, and how it answers.

use super::super::extension;
use super::{
    Accepted, BadHead, Credentials, FIELDS_MAX, HEAD_MAX, OriginRule, accept_key, base64, joined,
    lists, of_httparse,
};

/// A request, as it came or as an HTTP server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// HTTP/1.0 is 0, HTTP/1.1 is 1.
    pub minor: u8,
    /// The fields, as they came; bytes that are no UTF-8 are replaced.
    pub fields: Vec<(String, String)>,
}

impl Request {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.fields.iter();
        fields
            .filter(move |(one, _)| one.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The field's value, if it was given exactly once.
    fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut all = self.all(name);
        all.next().filter(|_| all.next().is_none())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }
}

/// Reads the request's head at the start of `bytes`, and where it ends; `None` while it is not whole.
///
/// # Errors
/// [`BadHead`].
pub fn read_request(bytes: &[u8]) -> Result<Option<(Request, usize)>, BadHead> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let len = match request.parse(bytes).map_err(of_httparse)? {
        httparse::Status::Complete(len) if len <= HEAD_MAX => len,
        httparse::Status::Partial if bytes.len() < HEAD_MAX => return Ok(None),
        _ => return Err(BadHead::TooLong),
    };
    let fields = request.headers.iter().map(|field| {
        let value = String::from_utf8_lossy(field.value).into_owned();
        (field.name.to_owned(), value)
    });
    let request = Request {
        method: request.method.unwrap_or("").to_owned(),
        target: request.path.unwrap_or("").to_owned(),
        minor: request.version.unwrap_or(0),
        fields: fields.collect(),
    };
    Ok(Some((request, len)))
}

/// What a server asks of whoever comes.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// The one path that is served, with its query where it has one; `None` serves all.
    pub path: Option<String>,
    /// Whose pages may come.
    pub origin: OriginRule,
    /// What is spoken here, in the order of preference; the first that the client offers too is taken.
    pub subprotocols: Vec<String>,
    /// Who is let in; empty lets in everybody.
    pub credentials: Vec<Credentials>,
    /// Whether permessage-deflate is accepted.
    pub deflate: bool,
}

/// A server's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The fields of the answer, whose status is 101.
    pub fields: Vec<(&'static str, String)>,
    /// What is agreed.
    pub accepted: Accepted,
    /// The path with its query that was asked for.
    pub path: String,
}

impl Upgrade {
    /// The answer's head.
    pub fn response(&self) -> Vec<u8> {
        head("101 Switching Protocols", &self.fields).into_bytes()
    }
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// It is over a limit, or none of HTTP.
    #[error("{0}")]
    Head(BadHead),
    /// Not GET.
    #[error("a WebSocket begins with GET")]
    Method,
    /// HTTP/1.0.
    #[error("a WebSocket needs HTTP/1.1")]
    Http,
    /// Another path than the one that is served.
    #[error("nothing is served at this path")]
    Path,
    /// An ordinary request.
    #[error("this address speaks WebSocket: ask for an upgrade")]
    NoUpgrade,
    /// Not version 13.
    #[error("only version 13 of WebSocket is spoken here")]
    Version,
    /// A field that a request must have is missing, wrong or there twice.
    #[error("the request's {0} is missing or wrong")]
    Field(&'static str),
    /// No credentials, or wrong ones.
    #[error("a name and a password or a token are needed here")]
    Credentials,
    /// A web page of elsewhere.
    #[error("web pages of this origin may not connect here")]
    Origin,
}

/// A server's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub why: Denial,
}

impl Denied {
    /// The status: its number and its words.
    pub const fn status(&self) -> (u16, &'static str) {
        match self.why {
            Denial::Head(BadHead::NotHttp) | Denial::Field(_) => (400, "Bad Request"),
            Denial::Head(_) => (431, "Request Header Fields Too Large"),
            Denial::Method => (405, "Method Not Allowed"),
            Denial::Http => (505, "HTTP Version Not Supported"),
            Denial::Path => (404, "Not Found"),
            Denial::NoUpgrade | Denial::Version => (426, "Upgrade Required"),
            Denial::Credentials => (401, "Unauthorized"),
            Denial::Origin => (403, "Forbidden"),
        }
    }

    /// The fields that belong to it, beside those of the body.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let field = |name, value: &str| vec![(name, value.to_owned())];
        match self.why {
            Denial::Method => field("Allow", "GET"),
            Denial::NoUpgrade => field("Upgrade", "websocket"),
            Denial::Version => vec![
                ("Upgrade", "websocket".to_owned()),
                ("Sec-WebSocket-Version", "13".to_owned()),
            ],
            Denial::Credentials => field(
                "WWW-Authenticate",
                "Basic realm=\"sockeye\", charset=\"UTF-8\", Bearer",
            ),
            _ => Vec::new(),
        }
    }

    /// The body: why, in a line.
    pub fn body(&self) -> String {
        format!("{}\n", self.why)
    }

    /// The whole answer, after which the connection is closed.
    pub fn response(&self) -> Vec<u8> {
        let body = self.body();
        let mut fields = self.fields();
        fields.push(("Content-Type", "text/plain; charset=utf-8".to_owned()));
        fields.push(("Content-Length", body.len().to_string()));
        fields.push(("Connection", "close".to_owned()));
        let (number, words) = self.status();
        (head(&format!("{number} {words}"), &fields) + &body).into_bytes()
    }
}

fn head(status: &str, fields: &[(&'static str, String)]) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in fields {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head + "\r\n"
}

/// Answers a request that came over loopback or not.
///
/// # Errors
/// [`Denied`], with the answer to send.
pub fn accept(demands: &Demands, request: &Request, loopback: bool) -> Result<Upgrade, Denied> {
    answer(demands, request, loopback).map_err(|why| Denied { why })
}

fn answer(demands: &Demands, request: &Request, loopback: bool) -> Result<Upgrade, Denial> {
    if request.method != "GET" {
        return Err(Denial::Method);
    }
    if request.minor == 0 {
        return Err(Denial::Http);
    }
    let host = request.one("Host").ok_or(Denial::Field("Host"))?;
    let served = demands
        .path
        .as_deref()
        .is_none_or(|path| match path.contains('?') {
            true => path == request.target,
            false => path == request.path(),
        });
    if !served {
        return Err(Denial::Path);
    }
    let has = |name, token| {
        let field = joined(request.all(name));
        field.is_some_and(|field| lists(&field, token))
    };
    if !has("Upgrade", "websocket") {
        return Err(Denial::NoUpgrade);
    }
    if !has("Connection", "upgrade") {
        return Err(Denial::Field("Connection"));
    }
    if request.one("Sec-WebSocket-Version") != Some("13") {
        return Err(Denial::Version);
    }
    if request.all("Transfer-Encoding").next().is_some()
        || request.all("Content-Length").any(|len| len.trim() != "0")
    {
        return Err(Denial::Field("Content-Length"));
    }
    let key = request
        .one("Sec-WebSocket-Key")
        .filter(|key| base64::is_key(key))
        .ok_or(Denial::Field("Sec-WebSocket-Key"))?;
    let given = request.one("Authorization");
    let known = |one: &Credentials| given.is_some_and(|given| one.admit(given));
    if !demands.credentials.is_empty() && !demands.credentials.iter().any(known) {
        return Err(Denial::Credentials);
    }
    let origin = match request.all("Origin").count() {
        0 => None,
        _ => Some(request.one("Origin").unwrap_or("")),
    };
    if !demands.origin.admits(origin, host, loopback) {
        return Err(Denial::Origin);
    }
    Ok(upgrade(demands, request, key))
}

fn upgrade(demands: &Demands, request: &Request, key: &str) -> Upgrade {
    let mut fields = vec![
        ("Upgrade", "websocket".to_owned()),
        ("Connection", "Upgrade".to_owned()),
        ("Sec-WebSocket-Accept", accept_key(key)),
    ];
    let offered = joined(request.all("Sec-WebSocket-Protocol")).unwrap_or_default();
    let offered: Vec<&str> = offered.split(',').map(str::trim).collect();
    let mut spoken = demands.subprotocols.iter();
    let subprotocol = spoken
        .find(|ours| offered.contains(&ours.as_str()))
        .cloned();
    if let Some(subprotocol) = &subprotocol {
        fields.push(("Sec-WebSocket-Protocol", subprotocol.clone()));
    }
    let offer = joined(request.all("Sec-WebSocket-Extensions")).filter(|_| demands.deflate);
    let deflate = offer.and_then(|offer| extension::accept(&offer));
    let deflate = deflate.map(|(deflate, value)| {
        fields.push(("Sec-WebSocket-Extensions", value));
        deflate
    });
    Upgrade {
        fields,
        accepted: Accepted {
            subprotocol,
            deflate,
        },
        path: request.target.clone(),
    }
}
