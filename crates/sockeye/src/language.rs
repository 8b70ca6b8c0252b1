//! Which language the texts are in: `--lang`, or the locale of the environment.

use sockeye_view::catalogue::Language;

/// The language of the environment, as [locale(7)](https://man7.org/linux/man-pages/man7/locale.7.html) finds it:
/// the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not empty.
pub(crate) fn of_environment() -> Language {
    of_locale(|name| std::env::var(name).ok())
}

fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .map_or(Language::English, |locale| Language::from_locale(&locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let of = |set: &[(&str, &str)]| {
            of_locale(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8")]), Language::Spanish);
        assert_eq!(
            of(&[("LANG", "es_ES.UTF-8"), ("LC_ALL", "C")]),
            Language::English
        );
        assert_eq!(
            of(&[("LC_ALL", ""), ("LC_MESSAGES", "es"), ("LANG", "en")]),
            Language::Spanish
        );
    }
}
