//! Any bytes are an ICMP message that is understood, or are none.
#![no_main]

#[path = "../properties/icmp.rs"]
mod icmp;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| icmp::check(bytes));
