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
///
/// A word that depends on how many there are stands there in both forms, behind the name of the count:
///
/// ```
/// # use sockeye_model::text::{Language, Text};
/// const LEFT: Text = Text::new("{n} {n:is|are} left", "{n:queda|quedan} {n}");
/// assert_eq!(LEFT.fill(Language::English, &[("n", &1)]), "1 is left");
/// assert_eq!(LEFT.fill(Language::Spanish, &[("n", &"2 B")]), "quedan 2 B");
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
            let (name, forms) = name_and_forms(&rest[open + 1..open + length]);
            let given = places.iter().find(|(known, _)| *known == name);
            match (given, forms) {
                // Writing to a String fails only if a Display does.
                (Some((_, value)), None) => drop(write!(filled, "{value}")),
                (Some((_, value)), Some((one, several))) => {
                    filled.push_str(if is_one(*value) { one } else { several });
                }
                (None, _) => filled.push_str(&rest[open..=open + length]),
            }
            rest = &rest[open + length + 1..];
        }
        filled.push_str(rest);
        filled
    }

    /// The names of its places in one language, sorted, each once.
    pub fn places(self, language: Language) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .say(language)
            .split('{')
            .skip(1)
            .filter_map(|piece| piece.split_once('}'))
            .map(|(place, _)| name_and_forms(place).0)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// `n:is|are`: the name of a place and, where it has them, the forms of a word for one and for all other numbers.
fn name_and_forms(place: &str) -> (&str, Option<(&str, &str)>) {
    match place.split_once(':') {
        Some((name, forms)) => (name, forms.split_once('|')),
        None => (place, None),
    }
}

/// Whether a count is one, with whatever unit; in both languages only that is singular.
fn is_one(count: &dyn fmt::Display) -> bool {
    count.to_string().split(' ').next() == Some("1")
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
    fn only_one_is_singular() {
        let text = Text::new("{n} {n:reply|replies}", "{n} {n:respuesta|respuestas}");
        for (count, english) in [
            ("0", "0 replies"),
            ("1", "1 reply"),
            ("1 B", "1 B reply"),
            ("1,000", "1,000 replies"),
            ("1.0", "1.0 replies"),
            ("11", "11 replies"),
        ] {
            assert_eq!(text.fill(Language::English, &[("n", &count)]), english);
        }
        assert_eq!(text.places(Language::Spanish), ["n"]);
    }

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
