//! The page of a server: the chat, and what its sockets do as they do it; everything it needs comes from here.
//!
//! What a browser gets are the files of the folder `page`, as they are. What is told to it comes through `/events`, whose
//! content this module does not know: whoever serves the page gives it whole
//! [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::mpsc::Receiver;

use super::Problem;

/// A stretch of what a page is told.
pub type Tidings = Receiver<Arc<[u8]>>;

/// What a page shows, and where that comes from.
#[derive(Clone)]
pub struct Page {
    events: Arc<dyn Fn() -> Option<Tidings> + Send + Sync>,
    folder: bool,
    chat: bool,
}

impl Page {
    /// A page that is told what `events` gives: called once for each page that is opened; `None` where there are too many.
    ///
    /// ```
    /// use sockeye_serve::http::{Page, Site};
    ///
    /// let page = Page::new(|| {
    ///     let (tell, told) = tokio::sync::mpsc::channel(1);
    ///     tell.try_send(b"event: hello\ndata: {}\n\n"[..].into()).ok()?;
    ///     Some(told)
    /// });
    /// let site = Site::new().routes(page.chat(true).routes());
    /// ```
    pub fn new(events: impl Fn() -> Option<Tidings> + Send + Sync + 'static) -> Self {
        Self {
            events: Arc::new(events),
            folder: false,
            chat: false,
        }
    }

    /// Whether it leads to a folder at `/files/`.
    #[must_use]
    pub fn folder(self, folder: bool) -> Self {
        Self { folder, ..self }
    }

    /// Whether there is a chat at `/chat`.
    #[must_use]
    pub fn chat(self, chat: bool) -> Self {
        Self { chat, ..self }
    }

