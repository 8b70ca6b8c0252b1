//! HTTP as whoever adds pages meets it: routes, problems, and the way out to another protocol.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod server;
mod upgrade;
mod url;
mod websocket;
