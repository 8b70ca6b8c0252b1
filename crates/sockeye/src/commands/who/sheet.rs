//! Rows in columns that suit the width: on a terminal the least important columns go first, on a pipe all stay.
//!
//! On a pipe every cell but a command is one word, so that awk(1) and cut(1) find each column where it belongs.

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
    /// A cell may be cut where nothing can go any more.
    pub(super) shrinks: bool,
}

/// One that always stays.
pub(super) const fn fixed(heading: Text) -> Column {
    Column {
        heading,
        align: Align::Left,
        dispensable: 0,
        fills: false,
        shrinks: true,
    }
}

/// One of numbers, or whatever stands best at the right.
pub(super) const fn right(column: Column) -> Column {
    Column {
        align: Align::Right,
        shrinks: false,
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
    let piped = width.is_none();
    let shown = match width {
        Some(width) => fit(shape, &rows, width, language),
        None => (0..shape.len()).map(|place| (place, usize::MAX)).collect(),
    };
    let headings: Vec<(String, Align)> = shown
        .iter()
        .map(|(place, room)| {
            let column = &shape[*place];
            let heading = column.heading.say(language);
            let heading = match piped {
                true => heading.replace(' ', "-"),
                false => cut(heading, *room),
            };
            (heading, column.align)
        })
        .collect();
    let headings: Vec<(&str, Align)> = headings
        .iter()
        .map(|(heading, align)| (heading.as_str(), *align))
        .collect();
    let mut table = Table::new(&headings);
    for row in rows {
        table.row(shown.iter().map(|(place, room)| {
            let (column, cell) = (&shape[*place], &row[*place]);
            match cell.as_str() {
                "" => "-".to_owned(),
                cell if piped && !column.fills => one_word(cell),
                cell if column.fills => cut(cell, *room),
                cell => cut_within(cell, *room),
            }
        }));
    }
    table.write(out)
}

/// A name without blanks, on a pipe: each is written as in a C string.
pub(super) fn one_word(text: &str) -> String {
    text.replace(' ', "\\x20")
}

/// The places of the columns that fit, each with its room.
fn fit(
    shape: &[Column],
    rows: &[Vec<String>],
    width: usize,
    language: Language,
) -> Vec<(usize, usize)> {
    let mut widths: Vec<usize> = shape
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
    let taken = |shown: &[usize], widths: &[usize]| {
        let gaps = GAP * shown.len().saturating_sub(1);
        gaps + shown.iter().map(|place| widths[*place]).sum::<usize>()
    };
    while taken(&shown, &widths) > width {
        let least = shown.iter().enumerate();
        let least = least.max_by_key(|(_, place)| shape[**place].dispensable);
        match least {
            Some((index, place)) if shape[*place].dispensable > 0 => drop(shown.remove(index)),
            _ => break,
        }
    }
    // The widest gives first; what is left of each still tells one row from another.
    while taken(&shown, &widths) > width {
        let widest = shown.iter().copied().filter(|place| shape[*place].shrinks);
        match widest.max_by_key(|place| widths[*place]) {
            Some(place) if widths[place] > NARROWEST => widths[place] -= 1,
            _ => break,
        }
    }
    let free = width.saturating_sub(taken(&shown, &widths));
    shown
        .into_iter()
        .map(|place| match shape[place].fills {
            true => (place, widths[place] + free),
            false => (place, widths[place]),
        })
        .collect()
}

/// As [`cut`], with the port of an address kept.
fn cut_within(text: &str, width: usize) -> String {
    let port = text.rfind(':').map_or("", |place| &text[place..]);
    if columns(text) <= width || port.len() + 2 > width || port.len() > 6 {
        return cut(text, width);
    }
    let front = cut(&text[..text.len() - port.len()], width - port.len());
    format!("{front}{port}")
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
/// No other column is cut to less.
const NARROWEST: usize = 8;

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
    fn on_a_pipe_every_cell_but_the_command_is_one_word() {
        let row = ["/tmp/my socket", "", "0/128", "sh -c true"];
        let rows = vec![row.map(str::to_owned).to_vec()];
        let mut out = Vec::new();
        write(&mut out, SHAPE, rows, None, Language::English).unwrap();
        let text = String::from_utf8(out).unwrap();
        let words: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(
            words,
            ["/tmp/my\\x20socket", "-", "0/128", "sh", "-c", "true"]
        );
    }

    #[test]
    fn where_nothing_can_go_an_address_is_cut_and_keeps_its_port() {
        let address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:443";
        assert_eq!(cut_within(address, 20), "[2001:db8:1234:…:443");
        assert_eq!(cut_within(address, 50), address);
        let shape = [
            fixed(words::ADDRESS),
            fixed(words::PEER),
            right(fixed(words::PID)),
        ];
        let rows = vec![vec![
            address.to_owned(),
            address.to_owned(),
            "4194304".to_owned(),
        ]];
        let mut out = Vec::new();
        write(&mut out, &shape, rows, Some(60), Language::English).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| columns(line) <= 60), "{text}");
        assert!(
            text.matches(":443").count() == 2 && text.contains("4194304"),
            "{text}"
        );
    }

    #[test]
    fn a_cut_counts_columns_and_never_bytes() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("año", 2), "a…");
        assert_eq!(cut("\x1b[2J", 10), "\\x1b[2J");
    }
}
