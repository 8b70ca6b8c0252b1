//! Our own three descriptors: what is written to them is checked, and nothing about them is changed.
//!
//! - A descriptor 0, 1 or 2 that is closed when the process starts is opened on `/dev/null` by Rust's own start-up,
//!   before `main`, so no socket can take its number. The tests of this crate hold it to that.
//! - SIGPIPE is ignored (Rust's start-up again), so a closed pipe is an error that can be told from others; programs
//!   that we start get the default back.
//! - Descriptors that we inherited are never made non-blocking, and the terminal's settings are never touched:
//!   whoever shares them would find them changed.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};

use sockeye_model::{Address, Target};
use sockeye_net::channel::take_inherited;
use sockeye_view::catalogue::Language;

use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::{language, words};

/// Writes a text to stdout, all of it.
///
/// A reader that has left (`| head`) is a quiet end; anything else that goes wrong is said, and has its exit code.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    output(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
}

/// How the command ends after writing to stdout gave `result`.
pub(crate) fn output(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::Clean,
        Err(error) => written(&error, language::of_environment()).unwrap_or_else(|failure| {
            failure.say();
            failure.exit
        }),
    }
}

/// Leaves stdin to the copy that a conversation has of it: when that is closed, whoever writes to us is told, although we
/// go on receiving. Ours leads to `/dev/null` from now on.
pub(crate) fn leave_stdin() {
    if let Ok(null) = File::open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(null);
    }
}

/// Leaves the descriptors that `address` names to the copies that a conversation has of them, once it is open: while we
/// hold them too, nobody sees their end.
pub(crate) fn leave(address: &Address) {
    match address.target {
        Target::Stdio => {
            leave_stdin();
            leave_stdout();
        }
        Target::Fd(0) => leave_stdin(),
        Target::Fd(1) => leave_stdout(),
        // Stderr is where we tell; and the same one may stand at both ends, where the first has taken it.
        Target::Fd(number) => drop(take_inherited(number)),
        _ => {}
    }
}

/// Leaves stdout to the copy that a conversation has of it: when that is closed, whoever reads our output sees its end,
/// although we go on sending. Ours leads to `/dev/null` from now on.
pub(crate) fn leave_stdout() {
    // Without /dev/null the end of our output comes when we end.
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(null);
    }
}

/// What a failed write to stdout means for the command: a reader that has left ends it quietly.
pub(crate) fn written(error: &io::Error, language: Language) -> Result<ExitCode, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::Clean);
    }
    let error = io_text(error, language);
    let line = words::STDOUT_FAILED.fill(language, &[("error", &error)]);
    Err(Failure::new(ExitCode::OutputFailed, line))
}

/// The same for an end of a relay that is no socket: it is named, unless it is stdout.
pub(crate) fn written_to(
    sink: &Address,
    error: &io::Error,
    language: Language,
) -> Result<ExitCode, Failure> {
    if sink.target == Target::Stdio {
        return written(error, language);
    }
    written(error, language).map_err(|failure| {
        let error = io_text(error, language);
        let places: [(&str, &dyn Display); 2] = [("path", sink), ("error", &error)];
        Failure::new(failure.exit, words::FILE_FAILED.fill(language, &places))
    })
}

/// Writes a line to stderr. If that fails there is nobody left to tell.
pub(crate) fn say(line: &str) {
    let mut whole = String::with_capacity(line.len() + 1);
    whole.push_str(line);
    whole.push('\n');
    // One write a line, so that lines of several processes on one terminal do not mix.
    let _nobody_left = io::stderr().lock().write_all(whole.as_bytes());
}
