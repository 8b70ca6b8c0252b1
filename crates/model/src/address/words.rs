//! A command line split into words as a shell would, without one: quotes and backslash, and nothing else, are special.

use super::error::AddressProblem;

/// The words of a command, and the text behind the `#` that starts an unquoted word, if there is one.
///
/// The rules are those of the shell's quoting
/// ([POSIX, 2.2](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02)); `$`, `*`, `~`
/// and the like stay as they are. The operators `| & ; < >` outside quotes are an error, since a person who writes
/// them expects a shell.
pub(super) fn split(text: &str) -> Result<(Vec<String>, Option<&str>), AddressProblem> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => return Ok((words, Some(&text[at + 1..]))),
            '\'' => quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, next)) => word.get_or_insert_default().push(next),
                None => return Err(AddressProblem::TrailingBackslash),
            },
            '|' | '&' | ';' | '<' | '>' => {
                return Err(AddressProblem::ShellOperator { operator: c });
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok((words, None))
}

fn quoted(chars: &mut std::str::CharIndices<'_>, word: &mut String) -> Result<(), AddressProblem> {
    for (_, c) in chars {
        if c == '\'' {
            return Ok(());
        }
        word.push(c);
    }
    Err(AddressProblem::UnclosedQuote { quote: '\'' })
}

fn double_quoted(
    chars: &mut std::str::CharIndices<'_>,
    word: &mut String,
) -> Result<(), AddressProblem> {
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, next @ ('"' | '\\' | '$' | '`'))) => word.push(next),
                Some((_, next)) => word.extend(['\\', next]),
                None => break,
            },
            _ => word.push(c),
        }
    }
    Err(AddressProblem::UnclosedQuote { quote: '"' })
}

/// The words as one line that [`split`] takes apart again; a word is quoted only where it must be.
pub(super) fn join(words: &[String]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        // A command that begins with // would lose the two strokes to SCHEME://.
        let plain = !word.is_empty() && word.chars().all(is_plain);
        if plain && !word.starts_with('#') && !word.starts_with("//") {
            line.push_str(word);
        } else {
            line.push('\'');
            line.push_str(&word.replace('\'', r"'\''"));
            line.push('\'');
        }
    }
    line
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "%+,-./:=@_#".contains(c)
}
