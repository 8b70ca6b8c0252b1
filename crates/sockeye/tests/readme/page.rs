//! A page in Markdown, as the transcripts and tables in it.

use std::collections::BTreeSet;
use std::path::Path;

/// A page, cut at its `##`.
pub(crate) struct Page {
    pub(crate) chapters: Vec<Chapter>,
    lines: Vec<String>,
}

/// What belongs together, and is tried again together.
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
    /// Programs that it shows, each with the name it is to be saved under: a block that begins with "```python NAME".
    pub(crate) files: Vec<(String, String)>,
}

/// A terminal, or more of one.
pub(crate) struct Block {
    /// Where it begins: the number of the line behind the opening fence, from 0.
    pub(crate) line: usize,
    pub(crate) steps: Vec<Step>,
    /// How many lines it had when it was read.
    length: usize,
}

/// What somebody does, if anything, and what they see then.
pub(crate) struct Step {
    pub(crate) key: Option<Key>,
    pub(crate) shows: Vec<String>,
}

/// What somebody does at a terminal.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Command(String),
    Line(String),
    EndOfInput,
    Interrupt,
}

impl Key {
    fn read(line: &str) -> Option<Self> {
        match line {
            "^D" => Some(Self::EndOfInput),
            "^C" => Some(Self::Interrupt),
            _ => match line.split_at_checked(2)? {
                ("$ ", command) => Some(Self::Command(command.into())),
                ("> ", text) => Some(Self::Line(text.into())),
                _ => None,
            },
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Command(command) => format!("$ {command}"),
            Self::Line(text) => format!("> {text}"),
            Self::EndOfInput => "^D".into(),
            Self::Interrupt => "^C".into(),
        }
    }
}

impl Chapter {
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.blocks.iter().flat_map(|block| &block.steps)
    }

    /// Takes over what was shown, a list of lines for each step, but keeps what has a `...`.
    pub(crate) fn bless(&mut self, shown: Vec<Vec<String>>) {
        let steps = self.blocks.iter_mut().flat_map(|block| &mut block.steps);
        for (step, shown) in steps.zip(shown) {
            if !step.shows.iter().any(|line| line == "...") {
                step.shows = shown;
            }
        }
    }
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut page = Self {
            chapters: Vec::new(),
            lines: text.lines().map(str::to_owned).collect(),
        };
        let mut chapter = Chapter {
            title: "beginning".into(),
            blocks: Vec::new(),
            files: Vec::new(),
        };
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                let next = Chapter {
                    title: title.to_owned(),
                    blocks: Vec::new(),
                    files: Vec::new(),
                };
                page.chapters.push(std::mem::replace(&mut chapter, next));
            }
            if line.starts_with("```") {
                let inside: Vec<_> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| *line != "```")
                    .collect();
                if line == "```console" {
                    chapter.blocks.push(Block::read(number + 1, &inside));
                }
                if let Some(name) = line.strip_prefix("```python ") {
                    let text = inside.join("\n") + "\n";
                    chapter.files.push((name.to_owned(), text));
                }
            }
        }
        page.chapters.push(chapter);
        page
    }

    /// Writes the page with its transcripts as they are now.
    pub(crate) fn write(&self, path: &Path) {
        let mut lines = self.lines.clone();
        let blocks: Vec<_> = self.chapters.iter().flat_map(|it| &it.blocks).collect();
        // From behind, so that the numbers of the lines stay true.
        for block in blocks.into_iter().rev() {
            let mut text = Vec::new();
            for step in &block.steps {
                text.extend(step.key.as_ref().map(Key::written));
                text.extend(step.shows.iter().cloned());
            }
            lines.splice(block.line..block.line + block.length, text);
        }
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// Whether a table of the page has exactly these words, set as code, in its first column, in any number of cells.
    pub(crate) fn has_table(&self, words: &BTreeSet<String>) -> bool {
        let mut tables = vec![BTreeSet::new()];
        for line in &self.lines {
            match line.strip_prefix('|').and_then(|row| row.split('|').next()) {
                Some(cell) => {
                    let words = cell.split('`').skip(1).step_by(2).map(str::to_owned);
                    tables.last_mut().unwrap().extend(words);
                }
                None => tables.push(BTreeSet::new()),
            }
        }
        tables.contains(words)
    }
}

impl Block {
    pub(crate) fn begins_a_program(&self) -> bool {
        let first = self.steps.first().and_then(|step| step.key.as_ref());
        matches!(first, Some(Key::Command(_)))
    }

    fn read(line: usize, lines: &[&str]) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let step = |key| Step {
            key,
            shows: Vec::new(),
        };
        for text in lines {
            let key = Key::read(text);
            // What a running program has shown in the meantime, which may be nothing, comes before the next key.
            if steps.is_empty() && !matches!(key, Some(Key::Command(_))) {
                steps.push(step(None));
            }
            match (key, steps.last_mut()) {
                (None, Some(step)) => step.shows.push((*text).into()),
                (key, _) => steps.push(step(key)),
            }
        }
        Self {
            line,
            steps,
            length: lines.len(),
        }
    }
}
