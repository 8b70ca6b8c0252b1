//! One request and its response: past the gate, through the routes, and made ready for the wire.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use sockeye_model::text::Language;
use sockeye_model::{Kind, Note};
use tower_service::Service;

use super::body::{FilePart, Parts, Piece, Pieces, SiteBody};
use super::problem::{self, Problem};
use super::{Access, Site, Upgrade, Visit, gate};

/// What answers the requests of one connection.
pub(super) struct Answering {
    pub(super) site: Arc<Site>,
    pub(super) visit: Visit,
    pub(super) upgrade: Upgrade,
    pub(super) parts: Parts,
}

impl hyper::service::Service<Request<Incoming>> for Answering {
    type Response = Response<SiteBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let began = Instant::now();
        let asked = Asked {
            method: request.method().clone(),
            target: request.uri().to_string(),
            language: language(request.headers(), self.site.language),
        };
        self.tell(&format!("{} {}", asked.method, asked.target));
        let refused = gate::check(&request, &self.visit.local).err();
        let mut request = request.map(|_| Body::empty());
        request.extensions_mut().insert(self.visit.clone());
        request.extensions_mut().insert(self.upgrade.clone());
        request.extensions_mut().insert(asked.language);
        let mut router = self.site.router.clone();
        let parts = self.parts.clone();
        let site = Arc::clone(&self.site);
        let visit = self.visit.clone();
        let upgrade = self.upgrade.clone();
        Box::pin(async move {
            let response = match refused {
                Some(problem) => problem.closing(),
                None => match router.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
            };
            let response = ready(response, &asked, parts);
            let status = response.status();
            if status != StatusCode::SWITCHING_PROTOCOLS {
                // Whatever was to go on, does not.
                drop(upgrade.take());
            }
            let len = response.body().size_hint().exact();
            tell(&visit, &describe(status, len));
            if let Some(accesses) = &site.accesses {
                // Whoever reads them slowly misses some, and slows nobody.
                let _ = accesses.try_send(Access {
                    peer: visit.peer.clone(),
                    method: asked.method.to_string(),
                    target: asked.target,
                    status: status.as_u16(),
                    len,
                    took: began.elapsed(),
                });
            }
            Ok(response)
        })
    }
}

/// What of the request is needed once the routes have it.
struct Asked {
    method: Method,
    target: String,
    language: Language,
}

impl Answering {
    fn tell(&self, text: &str) {
        tell(&self.visit, text);
    }
}

/// Says in a view what was asked or answered.
fn tell(visit: &Visit, text: &str) {
    if visit.tap.is_on() {
        let note = Note::Meaning {
            protocol: "http".into(),
            text: text.into(),
        };
        visit.tap.emit(visit.socket, None, None, Kind::Noted(note));
    }
}

fn describe(status: StatusCode, len: Option<u64>) -> String {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or_default();
    match len {
        Some(len) if len > 0 => format!("{code} {reason}, {len} B"),
        _ => format!("{code} {reason}"),
    }
}

/// The language that the client wants most of those there are; `otherwise` where it names none of them.
pub(super) fn language(headers: &header::HeaderMap, otherwise: Language) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE);
    let wanted = wanted.and_then(|value| value.to_str().ok()).unwrap_or("");
    let ranked = wanted.split(',').filter_map(|part| {
        let (tag, quality) = part.split_once(';').unwrap_or((part, "q=1"));
        let quality: f32 = quality.trim().strip_prefix("q=")?.parse().ok()?;
        let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
        let language = match primary.as_str() {
            "en" => Language::English,
            "es" => Language::Spanish,
            _ => return None,
        };
        (quality > 0.0).then_some((quality, language))
    });
    let mut best = (0.0, otherwise);
    for (quality, language) in ranked {
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

/// A problem gets its page, a file its body, and all get the headers that keep other sites out.
fn ready(mut response: Response<Body>, asked: &Asked, parts: Parts) -> Response<SiteBody> {
    let problem = response.extensions_mut().remove::<Problem>();
    let bare = response.status().is_client_error() || response.status().is_server_error();
    let bare = bare && !response.headers().contains_key(header::CONTENT_TYPE);
    if let Some(problem) = problem.or_else(|| bare.then(|| Problem::of(response.status()))) {
        problem::fill(&mut response, &problem, asked.language);
    }
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    let part = response.extensions_mut().remove::<FilePart>();
    let pieces = match part {
        Some(part) => Some(Pieces([Piece::File(part)].into())),
        None => response.extensions_mut().remove::<Pieces>(),
    };
    if let Some(pieces) = &pieces {
        let len = HeaderValue::from(pieces.len());
        response.headers_mut().insert(header::CONTENT_LENGTH, len);
    }
    response.map(|body| match pieces {
        Some(pieces) => SiteBody::Pieces(pieces, parts),
        None => SiteBody::Routed(body),
    })
}

/// In every response that does not say otherwise.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_wanted_most_is_spoken() {
        let speaks = |wanted: &str| {
            let mut headers = header::HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wanted.parse().unwrap());
            language(&headers, Language::English)
        };
        assert_eq!(speaks("es-AR,es;q=0.9,en;q=0.8"), Language::Spanish);
        assert_eq!(speaks("fr, es;q=0.5, en;q=0.7"), Language::English);
        assert_eq!(speaks("es;q=0"), Language::English);
        assert_eq!(speaks("fr"), Language::English);
    }
}
