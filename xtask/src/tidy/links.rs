//! Every link in a Markdown page to a file of the repository leads to one.

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in tree.files.iter().filter(|file| file.is("md")) {
        for (line, target) in targets(&page.text) {
            if is_elsewhere(&target) {
                continue;
            }
            let file = target.split(['#', '?']).next().unwrap_or("");
            let found = match resolve(&page.path, file) {
                Some(path) => path.is_empty() || tree.has(&path),
                None => false,
            };
            if !found {
                findings.push(Finding::error(
                    &page.path,
                    line,
                    format!("the link to {target} leads nowhere: mend the path or add the file"),
                ));
            }
        }
    }
    findings
}

/// Whether a link leaves the repository: it has a scheme (`https:`, `mailto:`).
fn is_elsewhere(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '+')
    })
}

/// The link targets of a page with their lines; what stands in code is text.
fn targets(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in page.lines().enumerate() {
        let start = line.trim_start();
        match fence {
            Some(mark) => {
                if start.starts_with(mark) {
                    fence = None;
                }
                continue;
            }
            None => {
                fence = ["```", "~~~"]
                    .into_iter()
                    .find(|mark| start.starts_with(mark))
            }
        }
        if fence.is_some() {
            continue;
        }
        let text = without_code(line);
        found.extend(inline(&text).map(|target| (index + 1, target.to_owned())));
        found.extend(definition(&text).map(|target| (index + 1, target.to_owned())));
    }
    found
}

/// The line without what stands between backquotes.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// `b` of each `[a](b)`, `[a](<b>)` and `[a](b "title")`.
fn inline(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        let target = target.split_whitespace().next()?;
        Some(target.trim_matches(['<', '>']))
    })
}

/// `b` of a line `[a]: b`.
fn definition(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once("]:")?;
    let named = name.starts_with('[') && !name.starts_with("[^");
    rest.split_whitespace().next().filter(|_| named)
}

/// The path from the root that `target` means on the page at `page`; none when it leaves the
/// repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(page.to_owned());
    }
    let mut parts: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => page.split('/').collect(),
    };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[
            ("docs/page.md", text),
            ("docs/events.md", ""),
            ("deny.toml", ""),
        ]);
        check(&tree).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn a_link_to_a_file_that_is_there_is_clean() {
        let text = "[a](events.md#kinds) [b](../deny.toml) [c](#top) [d](/docs)\n\
                    [e](https://example.org/x) [f](mailto:a@example.org) [g](.)\n\n[h]: events.md\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn a_link_to_a_missing_file_is_found() {
        assert_eq!(
            found("[a](event.md)\n![b](../events.md)\n[c]: nothing.md\n"),
            [1, 2, 3]
        );
        assert_eq!(found("[a](../../outside.md)\n"), [1]);
    }

    #[test]
    fn what_stands_in_code_is_no_link() {
        assert_eq!(
            found("`[a](no.md)` b\n```\n[a](no.md)\n```\n[a](no.md)\n"),
            [5]
        );
    }
}
