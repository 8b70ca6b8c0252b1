//! Master files: entries become records, with what an entry may leave out.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hickory_proto::rr::{Name, RData, RecordType};

use sockeye_names::type_name;

use super::error::{Reason, ZoneError};
use super::text::{Entries, Entry, Word, Wrong};
use super::{data, name};

/// One record, and where it stands.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) owner: Name,
    pub(crate) ttl: u32,
    pub(crate) data: RData,
    pub(crate) place: Place,
}

/// A line of a file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: Rc<Path>,
    pub(crate) line: usize,
}

impl Place {
    pub(crate) fn error(&self, reason: Reason) -> ZoneError {
        ZoneError {
            file: self.file.to_path_buf(),
            line: Some(self.line),
            reason,
        }
    }
}

/// What the entries before this one have said.
struct Reader {
    records: Vec<Record>,
    /// `$TTL`, RFC 2308, section 4.
    default_ttl: Option<u32>,
    /// "Omitted class and TTL values are default to the last explicitly stated values."
    last_ttl: Option<u32>,
    /// Files that wait for the one being read.
    depth: usize,
}

/// The records of a text that is the file of that name. Relative names end in `origin`, until `$ORIGIN` says otherwise.
pub(crate) fn read(
    text: &[u8],
    file: &Path,
    origin: Option<&Name>,
) -> Result<Vec<Record>, ZoneError> {
    let mut reader = Reader {
        records: Vec::new(),
        default_ttl: None,
        last_ttl: None,
        depth: 1,
    };
    reader.file(text, file, origin.cloned())?;
    Ok(reader.records)
}

/// The records of a file.
pub(crate) fn read_file(file: &Path, origin: Option<&Name>) -> Result<Vec<Record>, ZoneError> {
    read(&contents(file)?, file, origin)
}

fn contents(file: &Path) -> Result<Vec<u8>, ZoneError> {
    fs::read(file).map_err(|error| ZoneError {
        file: file.to_path_buf(),
        line: None,
        reason: Reason::Read(error),
    })
}

impl Reader {
    fn file(
        &mut self,
        text: &[u8],
        file: &Path,
        mut origin: Option<Name>,
    ) -> Result<(), ZoneError> {
        let file: Rc<Path> = file.into();
        let at = |line| Place {
            file: Rc::clone(&file),
            line,
        };
        let wrong = |(line, reason): Wrong| at(line).error(reason);
        let mut entries = Entries::new(text);
        let mut owner = None;
        while let Some(entry) = entries.next().map_err(wrong)? {
            let place = at(entry.line);
            match directive(&entry) {
                None => self
                    .record(&entry, origin.as_ref(), &mut owner, &place)
                    .map_err(wrong)?,
                Some(b"$ORIGIN") => {
                    let [_, word] = entry.words[..] else {
                        return Err(place.error(Reason::Arguments("$ORIGIN", "a name")));
                    };
                    let name = name::read(word, origin.as_ref());
                    origin = Some(name.map_err(|reason| place.error(reason))?);
                }
                Some(b"$TTL") => {
                    let ttl = match entry.words[..] {
                        [_, word] => data::seconds(word),
                        _ => None,
                    };
                    let ttl = ttl.ok_or_else(|| {
                        place.error(Reason::Arguments("$TTL", "a time, such as 3600 or 1h"))
                    })?;
                    self.default_ttl = Some(ttl);
                }
                Some(b"$INCLUDE") => self.include(&entry, origin.clone(), &place)?,
                Some(other) => return Err(place.error(Reason::Directive(name::shown(other)))),
            }
        }
        Ok(())
    }

    /// "Note that a $INCLUDE entry never changes the relative origin of the parent file."
    fn include(
        &mut self,
        entry: &Entry<'_>,
        origin: Option<Name>,
        place: &Place,
    ) -> Result<(), ZoneError> {
        let (word, origin) = match entry.words[..] {
            [_, file] => (file, origin),
            [_, file, word] => {
                let name = name::read(word, origin.as_ref());
                (file, Some(name.map_err(|reason| place.error(reason))?))
            }
            _ => {
                return Err(
                    place.error(Reason::Arguments("$INCLUDE", "a file, and perhaps a name"))
                );
            }
        };
        if self.depth == DEPTH {
            return Err(place.error(Reason::TooDeep(DEPTH)));
        }
        let named = PathBuf::from(String::from_utf8_lossy(word.text).into_owned());
        let file = place.file.parent().unwrap_or(Path::new("")).join(named);
        let text = contents(&file).map_err(|error| match error.reason {
            Reason::Read(error) => place.error(Reason::Read(std::io::Error::new(
                error.kind(),
                format!(
                    "{}: {error}",
                    name::shown(file.as_os_str().as_encoded_bytes())
                ),
            ))),
            reason => place.error(reason),
        })?;
        self.depth += 1;
        self.file(&text, &file, origin)?;
        self.depth -= 1;
        Ok(())
    }

