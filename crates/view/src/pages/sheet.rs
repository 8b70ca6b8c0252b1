//! A page, and the list of all of them, as text of a given width.

use std::io::{self, Write};

use sockeye_model::Errno;

use super::{Group, Page, Topic, Verdict, words};
use crate::catalogue::{Language, Text, errno_meaning};
use crate::escape::columns;
use crate::layout::{Paint, pad, to_ascii, wrap};

/// How pages are written.
#[derive(Clone, Copy, Debug)]
pub struct PageOptions {
    /// The language of the headings; a page brings its own.
    pub language: Language,
    /// Columns of a line.
    pub width: usize,
    /// With colours.
    pub colour: bool,
    /// With ASCII characters alone.
    pub ascii: bool,
}

/// Writes lines as the options have them.
struct Sheet<'a> {
    out: &'a mut dyn Write,
    options: PageOptions,
}

/// Writes a page. `title` is what its rule is called, where it is about one.
///
/// # Errors
/// Those of `out`.
pub fn write_page(
    out: &mut dyn Write,
    page: &Page,
    title: Option<&str>,
    options: PageOptions,
) -> io::Result<()> {
    let mut sheet = Sheet { out, options };
    sheet.heading(page, title)?;
    sheet.text(&page.what, 0)?;
    if !page.forms.is_empty() {
        sheet.blank()?;
        let width = page.forms.iter().map(|(tongue, _)| tongue.name().len());
        let width = width.max().unwrap_or(0);
        for (tongue, form) in &page.forms {
            sheet.item(tongue.name(), form, width, Paint::Plain)?;
        }
    }
    for paragraph in &page.text {
        sheet.blank()?;
        sheet.text(paragraph, 0)?;
    }
    if let Some(returns) = &page.returns {
        sheet.section(words::RETURNS)?;
        sheet.text(returns, 2)?;
    }
    if !page.items.is_empty() {
        match page.group {
            Group::Call => sheet.section(words::FAILS)?,
            _ => sheet.blank()?,
        }
        let names = page.items.iter().map(|(name, _)| columns(name));
        let width = names.max().unwrap_or(0).min(sheet.options.width / 3);
        for (name, meaning) in &page.items {
            sheet.item(name, meaning, width, Paint::Joint)?;
        }
    }
    for program in &page.programs {
        let text = if program.good {
            words::GOOD
        } else {
            words::BAD
        };
        let places: [(&str, &dyn std::fmt::Display); 1] = [("tongue", &program.tongue.name())];
        sheet.section_of(&text.fill(options.language, &places))?;
        for line in &program.lines {
            sheet.line("  ", line, Paint::Plain)?;
        }
    }
    if !page.beliefs.is_empty() {
        sheet.section(words::BELIEVED)?;
        for belief in &page.beliefs {
            let (sign, paint) = match belief.verdict {
                Verdict::Wrong => ("✗ ", Paint::Wrong),
                Verdict::Imprecise => ("~ ", Paint::In),
            };
            sheet.hanging(sign, paint, &belief.belief)?;
            sheet.hanging("✓ ", Paint::Well, &belief.truth)?;
        }
    }
    if !page.commands.is_empty() {
        sheet.section(words::SEE_IT)?;
        for command in &page.commands {
            sheet.line("  ", command, Paint::Out)?;
        }
    }
    if !page.also.is_empty() {
        sheet.section(words::SEE_ALSO)?;
        sheet.text(&page.also.join(", "), 2)?;
    }
    Ok(())
}

/// Writes the list of topics, group by group. `title` says what a rule is called; a rule it knows nothing of is left out.
///
/// # Errors
/// Those of `out`.
pub fn write_list(
    out: &mut dyn Write,
    topics: &[Topic],
    title: &dyn Fn(&str) -> Option<String>,
    options: PageOptions,
) -> io::Result<()> {
    let mut sheet = Sheet { out, options };
    for group in Group::ALL {
        let of_group = topics.iter().filter(|topic| topic.group == *group);
        let names: Vec<&str> = of_group.map(|topic| topic.name).collect();
        let heading = match group {
            Group::Call => words::CALLS,
            Group::Option => words::OPTIONS,
            Group::Error => words::ERRORS,
            Group::State => words::STATES,
            Group::Concept => words::CONCEPTS,
            Group::Rule => words::RULES,
        };
        if *group != Group::Call {
            sheet.blank()?;
        }
        sheet.line("", heading.say(options.language), Paint::Joint)?;
        if *group == Group::Rule {
            for name in names {
                if let Some(title) = title(name) {
                    sheet.item(name, &title, 4, Paint::Plain)?;
                }
            }
        } else {
            sheet.columns(&names)?;
        }
    }
    sheet.blank()?;
    sheet.text(words::ASK.say(options.language), 0)
}

