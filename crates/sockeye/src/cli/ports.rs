//! The arguments of `ports`: as typed, and as meant.

use clap::Args;
use sockeye_local::Transport;

use crate::cli::view::LookArgs;
use crate::cli::{Usage, quote, words};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye ports                    the everyday ports
  sockeye ports 443                what a number means, and who has it here now
  sockeye ports https 53/udp       by name; or for one transport, also tcp:80, tcp/80
  sockeye ports 6881-6889 80,443   every number of a range; a list
  sockeye ports --search mail      in names, descriptions and customary uses
  sockeye ports --ranges           the three classes, and this machine's own limits

IANA's registry is built in; /etc/services of this machine is named where it differs, and a use
that is only custom is marked so. Code 10: no such name, or nothing found.";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct PortsFlags {
    /// A number (443), a name (https), a range (6881-6889), or one transport of it (53/udp); none: the everyday ports
    #[arg(value_name = "QUERY", conflicts_with_all = ["search", "ranges"])]
    queries: Vec<String>,
    /// Every port that has WORD in a name, a description or a customary use
    #[arg(long, value_name = "WORD", conflicts_with = "ranges")]
    search: Option<String>,
    /// The classes of port numbers, and which ports this machine chooses from, keeps, and lets ordinary users bind
    #[arg(long)]
    ranges: bool,
    /// The answer as JSON, as docs/ports.md describes it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortsArgs {
    /// What is asked.
    pub(crate) asked: Asked,
    /// JSON, no text.
    pub(crate) json: bool,
    /// In which words.
    pub(crate) look: LookArgs,
}

/// A question about ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The ports that everybody meets.
    Everyday,
    /// Each of these; at least one.
    Queries(Vec<Query>),
    /// All with this in a text; not empty.
    Search(String),
    /// The classes, and this machine's limits.
    Ranges,
}

/// One word of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// As it was typed.
    pub(crate) typed: String,
    /// Which ports.
    pub(crate) what: What,
    /// Only of this transport.
    pub(crate) over: Option<Transport>,
}

/// Which ports are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// One.
    Port(u16),
    /// From the first to the last.
    Between(u16, u16),
    /// All that have this name.
    Name(String),
}

impl PortsFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<PortsArgs, Usage> {
        let asked = match (self.search, self.ranges, self.queries) {
            (Some(word), ..) if word.trim().is_empty() => {
                return Err(Usage::new(words::SEARCH_EMPTY));
            }
            (Some(word), ..) => Asked::Search(word.trim().to_owned()),
            (None, true, _) => Asked::Ranges,
            (None, false, queries) if queries.is_empty() => Asked::Everyday,
            (None, false, queries) => Asked::Queries(
                queries
                    .iter()
                    .flat_map(|typed| each(typed))
                    .map(|typed| Query::of(typed, 0))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(PortsArgs {
            asked,
            json: self.json,
            look: self.look,
        })
    }
}

/// The words of a list with commas, `80,443`; a transport before the first, `tcp:80,443`, is of all.
pub(crate) fn each(typed: &str) -> Vec<String> {
    let mut parts = typed.split(',');
    let first = parts.next().unwrap_or_default();
    let rest = front_transport(first).map_or(first, |(_, rest)| rest);
    let before = &first[..first.len() - rest.len()];
    let others = parts.map(|part| match part {
        "" => String::new(),
        part if part.contains([':', '/']) => part.to_owned(),
        part => format!("{before}{part}"),
    });
    std::iter::once(first.to_owned()).chain(others).collect()
}

/// `tcp:80`, `tcp://:80`, `tcp/80`: the transport, and what comes after it.
fn front_transport(word: &str) -> Option<(Transport, &str)> {
    let (transport, rest) = word.split_at(word.find([':', '/'])?);
    let transport = transport_named(transport)?;
    let rest = rest
        .strip_prefix("://")
        .unwrap_or(rest.get(1..).unwrap_or_default());
    Some((transport, rest))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Query {
    /// One word, whose numbers begin with `least`.
    pub(crate) fn of(typed: String, least: u16) -> Result<Self, Usage> {
        let (word, over) = match (front_transport(&typed), typed.rsplit_once('/')) {
            (Some((transport, word)), _) => (word, Some(transport)),
            (None, Some((word, transport))) => match transport_named(transport) {
                Some(transport) => (word, Some(transport)),
                None if word.starts_with(|first: char| first == ':' || first.is_ascii_digit())
                    && word
                        .trim_start_matches(':')
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'-') =>
                {
                    let known: Vec<_> = Transport::ALL.iter().map(|known| known.name()).collect();
                    return Err(Usage::of(
                        words::NO_TRANSPORT,
                        &[
                            ("typed", &quote::quoted(&typed)),
                            ("transport", &quote::quoted(transport)),
                            ("known", &known.join(", ")),
                        ],
                    ));
                }
                // Some names of the registry have a slash of their own.
                None => (typed.as_str(), None),
            },
            (None, None) => (typed.as_str(), None),
        };
        let word = word
            .strip_prefix(':')
            .filter(|number| number.starts_with(|first: char| first.is_ascii_alphanumeric()))
            .unwrap_or(word);
        let number = |digits: &str| number(digits, &typed, least);
        let what = match word.split_once('-') {
            _ if is_number(word) => What::Port(number(word)?),
            Some((first, last)) if is_number(first) && is_number(last) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(Usage::of(
                        words::RANGE_BACKWARDS,
                        &[("typed", &typed), ("first", &first), ("last", &last)],
                    ));
                }
                What::Between(first, last)
            }
            _ if word.is_empty() => {
                return Err(Usage::of(
                    words::NO_PORT,
                    &[("typed", &quote::quoted(&typed))],
                ));
            }
            _ => What::Name(word.to_owned()),
        };
        Ok(Self { typed, what, over })
    }
}

