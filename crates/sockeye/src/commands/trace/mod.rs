//! `trace`: runs a program, tells what its sockets do, and what is wrong with it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

use sockeye_model::{Tally, Timestamp};
use sockeye_trace::{Ended, Options, StartError, Tracer};
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_name;
use sockeye_view::what_to_correct;

use crate::cli::TraceArgs;
use crate::cli::quote;
use crate::cli::trace::Traced;
use crate::commands::programs;
use crate::diagnosis::Diagnosis;
use crate::exit::ExitCode;
use crate::language;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::views::Look;

pub(crate) mod json;
mod lines;
mod watch;
mod words;

use watch::Watch;

/// Traces to the end of all programs.
pub(crate) fn run(args: &TraceArgs) -> ExitCode {
    let language = args.view.look.lang.unwrap_or_else(language::of_environment);
    let opened = args
        .output
        .as_deref()
        .map(|path| private_file(path, language));
    let started = opened.transpose().and_then(|output| {
        let shown = output.as_ref().map(File::try_clone).transpose();
        let shown = shown
            .map_err(|error| Failure::new(ExitCode::CannotStart, io_text(&error, language)))?;
        Ok((Session::of_trace(args, shown)?, output))
    });
    match started {
        Ok((session, output)) => trace(args, session, output),
        Err(failure) => {
            failure.say();
            failure.exit
        }
    }
}

fn trace(args: &TraceArgs, session: Session, output: Option<File>) -> ExitCode {
    let look = session.look;
    let language = look.language;
    let began = Instant::now();
    // With no view on the tap has no clock.
    let has_clock = session.tap.is_on();
    let tap = session.tap.clone();
    let now = move || match has_clock {
        true => tap.now(),
        false => Timestamp::START + began.elapsed(),
    };
    let mut tracer = Tracer::new(Options {
        lines: args.lines,
        read_write: args.read_write,
        bytes: session.tap.wants_bytes(),
        syscalls: args.syscalls,
    });
    let started = match &args.traced {
        Traced::Program(command) => tracer.start(command).map(drop),
        Traced::Process(pid) => tracer.attach(*pid),
    };
    if let Err(error) = started {
        let failure = match args.traced {
            Traced::Program(_) => start_failure(&error, language),
            Traced::Process(pid) => attach_failure(&error, pid, language),
        };
        return session.finish(Tally::default(), Err(failure));
    }
    let mut watch = Watch::new(&session, &args.with);
    watch.document_alone = args.json && output.is_none();
    let ended = tracer.run(&now, &mut |heard| watch.hear(heard));
    watch.end(now());
    let with = watch.with().to_vec();
    let diagnosis = watch.diagnosis;
    let partner = watch
        .not_started
        .map(|error| start_failure(&error, language).exit);
    session.finish_with(Tally::default(), || {
        let found = diagnosis.found();
        let exit = match &ended {
            Ok(ended) => exit_of(*ended, args.check && json::fails(&found), partner),
            Err(_) => ExitCode::CannotStart,
        };
        let text = if args.json {
            let end = ended.as_ref().ok().map(|ended| match ended {
                Ended::Code(code) => json::End::Code(*code),
                Ended::Signal(signal) => json::End::Signal(*signal),
            });
            json::document(&found, end, with, language)
        } else {
            lines::without(tracer.without_lines(), language) + &summary(&diagnosis, look, true)
        };
        let written = match output {
            Some(mut file) => file.write_all(text.as_bytes()),
            None => {
                let _nobody_left = io::stderr().lock().write_all(text.as_bytes());
                Ok(())
            }
        };
        if let Err(error) = ended {
            let error = io_text(&error, language);
            let line = words::BROKE_OFF.fill(language, &[("error", &error)]);
            return Err(Failure::new(ExitCode::CannotStart, line));
        }
        if let (Err(error), Some(path)) = (written, &args.output) {
            let exit = match exit {
                ExitCode::Clean => ExitCode::OutputFailed,
                other => other,
            };
            return Err(file_failure(
                path,
                &error,
                exit,
                words::OUTPUT_FAILED,
                language,
            ));
        }
        Ok(exit)
    })
}

