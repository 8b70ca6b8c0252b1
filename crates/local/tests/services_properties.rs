//! What holds for an /etc/services of any content.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use sockeye_local::{Protocol, Services};

#[path = "../../../fuzz/properties/services.rs"]
mod property;

/// A line as such files have them, or nearly.
fn line() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => "[a-zA-Z][a-zA-Z0-9-]{0,6}".boxed(),
        1 => Just("http".to_owned()).boxed(),
        1 => "\\PC{0,4}".boxed(),
    ];
    let port = prop_oneof![4 => (0_u32..=65536).prop_map(|port| port.to_string()), 1 => "[-+0-9x]{0,6}".boxed()];
    let protocol = proptest::sample::select(vec!["tcp", "udp", "sctp", "TCP", "", "tcp/udp"]);
    let space = proptest::sample::select(vec![" ", "\t", "  \t", ""]);
    let rest = prop_oneof![
        Just(String::new()),
        "( [a-z]{1,5}){0,3}",
        "( [a-z]{1,5})?#.{0,9}"
    ];
    (name, space, port, protocol, rest).prop_map(|(name, space, port, protocol, rest)| {
        format!("{name}{space}{port}/{protocol}{rest}")
    })
}

proptest! {
    #[test]
    fn any_lines_are_read_or_left_out(lines in vec(line(), 0..30), end in "\r?\n") {
        property::check(&lines.join(&end));
    }

    #[test]
    fn any_text_is_read(text in "(?s).{0,300}") {
        property::check(&text);
    }
}

#[test]
fn the_corpus_of_the_fuzzer_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/services");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        property::check(&String::from_utf8_lossy(&bytes));
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn of_two_lines_for_one_port_and_of_two_for_one_name_the_first_wins() {
    let services = Services::parse("one 5/tcp two\nthree 5/tcp\ntwo 6/tcp\nhttp 8088/tcp\n");
    assert_eq!(services.name(5, Protocol::Tcp), Some("one"));
    assert_eq!(services.port("two", Protocol::Tcp), Some(5));
    assert_eq!(services.port("http", Protocol::Tcp), Some(8088));
    assert_eq!(services.port("http", Protocol::Udp), Some(80));
}