fn number(digits: &str, typed: &str, least: u16) -> Result<u16, Usage> {
    let number = digits.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| Usage::of(words::PORTS_FROM, &[("typed", &typed), ("first", &least)]))
}

fn transport_named(word: &str) -> Option<Transport> {
    let mut all = Transport::ALL.iter().copied();
    all.find(|transport| transport.name().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Meant, tests::meant};

    fn asked(line: &str) -> Result<Asked, String> {
        match meant(line)? {
            Meant::Ports(args) => Ok(args.asked),
            other => panic!("{other:?}"),
        }
    }

    fn one(word: &str) -> (What, Option<Transport>) {
        match asked(&format!("ports {word}")).unwrap() {
            Asked::Queries(queries) => (queries[0].what.clone(), queries[0].over),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_word_is_a_number_a_range_or_a_name() {
        assert_eq!(one("443"), (What::Port(443), None));
        assert_eq!(one(":443"), (What::Port(443), None));
        assert_eq!(one("6881-6889"), (What::Between(6881, 6889), None));
        assert_eq!(one("53/UDP"), (What::Port(53), Some(Transport::Udp)));
        assert_eq!(one("domain/tcp").1, Some(Transport::Tcp));
        for name in ["https", "802-11-iapp", "914c/g", "x-1"] {
            assert_eq!(one(name), (What::Name(name.to_owned()), None));
        }
    }

    #[test]
    fn a_transport_stands_before_or_behind_and_a_list_has_commas() {
        let tcp = |port| (What::Port(port), Some(Transport::Tcp));
        for line in ["tcp:80", "tcp/80", "TCP://:80", "80/tcp", ":80/tcp"] {
            assert_eq!(one(line), tcp(80), "{line}");
        }
        assert_eq!(one(":https"), one("https"));
        let all = |line: &str| match asked(&format!("ports {line}")).unwrap() {
            Asked::Queries(queries) => queries
                .into_iter()
                .map(|query| (query.what, query.over))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            all("80,443/udp"),
            [
                (What::Port(80), None),
                (What::Port(443), Some(Transport::Udp))
            ]
        );
        assert_eq!(all("tcp:80,443"), [tcp(80), tcp(443)]);
        assert!(asked("ports 80,").is_err() && asked("ports tcp:").is_err());
        let error = asked("ports 22/foo").unwrap_err();
        assert!(error.contains("foo is no transport"), "{error}");
    }

    #[test]
    fn it_takes_the_flags_of_every_command() {
        for flag in ["--color never", "--ascii", "-q", "-vv", "--lang es"] {
            assert!(asked(&format!("ports 80 {flag}")).is_ok(), "{flag}");
        }
    }

    #[test]
    fn what_is_no_port_is_said_with_what_to_type() {
        assert!(asked("ports 65536").unwrap_err().contains("0 to 65535"));
        assert!(asked("ports 9-5").unwrap_err().contains("5-9"));
        assert!(asked("ports 80-99999").is_err() && asked("ports /tcp").is_err());
        assert!(asked("ports 80 --ranges").is_err());
        assert!(asked("ports --search mail --ranges").is_err());
    }

    #[test]
    fn nothing_asked_is_the_everyday_ports() {
        assert_eq!(asked("ports"), Ok(Asked::Everyday));
        assert_eq!(asked("ports --ranges --json"), Ok(Asked::Ranges));
        assert_eq!(
            asked("ports --search mail"),
            Ok(Asked::Search("mail".to_owned()))
        );
    }
}
