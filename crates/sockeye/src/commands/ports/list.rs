//! Several ports as a table, a line each: a range, what a search found, the everyday ones.

use std::io::{self, Write};

use sockeye_local::{Class, Registered, Transport, customary_names, registered_between};
use sockeye_view::catalogue::Language;
use sockeye_view::{Align, Table};

use super::entry::name_over;
use super::uses::{By, USES, Use};
use super::{card, sisters, words};

/// A line of a table: one port or a few, with one thing that is said of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Row {
    /// IANA's.
    Registered(Registered),
    /// A custom.
    Custom(&'static Use),
    /// Ports that nothing is said of.
    Unassigned(u16, u16),
}

impl Row {
    fn first(self) -> u16 {
        match self {
            Self::Registered(row) => row.port,
            Self::Custom(used) => used.first,
            Self::Unassigned(first, _) => first,
        }
    }

    /// The ports that something is said of.
    pub(super) fn ports(self) -> std::ops::RangeInclusive<u16> {
        match self {
            Self::Registered(row) => row.port..=row.port,
            Self::Custom(used) => used.first..=used.last,
            #[expect(clippy::reversed_empty_ranges, reason = "none")]
            Self::Unassigned(..) => 1..=0,
        }
    }

    /// Whether it says something of this transport, if one is asked for.
    pub(super) fn is_over(self, over: Option<Transport>) -> bool {
        let transports = match self {
            Self::Registered(row) => row.transports,
            Self::Custom(used) => used.transports,
            Self::Unassigned(..) => return true,
        };
        over.is_none_or(|over| transports.contains(over))
    }

    fn cells(self, language: Language) -> [String; 4] {
        match self {
            Self::Registered(row) => [
                row.port.to_string(),
                row.transports.to_string(),
                row.name.unwrap_or("-").to_owned(),
                row.description.to_owned(),
            ],
            Self::Custom(used) => [
                span(used.first, used.last),
                used.transports.to_string(),
                "*".to_owned(),
                words::CUSTOM_ROW.fill(language, &[("what", &used.what.say(language))]),
            ],
            Self::Unassigned(first, last) => {
                let text = match Class::of(first) {
                    Class::Dynamic => words::NEVER_ASSIGNED,
                    _ => words::UNASSIGNED,
                };
                let text = text.say(language).to_owned();
                [span(first, last), "-".to_owned(), "-".to_owned(), text]
            }
        }
    }
}

/// Every port from `first` to `last`: what IANA says, customs, and the gaps.
pub(super) fn between(first: u16, last: u16) -> Vec<Row> {
    let registered = registered_between(first, last);
    let mut rows = Vec::new();
    let mut next = u32::from(first);
    for row in &registered {
        let port = u32::from(row.port);
        push_gap(&mut rows, next, port);
        next = next.max(port + 1);
        rows.push(Row::Registered(*row));
    }
    push_gap(&mut rows, next, u32::from(last) + 1);
    let customs = USES
        .iter()
        .filter(|used| used.by == By::Custom && used.first <= last && used.last >= first);
    rows.extend(customs.map(Row::Custom));
    rows.sort_by_key(|row| row.first());
    rows
}

/// The ports from `first` up to `end`, `end` not among them, cut where the never assigned ones begin.
fn push_gap(rows: &mut Vec<Row>, first: u32, end: u32) {
    for class in Class::ALL {
        let (low, high) = class.ends();
        let (low, high) = (first.max(low.into()), end.min(u32::from(high) + 1));
        let last = u16::try_from(high.saturating_sub(1));
        let (true, Ok(low), Ok(last)) = (low < high, u16::try_from(low), last) else {
            continue;
        };
        match rows.last_mut() {
            // Unassigned ports of two classes are one gap; those that never are assigned begin anew.
            Some(Row::Unassigned(_, before)) if *class != Class::Dynamic && *before + 1 == low => {
                *before = last;
            }
            _ => rows.push(Row::Unassigned(low, last)),
        }
    }
}

