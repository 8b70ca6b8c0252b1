//! `unsafe` stands only in the `sys` directories, each block with its reason, and no crate
//! loosens the workspace's lints.

use super::{Finding, manifest};
use crate::rust_source::{self, Line};
use crate::tree::{File, Tree};

/// The only directories that may hold `unsafe`, and that may allow it.
const HOMES: &[&str] = &["crates/net/src/sys", "crates/trace/src/sys"];
const LINT: &str = "unsafe_code";
/// How far above an `unsafe` the start of its statement is looked for.
const REACH: usize = 12;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|file| file.is("rs"));
    let mut findings: Vec<Finding> = sources.flat_map(source).collect();
    findings.extend(manifests(tree));
    findings
}

fn source(file: &File) -> Vec<Finding> {
    let lines = rust_source::lines(&file.text);
    let home = HOMES.iter().any(|home| {
        // `sys.rs` beside the directory `sys/` declares its modules.
        file.is_under(home) || file.path.strip_suffix(".rs") == Some(*home)
    });
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        for start in rust_source::words(&line.code, "unsafe") {
            if !home {
                findings.push(Finding::error(
                    &file.path,
                    number,
                    format!(
                        "unsafe outside of {}: put a safe function for it there",
                        HOMES.join(" and ")
                    ),
                ));
            } else if wants_reason(&lines, index, start) && !has_reason(&lines, index) {
                findings.push(Finding::error(
                    &file.path,
                    number,
                    "unsafe without its reason: write a `// SAFETY:` comment directly above",
                ));
            }
        }
        for start in rust_source::words(&line.code, LINT) {
            if !home && loosens(&lines, index, start) {
                findings.push(Finding::error(
                    &file.path,
                    number,
                    format!(
                        "allows {LINT} outside of {}: take it out",
                        HOMES.join(" and ")
                    ),
                ));
            }
        }
    }
    findings
}

/// Whether the `unsafe` at `start` opens a block or an `impl`; functions, traits and extern
/// blocks state their contract in their documentation.
fn wants_reason(lines: &[Line], index: usize, start: usize) -> bool {
    let same = &lines[index].code[start + "unsafe".len()..];
    let below = lines[index + 1..].iter().map(|line| line.code.as_str());
    std::iter::once(same)
        .chain(below)
        .map(str::trim)
        .find(|code| !code.is_empty())
        .is_some_and(|code| code.starts_with('{') || code.starts_with("impl"))
}

/// Whether a SAFETY comment stands on the line, or above the statement that the line is in.
fn has_reason(lines: &[Line], index: usize) -> bool {
    let told = |line: &Line| line.comment.contains("SAFETY:");
    if told(&lines[index]) {
        return true;
    }
    for line in lines[..index].iter().rev().take(REACH) {
        let code = line.code.trim();
        let ended = code.ends_with([';', '{', '}', ',']);
        if told(line) && !ended {
            return true;
        }
        let nothing = code.is_empty() && line.comment.is_empty();
        if nothing || ended {
            return false;
        }
    }
    false
}

/// Whether the lint's name at `start` stands in an `allow`, `expect` or `warn`.
fn loosens(lines: &[Line], index: usize, start: usize) -> bool {
    let same = &lines[index].code[..start];
    let above = lines[..index].iter().rev().map(|line| line.code.as_str());
    for code in std::iter::once(same).chain(above).take(REACH) {
        let last = ["allow", "expect", "warn", "deny", "forbid"]
            .into_iter()
            .filter_map(|level| Some((rust_source::words(code, level).last()?, level)))
            .max();
        if let Some((_, level)) = last {
            return !matches!(level, "deny" | "forbid");
        }
    }
    false
}

