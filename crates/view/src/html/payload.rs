//! What a call carried, as text and as bytes.

use super::markup::Page;
use crate::catalogue::{self, pictures};
use crate::escape::escape_text;
use crate::hex::rows::Rows;
use crate::story::Data;

/// Bytes in a row.
const WIDTH: usize = 16;

/// The two forms, one above the other.
pub(super) fn show(page: &mut Page, data: &Data) {
    page.raw("<div class=\"bytes\">");
    let shown = data.head.len() as u64;
    if shown < data.len {
        let (shown, all) = (
            catalogue::bytes(shown, page.language),
            catalogue::bytes(data.len, page.language),
        );
        page.raw("<p class=\"quiet\">");
        page.text(&pictures::FIRST_BYTES.fill(page.language, &[("shown", &shown), ("all", &all)]));
        page.raw("</p>");
    }
    // Before a line feed a carriage return would stay as it is, and not be seen.
    let text = escape_text(&data.head).replace('\r', "\\r");
    form(page, pictures::AS_TEXT, &text);
    let mut rows = Vec::new();
    Rows::new(WIDTH, "").append(&mut rows, 0, &data.head);
    form(page, pictures::AS_HEX, &String::from_utf8_lossy(&rows));
    page.raw("</div>");
}

fn form(page: &mut Page, name: catalogue::Text, shown: &str) {
    page.raw("<pre tabindex=\"0\" aria-label=\"");
    page.say(name);
    page.raw("\">");
    // A first line end is not part of what stands in a <pre>.
    page.raw("\n");
    page.text(shown.trim_end_matches('\n'));
    page.raw("</pre>");
}
