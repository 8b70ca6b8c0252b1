//! Names of members and rooms: which there may be, and which of them are the same.

use sockeye_model::escape::{columns_of, is_unsafe};

use super::limits::NAME_CHARACTERS;

/// Why a name can't be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// None was given.
    Empty,
    /// It has more than [`NAME_CHARACTERS`] characters.
    Long,
    /// A character in it can't be seen: a control, a bidirectional control, white space, one without width.
    Invisible,
    /// A character in it has a meaning in the lines of the chat.
    Reserved(char),
}

/// Characters by which a line's kind is told: the mark of the server, commands, the end of a name, lists, private messages.
const RESERVED: &[char] = &['*', '/', ':', ',', '[', ']', '#', '@'];

/// The name as it is shown, if it may be one: 1 to 32 visible characters without white space, and none of `* / : , [ ] # @`.
///
/// ```
/// use sockeye_serve::chat::{BadName, check_name};
/// assert_eq!(check_name("añá-7"), Ok("añá-7"));
/// assert_eq!(check_name("a b"), Err(BadName::Invisible));
/// assert_eq!(check_name("a:"), Err(BadName::Reserved(':')));
/// ```
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<&str, BadName> {
    let mut count = 0;
    let mut before = None;
    for character in name.chars() {
        count += 1;
        if count > NAME_CHARACTERS {
            return Err(BadName::Long);
        }
        if RESERVED.contains(&character) {
            return Err(BadName::Reserved(character));
        }
        // A mark is seen on the letter before it; a joiner or a selector of variants is never seen.
        let unseen = columns_of(character) == 0 && (before.is_none() || is_format(character));
        if is_unsafe(character) || character.is_whitespace() || unseen {
            return Err(BadName::Invisible);
        }
        before = Some(character);
    }
    if count == 0 {
        return Err(BadName::Empty);
    }
    Ok(name)
}

/// Without width of its own, and not seen on the letter before it either.
fn is_format(character: char) -> bool {
    matches!(u32::from(character), 0x034f | 0x200c..=0x200d | 0xfe00..=0xfe0f | 0xe0100..=0xe01ef)
}

/// By which names are the same: `Ana` and `ana` are one name.
pub(super) fn key(name: &str) -> Box<str> {
    name.to_lowercase().into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_32_visible_characters() {
        for name in [
            "a",
            "guest-1",
            "José",
            "日本",
            "o'neil",
            "e\u{301}",
            &"x".repeat(32),
        ] {
            assert_eq!(check_name(name), Ok(name));
        }
        assert_eq!(check_name(""), Err(BadName::Empty));
        assert_eq!(check_name(&"ñ".repeat(33)), Err(BadName::Long));
        let unseen = [
            "a b",
            "a\tb",
            "\u{1b}[2J",
            "a\u{202e}b",
            "a\u{200d}",
            "\u{301}",
            "a\u{a0}b",
            "\u{ad}",
            "a\u{fe0f}",
            "a\u{3164}",
        ];
        for name in unseen {
            assert_eq!(check_name(name), Err(BadName::Invisible), "{name:?}");
        }
        for name in ["*", "/me", "a:b", "a,b", "[a", "a]", "#a", "@a"] {
            assert!(
                matches!(check_name(name), Err(BadName::Reserved(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn names_are_the_same_whatever_their_case() {
        assert_eq!(key("ÁNA"), key("ána"));
        assert_ne!(key("ana"), key("anna"));
    }
}
