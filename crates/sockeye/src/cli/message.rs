//! What clap says, in the tool's own form: context first, the problem and what to try in the last line.

use std::io::IsTerminal;

use clap::error::ErrorKind;

use crate::cli::Usage;

/// The text that was asked for, if the "error" is help or the version.
pub(crate) fn answer(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let styled = error.render();
            let colored = std::io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            Some(if colored {
                styled.ansi().to_string()
            } else {
                styled.to_string()
            })
        }
        _ => None,
    }
}

/// The command line that clap could not read.
pub(crate) fn usage(error: &clap::Error) -> Usage {
    let text = error.render().to_string();
    let mut problem: Vec<&str> = Vec::new();
    let mut context = String::new();
    let mut in_usage = false;
    for line in text.lines().map(str::trim) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            in_usage = true;
            context = format!("usage: {usage}");
        } else if line.starts_with("For more information") || line.is_empty() {
            in_usage = false;
        } else if in_usage {
            context.push_str(&format!("\n       {line}"));
        } else {
            problem.push(line.strip_prefix("error: ").unwrap_or(line));
        }
    }
    Usage {
        context,
        problem: joined(&problem),
    }
}

/// Lines as one: what ends in a colon goes on, the rest is set apart.
fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        if text.ends_with(':') || text.ends_with(',') {
            text.push(' ');
        } else if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_that_reads_well() {
        assert_eq!(
            joined(&["these were not provided:", "<ADDRESS>...", "tip: try"]),
            "these were not provided: <ADDRESS>...; tip: try"
        );
        assert_eq!(joined(&[]), "");
    }
}
