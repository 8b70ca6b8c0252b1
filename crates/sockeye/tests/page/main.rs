//! The page of `sockeye serve http`, in a browser without a window.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skip says why")]

mod browser;
mod chat;
mod events;
mod hostile;
mod reading;
#[allow(dead_code, reason = "each group of tests takes its part")]
#[path = "../serve/server.rs"]
mod server;
mod sockets;

use std::net::SocketAddr;

use browser::Browser;
use server::Server;

/// A server with the page and an echo, and where they are.
pub(crate) fn server_with_echo() -> (Server, SocketAddr, SocketAddr) {
    let server = Server::start(&["http=tcp://127.0.0.1:0", "echo=tcp://127.0.0.1:0"]);
    let (page, echo) = (server.ready(), server.ready());
    (server, page, echo)
}

/// The page open in a browser, and told by its server; `None` where there is no browser.
pub(crate) fn opened(page: SocketAddr) -> Option<Browser> {
    let browser = Browser::start(1280, 900)?;
    browser.open(page);
    Some(browser)
}
