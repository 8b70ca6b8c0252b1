//! No file names a path that exists on one developer's machine only.

use super::Finding;
use crate::tree::Tree;

/// Where such paths start. Written in two parts, so that this file is clean itself.
const STARTS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/tar", "get-"),
    concat!("/tmp/br", "ief"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(start) = STARTS.iter().find(|start| names(line, start)) {
                findings.push(Finding::error(
                    &file.path,
                    index + 1,
                    format!("`{start}` is a path of one machine: name it from the root of the repository"),
                ));
            }
        }
    }
    findings
}

/// Whether a path in `line` begins with `start`; not when it stands in the middle of one.
fn names(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '~'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let bad = format!("ok\nsee {}main/a\n", STARTS[0]);
        let inside = format!("https://example.org{}main\nnet{}a\n", STARTS[0], STARTS[1]);
        let tree = Tree::of(&[("bad.md", &bad), ("inside.md", &inside)]);
        let found: Vec<(String, usize)> =
            check(&tree).into_iter().map(|f| (f.path, f.line)).collect();
        assert_eq!(found, [("bad.md".to_owned(), 2)]);
    }
}
