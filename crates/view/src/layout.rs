//! Text in columns: wrapping, padding, colours, and the plain form for terminals without Unicode.

use crate::escape::{columns, columns_of};

/// Stands for a space at which no line is broken, within our own texts; what comes from outside never holds it,
/// since control characters are escaped.
pub(crate) const GLUE: char = '\u{1f}';

/// Holds the words of a phrase together: a command to type, a preposition with its address.
pub(crate) fn glued(phrase: &str) -> String {
    phrase.replace(' ', "\u{1f}")
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word is broken where it must be.
///
/// Spaces within a line stay as many as they are: they may be somebody's data.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if !text.is_empty() && columns(text) <= width {
        return vec![unglued(text.to_owned())];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c| c != ' ').unwrap_or(rest.len());
        let end = end_of_word(rest, start);
        let mut word = &rest[start..end];
        let mut length = columns(word);
        rest = &rest[end..];
        if used > 0 && used + start + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else {
            let spaces = if lines.is_empty() || used > 0 {
                start
            } else {
                0
            };
            let spaces = spaces.min(width - used);
            line.extend(std::iter::repeat_n(' ', spaces));
            used += spaces;
        }
        while used + length > width {
            let cut = fitting(word, width - used);
            line.push_str(&word[..cut]);
            lines.push(std::mem::take(&mut line));
            used = 0;
            word = &word[cut..];
            length = columns(word);
        }
        line.push_str(word);
        used += length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines.into_iter().map(unglued).collect()
}

/// With spaces again where no line was to be broken.
fn unglued(line: String) -> String {
    // A byte of its own, which is in no other character.
    match line.as_bytes().contains(&(GLUE as u8)) {
        true => line.replace(GLUE, " "),
        false => line,
    }
}

/// Where the word that begins at `start` ends; a number is not parted from its unit.
fn end_of_word(text: &str, start: usize) -> usize {
    let end = text[start..].find(' ').map_or(text.len(), |at| start + at);
    let is_number = text[..end].ends_with(|c: char| c.is_ascii_digit());
    let rest = text[end..].strip_prefix(' ').unwrap_or("");
    let unit: &str = rest
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    if is_number && ["B", "s", "ms"].contains(&unit) {
        let after = &rest[unit.len()..];
        return end + 1 + unit.len() + after.find(' ').unwrap_or(after.len());
    }
    end
}

/// How many bytes of `text` fit into `width` columns; one character at least.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += columns_of(character);
        if used > width && index > 0 {
            return index;
        }
    }
    text.len()
}

/// Appends `text` and spaces up to `width` columns.
pub(crate) fn pad(line: &mut String, text: &str, width: usize) {
    line.push_str(text);
    for _ in columns(text)..width {
        line.push(' ');
    }
}

/// Cuts `text` to `width` columns, with an ellipsis where something is missing.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    let mut short = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += columns_of(character);
        if used > width - 1 {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Phrases with commas between them, as many in a line as fit.
pub(crate) fn phrases_in_lines(phrases: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, phrase) in phrases.iter().enumerate() {
        let comma = if index + 1 < phrases.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(phrase) + comma.len() <= width => {
                line.push(' ');
                line.push_str(phrase);
                line.push_str(comma);
            }
            _ => lines.push(format!("{phrase}{comma}")),
        }
    }
    lines
}

/// The plain form of a line: letters without accents, arrows and boxes of ASCII. Columns stay where they are.
pub(crate) fn to_ascii(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '─' | '–' | '—' => '-',
            '═' => '=',
            '│' | '┊' => '|',
            '▶' | '→' | '›' => '>',
            '◀' | '←' | '‹' => '<',
            '✓' => '+',
            '✗' => 'x',
            '·' => '-',
            '…' => '~',
            'á' | 'à' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' | 'µ' => 'u',
            'ñ' => 'n',
            'Á' => 'A',
            'É' => 'E',
            'Í' => 'I',
            'Ó' => 'O',
            'Ú' => 'U',
            'Ñ' => 'N',
            '¿' | '¡' => ' ',
            '“' | '”' | '«' | '»' => '"',
            _ if character.is_ascii() => character,
            _ => '?',
        })
        .collect()
}

/// A colour of the terminal's own palette, by what it stands for. Shape says it first; colour only helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    Plain,
    /// Reasons, headings: may be skipped.
    Dim,
    /// Bytes going out, the arrows of the left column.
    Out,
    /// Bytes coming in, the arrows of the right column.
    In,
    /// Opening and closing.
    Joint,
    /// It went wrong.
    Wrong,
    /// It went well.
    Well,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "2",
            Self::Out => "36",
            Self::In => "33",
            Self::Joint => "1",
            Self::Wrong => "31",
            Self::Well => "32",
        }
    }

    /// Appends `text` in this colour; the colour is always ended.
    pub(crate) fn put(self, line: &mut String, text: &str, colour: bool) {
        if !colour || self == Self::Plain || text.trim().is_empty() {
            line.push_str(text);
            return;
        }
        line.push_str("\u{1b}[");
        line.push_str(self.code());
        line.push('m');
        line.push_str(text);
        line.push_str("\u{1b}[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_spaces() {
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(wrap("", 7), Vec::<String>::new());
        assert_eq!(wrap("a   b c", 5), ["a   b", "c"]);
        assert_eq!(wrap("rests ~60 s (x)", 9), ["rests", "~60 s (x)"]);
        assert_eq!(wrap(&format!("try: {}", glued("a b")), 7), ["try:", "a b"]);
        assert_eq!(wrap("got 12 B, 3 ms", 8), ["got", "12 B,", "3 ms"]);
    }

    #[test]
    fn a_word_that_does_not_fit_is_broken() {
        assert_eq!(wrap("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
    }

    #[test]
    fn a_text_is_shortened_with_a_sign_of_it() {
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
        assert_eq!(shorten("abcd", 0), "");
    }

    #[test]
    fn the_plain_form_keeps_every_column() {
        let line = " 0,001 │◀════ conexión ═══▶│ … ¿qué?";
        assert!(to_ascii(line).is_ascii());
        assert_eq!(columns(&to_ascii(line)), columns(line));
    }
}
