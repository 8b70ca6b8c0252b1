//! The first page of a site: what there is to see here.

use axum::Router;
use axum::extract::Extension;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use sockeye_model::text::Language;

use super::words;

/// `/`: a page that leads to the others.
pub fn front() -> Router {
    Router::new().route("/", get(page))
}

async fn page(Extension(language): Extension<Language>) -> Response {
    let code = language.code();
    let text = words::FRONT.say(language);
    let page = format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>sockeye</title>\n\
         <h1>sockeye</h1>\n<p>{text}</p>\n</html>\n"
    );
    let policy = [(header::CONTENT_SECURITY_POLICY, "default-src 'none'")];
    (policy, Html(page)).into_response()
}
