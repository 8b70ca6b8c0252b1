//! The view flags, the same on every command that opens sockets.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};
use sockeye_view::catalogue::Language;

/// What is shown, where and how.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Views")]
pub(crate) struct ViewArgs {
    /// Tell every call in words, each reason once; =all repeats the reasons, and tells the calls beneath TLS and WebSocket
    #[arg(long, value_name = "once|all", num_args = 0..=1, require_equals = true, default_missing_value = "once")]
    #[arg(hide_possible_values = true)]
    pub(crate) explain: Option<Explain>,
    /// Show the bytes: direction, time, offset, peer, text beside
    #[arg(long)]
    pub(crate) hex: bool,
    /// Draw the calls in columns, with arrows between them and the reasons beside
    #[arg(long)]
    pub(crate) diagram: bool,
    /// Write every event to FILE, to be shown again with sockeye show
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Write the session to FILE as one page for a browser, when it is over
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Print every limit and default, and do nothing else
    #[arg(long)]
    pub(crate) show_limits: bool,
}

/// In which words, and how loud.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Views")]
pub(crate) struct LookArgs {
    /// English or Spanish; the default comes from LC_ALL, LC_MESSAGES or LANG
    #[arg(long, value_name = "en|es", hide_possible_values = true, value_parser = language())]
    pub(crate) lang: Option<Language>,
    /// No status lines, and no reasons in what is told
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// More detail; status lines also where stderr is no terminal
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colour: auto follows the terminal and NO_COLOR
    #[arg(long, value_name = "auto|always|never", default_value = "auto")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) color: Color,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// How often a reason is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Explain {
    /// Once a session.
    Once,
    /// Each time.
    All,
}

/// When output has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Reads `en` or `es`.
pub(crate) fn language() -> impl TypedValueParser<Value = Language> {
    let codes = Language::ALL.iter().map(|language| language.code());
    PossibleValuesParser::new(codes).map(|code| Language::from_locale(&code))
}
