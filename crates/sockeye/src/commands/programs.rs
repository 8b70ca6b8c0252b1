//! Programs that a command runs: why one was not started, how one ended.

use std::fmt::Display;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use sockeye_model::{Call, Errno};
use sockeye_net::exec::Child;
use sockeye_view::catalogue::Language;

use crate::cli::{connect as cli, quote};
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::words;

/// A program that could not be started: 127, 126 or 125, as a shell has it.
pub(crate) fn not_started(
    error: &sockeye_net::Error,
    command: &[String],
    language: Language,
) -> Failure {
    could_not_run(&error.source, &line(command), language)
}

/// The same for a program that was to take our place.
pub(crate) fn could_not_run(error: &std::io::Error, command: &str, language: Language) -> Failure {
    let exit = ExitCode::of_call(Call::Exec, Errno::from(error));
    let places: [(&str, &dyn Display); 2] =
        [("command", &command), ("error", &io_text(error, language))];
    Failure::new(exit, words::COMMAND_FAILED.fill(language, &places))
}

/// How a program ended, in words.
pub(crate) fn ended(command: &[String], status: ExitStatus, language: Language) -> String {
    let command = line(command);
    match (status.code(), status.signal()) {
        (Some(code), _) => {
            words::PROGRAM_EXITED.fill(language, &[("command", &command), ("code", &code)])
        }
        (None, signal) => {
            let signal = signal.unwrap_or(0);
            words::PROGRAM_KILLED.fill(language, &[("command", &command), ("signal", &signal)])
        }
    }
}

/// Waits for the end of a program whose conversation is over. Its code is the command's where that was asked for;
/// otherwise a failure is said in words.
pub(super) async fn reap(
    child: &mut Child,
    command: &cli::Command,
    session: &Session,
) -> Result<Option<ExitCode>, Failure> {
    let language = session.look.language;
    let status = child
        .wait()
        .await
        .map_err(|error| Failure::new(ExitCode::Failure, io_text(&error, language)))?;
    if command.status {
        return Ok(Some(ExitCode::of_program(status)));
    }
    if !status.success() {
        session.announce(&ended(&command.words, status, language));
    }
    Ok(None)
}

fn line(command: &[String]) -> String {
    quote::line(command.iter().map(String::as_str))
}
