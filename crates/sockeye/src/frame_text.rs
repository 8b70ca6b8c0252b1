//! Why a stream could not be taken apart into messages, or a message not be marked in one, in English and Spanish.

use std::fmt::Display;
use std::io;

use sockeye_net::framing::{FrameError, Spot, Unframable, WhyNot};
use sockeye_view::catalogue::Language;
use sockeye_view::texts;

texts! {
    TOO_LONG = "message {number} of the stream, from byte {at} on, has {len} B, and {max} B is the most; a message is never cut" | "el mensaje {number} del flujo, desde el byte {at}, tiene {len} B, y caben {max} B; un mensaje nunca se corta";
    ENDED_INSIDE = "the stream ended inside message {number}, from byte {at} on: {have} B of its {len} B came" | "el flujo acabó dentro del mensaje {number}, desde el byte {at}: llegaron {have} B de sus {len} B";
    ENDED_IN_LENGTH = "the stream ended inside the length of message {number}, from byte {at} on: {have} B of it came" | "el flujo acabó dentro de la longitud del mensaje {number}, desde el byte {at}: llegaron {have} B de ella";
    ENDED_UNMARKED = "the stream ended inside message {number}, from byte {at} on: {have} B of it came, and no delimiter" | "el flujo acabó dentro del mensaje {number}, desde el byte {at}: llegaron {have} B y ningún delimitador";
    UNFRAMABLE = "a message of {len} B {why}, and --frame {framing} would not give it back as one: len32 carries any message" | "un mensaje de {len} B {why}, y --frame {framing} no lo devolvería como uno: len32 lleva cualquier mensaje";
    NEWLINE_INSIDE = "has a newline inside" | "tiene un salto de línea dentro";
    NUL_INSIDE = "has a NUL byte inside" | "tiene un byte NUL dentro";
    DELIMITER_INSIDE = "has the delimiter inside" | "tiene el delimitador dentro";
    LONGER_THAN = "is longer than {most} B" | "tiene más de {most} B";
    NOT_OF = "has not {size} B" | "no tiene {size} B";
}

/// The text, if the error is one of a framing.
pub(crate) fn of(error: &io::Error, language: Language) -> Option<String> {
    let inner = error.get_ref()?;
    if let Some(error) = inner.downcast_ref::<FrameError>() {
        return Some(taken_apart(error, language));
    }
    let Unframable { framing, len, why } = inner.downcast_ref()?;
    let why = match why {
        WhyNot::NewlineInside => NEWLINE_INSIDE.say(language).to_owned(),
        WhyNot::NulInside => NUL_INSIDE.say(language).to_owned(),
        WhyNot::DelimiterInside => DELIMITER_INSIDE.say(language).to_owned(),
        WhyNot::LongerThan(most) => LONGER_THAN.fill(language, &[("most", most)]),
        WhyNot::NotOf(size) => NOT_OF.fill(language, &[("size", size)]),
    };
    let places: [(&str, &dyn Display); 3] = [("len", len), ("why", &why), ("framing", framing)];
    Some(UNFRAMABLE.fill(language, &places))
}

fn taken_apart(error: &FrameError, language: Language) -> String {
    let fill = |text: sockeye_view::catalogue::Text,
                Spot { before, at }: Spot,
                others: [(&str, &dyn Display); 2]| {
        let number = before + 1;
        let places: [(&str, &dyn Display); 4] =
            [("number", &number), ("at", &at), others[0], others[1]];
        text.fill(language, &places)
    };
    match error {
        FrameError::TooLong { spot, len, max } => {
            let len = len.map_or_else(|| format!("> {max}"), |len| len.to_string());
            fill(TOO_LONG, *spot, [("len", &len), ("max", max)])
        }
        FrameError::EndedInside { spot, len, have } => {
            fill(ENDED_INSIDE, *spot, [("len", len), ("have", have)])
        }
        FrameError::EndedInLength { spot, have } => {
            fill(ENDED_IN_LENGTH, *spot, [("have", have), ("len", &"")])
        }
        FrameError::EndedUnmarked { spot, have } => {
            fill(ENDED_UNMARKED, *spot, [("have", have), ("len", &"")])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_net::framing::{Decoder, Framing};

    #[test]
    fn each_error_of_a_framing_says_which_message_and_where_in_both_languages() {
        let failing = |framing: &str, stream: &[u8]| {
            let mut decoder = Decoder::new(framing.parse().unwrap(), 9);
            decoder.push(stream);
            loop {
                match decoder.next_message() {
                    Ok(Some(_)) => {}
                    Ok(None) => return io::Error::other(decoder.finish().unwrap_err()),
                    Err(error) => return io::Error::other(error),
                }
            }
        };
        for (framing, stream, said) in [
            (
                "len16",
                &b"\0\x01a\0\x05bc"[..],
                "message 2, from byte 3 on: 2 B of its 5 B came",
            ),
            ("len32", b"\0\0", "length of message 1, from byte 0 on: 2 B"),
            (
                "delim:0d0a",
                b"a\r\nbc",
                "message 2, from byte 3 on: 2 B of it came, and no delimiter",
            ),
            (
                "fixed:3",
                b"abcd",
                "message 2, from byte 3 on: 1 B of its 3 B",
            ),
            (
                "line",
                b"a\n0123456789",
                "message 2 of the stream, from byte 2 on, has > 9 B, and 9 B",
            ),
        ] {
            let error = failing(framing, stream);
            let (english, spanish) = (
                of(&error, Language::English).unwrap(),
                of(&error, Language::Spanish).unwrap(),
            );
            assert!(english.contains(said), "{framing}: {english}");
            assert!(
                spanish.contains("mensaje") && !spanish.contains('{'),
                "{spanish}"
            );
        }
        let framing: Framing = "fixed:3".parse().unwrap();
        let error = io::Error::other(framing.encode(b"ab", &mut Vec::new()).unwrap_err());
        let spanish = of(&error, Language::Spanish).unwrap();
        assert!(
            spanish.starts_with("un mensaje de 2 B no tiene 3 B, y --frame fixed:3"),
            "{spanish}"
        );
        assert_eq!(of(&io::Error::other("else"), Language::English), None);
    }
}
