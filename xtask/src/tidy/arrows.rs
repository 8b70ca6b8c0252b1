//! The arrows between crates in ARCHITECTURE.md are exactly those of the manifests.

use super::Finding;
use super::manifest::{self, Package};
use crate::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";
const FENCE: &str = "```arrows";

/// One line of the block: a crate and what it may use.
struct Row<'a> {
    name: &'a str,
    uses: Vec<&'a str>,
    line: usize,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Finding::error(
            PAGE,
            1,
            format!("missing: write the page, with a block {FENCE} that lists the crates"),
        )];
    };
    let (rows, mut findings) = rows(&page.text);
    let packages = manifest::packages(tree);
    for row in &rows {
        match packages.iter().find(|package| package.name == row.name) {
            Some(package) => findings.extend(compare(row, package)),
            None => findings.push(Finding::error(
                PAGE,
                row.line,
                format!("no crate is called {}: take the line out", row.name),
            )),
        }
    }
    for package in &packages {
        if !rows.iter().any(|row| row.name == package.name) {
            findings.push(Finding::error(
                &package.manifest.path,
                1,
                format!(
                    "crate {} has no line in the arrows block of {PAGE}: add it",
                    package.name
                ),
            ));
        }
    }
    findings
}

fn compare(row: &Row<'_>, package: &Package<'_>) -> Vec<Finding> {
    let name = row.name;
    let mut findings = Vec::new();
    for (used, line) in &package.uses {
        if !row.uses.contains(&used.as_str()) {
            findings.push(Finding::error(
                &package.manifest.path,
                *line,
                format!(
                    "{name} may not use {used}: {PAGE} has no arrow {name} -> {used}; \
                     move the code, or change the page and say why in the commit"
                ),
            ));
        }
    }
    for used in &row.uses {
        if !package.uses.iter().any(|(real, _)| real == used) {
            findings.push(Finding::error(
                PAGE,
                row.line,
                format!(
                    "{} has no dependency on {used}: take it out of the line",
                    package.manifest.path
                ),
            ));
        }
    }
    findings
}

/// Reads the block: `net -> local, model, tap`, and `model ->` for a crate that uses none.
fn rows(page: &str) -> (Vec<Row<'_>>, Vec<Finding>) {
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    let mut lines = page.lines().enumerate();
    if !lines.any(|(_, line)| line.trim_end() == FENCE) {
        findings.push(Finding::error(
            PAGE,
            1,
            format!("no block that starts with {FENCE}: list each crate and what it uses there"),
        ));
    }
    for (index, line) in lines.take_while(|(_, line)| !line.starts_with("```")) {
        match line.split_once("->") {
            Some((name, uses)) => rows.push(Row {
                name: name.trim(),
                uses: uses
                    .split(',')
                    .map(str::trim)
                    .filter(|used| !used.is_empty())
                    .collect(),
                line: index + 1,
            }),
            None if line.trim().is_empty() => {}
            None => findings.push(Finding::error(
                PAGE,
                index + 1,
                "not an arrow: write `crate -> crate, crate`",
            )),
        }
    }
    (rows, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace]\nmembers = [\"crates/*\"]\n";
    const MODEL: &str = "[package]\nname = \"sockeye-model\"\n[dependencies]\n";
    const NET: &str = "[package]\nname = \"sockeye-net\"\n[dependencies]\n\
                       sockeye-model.workspace = true\ntokio.workspace = true\n\
                       [dev-dependencies]\nsockeye-view.workspace = true\n";
    const VIEW: &str = "[package]\nname = \"sockeye-view\"\n[dependencies]\n";

    fn found(page: &str) -> Vec<(String, usize)> {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", page),
            ("Cargo.toml", ROOT),
            ("crates/model/Cargo.toml", MODEL),
            ("crates/net/Cargo.toml", NET),
            ("crates/view/Cargo.toml", VIEW),
        ]);
        check(&tree).into_iter().map(|f| (f.path, f.line)).collect()
    }

    #[test]
    fn a_page_that_agrees_with_the_manifests_is_clean() {
        let page = "# Title\n```arrows\nmodel ->\nnet -> model\nview ->\n```\nthe end\n";
        assert_eq!(found(page), []);
    }

    #[test]
    fn a_dependency_without_an_arrow_is_found_in_the_manifest() {
        let page = "```arrows\nmodel ->\nnet ->\nview ->\n```\n";
        assert_eq!(found(page), [("crates/net/Cargo.toml".to_owned(), 4)]);
    }

    #[test]
    fn an_arrow_without_a_dependency_is_found_in_the_page() {
        let page = "```arrows\nmodel ->\nnet -> model\nview -> model\n```\n";
        assert_eq!(found(page), [("ARCHITECTURE.md".to_owned(), 4)]);
    }

    #[test]
    fn a_dependency_of_tests_is_no_arrow() {
        let page = "```arrows\nmodel ->\nnet -> model, view\nview ->\n```\n";
        assert_eq!(found(page), [("ARCHITECTURE.md".to_owned(), 3)]);
    }

    #[test]
    fn a_crate_on_one_side_only_is_found() {
        let page = "```arrows\nmodel ->\nnet -> model\nnames ->\n```\n";
        let view = ("crates/view/Cargo.toml".to_owned(), 1);
        assert_eq!(found(page), [("ARCHITECTURE.md".to_owned(), 4), view]);
    }

    #[test]
    fn a_page_without_the_block_is_found() {
        assert_eq!(found("# Title\n").len(), 4);
    }

    #[test]
    fn a_line_that_is_no_arrow_is_found() {
        let page = "```arrows\nmodel ->\nnet -> model\nview uses nothing\nview ->\n```\n";
        assert_eq!(found(page), [("ARCHITECTURE.md".to_owned(), 4)]);
    }
}
