//! The commands: one file each, which gets only arguments that can be meant.

use crate::cli::Command;
use crate::exit::ExitCode;
use crate::stdio;

mod generate;
mod schemes;
mod show;

/// Runs the command to its end.
pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Print(text) => stdio::print(&text),
        Command::Schemes => schemes::run(),
        Command::Show(args) => show::run(&args),
        Command::Generate(args) => generate::run(&args),
        _ => {
            stdio::say("sockeye: not in this build");
            ExitCode::Failure
        }
    }
}
