//! The arguments of `trace`: as typed, and as meant.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::view::ViewArgs;
use crate::cli::{Usage, command_words, words};

pub(crate) const EXAMPLES: &str = "\
Exit status:
  the program's own: its code, or 128+N when signal N killed it
  23   --check found something, and the program itself ended with 0
  125  sockeye failed, or the system forbids tracing
  126  the program can't be executed
  127  there is no such program

Examples:
  sockeye trace python3 server.py                    what its sockets do, and what is wrong
  sockeye trace --lines -- python3 server.py         with the line of each call
  sockeye trace --syscalls ./server                  with the kernel's own calls: sendto behind send
  sockeye trace --with 'python3 b.py' python3 a.py   both, b.py once a.py listens
  sockeye trace --check --json -o found.json -- ./a  for a test: 23 when something is wrong
  sockeye trace -p 4121                              a program that runs already, until Ctrl-C";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct TraceFlags {
    /// The program to run, and its words; its stdin, stdout, stderr and exit code are its own
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<OsString>,
    /// Run this program too, once the first one listens or waits for a message: in quotes, with its words. May be repeated
    #[arg(long, value_name = "COMMAND")]
    with: Vec<String>,
    /// Trace the process of this number, which runs already; Ctrl-C ends the tracing, not the process
    #[arg(short, long, value_name = "PID", conflicts_with_all = ["command", "with"], value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// Write what is told to FILE instead of stderr, where the program may write too
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End with 23 when a mistake (✗) or a risk (!) was found and the program itself ended with 0
    #[arg(long)]
    check: bool,
    /// Tell nothing but the findings, at the end, as one JSON document
    #[arg(long, conflicts_with_all = ["explain", "diagram", "hex"])]
    json: bool,
    /// Say which line of the program made each call: of Python, and of programs built with -g
    #[arg(long)]
    lines: bool,
    /// Leave read, write and their kin alone: nothing is slower for a program of many files, but what it moves by them on
    /// sockets is not shown
    #[arg(long)]
    no_rw: bool,
    /// Show below each call the kernel's own, as strace writes it: name, arguments, result, number. Not with --diagram
    #[arg(long, conflicts_with = "diagram")]
    syscalls: bool,
    #[command(flatten)]
    view: ViewArgs,
}

