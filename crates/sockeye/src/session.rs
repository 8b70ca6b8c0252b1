//! A session: from the view flags to running views, and from the end of the work to the exit code.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sockeye_model::{Sink, Tally};
use sockeye_net::tls::KeyLogFailed;
use sockeye_tap::{Policy, Tap, ViewFailed, Viewer};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;
use sockeye_view::{Columns, Header, Record};

use crate::cli::TraceArgs;
use crate::cli::quote;
use crate::cli::view::ViewArgs;
use crate::diagnosis::Diagnosed;
use crate::exit::ExitCode;
use crate::limits::VIEW_PATIENCE;
use crate::report::{Failure, io_text};
use crate::views::{self, Look};
use crate::{stdio, words};

/// What every command that opens sockets works in.
pub(crate) struct Session {
    /// Where calls on sockets are told.
    pub(crate) tap: Tap,
    /// How things are said.
    pub(crate) look: Look,
    viewer: Viewer,
    outputs: Vec<Output>,
    policy: Policy,
    narrates: bool,
    began: Instant,
}

/// Where a sink writes to, in the order of the sinks.
enum Output {
    Stderr,
    Stdout,
    Recording(PathBuf),
    File(PathBuf),
}

/// How a page comes by what is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Findings {
    /// It is told among the events.
    Told,
    /// The rules are asked about the events.
    Found,
    /// Nobody looks.
    None,
}

/// The sinks, and where each writes to.
struct Shown {
    sinks: Vec<Box<dyn Sink>>,
    outputs: Vec<Output>,
}

impl Shown {
    /// The recording and the page, if they are to be made.
    fn written(view: &ViewArgs, look: Look, findings: Findings) -> Result<Self, Failure> {
        let mut shown = Self {
            sinks: Vec::new(),
            outputs: Vec::new(),
        };
        if let Some(path) = &view.record {
            let file = created(path, words::RECORDING_OPEN, look.language)?;
            shown.push(
                Box::new(Record::new(file, &header())),
                Output::Recording(path.clone()),
            );
        }
        if let Some(path) = &view.html {
            let file = created(path, words::PAGE_OPEN, look.language)?;
            let title = command_line(&header().command);
            let page = look.html(file, title, findings != Findings::None);
            let page = match findings {
                Findings::Found => Box::new(Diagnosed::new(page)),
                Findings::Told | Findings::None => page,
            };
            shown.push(page, Output::File(path.clone()));
        }
        Ok(shown)
    }

    fn push(&mut self, sink: Box<dyn Sink>, output: Output) {
        self.sinks.push(sink);
        self.outputs.push(output);
    }
}

impl Session {
    /// Opens the recording, starts the views.
    ///
    /// What is `beside` them is told what they are told, and ticks often. With `rules`, what is wrong is told at its place.
    pub(crate) fn start(
        view: &ViewArgs,
        beside: Option<Box<dyn Sink>>,
        rules: bool,
    ) -> Result<Self, Failure> {
        let look = Look::on(&io::stderr(), &view.look);
        let mut shown = Shown::written(
            view,
            look,
            if rules {
                Findings::Found
            } else {
                Findings::None
            },
        )?;
        let diagnosed = |view: Box<dyn Sink>| match rules {
            true => Box::new(Diagnosed::new(view)) as Box<dyn Sink>,
            false => view,
        };
        if view.diagram {
            // Its reasons stand beside the arrows already.
            let diagram = look.diagram(views::stderr(), view.explain, Columns::Auto);
            shown.push(diagnosed(diagram), Output::Stderr);
        } else if view.explain.is_some() {
            let narration = look.explain(views::stderr(), view.explain, true, rules);
            shown.push(diagnosed(narration), Output::Stderr);
        }
        if view.hex {
            shown.push(look.hex(views::stderr(), true), Output::Stderr);
        }
        let loses_nothing = view.record.is_some() || view.html.is_some() || view.hex;
        let policy = if loses_nothing {
            Policy::Lossless
        } else {
            Policy::Lossy
        };
        let narrates = view.explain.is_some() || view.diagram;
        let tick = match &beside {
            Some(_) => Some(PAGE_TICK),
            None => look.terminal.then_some(TICK),
        };
        shown.sinks.extend(beside);
        Self::running(shown, look, policy, tick, narrates)
    }

    /// The same for a command that answers with a picture: on stdout, of both ends, and in another view if one was asked
    /// for. `beside` is told what the picture is told.
    pub(crate) fn of_picture(view: &ViewArgs, beside: Box<dyn Sink>) -> Result<Self, Failure> {
        let look = Look::on(&io::stdout(), &view.look);
        let mut shown = Shown::written(view, look, Findings::None)?;
        if view.hex {
            shown.push(look.hex(views::stdout(), false), Output::Stdout);
        } else if view.explain.is_some() && !view.diagram {
            let narration = look.explain(views::stdout(), view.explain, false, false);
            shown.push(narration, Output::Stdout);
        } else {
            let diagram = look.diagram(views::stdout(), view.explain, Columns::Two);
            shown.push(diagram, Output::Stdout);
        }
        shown.sinks.push(beside);
        let tick = look.terminal.then_some(LIVELY_TICK);
        Self::running(shown, look, Policy::Lossless, tick, true)
    }

