//! How a line of narration is laid out: time, number, call, fact, reasons at the right or below.

use sockeye_model::{Event, SocketId, Timestamp};

use super::ExplainOptions;
use crate::catalogue::narration;
use crate::escape::columns;
use crate::layout::{Paint, pad, phrases_in_lines, shorten, wrap};
use crate::telling::{Told, WHO};

const TIME: usize = 6;
const NUMBER: usize = 4;
const NAME: usize = 11;
const FACT: usize = 36;
/// Columns that reasons need at least to stand at the right.
const WHY_LEAST: usize = 34;
/// Of a traced program: the line that made the call, `:123`, and a space.
const LINE: usize = 5;
/// Of a traced program: a call's name may have how much it asked for behind it.
const TRACED_NAME: usize = 13;

/// Columns that the further rows of one thing stand farther in.
const HANG: usize = 2;

/// Which columns there are beside time, number, call, fact and reason.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns {
    /// Columns for the line of the program; 0 where no lines are known.
    pub(super) line: usize,
    /// The program or process.
    pub(super) who: bool,
    /// It is another program's.
    pub(super) traced: bool,
}

impl Columns {
    const fn who(self) -> usize {
        if self.who { WHO + 1 } else { 0 }
    }

    const fn name(self) -> usize {
        if self.traced { TRACED_NAME } else { NAME }
    }

    /// Where the name of the call begins.
    const fn indent(self) -> usize {
        TIME + 1 + self.line + self.who() + NUMBER
    }

    const fn fact(self) -> usize {
        match self.line {
            0 => FACT,
            line => FACT - 2 - line.saturating_sub(LINE),
        }
    }

    /// Where reasons begin, when they stand at the right.
    const fn why(self) -> usize {
        self.indent() + self.name() + self.fact()
    }
}

/// The line of the program that made a call and who called, where they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    text: Option<String>,
    /// In the program's own file, else 0.
    line: u32,
    /// When the event was.
    pub(super) at: Timestamp,
    /// Whose it was.
    pub(super) socket: SocketId,
    /// The program or process, where there are several.
    pub(super) who: Option<String>,
}