/// The findings and the totals, as the last lines.
pub(crate) fn summary(diagnosis: &Diagnosis, look: Look, beside_data: bool) -> String {
    let totals = diagnosis.sums().phrases(look.language);
    what_to_correct(&diagnosis.found(), &totals, &look.correct(beside_data))
}

/// The program's own code, unless a check of it failed or a program beside it could not be started.
fn exit_of(ended: Ended, fails: bool, partner: Option<ExitCode>) -> ExitCode {
    match ended {
        Ended::Code(0) if partner.is_some() => partner.unwrap_or(ExitCode::CannotStart),
        Ended::Code(0) if fails => ExitCode::CheckFailed,
        Ended::Code(0) => ExitCode::Clean,
        Ended::Code(code) => ExitCode::Program(u8::try_from(code & 0xff).unwrap_or(1)),
        Ended::Signal(signal) => ExitCode::Signal(u8::try_from(signal).unwrap_or(127)),
    }
}

/// Why a program was not started: 127, 126 or 125, as a shell has it.
fn start_failure(error: &StartError, language: Language) -> Failure {
    match error {
        StartError::NotFound(program) => {
            let missing = io::Error::from_raw_os_error(sockeye_model::Errno::ENOENT.0);
            programs::could_not_run(
                &missing,
                &command_line(std::slice::from_ref(program)),
                language,
            )
        }
        StartError::NotExecutable(program, error) => programs::could_not_run(
            error,
            &command_line(std::slice::from_ref(program)),
            language,
        ),
        StartError::Forbidden(error) => {
            let ways = words::WAY_CONTAINER.say(language).to_owned();
            forbidden(words::A_PROGRAM.say(language), error, &ways, language)
        }
    }
}

fn attach_failure(error: &StartError, pid: u32, language: Language) -> Failure {
    let gone =
        |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error());
    match error {
        StartError::NotFound(_) => no_process(pid, language),
        StartError::NotExecutable(_, error) | StartError::Forbidden(error) if gone(error) => {
            no_process(pid, language)
        }
        StartError::NotExecutable(_, error) | StartError::Forbidden(error) => {
            if let Some(tracer) = tracer_of(pid) {
                let places: [(&str, &dyn std::fmt::Display); 3] = [
                    ("pid", &pid),
                    ("name", &escape_name(&tracer.name)),
                    ("tracer", &tracer.pid),
                ];
                let line = words::TRACED_ALREADY.fill(language, &places);
                return Failure::new(ExitCode::CannotStart, line);
            }
            let own = rustix::process::geteuid().as_raw();
            if let Some(owner) = owner_of(pid).filter(|owner| *owner != own) {
                let owner = sockeye_local::user_name(owner).unwrap_or_else(|| owner.to_string());
                let way = words::WAY_BECOME.fill(language, &[("owner", &escape_name(&owner))]);
                return forbidden(&format!("pid {pid}"), error, &way, language);
            }
            let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
            let way = match scope.as_deref().map(str::trim) {
                Ok("1") => Some(words::WAY_SCOPE_START),
                Ok("2") => Some(words::WAY_SCOPE_ROOT),
                Ok("3") => Some(words::WAY_SCOPE_NEVER),
                _ => None,
            };
            let mut ways = vec![words::WAY_OWNER.say(language).to_owned()];
            if let (Some(way), Ok(scope)) = (way, &scope) {
                let places: [(&str, &dyn std::fmt::Display); 2] =
                    [("scope", &scope.trim()), ("way", &way.say(language))];
                ways.insert(0, words::WAY_SCOPE.fill(language, &places));
            }
            ways.push(words::WAY_CONTAINER.say(language).to_owned());
            forbidden(&format!("pid {pid}"), error, &ways.join("; "), language)
        }
    }
}

