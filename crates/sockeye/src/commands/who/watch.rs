//! `who --watch`: the answer again every second, on a screen of its own, until q, Ctrl-C or a signal to stop.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sockeye_net::Signals;

use super::names::Names;
use super::screen::Screen;
use super::{Answer, failed, sheet, words};
use crate::cli::WhoArgs;
use crate::commands::runtime;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::stdio;
use crate::views::Look;

/// Draws until it is told to stop.
pub(super) fn run(args: &WhoArgs, look: Look) -> Result<ExitCode, Failure> {
    let language = look.language;
    let failure = |error: io::Error| Failure::new(ExitCode::Failure, io_text(&error, language));
    let runtime = runtime(language)?;
    let _entered = runtime.enter();
    // Before the terminal is taken: it is put back first.
    let signals = Signals::with_hangup().map_err(failure)?;
    let Some(screen) = Screen::open().map_err(failure)? else {
        let line = words::NO_TERMINAL.say(language);
        return Err(Failure::new(ExitCode::Usage, line));
    };
    loop {
        let next = Instant::now() + PERIOD;
        let (columns, rows) = screen.size();
        let text = frame(args, look, columns, rows)?;
        if let Err(error) = screen.draw(&text) {
            return stdio::written(&error, language);
        }
        if stopped(&screen, &signals, next).map_err(failure)? {
            return Ok(ExitCode::Clean);
        }
    }
}

/// Waits until `next`; whether a key or a signal has ended it before.
fn stopped(screen: &Screen, signals: &Signals, next: Instant) -> io::Result<bool> {
    loop {
        let left = next.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let stdin = io::stdin();
        let mut ends = [
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
        ];
        match poll(&mut ends, Some(&left)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [signal, keys] = ends.map(|end| end.revents());
        if !signal.is_empty() || keys.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(true);
        }
        if keys.contains(PollFlags::IN) {
            let keys = screen.keys();
            if keys.iter().any(|key| [b'q', b'Q', CTRL_C].contains(key)) {
                return Ok(true);
            }
            if keys.contains(&CTRL_Z) {
                screen.pause()?;
                // What is on it is old, or gone.
                return Ok(false);
            }
        }
    }
}

/// The whole screen: what is watched, the table as far as there is room, what there is to know.
fn frame(args: &WhoArgs, look: Look, columns: usize, rows: usize) -> Result<String, Failure> {
    let language = look.language;
    let answer = Answer::to(&args.asked).map_err(|error| failed(&error, language))?;
    let look = Look {
        width: columns,
        ..look
    };
    let mut table = Vec::new();
    answer
        .write(&mut table, &Names::new(language), look, Some(columns))
        .map_err(|error| failed(&error, language))?;
    let table = String::from_utf8_lossy(&table);
    let line = typed();
    let title = words::WATCHING.fill(language, &[("line", &line)]);
    let notes: Vec<String> = answer
        .missing(language)
        .into_iter()
        .chain(answer.notes(look, true))
        .map(|note| sheet::cut(&note, columns))
        .collect();
    Ok(fitted(&sheet::cut(&title, columns), &table, &notes, rows))
}

/// Title, table and notes in `rows` lines; of a table that is too long the last line says how much more there is.
fn fitted(title: &str, table: &str, notes: &[String], rows: usize) -> String {
    let notes = &notes[..notes.len().min(rows / 3)];
    let room = rows.saturating_sub(1 + notes.len()).max(1);
    let lines: Vec<&str> = table.lines().collect();
    let mut shown = vec![title.to_owned()];
    if lines.len() <= room {
        shown.extend(lines.iter().map(|line| (*line).to_owned()));
    } else {
        let left_out = lines.len() - (room - 1);
        shown.extend(lines[..room - 1].iter().map(|line| (*line).to_owned()));
        shown.push(format!("… +{left_out}"));
    }
    shown.extend(notes.iter().cloned());
    shown.join("\n")
}

/// The command line, as it was typed.
fn typed() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words = std::iter::once("sockeye").chain(words.iter().map(String::as_str));
    crate::cli::quote::line(words)
}

const PERIOD: Duration = Duration::from_secs(1);
/// What the key sends while it makes no signal.
const CTRL_C: u8 = 3;
const CTRL_Z: u8 = 26;

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn what_has_no_room_is_counted() {
        let table = (1..=9).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(fitted("t", &table, &[], 10).lines().count(), 10);
        let cut = fitted("t", &table, &["n".to_owned()], 6);
        assert_eq!(cut, "t\n1\n2\n3\n… +6\nn");
        assert_eq!(fitted("t", &table, &[], 1), "t\n… +9");
    }
}
