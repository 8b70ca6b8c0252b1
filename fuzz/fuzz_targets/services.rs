//! Any text is a services file: lines that say nothing are left out, and what it does not say the table says.
#![no_main]

#[path = "../properties/services.rs"]
mod services;

libfuzzer_sys::fuzz_target!(|text: &str| services::check(text));
