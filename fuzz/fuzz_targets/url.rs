//! Any octets as the path of a URL name something below the folder that is served, or nothing.
#![no_main]

#[path = "../properties/url.rs"]
mod url;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| url::check(octets));
