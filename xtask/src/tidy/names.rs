//! No Rust file or module has a name that says nothing about its subject.

use super::Finding;
use crate::tree::Tree;

/// Names under which anything could stand, and in the end does.
const EMPTY: &[&str] = &[
    "util", "utils", "common", "misc", "helper", "helpers", "manager", "managers",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|file| file.is("rs"));
    sources
        .filter_map(|file| {
            let parts = file.path.strip_suffix(".rs")?.split('/');
            let name = parts.into_iter().find(|part| EMPTY.contains(part))?;
            Some(Finding::error(
                &file.path,
                1,
                format!("`{name}` names no subject: call it after the noun that it holds"),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_nothing_is_found() {
        let tree = Tree::of(&[
            ("crates/net/src/utils.rs", ""),
            ("crates/net/tests/common/mod.rs", ""),
            ("crates/net/src/common_name.rs", ""),
            ("docs/common.md", ""),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|f| f.path).collect();
        let bad = ["crates/net/src/utils.rs", "crates/net/tests/common/mod.rs"];
        assert_eq!(found, bad);
    }
}
