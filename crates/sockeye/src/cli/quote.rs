//! Words as a shell must be given them, so that a printed command line works when it is pasted.

use std::borrow::Cow;

/// `word` as bash and zsh read it back: unchanged where nothing needs quoting.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
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
pub(crate) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