    /// `/`, `/page/…` and `/events`.
    pub fn routes(self) -> Router {
        let site = format!("{{\"folder\":{},\"chat\":{}}}\n", self.folder, self.chat);
        let events = self.events;
        let mut router = Router::new()
            .route("/events", get(move || tell(Arc::clone(&events))))
            .route("/page/site.json", get(|| async { file(JSON, site) }));
        for (path, kind, text) in FILES {
            router = router.route(path, get(|| async { file(kind, *text) }));
        }
        router
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

fn file(kind: &'static str, text: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Another version may come with the next start.
        (header::CACHE_CONTROL, "no-cache"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    (headers, text.into()).into_response()
}

async fn tell(events: Arc<dyn Fn() -> Option<Tidings> + Send + Sync>) -> Response {
    let Some(tidings) = events() else {
        return Problem::of(StatusCode::SERVICE_UNAVAILABLE).into_response();
    };
    let mut response = Response::new(Body::new(Told(tidings)));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body without a known end: what is told, as it is told.
struct Told(Tidings);

impl HttpBody for Told {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let told = self.0.poll_recv(context);
        told.map(|told| told.map(|told| Ok(Frame::data(Bytes::from_owner(told)))))
    }
}

/// Nothing but what this server sends may be loaded, run, shown or asked; and no text becomes markup, even by mistake.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const JSON: &str = "application/json";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: path, content type, content.
const FILES: &[(&str, &str, &str)] = &[
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("page/index.html"),
    ),
    (
        "/page/page.css",
        "text/css; charset=utf-8",
        include_str!("page/page.css"),
    ),
    (
        "/page/icon.svg",
        "image/svg+xml",
        include_str!("page/icon.svg"),
    ),
    (
        "/page/strings.json",
        JSON,
        include_str!("page/strings.json"),
    ),
    ("/page/main.js", SCRIPT, include_str!("page/main.js")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
    ("/page/chat.js", SCRIPT, include_str!("page/chat.js")),
    ("/page/sockets.js", SCRIPT, include_str!("page/sockets.js")),
    ("/page/diagram.js", SCRIPT, include_str!("page/diagram.js")),
    (
        "/page/narration.js",
        SCRIPT,
        include_str!("page/narration.js"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    type Table = BTreeMap<String, BTreeMap<String, String>>;

    fn text(path: &str) -> &'static str {
        FILES.iter().find(|(at, ..)| *at == path).unwrap().2
    }

    /// The names between braces, sorted; a word for one and for several stands behind the name of its count.
    fn places(text: &str) -> BTreeSet<&str> {
        let pieces = text.split('{').skip(1);
        let places = pieces.map(|piece| piece.split('}').next().unwrap());
        places
            .map(|place| place.split(':').next().unwrap())
            .collect()
    }

    #[test]
    fn what_is_counted_has_a_word_for_one_and_a_word_for_several() {
        let table: Table = serde_json::from_str(text("/page/strings.json")).unwrap();
        for (key, words) in table.values().flatten() {
            for piece in words.split('{').skip(1) {
                let place = piece.split('}').next().unwrap();
                let forms = place.split_once(':').map(|(_, forms)| forms.split('|'));
                assert!(
                    forms.is_none_or(|forms| forms.count() == 2),
                    "{key}: {words}"
                );
            }
            let (_, behind) = words.split_once("{count} ").unwrap_or_default();
            let unit = ["", "s", "min", "h", "d", "more", "más"].contains(&behind);
            assert!(unit || behind.starts_with("{count:"), "{key}: {words}");
        }
    }

    #[test]
    fn both_languages_have_the_same_words_with_the_same_places() {
        let table: Table = serde_json::from_str(text("/page/strings.json")).unwrap();
        let languages: Vec<&str> = table.keys().map(String::as_str).collect();
        assert_eq!(languages, ["en", "es"]);
        let (english, spanish) = (&table["en"], &table["es"]);
        assert!(english.keys().eq(spanish.keys()));
        for (key, words) in english {
            assert_eq!(places(words), places(&spanish[key]), "{key}");
            assert!(!words.is_empty() && !spanish[key].is_empty(), "{key}");
        }
    }

    #[test]
    fn every_word_that_the_page_asks_for_is_there_and_none_is_left_over() {
        let table: Table = serde_json::from_str(text("/page/strings.json")).unwrap();
        let page = text("/");
        let mut used = BTreeSet::new();
        for attribute in ["data-t=\"", "data-t-label=\"", "data-t-placeholder=\""] {
            let keys = page.split(attribute).skip(1);
            used.extend(keys.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        for key in &used {
            assert!(table["en"].contains_key(key), "{key}");
        }
        let scripts: String = FILES
            .iter()
            .filter(|(_, kind, _)| *kind == SCRIPT)
            .map(|(.., text)| *text)
            .collect();
        for rest in scripts.split(" t(\"").chain(scripts.split("(t(\"")).skip(1) {
            let key = rest.split('"').next().unwrap();
            assert!(
                key.contains(char::is_whitespace) || table["en"].contains_key(key),
                "{key}"
            );
        }
        for key in table["en"].keys() {
            let asked = used.contains(key)
                || scripts.contains(&format!("\"{key}\""))
                || STATES.contains(&key.as_str());
            assert!(asked, "nobody says {key}");
        }
    }

    /// What stands in the page before its script runs is English, word for word.
    #[test]
    fn the_page_as_it_comes_is_english() {
        let table: Table = serde_json::from_str(text("/page/strings.json")).unwrap();
        for rest in text("/").split("data-t=\"").skip(1) {
            let (key, rest) = rest.split_once('"').unwrap();
            let (_, rest) = rest.split_once('>').unwrap();
            let shown = rest.split('<').next().unwrap();
            assert_eq!(shown, table["en"][key], "{key}");
        }
    }

    #[test]
    fn no_script_can_make_markup_of_a_text() {
        for (path, kind, text) in FILES {
            if *kind != SCRIPT {
                continue;
            }
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "srcdoc",
                "DOMParser",
            ] {
                assert!(!text.contains(sink), "{path}: {sink}");
            }
        }
        for loose in ["unsafe", "*", "http:", "https:", "data:"] {
            assert!(!POLICY.contains(loose), "{loose}");
        }
        let page = text("/");
        assert!(
            !page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick")
        );
        assert!(
            !page.contains("//"),
            "the page loads nothing from elsewhere"
        );
    }

    /// The states that the feed tells, each a word of the page.
    const STATES: &[&str] = &[
        "new",
        "bound",
        "listening",
        "open",
        "peer-ended",
        "we-ended",
        "ended",
        "reset",
        "failed",
        "closed",
    ];
}
