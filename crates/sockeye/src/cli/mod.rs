//! The command line: from the words that were typed to what is meant.

mod address;
mod arrange;
pub(crate) mod connect;
mod escape;
pub(crate) mod frame;
mod habit;
pub(crate) mod listen;
mod message;
pub(crate) mod offline;
pub(crate) mod quantity;
pub(crate) mod quote;
pub(crate) mod relay;
pub(crate) mod serve;
pub(crate) mod view;
pub(crate) mod wait;
mod welcome;

use std::ffi::OsString;
use std::fmt;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use sockeye_model::{Address, AddressError, Target};

use crate::{exit, limits};

pub(crate) use connect::ConnectArgs;
pub(crate) use listen::ListenArgs;
pub(crate) use offline::{DemoArgs, GenerateArgs, ShowArgs};
pub(crate) use relay::RelayArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use wait::WaitArgs;

/// What is to be done; only what can be done gets here.
#[derive(Debug)]
pub(crate) enum Command {
    Demo(Box<DemoArgs>),
    Connect(Box<ConnectArgs>),
    Listen(Box<ListenArgs>),
    Serve(Box<ServeArgs>),
    Relay(Box<RelayArgs>),
    Wait(Box<WaitArgs>),
    Show(Box<ShowArgs>),
    Schemes,
    Generate(Box<GenerateArgs>),
    /// A text was asked for: help, the version, the limits.
    Print(String),
}

/// A command line that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Lines before the last: how the command is used, where that helps.
    pub(crate) context: String,
    /// The last line: what is wrong and what to type.
    pub(crate) problem: String,
}

impl Usage {
    /// What is wrong, and what to type instead.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            context: String::new(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl From<AddressError> for Usage {
    fn from(error: AddressError) -> Self {
        Self::new(error.to_string())
    }
}

/// The command line as clap sees it.
#[derive(Parser, Debug)]
#[command(
    name = "sockeye",
    version,
    about = "Every socket, in plain sight: open, serve, relay and show any socket"
)]
#[command(
    disable_help_subcommand = false,
    arg_required_else_help = false,
    subcommand_required = true
)]
#[command(subcommand_help_heading = "Commands", max_term_width = 110)]
#[command(
    override_usage = "sockeye COMMAND [OPTIONS] …\n       sockeye [OPTIONS] ADDRESS    (the same as sockeye connect)"
)]
struct Typed {
    #[command(subcommand)]
    command: TypedCommand,
}

#[derive(Subcommand, Debug)]
enum TypedCommand {
    /// The first minute: a server and a client talk, call by call; ends by itself in 3 s
    #[command(hide = true)]
    Demo(DemoArgs),
    /// A client: stdin to the socket, the socket to stdout
    #[command(after_help = connect::EXAMPLES)]
    Connect(connect::ConnectFlags),
    /// A server you type into: one conversation, or many with -k
    #[command(hide = true, after_help = listen::EXAMPLES)]
    Listen(listen::ListenFlags),
    /// Ready partners: echo, discard, daytime, chargen, time
    #[command(hide = true, after_help = serve::EXAMPLES)]
    Serve(serve::ServeFlags),
    /// Join any two ends
    #[command(hide = true, after_help = relay::EXAMPLES)]
    Relay(relay::RelayFlags),
    /// Wait until each address answers, then run a program
    #[command(after_help = wait::EXAMPLES)]
    Wait(wait::WaitFlags),
    /// Show a recording in any view
    #[command(after_help = offline::SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// The table of address schemes and their options
    Schemes,
    /// The manual page and shell completions
    #[command(after_help = offline::GENERATE_EXAMPLES)]
    Generate(GenerateArgs),
}

/// The names of all commands.
const COMMANDS: &[&str] = &[
    "demo", "connect", "listen", "serve", "relay", "wait", "show", "schemes", "generate",
];

/// The definition that help, manual page and completions are made from.
pub(crate) fn definition() -> clap::Command {
    let codes: String = exit::TABLE
        .iter()
        .map(|(code, meaning)| format!("  {code:<6} {meaning}\n"))
        .collect();
    Typed::command().after_help(format!(
        "An address is HOST:PORT, :PORT, HOST PORT, or SCHEME:TARGET[#OPTION,…]; sockeye schemes lists them.\n\n\
         Exit codes:\n{codes}\nsockeye COMMAND --help tells more, with examples. sockeye --show-limits prints every limit."
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
    let arranged = arrange::with_command(typed, &definition(), COMMANDS)?;
    let name = words.first().cloned().unwrap_or_default();
    let mut definition = definition();
    match definition.try_get_matches_from_mut(std::iter::once(name).chain(arranged)) {
        Ok(matches) => Typed::from_arg_matches(&matches)
            .map_err(|error| message::usage(&error))?
            .command
            .meant(),
        Err(error) => message::answer(&error).map_or_else(
            || Err(habit::inside_a_command(typed).unwrap_or_else(|| message::usage(&error))),
            |text| Ok(Command::Print(text)),
        ),
    }
}

impl TypedCommand {
    fn meant(self) -> Result<Command, Usage> {
        Ok(match self {
            Self::Demo(args) => Command::Demo(Box::new(args)),
            Self::Connect(flags) => Command::Connect(Box::new(flags.meant()?)),
            Self::Listen(flags) => Command::Listen(Box::new(flags.meant()?)),
            Self::Serve(flags) => Command::Serve(Box::new(flags.meant()?)),
            Self::Relay(flags) => Command::Relay(Box::new(flags.meant()?)),
            Self::Wait(flags) => Command::Wait(Box::new(flags.meant()?)),
            Self::Show(args) => Command::Show(Box::new(args)),
            Self::Schemes => Command::Schemes,
            Self::Generate(args) => Command::Generate(Box::new(args)),
        })
    }
}

/// The words of a command that no shell will see, by the rules of an `exec:` address.
fn command_words(command: &str) -> Result<Vec<String>, Usage> {
    let address: Address = format!("exec:{command}")
        .parse()
        .map_err(|error: AddressError| {
            Usage::new(format!(
                "--exec {}: {}",
                quote::quoted(command),
                error.problem
            ))
        })?;
    match address.target {
        Target::Exec(words) if address.options.is_empty() => Ok(words),
        _ => Err(Usage::new(format!(
            "--exec {}: quote the # of the command",
            quote::quoted(command)
        ))),
    }
}

/// The number of a descriptor that somebody has handed us, beyond stdin.
fn descriptor(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("wants the number of an open descriptor, such as 3".to_owned()),
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
        parse(words).map_err(|usage| usage.problem)
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn every_command_is_in_the_list_that_tells_it_from_an_address() {
        let definition = definition();
        let names: Vec<&str> = definition
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, COMMANDS);
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
