//! The command line: from the words that were typed to what is meant.

mod address;
mod address_problem;
mod arrange;
pub(crate) mod connect;
mod escape;
pub(crate) mod explain;
pub(crate) mod frame;
mod habit;
pub(crate) mod listen;
mod message;
mod nearest;
pub(crate) mod offline;
pub(crate) mod ping;
pub(crate) mod ports;
pub(crate) mod quantity;
pub(crate) mod relay;
pub(crate) mod resolve;
pub(crate) mod serve;
pub(crate) mod tls;
pub(crate) mod trace;
pub(crate) mod view;
pub(crate) mod wait;
pub(crate) mod websocket;
mod welcome;
pub(crate) mod who;
mod words;

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::{Args, FromArgMatches};
pub(crate) use sockeye_model::quote;
use sockeye_model::{Address, AddressError, Target};
use sockeye_view::catalogue::Text;
use sockeye_view::escape::escape_name;

use crate::wording::Wording;
use crate::{exit, limits};

pub(crate) use connect::ConnectArgs;
pub(crate) use explain::ExplainArgs;
pub(crate) use listen::ListenArgs;
pub(crate) use offline::{DemoArgs, GenerateArgs, ShowArgs};
pub(crate) use ping::PingArgs;
pub(crate) use ports::PortsArgs;
pub(crate) use relay::RelayArgs;
pub(crate) use resolve::ResolveArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use trace::TraceArgs;
pub(crate) use wait::WaitArgs;
pub(crate) use who::WhoArgs;

/// What is to be done; only what can be done gets here.
#[derive(Debug)]
pub(crate) enum Command {
    Demo(Box<DemoArgs>),
    Connect(Box<ConnectArgs>),
    Listen(Box<ListenArgs>),
    Serve(Box<ServeArgs>),
    Relay(Box<RelayArgs>),
    Wait(Box<WaitArgs>),
    Ping(Box<PingArgs>),
    Resolve(Box<ResolveArgs>),
    Ports(Box<PortsArgs>),
    Who(Box<WhoArgs>),
    Trace(Box<TraceArgs>),
    Show(Box<ShowArgs>),
    Explain(Box<ExplainArgs>),
    Schemes,
    Generate(Box<GenerateArgs>),
    /// A text was asked for: help, the version, the limits.
    Print(String),
}

/// A command line that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Lines before the last: how the command is used, where that helps.
    pub(crate) context: Wording,
    /// The last line: what is wrong and what to type.
    pub(crate) problem: Wording,
}

impl Usage {
    /// What is wrong, and what to type instead.
    pub(crate) fn new(problem: impl Into<Wording>) -> Self {
        Self {
            context: Wording::default(),
            problem: problem.into(),
        }
    }

