//! Domain names: from the words of a master file, and as keys that compare without case.

use hickory_proto::rr::Name;

use super::error::Reason;
use super::text::{Character, Word, characters};

/// Reads a name: absolute with a final dot, else relative to `origin`; `@` is the origin.
pub(crate) fn read(word: Word<'_>, origin: Option<&Name>) -> Result<Name, Reason> {
    let shown = || shown(word.text);
    let wrong = |why| Reason::Name { name: shown(), why };
    if word.text == b"@" && !word.quoted {
        return origin.cloned().ok_or_else(|| Reason::Relative(shown()));
    }
    if word.text == b"." {
        return Ok(Name::root());
    }
    let mut labels: Vec<Vec<u8>> = Vec::new();
    let mut label = Vec::new();
    let mut absolute = false;
    for character in characters(word.text) {
        absolute = false;
        match character? {
            Character::Plain(b'.') => {
                if label.is_empty() {
                    return Err(wrong("a label is empty"));
                }
                labels.push(std::mem::take(&mut label));
                absolute = true;
            }
            Character::Plain(byte) | Character::Escaped(byte) => {
                if label.len() == LABEL {
                    return Err(wrong("a label has more than 63 octets"));
                }
                label.push(byte);
            }
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    if labels.is_empty() {
        return Err(wrong("it is empty"));
    }
    if !absolute {
        let origin = origin.ok_or_else(|| Reason::Relative(shown()))?;
        labels.extend(origin.iter().map(<[u8]>::to_vec));
    }
    let len: usize = labels.iter().map(|label| label.len() + 1).sum();
    if len >= NAME {
        return Err(wrong("it has more than 255 octets"));
    }
    let mut name = Name::from_labels(labels.iter().map(Vec::as_slice))
        .map_err(|_| wrong("it breaks a rule of RFC 1035"))?;
    name.set_fqdn(true);
    Ok(name)
}

/// What was read from a file, fit for an error.
pub(crate) fn shown(text: &[u8]) -> String {
    const LONG: usize = 60;
    let whole = String::from_utf8_lossy(text);
    let mut shown: String = whole.chars().take(LONG).collect();
    if shown.len() < whole.len() {
        shown.push('…');
    }
    shown.escape_debug().to_string()
}

/// A name in the form of messages, lower case: a suffix of it that begins at a label is the key of an ancestor.
///
/// Case is that of ASCII only: [RFC 4343](https://www.rfc-editor.org/rfc/rfc4343).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    octets: [u8; NAME],
    len: usize,
}

impl Key {
    pub(crate) fn new(name: &Name) -> Self {
        let mut key = Self {
            octets: [0; NAME],
            len: 0,
        };
        for label in name.iter() {
            key.push(label);
        }
        key.len += 1;
        key
    }

    /// A name of a message is never longer than 255 octets, so that it fits with its final zero.
    fn push(&mut self, label: &[u8]) {
        let end = self.len + 1 + label.len();
        let Some(room) = self.octets.get_mut(self.len..end).filter(|_| end < NAME) else {
            return;
        };
        room[0] = label.len() as u8;
        room[1..].copy_from_slice(label);
        room[1..].make_ascii_lowercase();
        self.len = end;
    }

    /// `*` below the name that this key, or a suffix of one, stands for.
    pub(crate) fn wildcard(of: &[u8]) -> Option<Self> {
        if of.len() + 2 > NAME {
            return None;
        }
        let mut key = Self {
            octets: [0; NAME],
            len: of.len() + 2,
        };
        key.octets[..2].copy_from_slice(b"\x01*");
        key.octets[2..key.len].copy_from_slice(of);
        Some(key)
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets[..self.len]
    }

    /// Where its labels begin, the whole name first; the root is the last, where the final zero stands.
    pub(crate) fn labels(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let mut starts = [0_u8; NAME / 2 + 1];
        let (mut count, mut at) = (0, 0);
        while at < self.len {
            starts[count] = at as u8;
            count += 1;
            at += usize::from(self.octets[at]) + 1;
        }
        starts.into_iter().take(count).map(usize::from)
    }
}

/// The most octets of a label: RFC 1035, section 2.3.4.
const LABEL: usize = 63;
/// The most octets of a name, lengths and the final zero included.
pub(crate) const NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, origin: Option<&Name>) -> Result<Name, Reason> {
        let word = Word {
            text: text.as_bytes(),
            quoted: false,
            line: 1,
        };
        read(word, origin)
    }

    #[test]
    fn names_are_absolute_or_relative_and_keep_their_octets() {
        let origin = name("Example.", None).unwrap();
        assert_eq!(name("@", Some(&origin)).unwrap(), origin);
        assert_eq!(
            name("a.b", Some(&origin)).unwrap().to_string(),
            "a.b.Example."
        );
        let odd = name("a\\.b\\255.x.", None).unwrap();
        assert_eq!(odd.iter().next().unwrap(), b"a.b\xff");
        assert_eq!(odd.num_labels(), 2);
        assert!(name(".", None).unwrap().is_root());
    }

    #[test]
    fn what_is_no_name_says_why() {
        let long = "a".repeat(64);
        for (text, why) in [
            ("a..b.", "empty"),
            (".a.", "empty"),
            ("a", "--zone NAME=FILE"),
            (long.as_str(), "63"),
            ("\\300.", "three digits"),
        ] {
            let said = name(text, None).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
        let long = format!("{0}.{0}.{0}.{0}.", "a".repeat(63));
        assert!(name(&long, None).unwrap_err().to_string().contains("255"));
    }

    #[test]
    fn a_key_has_no_case_and_its_suffixes_are_its_ancestors() {
        let key = Key::new(&name("wWw.Example.", None).unwrap());
        assert_eq!(key.octets(), b"\x03www\x07example\0");
        let ancestors: Vec<&[u8]> = key.labels().map(|at| &key.octets()[at..]).collect();
        assert_eq!(
            ancestors,
            [&b"\x03www\x07example\0"[..], b"\x07example\0", b"\0"]
        );
        let wildcard = Key::wildcard(ancestors[1]).unwrap();
        assert_eq!(wildcard.octets(), b"\x01*\x07example\0");
        assert_eq!(Key::new(&Name::root()).octets(), b"\0");
    }

    #[test]
    fn the_longest_name_has_a_key() {
        let label = "a".repeat(63);
        let text = format!("{label}.{label}.{label}.{}.", "b".repeat(61));
        let key = Key::new(&name(&text, None).unwrap());
        assert_eq!(key.octets().len(), 255);
        let many = "a.".repeat(127);
        let key = Key::new(&name(&many, None).unwrap());
        assert_eq!(key.octets().len(), 255);
        assert_eq!(key.labels().count(), 128);
    }
}
