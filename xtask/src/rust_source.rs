//! Splits Rust source into code and comments, line by line; knows tokens, not grammar.

/// One line of a source file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The code, with the inside of string and character literals left out.
    pub(crate) code: String,
    /// The text of the comments on the line, with their slashes.
    pub(crate) comment: String,
}

#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment,
    /// How deep: block comments nest.
    BlockComment(usize),
    Text,
    /// How many `#` close it.
    RawText(usize),
}

/// Splits `source`; the result has one entry for each line.
pub(crate) fn lines(source: &str) -> Vec<Line> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut done = Vec::new();
    let mut line = Line::default();
    let mut state = State::Code;
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let next = at(i + 1);
        let mut step = 1;
        match state {
            _ if c == '\n' => {
                if matches!(state, State::LineComment) {
                    state = State::Code;
                }
                done.push(std::mem::take(&mut line));
            }
            State::Code if c == '/' && next == '/' => {
                state = State::LineComment;
                line.comment.push(c);
            }
            State::Code if c == '/' && next == '*' => {
                state = State::BlockComment(1);
                step = 2;
            }
            State::Code if c == '"' => {
                state = State::Text;
                line.code.push(c);
            }
            State::Code if c == '\'' => {
                line.code.push(c);
                // Otherwise it is a lifetime, and its name is code.
                if let Some(length) = char_literal(&chars[i..]) {
                    line.code.push('\'');
                    step = length;
                }
            }
            State::Code => {
                let starts_word = i == 0 || !is_word(chars[i - 1]);
                if let Some((length, hashes)) = raw_text(&chars[i..]).filter(|_| starts_word) {
                    state = State::RawText(hashes);
                    line.code.push('"');
                    step = length;
                } else {
                    line.code.push(c);
                }
            }
            State::LineComment => line.comment.push(c),
            State::BlockComment(depth) if c == '*' && next == '/' => {
                state = match depth {
                    1 => State::Code,
                    _ => State::BlockComment(depth - 1),
                };
                step = 2;
            }
            State::BlockComment(depth) if c == '/' && next == '*' => {
                state = State::BlockComment(depth + 1);
                step = 2;
            }
            State::BlockComment(_) => line.comment.push(c),
            // The newline after a backslash still ends a line.
            State::Text if c == '\\' && next != '\n' => step = 2,
            State::Text if c == '"' => {
                state = State::Code;
                line.code.push(c);
            }
            State::RawText(hashes) if c == '"' && (1..=hashes).all(|n| at(i + n) == '#') => {
                state = State::Code;
                line.code.push(c);
                step = 1 + hashes;
            }
            State::Text | State::RawText(_) => {}
        }
        i += step;
    }
    if line != Line::default() {
        done.push(line);
    }
    done
}

/// Every place where `word` stands as a whole word in `code`, as byte offsets.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(start, _)| start)
        .filter(move |&start| {
            let before = code[..start].chars().next_back();
            let after = code[start + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the character literal that starts here, if one does.
fn char_literal(chars: &[char]) -> Option<usize> {
    match chars {
        ['\'', '\\', _, rest @ ..] => rest.iter().position(|&c| c == '\'').map(|end| end + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// The length of the opening of a raw string that starts here, and its number of `#`.
fn raw_text(chars: &[char]) -> Option<(usize, usize)> {
    let prefix = match chars {
        ['r', ..] => 1,
        ['b' | 'c', 'r', ..] => 2,
        _ => return None,
    };
    let hashes = chars[prefix..].iter().take_while(|&&c| c == '#').count();
    (chars.get(prefix + hashes) == Some(&'"')).then_some((prefix + hashes + 1, hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Vec<String> {
        lines(source).into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        assert_eq!(code("a(\"unsafe\"); // unsafe"), ["a(\"\"); "]);
        assert_eq!(code("a /* unsafe /* nested */ still */ b"), ["a  b"]);
        assert_eq!(
            code(r##"a(r#"un"safe"#) + b"x\"y";"##),
            ["a(\"\") + b\"\";"]
        );
    }

    #[test]
    fn a_quote_is_a_character_or_a_lifetime() {
        assert_eq!(
            code("f::<'a>('\"', '\\'', b'\\x41', 'b')"),
            ["f::<'a>('', '', b'', '')"]
        );
        assert_eq!(
            code("let x: &'static str = \"//\";"),
            ["let x: &'static str = \"\";"]
        );
    }

    #[test]
    fn a_literal_over_several_lines_keeps_their_number() {
        assert_eq!(
            code("a \"one\\\ntwo\nthree\" b\nc"),
            ["a \"", "", "\" b", "c"]
        );
    }

    #[test]
    fn an_identifier_that_ends_in_r_opens_no_raw_string() {
        assert_eq!(code("for\"x\" r#type"), ["for\"\" r#type"]);
    }

    #[test]
    fn comments_are_kept_beside_their_line() {
        let split = lines("x; // SAFETY: y\n");
        assert_eq!(split[0].comment, "// SAFETY: y");
    }

    #[test]
    fn a_word_is_found_only_whole() {
        let found: Vec<usize> = words("unsafe_code unsafe{ not_unsafe", "unsafe").collect();
        assert_eq!(found, [12]);
    }
}
