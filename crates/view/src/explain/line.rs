//! How a line of narration is laid out: time, number, call, fact, reasons at the right or below.

use sockeye_model::Event;

use super::ExplainOptions;
use crate::catalogue::narration;
use crate::escape::columns;
use crate::layout::{Paint, pad, phrases_in_lines, wrap};
use crate::telling::Told;

const TIME: usize = 6;
const NUMBER: usize = 4;
const NAME: usize = 11;
const FACT: usize = 36;
/// Where the name of the call begins.
const INDENT: usize = TIME + 1 + NUMBER;
/// Where reasons begin, when they stand at the right.
const WHY: usize = INDENT + NAME + FACT;
/// Columns that reasons need at least to stand at the right.
const WHY_LEAST: usize = 34;

/// The line of the program that made a call, where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(Option<String>);

impl Place {
    pub(super) fn of(event: &Event<'_>) -> Self {
        Self(event.place.as_ref().map(crate::finding::place_text))
    }
}

impl Place {
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

pub(super) struct Line {
    pub(super) time: Option<String>,
    pub(super) place: Place,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) fact: String,
    pub(super) reasons: Vec<String>,
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

fn reasons_at_right(options: &ExplainOptions) -> bool {
    room(options) >= WHY + WHY_LEAST
}

pub(super) fn heading(text: &mut String, options: &ExplainOptions) {
    let mut line = String::new();
    let language = options.language;
    pad(
        &mut line,
        &format!("{:>TIME$}", narration::TIME.say(language)),
        INDENT,
    );
    if reasons_at_right(options) {
        pad(&mut line, narration::WHAT.say(language), NAME + FACT);
        line.push_str(narration::WHY.say(language));
    } else {
        line.push_str(narration::WHAT.say(language));
    }
    margin(text, options);
    Paint::Dim.put(text, &line, options.colour);
    text.push('\n');
}

impl Line {
    pub(super) fn write(&self, text: &mut String, options: &ExplainOptions) {
        let at_right = reasons_at_right(options);
        let fact_room = if at_right {
            FACT - 1
        } else {
            room(options) - INDENT - NAME
        };
        let mut fact = self.fact.clone();
        if let Some(place) = &self.place.0 {
            fact = format!("{fact}  ({place})");
        }
        // A fact may run into the reasons' columns when it has none to leave room for.
        let fact_lines = match at_right && self.reasons.is_empty() {
            true => wrap(&fact, room(options) - INDENT - NAME),
            false => wrap(&fact, fact_room),
        };
        let mut why: Vec<String> = Vec::new();
        if at_right {
            for reason in &self.reasons {
                why.extend(wrap(reason, room(options) - WHY));
            }
        }
        let rows = fact_lines.len().max(why.len()).max(1);
        for row in 0..rows {
            margin(text, options);
            let mut head = String::new();
            match (&self.time, row) {
                (Some(time), 0) => pad(&mut head, &format!("{time:>TIME$} "), TIME + 1),
                _ => pad(&mut head, "", TIME + 1),
            }
            pad(&mut head, if row == 0 { &self.number } else { "" }, NUMBER);
            if row == 0 && columns(&self.number) >= NUMBER {
                head.push(' ');
            }
            Paint::Dim.put(text, &head, options.colour);
            let mut name = String::new();
            let shown = if row == 0 { self.name.as_str() } else { "" };
            pad(&mut name, shown, NAME);
            if columns(shown) >= NAME {
                name.push(' ');
            }
            self.paint.put(text, &name, options.colour);
            let fact = fact_lines.get(row).map_or("", String::as_str);
            match why.get(row) {
                Some(reason) => {
                    pad(text, fact, FACT);
                    Paint::Dim.put(text, reason, options.colour);
                }
                None => text.push_str(fact),
            }
            end(text);
        }
        if !at_right {
            self.reasons_below(text, options);
        }
    }

    fn reasons_below(&self, text: &mut String, options: &ExplainOptions) {
        for reason in &self.reasons {
            for (row, part) in wrap(reason, room(options) - INDENT - 2).iter().enumerate() {
                margin(text, options);
                pad(text, "", INDENT);
                let sign = if row == 0 { "· " } else { "  " };
                Paint::Dim.put(text, &format!("{sign}{part}"), options.colour);
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
