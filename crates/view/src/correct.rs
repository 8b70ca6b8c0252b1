//! What to correct: the findings at the end, the heaviest first, each with its place, what happened, why, and the correction.

use sockeye_model::{Call, Finding, Weight};

use crate::catalogue::Language;
use crate::escape::columns;
use crate::finding::{ended, place_text, say, sentence};
use crate::layout::{Paint, pad, to_ascii, wrap};

mod words {
    crate::texts! {
        TITLE = "what to correct" | "qué corregir";
        NOTHING = "nothing to correct" | "nada que corregir";
        ONLY_HINTS = "nothing to correct; good to know:" | "nada que corregir; conviene saber:";
        TIMES = "{count} times" | "{count} veces";
        CALL = "{socket} {call}()" | "{socket} {call}()";
        NTH = "{socket} {call}() no. {number}" | "{socket} {call}() n.º {number}";
        FIX = "Correct it: {fix}" | "Corrección: {fix}";
        HINT = "Try: {fix}" | "Prueba: {fix}";
        PAGE = "More: {command}" | "Más: {command}";
    }
}

/// A finding, and the call that showed it.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The call, and which one of that name on that socket it was, from 1: for where no line is known.
    pub call: Option<(Call, u64)>,
}

impl Found<'_> {
    /// Where it is: the line, or the call by its number, or the socket alone.
    pub fn place(&self, language: Language) -> String {
        if let Some(place) = &self.finding.place {
            return place_text(place);
        }
        let socket = self.finding.socket;
        match self.call {
            None if socket == sockeye_model::SocketId::NONE => String::new(),
            None => socket.to_string(),
            Some((call, 1)) => words::CALL.fill(language, &[("socket", &socket), ("call", &call)]),
            Some((call, number)) => words::NTH.fill(
                language,
                &[("socket", &socket), ("call", &call), ("number", &number)],
            ),
        }
    }
}

/// How it looks.
#[derive(Clone, Copy, Debug)]
pub struct CorrectOptions {
    /// The language.
    pub language: Language,
    /// Starts each line with `┊`.
    pub margin: bool,
    /// Colours by ANSI escapes.
    pub colour: bool,
    /// Nothing beyond ASCII.
    pub ascii: bool,
    /// Columns, 40 at least.
    pub width: usize,
}

/// The findings and the totals as text, ended by a line feed.
pub fn what_to_correct(found: &[Found<'_>], totals: &[String], options: &CorrectOptions) -> String {
    let mut page = Page {
        text: String::new(),
        options,
    };
    let language = options.language;
    let mut sorted: Vec<&Found<'_>> = found.iter().collect();
    sorted.sort_by_key(|found| std::cmp::Reverse(found.finding.weight));
    match sorted.first().map(|found| found.finding.weight) {
        None => {}
        Some(weight) => {
            page.margin();
            page.end();
            page.title(match weight {
                Weight::Hint => words::ONLY_HINTS.say(language),
                _ => words::TITLE.say(language),
            });
        }
    }
    for found in &sorted {
        page.finding(found);
    }
    let nothing = sorted.is_empty().then(|| words::NOTHING.say(language));
    page.totals(nothing, totals);
    if options.ascii {
        return to_ascii(&page.text);
    }
    page.text
}

struct Page<'a> {
    text: String,
    options: &'a CorrectOptions,
}