/// What is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Traced {
    /// A program that is started; at least one word.
    Program(Vec<OsString>),
    /// A process that runs already.
    Process(u32),
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceArgs {
    /// What is traced.
    pub(crate) traced: Traced,
    /// Programs to start beside it, each at least one word.
    pub(crate) with: Vec<Vec<OsString>>,
    /// Where what is told goes; `None` is stderr.
    pub(crate) output: Option<PathBuf>,
    /// Findings decide the exit code.
    pub(crate) check: bool,
    /// The findings as JSON, and nothing else.
    pub(crate) json: bool,
    /// The line of each call.
    pub(crate) lines: bool,
    /// Watch read and write on sockets.
    pub(crate) read_write: bool,
    /// The kernel's own calls.
    pub(crate) syscalls: bool,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// The flags, with those of the views as they are meant here: tracing tells by itself.
pub(crate) fn flags(command: clap::Command) -> clap::Command {
    let more = |name: &'static str, help: &'static str| {
        move |command: clap::Command| command.mut_arg(name, |flag| flag.help(help))
    };
    let command = TraceFlags::augment_args(command).override_usage(
        "sockeye trace [OPTIONS] [--] COMMAND…\n       sockeye trace [OPTIONS] -p PID",
    );
    let command = more("explain", EXPLAIN)(command);
    let command = more("diagram", DIAGRAM)(command);
    let command = more("quiet", QUIET)(command);
    more("verbose", VERBOSE)(command)
}

const EXPLAIN: &str = "Tell the calls in lines, each reason once, as is done anyhow but with one --with; =all gives the reasons every time";
const DIAGRAM: &str =
    "Draw the calls in columns, with arrows between them, as is done anyhow with one --with";
const QUIET: &str = "No reasons in what is told, and no status lines";
const VERBOSE: &str =
    "Tell also the calls that say nothing by themselves: O_NONBLOCK, EAGAIN, getsockname, dup";

impl TraceFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<TraceArgs, Usage> {
        let traced = match self.pid {
            Some(pid) => Traced::Process(pid),
            None if self.command.is_empty() => return Err(Usage::new(words::TRACE_WHAT)),
            None => Traced::Program(self.command),
        };
        let with = self
            .with
            .iter()
            .map(|line| {
                Ok(command_words(line)?
                    .into_iter()
                    .map(OsString::from)
                    .collect())
            })
            .collect::<Result<_, Usage>>()?;
        Ok(TraceArgs {
            traced,
            with,
            output: self.output,
            check: self.check,
            json: self.json,
            lines: self.lines,
            read_write: !self.no_rw,
            syscalls: self.syscalls,
            view: self.view,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn trace(line: &str) -> Result<TraceArgs, String> {
        match meant(line)? {
            Asked::Trace(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    fn program(args: &TraceArgs) -> String {
        match &args.traced {
            Traced::Program(words) => words.join(" ".as_ref()).into_string().unwrap(),
            Traced::Process(pid) => panic!("{pid}"),
        }
    }

    #[test]
    fn flags_behind_the_program_are_the_programs() {
        for line in [
            "trace --check nc -l -k --json 5000",
            "trace --check -- nc -l -k --json 5000",
        ] {
            let args = trace(line).unwrap();
            assert_eq!(program(&args), "nc -l -k --json 5000");
            assert!(args.check && !args.json, "{line}");
        }
        let args = trace("trace --lang es -- python3 -v --lang en").unwrap();
        assert_eq!(program(&args), "python3 -v --lang en");
        assert_eq!(
            args.view.look.lang,
            Some(sockeye_view::catalogue::Language::Spanish)
        );
    }

    #[test]
    fn every_flag_is_on_its_page() {
        let page = include_str!("../../../../docs/trace.md");
        let command = flags(clap::Command::new("trace"));
        let own = command
            .get_arguments()
            .filter(|flag| flag.get_help_heading().is_none());
        for flag in own {
            let short = flag.get_short().map(|letter| format!("| `-{letter}"));
            let long = flag.get_long().map(|long| format!("| `--{long}"));
            let rows = [short, long].into_iter().flatten();
            let is_there = rows.clone().any(|row| page.contains(&row));
            assert!(is_there || rows.count() == 0, "{flag:?}");
        }
    }

    #[test]
    fn a_flag_that_is_mistyped_is_no_program() {
        let error = trace("trace --sycalls true").unwrap_err();
        assert!(error.contains("--syscalls"), "{error}");
        assert_eq!(program(&trace("trace -- --sycalls").unwrap()), "--sycalls");
    }

    #[test]
    fn a_process_or_a_program_but_not_both_and_not_neither() {
        let args = trace("trace -p 12 --lines").unwrap();
        assert_eq!(args.traced, Traced::Process(12));
        assert!(args.lines && args.read_write);
        assert!(trace("trace -p 12 -- true").is_err());
        assert!(trace("trace -p 0").is_err());
        assert!(
            trace("trace --check")
                .unwrap_err()
                .contains("sockeye trace")
        );
    }

    #[test]
    fn programs_beside_it_are_split_as_exec_splits() {
        let words = [
            "sockeye",
            "trace",
            "--with",
            "python3 'my client.py'",
            "--with=nc -N localhost 5000",
            "--no-rw",
            "server",
        ];
        let parsed = crate::cli::parse(words.iter().map(OsString::from).collect()).unwrap();
        let Asked::Trace(args) = parsed else {
            panic!("{parsed:?}")
        };
        assert_eq!(args.with[0], ["python3", "my client.py"]);
        assert_eq!(args.with[1], ["nc", "-N", "localhost", "5000"]);
        assert!(!args.read_write);
    }

    #[test]
    fn json_stands_instead_of_the_views_that_tell() {
        assert!(trace("trace --json --diagram true").is_err());
        assert!(trace("trace --json --record x true").is_ok());
    }
}
