//! A text in both languages, English and Spanish, with places for what changes; static data, nothing is parsed at start-up.

use std::fmt::{self, Write as _};

/// The language of texts and figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, with a decimal point.
    #[default]
    English,
    /// Spanish, with a decimal comma.
    Spanish,
}

impl Language {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::English, Self::Spanish];

    /// The language of a locale as `LC_ALL`, `LC_MESSAGES` or `LANG` name it; English for all that is not Spanish.
    ///
    /// ```
    /// use sockeye_model::text::Language;
    /// assert_eq!(Language::from_locale("es_ES.UTF-8"), Language::Spanish);
    /// assert_eq!(Language::from_locale("C"), Language::English);
    /// ```
    pub fn from_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or("");
        if language.eq_ignore_ascii_case("es") || language.eq_ignore_ascii_case("spanish") {
            Self::Spanish
        } else {
            Self::English
        }
    }

    /// Its two-letter code: `en` or `es`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }
}

/// One text in both languages, with named places for what changes: `"{bytes} left"`.
///
/// ```
/// use sockeye_model::text::{Language, Text};
/// const LEFT: Text = Text::new("{n} left", "quedan {n}");
/// assert_eq!(LEFT.fill(Language::Spanish, &[("n", &3)]), "quedan 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    /// In English.
    pub english: &'static str,
    /// In Spanish.
    pub spanish: &'static str,
}

impl Text {
    /// A text from its two forms.
    pub const fn new(english: &'static str, spanish: &'static str) -> Self {
        Self { english, spanish }
    }

    /// The text as it stands, for one without places to fill.
    pub const fn say(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Spanish => self.spanish,
        }
    }

    /// The text with its places filled; a place that nothing is given for stays as it is.
    pub fn fill(self, language: Language, places: &[(&str, &dyn fmt::Display)]) -> String {
        let mut filled = String::new();
        let mut rest = self.say(language);
        while let Some(open) = rest.find('{') {
            let Some(length) = rest[open..].find('}') else {
                break;
            };
            filled.push_str(&rest[..open]);
            let name = &rest[open + 1..open + length];
            match places.iter().find(|(known, _)| *known == name) {
                // Writing to a String fails only if a Display does.
                Some((_, value)) => drop(write!(filled, "{value}")),
                None => filled.push_str(&rest[open..=open + length]),
            }
            rest = &rest[open + length + 1..];
        }
        filled.push_str(rest);
        filled
    }

    /// The names of its places in one language, sorted.
    pub fn places(self, language: Language) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .say(language)
            .split('{')
            .skip(1)
            .filter_map(|piece| piece.split_once('}'))
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        names
    }
}

/// Makes a table of texts: a constant each, `ALL` of them with their names, and the test that both languages fill the same
/// places.
///
/// ```
/// sockeye_model::texts! {
///     READY = "ready on {address}" | "listo en {address}";
/// }
/// assert_eq!(ALL, &[("READY", READY)]);
/// ```
#[macro_export]
macro_rules! texts {
    ($($name:ident = $english:literal | $spanish:literal;)+) => {
        $(
            #[doc = concat!("“", $english, "”")]
            pub const $name: $crate::text::Text = $crate::text::Text::new($english, $spanish);
        )+
        /// Every text of this table with its name.
        pub const ALL: &[(&str, $crate::text::Text)] = &[$((stringify!($name), $name)),+];

        #[cfg(test)]
        #[test]
        fn both_languages_fill_the_same_places() {
            use $crate::text::Language;
            for (name, text) in ALL {
                let places = text.places(Language::English);
                assert_eq!(places, text.places(Language::Spanish), "{name}");
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language() {
        for locale in ["es", "es_ES.UTF-8", "es_AR@euro", "es-MX", "ES"] {
            assert_eq!(Language::from_locale(locale), Language::Spanish, "{locale}");
        }
        for locale in ["", "C", "POSIX", "en_GB.UTF-8", "est_EE", "pt_BR"] {
            assert_eq!(Language::from_locale(locale), Language::English, "{locale}");
        }
    }

    #[test]
    fn a_place_that_is_not_filled_stays_visible() {
        let text = Text::new("{a} of {b", "{a} de {b");
        assert_eq!(text.fill(Language::English, &[("a", &1)]), "1 of {b");
        assert_eq!(text.fill(Language::English, &[]), "{a} of {b");
    }
}