impl Page<'_> {
    fn room(&self) -> usize {
        self.options.width.max(40) - if self.options.margin { 2 } else { 0 }
    }

    fn margin(&mut self) {
        if self.options.margin {
            Paint::Dim.put(&mut self.text, "┊", self.options.colour);
            self.text.push(' ');
        }
    }

    fn end(&mut self) {
        let used = self.text.trim_end_matches(' ').len();
        self.text.truncate(used);
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.margin();
        self.text.push(' ');
        Paint::Joint.put(&mut self.text, title, self.options.colour);
        self.end();
    }

    /// `✗ S09  server.py:9   what happened`, and below it why, the correction and the page.
    fn finding(&mut self, found: &Found<'_>) {
        let language = self.options.language;
        let finding = found.finding;
        let mut place = found.place(language);
        if finding.times > 1 {
            let count = crate::catalogue::count(finding.times, language);
            let times = words::TIMES.fill(language, &[("count", &count)]);
            place = if place.is_empty() {
                times
            } else {
                format!("{place}, {times}")
            };
        }
        let head = format!("{} {}", finding.weight.sign(), finding.rule);
        let indent = INDENT;
        let fix = ended(&say(&finding.fix, language));
        let fix = match finding.weight {
            Weight::Hint => words::HINT,
            _ => words::FIX,
        }
        .fill(language, &[("fix", &fix)]);
        let page = format!("sockeye explain {}", finding.rule);
        let happened = sentence(&say(&finding.happened, language));
        let parts = [
            happened,
            sentence(&say(&finding.why, language)),
            fix,
            words::PAGE.fill(language, &[("command", &page)]),
        ];
        let paint = paint_of(finding.weight);
        self.margin();
        self.text.push(' ');
        paint.put(&mut self.text, &head, self.options.colour);
        let used = 1 + columns(&head);
        pad(&mut self.text, "", indent.saturating_sub(used));
        Paint::Joint.put(&mut self.text, &place, self.options.colour);
        self.end();
        for (index, part) in parts.iter().enumerate() {
            let dim = index == 1 || index == 3;
            let room = self.room().saturating_sub(indent);
            for line in part.lines().flat_map(|line| wrap(line, room)) {
                self.margin();
                pad(&mut self.text, "", indent);
                let paint = if dim { Paint::Dim } else { Paint::Plain };
                paint.put(&mut self.text, &line, self.options.colour);
                self.end();
            }
        }
    }

    fn totals(&mut self, nothing: Option<&str>, totals: &[String]) {
        let mut lines: Vec<String> = Vec::new();
        let phrases = totals.iter().map(String::as_str).chain(nothing);
        let room = self.room() - 3;
        for phrase in phrases {
            match lines.last_mut() {
                Some(line) if columns(line) + 3 + columns(phrase) <= room => {
                    line.push_str(" · ");
                    line.push_str(phrase);
                }
                _ => lines.extend(wrap(phrase, room)),
            }
        }
        for (index, line) in lines.iter().enumerate() {
            self.margin();
            self.text.push(' ');
            let sign = if nothing.is_some() && index == 0 {
                "✓"
            } else {
                " "
            };
            Paint::Well.put(&mut self.text, sign, self.options.colour);
            self.text.push(' ');
            self.text.push_str(line);
            self.end();
        }
    }
}

/// The colour of a finding.
pub(crate) fn paint_of(weight: Weight) -> Paint {
    match weight {
        Weight::Mistake => Paint::Wrong,
        Weight::Risk => Paint::In,
        Weight::Hint => Paint::Plain,
    }
}

/// Where the text of a finding begins.
const INDENT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::{Place, Saying, SocketId, Value, text::Text};

    const HAPPENED: Text = Text::new(
        "close() while {unread} waited",
        "close() con {unread} sin leer",
    );
    const WHY: Text = Text::new("the kernel then sends RST", "el núcleo envía entonces RST");
    const FIX: Text = Text::new("read until b''", "lee hasta b''");

    fn finding(weight: Weight, rule: &'static str, line: Option<u32>) -> Finding {
        Finding {
            rule,
            weight,
            socket: SocketId(2),
            by: None,
            place: line.map(|line| Place {
                file: "server.py".into(),
                line,
                function: None,
            }),
            times: 2,
            again: false,
            short: Saying::of(WHY),
            happened: Saying::of(HAPPENED).with("unread", Value::Bytes(18)),
            why: Saying::of(WHY),
            fix: Saying::of(FIX),
        }
    }

    fn options(language: Language) -> CorrectOptions {
        CorrectOptions {
            language,
            margin: false,
            colour: false,
            ascii: false,
            width: 80,
        }
    }

    #[test]
    fn the_heaviest_comes_first_with_place_reason_and_correction() {
        let hint = finding(Weight::Hint, "S03", None);
        let mistake = finding(Weight::Mistake, "S09", Some(9));
        let found = [
            Found {
                finding: &hint,
                call: Some((Call::Recv, 3)),
            },
            Found {
                finding: &mistake,
                call: None,
            },
        ];
        let text = what_to_correct(
            &found,
            &["2 connections".into()],
            &options(Language::English),
        );
        let expected = "
 what to correct
 ✗ S09  server.py:9, 2 times
        close() while 18 B waited.
        The kernel then sends RST.
        Correct it: read until b''.
        More: sockeye explain S09
 i S03  #2 recv() no. 3, 2 times
        close() while 18 B waited.
        The kernel then sends RST.
        Try: read until b''.
        More: sockeye explain S03
   2 connections
";
        assert_eq!(text, expected);
    }

    #[test]
    fn nothing_is_said_to_be_nothing_in_both_languages() {
        for (language, words) in [
            (Language::English, " ✓ no sockets · nothing to correct\n"),
            (Language::Spanish, " ✓ no sockets · nada que corregir\n"),
        ] {
            assert_eq!(
                what_to_correct(&[], &["no sockets".into()], &options(language)),
                words
            );
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mistake = finding(Weight::Mistake, "S09", None);
        let found = [Found {
            finding: &mistake,
            call: None,
        }];
        for width in [40, 80, 120] {
            let options = CorrectOptions {
                width,
                margin: true,
                ..options(Language::Spanish)
            };
            let text = what_to_correct(&found, &["a ".repeat(80)], &options);
            for line in text.lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }
}
