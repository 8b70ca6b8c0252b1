//! Whatever bytes a member sends.

#[path = "../../../../fuzz/properties/chat.rs"]
mod chat;

use proptest::prelude::*;

#[test]
fn the_fuzzers_corpus_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/chat");
    let mut count = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        chat::check(&std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 5);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "/name ",
        "/join ",
        "/msg ",
        "/who",
        "/rooms",
        "guest-1",
        "guest-3 ",
        "{\"type\":\"",
        "message\",\"text\":\"",
        "private\",\"to\":\"",
        "\"}",
        "\\u001b",
        "\u{1b}",
        "\u{202e}",
        "\n",
        "\r",
        "*",
        ": ",
    ];
    prop_oneof![
        proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..8),
        ".{0,8}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn nothing_that_acts_on_a_terminal_gets_through(pieces in proptest::collection::vec(piece(), 0..30)) {
        chat::check(&pieces.concat());
    }
}