/// Every line with `word` in it; capitals make no difference.
pub(super) fn found(word: &str, language: Language) -> Vec<Row> {
    let word = word.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&word);
    let mut rows: Vec<Row> = registered_between(0, u16::MAX)
        .into_iter()
        .filter(|row| {
            row.name.is_some_and(|name| {
                has(name)
                    || has(row.description)
                    || customary_names(row.port).any(has)
                    || USES.iter().any(|used| {
                        used.by == By::Registry
                            && (used.first..=used.last).contains(&row.port)
                            && has(used.what.say(language))
                    })
            })
        })
        .map(Row::Registered)
        .collect();
    let customs = USES
        .iter()
        .filter(|used| used.by == By::Custom && has(used.what.say(language)));
    rows.extend(customs.map(Row::Custom));
    rows.sort_by_key(|row| row.first());
    rows
}

/// Writes the rows; a `width` is that of a terminal.
pub(super) fn write(
    out: &mut dyn Write,
    rows: &[Row],
    language: Language,
    width: Option<usize>,
) -> io::Result<()> {
    let mut table = Table::new(&[
        (words::HEAD_PORT.say(language), Align::Right),
        (words::HEAD_OVER.say(language), Align::Left),
        (words::HEAD_NAME.say(language), Align::Left),
        (words::HEAD_WHAT.say(language), Align::Left),
    ])
    .fitted(width);
    for row in rows {
        table.row(row.cells(language));
    }
    table.write(out)
}

/// Writes the line over a range: its ends and its classes.
pub(super) fn write_heading(
    out: &mut dyn Write,
    first: u16,
    last: u16,
    language: Language,
) -> io::Result<()> {
    let classes: Vec<&str> = Class::ALL
        .iter()
        .filter(|class| {
            let (low, high) = class.ends();
            low <= last && high >= first
        })
        .map(|of| card::class(*of).say(language))
        .collect();
    let classes = classes.join("; ");
    let places: [(&str, &dyn std::fmt::Display); 3] =
        [("first", &first), ("last", &last), ("classes", &classes)];
    writeln!(out, "{}", words::RANGE.fill(language, &places))
}

/// Writes the short list.
pub(super) fn write_everyday(
    out: &mut dyn Write,
    language: Language,
    width: usize,
) -> io::Result<()> {
    let mut table = Table::new(&[
        (words::HEAD_PORT.say(language), Align::Right),
        (words::HEAD_OVER.say(language), Align::Left),
        (words::HEAD_NAME.say(language), Align::Left),
        (words::HEAD_SECURE.say(language), Align::Right),
        (words::HEAD_WHAT.say(language), Align::Left),
    ])
    .fitted(Some(width));
    for used in USES.iter().filter(|used| used.everyday) {
        let name = match used.by {
            By::Registry => name_over(used.first, used.transports),
            By::Custom => "*".to_owned(),
        };
        let secure = sisters::secure(used.first).map_or_else(String::new, |port| port.to_string());
        table.row([
            span(used.first, used.last),
            used.transports.to_string(),
            name,
            secure,
            used.what.say(language).to_owned(),
        ]);
    }
    table.write(out)?;
    let mut end = Table::without_headings(&[Align::Left]).fitted(Some(width));
    end.row([words::EVERYDAY_END.say(language)]);
    end.write(out)
}

/// `443`, or `6881-6889`.
pub(super) fn span(first: u16, last: u16) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_covers_every_port_once_beside_the_customs() {
        for (first, last) in [
            (0, 1100),
            (6881, 6889),
            (49_000, 65_535),
            (51, 51),
            (0, 65_535),
        ] {
            let mut next = u32::from(first);
            for row in between(first, last) {
                match row {
                    Row::Unassigned(low, high) => {
                        assert_eq!(u32::from(low), next, "{row:?}");
                        next = u32::from(high) + 1;
                    }
                    Row::Registered(row) => {
                        let port = u32::from(row.port);
                        assert!(port == next || port + 1 == next, "{row:?}");
                        next = port + 1;
                    }
                    Row::Custom(_) => {}
                }
            }
            assert_eq!(next, u32::from(last) + 1);
        }
    }

    #[test]
    fn a_search_looks_at_names_descriptions_and_customs() {
        let ports = |word: &str, language| {
            let rows = found(word, language);
            rows.iter().map(|row| row.first()).collect::<Vec<u16>>()
        };
        assert!(ports("SMTP", Language::English).contains(&25));
        assert!(ports("mail", Language::English).contains(&220));
        assert_eq!(ports("minecraft", Language::English), [19132, 25565]);
        assert!(ports("correo", Language::Spanish).contains(&25));
        assert!(ports("postgres", Language::English).contains(&5432));
        assert!(ports("no such thing", Language::English).is_empty());
    }
}