    /// The same for a command that tells of other programs' sockets, and tells by itself: on stderr or in `output`. Two
    /// programs have a column each.
    pub(crate) fn of_trace(args: &TraceArgs, output: Option<File>) -> Result<Self, Failure> {
        let view = &args.view;
        let look = match &output {
            Some(file) => Look::on(file, &view.look),
            None => Look::on(&io::stderr(), &view.look),
        };
        let mut shown = Shown::written(view, look, Findings::Told)?;
        let cannot =
            |error: &io::Error| Failure::new(ExitCode::CannotStart, io_text(error, look.language));
        let place = || match &args.output {
            Some(path) => Output::File(path.clone()),
            None => Output::Stderr,
        };
        let writer = || -> Result<Box<dyn io::Write + Send>, Failure> {
            Ok(match &output {
                Some(file) => {
                    let file = file.try_clone().map_err(|error| cannot(&error))?;
                    Box::new(io::BufWriter::new(file))
                }
                None => Box::new(views::stderr()),
            })
        };
        let two_programs = args.with.len() == 1;
        if !args.json {
            // A column has no room for the kernel's calls.
            let in_lines = view.explain.is_some() || view.hex || args.syscalls;
            if view.diagram || (two_programs && !in_lines) {
                let diagram = match args.with.as_slice() {
                    [partner] => {
                        let words: Vec<_> =
                            partner.iter().map(|word| word.to_string_lossy()).collect();
                        look.diagram_of_two(writer()?, view.explain, words.join(" "))
                    }
                    _ => look.diagram(writer()?, view.explain, Columns::Auto),
                };
                shown.push(diagram, place());
            } else if view.explain.is_some() || args.syscalls || !view.hex {
                shown.push(look.explain(writer()?, view.explain, true, true), place());
            }
            if view.hex {
                shown.push(look.hex(writer()?, true), place());
            }
        }
        // A file takes what it is given; a terminal or a pipe may be stopped, and the program is not to stop with it.
        let to_file = output.is_some();
        let loses_nothing = to_file || view.record.is_some() || view.html.is_some() || view.hex;
        let policy = if loses_nothing {
            Policy::Lossless
        } else {
            Policy::Lossy
        };
        let tick = look.terminal.then_some(TICK);
        Self::running(shown, look, policy, tick, !args.json)
    }

    fn running(
        shown: Shown,
        look: Look,
        policy: Policy,
        tick: Option<Duration>,
        narrates: bool,
    ) -> Result<Self, Failure> {
        let (tap, viewer) = sockeye_tap::start(shown.sinks, policy, tick)
            .map_err(|error| Failure::new(ExitCode::Failure, io_text(&error, look.language)))?;
        Ok(Self {
            tap,
            look,
            viewer,
            outputs: shown.outputs,
            policy,
            narrates,
            began: Instant::now(),
        })
    }

    /// A line about what goes well: on a terminal, or with -v; narration says it in its own way.
    pub(crate) fn status(&self, line: &str) {
        if self.look.says_status() && !self.narrates {
            stdio::say(&format!("{}{line}", self.look.margin()));
        }
    }

    /// A line without which the command is of no use, such as the port that the system chose: unless -q.
    pub(crate) fn announce(&self, line: &str) {
        if !self.look.quiet {
            stdio::say(&format!("{}{line}", self.look.margin()));
        }
    }

    /// Shows what is still queued, says what failed as the last line, and gives the exit code.
    ///
    /// `tally` is the command's own count; how long it lasted is known here.
    pub(crate) fn finish(self, tally: Tally, outcome: Result<ExitCode, Failure>) -> ExitCode {
        self.finish_with(tally, || outcome)
    }

    /// The same; `last` runs once everything is shown, and says how the command ended.
    pub(crate) fn finish_with(
        self,
        tally: Tally,
        last: impl FnOnce() -> Result<ExitCode, Failure>,
    ) -> ExitCode {
        let tally = Tally {
            lasted: self.began.elapsed(),
            ..tally
        };
        // A stopped terminal is left behind; a pipe that somebody reads slowly is not.
        let patience =
            (self.look.terminal && self.policy == Policy::Lossy).then_some(VIEW_PATIENCE);
        let shown = self.viewer.finish(tally, patience);
        let language = self.look.language;
        let view = match shown {
            Ok(0) => Ok(()),
            Ok(count) => {
                stdio::say(&words::UNSHOWN.fill(language, &[("count", &count)]));
                Ok(())
            }
            Err(failed) => view_failed(&failed, self.outputs.get(failed.sink), language),
        };
        let view = match KeyLogFailed::take() {
            Some(failed) if view.is_ok() => Err(keylog_failed(&failed, language)),
            _ => view,
        };
        match (last(), view) {
            (Err(failure), view) => {
                if let Err(view) = view {
                    view.say();
                }
                failure.say();
                failure.exit
            }
            (Ok(exit), Err(view)) => {
                view.say();
                if exit == ExitCode::Clean {
                    view.exit
                } else {
                    exit
                }
            }
            (Ok(exit), Ok(())) => exit,
        }
    }
}

