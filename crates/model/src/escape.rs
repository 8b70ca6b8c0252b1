//! What a peer sends, made harmless for a terminal: nothing that moves the cursor, changes colours or reorders text gets through.
//!
//! Everything a view shows that sockeye did not write itself goes through here: data, process names, paths, names
//! of hosts. Printable Unicode stays as it is; control characters (C0, DEL, C1), the bidirectional controls
//! ([UAX #9](https://www.unicode.org/reports/tr9/)), line separators and invisible characters become escapes, and
//! bytes that are no UTF-8 become `\xNN`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Which characters stay.
#[derive(Clone, Copy)]
struct Keep {
    /// `\n` and `\t` stay: the text keeps its lines.
    lines: bool,
    /// A backslash stays single, so the escapes can't be told from the text.
    backslash: bool,
    /// Characters beyond ASCII stay.
    unicode: bool,
}

/// Escapes `bytes` to one line that shows exactly what was there: `\n`, `\t`, `\\`, `\x1b`, `\u{202e}`, `\xff`.
///
/// ```
/// assert_eq!(sockeye_model::escape::escape_line("hola\n\u{1b}[2J ¿qué?".as_bytes()), r"hola\n\x1b[2J ¿qué?");
/// assert_eq!(sockeye_model::escape::escape_line(b"\xff\\"), r"\xff\\");
/// ```
pub fn escape_line(bytes: &[u8]) -> String {
    let keep = Keep {
        lines: false,
        backslash: false,
        unicode: true,
    };
    escape(bytes, keep)
}

/// As [`escape_line`], and characters beyond ASCII become escapes too: `ñ` is `\u{f1}`.
pub fn escape_line_ascii(bytes: &[u8]) -> String {
    let keep = Keep {
        lines: false,
        backslash: false,
        unicode: false,
    };
    escape(bytes, keep)
}

/// Escapes data that is shown as itself on a terminal: line ends, tabs and backslashes stay, the rest is as in [`escape_line`].
///
/// A carriage return stays only in front of a line feed; alone it would let a peer overwrite the line.
/// Call it with whole lines or keep what [`incomplete_tail`] says for the next call, so that no character is cut in two.
///
/// ```
/// assert_eq!(sockeye_model::escape::escape_text(b"a\tb\r\nc\rd\x07\n"), "a\tb\r\nc\\rd\\x07\n");
/// ```
pub fn escape_text(bytes: &[u8]) -> String {
    let keep = Keep {
        lines: true,
        backslash: true,
        unicode: true,
    };
    escape(bytes, keep)
}

/// Escapes a name or a path that goes into a line: as [`escape_line`], except that a backslash stays single.
pub fn escape_name(name: &str) -> Cow<'_, str> {
    if name.chars().all(|c| !is_unsafe(c)) {
        return Cow::Borrowed(name);
    }
    let keep = Keep {
        lines: false,
        backslash: true,
        unicode: true,
    };
    Cow::Owned(escape(name.as_bytes(), keep))
}

/// Escapes the text of a message to one line as it was meant: as [`escape_line`], except that tabs and backslashes stay.
///
/// ```
/// assert_eq!(sockeye_model::escape::escape_message("a\tb\\c\r\n\u{1b}".as_bytes()), "a\tb\\c\\r\\n\\x1b");
/// ```
pub fn escape_message(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| c == '\t' || !is_unsafe(c)) => Cow::Borrowed(text),
        _ => Cow::Owned(escape_text(bytes).replace('\r', "\\r").replace('\n', "\\n")),
    }
}

/// JSON that means the same, with every character that could act on a terminal or hide something written as `\uXXXX`.
///
/// RFC 8259 allows such characters in strings as they are, and `serde_json` writes them so. White space between the values
/// passes.
///
/// ```
/// assert_eq!(sockeye_model::escape::escape_json("[\"a\u{202e}b\"]\n"), "[\"a\\u202eb\"]\n");
/// ```
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let passes = |c: char| matches!(c, '\n' | '\r' | '\t') || !is_unsafe(c);
    if json.chars().all(passes) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if passes(character) {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                push(&mut text, format_args!("\\u{unit:04x}"));
            }
        }
    }
    Cow::Owned(text)
}

