//! Cargo.lock holds no package that deny.toml bans; so the ban holds where cargo-deny is missing.

use super::{Finding, manifest};
use crate::tree::Tree;

const LOCK: &str = "Cargo.lock";
const POLICY: &str = "deny.toml";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(policy) = tree.file(POLICY) else {
        return vec![Finding::error(
            POLICY,
            1,
            "missing: say which licences and packages may enter",
        )];
    };
    let Some(lock) = tree.file(LOCK) else {
        return vec![Finding::error(
            LOCK,
            1,
            "missing: run cargo build and commit it",
        )];
    };
    let banned = banned(&policy.text);
    if banned.is_empty() {
        return vec![Finding::error(
            POLICY,
            1,
            "bans nothing: list packages under [bans] deny",
        )];
    }
    manifest::entries(&lock.text)
        .filter(|(_, table, line)| table == "package" && manifest::key(line) == "name")
        .filter_map(|(number, _, line)| {
            let name = manifest::quoted(line).next()?;
            banned.contains(&name).then(|| {
                Finding::error(
                    LOCK,
                    number,
                    format!("{POLICY} bans {name}: `cargo tree -i {name}` says who brings it in"),
                )
            })
        })
        .collect()
}

/// The names in the array `deny` of `[bans]`: `{ crate = "a", … }`, one a line.
fn banned(policy: &str) -> Vec<&str> {
    manifest::entries(policy)
        .filter(|(_, table, _)| table == "bans")
        .filter_map(|(_, _, line)| line.split_once("{ crate = "))
        .filter_map(|(_, rest)| manifest::quoted(rest).next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY_TEXT: &str =
        "[bans]\ndeny = [\n    { crate = \"ring\", reason = \"asleep\" },\n]\n";

    fn found(lock: &str) -> Vec<usize> {
        let tree = Tree::of(&[("deny.toml", POLICY_TEXT), ("Cargo.lock", lock)]);
        check(&tree).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn a_banned_package_in_the_lock_is_found() {
        assert_eq!(
            found("[[package]]\nname = \"ring\"\nversion = \"0.17.0\"\n"),
            [2]
        );
    }

    #[test]
    fn a_name_that_only_resembles_a_banned_one_is_clean() {
        let lock = "[[package]]\nname = \"ring-buffer\"\ndependencies = [\n \"string\",\n]\n";
        assert_eq!(found(lock), []);
    }
}
