//! Any bytes may come from a member of the chat: nothing that others are shown acts on their terminals.
#![no_main]

#[path = "../properties/chat.rs"]
mod chat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chat::check(bytes));
