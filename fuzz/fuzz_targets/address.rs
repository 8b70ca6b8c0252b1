//! Any text is an address that prints and parses back, or an error with a one-line message.
#![no_main]

#[path = "../properties/address.rs"]
mod address;

libfuzzer_sys::fuzz_target!(|text: &str| address::check(text));
