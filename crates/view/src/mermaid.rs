//! A session as the text of a mermaid `sequenceDiagram`, to be pasted where such texts are drawn.
//!
//! What comes from outside is written so that it can only ever be words: whatever has a meaning in such a text is written by
//! its number. The whole stays within the length that mermaid draws.

use std::fmt::Write as _;
use std::io::{self, Write};

use sockeye_model::{Event, Flow, Sink, SocketId, Tally, Wants};

use crate::catalogue::{self, Language, pictures};
use crate::finding::{in_short, say, sentence};
use crate::story::{Arrow, ArrowKind, AtTheEnd, Cell, Shape, Step, Story};

/// How the text is written, and how much of a session it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MermaidOptions {
    /// The language of texts and figures.
    pub language: Language,
    /// The most characters; by default what mermaid takes (`maxTextSize`, 50,000) with some room to spare.
    pub length: usize,
}

impl Default for MermaidOptions {
    /// English, 48,000 characters.
    fn default() -> Self {
        Self {
            language: Language::English,
            length: 48_000,
        }
    }
}

/// The view behind `show --as mermaid`: it writes once, when the session is over.
///
/// ```
/// use sockeye_model::{Event, Kind, Sink, SocketId, Tally, Timestamp};
/// use sockeye_view::{Mermaid, MermaidOptions};
///
/// let mut out = Vec::new();
/// let mut mermaid = Mermaid::new(&mut out, MermaidOptions::default());
/// mermaid.event(&Event {
///     at: Timestamp::START, took: None, socket: SocketId(1), parent: None, by: None, place: None,
///     kind: Kind::Bound { local: "127.0.0.1:7007".parse().unwrap() },
/// })?;
/// mermaid.finish(&Tally::default())?;
/// assert!(String::from_utf8(out).unwrap().starts_with("sequenceDiagram\n"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Mermaid<W> {
    end: AtTheEnd<W>,
    options: MermaidOptions,
}

/// Events that are looked at: more would never fit.
const EVENTS: usize = 2_000;

/// Columns that what is said of one call may take, and those of a line.
const WORDS: usize = 160;
const LINE: usize = 48;

/// Between two lines.
const BREAK: &str = "<br/>";

impl<W: Write> Mermaid<W> {
    /// A text that will be written to `out`.
    pub fn new(out: W, options: MermaidOptions) -> Self {
        Self {
            end: AtTheEnd::new(out, EVENTS),
            options,
        }
    }
}

impl<W: Write + Send> Sink for Mermaid<W> {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.end.event(event)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        let options = &self.options;
        self.end
            .finish(tally, options.language, |story| text(story, options))
    }
}

fn text(story: &Story, options: &MermaidOptions) -> String {
    let language = options.language;
    let mut text = String::from("sequenceDiagram\n");
    for (number, lane) in story.lanes.iter().enumerate() {
        let name = match &lane.detail {
            Some(detail) => format!("{}, {detail}", lane.name),
            None => lane.name.clone(),
        };
        put(
            &mut text,
            format_args!("    participant P{number} as {}\n", words(&name)),
        );
    }
    let mut left_out = story.left_out;
    // Room for the last note.
    let room = options.length.saturating_sub(300);
    for (index, step) in story.steps.iter().enumerate() {
        let mut lines = String::new();
        draw(&mut lines, story, step, language);
        if text.chars().count() + lines.chars().count() > room {
            left_out = left_out.saturating_add((story.steps.len() - index) as u64);
            break;
        }
        text.push_str(&lines);
    }
    if left_out > 0 {
        let count = catalogue::count(left_out, language);
        let note = pictures::LEFT_OUT_SHORT.fill(language, &[("count", &count)]);
        note_over(&mut text, 0, &note);
    }
    text
}

