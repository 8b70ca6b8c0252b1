//! The answer on stdout: a record a line, as master files have them, in columns; of several servers who says what.

use sockeye_names::{NoReply, Record, Said, data_text, name_text, rcode_name, type_name};
use sockeye_view::catalogue::Language;

use super::entry::{By, Entry, server_text};
use super::words;

/// What one source says.
pub(super) fn of_one(entries: &[Entry<'_>], short: bool) -> String {
    if short {
        return short_text(entries.iter().flat_map(|entry| entry.of_its_type()));
    }
    let rows = rows(entries);
    let lines: Vec<(&Record, &str)> = rows.into_iter().map(|record| (record, "")).collect();
    table(&lines)
}

/// What several servers say: once what all say; else in groups, each under a line that names who says so, with what only
/// that group says marked. The lines between the records are comments of a master file.
pub(super) fn of_several(each: &[Vec<Entry<'_>>], short: bool, language: Language) -> String {
    if short {
        return short_text(each.iter().flatten().flat_map(|entry| entry.of_its_type()));
    }
    let groups = groups(each);
    if groups.len() == 1 {
        return of_one(&each[0], false);
    }
    let only_here = format!("  ; {}", words::ONLY_HERE.say(language));
    let mut text = String::new();
    for (at, group) in groups.iter().enumerate() {
        let names: Vec<String> = group.iter().map(|index| name_of(&each[*index])).collect();
        let heading = if names.len() == 1 {
            words::SAYS
        } else {
            words::SAY
        };
        let heading = heading.fill(language, &[("servers", &names.join(", "))]);
        text.push_str(&format!("; {heading}\n"));
        let entries = &each[group[0]];
        let others: Vec<Said> = groups
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .flat_map(|(_, group)| each[group[0]].iter().filter_map(said))
            .collect();
        let lines: Vec<(&Record, &str)> = rows(entries)
            .into_iter()
            .map(|record| {
                let known = others.iter().any(|said| said.has(record));
                (record, if known { "" } else { only_here.as_str() })
            })
            .collect();
        text.push_str(&table(&lines));
        for entry in entries.iter().filter(|entry| !entry.is_answered()) {
            text.push_str(&format!(
                "; {} {}: {}\n",
                name_text(&entry.question.name),
                type_name(entry.question.kind),
                code(entry)
            ));
        }
    }
    text
}

/// Whether not all servers say the same.
pub(super) fn differ(each: &[Vec<Entry<'_>>]) -> bool {
    groups(each).len() > 1
}

/// The servers that say the same, by their places.
fn groups(each: &[Vec<Entry<'_>>]) -> Vec<Vec<usize>> {
    let says: Vec<Vec<Result<Said, String>>> = each
        .iter()
        .map(|entries| {
            let each = entries.iter();
            each.map(|entry| said(entry).ok_or_else(|| code(entry)))
                .collect()
        })
        .collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, own) in says.iter().enumerate() {
        match groups.iter_mut().find(|group| says[group[0]] == *own) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

fn said(entry: &Entry<'_>) -> Option<Said> {
    match &entry.by {
        By::Dns {
            outcome: Ok(answer),
            ..
        } => Some(Said::of(answer)),
        _ => None,
    }
}

fn name_of(entries: &[Entry<'_>]) -> String {
    match entries.first().map(|entry| &entry.by) {
        Some(By::Dns { server, .. }) => server_text(server),
        _ => String::new(),
    }
}

/// In one word, what came in place of records.
pub(super) fn code(entry: &Entry<'_>) -> String {
    match &entry.by {
        By::Dns {
            outcome: Ok(answer),
            ..
        } => match answer.verdict {
            sockeye_names::Verdict::NoData => "NODATA".to_owned(),
            sockeye_names::Verdict::Referral => "REFERRAL".to_owned(),
            sockeye_names::Verdict::Loop => "LOOP".to_owned(),
            sockeye_names::Verdict::Elsewhere => "ALIAS".to_owned(),
            _ => rcode_name(answer.reply.message.metadata.response_code).into_owned(),
        },
        By::Dns {
            outcome: Err(error),
            ..
        } => match error {
            NoReply::TimedOut { .. } => "TIMEOUT".to_owned(),
            NoReply::Call { source, .. } => source.errno().to_string(),
            NoReply::Garbage { .. } => "GARBAGE".to_owned(),
            NoReply::Ended { .. } => "ENDED".to_owned(),
            NoReply::CutShort { .. } => "CUT".to_owned(),
        },
        _ => "NODATA".to_owned(),
    }
}

/// Every record once: the aliases that several types share are said where they come first.
pub(super) fn rows<'a>(entries: &'a [Entry<'_>]) -> Vec<&'a Record> {
    let mut rows: Vec<&Record> = Vec::new();
    for record in entries.iter().flat_map(Entry::records) {
        let same = |known: &&Record| {
            known.name == record.name
                && known.data == record.data
                && known.record_type() == record.record_type()
        };
        if !rows.iter().any(same) {
            rows.push(record);
        }
    }
    rows
}

pub(super) fn short_text<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for record in records {
        let line = data_text(&record.data);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Records in columns, each once.
pub(super) fn table_of<'a>(records: impl IntoIterator<Item = &'a Record>) -> String {
    let mut lines: Vec<(&Record, &str)> = Vec::new();
    for record in records {
        if !lines.iter().any(|(known, _)| *known == record) {
            lines.push((record, ""));
        }
    }
    table(&lines)
}

/// Name, TTL, type and data in columns; behind a line what is given with it.
fn table(lines: &[(&Record, &str)]) -> String {
    let cells: Vec<[String; 4]> = lines
        .iter()
        .map(|(record, _)| {
            [
                name_text(&record.name),
                record.ttl.to_string(),
                type_name(record.record_type()).into_owned(),
                data_text(&record.data),
            ]
        })
        .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (name, ttl, kind) = (width(0), width(1), width(2));
    cells
        .iter()
        .zip(lines)
        .map(|([a, b, c, d], (_, mark))| format!("{a:<name$} {b:>ttl$} {c:<kind$} {d}{mark}\n"))
        .collect()
}
