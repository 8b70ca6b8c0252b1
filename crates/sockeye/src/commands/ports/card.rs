//! One port as text: a heading, then a line for each thing that is known about it.

use std::io::{self, Write};

use sockeye_local::{Class, Registered};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::{Align, Table};

use super::entry::{Entry, Here, name_of};
use super::uses::By;
use super::words;

/// Writes what is known of a port, in at most `width` columns.
pub(super) fn write(
    out: &mut dyn Write,
    entry: &Entry,
    here: &Here,
    language: Language,
    width: usize,
) -> io::Result<()> {
    let class = class(entry.class).say(language);
    let heading = words::PORT.fill(language, &[("port", &entry.port), ("class", &class)]);
    writeln!(out, "{heading}")?;
    let columns = [Align::Left, Align::Left];
    let mut table = Table::without_headings(&columns)
        .indented(2)
        .fitted(Some(width));
    // A label stands once, before the first of its lines.
    let mut before = "";
    let mut line = |label: &'static str, text: &str| {
        let repeated = std::mem::replace(&mut before, label) == label;
        table.row([if repeated { "" } else { label }, text]);
    };
    let say = |text: Text| text.say(language);
    match entry.class {
        _ if !entry.registered.is_empty() => {
            for row in &entry.registered {
                line("IANA", &of_row(row, language));
            }
        }
        Class::Dynamic => line("IANA", say(words::NEVER_ASSIGNED)),
        _ => line("IANA", say(words::UNASSIGNED)),
    }
    if !entry.also.is_empty() {
        line(say(words::ALSO), &entry.also.join(", "));
    }
    for listed in entry.differing() {
        let places: [(&str, &dyn std::fmt::Display); 2] =
            [("name", &listed.name), ("transport", &listed.protocol)];
        line("services", &words::SERVICES.fill(language, &places));
    }
    for used in entry.uses.iter().filter(|used| used.by == By::Registry) {
        line(say(words::USE), say(used.what));
    }
    for used in entry.customs() {
        let places: [(&str, &dyn std::fmt::Display); 2] =
            [("what", &say(used.what)), ("transports", &used.transports)];
        line(
            say(words::CUSTOM),
            &words::CUSTOM_USE.fill(language, &places),
        );
    }
    if let Some(secure) = entry.secure {
        let text = match entry.port {
            25 => words::SECURE_OF_MAIL,
            _ => words::SECURE_SISTER,
        };
        line(say(words::SECURE), &sister(text, secure, language));
    }
    for plain in &entry.plain {
        let text = match plain {
            23 => words::PLAIN_TELNET,
            25 => words::PLAIN_OF_SERVERS,
            _ => words::PLAIN_SISTER,
        };
        line(say(words::PLAIN), &sister(text, *plain, language));
    }
    if let Some(verdict) = entry.verdict {
        line(say(words::NOTE), say(verdict));
    }
    line(say(words::HERE), &here.line(entry.port, language));
    table.write(out)
}

/// The class with its ends.
pub(super) fn class(class: Class) -> Text {
    match class {
        Class::WellKnown => words::WELL_KNOWN,
        Class::Registered => words::REGISTERED,
        Class::Dynamic => words::DYNAMIC,
    }
}

fn sister(text: Text, port: u16, language: Language) -> String {
    text.fill(language, &[("port", &port), ("name", &name_of(port))])
}

/// `https (tcp, udp): http protocol over TLS/SSL`, or `Reserved (udp)` where there is no name.
fn of_row(row: &Registered, language: Language) -> String {
    let transports = row.transports;
    match (row.name, row.description) {
        (Some(name), "") => format!("{name} ({transports})"),
        (Some(name), description) => format!("{name} ({transports}): {description}"),
        (None, "") => format!("{} ({transports})", words::UNASSIGNED.say(language)),
        (None, description) => format!("{description} ({transports})"),
    }
}