    /// The same from a text and what fills its places.
    pub(crate) fn of(text: Text, places: &[(&str, &dyn fmt::Display)]) -> Self {
        Self::new(Wording::of(text, places))
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl From<AddressError> for Usage {
    fn from(error: AddressError) -> Self {
        let problem = address_problem::wording(&error.problem);
        if error.typed.is_empty() {
            return Self::new(problem);
        }
        Self::new(Wording {
            spanish: format!("{}: {}", escape_name(&error.typed), problem.spanish),
            english: error.to_string(),
        })
    }
}

/// A command, as help, manual page, completions and the parser know it.
struct Entry {
    name: &'static str,
    about: &'static str,
    examples: &'static str,
    flags: fn(clap::Command) -> clap::Command,
    meant: fn(&clap::ArgMatches) -> Result<Command, Usage>,
}

/// Every command, in the order of the help.
#[rustfmt::skip]
const ENTRIES: &[Entry] = &[
    Entry {
        name: "demo", examples: "",
        about: "The first minute: a server and a client talk, call by call; ends by itself within 3 s",
        flags: DemoArgs::augment_args,
        meant: |matches| Ok(Command::Demo(Box::new(read(matches)?))),
    },
    Entry {
        name: "connect", examples: connect::EXAMPLES,
        about: "A client: stdin to the socket, the socket to stdout",
        flags: connect::ConnectFlags::augment_args,
        meant: |matches| Ok(Command::Connect(Box::new(read::<connect::ConnectFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "listen", examples: listen::EXAMPLES,
        about: "A server you type into: one conversation, or many with -k",
        flags: listen::ListenFlags::augment_args,
        meant: |matches| Ok(Command::Listen(Box::new(read::<listen::ListenFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "serve", examples: serve::EXAMPLES,
        about: "Ready partners: echo, discard, daytime, chargen, time, dns",
        flags: serve::ServeFlags::augment_args,
        meant: |matches| Ok(Command::Serve(Box::new(read::<serve::ServeFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "relay", examples: relay::EXAMPLES,
        about: "Join any two ends",
        flags: relay::RelayFlags::augment_args,
        meant: |matches| Ok(Command::Relay(Box::new(read::<relay::RelayFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "wait", examples: wait::EXAMPLES,
        about: "Wait until each address answers, then run a program",
        flags: wait::WaitFlags::augment_args,
        meant: |matches| Ok(Command::Wait(Box::new(read::<wait::WaitFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "ping", examples: ping::EXAMPLES,
        about: "Round-trip times: ICMP echo, a TCP connect, a UDP answer",
        flags: ping::PingFlags::augment_args,
        meant: |matches| Ok(Command::Ping(Box::new(read::<ping::PingFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "resolve", examples: resolve::EXAMPLES,
        about: "DNS: what a name leads to, who says so, and how it was found",
        flags: resolve::ResolveFlags::augment_args,
        meant: |matches| Ok(Command::Resolve(Box::new(read::<resolve::ResolveFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "ports", examples: ports::EXAMPLES,
        about: "What a port number or a service name means, and who has it here",
        flags: ports::PortsFlags::augment_args,
        meant: |matches| Ok(Command::Ports(Box::new(read::<ports::PortsFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "who", examples: who::EXAMPLES,
        about: "Which process holds a port; all that listens on this machine",
        flags: who::WhoFlags::augment_args,
        meant: |matches| Ok(Command::Who(Box::new(read::<who::WhoFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "trace", examples: trace::EXAMPLES,
        about: "Run a program and tell what its sockets do, and what is wrong with it",
        flags: trace::flags,
        meant: |matches| Ok(Command::Trace(Box::new(read::<trace::TraceFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "show", examples: offline::SHOW_EXAMPLES,
        about: "Show a recording in any view",
        flags: ShowArgs::augment_args,
        meant: |matches| Ok(Command::Show(Box::new(read(matches)?))),
    },
    Entry {
        name: "explain", examples: explain::EXAMPLES,
        about: "A page on a call, an error, a state, a concept or a finding",
        flags: explain::ExplainFlags::augment_args,
        meant: |matches| Ok(Command::Explain(Box::new(read::<explain::ExplainFlags>(matches)?.meant()?))),
    },
    Entry {
        name: "schemes", examples: "",
        about: "The table of address schemes and their options",
        flags: |command| command,
        meant: |_| Ok(Command::Schemes),
    },
    Entry {
        name: "generate", examples: offline::GENERATE_EXAMPLES,
        about: "The manual page and shell completions",
        flags: GenerateArgs::augment_args,
        meant: |matches| Ok(Command::Generate(Box::new(read(matches)?))),
    },
];

impl Entry {
    fn named(name: &OsStr) -> Option<&'static Self> {
        ENTRIES.iter().find(|entry| name == entry.name)
    }

    /// Its definition for clap. Only the command that is asked for is built: that is most of the start-up time.
    fn definition(&self) -> clap::Command {
        // The flags' own description comes first, so that it is replaced.
        (self.flags)(clap::Command::new(self.name))
            .about(self.about)
            .after_help(self.examples)
            .max_term_width(WIDEST)
    }
}

fn read<T: FromArgMatches>(matches: &clap::ArgMatches) -> Result<T, Usage> {
    T::from_arg_matches(matches).map_err(|error| message::usage(&error))
}

/// The definition that help, manual page and completions are made from.
pub(crate) fn definition() -> clap::Command {
    let codes: String = exit::TABLE
        .iter()
        .map(|(code, meaning)| format!("  {code:<6} {meaning}\n"))
        .collect();
    clap::Command::new("sockeye")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Every socket, in plain sight: open, serve, relay and show any socket")
        .override_usage(
            "sockeye COMMAND [OPTIONS] …\n       sockeye [OPTIONS] ADDRESS    (the same as sockeye connect)",
        )
        .subcommand_required(true)
        .max_term_width(WIDEST)
        .subcommands(ENTRIES.iter().map(Entry::definition))
        .after_help(format!(
            "An address is HOST:PORT, :PORT, HOST PORT, or SCHEME:TARGET[#OPTION,…]; sockeye schemes lists them.\n\
             A TIME is 500ms, 2s, 1m or 1h; a plain number is seconds. A SIZE is 4096, 64k or 1MiB.\n\n\
             Exit codes:\n{codes}\nsockeye COMMAND --help tells more, with examples. \
             sockeye --show-limits prints every limit."
        ))
}

/// What the words of the command line mean; the first word is the program's own name.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Command, Usage> {
    if words.len() <= 1 {
        return Ok(Command::Print(welcome::TEXT.to_owned()));
    }
    if words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--show-limits")
    {
        return Ok(Command::Print(limits::table()));
    }
    let typed = &words[1..];
    if let Some(usage) = habit::of_another_tool(typed) {
        return Err(usage);
    }
    let arranged = arrange::with_command(typed)?;
    let entry = arranged.first().and_then(|name| Entry::named(name));
    let matches = match entry {
        Some(entry) => entry
            .definition()
            .bin_name(format!("sockeye {}", entry.name))
            .try_get_matches_from(&arranged),
        None => definition().try_get_matches_from(std::iter::once(&words[0]).chain(&arranged)),
    };
    match (matches, entry) {
        (Ok(matches), Some(entry)) => (entry.meant)(&matches),
        // Nothing but help and the version gets here, and clap answers those.
        (Ok(_), None) => Ok(Command::Print(welcome::TEXT.to_owned())),
        (Err(error), _) => match message::answer(&error) {
            Some(text) => Ok(Command::Print(text)),
            None => Err(habit::inside_a_command(typed).unwrap_or_else(|| message::usage(&error))),
        },
    }
}

/// The most columns that help is wrapped to.
const WIDEST: usize = 110;

/// The words of a command that no shell will see, by the rules of an `exec:` address.
fn command_words(command: &str) -> Result<Vec<String>, Usage> {
    let typed = quote::quoted(command);
    let address: Address = format!("exec:{command}")
        .parse()
        .map_err(|error: AddressError| {
            let why = address_problem::wording(&error.problem);
            Usage::new(Wording::made(|language| {
                let why = why.say(language);
                let places: [(&str, &dyn fmt::Display); 2] = [("command", &typed), ("why", &why)];
                words::EXEC_WRONG.fill(language, &places)
            }))
        })?;
    match address.target {
        Target::Exec(words) if address.options.is_empty() => Ok(words),
        _ => Err(Usage::of(words::EXEC_HASH, &[("command", &typed)])),
    }
}

/// The number of a descriptor that somebody has handed us, beyond stdin.
fn descriptor(text: &str) -> Result<i32, Wording> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(words::WANTS_DESCRIPTOR.into()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a line means, its words cut at spaces.
    pub(crate) fn meant(line: &str) -> Result<Command, String> {
        let words = std::iter::once("sockeye")
            .chain(line.split_whitespace())
            .map(OsString::from)
            .collect();
        parse(words).map_err(|usage| usage.problem.english)
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn help_of_a_command_says_what_it_does_with_examples() {
        for entry in ENTRIES {
            let Ok(Command::Print(help)) = meant(&format!("{} --help", entry.name)) else {
                panic!("{}", entry.name)
            };
            // However wide the terminal of these tests is.
            let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flowing(&help).starts_with(entry.about), "{help}");
            assert!(flowing(&help).contains(&flowing(entry.examples)), "{help}");
            assert!(
                help.contains(&format!("Usage: sockeye {}", entry.name)),
                "{help}"
            );
        }
    }

    #[test]
    fn every_example_is_understood() {
        for entry in ENTRIES {
            for line in entry
                .examples
                .lines()
                .filter_map(|line| line.trim().strip_prefix("sockeye "))
            {
                let line = line.split("  ").next().unwrap_or(line);
                let line = line.split([';', '|', '<', '>', '&']).next().unwrap_or(line);
                let words = sh_words(line);
                let parsed = parse(std::iter::once("sockeye".into()).chain(words).collect());
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
            }
        }
    }

    /// Whether a line as it stands in a shell can be meant; what stands behind `|`, `<`, `>`, `&` and `;` is no part of it.
    pub(crate) fn is_understood(line: &str) -> bool {
        let words = sh_words(&until_sign(line));
        parse(words).is_ok()
    }

    /// The line up to the first sign of the shell that stands in no quotes.
    fn until_sign(line: &str) -> String {
        let mut quoted = false;
        line.chars()
            .take_while(|c| {
                quoted ^= *c == '\'';
                quoted || ![';', '|', '<', '>', '&'].contains(c)
            })
            .collect()
    }

    /// The words of a line with simple quotes.
    fn sh_words(line: &str) -> Vec<OsString> {
        let mut words = Vec::new();
        for (index, piece) in line.split('\'').enumerate() {
            if index % 2 == 1 {
                words.push(piece.into());
            } else {
                words.extend(piece.split_whitespace().map(OsString::from));
            }
        }
        words
    }

    #[test]
    fn an_address_alone_is_connect() {
        for line in [
            "localhost:7007",
            "7007",
            ":7007",
            "localhost 7007",
            "udp://localhost:7",
            "-v :7",
            "unix:/x",
        ] {
            assert!(matches!(meant(line), Ok(Command::Connect(_))), "{line}");
        }
    }

    #[test]
    fn view_flags_may_stand_before_the_command() {
        let Ok(Command::Listen(args)) = meant("--explain --lang es --record x listen :7000") else {
            panic!()
        };
        assert_eq!(args.view.explain, Some(view::Explain::Once));
        assert_eq!(
            args.view.look.lang,
            Some(sockeye_view::catalogue::Language::Spanish)
        );
    }

    #[test]
    fn limits_are_printed_wherever_they_are_asked_for() {
        for line in [
            "--show-limits",
            "serve --show-limits",
            "connect --show-limits",
        ] {
            let Ok(Command::Print(text)) = meant(line) else {
                panic!("{line}")
            };
            assert!(text.contains("--max-conversations"), "{line}");
        }
        let Ok(Command::Wait(args)) = meant("wait :7 -- cat --show-limits") else {
            panic!()
        };
        assert_eq!(args.command, ["cat", "--show-limits"]);
    }

    #[test]
    fn help_lists_every_exit_code() {
        let Ok(Command::Print(help)) = meant("--help") else {
            panic!()
        };
        for (code, meaning) in exit::TABLE {
            assert!(help.contains(&format!("  {code:<6} ")), "{code} {meaning}");
        }
    }

    #[test]
    fn a_mistyped_command_is_answered_with_the_right_one() {
        assert!(meant("serv").unwrap_err().contains("sockeye serve"));
        assert!(
            meant("conect localhost 7007")
                .unwrap_err()
                .contains("sockeye connect")
        );
        assert!(
            meant("listne :7000")
                .unwrap_err()
                .contains("sockeye listen")
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_its_flag_in_the_last_line() {
        let error = meant("connect :7 --timeout soon").unwrap_err();
        assert!(
            error.contains("--timeout") && error.contains("500ms"),
            "{error}"
        );
        let error = meant("connect :7 --tiemout 3").unwrap_err();
        assert!(
            error.contains("--tiemout") && error.contains("--timeout"),
            "{error}"
        );
        let error = meant("connect").unwrap_err();
        assert!(error.contains("ADDRESS"), "{error}");
    }

    #[test]
    fn a_wrong_address_is_a_usage_error() {
        for line in [
            "tcp://localhost",
            "gopher://x:1",
            ":70000",
            "connect localhost:7#nope",
            "",
        ] {
            if line.is_empty() {
                assert!(matches!(meant(line), Ok(Command::Print(_))));
            } else {
                assert!(meant(line).is_err(), "{line}");
            }
        }
    }
}
