//! Any bytes are a recording that is written and read again as the same, or errors with one-line messages.
#![no_main]

#[path = "../properties/recording.rs"]
mod recording;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recording::check(bytes));
