//! Text into HTML: nothing that comes from outside can become markup.

use std::fmt::Write as _;

use crate::catalogue::{Language, Text};
use crate::escape::{escape_name, is_unsafe};

/// A page being written.
#[derive(Debug)]
pub(super) struct Page {
    html: String,
    pub(super) language: Language,
}

impl Page {
    pub(super) fn new(language: Language) -> Self {
        Self {
            html: String::with_capacity(64 << 10),
            language,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.html
    }

    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &str) {
        self.html.push_str(markup);
    }

    /// Markup of our own with numbers in it.
    pub(super) fn format(&mut self, markup: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.html.write_fmt(markup);
    }

    /// A text of the catalogue.
    pub(super) fn say(&mut self, text: Text) {
        self.text(text.say(self.language));
    }

    /// Text, also in the value of an attribute between double quotes. What comes from outside has been made harmless for a
    /// line before; whatever is left that could act or hide becomes a replacement character.
    pub(super) fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                '\n' | '\t' => self.html.push(character),
                _ if is_unsafe(character) => self.html.push('\u{fffd}'),
                _ => self.html.push(character),
            }
        }
    }

    /// A name from outside.
    pub(super) fn foreign(&mut self, name: &str) {
        let name = escape_name(name);
        self.text(&name);
    }

    /// One of several, by radio buttons: the first is chosen. Each has the id of the group, a dash and its own.
    pub(super) fn choice(&mut self, group: &str, label: Text, options: &[(&str, &str)]) {
        self.format(format_args!(
            "<fieldset class=\"switch\" id=\"{group}\"><legend>"
        ));
        self.say(label);
        self.raw("</legend>");
        for (index, (id, name)) in options.iter().enumerate() {
            let checked = if index == 0 { " checked" } else { "" };
            self.format(format_args!(
                "<label><input type=\"radio\" name=\"{group}\" id=\"{group}-{id}\"{checked}><span>"
            ));
            self.text(name);
            self.raw("</span></label>");
        }
        self.raw("</fieldset>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        let mut page = Page::new(Language::English);
        page.text("<script>alert('1')</script> & \"x\" \u{1b}[2J\u{202e}");
        assert_eq!(
            page.into_text(),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot; \u{fffd}[2J\u{fffd}"
        );
    }
}
