//! What can be wrong with a zone file, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A zone that can't be served: which file, which line, why.
///
/// It prints as one line, `FILE:LINE: what is wrong`; what was read from the file is escaped in it.
#[derive(Debug, thiserror::Error)]
pub struct ZoneError {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The line, from 1; `None` when it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    #[source]
    pub reason: Reason,
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display().to_string().escape_debug())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What is wrong with a zone file. Names and words in it are escaped already.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// It could not be read.
    #[error("{0}")]
    Read(io::Error),
    /// A parenthesis in one, or one that closes nothing.
    #[error("a parenthesis too many")]
    Parenthesis,
    /// A parenthesis or a quotation mark without its end.
    #[error("{0} is never closed")]
    Unclosed(char),
    /// `\` with neither a character nor a number up to 255 behind it.
    #[error("\\ needs a character, or three digits up to 255, behind it")]
    Escape,
    /// `$GENERATE` and others that are not in RFC 1035 and RFC 2308.
    #[error("{0} is not known; there are $ORIGIN, $TTL and $INCLUDE")]
    Directive(String),
    /// A directive without what it is about, or with too much.
    #[error("{0} takes {1}")]
    Arguments(&'static str, &'static str),
    /// Files that include one another.
    #[error("$INCLUDE goes deeper than {0} files")]
    TooDeep(usize),
    /// An entry that begins with a blank, and nobody was named before.
    #[error("no name here, and none before it")]
    NoOwner,
    /// A relative name before any `$ORIGIN`.
    #[error(
        "\"{0}\" has no final dot, and no $ORIGIN says what follows it; write --zone NAME=FILE, or $ORIGIN NAME."
    )]
    Relative(String),
    /// Not a domain name.
    #[error("\"{name}\" is no name: {why}")]
    Name {
        /// As it was written.
        name: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// A class other than IN.
    #[error("class {0} is not served, only IN")]
    Class(String),
    /// No type where one must be.
    #[error("\"{0}\" is no type of record")]
    Type(String),
    /// Nothing behind the name.
    #[error("no type of record here")]
    NoType,
    /// A type that has no text form here.
    #[error("{0} records can only be written as \\# LENGTH HEX (RFC 3597)")]
    Generic(String),
    /// A type of questions, such as ANY.
    #[error("{0} is a type of questions, not of records")]
    Question(String),
    /// No TTL, no `$TTL`, and no SOA before it.
    #[error("no TTL: write $TTL 3600 above")]
    NoTtl,
    /// Data that is not what the type has.
    #[error("{kind} takes {form}{why}")]
    Data {
        /// The type.
        kind: String,
        /// What it is made of.
        form: String,
        /// What does not fit.
        why: String,
    },
    /// No SOA record.
    #[error("no SOA record: it names the zone, and every zone has one")]
    NoSoa,
    /// A second SOA record.
    #[error("a second SOA record; a zone has one, and a file one zone")]
    SecondSoa,
    /// The zone that was named on the command line is another.
    #[error("its SOA record is for {found}, not {asked}")]
    OtherZone {
        /// The name of the SOA record.
        found: String,
        /// The name that was asked for.
        asked: String,
    },
    /// No NS record at the zone's name.
    #[error("no NS record for {0}: a zone names its servers")]
    NoNs(String),
    /// A name outside of the zone.
    #[error("{name} is not in the zone {zone}")]
    OutOfZone {
        /// The name.
        name: String,
        /// The zone.
        zone: String,
    },
    /// CNAME beside other records, or two of them: RFC 1034, section 3.6.2.
    #[error("{0} has a CNAME record, so it can have nothing else")]
    BesideCname(String),
    /// Two DNAME records, or names below one: RFC 6672, section 2.4.
    #[error("{0} has a DNAME record, so it can have no other, and no name below it")]
    BesideDname(String),
    /// Two zones of one name.
    #[error("the zone {0} is given twice")]
    Twice(String),
}

impl PartialEq for Reason {
    /// By what is said.
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Reason {}
