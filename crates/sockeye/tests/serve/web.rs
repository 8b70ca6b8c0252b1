//! Requests as they go over the wire, and the responses taken apart.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use crate::server::{Server, tcp};

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header field's value; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The lines of the head, sorted, without the field that changes by itself.
    pub(crate) fn steady_head(&self) -> Vec<&str> {
        let lines = self.head.lines();
        let mut lines: Vec<&str> = lines.filter(|line| !line.starts_with("date: ")).collect();
        lines.sort_unstable();
        lines
    }

    /// Takes the first response off what came; `None` when it has not come whole.
    pub(crate) fn take(came: &mut Vec<u8>, has_body: bool) -> Option<Self> {
        let end = came.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&came[..end]).into_owned();
        let mut response = Self {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head,
            body: Vec::new(),
        };
        let len: usize = match response.field("content-length") {
            "" => 0,
            len => len.parse().unwrap(),
        };
        let len = if has_body { len } else { 0 };
        response.body = came.get(end..end + len)?.to_vec();
        came.drain(..end + len);
        Some(response)
    }
}

/// A folder that is served, with nothing else.
pub(crate) fn files(folder: &Path, more: &[&str]) -> (Server, SocketAddr) {
    let folder = folder.to_str().unwrap();
    let server = Server::start(&[&["files=127.0.0.1:0", "--dir", folder], more].concat());
    let at = server.ready();
    (server, at)
}

/// GET, with further header lines.
pub(crate) fn get_with(at: SocketAddr, path: &str, lines: &str) -> Response {
    ask(at, "GET", path, lines)
}

pub(crate) fn get(at: SocketAddr, path: &str) -> Response {
    get_with(at, path, "")
}

pub(crate) fn ask(at: SocketAddr, method: &str, path: &str, lines: &str) -> Response {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
    let mut came = raw(at, request.as_bytes());
    let has_body = method != "HEAD";
    let response = Response::take(&mut came, has_body)
        .unwrap_or_else(|| panic!("{method} {path}: {}", String::from_utf8_lossy(&came)));
    assert!(came.is_empty(), "{method} {path}: more than one response");
    response
}

/// Sends bytes and receives until the end.
pub(crate) fn raw(at: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = tcp(at);
    stream.write_all(request).unwrap();
    until_end(&mut stream)
}

/// All that still comes; a reset is an end as well.
pub(crate) fn until_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut came = Vec::new();
    if let Err(error) = stream.read_to_end(&mut came) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    came
}
