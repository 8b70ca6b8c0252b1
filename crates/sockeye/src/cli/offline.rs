//! The arguments of the commands that open no socket: `show` and `generate`; and of `demo`, which has only views.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::view::{LookArgs, ViewArgs};

pub(crate) const SHOW_EXAMPLES: &str = "\
Examples:
  sockeye connect --record talk.ndjson :7007        make a recording
  sockeye show talk.ndjson                          tell it again, in words
  sockeye show talk.ndjson --as hex                 its bytes
  sockeye show - --as diagram < talk.ndjson         its picture
  sockeye show talk.ndjson --check --json           what is wrong with it
  sockeye show talk.ndjson --as html > talk.html    one page for a browser
  sockeye show talk.ndjson --as mermaid             for a text that draws mermaid diagrams";

pub(crate) const GENERATE_EXAMPLES: &str = "\
Examples:
  sockeye generate man | man -l -                   read the manual page
  sockeye generate man --out-dir man1               a page for each command
  sockeye generate completions bash > sockeye.bash  then: source sockeye.bash";

/// `demo`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

/// `show`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShowArgs {
    /// The recording; - is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// In which view: explain, hex, diagram, html, mermaid, json
    #[arg(
        long = "as",
        value_name = "VIEW",
        default_value = "explain",
        hide_possible_values = true
    )]
    pub(crate) view: ShowAs,
    /// End with 23 when the recording shows a mistake or a risk
    #[arg(long)]
    pub(crate) check: bool,
    /// The findings as one JSON document, and nothing else
    #[arg(long, conflicts_with = "view")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// The views of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowAs {
    /// Each call in words.
    Explain,
    /// The bytes.
    Hex,
    /// Columns and arrows.
    Diagram,
    /// One page for a browser.
    Html,
    /// The text of a mermaid sequence diagram.
    Mermaid,
    /// The events, as they are recorded.
    Json,
}

/// `generate`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) what: Generate,
}

/// What is generated.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Generate {
    /// The manual page, to stdout; or one page for each command, to a directory
    Man {
        /// Write sockeye.1, sockeye-connect.1, … there
        #[arg(long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
    },
    /// Completions for a shell, to stdout
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
}
