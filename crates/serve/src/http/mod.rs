//! HTTP/1.1: a site of pages, a folder and WebSockets, served with hyper over this library's own sockets.
//!
//! A [`Site`] is built of routes; [`Post::http`](crate::Post::http) serves it on a listener. Whoever adds a page gives
//! [`Site::routes`] an [`axum::Router`]. A handler finds in its request's extensions a [`Visit`] (who asks, on which
//! socket) and an [`Upgrade`] (for leaving HTTP, as a WebSocket does).

mod answer;
mod body;
mod connection;
mod folder;
mod gate;
mod page;
mod problem;
mod rooms;
mod site;
mod transport;
mod upgrade;
mod websocket;
pub mod words;

pub use body::FilePart;
pub use connection::{Access, IDLE, MAX_HEAD, MAX_HEADERS};
pub use folder::{Folder, Hidden, MAX_NAMES, MAX_RANGES, NoPath, Wanted, encoded, wanted};
pub use page::{Page, Tidings};
pub use problem::Problem;
pub use rooms::rooms;
pub use site::{Site, Visit};
pub use upgrade::{Switched, Upgrade};
pub use websocket::websocket;

pub(crate) use connection::serve;
