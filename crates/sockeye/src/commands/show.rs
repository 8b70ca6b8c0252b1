//! `show`: a recording rendered in any view, to stdout.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::Path;

use sockeye_model::{Flow, Sink};
use sockeye_view::{Columns, Record, Replay};

use crate::cli::ShowArgs;
use crate::cli::offline::ShowAs;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
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
    let mut sink: Box<dyn Sink> = match args.view {
        ShowAs::Explain => look.explain(out, None, false),
        ShowAs::Hex => look.hex(out, false),
        ShowAs::Json => Box::new(Record::new(out, replay.header())),
        ShowAs::Diagram => look.diagram(out, None, Columns::Auto),
    };
    let mut damaged = 0_u64;
    let mut failed = None;
    for event in replay.by_ref() {
        match event {
            Ok(event) => match sink.event(&event) {
                Ok(Flow::Continue) => {}
                Ok(Flow::Stop) => break,
                Err(error) => return Ok(stdio::output(Err(error))),
            },
            Err(error) if error.reason.is_final() => failed = Some(error),
            Err(error) => {
                damaged += 1;
                stdio::say(&unreadable(&error.say(language)).line);
            }
        }
    }
    let written = sink.finish(&replay.tally()).and_then(|()| sink.flush());
    if written.is_err() {
        return Ok(stdio::output(written));
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
        None => Ok(ExitCode::Clean),
    }
}

/// Bytes read and written at once.
const BUFFER: usize = 64 << 10;
