//! The page of a folder: for a person, with or without a mouse, by day and by night, on a phone.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use sockeye_model::escape::escape_line;
use sockeye_model::text::{Language, Text};

use super::listing::{By, Entry, Listing, Order};
use super::path::encoded;
use crate::daytime::date;
use crate::http::words;

/// What else its host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The folder is all there is.
    Alone,
    /// There is a page above it.
    BesideOthers,
}

/// The response that carries a page: its style is the only thing in it that may do anything.
pub(super) fn response(page: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(page)).into_response()
}

/// The page of the folder at `path` below the one that is served, which is called `root`.
pub(super) fn page(
    root: &str,
    place: Place,
    path: &Path,
    listing: &Listing,
    order: Order,
    language: Language,
) -> String {
    let names: Vec<&[u8]> = path.iter().map(OsStrExt::as_bytes).collect();
    let shown = |name: &[u8]| html(&escape_line(name));
    let title = names.last().map_or_else(|| html(root), |name| shown(name));
    let mut page = String::with_capacity(4096 + listing.entries.len() * 200);
    let code = language.code();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"{}\">",
        words::PATH.say(language)
    );
    if place == Place::BesideOthers {
        let href = "../".repeat(names.len() + 1);
        let _ = write!(page, "<a href=\"{href}\">sockeye</a><i>/</i>");
    }
    let places = std::iter::once(html(root)).chain(names.iter().map(|name| shown(name)));
    for (depth, place) in places.enumerate() {
        let up = names.len() - depth;
        if up == 0 {
            let _ = write!(page, "<b aria-current=\"page\">{place}</b>");
        } else {
            let href = "../".repeat(up);
            let _ = write!(page, "<a href=\"{href}\">{place}</a><i>/</i>");
        }
    }
    page.push_str("</nav>\n<main>\n<table>\n<thead><tr>");
    for (by, text) in By::ALL.into_iter().zip(COLUMNS) {
        heading(&mut page, by, text, order, language);
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    if !names.is_empty() {
        let parent = words::PARENT.say(language);
        let _ = writeln!(
            page,
            "<tr class=\"up\"><td><a href=\"../\">{parent}</a></td><td></td><td></td></tr>"
        );
    }
    for entry in &listing.entries {
        row(&mut page, entry, language);
    }
    page.push_str("</tbody>\n</table>\n");
    let sum = match listing.entries.is_empty() {
        true => words::EMPTY.say(language).to_owned(),
        false => summary(listing, language),
    };
    let _ = write!(page, "</main>\n<footer>{sum}</footer>\n</body>\n</html>\n");
    page
}

fn heading(page: &mut String, by: By, text: Text, order: Order, language: Language) {
    let text = text.say(language);
    let (sorted, next) = match (by == order.by, order.descending) {
        (true, false) => (" aria-sort=\"ascending\"", "&amp;order=desc"),
        (true, true) => (" aria-sort=\"descending\"", ""),
        (false, _) => ("", ""),
    };
    let word = by.word();
    let _ = write!(
        page,
        "<th scope=\"col\"{sorted}><a href=\"?sort={word}{next}\">{text}</a></th>"
    );
}

fn row(page: &mut String, entry: &Entry, language: Language) {
    let slash = if entry.size.is_none() { "/" } else { "" };
    let name = html(&escape_line(&entry.name));
    let href = encoded(&entry.name);
    let size = entry
        .size
        .map_or_else(|| "–".to_owned(), |size| size_text(size, language));
    let exact = entry
        .size
        .map_or_else(String::new, |size| format!(" title=\"{size} B\""));
    let modified = entry.modified.map(time).unwrap_or_default();
    let _ = writeln!(
        page,
        "<tr><td><a href=\"{href}{slash}\">{name}{slash}</a></td><td{exact}>{size}</td><td>{modified}</td></tr>"
    );
}

fn summary(listing: &Listing, language: Language) -> String {
    let files = listing.entries.iter().filter_map(|entry| entry.size);
    let (count, size) = files.fold((0, 0_u64), |(count, size), one| {
        (count + 1, size.saturating_add(one))
    });
    let folders = listing.entries.len() - count;
    let size = size_text(size, language);
    let sum = words::SUM.fill(
        language,
        &[("folders", &folders), ("files", &count), ("size", &size)],
    );
    let shown = listing.entries.len();
    if listing.all > shown {
        let all = listing.all;
        let cut = words::FIRST.fill(language, &[("shown", &shown), ("all", &all)]);
        return format!("{cut} {sum}");
    }
    sum
}

/// `2026-11-22 17:08`, of UTC.
fn time(moment: SystemTime) -> String {
    let Ok(since) = moment.duration_since(UNIX_EPOCH) else {
        return String::new();
    };
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let month = month + 1;
    format!(
        "<time datetime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}Z\">\
         {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}</time>"
    )
}

/// `4.5 MB`, in powers of 1000.
fn size_text(size: u64, language: Language) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut unit = 0;
    let mut tenths = u128::from(size) * 10;
    while tenths >= 9_995 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let point = match language {
        Language::English => '.',
        Language::Spanish => ',',
    };
    let unit_name = UNITS[unit];
    if unit == 0 || whole >= 100 {
        format!("{whole} {unit_name}")
    } else {
        format!("{whole}{point}{tenth} {unit_name}")
    }
}

/// Text as it stands in HTML, also within an attribute.
fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

const COLUMNS: [Text; 3] = [
    words::COLUMN_NAME,
    words::COLUMN_SIZE,
    words::COLUMN_CHANGED,
];
const STYLE: &str = include_str!("page.css");
/// The hash is that of the style, so that no other can stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'sha256-XZ+vUEEyB3xs6XqEAPR+k7Re6s182rjyFJwRaOmnXJE='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_round() {
        let text = |size| size_text(size, Language::English);
        assert_eq!(text(0), "0 B");
        assert_eq!(text(999), "999 B");
        assert_eq!(text(1000), "1.0 kB");
        assert_eq!(text(1_049_000), "1.0 MB");
        assert_eq!(text(123_456_789), "123 MB");
        assert_eq!(text(999_999), "1.0 MB");
        assert_eq!(text(u64::MAX), "18.4 EB");
        assert_eq!(size_text(4_500_000, Language::Spanish), "4,5 MB");
    }

    #[test]
    fn a_moment_is_written_as_people_sort_it() {
        let moment = UNIX_EPOCH + std::time::Duration::from_secs(951_868_799);
        assert_eq!(
            time(moment),
            "<time datetime=\"2000-02-29T23:59Z\">2000-02-29 23:59</time>"
        );
    }

    #[test]
    fn no_name_becomes_markup() {
        let listing = Listing {
            entries: Vec::new(),
            all: 0,
        };
        let path = Path::new("<script>alert(1)</script>\"'&");
        let page = page(
            "<b>",
            Place::Alone,
            path,
            &listing,
            Order::default(),
            Language::English,
        );
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;"), "{page}");
        assert!(page.contains("&lt;b&gt;"), "{page}");
    }
}
