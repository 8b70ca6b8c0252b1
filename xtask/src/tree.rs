//! The files of the repository, as the checks see them: path and text.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// One text file, named by its path from the root with `/` between the parts.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// For example `crates/net/src/lib.rs`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl File {
    /// Whether the path ends in `.ext`.
    pub(crate) fn is(&self, extension: &str) -> bool {
        self.path
            .strip_suffix(extension)
            .is_some_and(|stem| stem.ends_with('.'))
    }

    /// Whether the file lies in `directory` or below it.
    pub(crate) fn is_under(&self, directory: &str) -> bool {
        self.path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

/// All files that belong to the repository.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Files that hold UTF-8 text.
    pub(crate) files: Vec<File>,
    /// Paths of those without a text of their own: binary files and symlinks.
    pub(crate) others: Vec<String>,
}

impl Tree {
    /// Reads what git tracks under `root`, and new files that it does not ignore, so that a
    /// file is checked before it is committed.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Tree::default();
        for path in listed(root)? {
            let full = root.join(&path);
            match std::fs::symlink_metadata(&full) {
                // A symlink's text is its target's, and checked there.
                Ok(metadata) if !metadata.is_file() => tree.others.push(path),
                Ok(_) => match String::from_utf8(std::fs::read(&full)?) {
                    Ok(text) => tree.files.push(File { path, text }),
                    Err(_) => tree.others.push(path),
                },
                // Deleted, and not yet committed so.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tree)
    }

    /// The file with exactly this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether `path` names a file, or a directory that holds one.
    pub(crate) fn has(&self, path: &str) -> bool {
        let paths = self.files.iter().map(|file| &file.path);
        paths.chain(&self.others).any(|known| {
            known
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| File {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        Tree {
            files: files.collect(),
            others: Vec::new(),
        }
    }
}

fn listed(root: &Path) -> io::Result<Vec<String>> {
    let output = Command::new("git")
        // In a container the checkout often belongs to another user.
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            io::Error::other(format!(
                "cannot run git to list the files: {error}; install git"
            ))
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("git ls-files: {}", said.trim())));
    }
    let mut paths: Vec<String> = output
        .stdout
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_there_when_it_holds_a_file() {
        let tree = Tree::of(&[("docs/events.md", "")]);
        assert!(tree.has("docs"));
        assert!(tree.has("docs/events.md"));
        assert!(!tree.has("doc"));
        assert!(!tree.has("docs/events"));
    }

    #[test]
    fn the_extension_is_the_last_part_of_the_name() {
        let tree = Tree::of(&[("a.rs", ""), ("src/rs", "")]);
        assert!(tree.files[0].is("rs"));
        assert!(!tree.files[1].is("rs"));
    }
}
