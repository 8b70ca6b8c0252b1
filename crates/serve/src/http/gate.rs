//! What no route may see: requests that other sites make a browser send, and requests with a body.

use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, Request, StatusCode, Version};
use sockeye_model::SocketAddress;

use super::problem::Problem;
use super::words;

/// Whether a request that came to `local` may go on.
pub(super) fn check<B>(request: &Request<B>, local: &SocketAddress) -> Result<(), Problem> {
    let headers = request.headers();
    let host = host(request)?;
    if request.method() == Method::CONNECT {
        return Err(Problem::of(StatusCode::METHOD_NOT_ALLOWED));
    }
    // Nothing here takes one, and whoever agrees with nobody on where a body ends could hide a second request in it:
    // RFC 9112, section 11.2.
    let length = headers.get(header::CONTENT_LENGTH);
    if headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|len| len != "0") {
        return Err(match *request.method() {
            Method::GET | Method::HEAD => Problem::because(StatusCode::BAD_REQUEST, words::BODY),
            // POST, PUT: it is what they ask that is not done here.
            _ => Problem::of(StatusCode::METHOD_NOT_ALLOWED),
        });
    }
    if is_loopback(local) && host.is_some_and(|host| !names_this_machine(host)) {
        return Err(Problem::because(
            StatusCode::MISDIRECTED_REQUEST,
            words::NAME,
        ));
    }
    if is_from_another_site(headers, host) {
        return Err(Problem::because(StatusCode::FORBIDDEN, words::CROSS_SITE));
    }
    Ok(())
}

/// The host and port that were asked for. "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
/// request message that lacks a Host header field and to any request message that contains more than one": RFC 9112,
/// section 3.2.
fn host<B>(request: &Request<B>) -> Result<Option<&str>, Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => None,
        (Some(host), None) => host.to_str().ok(),
        _ => return Err(Problem::because(StatusCode::BAD_REQUEST, words::HOST)),
    };
    // The absolute form: the host is the target's, whatever the field says (section 3.2.2).
    Ok(request
        .uri()
        .authority()
        .map(|asked| asked.as_str())
        .or(host))
}

fn is_loopback(local: &SocketAddress) -> bool {
    match local {
        SocketAddress::Inet(address) => address.ip().to_canonical().is_loopback(),
        _ => false,
    }
}

/// Whether a name stands for this machine only. Any other name could be another site's, pointed at this address to make
/// a browser read what is served here (DNS rebinding); an address is nobody's name.
fn names_this_machine(host: &str) -> bool {
    if host.is_empty() || host.starts_with('[') {
        return true;
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_or_ends_with = |end: &str| {
        let rest = name.len().checked_sub(end.len());
        rest.and_then(|rest| name.get(rest..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
            && rest.is_some_and(|rest| rest == 0 || name.as_bytes()[rest - 1] == b'.')
    };
    is_or_ends_with("localhost") || name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A browser says where a request comes from: [`Sec-Fetch-Site`](https://www.w3.org/TR/fetch-metadata/), and `Origin`.
/// Only following a link leads here from elsewhere.
fn is_from_another_site(headers: &HeaderMap, host: Option<&str>) -> bool {
    let is = |name: &str, values: &[&str]| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| values.contains(&value))
    };
    let link = is("sec-fetch-mode", &["navigate"]) && is("sec-fetch-dest", &["document"]);
    if is("sec-fetch-site", &["cross-site", "same-site"]) && !link {
        return true;
    }
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => false,
        Some(Err(_)) => true,
        Some(Ok(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            let same = authority.zip(host);
            !same.is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(local: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().uri("/");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let local = SocketAddress::Inet(local.parse().unwrap());
        check(&request, &local)
            .err()
            .map(|problem| problem.status().as_u16())
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_answered() {
        for host in [
            "localhost",
            "localhost:7080",
            "LOCALHOST.",
            "app.localhost:1",
            "127.0.0.1:7080",
            "[::1]:7080",
            "192.0.2.1",
        ] {
            assert_eq!(answer("127.0.0.1:7080", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "notlocalhost",
            "localhost.evil.example:7080",
            "127.0.0.1.evil.example",
        ] {
            assert_eq!(answer("[::1]:7080", &[("host", host)]), Some(421), "{host}");
            assert_eq!(answer("192.0.2.1:7080", &[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn a_request_has_one_host_and_no_body() {
        let local = "192.0.2.1:80";
        assert_eq!(answer(local, &[]), Some(400));
        assert_eq!(answer(local, &[("host", "a"), ("host", "a")]), Some(400));
        assert_eq!(
            answer(local, &[("host", "a"), ("content-length", "1")]),
            Some(400)
        );
        assert_eq!(
            answer(local, &[("host", "a"), ("transfer-encoding", "chunked")]),
            Some(400)
        );
        assert_eq!(
            answer(local, &[("host", "a"), ("content-length", "0")]),
            None
        );
    }

    #[test]
    fn a_method_that_brings_a_body_is_refused_as_a_method() {
        let request = Request::post("/")
            .header("host", "a")
            .header("content-length", "3");
        let local = SocketAddress::Inet("192.0.2.1:80".parse().unwrap());
        let problem = check(&request.body(()).unwrap(), &local).unwrap_err();
        let answer = problem.closing();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD");
        assert_eq!(answer.headers()[header::CONNECTION], "close");
    }

    #[test]
    fn another_site_may_link_here_and_nothing_else() {
        let from = |fields: &[(&str, &str)]| {
            let mut all = vec![("host", "localhost:7080")];
            all.extend_from_slice(fields);
            answer("127.0.0.1:7080", &all)
        };
        let site = ("sec-fetch-site", "cross-site");
        assert_eq!(from(&[site, ("sec-fetch-mode", "no-cors")]), Some(403));
        assert_eq!(from(&[site, ("sec-fetch-mode", "websocket")]), Some(403));
        let navigates = ("sec-fetch-mode", "navigate");
        assert_eq!(
            from(&[site, navigates, ("sec-fetch-dest", "iframe")]),
            Some(403)
        );
        assert_eq!(
            from(&[site, navigates, ("sec-fetch-dest", "document")]),
            None
        );
        assert_eq!(from(&[("sec-fetch-site", "same-origin")]), None);
        assert_eq!(from(&[("origin", "http://evil.example")]), Some(403));
        assert_eq!(from(&[("origin", "null")]), Some(403));
        assert_eq!(from(&[("origin", "http://localhost:7080")]), None);
    }
}
