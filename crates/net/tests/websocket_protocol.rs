//! The protocol of WebSocket without a socket: each class of cases of the public conformance suite, as tables.
#![allow(clippy::unwrap_used, reason = "a test may say no")]

#[path = "websocket/cases.rs"]
mod cases;
#[path = "websocket/handshakes.rs"]
mod handshakes;
#[path = "../../../fuzz/properties/websocket.rs"]
mod property;
