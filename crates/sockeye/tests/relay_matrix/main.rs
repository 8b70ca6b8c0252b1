//! `sockeye relay` between every two ends that can be joined, and what it says of those that can't.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

#[path = "../tool/ran.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod ran;
#[path = "../traps/tool.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod tool;

mod ends;
mod pairs;
mod refusals;
mod sums;

use std::path::PathBuf;

/// A directory of a test's own, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("sockeye-matrix-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Bytes in which a piece that is missing, twice there or moved is noticed.
fn content(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut bytes = Vec::with_capacity(len + 4);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend_from_slice(&state.to_ne_bytes());
    }
    bytes.truncate(len);
    bytes
}
