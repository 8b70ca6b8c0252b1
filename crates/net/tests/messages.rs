//! Sockets of messages with real sockets: servers, sessions, conversations, and how two of them are joined.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

#[path = "messages/framed.rs"]
mod framed;
#[path = "messages/relay.rs"]
mod relay;
#[path = "messages/serve.rs"]
mod serve;
#[path = "messages/sessions.rs"]
mod sessions;
#[path = "messages/support.rs"]
mod support;
