//! The arguments of `explain`: as typed, and as meant.

use clap::Args;
use sockeye_model::Errno;
use sockeye_view::escape::escape_name;
use sockeye_view::pages::{self, Topic};

use crate::cli::view::LookArgs;
use crate::cli::{Usage, words};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye explain                       every topic there is a page of
  sockeye explain recv                  a call: what it does, returns and fails with
  sockeye explain ECONNRESET            an error, by its name or number
  sockeye explain '[Errno 98] Address already in use'   what a program said
  sockeye explain TIME_WAIT             a state of a TCP connection
  sockeye explain half close            a concept
  sockeye explain S09 --lang es         a finding of sockeye trace, in Spanish";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ExplainFlags {
    /// A call, an option, an error or its number, a state, a concept or a finding; none lists them all
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
    /// The page's fields as JSON; without a topic the list of topics
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExplainArgs {
    /// The page; none is the list of all.
    pub(crate) topic: Option<Topic>,
    /// JSON, no text.
    pub(crate) json: bool,
    /// In which words.
    pub(crate) look: LookArgs,
}

impl ExplainFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ExplainArgs, Usage> {
        let topic = match self.topic.as_slice() {
            [] => None,
            words => Some(found(&words.join(" "))?),
        };
        Ok(ExplainArgs {
            topic,
            json: self.json,
            look: self.look,
        })
    }
}

fn found(typed: &str) -> Result<Topic, Usage> {
    if let Some(topic) = pages::find(typed) {
        return Ok(topic);
    }
    let word = escape_name(typed);
    if let Ok(number) = typed.trim_start_matches(':').parse::<u16>()
        && Errno(number.into()).name().is_none()
    {
        let places: [(&str, &dyn std::fmt::Display); 1] = [("number", &number)];
        return Err(Usage::of(words::EXPLAIN_NUMBER, &places));
    }
    let near = pages::near(typed, NEAREST).join(", ");
    Err(if near.is_empty() {
        Usage::of(words::EXPLAIN_NOTHING, &[("word", &word)])
    } else {
        Usage::of(words::EXPLAIN_NEAR, &[("word", &word), ("near", &near)])
    })
}

/// How many topics are offered for one that there is none of.
const NEAREST: usize = 5;

#[cfg(test)]
mod tests {
    use crate::cli::{Command as Meant, tests::meant};

    fn topic(line: &str) -> Result<Option<&'static str>, String> {
        match meant(line)? {
            Meant::Explain(args) => Ok(args.topic.map(|topic| topic.name)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_topic_may_be_several_words() {
        assert_eq!(topic("explain"), Ok(None));
        assert_eq!(topic("explain time wait"), Ok(Some("TIME_WAIT")));
        assert_eq!(topic("explain recv() --json"), Ok(Some("recv")));
    }

    #[test]
    fn what_is_no_topic_is_said_with_what_is_near() {
        assert!(topic("explain recvv").unwrap_err().contains("recv"));
        assert!(
            topic("explain 8080")
                .unwrap_err()
                .contains("sockeye ports 8080")
        );
        assert!(
            topic("explain qqqqqqqqqq")
                .unwrap_err()
                .contains("sockeye explain")
        );
    }
}
