//! The commands: one file each, which gets only arguments that can be meant, and a session where it opens sockets.

use sockeye_model::Sink;
use sockeye_view::catalogue::Language;
use tokio::runtime::{Builder, Runtime};

use crate::cli::Command;
use crate::cli::view::ViewArgs;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::stdio;

mod connect;
mod conversation;
mod demo;
mod explain;
mod generate;
mod input;
mod listen;
mod listen_many;
mod messages_on_stdio;
mod output;
mod ping;
mod ports;
mod programs;
mod ready;
mod relay;
mod resolve;
mod schemes;
mod serve;
mod show;
mod trace;
mod wait;
mod who;

/// How a command came out: an exit code, or a failure to be said as the last line.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Runs the command to its end.
pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Print(text) => stdio::print(&text),
        Command::Schemes => schemes::run(),
        Command::Generate(args) => generate::run(&args),
        Command::Ports(args) => ports::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Who(args) => who::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Connect(args) => {
            in_diagnosed_session(&args.view, |session| connect::run(&args, session))
        }
        Command::Wait(args) => in_session(&args.view, |session| wait::run(&args, session)),
        Command::Ping(args) => in_session(&args.view, |session| ping::run(&args, session)),
        Command::Resolve(args) => in_session(&args.view, |session| resolve::run(&args, session)),
        Command::Listen(args) => {
            in_diagnosed_session(&args.view, |session| listen::run(&args, session))
        }
        Command::Serve(args) if args.print_zones => serve::dns::print_zones(),
        Command::Serve(args) => {
            let feed = serve::feed(&args);
            let beside = feed.as_ref().map(serve::Feed::sink);
            in_session_with(&args.view, beside, false, |session| {
                serve::run(&args, feed, session)
            })
        }
        Command::Trace(args) => trace::run(&args),
        Command::Relay(args) => {
            in_diagnosed_session(&args.view, |session| relay::run(&args, session))
        }
    }
}

/// Starts the views, then the command.
fn in_session(view: &ViewArgs, command: impl FnOnce(Session) -> ExitCode) -> ExitCode {
    in_session_with(view, None, false, command)
}

/// The same; the views tell what is wrong as well, where the user can correct it.
fn in_diagnosed_session(view: &ViewArgs, command: impl FnOnce(Session) -> ExitCode) -> ExitCode {
    in_session_with(view, None, true, command)
}

/// The same; `beside` is told what the views are told.
fn in_session_with(
    view: &ViewArgs,
    beside: Option<Box<dyn Sink>>,
    rules: bool,
    command: impl FnOnce(Session) -> ExitCode,
) -> ExitCode {
    match Session::start(view, beside, rules) {
        Ok(session) => command(session),
        Err(failure) => {
            failure.say();
            failure.exit
        }
    }
}

/// The event loop: one thread, this one.
fn runtime(language: Language) -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Failure, io_text(&error, language)))
}