    /// `[<TTL>] [<class>] <type> <RDATA>` or `[<class>] [<TTL>] <type> <RDATA>`, behind a name or a blank.
    fn record(
        &mut self,
        entry: &Entry<'_>,
        origin: Option<&Name>,
        owner: &mut Option<Name>,
        place: &Place,
    ) -> Result<(), Wrong> {
        let mut words = &entry.words[..];
        if !entry.no_owner {
            let (first, rest) = words.split_first().ok_or((entry.line, Reason::NoOwner))?;
            let name = name::read(*first, origin).map_err(|reason| (first.line, reason))?;
            *owner = Some(name);
            words = rest;
        }
        let owner = owner.clone().ok_or((entry.line, Reason::NoOwner))?;
        let (mut ttl, mut class) = (None, false);
        let kind = loop {
            let (word, rest) = words.split_first().ok_or((entry.line, Reason::NoType))?;
            words = rest;
            if ttl.is_none() && word.text[0..].first().is_some_and(u8::is_ascii_digit) {
                ttl = Some(
                    data::seconds(*word)
                        .ok_or_else(|| (word.line, Reason::Type(name::shown(word.text))))?,
                );
            } else if !class && let Some(is_served) = known_class(word) {
                if !is_served {
                    return Err((word.line, Reason::Class(name::shown(word.text))));
                }
                class = true;
            } else {
                let kind = data::record_type(word.text);
                break kind.ok_or_else(|| (word.line, Reason::Type(name::shown(word.text))))?;
            }
        };
        if data::is_of_questions(kind) {
            return Err((entry.line, Reason::Question(type_name(kind).into_owned())));
        }
        let line = words.first().map_or(entry.line, |word| word.line);
        let data = data::read(kind, words, origin).map_err(|reason| (line, reason))?;
        let ttl = self.ttl(ttl, &data).ok_or((entry.line, Reason::NoTtl))?;
        self.records.push(Record {
            owner,
            ttl,
            data,
            place: place.clone(),
        });
        Ok(())
    }

    fn ttl(&mut self, stated: Option<u32>, data: &RData) -> Option<u32> {
        // Where nothing is stated yet, an SOA's own minimum is what everyone takes.
        let minimum = match data {
            RData::SOA(soa) => Some(soa.minimum),
            _ => None,
        };
        let ttl = stated.or(self.default_ttl).or(self.last_ttl).or(minimum);
        if stated.is_some() || data.record_type() == RecordType::SOA {
            self.last_ttl = ttl;
        }
        ttl
    }
}

/// The word after `$`, when the entry is a directive.
fn directive<'a>(entry: &Entry<'a>) -> Option<&'a [u8]> {
    let first = entry.words.first()?;
    let is_directive = !entry.no_owner && !first.quoted && first.text.first() == Some(&b'$');
    let known: [&'static [u8]; 3] = [b"$ORIGIN", b"$TTL", b"$INCLUDE"];
    let same = known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(first.text));
    is_directive.then(|| same.unwrap_or(first.text))
}

/// Whether a word is a class, and then whether it is the one that is served.
fn known_class(word: &Word<'_>) -> Option<bool> {
    let is = |class: &str| word.text.eq_ignore_ascii_case(class.as_bytes());
    if is("IN") || is("CLASS1") {
        return Some(true);
    }
    (["CH", "HS", "CS"].into_iter().any(is)
        || word.text.len() > 5
            && word.text[..5].eq_ignore_ascii_case(b"CLASS")
            && word.text[5..].iter().all(u8::is_ascii_digit))
    .then_some(false)
}

