//! `cargo xtask tidy`: reads the repository and reports what breaks the project's own rules.

mod arrows;
mod bans;
mod first_lines;
mod length;
mod links;
mod manifest;
mod names;
mod paths;
mod unsafe_code;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;

use crate::ci::cargo;
use crate::tree::Tree;

/// What one check found in one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, from the root of the repository.
    path: String,
    /// Counted from 1.
    line: usize,
    /// What is wrong, and how to mend it.
    text: String,
    weight: Weight,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Fails the check.
    Error,
    /// Is said, and fails nothing.
    Warning,
}

impl Finding {
    fn error(path: &str, line: usize, text: impl Into<String>) -> Self {
        Finding {
            path: path.to_owned(),
            line,
            text: text.into(),
            weight: Weight::Error,
        }
    }

    fn warning(path: &str, line: usize, text: impl Into<String>) -> Self {
        Finding {
            weight: Weight::Warning,
            ..Finding::error(path, line, text)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "",
            Weight::Warning => "warning: ",
        };
        write!(f, "{}:{}: {weight}{}", self.path, self.line, self.text)
    }
}

/// The checks, one file each.
const CHECKS: &[fn(&Tree) -> Vec<Finding>] = &[
    arrows::check,
    first_lines::check,
    length::check,
    links::check,
    names::check,
    paths::check,
    unsafe_code::check,
];

/// The packages that are built for the workspace and its tests, with every feature, one a line.
fn built(root: &Path) -> io::Result<String> {
    let output = cargo(
        root,
        &[
            "tree",
            "--workspace",
            "--all-features",
            "--edges",
            "all",
            "--prefix",
            "none",
        ],
    )
    .stderr(Stdio::inherit())
    .output()?;
    if !output.status.success() {
        return Err(io::Error::other("cargo tree failed"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs every check over the repository at `root` and prints what they found; true when clean.
pub(crate) fn run(root: &Path) -> io::Result<bool> {
    let tree = Tree::read(root)?;
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    findings.extend(bans::check(&tree, &built(root)?));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let errors = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Error)
        .count();
    let mut out = io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    match errors {
        0 => writeln!(out, "tidy: {} files, nothing to mend", tree.files.len())?,
        1 => writeln!(out, "tidy: 1 thing to mend")?,
        many => writeln!(out, "tidy: {many} things to mend")?,
    }
    Ok(errors == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_place_then_text() {
        let error = Finding::error("a.rs", 3, "wrong: mend it");
        assert_eq!(error.to_string(), "a.rs:3: wrong: mend it");
        let warning = Finding::warning("a.rs", 3, "long");
        assert_eq!(warning.to_string(), "a.rs:3: warning: long");
    }
}
