//! What is said to somebody whose language is not known yet: the same in both.

use std::fmt::{self, Display};

use sockeye_view::catalogue::{Language, Text};

/// A text in both languages, its places filled. It prints in English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wording {
    /// In English.
    pub(crate) english: String,
    /// In Spanish.
    pub(crate) spanish: String,
}

impl Wording {
    /// `text` with its places filled; one that says something else in each language is filled by [`Wording::made`].
    pub(crate) fn of(text: Text, places: &[(&str, &dyn Display)]) -> Self {
        Self::made(|language| text.fill(language, places))
    }

    /// What `say` makes of each language.
    pub(crate) fn made(say: impl Fn(Language) -> String) -> Self {
        Self {
            english: say(Language::English),
            spanish: say(Language::Spanish),
        }
    }

    /// The text in one language.
    pub(crate) fn say(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        }
    }
}

impl Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl std::error::Error for Wording {}

impl From<Text> for Wording {
    fn from(text: Text) -> Self {
        Self::of(text, &[])
    }
}

/// A text that is the same in both: numbers, names, what is not translated.
impl From<String> for Wording {
    fn from(same: String) -> Self {
        Self {
            english: same.clone(),
            spanish: same,
        }
    }
}

impl From<&str> for Wording {
    fn from(same: &str) -> Self {
        same.to_owned().into()
    }
}
