//! The kernel's own calls, each below the line of the call that it is behind; a wait for descriptors above the call it led to.

use std::collections::HashMap;
use std::io::{self, Write};

use sockeye_model::escape::escape_line_ascii;
use sockeye_model::{Call, Caller, Event, Kind, Syscall, Timestamp};

use super::line::{self, Line};
use super::{Explain, Form};
use crate::catalogue::{self, narration};
use crate::escape::escape_name;
use crate::layout::{Paint, glued};

/// What is remembered to put a call of the kernel below the line it belongs to.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    /// Whose call had the last line, and when it was over: its call of the kernel has the same.
    told: Option<(Caller, Timestamp)>,
    /// The last wait of each thread, until a call that has a line follows it.
    waits: HashMap<Caller, String>,
    /// The last wait that nothing came of.
    in_vain: Option<String>,
}

/// Threads whose waits are remembered.
const THREADS: usize = 1_024;

impl Kernel {
    /// This event has a line.
    pub(super) fn told(&mut self, event: &Event<'_>) {
        if !matches!(event.kind, Kind::Sampled { .. } | Kind::Diagnosed(_)) {
            self.told = event.by.map(|by| (by, event.at));
        }
    }
}

impl<W: Write> Explain<W> {
    /// A call of the kernel is told where the call that it is behind was.
    pub(super) fn syscall(&mut self, event: &Event<'_>, syscall: &Syscall) -> io::Result<()> {
        let Some(by) = event.by.filter(|_| self.options.form == Form::Columns) else {
            return Ok(());
        };
        let words = self.words(syscall);
        if syscall.waits_for_descriptors() {
            return self.waited(event, by, syscall, words);
        }
        let wait = self.kernel.waits.remove(&by);
        if self.kernel.told != Some((by, event.at)) {
            return Ok(());
        }
        self.tell_pending()?;
        self.release()?;
        let columns = self.columns();
        let mut text = self.wiped();
        for words in wait.iter().chain([&words]) {
            line::beneath(&mut text, words, columns, &self.options);
        }
        self.kernel.in_vain = None;
        self.put(&text)
    }

    /// A wait stands with the call that it led to. One whose time ran out, or that a signal ended, led to none; that an event
    /// loop's time ran out is of no interest.
    fn waited(
        &mut self,
        event: &Event<'_>,
        by: Caller,
        syscall: &Syscall,
        words: String,
    ) -> io::Result<()> {
        let language = self.options.language;
        self.kernel.waits.remove(&by);
        let fact = match syscall.result {
            Ok(0) if syscall.name.starts_with("epoll") => return Ok(()),
            Ok(0) => {
                let waited = catalogue::duration(event.took.unwrap_or_default(), language);
                self.teller.fill(narration::TIMED_OUT, &[("time", &waited)])
            }
            Ok(_) => {
                if self.kernel.waits.len() >= THREADS {
                    self.kernel.waits.clear();
                }
                self.kernel.waits.insert(by, words);
                return Ok(());
            }
            Err(errno) => catalogue::errno_text(errno, language),
        };
        if self.kernel.in_vain.as_ref() == Some(&words) {
            return Ok(());
        }
        self.tell_pending()?;
        let place = self.place(event);
        let name = match &*syscall.name {
            "poll" | "ppoll" => Call::Poll.name(),
            "select" | "pselect6" => Call::Select.name(),
            _ => Call::EpollWait.name(),
        };
        let line = Line {
            time: Some(catalogue::seconds(event.at, self.options.language)),
            line: place.line_of(),
            place: place.text().map(str::to_owned),
            who: place.who.clone().unwrap_or_default(),
            number: self.number(event.socket),
            name: name.to_owned(),
            fact,
            why: Vec::new(),
            paint: Paint::Plain,
        };
        self.lay(line, event.at, [event.socket; 2])?;
        self.release()?;
        let mut text = String::new();
        line::beneath(&mut text, &words, self.columns(), &self.options);
        self.kernel.in_vain = Some(words);
        self.put(&text)
    }

    /// The call, and its number behind it.
    fn words(&self, syscall: &Syscall) -> String {
        let text = syscall.to_string();
        let safe = escape_name(&text);
        // What it returned is not parted from its number.
        let (call, returned) = safe.rsplit_once(" = ").unwrap_or((&safe, ""));
        let end = glued(&format!("= {returned}   [{}]", syscall.number));
        if !self.options.ascii || safe.is_ascii() {
            return format!("{call} {end}");
        }
        let mut ascii = String::new();
        for character in call.chars() {
            match character.is_ascii() {
                true => ascii.push(character),
                false => {
                    ascii.push_str(&escape_line_ascii(
                        character.encode_utf8(&mut [0; 4]).as_bytes(),
                    ));
                }
            }
        }
        format!("{ascii} {end}")
    }
}
