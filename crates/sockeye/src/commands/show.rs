//! `show`: a recording rendered in any view, to stdout.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::Path;

use sockeye_model::{Event, Flow, Sink, Timestamp};
use sockeye_view::{Columns, Record, Replay};

use crate::cli::ShowArgs;
use crate::cli::offline::ShowAs;
use crate::commands::trace::{json, summary};
use crate::diagnosis::Diagnosis;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::command_line;
use crate::views::Look;
use crate::{stdio, words};

/// Shows the recording.
pub(crate) fn run(args: &ShowArgs) -> ExitCode {
    let look = Look::on(&io::stdout(), &args.look);
    let shown = if args.file == Path::new("-") {
        show(io::stdin().lock(), &"-", args, look)
    } else {
        let name = args.file.display();
        match File::open(&args.file) {
            Ok(file) => show(BufReader::with_capacity(BUFFER, file), &name, args, look),
            Err(error) => {
                let error = io_text(&error, look.language);
                let places: [(&str, &dyn Display); 2] = [("path", &name), ("error", &error)];
                Err(Failure::new(
                    ExitCode::Failure,
                    words::SHOW_OPEN.fill(look.language, &places),
                ))
            }
        }
    };
    match shown {
        Ok(exit) => exit,
        Err(failure) => {
            failure.say();
            failure.exit
        }
    }
}

/// Everything that can be read is shown; then what could not be is said.
fn show(
    input: impl BufRead,
    name: &dyn Display,
    args: &ShowArgs,
    look: Look,
) -> Result<ExitCode, Failure> {
    let unreadable = |error: &dyn Display| {
        let line = words::SHOW_READ.fill(look.language, &[("path", name), ("error", error)]);
        Failure::new(ExitCode::Failure, line)
    };
    let language = look.language;
    let mut replay = Replay::new(input).map_err(|error| unreadable(&error.say(language)))?;
    let out = BufWriter::with_capacity(BUFFER, io::stdout());
    let sink: Box<dyn Sink> = match args.view {
        ShowAs::Explain => look.explain(out, None, false, true),
        ShowAs::Hex => look.hex(out, false),
        ShowAs::Json => Box::new(Record::new(out, replay.header())),
        ShowAs::Diagram => look.diagram(out, None, Columns::Auto),
        ShowAs::Html => look.html(out, command_line(&replay.header().command), true),
        ShowAs::Mermaid => look.mermaid(out),
    };
    let mut sink = match args.json {
        true => None,
        false => Some(sink),
    };
    let draws = matches!(args.view, ShowAs::Html | ShowAs::Mermaid);
    let tells = draws || matches!(args.view, ShowAs::Explain | ShowAs::Diagram);
    let mut diagnosis = (tells || args.check || args.json).then(Diagnosis::default);
    let mut last = Timestamp::START;
    let mut damaged = 0_u64;
    let mut failed = None;
    for event in replay.by_ref() {
        match event {
            Ok(event) => {
                last = last.max(event.at);
                let found = diagnosis.as_mut().map(|rules| rules.event(&event));
                let found = found.filter(|_| tells).into_iter().flatten();
                match told(sink.as_mut(), std::iter::once(event).chain(found)) {
                    Ok(Flow::Continue) => {}
                    Ok(Flow::Stop) => break,
                    Err(error) => return Ok(stdio::output(Err(error))),
                }
            }
            Err(error) if error.reason.is_final() => failed = Some(error),
            Err(error) => {
                damaged += 1;
                stdio::say(&unreadable(&error.say(language)).line);
            }
        }
    }
    let late = diagnosis.as_mut().map(|rules| rules.finish(last));
    let late = late.filter(|_| tells).into_iter().flatten();
    let written = told(sink.as_mut(), late).and_then(|_| match &mut sink {
        Some(sink) => sink.finish(&replay.tally()).and_then(|()| sink.flush()),
        None => Ok(()),
    });
    if written.is_err() {
        return Ok(stdio::output(written));
    }
    let mut exit = ExitCode::Clean;
    if let Some(diagnosis) = &diagnosis {
        let found = diagnosis.found();
        let text = match args.json {
            true => json::document(&found, None, Vec::new(), language),
            false if tells && !draws && (diagnosis.is_traced() || args.check) => {
                summary(diagnosis, look, false)
            }
            false => String::new(),
        };
        exit = stdio::print(&text);
        if exit == ExitCode::Clean && args.check && json::fails(&found) {
            exit = ExitCode::CheckFailed;
        }
    }
    if replay.unknown() > 0 {
        stdio::say(&words::SHOW_UNKNOWN.fill(look.language, &[("count", &replay.unknown())]));
    }
    match failed {
        Some(error) => Err(unreadable(&error.say(language))),
        None if !replay.is_whole() => Err(Failure::new(
            ExitCode::Failure,
            words::SHOW_CUT.fill(look.language, &[("path", name)]),
        )),
        None if damaged > 0 => {
            let line = words::SHOW_DAMAGED.fill(look.language, &[("count", &damaged)]);
            Err(Failure::new(ExitCode::Failure, line))
        }
        None => Ok(exit),
    }
}

/// Tells the view, if there is one.
fn told<'a>(
    sink: Option<&mut Box<dyn Sink>>,
    events: impl Iterator<Item = Event<'a>>,
) -> io::Result<Flow> {
    let Some(sink) = sink else {
        return Ok(Flow::Continue);
    };
    for event in events {
        if sink.event(&event)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::Continue)
}

/// Bytes read and written at once.
const BUFFER: usize = 64 << 10;
