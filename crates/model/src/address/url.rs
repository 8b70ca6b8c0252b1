//! The path and query of a WebSocket's URL: what may stand there, and the form it is kept in.

use super::error::AddressProblem;
use super::parse::Parsed;

/// A URL without its scheme and fragment: the authority, and the path with its query.
pub(super) struct Parts<'a> {
    /// Host and port, as typed.
    pub(super) authority: &'a str,
    /// From the first stroke or question mark on; may be empty.
    pub(super) path: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (authority, path) = text.split_at(text.find(['/', '?']).unwrap_or(text.len()));
        Self { authority, path }
    }

    /// What follows a name and password, if there is an `@` that ends them.
    pub(super) fn without_credentials(&self) -> Option<&'a str> {
        let (_, rest) = self.authority.rsplit_once('@')?;
        Some(rest)
    }
}

/// The path and query as they are sent, `None` where they are `/` alone: the origin-form of
/// [RFC 9112, section 3.2.1](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1), whose characters are those of
/// [RFC 3986, section 3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3).
///
/// As browsers do, what is visible and has no place in a URL is percent-encoded; blanks and control characters, which
/// come from a wrong paste more often than from a wish, are refused, and so is a `%` that encodes nothing.
pub(super) fn path_and_query(text: &str) -> Parsed<Option<String>> {
    let mut sent = String::with_capacity(text.len() + 1);
    if !text.starts_with('/') {
        sent.push('/');
    }
    for (at, (index, character)) in text.char_indices().enumerate() {
        match character {
            '%' if is_encoded(&text.as_bytes()[index + 1..]) => sent.push('%'),
            '%' | '#' => return Err(AddressProblem::BadUrlPath { character, at }),
            c if c.is_ascii_control() || c.is_whitespace() => {
                return Err(AddressProblem::BadUrlPath { character, at });
            }
            c if is_plain(c) => sent.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    sent.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    Ok((sent != "/").then_some(sent))
}

fn is_encoded(rest: &[u8]) -> bool {
    matches!(rest, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// `pchar`, and what separates: strokes, and the question mark that begins the query.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?".contains(c)
}