/// The most files that may be open in one another.
const DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<String>, String> {
        let records =
            read(text.as_bytes(), Path::new("zone"), None).map_err(|error| error.to_string())?;
        let shown = |record: &Record| {
            format!(
                "{} {} {}",
                record.owner,
                record.ttl,
                record.data.record_type()
            )
        };
        Ok(records.iter().map(shown).collect())
    }

    #[test]
    fn what_an_entry_leaves_out_is_what_was_said_before() {
        let text = "$ORIGIN example.\n$TTL 1h\n@ IN SOA ns hostmaster 1 2 3 4 5\n  NS ns\nns 60 A 192.0.2.1\n\tIN 120 AAAA ::1\nw in A 192.0.2.2\n$ORIGIN sub\na A 192.0.2.3\n$ORIGIN other.\nb A 192.0.2.4\n";
        assert_eq!(
            records(text).unwrap(),
            [
                "example. 3600 SOA",
                "example. 3600 NS",
                "ns.example. 60 A",
                "ns.example. 120 AAAA",
                "w.example. 3600 A",
                "a.sub.example. 3600 A",
                "b.other. 3600 A"
            ]
        );
    }

    #[test]
    fn without_a_default_the_last_ttl_holds_and_before_it_the_soas_minimum() {
        let text = "a. SOA b. c. 1 2 3 4 77\na. NS b.\nb.a. 9 A 192.0.2.1\n A 192.0.2.2\n";
        assert_eq!(
            records(text).unwrap(),
            ["a. 77 SOA", "a. 77 NS", "b.a. 9 A", "b.a. 9 A"]
        );
        assert!(
            records("a. A 192.0.2.1")
                .unwrap_err()
                .contains("zone:1: no TTL")
        );
    }

    #[test]
    fn an_error_names_the_line_it_is_in() {
        for (text, said) in [
            (
                "a. 1 A 192.0.2.1\n\na. 1 A (\n 192.0.2 )\n",
                "zone:4: A takes",
            ),
            ("a 1 A 192.0.2.1", "zone:1: \"a\" has no final dot"),
            (" 1 A 192.0.2.1", "zone:1: no name here"),
            ("a. 1 CH A 192.0.2.1", "zone:1: class CH"),
            ("a. 1 WRONG 192.0.2.1", "zone:1: \"WRONG\" is no type"),
            ("a. 1", "zone:1: no type"),
            ("a. 1 ANY x", "zone:1: ANY is a type of questions"),
            (
                "$GENERATE 1-2 a$ A 192.0.2.$",
                "zone:1: $GENERATE is not known",
            ),
            ("$TTL forever", "zone:1: $TTL takes a time"),
            ("$ORIGIN", "zone:1: $ORIGIN takes a name"),
            ("$INCLUDE /nowhere/at/all", "zone:1: /nowhere/at/all:"),
        ] {
            let error = records(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn an_included_file_is_beside_its_parent_and_leaves_its_origin_alone() {
        let directory =
            std::env::temp_dir().join(format!("sockeye-include-{}", std::process::id()));
        fs::create_dir_all(directory.join("below")).unwrap();
        let whole = directory.join("whole");
        fs::write(
            &whole,
            "$TTL 5\n$ORIGIN example.\na A 192.0.2.1\n$INCLUDE below/part sub\nb A 192.0.2.2\n",
        )
        .unwrap();
        fs::write(
            directory.join("below/part"),
            "c A 192.0.2.3\n$ORIGIN elsewhere.\nd A x\n",
        )
        .unwrap();
        let error = read_file(&whole, None).unwrap_err().to_string();
        assert!(
            error.ends_with("below/part:3: A takes an IPv4 address; \"x\" does not fit"),
            "{error}"
        );
        fs::write(
            directory.join("below/part"),
            "c A 192.0.2.3\n$ORIGIN elsewhere.\n",
        )
        .unwrap();
        let owners: Vec<String> = read_file(&whole, None)
            .unwrap()
            .iter()
            .map(|record| record.owner.to_string())
            .collect();
        assert_eq!(owners, ["a.example.", "c.sub.example.", "b.example."]);
        fs::write(directory.join("below/part"), "$INCLUDE part\n").unwrap();
        let error = read_file(&whole, None).unwrap_err().to_string();
        assert!(error.contains("deeper than 16"), "{error}");
        fs::remove_dir_all(directory).unwrap();
    }
}