fn keylog_failed(failed: &KeyLogFailed, language: Language) -> Failure {
    let path = failed.path.to_string_lossy();
    let line = words::KEYLOG_FAILED.fill(
        language,
        &[
            ("path", &escape_name(&path)),
            ("error", &io_text(&failed.source, language)),
        ],
    );
    Failure::new(ExitCode::OutputFailed, line)
}

fn view_failed(
    failed: &ViewFailed,
    output: Option<&Output>,
    language: Language,
) -> Result<(), Failure> {
    let error = io_text(&failed.source, language);
    let line = match output {
        Some(Output::Recording(path)) => {
            words::RECORDING_FAILED.fill(language, &[("path", &path.display()), ("error", &error)])
        }
        // Whoever read it has left: a quiet end.
        _ if failed.source.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        Some(Output::File(path)) => {
            words::FILE_FAILED.fill(language, &[("path", &path.display()), ("error", &error)])
        }
        Some(Output::Stdout) => words::STDOUT_FAILED.fill(language, &[("error", &error)]),
        _ => words::VIEW_FAILED.fill(language, &[("error", &error)]),
    };
    Err(Failure::new(ExitCode::OutputFailed, line))
}

/// A new recording or page, for its owner's eyes only: it holds what the sockets carried. `cannot` says that it can't be made.
fn created(path: &Path, cannot: Text, language: Language) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(|error| {
        let error = io_text(&error, language);
        let line = cannot.fill(language, &[("path", &path.display()), ("error", &error)]);
        Failure::new(ExitCode::OutputFailed, line)
    })
}

/// The words of a command, without the folder of the program.
pub(crate) fn command_line(words: &[String]) -> String {
    let words = words.iter().enumerate().map(|(index, word)| match index {
        0 => word.rsplit('/').next().unwrap_or(word),
        _ => word.as_str(),
    });
    quote::line(words)
}

fn header() -> Header {
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Header {
        started: u64::try_from(started.as_nanos()).unwrap_or(u64::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
    }
}

/// How often live counters are redrawn.
const TICK: Duration = Duration::from_millis(250);

/// How often a page in a browser is told, while little happens.
const PAGE_TICK: Duration = Duration::from_millis(100);

/// The same for a picture that grows as one looks at it.
const LIVELY_TICK: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::{Kind, SocketId};
    use std::os::unix::fs::PermissionsExt;

    fn recording_to(path: &Path) -> ViewArgs {
        ViewArgs {
            record: Some(path.to_owned()),
            ..ViewArgs::default()
        }
    }

    #[test]
    fn a_recording_is_for_its_owner_only_and_is_whole() {
        let path =
            std::env::temp_dir().join(format!("sockeye-session-{}.ndjson", std::process::id()));
        let session = Session::start(&recording_to(&path), None, false).unwrap();
        session
            .tap
            .emit(SocketId(1), None, None, Kind::Unshown { events: 3 });
        assert_eq!(
            session.finish(Tally::default(), Ok(ExitCode::Clean)),
            ExitCode::Clean
        );
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(mode & 0o777, 0o600);
        let mut replay = sockeye_view::Replay::new(&bytes[..]).unwrap();
        assert_eq!(replay.by_ref().count(), 1);
        assert!(replay.is_whole());
    }

    #[test]
    fn a_recording_that_cannot_be_made_is_code_24() {
        let Err(failure) = Session::start(&recording_to(Path::new("/nonexistent/x")), None, false)
        else {
            panic!("it was made")
        };
        assert_eq!(failure.exit, ExitCode::OutputFailed);
        assert!(
            failure.line.contains("/nonexistent/x") && failure.line.contains("ENOENT"),
            "{}",
            failure.line
        );
    }

    #[test]
    fn a_full_disk_is_code_24_unless_the_work_itself_failed() {
        for (outcome, exit) in [
            (Ok(ExitCode::Clean), ExitCode::OutputFailed),
            (Ok(ExitCode::Reset), ExitCode::Reset),
            (
                Err(Failure::new(ExitCode::Refused, "refused")),
                ExitCode::Refused,
            ),
        ] {
            let session =
                Session::start(&recording_to(Path::new("/dev/full")), None, false).unwrap();
            session
                .tap
                .emit(SocketId(1), None, None, Kind::Unshown { events: 3 });
            assert_eq!(session.finish(Tally::default(), outcome), exit);
        }
    }

    #[test]
    fn with_no_view_the_tap_is_off() {
        let session = Session::start(&ViewArgs::default(), None, true).unwrap();
        assert!(!session.tap.is_on());
        assert_eq!(
            session.finish(Tally::default(), Ok(ExitCode::Clean)),
            ExitCode::Clean
        );
    }
}
