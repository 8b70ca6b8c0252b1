//! Words as a shell must be given them, so that a printed command line works when it is pasted.

use std::borrow::Cow;

/// `word` as bash and zsh read it back: unchanged where nothing needs quoting.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+,=@%".contains(c);
    // zsh expands a leading = to the path of a command; a # inside a word is itself in both.
    if !word.is_empty()
        && !word.starts_with('=')
        && word.chars().all(|c| plain(c) || c == '#')
        && !word.starts_with('#')
    {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

/// Words joined to one line.
///
/// ```
/// use sockeye_model::quote::{line, words};
/// let typed = line(["sh", "-c", "exec nc -l 5000"]);
/// assert_eq!(typed, "sh -c 'exec nc -l 5000'");
/// assert_eq!(words(&typed), ["sh", "-c", "exec nc -l 5000"]);
/// ```
pub fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a line as a shell would have them; what is left open ends with the line.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (_, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (_, None) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_quoted_is_read_back() {
        let all = [
            "",
            "a b",
            "it's",
            "=x",
            "a\\b",
            "\"two\"",
            "-c",
            "x; exec y",
        ];
        assert_eq!(words(&line(all)), all);
        assert_eq!(words("a 'b c"), ["a", "b c"]);
        assert_eq!(words(r#"a "b \"c" d\ e"#), ["a", "b \"c", "d e"]);
    }

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        assert_eq!(
            line(["sockeye", "connect", "tcp://[::1]:7", "a#ttl=5"]),
            "sockeye connect 'tcp://[::1]:7' a#ttl=5"
        );
        assert_eq!(
            line(["", "a b", "it's", "=x", "#x", "$(x)"]),
            r"'' 'a b' 'it'\''s' '=x' '#x' '$(x)'"
        );
    }
}
