//! Reads what the checks need from the manifests of the workspace, line by line.

use crate::tree::{File, Tree};

/// The root manifest's path.
pub(super) const ROOT: &str = "Cargo.toml";

/// One package of the workspace.
#[derive(Debug)]
pub(super) struct Package<'a> {
    /// The name without the project's prefix: `net` for `sockeye-net`.
    pub(super) name: String,
    /// Its manifest.
    pub(super) manifest: &'a File,
    /// Names of the packages of this workspace that it depends on when built for use, with
    /// the line that says so.
    pub(super) uses: Vec<(String, usize)>,
}

/// A package's name as ARCHITECTURE.md writes it.
pub(super) fn short(name: &str) -> &str {
    name.strip_prefix("sockeye-").unwrap_or(name)
}

/// The packages that the root manifest names as members.
pub(super) fn packages(tree: &Tree) -> Vec<Package<'_>> {
    let members = tree.file(ROOT).map(|root| members(&root.text));
    let members = members.unwrap_or_default();
    let manifests: Vec<(&File, String)> = tree
        .files
        .iter()
        .filter(|file| {
            let directory = file.path.strip_suffix("/Cargo.toml");
            directory.is_some_and(|directory| members.iter().any(|m| covers(m, directory)))
        })
        .filter_map(|file| Some((file, name(&file.text)?)))
        .collect();
    manifests
        .iter()
        .map(|(manifest, name)| Package {
            name: short(name).to_owned(),
            manifest,
            uses: dependencies(&manifest.text)
                .into_iter()
                .filter(|(used, _)| manifests.iter().any(|(_, known)| known == used))
                .map(|(used, line)| (short(&used).to_owned(), line))
                .collect(),
        })
        .collect()
}

/// Whether a member pattern (`xtask`, `crates/*`) covers `directory`.
fn covers(member: &str, directory: &str) -> bool {
    match member.strip_suffix("/*") {
        Some(parent) => directory
            .strip_prefix(parent)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| !rest.contains('/')),
        None => member == directory,
    }
}

/// The strings of the array `members`.
fn members(manifest: &str) -> Vec<String> {
    let Some((_, rest)) = manifest.split_once("\nmembers") else {
        return Vec::new();
    };
    let array = rest.split(']').next().unwrap_or(rest);
    quoted(array).map(str::to_owned).collect()
}

/// Every text between double quotes.
pub(super) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// The lines of a manifest that are no comment: number from 1, `[table]` they stand in, text.
pub(super) fn entries(manifest: &str) -> impl Iterator<Item = (usize, String, &str)> {
    let mut table = String::new();
    let lines = manifest.lines().enumerate();
    lines.filter_map(move |(index, line)| {
        let line = line.trim();
        if line.starts_with('[') && line.ends_with(']') {
            line.trim_matches(['[', ']']).trim().clone_into(&mut table);
        }
        (!line.is_empty() && !line.starts_with('#')).then(|| (index + 1, table.clone(), line))
    })
}

fn name(manifest: &str) -> Option<String> {
    entries(manifest)
        .filter(|(_, table, line)| table == "package" && key(line) == "name")
        .find_map(|(_, _, line)| quoted(line).next().map(str::to_owned))
}

/// What a manifest's normal dependencies are, optional and per-target ones included, those of
/// tests and build scripts not.
fn dependencies(manifest: &str) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (number, table, line) in entries(manifest) {
        let table = match table.rsplit_once(".dependencies") {
            Some((target, rest)) if target.starts_with("target.") => format!("dependencies{rest}"),
            _ => table,
        };
        if table == "dependencies" && !line.starts_with('[') {
            let package = line.split_once("package").map(|(_, rest)| rest);
            let renamed = package.and_then(|rest| quoted(rest).next());
            found.push((renamed.unwrap_or(key(line)).to_owned(), number));
        } else if let Some(name) = table.strip_prefix("dependencies.") {
            if line.starts_with('[') {
                found.push((name.trim_matches('"').to_owned(), number));
            } else if key(line) == "package"
                && let (Some(last), Some(renamed)) = (found.last_mut(), quoted(line).next())
            {
                renamed.clone_into(&mut last.0);
            }
        }
    }
    found
}

/// `a` of `a = 1`, `a.workspace = true` and `"a" = 1`.
pub(super) fn key(line: &str) -> &str {
    let key = line.split(['=', '.']).next().unwrap_or(line);
    key.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_normal_dependency_is_read() {
        let manifest = "\
[package]
name = \"sockeye-net\"
[dependencies]
# a comment
sockeye-model.workspace = true
socks = { path = \"../tap\", package = \"sockeye-tap\" }
[dependencies.sockeye-local]
optional = true
[target.'cfg(unix)'.dependencies]
libc = \"0.2\"
[dev-dependencies]
sockeye-view.workspace = true
[build-dependencies]
sockeye-names.workspace = true
";
        let names: Vec<String> = dependencies(manifest).into_iter().map(|d| d.0).collect();
        assert_eq!(
            names,
            ["sockeye-model", "sockeye-tap", "sockeye-local", "libc"]
        );
        assert_eq!(dependencies(manifest)[0].1, 5);
    }

    #[test]
    fn members_are_the_packages_that_the_root_names() {
        let tree = Tree::of(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\", \"xtask\"]\n",
            ),
            (
                "crates/net/Cargo.toml",
                "[package]\nname = \"sockeye-net\"\n",
            ),
            ("crates/net/fuzz/Cargo.toml", "[package]\nname = \"fuzz\"\n"),
            ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
            ("bench/Cargo.toml", "[package]\nname = \"bench\"\n"),
        ]);
        let names: Vec<String> = packages(&tree).into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["net", "xtask"]);
    }
}
