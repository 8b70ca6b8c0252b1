//! `cargo xtask ci`: the steps of continuous integration, in order, each timed.
//!
//! The one list of them: `.ci/run` installs what they need and then starts this.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::tidy;

/// Most packages that a release build of the tool may compile, its own crates included.
const PACKAGES: usize = 160;

struct Step {
    name: &'static str,
    job: Job,
}

enum Job {
    /// Arguments of cargo, and variables set for it alone.
    Cargo(
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
    ),
    Tidy,
    Packages,
    Deny,
}

/// The order spares work: clippy's metadata serves the documentation, the tests' build the
/// examples. Flags that would make cargo build again (RUSTFLAGS) are set nowhere.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        job: Job::Cargo(&["fmt", "--all", "--check"], &[]),
    },
    Step {
        name: "tidy",
        job: Job::Tidy,
    },
    Step {
        name: "clippy",
        // `--locked`, here once: a Cargo.lock that lags behind the manifests fails.
        job: Job::Cargo(
            &[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        ),
    },
    Step {
        name: "doc",
        job: Job::Cargo(
            &["doc", "--workspace", "--no-deps"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        ),
    },
    Step {
        name: "test",
        // As README.md has it.
        job: Job::Cargo(&["test"], &[]),
    },
    Step {
        name: "test-xtask",
        job: Job::Cargo(&["test", "--package", "xtask"], &[]),
    },
    Step {
        name: "examples",
        job: Job::Cargo(&["build", "--examples"], &[]),
    },
    Step {
        name: "packages",
        job: Job::Packages,
    },
    Step {
        name: "deny",
        job: Job::Deny,
    },
    Step {
        name: "demo",
        // As README.md has it.
        job: Job::Cargo(&["run", "--release", "--", "demo"], &[]),
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Outcome {
    fn of(passed: bool) -> Self {
        if passed {
            Outcome::Passed
        } else {
            Outcome::Failed
        }
    }

    fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        }
    }
}

/// Runs the steps called `names`, or all; a step that fails does not keep the next from
/// running, so one run shows everything. True when none failed.
pub(crate) fn run(root: &Path, names: &[String]) -> io::Result<bool> {
    if names == ["list"] {
        for step in STEPS {
            writeln!(io::stdout(), "{}", step.name)?;
        }
        return Ok(true);
    }
    let mut rows = Vec::new();
    for step in chosen(names)? {
        writeln!(io::stdout(), "\n==> {}", step.name)?;
        let start = Instant::now();
        let outcome = match step.job {
            Job::Cargo(arguments, variables) => {
                let mut command = cargo(root, arguments);
                command.envs(variables.iter().copied());
                Outcome::of(command.status()?.success())
            }
            Job::Tidy => Outcome::of(tidy::run(root)?),
            Job::Packages => packages(root)?,
            Job::Deny => deny(root)?,
        };
        rows.push((step.name, outcome, start.elapsed()));
    }
    io::stdout().write_all(table(&rows).as_bytes())?;
    Ok(rows
        .iter()
        .all(|(_, outcome, _)| *outcome != Outcome::Failed))
}

fn chosen(names: &[String]) -> io::Result<Vec<&'static Step>> {
    if names.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            let step = STEPS.iter().find(|step| step.name == name);
            step.ok_or_else(|| {
                let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                io::Error::other(format!("no step {name}: there are {}", known.join(", ")))
            })
        })
        .collect()
}

/// A cargo command in `root` that reads nothing from stdin, and that does not see what the
/// cargo which started this program told it about this package.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}

/// Counts what a release build of the tool compiles.
fn packages(root: &Path) -> io::Result<Outcome> {
    let arguments = [
        "tree",
        "--package",
        "sockeye",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let output = cargo(root, &arguments).stderr(Stdio::inherit()).output()?;
    let count = distinct(&String::from_utf8_lossy(&output.stdout));
    writeln!(io::stdout(), "{count} packages of at most {PACKAGES}")?;
    Ok(Outcome::of(
        output.status.success() && (1..=PACKAGES).contains(&count),
    ))
}

/// How many different packages (`name version`) the lines of `cargo tree` name.
fn distinct(tree: &str) -> usize {
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    packages.collect::<BTreeSet<_>>().len()
}

/// Licences, bans and sources; advisories need the network and are asked by hand.
fn deny(root: &Path) -> io::Result<Outcome> {
    let present = cargo(root, &["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !present.success() {
        writeln!(
            io::stdout(),
            "cargo-deny is not installed: licences are not checked here (tidy checks the bans)"
        )?;
        return Ok(Outcome::Skipped);
    }
    let arguments = ["deny", "--offline", "check", "licenses", "bans", "sources"];
    Ok(Outcome::of(cargo(root, &arguments).status()?.success()))
}

fn table(rows: &[(&str, Outcome, Duration)]) -> String {
    let mut text = String::from("\n");
    let mut total = Duration::ZERO;
    for (name, outcome, took) in rows {
        text += &format!(
            "{name:<12} {:<8} {:>7.1} s\n",
            outcome.word(),
            took.as_secs_f64()
        );
        total += *took;
    }
    text += &format!("{:<21} {:>7.1} s\n", "total", total.as_secs_f64());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_does_not_exist_is_an_error_that_lists_the_steps() {
        let error = chosen(&["lint".to_owned()]).err().unwrap().to_string();
        assert!(
            error.starts_with("no step lint: there are format, tidy"),
            "{error}"
        );
    }

    #[test]
    fn steps_run_in_the_order_asked_and_all_of_them_by_default() {
        let names = ["tidy".to_owned(), "format".to_owned()];
        let order: Vec<&str> = chosen(&names)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect();
        assert_eq!(order, names);
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn no_two_steps_share_a_name() {
        let names: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn a_package_is_counted_once_for_each_version() {
        assert_eq!(
            distinct("a v1.0.0\nb v1.0.0 (*)\n\nb v1.0.0\nb v2.0.0\n"),
            3
        );
    }

    #[test]
    fn the_table_shows_each_step_and_the_sum() {
        let second = Duration::from_secs(1);
        let rows = [
            ("format", Outcome::Passed, second),
            ("test", Outcome::Failed, second),
        ];
        let expected = "\nformat       ok           1.0 s\ntest         FAILED       1.0 s\n\
                        total                     2.0 s\n";
        assert_eq!(table(&rows), expected);
    }
}
