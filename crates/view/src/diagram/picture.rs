//! How a row of the picture is drawn: time, left column, the space between with its arrow, right column.

use sockeye_model::{SocketId, Timestamp};

use super::DiagramOptions;
use super::ends::Side;
use crate::catalogue::{self, narration};
use crate::escape::columns;
use crate::layout::{Paint, pad, shorten, wrap};

const TIME: usize = 7;

/// One stretch of a cell: what happened, or why.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) paint: Paint,
    /// A reason, set off from the fact above it.
    pub(super) reason: bool,
}

/// What stands in one column of a row.
pub(super) type Cell = Vec<Piece>;

/// What goes from one column to the other.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    pub(super) kind: ArrowKind,
    pub(super) towards: Side,
    pub(super) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrowKind {
    /// Bytes or a message.
    Data,
    /// "I will send no more."
    End,
    /// Both ends are joined.
    Connection,
    /// The connection is thrown away, or a message was refused.
    Thrown,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) at: Timestamp,
    /// It belongs to the row above, and has no time of its own.
    pub(super) below: bool,
    /// It says that this socket waits.
    pub(super) wait_of: Option<SocketId>,
    pub(super) left: Cell,
    pub(super) right: Cell,
    pub(super) arrow: Option<Arrow>,
}

impl Row {
    pub(super) fn cell(&mut self, side: Side) -> &mut Cell {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

/// The widths of the columns, from the width of the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    left: usize,
    middle: usize,
    right: usize,
}

impl Widths {
    pub(super) fn of(options: &DiagramOptions, two: bool) -> Self {
        let room = options.width.clamp(60, 140) - TIME - 4;
        if two {
            let side = room * 35 / 100;
            return Self {
                left: side,
                middle: room - 2 * side,
                right: side,
            };
        }
        let right = room * 27 / 100;
        let middle = room * 30 / 100;
        Self {
            left: room - middle - right,
            middle,
            right,
        }
    }

    /// Columns that the label of an arrow may take.
    pub(super) fn label(self) -> usize {
        self.middle - 6
    }
}

pub(super) fn heading(
    text: &mut String,
    names: (&str, &str),
    widths: Widths,
    options: &DiagramOptions,
) {
    let mut line = String::new();
    pad(
        &mut line,
        &format!("{:>1$}", narration::TIME.say(options.language), TIME - 1),
        TIME,
    );
    pad(&mut line, &shorten(names.0, widths.left), widths.left + 1);
    line.push('│');
    pad(&mut line, "", widths.middle);
    line.push_str("│ ");
    line.push_str(&shorten(names.1, widths.right));
    Paint::Joint.put(text, line.trim_end(), options.colour);
    text.push('\n');
}

/// A line across the whole picture with a title in it.
pub(super) fn title(text: &mut String, title: &str, widths: Widths, options: &DiagramOptions) {
    let width = TIME + widths.left + widths.middle + widths.right + 4;
    let mut line = format!("── {} ", shorten(title, width - 8));
    for _ in columns(&line)..width {
        line.push('─');
    }
    Paint::Joint.put(text, &line, options.colour);
    text.push('\n');
}

pub(super) fn row(text: &mut String, row: &Row, widths: Widths, options: &DiagramOptions) {
    let left = lines(&row.left, widths.left);
    let right = lines(&row.right, widths.right);
    let rows = left.len().max(right.len()).max(1);
    for index in 0..rows {
        let start = text.len();
        let time = if index == 0 && !row.below {
            let time = catalogue::seconds(row.at, options.language);
            format!("{time:>0$} ", TIME - 1)
        } else {
            " ".repeat(TIME)
        };
        Paint::Dim.put(text, &time, options.colour);
        cell(text, left.get(index), widths.left + 1, options);
        Paint::Dim.put(text, "│", options.colour);
        match (&row.arrow, index) {
            (Some(arrow), 0) => draw(text, arrow, widths.middle, options),
            _ => pad(text, "", widths.middle),
        }
        Paint::Dim.put(text, "│", options.colour);
        if let Some((line, paint)) = right.get(index) {
            text.push(' ');
            paint.put(text, line, options.colour);
        }
        let used = start + text[start..].trim_end_matches(' ').len();
        text.truncate(used);
        text.push('\n');
    }
}

fn cell(text: &mut String, line: Option<&(String, Paint)>, width: usize, options: &DiagramOptions) {
    let mut padded = String::new();
    let (line, paint) = line.map_or(("", Paint::Plain), |(line, paint)| (line.as_str(), *paint));
    paint.put(&mut padded, line, options.colour);
    text.push_str(&padded);
    pad(text, "", width.saturating_sub(columns(line)));
}

/// The lines of a cell: facts hang by two columns, reasons stand below them behind a dot.
fn lines(cell: &Cell, width: usize) -> Vec<(String, Paint)> {
    let mut lines = Vec::new();
    for piece in cell {
        if piece.reason {
            for (index, line) in wrap(&piece.text, width.saturating_sub(2))
                .iter()
                .enumerate()
            {
                let sign = if index == 0 { "· " } else { "  " };
                lines.push((format!("{sign}{line}"), piece.paint));
            }
        } else {
            let mut wrapped = wrap(&piece.text, width).into_iter();
            let Some(first) = wrapped.next() else {
                continue;
            };
            let rest = piece.text[first.len().min(piece.text.len())..].trim_start();
            lines.push((first, piece.paint));
            for line in wrap(rest, width.saturating_sub(2)) {
                lines.push((format!("  {line}"), piece.paint));
            }
        }
    }
    lines
}

fn draw(text: &mut String, arrow: &Arrow, width: usize, options: &DiagramOptions) {
    let (line, paint) = match (arrow.kind, arrow.towards) {
        (ArrowKind::Data | ArrowKind::End, Side::Right) => ('─', Paint::Out),
        (ArrowKind::Data | ArrowKind::End, Side::Left) => ('─', Paint::In),
        (ArrowKind::Connection, _) => ('═', Paint::Joint),
        (ArrowKind::Thrown, _) => ('═', Paint::Wrong),
    };
    let (first, last) = match (arrow.kind, arrow.towards) {
        (ArrowKind::Connection, _) => ('◀', '▶'),
        (ArrowKind::Thrown, Side::Right) => ('✗', '▶'),
        (ArrowKind::Thrown, Side::Left) => ('◀', '✗'),
        (_, Side::Right) => (line, '▶'),
        (_, Side::Left) => ('◀', line),
    };
    let label = shorten(&arrow.label, width.saturating_sub(6));
    let label_width = if label.is_empty() {
        0
    } else {
        columns(&label) + 2
    };
    let shaft = width.saturating_sub(label_width + 2);
    let before = shaft / 2;
    let mut drawn = String::new();
    drawn.push(first);
    drawn.extend(std::iter::repeat_n(line, before));
    if !label.is_empty() {
        drawn.push(' ');
        drawn.push_str(&label);
        drawn.push(' ');
    }
    drawn.extend(std::iter::repeat_n(line, shaft - before));
    drawn.push(last);
    paint.put(text, &drawn, options.colour);
}
