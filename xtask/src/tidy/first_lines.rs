//! Every Rust file starts with one `//!` line that says what it is for.

use super::Finding;
use crate::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|file| file.is("rs"));
    sources
        .filter(|file| !says_its_job(file))
        .map(|file| {
            Finding::error(
                &file.path,
                1,
                "starts without `//!`: make the first line one sentence, the job of the file",
            )
        })
        .collect()
}

fn says_its_job(file: &File) -> bool {
    let first = file.text.lines().next().unwrap_or("");
    first
        .strip_prefix("//!")
        .is_some_and(|job| !job.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_job_is_found() {
        let tree = Tree::of(&[
            ("good.rs", "//! Reads addresses.\n"),
            ("late.rs", "#![no_std]\n//! Reads addresses.\n"),
            ("bare.rs", "//!\n"),
            ("none.rs", ""),
            ("page.md", "# Not Rust\n"),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|f| f.path).collect();
        assert_eq!(found, ["late.rs", "bare.rs", "none.rs"]);
    }
}