/// A line of what the kernel tells of a process: proc_pid_status(5).
fn status_of(pid: u32, line: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let found = status.lines().find_map(|one| one.strip_prefix(line))?;
    Some(found.trim().to_owned())
}

/// Who traces the process already.
fn tracer_of(pid: u32) -> Option<sockeye_local::Process> {
    let tracer = status_of(pid, "TracerPid:")?.parse().ok()?;
    sockeye_local::process(tracer)
}

/// The user the process acts as.
fn owner_of(pid: u32) -> Option<u32> {
    let ids = status_of(pid, "Uid:")?;
    ids.split_whitespace().nth(1)?.parse().ok()
}

fn no_process(pid: u32, language: Language) -> Failure {
    let line = words::NO_PROCESS.fill(language, &[("pid", &pid)]);
    Failure::new(ExitCode::CannotStart, line)
}

fn forbidden(what: &str, error: &io::Error, ways: &str, language: Language) -> Failure {
    let line = words::FORBIDDEN.fill(
        language,
        &[
            ("what", &what),
            ("error", &io_text(error, language)),
            ("ways", &ways),
        ],
    );
    Failure::new(ExitCode::CannotStart, line)
}

/// The words of a command as a shell would take them.
fn command_line(command: &[OsString]) -> String {
    let words: Vec<String> = command
        .iter()
        .map(|word| escape_name(&word.to_string_lossy()).into_owned())
        .collect();
    quote::line(words.iter().map(String::as_str))
}

/// A new file, for its owner's eyes only: it holds what the sockets carried.
fn private_file(path: &Path, language: Language) -> Result<File, Failure> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| {
            file_failure(
                path,
                &error,
                ExitCode::OutputFailed,
                words::OUTPUT_OPEN,
                language,
            )
        })
}

fn file_failure(
    path: &Path,
    error: &io::Error,
    exit: ExitCode,
    text: sockeye_view::catalogue::Text,
    language: Language,
) -> Failure {
    let path = path.to_string_lossy();
    let places: [(&str, &dyn std::fmt::Display); 2] = [
        ("path", &escape_name(&path)),
        ("error", &io_text(error, language)),
    ];
    Failure::new(exit, text.fill(language, &places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_code_is_ours_unless_a_check_of_it_failed() {
        for (ended, fails, code) in [
            (Ended::Code(0), false, 0),
            (Ended::Code(0), true, 23),
            (Ended::Code(3), true, 3),
            (Ended::Signal(9), true, 137),
            (Ended::Signal(2), false, 130),
        ] {
            assert_eq!(
                exit_of(ended, fails, None).code(),
                code,
                "{ended:?} {fails}"
            );
        }
        let missing = Some(ExitCode::CommandNotFound);
        assert_eq!(exit_of(Ended::Code(0), false, missing).code(), 127);
        assert_eq!(exit_of(Ended::Code(4), false, missing).code(), 4);
    }

    #[test]
    fn what_cannot_be_started_has_the_codes_of_a_shell() {
        let not_found = StartError::NotFound("nope".into());
        let denied = io::Error::from_raw_os_error(sockeye_model::Errno::EACCES.0);
        let not_executable = StartError::NotExecutable("/etc/passwd".into(), denied);
        let forbidden = io::Error::from_raw_os_error(sockeye_model::Errno::EPERM.0);
        for (error, code, words) in [
            (not_found, 127, "nope"),
            (not_executable, 126, "EACCES"),
            (StartError::Forbidden(forbidden), 125, "SYS_PTRACE"),
        ] {
            let failure = start_failure(&error, Language::English);
            assert_eq!(failure.exit.code(), code);
            assert!(failure.line.contains(words), "{}", failure.line);
        }
    }
}
