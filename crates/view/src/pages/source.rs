//! Reads the source of pages: a heading, what is the same in every language, then the sentences of each.
//!
//! ```text
//! ## recv                          a topic
//! alias: recv_into                 other names of it
//! c: ssize_t recv(…);              how it is written; c, py or node
//! try: sockeye demo                a command that shows it
//! also: send, S08                  its neighbours
//! bad py                           a program, its lines indented by four; bad or good
//!     data = s.recv(10)           # too little | muy poco
//!
//! en                               the sentences of a language; blank lines part paragraphs
//! What it is.                      the first paragraph is one sentence
//!
//! = what a call returns
//! - EAGAIN: what it means          names and meanings
//! x believed | true                wrong
//! ~ believed | true                imprecise
//! ```

use super::{Belief, Group, Page, Program, Tongue, Verdict};
use crate::catalogue::Language;

/// The topics of a file, each with what stands below its heading.
pub(super) fn cut(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = file.split("\n## ").skip(1);
    pages.map(|page| page.split_once('\n').unwrap_or((page, "")))
}

/// The other names of a topic.
pub(super) fn aliases(source: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = head(source).filter_map(|line| line.strip_prefix("alias:"));
    lines.flat_map(list)
}

fn list(line: &'static str) -> impl Iterator<Item = &'static str> {
    line.split(',').map(str::trim)
}

/// The lines that stand before the sentences.
fn head(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.lines().take_while(|line| language(line).is_none())
}

/// The language whose sentences begin with this line.
fn language(line: &str) -> Option<Language> {
    let mut all = Language::ALL.iter().copied();
    all.find(|language| line == language.code())
}

fn tongue(word: &str) -> Option<Tongue> {
    match word {
        "py" => Some(Tongue::Python),
        "c" => Some(Tongue::C),
        "node" => Some(Tongue::Node),
        _ => None,
    }
}

/// The page of a topic. What can't be read is left out; the tests see to it that there is nothing of that kind.
pub(super) fn read(
    topic: &'static str,
    group: Group,
    source: &'static str,
    wanted: Language,
) -> Page {
    let mut page = Page {
        topic,
        group,
        aliases: aliases(source).collect(),
        forms: Vec::new(),
        what: String::new(),
        text: Vec::new(),
        returns: None,
        items: Vec::new(),
        programs: Vec::new(),
        beliefs: Vec::new(),
        commands: Vec::new(),
        also: Vec::new(),
    };
    for line in head(source) {
        read_head(line, wanted, &mut page);
    }
    for block in blocks(source, wanted) {
        read_block(block, &mut page);
    }
    page
}

/// A line of a program; its comment is in both languages where it has words, English first.
fn code(line: &'static str, wanted: Language) -> String {
    for (sign, end) in [("# ", ""), ("/* ", " */"), ("// ", "")] {
        let comment = line.split_once(sign).and_then(|(before, comment)| {
            let (english, spanish) = comment.split_once(" | ")?;
            Some((before, english, spanish))
        });
        if let Some((before, english, spanish)) = comment {
            return match wanted {
                Language::English => format!("{before}{sign}{english}{end}"),
                Language::Spanish => format!("{before}{sign}{spanish}"),
            };
        }
    }
    line.to_owned()
}

fn read_head(line: &'static str, wanted: Language, page: &mut Page) {
    if let Some(line) = line.strip_prefix("    ") {
        if let Some(program) = page.programs.last_mut() {
            program.lines.push(code(line, wanted));
        }
        return;
    }
    if let Some((kind, rest)) = line.split_once(' ')
        && let Some(tongue) = tongue(rest)
    {
        page.programs.push(Program {
            good: kind == "good",
            tongue,
            lines: Vec::new(),
        });
        return;
    }
    match line.split_once(": ") {
        Some(("try", command)) => page.commands.push(command),
        Some(("also", topics)) => page.also.extend(list(topics)),
        Some((word, form)) => {
            let form = tongue(word).map(|tongue| (tongue, code(form, wanted)));
            page.forms.extend(form);
        }
        None => {}
    }
}

/// The blocks of one language: each begins after a blank line or with a sign, and is one line here.
fn blocks(source: &'static str, wanted: Language) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut goes_on = false;
    let lines = source
        .lines()
        .skip_while(|line| language(line) != Some(wanted));
    for line in lines.skip(1).take_while(|line| language(line).is_none()) {
        if line.is_empty() {
            goes_on = false;
            continue;
        }
        match blocks.last_mut() {
            Some(block) if goes_on && sign(line).is_none() => {
                block.push(' ');
                block.push_str(line.trim());
            }
            _ => blocks.push(line.to_owned()),
        }
        goes_on = true;
    }
    blocks
}

/// The sign that a block begins with, and what stands behind it.
fn sign(block: &str) -> Option<(char, &str)> {
    let (sign, rest) = block.split_once(' ')?;
    ["=", "-", "x", "~"]
        .contains(&sign)
        .then(|| (sign.chars().next().unwrap_or(' '), rest))
}

fn read_block(block: String, page: &mut Page) {
    match sign(&block) {
        Some(('=', returns)) => page.returns = Some(returns.to_owned()),
        Some(('-', item)) => {
            if let Some((name, meaning)) = item.split_once(": ") {
                page.items.push((name.to_owned(), meaning.to_owned()));
            }
        }
        Some((sign, believed)) => {
            if let Some((belief, truth)) = believed.split_once(" | ") {
                page.beliefs.push(Belief {
                    verdict: if sign == 'x' {
                        Verdict::Wrong
                    } else {
                        Verdict::Imprecise
                    },
                    belief: belief.to_owned(),
                    truth: truth.to_owned(),
                });
            }
        }
        None if page.what.is_empty() => page.what = block,
        None => page.text.push(block),
    }
}
