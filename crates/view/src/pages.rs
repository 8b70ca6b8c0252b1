//! The pages of `sockeye explain`: every call, option, error, state, concept and rule, in English and Spanish.
//!
//! A page is data: its source stands in `crates/view/pages`, is built in as it is, and read only when it is asked for. What is
//! the same in every language (prototypes, programs, commands, links) stands there once; the sentences stand twice.

mod sheet;
mod source;
mod words;

use sockeye_model::{Errno, slips};

use crate::catalogue::Language;

pub use sheet::{PageOptions, write_list, write_page};

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// A call of the sockets API.
    Call,
    /// An option of a socket.
    Option,
    /// An error that a call gives.
    Error,
    /// A state of a TCP connection.
    State,
    /// A word that one should know.
    Concept,
    /// A mistake that can be told from the calls.
    Rule,
}

impl Group {
    /// All of them, in the order in which they are listed, and in which a word is looked for.
    pub const ALL: &'static [Self] = &[
        Self::Call,
        Self::Option,
        Self::Error,
        Self::State,
        Self::Concept,
        Self::Rule,
    ];

    /// Its word in JSON: `call`, `option`, `error`, `state`, `concept` or `rule`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Option => "option",
            Self::Error => "error",
            Self::State => "state",
            Self::Concept => "concept",
            Self::Rule => "rule",
        }
    }

    /// The sources of its pages.
    const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Call => &[include_str!("../pages/calls.md")],
            Self::Option => &[include_str!("../pages/options.md")],
            Self::Error => &[include_str!("../pages/errors.md")],
            Self::State => &[include_str!("../pages/states.md")],
            Self::Concept => &[include_str!("../pages/concepts.md")],
            Self::Rule => &[include_str!("../pages/rules.md")],
        }
    }
}

/// The language of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// Python.
    Python,
    /// C.
    C,
    /// JavaScript for Node.
    Node,
}

impl Tongue {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::C => "C",
            Self::Node => "Node",
        }
    }
}

/// A program, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Whether it shows the mistake or the correction.
    pub good: bool,
    /// What it is written in.
    pub tongue: Tongue,
    /// Its lines.
    pub lines: Vec<String>,
}

/// How far something that is commonly believed is from the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is not so.
    Wrong,
    /// Some of it is so.
    Imprecise,
}

impl Verdict {
    /// Its word in JSON: `wrong` or `imprecise`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Imprecise => "imprecise",
        }
    }
}

/// Something that is commonly believed, and what is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    /// How far the two are apart.
    pub verdict: Verdict,
    /// What is believed.
    pub belief: String,
    /// What is true.
    pub truth: String,
}

/// One page in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its name: `recv`, `ECONNRESET`, `S09`.
    pub topic: &'static str,
    /// What it is about.
    pub group: Group,
    /// Other names that lead to it.
    pub aliases: Vec<&'static str>,
    /// How the call or option is written in a program.
    pub forms: Vec<(Tongue, String)>,
    /// What it is, in a sentence.
    pub what: String,
    /// How it works, a paragraph each.
    pub text: Vec<String>,
    /// What a call returns.
    pub returns: Option<String>,
    /// Names with their meaning: the errors of a call, the cases of an error, the numbers of a concept.
    pub items: Vec<(String, String)>,
    /// Programs with the mistake and without it.
    pub programs: Vec<Program>,
    /// What is commonly believed.
    pub beliefs: Vec<Belief>,
    /// Commands that show it.
    pub commands: Vec<&'static str>,
    /// The topics that belong to it.
    pub also: Vec<&'static str>,
}

/// A topic there is a page of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    source: &'static str,
}

/// Every topic, group by group, in the order of the pages.
///
/// ```
/// let topics = sockeye_view::pages::topics();
/// assert!(topics.iter().any(|topic| topic.name == "recv"));
/// ```
pub fn topics() -> Vec<Topic> {
    let mut topics = Vec::new();
    for group in Group::ALL {
        for source in group.sources() {
            topics.extend(source::cut(source).map(|(name, source)| Topic {
                name,
                group: *group,
                source,
            }));
        }
    }
    topics
}

/// The topic that `word` names, however it is written: `recv()`, `TIME-WAIT`, `time_wait`, `econnrefused`, `111`, `puerto`; or a message that
/// names an error.
///
/// A call and a state differ in their case alone (`listen`, `LISTEN`): a word in that very case is taken for what it is, and
/// otherwise the call comes first.
///
/// ```
/// use sockeye_view::pages::find;
/// assert_eq!(find("recv()").unwrap().name, "recv");
/// assert_eq!(find("puerto").unwrap().name, "port");
/// assert_eq!(find("LISTEN").unwrap().group.word(), "state");
/// assert!(find("no such thing").is_none());
/// ```
pub fn find(word: &str) -> Option<Topic> {
    let topics = topics();
    let exact = topics.iter().find(|topic| topic.name == word.trim());
    let folded = fold(word);
    let named = |topic: &&Topic| fold(topic.name) == folded;
    let called = |topic: &&Topic| topic.names().any(|name| fold(name) == folded);
    let found = exact
        .or_else(|| topics.iter().find(named))
        .or_else(|| topics.iter().find(called));
    found.copied().or_else(|| in_message(word, &topics))
}

/// The error that a message names, by its name or its number: `OSError: [Errno 98] Address already in use`.
fn in_message(message: &str, topics: &[Topic]) -> Option<Topic> {
    let mut number = !message.contains(' ');
    for word in message.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let errno = match word.parse() {
            Ok(code) if number => Errno(code).name().and_then(Errno::from_name),
            _ => Errno::from_name(word),
        };
        number |= word.eq_ignore_ascii_case("errno");
        if let Some(name) = errno.and_then(Errno::name) {
            let has_it = |topic: &&Topic| topic.names().any(|known| known == name);
            return topics.iter().find(has_it).copied();
        }
    }
    None
}

/// The names of topics that are nearest to a word that is none: a slip or two away, then those that have it within.
pub fn near(word: &str, most: usize) -> Vec<&'static str> {
    let word = fold(word);
    let most_slips = if word.chars().count() < 5 { 1 } else { 2 };
    let mut near: Vec<(usize, &'static str)> = Vec::new();
    for topic in topics() {
        let away = topic.names().filter_map(|name| {
            let name = fold(name);
            // No more than that many letters apart, and so no longer or shorter by more.
            let comparable = word.len().abs_diff(name.len()) <= most_slips;
            let slipped = if comparable {
                slips(&word, &name)
            } else {
                usize::MAX
            };
            let within = word.len() > 2 && name.contains(&word);
            let beyond = name.len() > 3 && word.contains(&name);
            match slipped {
                _ if slipped <= most_slips => Some(slipped),
                _ if within || beyond => Some(most_slips + name.len().abs_diff(word.len())),
                _ => None,
            }
        });
        near.extend(away.min().map(|away| (away, topic.name)));
    }
    near.sort_by_key(|(away, _)| *away);
    near.into_iter().take(most).map(|(_, name)| name).collect()
}

/// A word as it is compared: small letters without accents, `-` for what parts words, and no parentheses behind.
fn fold(word: &str) -> String {
    let word = word.trim();
    let word = word.split_once('(').map_or(word, |(name, _)| name);
    word.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            '_' | ' ' => '-',
            other => other,
        })
        .collect()
}

impl Topic {
    /// Its page.
    pub fn page(&self, language: Language) -> Page {
        source::read(self.name, self.group, self.source, language)
    }

    /// Its name, and the others that lead to it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(source::aliases(self.source))
    }
}

#[cfg(test)]
mod tests;
