//! Any text is a hints file with servers in it, or is refused.
#![no_main]

#[path = "../properties/hints.rs"]
mod hints;

libfuzzer_sys::fuzz_target!(|text: &str| hints::check(text));
