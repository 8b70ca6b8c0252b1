//! Answers that say what is wrong, each a small page.

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use sockeye_model::text::{Language, Text};

use super::words;

/// A request that can't be granted: a status code, and why in a sentence. As a response it becomes a page in the
/// client's language.
///
/// ```
/// use axum::http::StatusCode;
/// use axum::response::IntoResponse;
/// use sockeye_serve::http::Problem;
///
/// let response = Problem::of(StatusCode::NOT_FOUND).into_response();
/// assert_eq!(response.status(), 404);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    status: StatusCode,
    why: Text,
}

impl Problem {
    /// With the usual words for this code.
    pub fn of(status: StatusCode) -> Self {
        let why = match status {
            StatusCode::NOT_FOUND => words::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED => words::METHOD,
            StatusCode::BAD_REQUEST => words::MALFORMED,
            StatusCode::RANGE_NOT_SATISFIABLE => words::RANGE,
            StatusCode::PRECONDITION_FAILED => words::CHANGED,
            _ if status.is_server_error() => words::SERVER_ERROR,
            _ => words::REFUSED,
        };
        Self::because(status, why)
    }

    /// With a reason of one's own.
    pub fn because(status: StatusCode, why: Text) -> Self {
        Self { status, why }
    }

    /// Its code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// As a response after which the connection is closed: nothing behind such a request is believed.
    pub(super) fn closing(self) -> Response<Body> {
        let mut response = self.into_response();
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            // RFC 9110, section 15.5.6: "The origin server MUST generate an Allow header field".
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the page into a response.
pub(super) fn fill(response: &mut Response<Body>, problem: &Problem, language: Language) {
    let title = format!(
        "{} {}",
        problem.status.as_u16(),
        problem.status.canonical_reason().unwrap_or_default()
    );
    let why = problem.why.say(language);
    let code = language.code();
    let page = format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{why}</p>\n</html>\n"
    );
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
    *response.body_mut() = Body::from(page);
}
