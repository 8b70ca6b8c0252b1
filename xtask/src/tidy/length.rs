//! A Rust file holds one subject: past a number of lines it is likely to hold two.

use super::Finding;
use crate::rust_source::{self, Line};
use crate::tree::Tree;

/// Lines of code from which a file is named, without failing.
const LONG: usize = 500;
/// Lines of code from which the check fails.
const TOO_LONG: usize = 800;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|file| file.is("rs"));
    sources
        .filter_map(|file| {
            let lines = code_lines(&file.text);
            let text = format!(
                "{lines} lines of code: cut the file by subject (about 400 lines is where a \
                 second one hides; the limit is {TOO_LONG})"
            );
            if lines > TOO_LONG {
                Some(Finding::error(&file.path, 1, text))
            } else if lines > LONG {
                Some(Finding::warning(&file.path, 1, text))
            } else {
                None
            }
        })
        .collect()
}

/// Lines with code on them, without comments, blank lines and the unit tests at the end.
fn code_lines(source: &str) -> usize {
    let lines = rust_source::lines(source);
    let tests = lines.windows(2).position(|pair| {
        pair[0].code.trim() == "#[cfg(test)]"
            && pair[1].code.trim_start().starts_with("mod ")
            && pair[1].code.trim_end().ends_with('{')
    });
    let own: &[Line] = &lines[..tests.unwrap_or(lines.len())];
    own.iter()
        .filter(|line| !line.code.trim().is_empty())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Weight;

    #[test]
    fn a_long_file_is_named_and_a_very_long_one_fails() {
        let of = |lines: usize| "f();\n".repeat(lines);
        let tree = Tree::of(&[
            ("fits.rs", &of(LONG)),
            ("long.rs", &of(LONG + 1)),
            ("too_long.rs", &of(TOO_LONG + 1)),
            ("text.md", &of(TOO_LONG + 1)),
        ]);
        let found: Vec<(String, Weight)> = check(&tree)
            .into_iter()
            .map(|f| (f.path, f.weight))
            .collect();
        let long = ("long.rs".to_owned(), Weight::Warning);
        assert_eq!(found, [long, ("too_long.rs".to_owned(), Weight::Error)]);
    }

    #[test]
    fn comments_blank_lines_and_unit_tests_are_not_counted() {
        let source = "//! Job.\n\nfn f() {}\n/* a\n b */\n#[cfg(test)]\nmod tests {\n    x();\n}\n";
        assert_eq!(code_lines(source), 1);
        assert_eq!(code_lines("#[cfg(test)]\nuse a;\nb();\n"), 3);
        assert_eq!(code_lines("#[cfg(test)]\nmod a;\nb();\n"), 3);
    }
}
