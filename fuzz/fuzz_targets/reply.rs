//! Any bytes are a name server's answer that is understood, or are none.
#![no_main]

#[path = "../properties/reply.rs"]
mod reply;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reply::check(bytes));
