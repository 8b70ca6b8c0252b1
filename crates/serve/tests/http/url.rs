//! Any text as the path of a URL: nothing leads up, and what is named can be named again.

use proptest::prelude::*;

#[path = "../../../../fuzz/properties/url.rs"]
mod property;

#[test]
fn the_corpus_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/url");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        property::check(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 10);
}

proptest! {
    #[test]
    fn any_text_names_something_below_or_nothing(text in "(/|%2[eEfF]|%[0-9a-fA-F]{2}|\\.|[a-z]|.){0,40}") {
        property::check(text.as_bytes());
    }
}
