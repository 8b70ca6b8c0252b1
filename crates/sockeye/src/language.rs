//! Which language the texts are in: `--lang`, or the locale of the environment.

use std::ffi::OsString;

use sockeye_view::catalogue::Language;

/// The language of the environment, as [locale(7)](https://man7.org/linux/man-pages/man7/locale.7.html) finds it:
/// the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not empty.
pub(crate) fn of_environment() -> Language {
    of_locale(|name| std::env::var(name).ok())
}

/// The language of a command line that could not be read: what stands behind `--lang` in it, or else that of the
/// environment.
pub(crate) fn of_command_line(words: impl Iterator<Item = OsString>) -> Language {
    asked_for(words).unwrap_or_else(of_environment)
}

fn asked_for(words: impl Iterator<Item = OsString>) -> Option<Language> {
    let mut words = words.take_while(|word| word != "--");
    while let Some(word) = words.next() {
        let code = match word.to_str() {
            Some("--lang") => words.next()?,
            Some(word) => match word.strip_prefix("--lang=") {
                Some(code) => code.into(),
                None => continue,
            },
            None => continue,
        };
        return Language::ALL
            .iter()
            .copied()
            .find(|language| code == language.code());
    }
    None
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
    fn a_line_that_cannot_be_read_still_says_its_language() {
        let asked = |line: &str| asked_for(line.split(' ').map(OsString::from));
        assert_eq!(
            asked("sockeye serve --nope --lang es"),
            Some(Language::Spanish)
        );
        assert_eq!(asked("sockeye --lang=en serv"), Some(Language::English));
        assert_eq!(asked("sockeye serve --lang fr"), None);
        assert_eq!(asked("sockeye wait :7 -- x --lang es"), None);
    }

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
