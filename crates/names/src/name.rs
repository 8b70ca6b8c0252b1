//! A name as it is typed: with or without its final dot, with escapes, in any script.

use hickory_proto::rr::Name;

/// A text that is no domain name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// There is nothing.
    #[error("an empty name")]
    Empty,
    /// Two dots with nothing between them, or one at the start.
    #[error("a label is empty: between two dots there must be something")]
    EmptyLabel,
    /// RFC 1035 section 2.3.4.
    #[error("a label is longer than 63 bytes: {0:?}")]
    LabelTooLong(String),
    /// RFC 1035 section 2.3.4.
    #[error("the name is longer than 255 bytes")]
    TooLong,
    /// A backslash that nothing, or a number beyond 255, follows.
    #[error("a backslash is followed by a character or by three digits up to 255")]
    Escape,
    /// A label beyond ASCII that the rules of international names do not allow (UTS #46).
    #[error("{0:?} is no label of an international name")]
    International(String),
}

/// Reads a name. It is absolute ([`Name::is_fqdn`]) when it ends with a dot, or is the root.
///
/// A backslash takes the meaning from the character behind it, `\DDD` is a byte (RFC 1035 section 5.1). A label beyond
/// ASCII becomes what is asked for in its place, as browsers do it (UTS #46): `español` is `xn--espaol-zwa`.
///
/// ```
/// use sockeye_names::{name_text, read_name};
/// assert_eq!(name_text(&read_name("español.example")?), "xn--espaol-zwa.example.");
/// assert_eq!(name_text(&read_name(r"a\.b._tcp.example.")?), r"a\.b._tcp.example.");
/// # Ok::<(), sockeye_names::NotAName>(())
/// ```
///
/// # Errors
/// [`NotAName`], when it is none.
pub fn read_name(text: &str) -> Result<Name, NotAName> {
    if text.is_empty() {
        return Err(NotAName::Empty);
    }
    // The dots of other scripts separate labels too (UTS #46 section 2.3).
    let text: String = text
        .chars()
        .map(|c| {
            if matches!(c, '。' | '．' | '｡') {
                '.'
            } else {
                c
            }
        })
        .collect();
    if text == "." {
        return Ok(Name::root());
    }
    let mut labels: Vec<Vec<u8>> = Vec::new();
    let mut label: Vec<u8> = Vec::new();
    let mut characters = text.chars();
    let mut absolute = false;
    while let Some(c) = characters.next() {
        absolute = false;
        match c {
            '.' if label.is_empty() => return Err(NotAName::EmptyLabel),
            '.' => {
                labels.push(std::mem::take(&mut label));
                absolute = true;
            }
            '\\' => label.extend(escaped(&mut characters)?),
            other => label.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    let labels = labels
        .into_iter()
        .map(plain)
        .collect::<Result<Vec<_>, _>>()?;
    let labels = labels.iter().map(Vec::as_slice);
    let mut name = Name::from_labels(labels).map_err(|_| NotAName::TooLong)?;
    name.set_fqdn(absolute);
    Ok(name)
}

/// What stands behind a backslash.
fn escaped(characters: &mut std::str::Chars<'_>) -> Result<Vec<u8>, NotAName> {
    let first = characters.next().ok_or(NotAName::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first.encode_utf8(&mut [0; 4]).bytes().collect());
    }
    let digits: String = [Some(first), characters.next(), characters.next()]
        .into_iter()
        .flatten()
        .filter(char::is_ascii_digit)
        .collect();
    match digits.parse() {
        Ok(byte) if digits.len() == 3 => Ok(vec![byte]),
        _ => Err(NotAName::Escape),
    }
}

/// A label as it is sent.
fn plain(label: Vec<u8>) -> Result<Vec<u8>, NotAName> {
    let too_long =
        |label: &[u8]| NotAName::LabelTooLong(String::from_utf8_lossy(label).into_owned());
    if label.is_ascii() {
        return match label.len() {
            ..=63 => Ok(label),
            _ => Err(too_long(&label)),
        };
    }
    // Bytes that were escaped and are no text stay bytes.
    let Ok(text) = String::from_utf8(label.clone()) else {
        return match label.len() {
            ..=63 => Ok(label),
            _ => Err(too_long(&label)),
        };
    };
    let name = Name::from_utf8(&text).map_err(|_| NotAName::International(text.clone()))?;
    let mut labels = name.iter();
    match (labels.next(), labels.next()) {
        (Some(label), None) => Ok(label.to_vec()),
        _ => Err(NotAName::International(text.clone())),
    }
}

/// A name in the script it is written in, where it is an international one: `español.example.` for
/// `xn--espaol-zwa.example.`; `None` where it is not. Escape it before it is shown: it may hold any letters.
pub fn in_its_script(name: &Name) -> Option<String> {
    let international = name.iter().any(|label| {
        label
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"))
    });
    if !international {
        return None;
    }
    let text = name.to_utf8();
    (!text.is_ascii()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name_text;
    use proptest::prelude::*;

    #[test]
    fn a_final_dot_makes_a_name_absolute() {
        for (text, absolute) in [
            ("a.b", false),
            ("a.b.", true),
            (".", true),
            ("a", false),
            (r"a\.", false),
            (r"a\..", true),
        ] {
            assert_eq!(read_name(text).unwrap().is_fqdn(), absolute, "{text}");
        }
    }

    #[test]
    fn escapes_underscores_and_wildcards_are_names() {
        for (typed, written) in [
            ("_25._tcp.mx.example", "_25._tcp.mx.example."),
            ("*.example", "*.example."),
            (r"\097b.example", "ab.example."),
            (r"with\ space.example", r"with\032space.example."),
            (r"\000\255.example", r"\000\255.example."),
            ("ESPAÑOL.example", "xn--espaol-zwa.example."),
            ("bücher。example", "xn--bcher-kva.example."),
            ("faß.example", "xn--fa-hia.example."),
        ] {
            assert_eq!(name_text(&read_name(typed).unwrap()), written, "{typed}");
        }
    }

    #[test]
    fn what_is_no_name_is_said() {
        assert_eq!(read_name(""), Err(NotAName::Empty));
        for text in ["..", ".a", "a..b", "a.."] {
            assert_eq!(read_name(text), Err(NotAName::EmptyLabel), "{text}");
        }
        for text in ["a\\", r"a\25", r"a\256", r"a\2x5"] {
            assert_eq!(read_name(text), Err(NotAName::Escape), "{text}");
        }
        assert!(matches!(
            read_name(&"a".repeat(64)),
            Err(NotAName::LabelTooLong(_))
        ));
        assert_eq!(read_name(&"a.".repeat(128)), Err(NotAName::TooLong));
        assert!(read_name(&"a.".repeat(127)).is_ok());
        assert!(matches!(
            read_name("a\u{202e}ñ.example"),
            Err(NotAName::International(_))
        ));
    }

    #[test]
    fn an_international_name_is_shown_in_its_script_too() {
        let shown = |text| in_its_script(&read_name(text).unwrap());
        assert_eq!(
            shown("xn--espaol-zwa.example").as_deref(),
            Some("español.example")
        );
        assert_eq!(shown("example"), None);
        assert_eq!(shown("xn--a.example"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_is_refused(text in ".{0,80}") {
            if let Ok(name) = read_name(&text) {
                let written = name_text(&name);
                let again = read_name(&written).unwrap();
                prop_assert!(again.is_fqdn());
                prop_assert_eq!(name_text(&again), written);
            }
        }
    }
}
