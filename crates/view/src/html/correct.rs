//! What is wrong and how it is corrected: each finding with what happened, why, and the correction.

use std::cmp::Reverse;

use sockeye_model::Weight;

use super::markup::Page;
use crate::catalogue::{self, Text, pictures};
use crate::finding::{place_text, say, sentence};
use crate::story::{Found, Story};

/// How many are more than a hint.
pub(super) fn to_correct(story: &Story) -> u64 {
    let found = story.findings.iter();
    found
        .filter(|found| found.finding.weight > Weight::Hint)
        .count() as u64
}

pub(super) fn section(page: &mut Page, story: &Story, diagnosed: bool) {
    if story.findings.is_empty() && !diagnosed {
        return;
    }
    page.raw("<section class=\"card\" aria-labelledby=\"correct\">\n<h2 id=\"correct\">");
    page.say(pictures::CORRECT);
    page.raw("</h2>\n");
    if story.findings.is_empty() {
        page.raw("<p class=\"well\"><span aria-hidden=\"true\">✓</span> ");
        page.say(pictures::NOTHING_FOUND);
        page.raw("</p>\n</section>\n");
        return;
    }
    let mut order: Vec<(usize, &Found)> = story.findings.iter().enumerate().collect();
    order.sort_by_key(|(_, found)| Reverse(found.finding.weight));
    page.raw("<ol class=\"findings\">\n");
    for (number, found) in order {
        item(page, story, number, found);
    }
    page.raw("</ol>\n</section>\n");
}

fn item(page: &mut Page, story: &Story, number: usize, found: &Found) {
    let finding = &found.finding;
    let language = page.language;
    let weight = finding.weight.word();
    page.format(format_args!(
        "<li class=\"{weight}\" id=\"f{number}\">\n<h3><span class=\"mark\" aria-hidden=\"true\">{}</span>",
        finding.weight.sign()
    ));
    page.raw("<span class=\"hidden\">");
    page.say(word(finding.weight));
    page.raw("</span> ");
    page.foreign(finding.rule);
    page.raw(" <span class=\"short\">");
    page.text(&say(&finding.short, language));
    page.raw("</span></h3>\n<p class=\"where\">");
    if let Some(place) = &finding.place {
        page.raw("<code>");
        page.text(&place_text(place));
        page.raw("</code> ");
    }
    if finding.socket != sockeye_model::SocketId::NONE {
        page.format(format_args!("{} ", finding.socket));
    }
    if let Some((number, step)) = found
        .step
        .and_then(|number| Some((number, story.steps.get(number)?)))
    {
        page.format(format_args!("<a href=\"#s{number}\">"));
        let time = catalogue::seconds(step.at, language);
        page.text(&pictures::IN_THE_STORY.fill(language, &[("time", &time)]));
        page.raw("</a>");
    }
    if finding.times > 1 {
        page.raw(" · ");
        let count = catalogue::count(finding.times, language);
        page.text(&pictures::TIMES.fill(language, &[("count", &count)]));
    }
    page.raw("</p>\n<p>");
    page.text(&sentence(&say(&finding.happened, language)));
    page.raw("</p>\n<dl>\n");
    let fix = match finding.weight {
        Weight::Hint => pictures::TRY,
        Weight::Mistake | Weight::Risk => pictures::FIX,
    };
    for (name, saying) in [(pictures::CAUSE, &finding.why), (fix, &finding.fix)] {
        page.raw("<dt>");
        page.say(name);
        page.raw("</dt><dd>");
        page.text(&sentence(&say(saying, language)));
        page.raw("</dd>\n");
    }
    page.raw("<dt>");
    page.say(pictures::TO_READ_MORE);
    page.raw("</dt><dd><code>sockeye explain ");
    page.foreign(finding.rule);
    page.raw("</code></dd>\n</dl>\n</li>\n");
}

/// The word for what a sign means.
pub(super) fn word(weight: Weight) -> Text {
    match weight {
        Weight::Mistake => pictures::MISTAKE,
        Weight::Risk => pictures::RISK,
        Weight::Hint => pictures::HINT,
    }
}
