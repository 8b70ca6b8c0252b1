//! `explain`: a page on a call, an option, an error, a state, a concept or a finding, or the list of all of them.

use std::io::{self, Write};

use serde::Serialize;
use sockeye_diagnose::{About, RULES};
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_json;
use sockeye_view::pages::{self, Page, PageOptions, Topic};

use crate::cli::ExplainArgs;
use crate::exit::ExitCode;
use crate::stdio;
use crate::views::Look;

/// Answers.
pub(crate) fn run(args: &ExplainArgs) -> ExitCode {
    let look = Look::on(&io::stdout(), &args.look);
    let mut out = Vec::new();
    let written = match (&args.topic, args.json) {
        (Some(topic), false) => in_words(&mut out, topic, look),
        (Some(topic), true) => in_json(&mut out, &Document::of(topic, look.language)),
        (None, false) => {
            let title = |id: &str| heading(id, look.language);
            pages::write_list(&mut out, &pages::topics(), &title, options(look))
        }
        (None, true) => in_json(&mut out, &List::of(&pages::topics())),
    };
    let written = written.and_then(|()| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out).and_then(|()| stdout.flush())
    });
    stdio::output(written)
}

fn in_words(out: &mut Vec<u8>, topic: &Topic, look: Look) -> io::Result<()> {
    let page = topic.page(look.language);
    let title = heading(topic.name, look.language);
    pages::write_page(out, &page, title.as_deref(), options(look))
}

/// What a rule is about; a topic that is no rule is none.
fn rule(id: &str) -> Option<About> {
    let rule = RULES.iter().find(|row| row.about.id == id)?;
    Some(rule.about)
}

/// The heaviest sign that a rule gives, and what it is called: `✗ closed with bytes unread`.
fn heading(id: &str, language: Language) -> Option<String> {
    let rule = rule(id)?;
    Some(format!(
        "{} {}",
        rule.weight.sign(),
        rule.title.say(language)
    ))
}

fn options(look: Look) -> PageOptions {
    PageOptions {
        language: look.language,
        width: look.width.min(WIDEST),
        colour: look.color,
        ascii: look.ascii,
    }
}

fn in_json(out: &mut Vec<u8>, document: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_string(document)?;
    writeln!(out, "{}", escape_json(&json))
}

/// The list of topics as JSON.
#[derive(Serialize)]
struct List {
    version: u32,
    topics: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    topic: &'static str,
    group: &'static str,
    aliases: Vec<&'static str>,
}

impl List {
    fn of(topics: &[Topic]) -> Self {
        let topics = topics.iter().map(|topic| Listed {
            topic: topic.name,
            group: topic.group.word(),
            aliases: topic.names().skip(1).collect(),
        });
        Self {
            version: VERSION,
            topics: topics.collect(),
        }
    }
}

/// A page as JSON.
#[derive(Serialize)]
struct Document {
    version: u32,
    topic: &'static str,
    group: &'static str,
    language: &'static str,
    title: Option<&'static str>,
    weight: Option<&'static str>,
    aliases: Vec<&'static str>,
    what: String,
    forms: Vec<Form>,
    text: Vec<String>,
    returns: Option<String>,
    items: Vec<Item>,
    programs: Vec<OfProgram>,
    beliefs: Vec<OfBelief>,
    commands: Vec<&'static str>,
    also: Vec<&'static str>,
}

#[derive(Serialize)]
struct Form {
    language: &'static str,
    form: String,
}

#[derive(Serialize)]
struct Item {
    name: String,
    meaning: String,
}

#[derive(Serialize)]
struct OfProgram {
    good: bool,
    language: &'static str,
    code: String,
}

#[derive(Serialize)]
struct OfBelief {
    verdict: &'static str,
    belief: String,
    truth: String,
}

impl Document {
    fn of(topic: &Topic, language: Language) -> Self {
        let page: Page = topic.page(language);
        let forms = page.forms.into_iter().map(|(tongue, form)| Form {
            language: tongue.name(),
            form,
        });
        let programs = page.programs.iter().map(|program| OfProgram {
            good: program.good,
            language: program.tongue.name(),
            code: program.lines.join("\n"),
        });
        let beliefs = page.beliefs.into_iter().map(|belief| OfBelief {
            verdict: belief.verdict.word(),
            belief: belief.belief,
            truth: belief.truth,
        });
        let items = page.items.into_iter();
        let rule = rule(page.topic);
        Self {
            version: VERSION,
            topic: page.topic,
            group: page.group.word(),
            language: language.code(),
            title: rule.map(|rule| rule.title.say(language)),
            weight: rule.map(|rule| rule.weight.word()),
            aliases: page.aliases,
            what: page.what,
            forms: forms.collect(),
            text: page.text,
            returns: page.returns,
            items: items
                .map(|(name, meaning)| Item { name, meaning })
                .collect(),
            programs: programs.collect(),
            beliefs: beliefs.collect(),
            commands: page.commands,
            also: page.also,
        }
    }
}

/// The version of the JSON, as docs/explain.md describes it.
const VERSION: u32 = 1;

/// The most columns of a page: longer lines are hard to read.
const WIDEST: usize = 100;

#[cfg(test)]
mod tests {
    use sockeye_view::pages::Group;

    use super::*;

    #[test]
    fn every_rule_has_a_page_and_every_page_of_a_rule_a_rule() {
        let rules: Vec<&str> = RULES.iter().map(|row| row.about.id).collect();
        let topics = pages::topics().into_iter();
        let pages = topics.filter(|topic| topic.group == Group::Rule);
        assert_eq!(pages.map(|page| page.name).collect::<Vec<_>>(), rules);
    }

    #[test]
    fn every_command_of_a_page_is_understood() {
        for topic in pages::topics() {
            for command in topic.page(Language::English).commands {
                let ours = command.find("sockeye ").map(|at| &command[at..]);
                let ours = ours.unwrap_or_else(|| panic!("{}: {command}", topic.name));
                assert!(
                    crate::cli::tests::is_understood(ours),
                    "{}: {command}",
                    topic.name
                );
            }
        }
    }
}