/// The first characters of `bytes`, escaped to one line of at most `columns` columns; ends with `…` (`...` in ASCII) if there is more.
///
/// An escape is never cut in two. Only the first few bytes are looked at, however many there are.
pub fn preview(bytes: &[u8], columns: usize, ascii: bool) -> String {
    // An escaped byte gives at least a quarter of a column's worth of bytes: no character has more than four.
    let looked_at = bytes.len().min(columns.saturating_mul(4).saturating_add(4));
    let keep = Keep {
        lines: false,
        backslash: false,
        unicode: !ascii,
    };
    let ellipsis = if ascii { "..." } else { "…" };
    let mut shown = String::with_capacity(columns.min(4 * looked_at) + 4);
    let mut used = 0;
    // As much of it as leaves room for the ellipsis.
    let mut fits = 0;
    let room = columns.saturating_sub(ellipsis.chars().count());
    let mut left = &bytes[..looked_at];
    while !left.is_empty() {
        let (length, character) = first_character(left);
        let before = shown.len();
        escape_into(&mut shown, left, (length, character), keep);
        used += self::columns(&shown[before..]);
        if used > columns {
            break;
        }
        if used <= room {
            fits = shown.len();
        }
        left = &left[length..];
    }
    if !left.is_empty() || looked_at < bytes.len() {
        shown.truncate(fits);
        shown.push_str(ellipsis);
    }
    shown
}

/// How many bytes at the end of `bytes` begin a UTF-8 character that is not complete yet; 0 to 3.
///
/// Whoever shows a stream keeps these for its next piece, so that a character cut in two by the network is shown whole.
///
/// ```
/// assert_eq!(sockeye_model::escape::incomplete_tail("año".as_bytes().split_at(2).0), 1);
/// ```
pub fn incomplete_tail(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        if byte & 0b1100_0000 != 0b1000_0000 {
            let needed = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            return if needed > back { back } else { 0 };
        }
    }
    0
}

/// The columns a text takes on a terminal: wide characters two, combining marks none.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(columns_of).sum()
}

/// The columns one printable character takes, from the blocks of [UAX #11](https://www.unicode.org/reports/tr11/).
pub fn columns_of(character: char) -> usize {
    match u32::from(character) {
        // Most of what is asked for, without a search for it.
        ..0x0300 => 1,
        0x0300..=0x036f
        | 0x0483..=0x0489
        | 0x0591..=0x05bd
        | 0x0610..=0x061a
        | 0x064b..=0x065f
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x200c..=0x200d
        | 0x20d0..=0x20f0
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f
        | 0xe0100..=0xe01ef => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xa960..=0xa97c
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Whether a character could act on the terminal or hide what a line says.
///
/// ```
/// use sockeye_model::escape::is_unsafe;
/// assert!(is_unsafe('\u{1b}') && is_unsafe('\u{202e}') && !is_unsafe('ñ'));
/// ```
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x00ad // soft hyphen
            | 0x061c // Arabic letter mark
            | 0x115f | 0x1160 | 0x3164 | 0xffa0 // fillers: look like nothing
            | 0x180e
            | 0x200b // zero-width space
            | 0x200e | 0x200f // left-to-right and right-to-left marks
            | 0x2028..=0x202e // line and paragraph separators, embeddings and overrides
            | 0x2060..=0x206f // word joiner, isolates, deprecated format characters
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xe0000..=0xe007f) // tags
}

fn escape(bytes: &[u8], keep: Keep) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    let mut left = bytes;
    while !left.is_empty() {
        let (length, character) = first_character(left);
        escape_into(&mut text, left, (length, character), keep);
        left = &left[length..];
    }
    text
}

/// The length of the first character, and the character, if it is one; a byte that is none stands alone.
fn first_character(bytes: &[u8]) -> (usize, Option<char>) {
    if let Some(byte) = bytes.first().filter(|byte| byte.is_ascii()) {
        return (1, Some(char::from(*byte)));
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or(""),
    };
    match valid.chars().next() {
        Some(character) => (character.len_utf8(), Some(character)),
        None => (1, None),
    }
}

