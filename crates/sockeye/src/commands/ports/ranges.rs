//! The classes of port numbers, and what this machine makes of them.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use sockeye_local::{Class, Limits};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::{Align, Table};

use super::list::span;
use super::words;

/// Writes both, in at most `width` columns.
pub(super) fn write(
    out: &mut dyn Write,
    limits: &Limits,
    language: Language,
    width: usize,
) -> io::Result<()> {
    let columns = [Align::Right, Align::Left, Align::Left];
    let table = || {
        Table::without_headings(&columns)
            .indented(2)
            .fitted(Some(width))
    };
    let say = |text: Text| text.say(language);
    let line = |out: &mut dyn Write, text: &str| {
        let mut line = Table::without_headings(&[Align::Left]).fitted(Some(width));
        line.row([text]);
        line.write(out)
    };
    line(out, say(words::RANGES_CLASSES))?;
    let mut classes = table();
    classes.row(["0", say(words::RANGES_ZERO_CLASS), say(words::RANGES_ZERO)]);
    for class in Class::ALL {
        let (first, last) = class.ends();
        let (name, text) = match class {
            Class::WellKnown => (words::WELL_KNOWN_CLASS, words::RANGES_WELL_KNOWN),
            Class::Registered => (words::REGISTERED_CLASS, words::RANGES_REGISTERED),
            Class::Dynamic => (words::DYNAMIC_CLASS, words::RANGES_DYNAMIC),
        };
        classes.row([span(first, last).as_str(), say(name), say(text)]);
    }
    classes.write(out)?;
    line(out, say(words::RANGES_HERE))?;
    let mut here = table();
    for (ports, name, text) in of_machine(limits, language) {
        here.row([ports.as_str(), say(name), &text]);
    }
    here.write(out)?;
    line(out, say(words::RANGES_OLD))
}

fn of_machine(limits: &Limits, language: Language) -> [(String, Text, String); 3] {
    let unknown = || {
        let text = words::RANGES_UNKNOWN.say(language).to_owned();
        ("?".to_owned(), text)
    };
    let of = |range: &RangeInclusive<u16>| span(*range.start(), *range.end());
    let none = |text: Text| ("-".to_owned(), text.say(language).to_owned());
    let chosen = limits.chosen_ports.as_ref().map(|range| {
        let count = range.len();
        let text = words::RANGES_CHOSEN_TEXT.fill(language, &[("count", &count)]);
        (of(range), text)
    });
    let privileged = limits.first_unprivileged_port.map(|start| match start {
        0 => none(words::RANGES_NONE_PRIVILEGED),
        start => {
            let text = words::RANGES_PRIVILEGED_TEXT.fill(language, &[("start", &start)]);
            (span(0, start - 1), text)
        }
    });
    let kept = limits
        .reserved_ports
        .as_ref()
        .map(|ranges| match &ranges[..] {
            [] => none(words::RANGES_NONE_KEPT),
            ranges => {
                let ranges: Vec<String> = ranges.iter().map(of).collect();
                let text = words::RANGES_KEPT_TEXT.say(language).to_owned();
                (ranges.join(","), text)
            }
        });
    [
        (words::RANGES_CHOSEN, chosen),
        (words::RANGES_PRIVILEGED, privileged),
        (words::RANGES_KEPT, kept),
    ]
    .map(|(name, found)| {
        let (ports, text) = found.unwrap_or_else(unknown);
        (ports, name, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(limits: &Limits, language: Language) -> String {
        let mut out = Vec::new();
        write(&mut out, limits, language, 80).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_limits_of_the_machine_are_said_as_they_are() {
        let limits = Limits {
            first_unprivileged_port: Some(80),
            chosen_ports: Some(10_000..=10_999),
            reserved_ports: Some(vec![8080..=8080, 9148..=9150]),
            ..Limits::default()
        };
        let text = text(&limits, Language::English);
        for piece in ["10000-10999", "1000 ports", "0-79", "8080,9148-9150"] {
            assert!(text.contains(piece), "{piece}: {text}");
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_and_not_made_up() {
        let printed = text(&Limits::default(), Language::English);
        assert_eq!(printed.matches("cannot be read").count(), 3, "{printed}");
        let none = Limits {
            first_unprivileged_port: Some(0),
            reserved_ports: Some(Vec::new()),
            ..Limits::default()
        };
        let printed = text(&none, Language::English);
        assert!(
            printed.contains("any program may bind any port"),
            "{printed}"
        );
        assert!(printed.contains("none is kept"), "{printed}");
    }
}