impl Place {
    /// `is_heading`: its file is the one that needs no saying.
    pub(super) fn of(event: &Event<'_>, is_heading: bool, who: Option<String>) -> Self {
        let place = event.place.as_ref();
        Self {
            text: place.map(crate::finding::place_text),
            line: place.filter(|_| is_heading).map_or(0, |place| place.line),
            at: event.at,
            socket: event.socket,
            who,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The line alone, where the file is the one that needs no saying.
    pub(super) fn line_of(&self) -> String {
        match self.line {
            0 => String::new(),
            line => format!(":{line}"),
        }
    }

    /// Columns that its line takes beside the others: from four digits on more than usual.
    pub(super) fn line_columns(&self) -> usize {
        LINE.max(columns(&self.line_of()) + 1)
    }

    /// The place in full, where the line alone would not tell.
    pub(super) fn beside(&self) -> Option<String> {
        match self.line {
            0 => self.text.clone(),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) time: Option<String>,
    /// `:7`.
    pub(super) line: String,
    /// The place in full.
    pub(super) place: Option<String>,
    pub(super) who: String,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) fact: String,
    /// What is wrong, and the reasons.
    pub(super) why: Vec<(String, Paint)>,
    pub(super) paint: Paint,
}

/// The columns there are, without the margin.
fn room(options: &ExplainOptions) -> usize {
    let margin = if options.margin { 2 } else { 0 };
    options.width.max(40) - margin
}

fn margin(text: &mut String, options: &ExplainOptions) {
    if options.margin {
        Paint::Dim.put(text, "┊", options.colour);
        text.push(' ');
    }
}

fn reasons_at_right(columns: Columns, options: &ExplainOptions) -> bool {
    room(options) >= columns.why() + WHY_LEAST
}

/// What belongs to the line above, below the name of its call.
pub(super) fn beneath(text: &mut String, words: &str, layout: Columns, options: &ExplainOptions) {
    let width = room(options) - layout.indent() - HANG;
    for (row, part) in wrap(words, width).iter().enumerate() {
        margin(text, options);
        let hang = if row == 0 { 0 } else { HANG };
        pad(text, "", layout.indent() + hang);
        Paint::Dim.put(text, part, options.colour);
        end(text);
    }
}

/// The program that is traced.
pub(super) fn title(text: &mut String, title: &str, options: &ExplainOptions) {
    margin(text, options);
    text.push(' ');
    let title = shorten(title, room(options) - 1);
    Paint::Joint.put(text, &title, options.colour);
    text.push('\n');
}

pub(super) fn heading(text: &mut String, columns: Columns, options: &ExplainOptions) {
    let mut line = String::new();
    let language = options.language;
    pad(
        &mut line,
        &format!("{:>TIME$}", narration::TIME.say(language)),
        columns.indent(),
    );
    if reasons_at_right(columns, options) {
        pad(
            &mut line,
            narration::WHAT.say(language),
            columns.name() + columns.fact(),
        );
        line.push_str(narration::WHY.say(language));
    } else {
        line.push_str(narration::WHAT.say(language));
    }
    margin(text, options);
    Paint::Dim.put(text, &line, options.colour);
    text.push('\n');
}

impl Line {
    pub(super) fn write(&self, text: &mut String, layout: Columns, options: &ExplainOptions) {
        let at_right = reasons_at_right(layout, options);
        let fact_room = if at_right {
            layout.fact() - 1
        } else {
            room(options) - layout.indent() - layout.name()
        };
        // A fact may run into the reasons' columns when it has none to leave room for.
        let fact_lines = match at_right && self.why.is_empty() {
            true => wrap(&self.fact, room(options) - layout.indent() - layout.name()),
            false => wrap(&self.fact, fact_room),
        };
        let mut why: Vec<(String, Paint)> = Vec::new();
        if at_right {
            for (words, paint) in &self.why {
                let lines = wrap(words, room(options) - layout.why());
                why.extend(lines.into_iter().map(|line| (line, *paint)));
            }
        }
        let rows = fact_lines.len().max(why.len()).max(1);
        for row in 0..rows {
            margin(text, options);
            self.head(text, row, layout, options);
            let mut name = String::new();
            let shown = if row == 0 { self.name.as_str() } else { "" };
            pad(&mut name, shown, layout.name());
            if columns(shown) >= layout.name() {
                name.push(' ');
            }
            self.paint.put(text, &name, options.colour);
            let fact = fact_lines.get(row).map_or("", String::as_str);
            match why.get(row) {
                Some((words, paint)) => {
                    pad(text, fact, layout.fact());
                    paint.put(text, words, options.colour);
                }
                None => text.push_str(fact),
            }
            end(text);
        }
        if !at_right {
            self.reasons_below(text, layout, options);
        }
    }

    /// What stands before the name: time, line, who and number.
    fn head(&self, text: &mut String, row: usize, layout: Columns, options: &ExplainOptions) {
        let first = |shown: &'_ str| {
            if row == 0 {
                shown.to_owned()
            } else {
                String::new()
            }
        };
        let mut head = String::new();
        match (&self.time, row) {
            (Some(time), 0) => pad(&mut head, &format!("{time:>TIME$} "), TIME + 1),
            _ => pad(&mut head, "", TIME + 1),
        }
        pad(&mut head, &first(&self.line), layout.line);
        pad(&mut head, &first(&self.who), layout.who());
        pad(&mut head, &first(&self.number), NUMBER);
        if row == 0 && columns(&self.number) >= NUMBER {
            head.push(' ');
        }
        Paint::Dim.put(text, &head, options.colour);
    }

    fn reasons_below(&self, text: &mut String, layout: Columns, options: &ExplainOptions) {
        for (words, paint) in &self.why {
            // A finding has a sign of its own.
            let sign = if *paint == Paint::Dim { "· " } else { "" };
            let hang = "  ";
            let width = room(options) - layout.indent() - 2;
            for (row, part) in wrap(words, width).iter().enumerate() {
                margin(text, options);
                pad(text, "", layout.indent());
                let sign = if row == 0 { sign } else { hang };
                paint.put(text, &format!("{sign}{part}"), options.colour);
                end(text);
            }
        }
    }
}

/// Ends a line, with no spaces before the end.
fn end(text: &mut String) {
    let used = text.trim_end_matches(' ').len();
    text.truncate(used);
    text.push('\n');
}

/// The time of a connect after a row of dots: `127.0.0.1:7000 ........ 0.05 ms`.
pub(super) fn with_dots(mut told: Told) -> Told {
    if let Some(time) = told.more.pop() {
        told.fact = format!("{} ........ {time}", told.fact);
    }
    told
}

/// The last lines: a mark and the phrases, as many in a row as fit.
pub(super) fn summary(text: &mut String, well: bool, phrases: &[String], options: &ExplainOptions) {
    let (sign, paint) = if well {
        ("✓", Paint::Well)
    } else {
        ("✗", Paint::Wrong)
    };
    let lines = phrases_in_lines(phrases, room(options) - 3);
    for (index, line) in lines.iter().enumerate() {
        margin(text, options);
        text.push(' ');
        paint.put(text, if index == 0 { sign } else { " " }, options.colour);
        text.push(' ');
        text.push_str(line);
        end(text);
    }
}
