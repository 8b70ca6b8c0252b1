//! Any bytes are a stream of messages in every framing: however they are cut, the same messages or an error.
#![no_main]

#[path = "../properties/framing.rs"]
mod framing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| framing::check(bytes));