/// The root manifest denies the lint, and every package takes the workspace's lints.
fn manifests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(root) = tree.file(manifest::ROOT) {
        let denied = manifest::entries(&root.text).any(|(_, table, line)| {
            let level = manifest::quoted(line).next();
            table == "workspace.lints.rust"
                && manifest::key(line) == LINT
                && matches!(level, Some("deny" | "forbid"))
        });
        if !denied {
            findings.push(Finding::error(
                &root.path,
                1,
                format!("write `{LINT} = \"deny\"` under [workspace.lints.rust]"),
            ));
        }
    }
    for package in manifest::packages(tree) {
        let mut entries = manifest::entries(&package.manifest.text);
        if !entries
            .any(|(_, table, line)| table == "lints" && line.replace(' ', "") == "workspace=true")
        {
            findings.push(Finding::error(
                &package.manifest.path,
                1,
                "does not take the workspace's lints: write `workspace = true` under [lints]",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let tree = Tree::of(&[(path, text)]);
        check(&tree).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn unsafe_outside_of_sys_is_found() {
        let text = "fn f() {\n    // SAFETY: none\n    unsafe { g() }\n}\n";
        assert_eq!(found("crates/net/src/open.rs", text), [3]);
        assert_eq!(found("crates/net/src/sys/open.rs", text), []);
        assert_eq!(found("crates/net/src/sys.rs", text), []);
        assert_eq!(found("crates/net/src/system.rs", text), [3]);
    }

    #[test]
    fn the_word_in_text_and_comments_is_no_unsafe() {
        let text = "// unsafe { }\nconst A: &str = \"unsafe { }\";\n#![deny(unsafe_code)]\n";
        assert_eq!(found("crates/view/src/lib.rs", text), []);
    }

    #[test]
    fn a_block_without_a_reason_is_found() {
        let sys = "crates/net/src/sys/mod.rs";
        assert_eq!(found(sys, "let a = 1;\nlet b = unsafe { g() };\n"), [2]);
        assert_eq!(found(sys, "// SAFETY: g is pure\n\nunsafe { g() };\n"), [3]);
        assert_eq!(found(sys, "unsafe impl Send for A {}\n"), [1]);
        assert_eq!(
            found(sys, "a(); // SAFETY: of another\nunsafe { g() };\n"),
            [2]
        );
    }

    #[test]
    fn a_reason_above_the_statement_counts() {
        let sys = "crates/net/src/sys/mod.rs";
        let text =
            "// SAFETY: g is pure,\n// always.\n#[rustfmt::skip]\nlet b =\n    unsafe { g() };\n";
        assert_eq!(found(sys, text), []);
        assert_eq!(found(sys, "unsafe { g() } // SAFETY: g is pure\n"), []);
    }

    #[test]
    fn an_unsafe_function_states_its_contract_elsewhere() {
        let text = "unsafe fn f() {}\nunsafe extern \"C\" {}\n";
        assert_eq!(found("crates/net/src/sys/mod.rs", text), []);
    }

    #[test]
    fn allowing_the_lint_outside_of_sys_is_found() {
        let text = "#![expect(\n    unsafe_code,\n    reason = \"calls\"\n)]\n";
        assert_eq!(found("crates/net/src/lib.rs", text), [2]);
        assert_eq!(found("crates/net/src/sys/mod.rs", text), []);
        assert_eq!(
            found("a.rs", "#![allow(dead_code)]\n#![forbid(unsafe_code)]\n"),
            []
        );
    }

    #[test]
    fn a_manifest_that_leaves_the_lints_is_found() {
        let root = "[workspace]\nmembers = [\"crates/*\"]\n[workspace.lints.rust]\n";
        let package = "[package]\nname = \"sockeye-net\"\n";
        let bad = Tree::of(&[("Cargo.toml", root), ("crates/net/Cargo.toml", package)]);
        assert_eq!(check(&bad).len(), 2);
        let root = format!("{root}unsafe_code = \"deny\"\n");
        let package = format!("{package}[lints]\nworkspace = true\n");
        let good = Tree::of(&[("Cargo.toml", &root), ("crates/net/Cargo.toml", &package)]);
        assert_eq!(check(&good), []);
    }
}
