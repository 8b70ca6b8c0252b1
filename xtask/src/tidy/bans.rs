//! Nothing that is built comes from a package that deny.toml bans; so the ban holds where cargo-deny is missing.
//!
//! What is built is what `cargo tree` lists. Cargo.lock lists more: packages behind features that nobody turns on.

use super::{Finding, manifest};
use crate::tree::Tree;

const POLICY: &str = "deny.toml";

/// `built` has a package a line, its name first.
pub(super) fn check(tree: &Tree, built: &str) -> Vec<Finding> {
    let Some(policy) = tree.file(POLICY) else {
        return vec![Finding::error(
            POLICY,
            1,
            "missing: say which licences and packages may enter",
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
    banned
        .into_iter()
        .filter(|(_, name)| {
            built
                .lines()
                .any(|line| line.split_whitespace().next() == Some(name))
        })
        .map(|(number, name)| {
            Finding::error(
                POLICY,
                number,
                format!("{name} is banned and built: `cargo tree -i {name}` says who brings it in"),
            )
        })
        .collect()
}

/// The names in the array `deny` of `[bans]`, with their lines: `{ crate = "a", … }`, one a line.
fn banned(policy: &str) -> Vec<(usize, &str)> {
    manifest::entries(policy)
        .filter(|(_, table, _)| table == "bans")
        .filter_map(|(number, _, line)| Some((number, line.split_once("{ crate = ")?.1)))
        .filter_map(|(number, rest)| Some((number, manifest::quoted(rest).next()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY_TEXT: &str =
        "[bans]\ndeny = [\n    { crate = \"ring\", reason = \"asleep\" },\n]\n";

    fn found(built: &str) -> Vec<usize> {
        let tree = Tree::of(&[("deny.toml", POLICY_TEXT)]);
        check(&tree, built).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn a_banned_package_that_is_built_is_found() {
        assert_eq!(found("tokio v1.54.1\nring v0.17.14\n"), [3]);
    }

    #[test]
    fn a_name_that_only_resembles_a_banned_one_is_clean() {
        assert_eq!(found("ring-buffer v1.0.0\nstring v0.1.0 (*)\n"), []);
    }

    #[test]
    fn a_policy_that_bans_nothing_is_found() {
        let tree = Tree::of(&[("deny.toml", "[bans]\ndeny = []\n")]);
        assert_eq!(check(&tree, "ring v0.17.14").len(), 1);
    }
}
