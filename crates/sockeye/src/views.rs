//! The views that the flags ask for, set up for the output they write to.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use sockeye_model::Sink;
use sockeye_view::catalogue::Language;
use sockeye_view::{
    Columns, CorrectOptions, Diagram, DiagramOptions, Explain, ExplainOptions, Hex, HexOptions,
    Html, HtmlOptions, Mermaid, MermaidOptions, Reasons,
};

use crate::cli::view::{self, Color, LookArgs};
use crate::language;

/// How things are said on one output: language, terminal, loudness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The language of texts and figures.
    pub(crate) language: Language,
    /// Whether the output is a terminal.
    pub(crate) terminal: bool,
    /// Whether it gets colours.
    pub(crate) color: bool,
    /// Only ASCII characters.
    pub(crate) ascii: bool,
    /// No status lines, no reasons.
    pub(crate) quiet: bool,
    /// How much more detail was asked for.
    pub(crate) verbose: u8,
    /// Columns of the terminal; 100 where there is none.
    pub(crate) width: usize,
}

impl Look {
    /// From the flags and what the output is.
    pub(crate) fn on(output: &(impl IsTerminal + AsFd), args: &LookArgs) -> Self {
        let terminal = output.is_terminal();
        Self {
            language: args.lang.unwrap_or_else(language::of_environment),
            terminal,
            color: match args.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => {
                    terminal && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
                }
            },
            ascii: args.ascii,
            quiet: args.quiet,
            verbose: args.verbose,
            width: columns(output, terminal),
        }
    }

    /// Whether what goes well is said too: to a person, or on request.
    pub(crate) fn says_status(self) -> bool {
        !self.quiet && (self.terminal || self.verbose > 0)
    }

    /// Whether each request of a server is said.
    pub(crate) fn is_verbose(self) -> bool {
        !self.quiet && self.verbose > 0
    }

    /// What stands before each line on a terminal, where data is written as well.
    pub(crate) fn margin(self) -> &'static str {
        match (self.terminal, self.ascii) {
            (false, _) => "",
            (true, false) => "┊ ",
            (true, true) => "| ",
        }
    }

    /// Narration on this output. With `beside_data` a terminal gets a margin: data is written there as well. With `rules` it is
    /// told what they find, and says so where that is nothing.
    pub(crate) fn explain<W: Write + Send + 'static>(
        self,
        out: W,
        reasons: Option<view::Explain>,
        beside_data: bool,
        rules: bool,
    ) -> Box<dyn Sink> {
        let options = ExplainOptions {
            rules,
            language: self.language,
            reasons: self.reasons(reasons),
            margin: self.terminal && beside_data,
            colour: self.color,
            ascii: self.ascii,
            live: self.terminal && beside_data,
            width: self.width,
            everything: self.is_verbose(),
            ..ExplainOptions::default()
        };
        Box::new(Explain::new(out, options))
    }

    /// Columns and arrows on this output.
    pub(crate) fn diagram<W: Write + Send + 'static>(
        self,
        out: W,
        reasons: Option<view::Explain>,
        columns: Columns,
    ) -> Box<dyn Sink> {
        Box::new(Diagram::new(out, self.drawn(reasons, columns, None)))
    }

    /// The same for a traced program and the one that is started beside it.
    pub(crate) fn diagram_of_two<W: Write + Send + 'static>(
        self,
        out: W,
        reasons: Option<view::Explain>,
        partner: String,
    ) -> Box<dyn Sink> {
        let options = self.drawn(reasons, Columns::Two, Some(partner));
        Box::new(Diagram::new(out, options))
    }

    fn drawn(
        self,
        reasons: Option<view::Explain>,
        columns: Columns,
        partner: Option<String>,
    ) -> DiagramOptions {
        DiagramOptions {
            language: self.language,
            reasons: self.reasons(reasons),
            colour: self.color,
            ascii: self.ascii,
            width: self.width,
            columns,
            partner,
        }
    }

    fn reasons(self, asked: Option<view::Explain>) -> Reasons {
        match asked {
            _ if self.quiet => Reasons::None,
            Some(view::Explain::All) => Reasons::All,
            _ => Reasons::Once,
        }
    }

    /// One page for a browser: of the command `title`, whose events were looked at by all rules if it is `diagnosed`.
    pub(crate) fn html<W: Write + Send + 'static>(
        self,
        out: W,
        title: String,
        diagnosed: bool,
    ) -> Box<dyn Sink> {
        let options = HtmlOptions {
            language: self.language,
            title,
            diagnosed,
            ..HtmlOptions::default()
        };
        Box::new(Html::new(out, options))
    }

    /// The text of a mermaid diagram.
    pub(crate) fn mermaid<W: Write + Send + 'static>(self, out: W) -> Box<dyn Sink> {
        let options = MermaidOptions {
            language: self.language,
            ..MermaidOptions::default()
        };
        Box::new(Mermaid::new(out, options))
    }

    /// What to correct, on this output; `beside_data` as for narration.
    pub(crate) fn correct(self, beside_data: bool) -> CorrectOptions {
        CorrectOptions {
            language: self.language,
            margin: self.terminal && beside_data,
            colour: self.color,
            ascii: self.ascii,
            width: self.width,
        }
    }

    /// A dump on this output.
    pub(crate) fn hex<W: Write + Send + 'static>(self, out: W, beside_data: bool) -> Box<dyn Sink> {
        let margin = if beside_data { self.margin() } else { "" };
        let options = HexOptions {
            colour: self.color,
            margin,
            language: self.language,
            ..HexOptions::default()
        };
        Box::new(Hex::new(out, options))
    }
}

fn columns(output: &impl AsFd, terminal: bool) -> usize {
    let size = terminal
        .then(|| rustix::termios::tcgetwinsize(output).ok())
        .flatten();
    match size {
        Some(size) if size.ws_col > 0 => usize::from(size.ws_col).max(40),
        _ => 100,
    }
}

/// Stderr for views: what one event says goes out in as few writes as it has lines.
pub(crate) fn stderr() -> impl Write + Send {
    io::LineWriter::new(io::stderr())
}

/// Stdout for views: what one batch of events says goes out at once.
pub(crate) fn stdout() -> impl Write + Send {
    io::BufWriter::new(io::stdout())
}
