//! A session as one page that needs nothing but a browser: what to correct, the sequence of calls, the life of each socket.
//!
//! The page loads nothing and runs no script, and its policy forbids both, so what a peer has sent can only ever be text.
//! What opens and closes on it is plain HTML; light and dark, and how far the timeline is zoomed, are CSS.

use std::io::{self, Write};

use sockeye_model::{Event, Flow, Sink, Tally, Wants};

use crate::catalogue::{self, Language, pictures};
use crate::story::{AtTheEnd, Story};

mod correct;
mod markup;
mod payload;
mod sequence;
mod timeline;

use markup::Page;

/// How the page looks, and how much of a session it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlOptions {
    /// The language of texts and figures.
    pub language: Language,
    /// What the session was: a command, as it was typed.
    pub title: String,
    /// The most events that the page holds; how many more there were is said on it.
    pub limit: usize,
    /// Rules looked at the events, so that having found nothing means something.
    pub diagnosed: bool,
}

impl Default for HtmlOptions {
    /// English, no title, 5,000 events, not diagnosed.
    fn default() -> Self {
        Self {
            language: Language::English,
            title: String::new(),
            limit: PAGE_EVENTS,
            diagnosed: false,
        }
    }
}

/// Events that a page holds at most, unless told otherwise: a browser scrolls through their rows without a stutter.
pub const PAGE_EVENTS: usize = 5_000;

/// The view behind `--html`: it writes once, when the session is over.
///
/// ```
/// use sockeye_model::{Event, Kind, Sink, SocketId, Tally, Timestamp};
/// use sockeye_view::{Html, HtmlOptions};
///
/// let mut out = Vec::new();
/// let mut html = Html::new(&mut out, HtmlOptions::default());
/// html.event(&Event {
///     at: Timestamp::START, took: None, socket: SocketId(1), parent: None, by: None, place: None,
///     kind: Kind::Bound { local: "127.0.0.1:7007".parse().unwrap() },
/// })?;
/// html.finish(&Tally::default())?;
/// assert!(String::from_utf8(out).unwrap().contains("127.0.0.1:7007"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Html<W> {
    end: AtTheEnd<W>,
    options: HtmlOptions,
}

impl<W: Write> Html<W> {
    /// A page that will be written to `out`.
    pub fn new(out: W, options: HtmlOptions) -> Self {
        Self {
            end: AtTheEnd::new(out, options.limit),
            options,
        }
    }
}

impl<W: Write + Send> Sink for Html<W> {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.end.event(event)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        let options = &self.options;
        self.end
            .finish(tally, options.language, |story| page(story, tally, options))
    }
}

/// The whole page.
fn page(story: &Story, tally: &Tally, options: &HtmlOptions) -> String {
    let language = options.language;
    let mut page = Page::new(language);
    page.raw("<!doctype html>\n<html lang=\"");
    page.raw(language.code());
    page.raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.raw("style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    if !options.title.is_empty() {
        page.foreign(&options.title);
        page.raw(" · ");
    }
    page.raw("sockeye</title>\n<style>\n");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#story\">");
    page.say(pictures::SKIP);
    page.raw("</a>\n");
    top(&mut page, options);
    page.raw("<main>\n");
    figures(&mut page, story, tally, options);
    correct::section(&mut page, story, options.diagnosed);
    sequence::section(&mut page, story);
    timeline::section(&mut page, story);
    page.raw("</main>\n<footer>");
    page.text(&pictures::FOOTER.fill(language, &[("version", &env!("CARGO_PKG_VERSION"))]));
    page.raw("</footer>\n</body>\n</html>\n");
    page.into_text()
}

/// The name of the page, and how it looks.
fn top(page: &mut Page, options: &HtmlOptions) {
    page.raw("<header class=\"top\">\n<div class=\"brand\">");
    page.raw(ICON);
    page.raw("<div><h1>");
    if options.title.is_empty() {
        page.raw("sockeye");
    } else {
        page.raw("<code>");
        page.foreign(&options.title);
        page.raw("</code>");
    }
    page.raw("</h1>\n<p>sockeye · ");
    page.say(pictures::TAGLINE);
    page.raw("</p></div></div>\n");
    let looks = [
        ("auto", pictures::AUTO),
        ("light", pictures::LIGHT),
        ("dark", pictures::DARK),
    ];
    page.choice(
        "look",
        pictures::LOOK,
        &looks.map(|(id, text)| (id, text.say(page.language))),
    );
    page.raw("</header>\n");
}

/// A few numbers, large.
fn figures(page: &mut Page, story: &Story, tally: &Tally, options: &HtmlOptions) {
    let language = options.language;
    let lasted = if tally.lasted.is_zero() {
        story.until.since_start()
    } else {
        tally.lasted
    };
    let totals = story.totals;
    let mut figures = vec![
        (pictures::FIG_LASTED, catalogue::duration(lasted, language)),
        (
            pictures::FIG_SOCKETS,
            catalogue::count(story.sockets as u64, language),
        ),
        (
            pictures::FIG_SENT,
            catalogue::bytes(totals.bytes_sent, language),
        ),
        (
            pictures::FIG_RECEIVED,
            catalogue::bytes(totals.bytes_received, language),
        ),
    ];
    if options.diagnosed || !story.findings.is_empty() {
        let found = correct::to_correct(story);
        figures.push((pictures::FIG_FINDINGS, catalogue::count(found, language)));
    }
    page.raw("<dl class=\"figures\" aria-label=\"");
    page.say(pictures::TOTALS);
    page.raw("\">\n");
    for (name, value) in figures {
        page.raw("<div><dd>");
        page.text(&value);
        page.raw("</dd><dt>");
        page.say(name);
        page.raw("</dt></div>\n");
    }
    page.raw("</dl>\n");
}

const STYLE: &str = include_str!("html/page.css");

/// The project's sign, as the page of `serve http` has it.
const ICON: &str = "<svg class=\"icon\" viewBox=\"0 0 32 32\" width=\"32\" height=\"32\" aria-hidden=\"true\">\
<rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#c2402f\"/>\
<circle cx=\"16\" cy=\"16\" r=\"9\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2.5\"/>\
<circle cx=\"12.6\" cy=\"15\" r=\"1.7\" fill=\"#fff\"/><circle cx=\"19.4\" cy=\"15\" r=\"1.7\" fill=\"#fff\"/>\
<path d=\"M13 20.5h6\" stroke=\"#fff\" stroke-width=\"2\" stroke-linecap=\"round\"/></svg>";
