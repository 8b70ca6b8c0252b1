//! The text of a master file, taken apart into entries and words: [RFC 1035, section 5.1](https://www.rfc-editor.org/rfc/rfc1035#section-5.1).
//!
//! Lines are counted here, so that every error can name its own.

use super::error::Reason;

/// One entry: a line, or several that parentheses hold together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    /// It begins with a blank: "the RR is assumed to be owned by the last stated owner".
    pub(crate) no_owner: bool,
    pub(crate) words: Vec<Word<'a>>,
}

/// A word as it is written, escapes and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// Without the quotation marks around it.
    pub(crate) text: &'a [u8],
    pub(crate) quoted: bool,
    pub(crate) line: usize,
}

/// The entries of a text that are not empty, one after the other.
pub(crate) struct Entries<'a> {
    rest: &'a [u8],
    line: usize,
}

/// What is wrong, and in which line.
pub(crate) type Wrong = (usize, Reason);

impl<'a> Entries<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
            line: 1,
        }
    }

    /// The next entry; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Entry<'a>>, Wrong> {
        while !self.rest.is_empty() {
            let entry = self.entry()?;
            if !entry.words.is_empty() {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn entry(&mut self) -> Result<Entry<'a>, Wrong> {
        let mut entry = Entry {
            line: self.line,
            no_owner: matches!(self.rest.first(), Some(b' ' | b'\t')),
            words: Vec::new(),
        };
        // Where the parenthesis that is still open stands.
        let mut opened = None;
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'\n' => {
                    self.rest = &self.rest[1..];
                    self.line += 1;
                    if opened.is_none() {
                        return Ok(entry);
                    }
                }
                b' ' | b'\t' | b'\r' => self.rest = &self.rest[1..],
                b';' => {
                    let end = self.rest.iter().position(|byte| *byte == b'\n');
                    self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
                }
                b'(' if opened.is_none() => {
                    opened = Some(self.line);
                    self.rest = &self.rest[1..];
                }
                b')' if opened.is_some() => {
                    opened = None;
                    self.rest = &self.rest[1..];
                }
                b'(' | b')' => return Err((self.line, Reason::Parenthesis)),
                b'"' => {
                    let word = self.quoted()?;
                    entry.words.push(word);
                }
                _ => {
                    let word = self.word()?;
                    entry.words.push(word);
                }
            }
        }
        match opened {
            None => Ok(entry),
            Some(line) => Err((line, Reason::Unclosed('('))),
        }
    }

    /// "a string beginning with a \" and ending with a \"". It may go over lines.
    fn quoted(&mut self) -> Result<Word<'a>, Wrong> {
        let line = self.line;
        let text = &self.rest[1..];
        let end = closing(text).ok_or((line, Reason::Unclosed('"')))?;
        let text = &text[..end];
        self.line += text.iter().filter(|byte| **byte == b'\n').count();
        self.rest = &self.rest[end + 2..];
        Ok(Word {
            text,
            quoted: true,
            line,
        })
    }

    /// "a contiguous set of characters without interior spaces"; a part of it may be quoted, as in `alpn="h2,h3"`.
    fn word(&mut self) -> Result<Word<'a>, Wrong> {
        let line = self.line;
        let mut end = 0;
        while let Some(&byte) = self.rest.get(end) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' => break,
                // Not a line's end: there it is a lone backslash, which whoever reads the word refuses.
                b'\\' if self.rest.get(end + 1).is_some_and(|next| *next != b'\n') => end += 2,
                b'"' => {
                    let quoted = &self.rest[end + 1..];
                    let len = closing(quoted).ok_or((line, Reason::Unclosed('"')))?;
                    self.line += quoted[..len].iter().filter(|byte| **byte == b'\n').count();
                    end += len + 2;
                }
                _ => end += 1,
            }
        }
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Word {
            text,
            quoted: false,
            line,
        })
    }
}

/// Where the quotation mark that ends `text` stands.
fn closing(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// One character of a word: itself, or what `\X` and `\DDD` stand for.
///
/// "`\DDD` where each D is a digit is the octet corresponding to the decimal number described by DDD. The resulting
/// octet is assumed to be text and is not checked for special meaning."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Character {
    Plain(u8),
    Escaped(u8),
}

/// The characters of a word.
pub(crate) fn characters(text: &[u8]) -> impl Iterator<Item = Result<Character, Reason>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        rest = after;
        if first != b'\\' {
            return Some(Ok(Character::Plain(first)));
        }
        let escaped = match *rest {
            [
                a @ b'0'..=b'9',
                b @ b'0'..=b'9',
                c @ b'0'..=b'9',
                ref after @ ..,
            ] => {
                rest = after;
                let number = [a, b, c]
                    .iter()
                    .fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'));
                u8::try_from(number).map_err(|_| Reason::Escape)
            }
            [b'0'..=b'9', ..] | [] => Err(Reason::Escape),
            [other, ref after @ ..] => {
                rest = after;
                Ok(other)
            }
        };
        if escaped.is_err() {
            rest = &[];
        }
        Some(escaped.map(Character::Escaped))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<(usize, bool, Vec<String>)>, Wrong> {
        let mut entries = Entries::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(entry) = entries.next()? {
            let words = entry.words.iter();
            let words = words.map(|word| String::from_utf8_lossy(word.text).into_owned());
            found.push((entry.line, entry.no_owner, words.collect()));
        }
        Ok(found)
    }

    #[test]
    fn entries_are_lines_but_for_parentheses_and_quotes() {
        let text = "; a comment\n\n@ SOA a b ( 1 ; serial\n 2\n) 3;end\n\tNS x\r\nt TXT \"a;(\\\" b\" c\\;d\nlast A 1";
        let found = all(text).unwrap();
        let words = |index: usize| found[index].2.join("|");
        assert_eq!(words(0), "@|SOA|a|b|1|2|3");
        assert_eq!((found[0].0, found[1].0, found[3].0), (3, 6, 8));
        assert_eq!(words(1), "NS|x");
        assert!(found[1].1 && !found[0].1);
        assert_eq!(words(2), "t|TXT|a;(\\\" b|c\\;d");
        assert_eq!(words(3), "last|A|1");
    }

    #[test]
    fn what_is_left_open_is_told_with_the_line_it_begins_in() {
        assert_eq!(all("a A 1\nb ( c\n\n"), Err((2, Reason::Unclosed('('))));
        assert_eq!(all("\na TXT \"x\n"), Err((2, Reason::Unclosed('"'))));
        assert_eq!(all("a A 1 )"), Err((1, Reason::Parenthesis)));
        assert_eq!(all("a ( ( b ) )"), Err((1, Reason::Parenthesis)));
        assert_eq!(all("a k=\"x\n"), Err((1, Reason::Unclosed('"'))));
    }

    #[test]
    fn an_escape_is_a_decimal_octet_or_the_character_itself() {
        let read = |text: &str| characters(text.as_bytes()).collect::<Result<Vec<_>, _>>();
        assert_eq!(
            read("a\\.\\065\\255").unwrap(),
            [
                Character::Plain(b'a'),
                Character::Escaped(b'.'),
                Character::Escaped(65),
                Character::Escaped(255)
            ]
        );
        for wrong in ["\\256", "\\06", "\\", "a\\9x"] {
            assert_eq!(read(wrong), Err(Reason::Escape), "{wrong}");
        }
    }
}
