//! Every text a person reads, in English and in Spanish: static data, nothing is parsed at start-up.
//!
//! A text is one constant that holds both languages, so no key can exist in one and lack in the other; that both have
//! the same placeholders is tested. Names of calls, states and errors stay as the manual has them.

mod failures;
mod figures;
pub mod narration;
pub mod pictures;
pub mod reasons;
pub mod recordings;

pub(crate) use failures::failure_text;
pub use failures::{errno_meaning, errno_text, failure_reason, failure_sentence};
pub use figures::{bytes, count, duration, seconds};
pub use sockeye_model::text::{Language, Text};

#[cfg(test)]
mod tests {
    use super::*;

    fn every_text() -> Vec<(String, Text)> {
        narration::ALL
            .iter()
            .chain(reasons::ALL)
            .chain(recordings::ALL)
            .chain(pictures::ALL)
            .map(|(name, text)| ((*name).to_owned(), *text))
            .chain(failures::every_text())
            .collect()
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_places() {
        for (name, text) in every_text() {
            assert!(
                !text.english.is_empty() && !text.spanish.is_empty(),
                "{name}"
            );
            let mut spanish = text.places(Language::Spanish);
            let mut english = text.places(Language::English);
            spanish.dedup();
            english.dedup();
            assert_eq!(english, spanish, "{name}");
        }
    }

    #[test]
    fn a_sentence_is_translated_and_a_word_of_the_api_is_not() {
        for (name, text) in every_text() {
            let words = text.english.split(' ').count();
            assert!(
                words < 3 || text.english != text.spanish,
                "{name} is not translated"
            );
        }
    }

    #[test]
    fn no_text_repeats_what_is_false() {
        let english = [
            "listen() waits",
            "listen waits",
            "different port",
            "new port",
            "udp connection",
            "faster",
            "error-free",
            "identifies a process",
            "the server stops",
        ];
        let spanish = [
            "listen() espera",
            "listen espera",
            "puerto distinto",
            "otro puerto",
            "conexión udp",
            "más rápido",
            "sin errores",
            "identifica un proceso",
        ];
        for (name, text) in every_text() {
            let (en, es) = (text.english.to_lowercase(), text.spanish.to_lowercase());
            for belief in english {
                assert!(!en.contains(belief), "{name}: {belief}");
            }
            for belief in spanish {
                assert!(!es.contains(belief), "{name}: {belief}");
            }
            if name.starts_with("UDP") && en.contains("connection") {
                assert!(
                    en.contains("no connection"),
                    "{name} speaks of a connection"
                );
                assert!(
                    es.contains("no hay conexi") || es.contains("ninguna conexión"),
                    "{name}"
                );
            }
        }
    }
}
