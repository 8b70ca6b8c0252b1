//! A file as a response: whole or in parts, or nothing where the client has it already.

use std::collections::VecDeque;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::kind;
use super::range::{Asked, asked};
use crate::http::body::{FilePart, Piece, Pieces};
use crate::http::problem::Problem;

/// What tells one state of a file from another.
struct Validators {
    etag: String,
    /// To the second, as HTTP has it; `None` where it has no date for it.
    modified: Option<SystemTime>,
}

impl Validators {
    fn of(metadata: &std::fs::Metadata) -> Self {
        let since = u64::try_from(metadata.mtime()).ok();
        let since = since.filter(|seconds| *seconds < YEAR_10000);
        Self {
            etag: format!(
                "\"{:x}-{:x}-{:x}.{:x}\"",
                metadata.ino(),
                metadata.len(),
                metadata.mtime(),
                metadata.mtime_nsec()
            ),
            modified: since.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }

    /// In the order of [RFC 9110, section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2): the code that
    /// ends the request, if one does.
    fn check(&self, headers: &HeaderMap) -> Option<StatusCode> {
        if headers.contains_key(header::IF_MATCH) {
            if !self.is_listed(headers, header::IF_MATCH, Comparison::Strong) {
                return Some(StatusCode::PRECONDITION_FAILED);
            }
        } else if let (Some(since), Some(modified)) =
            (date(headers, header::IF_UNMODIFIED_SINCE), self.modified)
            && modified > since
        {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        if headers.contains_key(header::IF_NONE_MATCH) {
            let listed = self.is_listed(headers, header::IF_NONE_MATCH, Comparison::Weak);
            return listed.then_some(StatusCode::NOT_MODIFIED);
        }
        let since = date(headers, header::IF_MODIFIED_SINCE)?;
        (self.modified? <= since).then_some(StatusCode::NOT_MODIFIED)
    }

    fn is_listed(&self, headers: &HeaderMap, name: HeaderName, how: Comparison) -> bool {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || self.is(tag, how))
    }

    fn is(&self, tag: &str, how: Comparison) -> bool {
        let tag = match how {
            Comparison::Weak => tag.strip_prefix("W/").unwrap_or(tag),
            Comparison::Strong => tag,
        };
        tag == self.etag
    }

    /// Whether the parts that the client has are of this very state: "If-Range", section 13.1.5.
    fn continue_from(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::IF_RANGE) else {
            return true;
        };
        match value.to_str() {
            Ok(tag) if tag.starts_with('"') => self.is(tag, Comparison::Strong),
            // A date is to the second, so it is believed once the file has rested for longer.
            Ok(_) => {
                let rested = |modified: &SystemTime| {
                    let age = SystemTime::now().duration_since(*modified);
                    age.is_ok_and(|age| age > Duration::from_secs(2))
                };
                let modified = self.modified.filter(rested);
                modified.is_some() && date(headers, header::IF_RANGE) == modified
            }
            Err(_) => false,
        }
    }
}

/// How entity tags are compared: [RFC 9110, section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let value = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(value).ok()
}

/// The response to a request for this file; its length is that of now.
pub(super) fn answer(request: &Request, file: File, name: &Path) -> Response {
    let Ok(metadata) = file.metadata() else {
        return Problem::of(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    };
    let (len, headers) = (metadata.len(), request.headers());
    let validators = Validators::of(&metadata);
    let kind = kind::of_name(name).unwrap_or_else(|| {
        let mut beginning = [0; 1024];
        let read = file.read_at(&mut beginning, 0).unwrap_or(0);
        kind::of_beginning(&beginning[..read])
    });
    let mut response = match validators.check(headers) {
        Some(StatusCode::PRECONDITION_FAILED) => {
            return Problem::of(StatusCode::PRECONDITION_FAILED).into_response();
        }
        Some(status) => status.into_response(),
        None => {
            // "A server MUST ignore a Range header field received with a request method other than GET": section 14.2.
            let range = headers.get(header::RANGE);
            let range = range.filter(|_| request.method() == Method::GET);
            let range = range.filter(|_| validators.continue_from(headers));
            let range = range.and_then(|value| value.to_str().ok());
            match range.map_or(Asked::Whole, |range| asked(range, len)) {
                Asked::Whole => whole(file, len, kind, request.method()),
                Asked::Parts(parts) if parts.len() == 1 => part(file, parts[0], len, kind),
                Asked::Parts(parts) => several(file, &parts, len, kind),
                Asked::Nothing => {
                    let mut response =
                        Problem::of(StatusCode::RANGE_NOT_SATISFIABLE).into_response();
                    let range = format!("bytes */{len}");
                    set(response.headers_mut(), header::CONTENT_RANGE, &range);
                    return response;
                }
            }
        }
    };
    let headers = response.headers_mut();
    set(headers, header::ETAG, &validators.etag);
    if let Some(modified) = validators.modified {
        let modified = httpdate::fmt_http_date(modified);
        set(headers, header::LAST_MODIFIED, &modified);
    }
    // Kept, and asked about each time: nobody sees an old file.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

fn whole(file: File, len: u64, kind: &'static str, method: &Method) -> Response {
    let mut response = StatusCode::OK.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let piece = piece(file, len, method);
    response.extensions_mut().insert(Pieces([piece].into()));
    response
}

/// A short file is read here and leaves together with the head.
fn piece(file: File, len: u64, method: &Method) -> Piece {
    if len <= SHORT && method == Method::GET {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        if file.read_exact_at(&mut bytes, 0).is_ok() {
            return Piece::Bytes(Bytes::from(bytes));
        }
    }
    Piece::File(FilePart {
        file: Arc::new(file),
        offset: 0,
        len,
    })
}

fn part(file: File, (offset, part): (u64, u64), len: u64, kind: &'static str) -> Response {
    let mut response = StatusCode::PARTIAL_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    set(
        headers,
        header::CONTENT_RANGE,
        &content_range(offset, part, len),
    );
    let part = FilePart {
        file: Arc::new(file),
        offset,
        len: part,
    };
    response.extensions_mut().insert(part);
    response
}

/// `multipart/byteranges`: [RFC 9110, section 14.6](https://www.rfc-editor.org/rfc/rfc9110#section-14.6).
fn several(file: File, parts: &[(u64, u64)], len: u64, kind: &'static str) -> Response {
    let file = Arc::new(file);
    // Nobody can write a file that holds it: it is another one each time.
    let boundary = format!("{:016x}{:016x}", random(), random());
    let mut pieces = VecDeque::new();
    for &(offset, part) in parts {
        let range = content_range(offset, part, len);
        let head =
            format!("\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {range}\r\n\r\n");
        pieces.push_back(Piece::Bytes(head.into()));
        pieces.push_back(Piece::File(FilePart {
            file: Arc::clone(&file),
            offset,
            len: part,
        }));
    }
    pieces.push_back(Piece::Bytes(format!("\r\n--{boundary}--\r\n").into()));
    let mut response = StatusCode::PARTIAL_CONTENT.into_response();
    let kind = format!("multipart/byteranges; boundary={boundary}");
    set(response.headers_mut(), header::CONTENT_TYPE, &kind);
    response.extensions_mut().insert(Pieces(pieces));
    response
}

fn content_range(offset: u64, part: u64, len: u64) -> String {
    format!("bytes {offset}-{}/{len}", offset + part - 1)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Bytes up to which a file is read at once.
const SHORT: u64 = 16 << 10;
/// Seconds from 1970 to the year 10000, which HTTP can't write.
const YEAR_10000: u64 = 253_402_300_800;
