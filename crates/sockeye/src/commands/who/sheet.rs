//! Rows in columns that suit the width: on a terminal the least important columns go first, on a pipe all stay.

use std::io::{self, Write};

use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::{columns, escape_name};
use sockeye_view::{Align, Table};

/// A column of a sheet.
pub(super) struct Column {
    pub(super) heading: Text,
    pub(super) align: Align,
    /// 0 always stays; of the others the highest goes first.
    pub(super) dispensable: u8,
    /// What remains is its width, if that is at least [`SHORTEST`]; a longer cell is cut there.
    pub(super) fills: bool,
}

/// One that always stays.
pub(super) const fn fixed(heading: Text) -> Column {
    Column {
        heading,
        align: Align::Left,
        dispensable: 0,
        fills: false,
    }
}

/// One of numbers, or whatever stands best at the right.
pub(super) const fn right(column: Column) -> Column {
    Column {
        align: Align::Right,
        ..column
    }
}

/// One that goes when it does not fit, the highest number first.
pub(super) const fn optional(heading: Text, dispensable: u8) -> Column {
    Column {
        dispensable,
        ..fixed(heading)
    }
}

/// The last one, which is cut, and goes before all others.
pub(super) const fn rest(heading: Text) -> Column {
    Column {
        fills: true,
        ..optional(heading, u8::MAX)
    }
}

/// Writes the rows under their headings, within `width` columns if there is one.
pub(super) fn write(
    out: &mut dyn Write,
    shape: &[Column],
    rows: Vec<Vec<String>>,
    width: Option<usize>,
    language: Language,
) -> io::Result<()> {
    let (shown, room) = match width {
        Some(width) => fit(shape, &rows, width, language),
        None => ((0..shape.len()).collect(), usize::MAX),
    };
    let headings: Vec<(&str, Align)> = shown
        .iter()
        .map(|place| {
            let column = &shape[*place];
            (column.heading.say(language), column.align)
        })
        .collect();
    let mut table = Table::new(&headings);
    for row in rows {
        table.row(shown.iter().map(|place| match shape[*place].fills {
            true => cut(&row[*place], room),
            false => row[*place].clone(),
        }));
    }
    table.write(out)
}

/// The places of the columns that fit, and the room for the one that is cut.
fn fit(
    shape: &[Column],
    rows: &[Vec<String>],
    width: usize,
    language: Language,
) -> (Vec<usize>, usize) {
    let widths: Vec<usize> = shape
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let cells = rows.iter().map(|row| columns(&escape_name(&row[place])));
            let heading = columns(column.heading.say(language));
            let longest = cells.max().unwrap_or(0).max(heading);
            match column.fills {
                true => longest.min(SHORTEST),
                false => longest,
            }
        })
        .collect();
    let mut shown: Vec<usize> = (0..shape.len()).collect();
    let taken = |shown: &[usize]| {
        let gaps = GAP * shown.len().saturating_sub(1);
        gaps + shown.iter().map(|place| widths[*place]).sum::<usize>()
    };
    while taken(&shown) > width {
        let least = shown.iter().enumerate();
        let least = least.max_by_key(|(_, place)| shape[**place].dispensable);
        match least {
            Some((index, place)) if shape[*place].dispensable > 0 => drop(shown.remove(index)),
            _ => break,
        }
    }
    let fixed = taken(&shown)
        - shown
            .iter()
            .filter(|place| shape[**place].fills)
            .map(|place| widths[*place])
            .sum::<usize>();
    (shown, width.saturating_sub(fixed))
}

/// The text in at most `width` columns, with a mark where it was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    let text = escape_name(text);
    if text.len() <= width || columns(&text) <= width {
        return text.into_owned();
    }
    let mut short = String::new();
    let mut taken = 1;
    for character in text.chars() {
        taken += sockeye_view::escape::columns_of(character);
        if taken > width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Between two columns.
const GAP: usize = 2;
/// The least that the column that is cut is worth showing with.
const SHORTEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::who::words;

    const SHAPE: &[Column] = &[
        fixed(words::ADDRESS),
        optional(words::USER, 1),
        right(optional(words::QUEUE, 2)),
        rest(words::COMMAND),
    ];

    fn sheet(width: Option<usize>) -> String {
        let row = [
            "127.0.0.1:8080",
            "ana",
            "0/128",
            "python3 -m http.server 8080",
        ];
        let rows = vec![row.map(str::to_owned).to_vec()];
        let mut out = Vec::new();
        write(&mut out, SHAPE, rows, width, Language::English).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn on_a_pipe_everything_is_there() {
        assert!(sheet(None).contains("ana   0/128  python3 -m http.server 8080\n"));
    }

    #[test]
    fn on_a_terminal_nothing_is_wider_than_it_and_the_address_stays_whole() {
        for width in 14..60 {
            let text = sheet(Some(width));
            assert!(
                text.lines().all(|line| columns(line) <= width),
                "{width}: {text}"
            );
            assert!(text.contains("127.0.0.1:8080"), "{text}");
        }
        assert!(
            sheet(Some(50)).contains("python3 -m http.serv…\n"),
            "{}",
            sheet(Some(50))
        );
        assert!(!sheet(Some(30)).contains("python3"));
        assert!(sheet(Some(30)).contains("0/128") && !sheet(Some(20)).contains("0/128"));
    }

    #[test]
    fn a_cut_counts_columns_and_never_bytes() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("año", 2), "a…");
        assert_eq!(cut("\x1b[2J", 10), "\\x1b[2J");
    }
}
