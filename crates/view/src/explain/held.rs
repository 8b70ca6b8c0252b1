//! The last line of narration waits until what is wrong with it is known: a finding stands at the right of the call that showed it.

use std::io::{self, Write};

use sockeye_model::{Event, Finding, SocketId, Timestamp, Weight};

use super::line::{self, Columns, Line, Place};
use super::{Explain, Form, json};
use crate::catalogue;
use crate::layout::Paint;
use crate::telling::{Mark, Told, Way};

/// A line that is laid out and not yet written.
#[derive(Debug)]
pub(super) struct Held {
    /// Of the last event in it.
    at: Timestamp,
    sockets: [SocketId; 2],
    line: Line,
    /// As they were when it was laid out.
    columns: Columns,
}

impl<W: Write> Explain<W> {
    pub(super) fn write(&mut self, told: Told, place: &Place) -> io::Result<()> {
        if self.options.form == Form::Json {
            let line = json::line(told, place, &mut self.said, self.options.language);
            return self.out.write_all(&line);
        }
        let paint = match (told.mark, told.way) {
            (Mark::Failure | Mark::Loss, _) => Paint::Wrong,
            (_, Some(Way::Out)) => Paint::Out,
            (_, Some(Way::In)) => Paint::In,
            _ => Paint::Plain,
        };
        let sign = match (told.mark, told.way) {
            (Mark::Failure, _) => "✗ ",
            (Mark::Loss, _) => "! ",
            (_, Some(Way::Out)) => "→ ",
            (_, Some(Way::In)) => "← ",
            _ => "",
        };
        let fact = match place.beside() {
            Some(place) => format!("{}  ({place})", told.whole_fact()),
            None => told.whole_fact(),
        };
        let reasons = self.said.select(told.reasons);
        let line = Line {
            time: (!told.below).then(|| catalogue::seconds(told.at, self.options.language)),
            line: match told.below {
                true => String::new(),
                false => place.line_of(),
            },
            place: place.text().map(str::to_owned),
            who: place.who.clone().unwrap_or_default(),
            number: self.number(told.socket),
            name: format!("{sign}{}", told.name),
            fact,
            why: reasons
                .into_iter()
                .map(|words| (words, Paint::Dim))
                .collect(),
            paint,
        };
        self.lay(line, place.at.max(told.at), [told.socket, place.socket])
    }

    pub(super) fn number(&self, socket: SocketId) -> String {
        let shown = self.teller.traced || self.teller.sockets.are_several();
        match shown && socket != SocketId::NONE {
            true => socket.to_string(),
            false => String::new(),
        }
    }

    /// Holds a line until what is wrong with it is known, and writes the one before.
    pub(super) fn lay(
        &mut self,
        line: Line,
        at: Timestamp,
        sockets: [SocketId; 2],
    ) -> io::Result<()> {
        self.release()?;
        let columns = self.columns();
        self.held = Some(Held {
            at,
            sockets,
            line,
            columns,
        });
        Ok(())
    }

    /// Writes the line that was held.
    pub(super) fn release(&mut self) -> io::Result<()> {
        match self.held.take() {
            Some(held) => self.write_line(&held.line, held.columns),
            None => Ok(()),
        }
    }

    pub(super) fn write_line(&mut self, line: &Line, columns: Columns) -> io::Result<()> {
        let mut text = self.wiped();
        if !self.headed {
            self.headed = true;
            line::heading(&mut text, columns, &self.options);
        }
        line.write(&mut text, columns, &self.options);
        self.put(&text)
    }

    pub(super) fn columns(&self) -> Columns {
        Columns {
            line: self.line_columns,
            who: self.teller.programs.are_several(),
            traced: self.teller.traced,
        }
    }

    /// A finding stands at the right of the call that showed it, where its reasons stand, or has a line of its own.
    pub(super) fn diagnosed(
        &mut self,
        event: &Event<'_>,
        finding: &Finding,
        told: Told,
    ) -> io::Result<()> {
        self.tell_pending()?;
        self.wrong |= finding.weight > Weight::Hint;
        let place = self.place(event);
        if self.options.form == Form::Json {
            return self.write(told, &place);
        }
        let paint = crate::correct::paint_of(finding.weight);
        if let Some(held) = &mut self.held
            && held.at == event.at
            && held.sockets.contains(&event.socket)
        {
            let elsewhere = finding.place.is_some() && held.line.place.as_deref() != place.text();
            let at = elsewhere.then(|| match place.beside() {
                Some(place) => place,
                None => place.line_of(),
            });
            let words = crate::finding::in_short_at(finding, at, self.options.language);
            let before = held.line.why.iter();
            let at = before.take_while(|(_, paint)| *paint != Paint::Dim).count();
            held.line.why.insert(at, (words, paint));
            return Ok(());
        }
        let line = Line {
            time: Some(catalogue::seconds(event.at, self.options.language)),
            line: place.line_of(),
            place: place.text().map(str::to_owned),
            who: place.who.clone().unwrap_or_default(),
            number: self.number(event.socket),
            name: String::new(),
            fact: place.beside().unwrap_or_default(),
            why: vec![(
                crate::finding::in_short(finding, self.options.language),
                paint,
            )],
            paint: Paint::Plain,
        };
        self.lay(line, event.at, [event.socket; 2])
    }

    /// Where and by whom an event was, as its line shows it.
    pub(super) fn place(&mut self, event: &Event<'_>) -> Place {
        let is_heading = self.teller.programs.is_of_heading(event);
        let place = Place::of(event, is_heading, self.teller.programs.who(event));
        if place.text().is_some() {
            self.line_columns = self.line_columns.max(place.line_columns());
        }
        place
    }

    /// The first program is the heading of all that follows.
    pub(super) fn title(&mut self, pid: u32, command: &str) -> io::Result<()> {
        let command = self.teller.name(command);
        let title = format!("{command}, pid {pid}");
        let mut text = self.wiped();
        line::title(&mut text, &title, &self.options);
        self.put(&text)
    }
}