impl Sheet<'_> {
    /// The name, and what it names.
    fn heading(&mut self, page: &Page, title: Option<&str>) -> io::Result<()> {
        let language = self.options.language;
        let kind = match (page.group, title) {
            (Group::Rule, Some(title)) => title.to_owned(),
            (Group::Rule, None) => words::RULE.say(language).to_owned(),
            (Group::Call, _) => words::CALL.say(language).to_owned(),
            (Group::Option, _) => words::OPTION.say(language).to_owned(),
            (Group::State, _) => words::STATE.say(language).to_owned(),
            (Group::Concept, _) => words::CONCEPT.say(language).to_owned(),
            (Group::Error, _) => match Errno::from_name(page.topic) {
                Some(errno) => {
                    let meaning = errno_meaning(errno, language);
                    words::ERROR.fill(language, &[("number", &errno.0), ("meaning", &meaning)])
                }
                None => words::ERRORS.say(language).to_owned(),
            },
        };
        let also = match page.group {
            // The other names of an error are errors of their own, with the same page.
            Group::Error => {
                let names = page.aliases.iter().copied();
                let others: Vec<&str> = names
                    .filter(|name| Errno::from_name(name).is_some())
                    .collect();
                others.join(", ")
            }
            _ => String::new(),
        };
        let mut line = String::new();
        Paint::Joint.put(&mut line, page.topic, self.options.colour);
        let kind = self.plain(&format!("  {kind}"));
        Paint::Dim.put(&mut line, &kind, self.options.colour);
        writeln!(self.out, "{line}")?;
        if also.is_empty() {
            return Ok(());
        }
        let also = format!("{} {also}", words::ALSO_CALLED.say(language));
        self.line("", &also, Paint::Dim)
    }

    /// The text in ASCII, where that is asked for.
    fn plain(&self, text: &str) -> String {
        if self.options.ascii {
            to_ascii(text)
        } else {
            text.to_owned()
        }
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A line that is not wrapped: it may be somebody's to copy.
    fn line(&mut self, before: &str, text: &str, paint: Paint) -> io::Result<()> {
        let mut line = String::from(before);
        paint.put(&mut line, &self.plain(text), self.options.colour);
        writeln!(self.out, "{}", line.trim_end())
    }

    /// A paragraph.
    fn text(&mut self, text: &str, indent: usize) -> io::Result<()> {
        for line in wrap(text, self.options.width.saturating_sub(indent)) {
            writeln!(self.out, "{:indent$}{}", "", self.plain(&line))?;
        }
        Ok(())
    }

    fn section(&mut self, heading: Text) -> io::Result<()> {
        self.section_of(heading.say(self.options.language))
    }

    fn section_of(&mut self, heading: &str) -> io::Result<()> {
        self.blank()?;
        self.line("", heading, Paint::Joint)
    }

    /// A name, and beside it what it means; both indented. A name that is too long has its line to itself.
    fn item(&mut self, name: &str, meaning: &str, width: usize, paint: Paint) -> io::Result<()> {
        let start = width + 4;
        let mut lines = wrap(meaning, self.options.width.saturating_sub(start)).into_iter();
        let mut line = String::from("  ");
        if columns(name) > width {
            paint.put(&mut line, &self.plain(name), self.options.colour);
            writeln!(self.out, "{line}")?;
        } else {
            let mut padded = String::new();
            pad(&mut padded, &self.plain(name), width);
            paint.put(&mut line, &padded, self.options.colour);
            line.push_str("  ");
            line.push_str(&self.plain(&lines.next().unwrap_or_default()));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        for line in lines {
            writeln!(self.out, "{:start$}{}", "", self.plain(&line))?;
        }
        Ok(())
    }

    /// A sign, and text that hangs behind it.
    fn hanging(&mut self, sign: &str, paint: Paint, text: &str) -> io::Result<()> {
        let width = self.options.width.saturating_sub(4);
        for (index, text) in wrap(text, width).iter().enumerate() {
            let mut line = String::from("  ");
            let sign = if index == 0 { sign } else { "  " };
            paint.put(&mut line, &self.plain(sign), self.options.colour);
            line.push_str(&self.plain(text));
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Words in as many columns as fit, read from left to right.
    fn columns(&mut self, names: &[&str]) -> io::Result<()> {
        let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0) + 2;
        let across = (self.options.width.saturating_sub(2) / widest).max(1);
        for row in names.chunks(across) {
            let mut line = String::from("  ");
            for name in row {
                pad(&mut line, name, widest);
            }
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
