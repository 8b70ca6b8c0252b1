//! The recordings that the fuzz target starts from, each kept for what it once was or could be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::path::Path;

#[path = "../../../fuzz/properties/recording.rs"]
mod recording;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the corpus of the fuzz target is files"
)]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/recording");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        recording::check(&std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 15, "only {files} recordings");
}