fn draw(text: &mut String, story: &Story, step: &Step, language: Language) {
    if let Some(gap) = &step.gap {
        let mut note = catalogue::duration(gap.lasted, language);
        for (lane, socket, call) in gap.waits.iter().take(1) {
            let waits = pictures::WAITS.fill(language, &[("socket", socket), ("call", call)]);
            note = format!("{note}: {waits}");
            note_over(text, *lane, &note);
        }
        if gap.waits.is_empty() {
            note_over(text, 0, &note);
        }
    }
    if let Some(arrow) = &step.arrow {
        let label: Vec<String> = step.cells.iter().map(said).collect();
        let kind = match arrow.kind {
            ArrowKind::Data | ArrowKind::Birth => "->>",
            ArrowKind::Connection => "->>",
            ArrowKind::End => "-)",
            ArrowKind::Thrown => "-x",
        };
        put(
            text,
            format_args!(
                "    P{}{kind}P{}: {}\n",
                arrow.from,
                arrow.to,
                labelled(arrow, &label)
            ),
        );
    } else {
        for cell in &step.cells {
            let said = match cell.shape {
                Shape::Title => cell.fact.clone(),
                _ => said(cell),
            };
            note_over(text, cell.lane, &said);
        }
    }
    for cell in &step.cells {
        for found in cell
            .findings
            .iter()
            .filter_map(|number| story.findings.get(*number))
        {
            let place = cell
                .place
                .as_ref()
                .map(|place| format!(", {place}"))
                .unwrap_or_default();
            let fix = sentence(&say(&found.finding.fix, language));
            let note = format!("{}{place}. {fix}", in_short(&found.finding, language));
            note_over(text, cell.lane, &note);
        }
    }
}

/// What an arrow carries, and the calls at its ends, each on lines of its own.
fn labelled(arrow: &Arrow, calls: &[String]) -> String {
    let calls = calls.iter().map(|call| words(call));
    // A call that sends says what.
    let label =
        (arrow.kind != ArrowKind::Data && !arrow.label.is_empty()).then(|| words(&arrow.label));
    let lines: Vec<String> = label.into_iter().chain(calls).collect();
    lines.join(BREAK)
}

/// A call in a few words.
fn said(cell: &Cell) -> String {
    let mut words = String::new();
    if cell.socket != SocketId::NONE {
        put(&mut words, format_args!("{} ", cell.socket));
    }
    words.push_str(&cell.name);
    if !cell.fact.is_empty() {
        words.push(' ');
        words.push_str(&cell.fact);
    }
    if cell.times > 1 {
        put(&mut words, format_args!(" × {}", cell.times));
    }
    if let Some(place) = &cell.place {
        put(&mut words, format_args!(" ({place})"));
    }
    words
}

fn note_over(text: &mut String, lane: usize, note: &str) {
    put(
        text,
        format_args!("    Note over P{lane}: {}\n", words(note)),
    );
}

/// Words that mermaid can't take for anything else, in short lines.
fn words(text: &str) -> String {
    let lines = crate::layout::wrap(&crate::layout::shorten(text, WORDS), LINE);
    let lines: Vec<String> = lines.iter().map(|line| harmless(line)).collect();
    // Without words there would be no line.
    if lines.is_empty() {
        return "#8239;".to_owned();
    }
    lines.join(BREAK)
}

/// All but letters, digits and a few signs are written by their number.
fn harmless(line: &str) -> String {
    let mut safe = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        let plain = character.is_alphanumeric()
            || matches!(
                character,
                ' ' | '.' | ',' | '(' | ')' | '/' | '_' | '=' | '×' | '…' | '✗' | '→' | '⇄'
            );
        if plain {
            safe.push(character);
        } else {
            put(&mut safe, format_args!("#{};", u32::from(character)));
        }
    }
    safe
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_written_by_its_number() {
        assert_eq!(words("a;b#c"), "a#59;b#35;c");
        assert_eq!(words("<b>\n%%"), "#60;b#62;#10;#37;#37;");
        assert_eq!(words("P0->>P1: end"), "P0#45;#62;#62;P1#58; end");
        assert_eq!(words(""), "#8239;");
        let long = words(&"word ".repeat(12));
        assert_eq!(long.matches("<br/>").count(), 1, "{long}");
    }
}
