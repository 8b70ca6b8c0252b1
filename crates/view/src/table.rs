//! Answers in aligned columns: plain text, a line a row, for a pipe or for a terminal of a known width.
//!
//! Widths are columns of a terminal, not bytes. The last column is never cut: with a width it goes on below itself, and
//! the columns before it are shortened (with `…`) as far as that makes room.

use std::io::{self, Write};

use crate::escape::{columns, escape_name};
use crate::layout::{shorten, wrap};

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// Rows of text in columns.
///
/// ```
/// use sockeye_view::{Align, Table};
/// let mut table = Table::new(&[("PORT", Align::Right), ("NAME", Align::Left), ("DESCRIPTION", Align::Left)]);
/// table.row(["80", "http", "the web"]);
/// table.row(["443", "https", "the web over TLS"]);
/// let mut out = Vec::new();
/// table.write(&mut out)?;
/// assert_eq!(String::from_utf8_lossy(&out), "\
/// PORT  NAME   DESCRIPTION
///   80  http   the web
///  443  https  the web over TLS
/// ");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    aligned: Vec<Align>,
    /// The headings first, where there are any.
    rows: Vec<Vec<String>>,
    headings: bool,
    indent: usize,
    width: Option<usize>,
}

impl Table {
    /// A table with a heading over each column.
    #[must_use]
    pub fn new(headings: &[(&str, Align)]) -> Self {
        let mut table =
            Self::without_headings(&headings.iter().map(|(_, a)| *a).collect::<Vec<_>>());
        table.row(headings.iter().map(|(heading, _)| *heading));
        table.headings = true;
        table
    }

    /// A table of rows alone.
    #[must_use]
    pub fn without_headings(aligned: &[Align]) -> Self {
        Self {
            aligned: aligned.to_vec(),
            ..Self::default()
        }
    }

    /// With `columns` spaces before each line.
    #[must_use]
    pub fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Made to fit a terminal of `columns` columns; `None`, as it is at first, is a pipe: a row is one line, however long.
    #[must_use]
    pub fn fitted(mut self, columns: Option<usize>) -> Self {
        self.width = columns;
        self
    }

    /// Adds a row; each cell is escaped as a name is ([`escape_name`]), so that any text may be one.
    ///
    /// Cells beyond the last column are left out, missing ones are empty.
    pub fn row<Cell: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut row: Vec<String> = cells
            .into_iter()
            .take(self.aligned.len())
            .map(|cell| escape_name(cell.as_ref()).into_owned())
            .collect();
        row.resize(self.aligned.len(), String::new());
        self.rows.push(row);
    }

    /// How many rows there are, the headings not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() - usize::from(self.headings)
    }

    /// Whether there is no row but the headings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes it all; no line ends with a space.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let widths = self.widths();
        let mut line = String::new();
        for row in &self.rows {
            let mut rests = self.last_cell(row, &widths).into_iter();
            line.clear();
            line.extend(std::iter::repeat_n(' ', self.indent));
            let before = row.iter().zip(&self.aligned).zip(&widths);
            for ((cell, align), width) in before.take(row.len().saturating_sub(1)) {
                put(&mut line, &shorten(cell, *width), *align, *width);
                line.push_str(GAP);
            }
            if let (Some(first), Some(align), Some(width)) =
                (rests.next(), self.aligned.last(), widths.last())
            {
                put(&mut line, &first, *align, *width);
            }
            writeln!(out, "{}", line.trim_end_matches(' '))?;
            let start = self.start_of_last(&widths);
            for rest in rests {
                writeln!(out, "{:start$}{rest}", "")?;
            }
        }
        Ok(())
    }

    /// The columns each column takes.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.aligned.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                cells.map(|cell| columns(cell)).max().unwrap_or(0)
            })
            .collect();
        let Some((last, before)) = widths.split_last_mut() else {
            return widths;
        };
        if let Some(width) = self.width {
            let taken = self.indent + GAP.len() * before.len();
            let wanted = (*last).min(ROOM);
            // The widest gives first; what is left of each still tells one row from another.
            while taken + before.iter().sum::<usize>() + wanted > width {
                let words = before.iter_mut().zip(&self.aligned);
                // Half a number is another number.
                let words = words.filter(|(_, align)| **align == Align::Left);
                match words.map(|(width, _)| width).max() {
                    Some(widest) if *widest > SHORTEST => *widest -= 1,
                    _ => break,
                }
            }
            let room = width.saturating_sub(taken + before.iter().sum::<usize>());
            *last = (*last).min(room);
        }
        widths
    }

    /// The lines of the last cell: several where it goes on below itself.
    fn last_cell(&self, row: &[String], widths: &[usize]) -> Vec<String> {
        let (Some(cell), Some(&width)) = (row.last(), widths.last()) else {
            return Vec::new();
        };
        if columns(cell) <= width || width < ROOM.min(columns(cell)) {
            return vec![cell.clone()];
        }
        wrap(cell, width)
    }

    fn start_of_last(&self, widths: &[usize]) -> usize {
        let before = widths.split_last().map_or(&[][..], |(_, before)| before);
        self.indent + before.iter().map(|width| width + GAP.len()).sum::<usize>()
    }
}