/// Appends the first character of `bytes`, which [`first_character`] found.
fn escape_into(text: &mut String, bytes: &[u8], first: (usize, Option<char>), keep: Keep) {
    let (length, Some(character)) = first else {
        return push_byte(text, bytes[0]);
    };
    match character {
        ' '..='[' | ']'..='~' => text.push(character),
        '\n' | '\t' if keep.lines => text.push(character),
        '\r' if keep.lines && bytes.get(length) == Some(&b'\n') => text.push(character),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\\' if !keep.backslash => text.push_str("\\\\"),
        _ if character.is_ascii_control() => push_byte(text, bytes[0]),
        _ if is_unsafe(character) || (!keep.unicode && !character.is_ascii()) => {
            push(text, format_args!("\\u{{{:x}}}", u32::from(character)));
        }
        _ => text.push(character),
    }
}

/// Appends `\xNN`.
fn push_byte(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.push_str("\\x");
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(DIGITS[usize::from(digit)]));
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_what_acts_on_a_terminal() {
        let json = "{\n\t\"é\": \"\u{7f}\u{9b}\u{2066}\u{e0001}\"\r\n}";
        assert_eq!(
            escape_json(json),
            "{\n\t\"é\": \"\\u007f\\u009b\\u2066\\udb40\\udc01\"\r\n}"
        );
        assert!(matches!(escape_json("{\"é\": 1}\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_gets_through() {
        for code in (0..0x20).chain(0x7f..0xa0) {
            let character = char::from_u32(code).unwrap();
            let shown = escape_line(character.to_string().as_bytes());
            assert!(shown.starts_with('\\'), "{code:#x} gave {shown:?}");
        }
        for range in [0x200e..=0x200f, 0x202a..=0x202e, 0x2066..=0x2069] {
            for code in range {
                let character = char::from_u32(code).unwrap();
                assert_eq!(
                    escape_line(character.to_string().as_bytes()),
                    format!("\\u{{{code:x}}}")
                );
            }
        }
    }

    #[test]
    fn printable_text_stays_as_it_is() {
        assert_eq!(
            escape_line("¿qué tal? 日本 👍".as_bytes()),
            "¿qué tal? 日本 👍"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_one_by_one() {
        assert_eq!(
            escape_line(b"a\xc3(\xe2\x82\x00\xffb"),
            r"a\xc3(\xe2\x82\x00\xffb"
        );
    }

    #[test]
    fn a_preview_never_cuts_an_escape_and_says_that_there_is_more() {
        assert_eq!(preview(b"hola\n", 6, false), r"hola\n");
        assert_eq!(preview(b"hola\n", 5, false), "hola…");
        assert_eq!(preview(b"\x1b\x1b\x1b", 9, false), r"\x1b\x1b…");
        assert_eq!(preview("日本語".as_bytes(), 5, false), "日本…");
        assert_eq!(preview("ñandú".as_bytes(), 9, true), r"\u{f1}...");
        assert_eq!(preview(b"", 5, false), "");
    }

    #[test]
    fn a_preview_fits_whatever_the_bytes_are() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for width in 3..80 {
            for start in (0..256).step_by(7) {
                let shown = preview(&bytes[start..], width, false);
                assert!(columns(&shown) <= width, "{shown:?} in {width}");
            }
        }
    }

    #[test]
    fn a_carriage_return_alone_cannot_overwrite_a_line() {
        assert_eq!(escape_text(b"real\rfake"), "real\\rfake");
        assert_eq!(escape_text(b"web\r\n"), "web\r\n");
    }

    #[test]
    fn a_character_cut_in_two_is_noticed() {
        assert_eq!(incomplete_tail("añ".as_bytes()), 0);
        assert_eq!(incomplete_tail(b"a\xf0\x9f\x91"), 3);
        assert_eq!(incomplete_tail(b"\xff"), 0);
        assert_eq!(incomplete_tail(b""), 0);
        assert_eq!(incomplete_tail(b"\x80\x80\x80\x80"), 0);
    }
}
