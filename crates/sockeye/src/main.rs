//! The tool `sockeye`: reads the command line, runs the command, and ends with the exit code of the contract.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod advice;
mod cli;
mod commands;
mod diagnosis;
mod exit;
mod frame_text;
mod language;
mod limits;
mod printable;
mod report;
mod session;
mod stdio;
mod views;
mod websocket;
mod wording;
mod words;

fn main() -> std::process::ExitCode {
    let exit = match cli::parse(std::env::args_os().collect()) {
        Ok(command) => commands::run(command),
        Err(usage) => {
            let language = language::of_command_line(std::env::args_os());
            let context = usage.context.say(language);
            if !context.is_empty() {
                stdio::say(context);
            }
            stdio::say(&format!("sockeye: {}", usage.problem.say(language)));
            exit::ExitCode::Usage
        }
    };
    exit.into()
}