/// Appends `text`, in a column of `width` columns.
fn put(line: &mut String, text: &str, align: Align, width: usize) {
    let space = width.saturating_sub(columns(text));
    let (before, after) = match align {
        Align::Left => (0, space),
        Align::Right => (space, 0),
    };
    line.extend(std::iter::repeat_n(' ', before));
    line.push_str(text);
    line.extend(std::iter::repeat_n(' ', after));
}

/// Between two columns.
const GAP: &str = "  ";

/// The columns that the last column gets from the others, where it needs them; with less it is not broken.
const ROOM: usize = 24;

/// No column but the last is made narrower than this.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: &Table) -> String {
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sample(width: Option<usize>) -> Table {
        let headings = [
            ("N", Align::Right),
            ("WHO", Align::Left),
            ("COMMAND", Align::Left),
        ];
        let mut table = Table::new(&headings).fitted(width);
        table.row([
            "1",
            "a-service-with-a-long-name",
            "python3 server.py --with many words",
        ]);
        table.row(["22", "", "x"]);
        table
    }

    #[test]
    fn columns_line_up_by_their_width_on_the_terminal() {
        let mut table = Table::without_headings(&[Align::Left, Align::Right]).indented(2);
        table.row(["日本", "1"]);
        table.row(["año", "100"]);
        table.row(["e\u{301}"]);
        assert_eq!(text(&table), "  日本    1\n  año   100\n  e\u{301}\n");
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn on_a_pipe_a_row_is_one_line_with_nothing_cut_and_no_space_at_its_end() {
        let printed = text(&sample(None));
        assert_eq!(printed.lines().count(), 3);
        assert!(
            printed.contains("a-service-with-a-long-name  python3 server.py --with many words\n")
        );
        assert!(
            printed.lines().all(|line| !line.ends_with(' ')),
            "{printed}"
        );
        let mut short = Table::without_headings(&[Align::Left, Align::Left]);
        short.row(["a", ""]);
        assert_eq!(text(&short), "a\n");
    }

    #[test]
    fn on_a_terminal_the_last_column_goes_on_below_itself_and_others_are_shortened() {
        for width in 40..=80 {
            let printed = text(&sample(Some(width)));
            let longest = printed.lines().map(columns).max().unwrap();
            assert!(longest <= width, "{width}: {printed}");
            let words: Vec<&str> = printed.split_whitespace().collect();
            for word in ["python3", "server.py", "--with", "many", "words"] {
                assert!(words.contains(&word), "{width}: {printed}");
            }
        }
        assert!(text(&sample(Some(40))).contains("a-s"));
        assert!(text(&sample(Some(40))).contains('…'));
    }

    #[test]
    fn a_number_is_never_cut() {
        let mut table =
            Table::without_headings(&[Align::Right, Align::Left, Align::Left]).fitted(Some(40));
        table.row([
            "49152-65535",
            "dynamic",
            "free for everybody, and never assigned to anyone",
        ]);
        assert!(text(&table).contains("49152-65535"), "{}", text(&table));
    }

    #[test]
    fn where_there_is_no_room_the_last_column_runs_over_and_is_whole() {
        let printed = text(&sample(Some(10)));
        assert!(
            printed.contains("python3 server.py --with many words\n"),
            "{printed}"
        );
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let mut table = Table::without_headings(&[Align::Left, Align::Left]);
        table.row(["\u{1b}[31mred", "two\nlines\u{202e}"]);
        assert_eq!(text(&table), "\\x1b[31mred  two\\nlines\\u{202e}\n");
    }

    #[test]
    fn a_table_without_columns_or_rows_is_nothing() {
        let mut none = Table::without_headings(&[]);
        none.row(["lost"]);
        assert_eq!(text(&none), "\n");
        let headings = Table::new(&[("A", Align::Left)]);
        assert!(headings.is_empty());
        assert_eq!(text(&headings), "A\n");
    }
}
