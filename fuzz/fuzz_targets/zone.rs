//! Any octets are a zone file that answers, or an error with a one-line message.
#![no_main]

#[path = "../properties/zone.rs"]
mod zone;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| zone::check(octets));
