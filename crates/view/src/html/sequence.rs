//! The sequence of calls: a row a step, its arrow drawn between the lifelines, its words beside them.
//!
//! Each row has a drawing of its own as high as the row, in percentages of its width, so that words may wrap and the
//! page may be narrow or wide while lifelines stay unbroken.

use super::correct::word;
use super::markup::Page;
use super::payload;
use crate::catalogue::{self, narration, pictures};
use crate::finding::say;
use crate::story::{Arrow, ArrowKind, Cell, Gap, Lane, Shape, Step, Story};
use crate::telling::{Mark, Way};

/// Where an arrow is drawn in its row, from the top, in pixels: at the middle of the first line of words.
const LINE: u32 = 15;

pub(super) fn section(page: &mut Page, story: &Story) {
    page.raw("<section class=\"card\" aria-labelledby=\"story\">\n<div class=\"head\"><h2 id=\"story\" tabindex=\"-1\">");
    page.say(pictures::SEQUENCE);
    page.raw("</h2>\n<label class=\"check\"><input type=\"checkbox\" id=\"reasons\" checked> ");
    page.say(pictures::REASONS);
    page.raw("</label></div>\n");
    if story.steps.is_empty() {
        page.raw("<p class=\"quiet\">");
        page.say(pictures::EMPTY_STORY);
        page.raw("</p>\n");
    } else {
        steps(page, story);
    }
    if story.left_out > 0 {
        let count = catalogue::count(story.left_out, page.language);
        page.raw("<p class=\"left-out\"><span aria-hidden=\"true\">!</span> ");
        page.text(&pictures::LEFT_OUT.fill(page.language, &[("count", &count)]));
        page.raw("</p>\n");
    }
    if !story.phrases.is_empty() {
        let (sign, class) = if story.well {
            ("✓", "well")
        } else {
            ("✗", "wrong")
        };
        page.format(format_args!(
            "<p class=\"sum {class}\"><span aria-hidden=\"true\">{sign}</span> "
        ));
        page.text(&story.phrases.join(", "));
        page.raw("</p>\n");
    }
    page.raw("</section>\n");
}

fn steps(page: &mut Page, story: &Story) {
    let lanes = story.lanes.len();
    let cells = || story.steps.iter().flat_map(|step| &step.cells);
    let two = cells().any(|cell| cell.lane > 0);
    let sides = if two { "two" } else { "one" };
    let many = if lanes > 2 { " many" } else { "" };
    page.format(format_args!(
        "<div class=\"sequence {sides}{many}\" style=\"--lanes:{lanes}\">\n"
    ));
    definitions(page, lanes);
    heads(page, story, two);
    page.raw("<ol class=\"steps\">\n");
    let named = cells().any(|cell| cell.lane > 1);
    for (number, step) in story.steps.iter().enumerate() {
        if let Some(gap) = &step.gap {
            silence(page, gap, lanes);
        }
        row(page, story, number, step, named);
    }
    page.raw("</ol>\n</div>\n");
}

/// Shapes that every row uses.
fn definitions(page: &mut Page, lanes: usize) {
    page.raw("<svg class=\"definitions\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n<g id=\"lanes\">");
    for lane in 0..lanes {
        let x = across(lane, lanes);
        page.format(format_args!(
            "<line x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"100%\"/>"
        ));
    }
    page.raw("</g>\n");
    for (id, shape) in SHAPES {
        page.format(format_args!("<g id=\"shape-{id}\">{shape}</g>\n"));
    }
    for kind in ["data", "end", "connection", "thrown", "birth"] {
        let head = if kind == "end" {
            "<path class=\"open\" d=\"M1 1 9 5 1 9\"/>"
        } else {
            "<path d=\"M0 0 10 5 0 10z\"/>"
        };
        page.format(format_args!(
            "<marker id=\"head-{kind}\" class=\"{kind}\" viewBox=\"0 0 10 10\" refX=\"9.500\" refY=\"5\" markerWidth=\"9\" \
             markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\">{head}</marker>\n"
        ));
    }
    page.raw("</defs></svg>\n");
}

/// The names of the lifelines: the first, and the second of two, beside them, the others above.
fn heads(page: &mut Page, story: &Story, two: bool) {
    let lanes = story.lanes.len();
    page.raw("<div class=\"heads\"><span class=\"at\">");
    page.say(narration::TIME);
    page.raw("</span>");
    let beside = if lanes == 2 && two { 2 } else { 1 };
    for (lane, place) in story.lanes.iter().zip(["first", "second"]).take(beside) {
        head(page, lane, place, None);
    }
    if lanes > beside {
        page.raw("<div class=\"graph\">");
        for (index, lane) in story.lanes.iter().enumerate().skip(beside) {
            head(page, lane, "above", Some(across(index, lanes)));
        }
        page.raw("</div>");
    }
    page.raw("</div>\n");
}

fn head(page: &mut Page, lane: &Lane, place: &str, at: Option<String>) {
    let away = if lane.ours { "" } else { " away" };
    page.format(format_args!("<span class=\"lane {place}{away}\""));
    if let Some(at) = at {
        page.format(format_args!(" style=\"left:{at}\""));
    }
    page.raw("><b>");
    page.text(&lane.name);
    page.raw("</b>");
    if let Some(detail) = &lane.detail {
        page.raw(" <small>");
        page.text(detail);
        page.raw("</small>");
    }
    page.raw("</span>");
}

/// A silence: its length, and who waited in what.
fn silence(page: &mut Page, gap: &Gap, lanes: usize) {
    page.raw("<li class=\"gap\"><span class=\"at\"></span><div class=\"graph\"><svg aria-hidden=\"true\"><use href=\"#lanes\" class=\"lifelines\"/>");
    let mut waiting: Vec<usize> = gap.waits.iter().map(|(lane, ..)| *lane).collect();
    waiting.dedup();
    for lane in waiting {
        let x = across(lane, lanes);
        page.format(format_args!(
            "<line class=\"waiting\" x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"100%\"/>"
        ));
    }
    page.raw("</svg></div><p><b>");
    page.text(&catalogue::duration(gap.lasted, page.language));
    page.raw("</b>");
    let language = page.language;
    for (index, (_, socket, call)) in gap.waits.iter().take(WAITS).enumerate() {
        page.raw(if index == 0 { " " } else { ", " });
        page.text(&pictures::WAITS.fill(language, &[("socket", socket), ("call", call)]));
    }
    if gap.waits.len() > WAITS {
        let more = gap.waits.len() - WAITS;
        page.raw(", ");
        page.text(&narration::AND_MORE.fill(language, &[("count", &more)]));
    }
    page.raw("</p></li>\n");
}

fn row(page: &mut Page, story: &Story, number: usize, step: &Step, named: bool) {
    if let [cell] = step.cells.as_slice()
        && cell.shape == Shape::Title
    {
        page.format(format_args!("<li class=\"title\" id=\"s{number}\">"));
        page.text(&cell.fact);
        page.raw("</li>\n");
        return;
    }
    page.format(format_args!(
        "<li class=\"step\" id=\"s{number}\"><span class=\"at\">"
    ));
    page.text(&catalogue::seconds(step.at, page.language));
    page.raw("</span>");
    let (left, right): (Vec<&Cell>, Vec<&Cell>) =
        step.cells.iter().partition(|cell| cell.lane == 0);
    for (side, cells) in [("left", left), ("right", right)] {
        if cells.is_empty() {
            continue;
        }
        page.format(format_args!("<div class=\"{side}\">"));
        for cell in cells {
            let name = (named && cell.lane > 0)
                .then(|| story.lanes.get(cell.lane))
                .flatten();
            write_cell(page, story, cell, name.map(|lane| lane.name.as_str()));
        }
        page.raw("</div>");
    }
    page.raw("<div class=\"graph\">");
    drawing(page, step, story.lanes.len());
    page.raw("</div>");
    if let Some(arrow) = &step.arrow
        && let Some(to) = story.lanes.get(arrow.to)
    {
        // For who can't see it.
        page.raw("<span class=\"hidden\">");
        page.text(&arrow.label);
        page.raw(" → ");
        page.text(&to.name);
        page.raw("</span>");
    }
    page.raw("</li>\n");
}

fn write_cell(page: &mut Page, story: &Story, cell: &Cell, lane: Option<&str>) {
    let mark = match cell.mark {
        Mark::Plain => "",
        Mark::Loss => " loss",
        Mark::Failure => " failure",
    };
    page.format(format_args!("<div class=\"cell{mark}\">"));
    let data = cell.data.and_then(|index| story.data.get(index));
    page.raw(if data.is_some() {
        "<details><summary class=\"call\">"
    } else {
        "<p class=\"call\">"
    });
    if let Some(place) = &cell.place {
        page.raw("<code class=\"place\">");
        page.text(place);
        page.raw("</code> ");
    }
    if let Some(lane) = lane {
        page.raw("<span class=\"whose\">");
        page.text(lane);
        page.raw("</span> ");
    }
    if cell.socket != sockeye_model::SocketId::NONE {
        page.format(format_args!(
            "<span class=\"number\">{}</span> ",
            cell.socket
        ));
    }
    page.raw("<b class=\"name\">");
    match cell.mark {
        Mark::Failure => page.raw("✗ "),
        Mark::Loss => page.raw("! "),
        Mark::Plain => {}
    }
    page.text(&cell.name);
    page.raw("</b>");
    if !cell.fact.is_empty() {
        let class = if cell.way.is_some() {
            "fact carried"
        } else {
            "fact"
        };
        page.format(format_args!(" <span class=\"{class}\">"));
        page.text(&cell.fact);
        page.raw("</span>");
    }
    for more in &cell.more {
        page.raw(" <span class=\"more\">");
        page.text(more);
        page.raw("</span>");
    }
    if cell.times > 1 {
        page.raw(" <span class=\"times\">× ");
        page.text(&catalogue::count(cell.times, page.language));
        page.raw("</span>");
    }
    match data {
        Some(data) => {
            page.raw("</summary>");
            payload::show(page, data);
            page.raw("</details>");
        }
        None => page.raw("</p>"),
    }
    for reason in &cell.reasons {
        page.raw("<p class=\"why\">");
        page.text(reason);
        page.raw("</p>");
    }
    for number in &cell.findings {
        finding(page, story, *number);
    }
    page.raw("</div>");
}

fn finding(page: &mut Page, story: &Story, number: usize) {
    let Some(found) = story.findings.get(number) else {
        return;
    };
    let weight = found.finding.weight;
    page.format(format_args!(
        "<a class=\"finding {}\" href=\"#f{number}\"><span class=\"mark\" aria-hidden=\"true\">{}</span><span class=\"hidden\">",
        weight.word(),
        weight.sign()
    ));
    page.say(word(weight));
    page.raw("</span> <b>");
    page.foreign(found.finding.rule);
    page.raw("</b> ");
    page.text(&say(&found.finding.short, page.language));
    page.raw("</a>");
}

/// Lifelines, the arrow, and the mark of each call.
fn drawing(page: &mut Page, step: &Step, lanes: usize) {
    page.raw("<svg aria-hidden=\"true\"><use href=\"#lanes\" class=\"lifelines\"/>");
    if let Some(arrow) = &step.arrow {
        draw_arrow(page, arrow, lanes);
    }
    for cell in &step.cells {
        let ends_here =
            |arrow: &Arrow| arrow.to == cell.lane && arrow.kind != ArrowKind::Connection;
        if cell.shape == Shape::Dot && step.arrow.as_ref().is_some_and(ends_here) {
            // The head of the arrow says it.
            continue;
        }
        let shape = shape(cell);
        let way = match cell.way {
            Some(Way::Out | Way::In) => " moves",
            None => "",
        };
        page.format(format_args!(
            "<use href=\"#shape-{shape}\" class=\"{shape}{way}\" x=\"{}\" y=\"{LINE}\"/>",
            across(cell.lane, lanes)
        ));
    }
    page.raw("</svg>");
}

fn draw_arrow(page: &mut Page, arrow: &Arrow, lanes: usize) {
    let (kind, both) = match arrow.kind {
        ArrowKind::Data => ("data", false),
        ArrowKind::End => ("end", false),
        ArrowKind::Connection => ("connection", true),
        ArrowKind::Thrown => ("thrown", false),
        ArrowKind::Birth => ("birth", false),
    };
    let (from, to) = (across(arrow.from, lanes), across(arrow.to, lanes));
    page.format(format_args!("<g class=\"arrow {kind}\">"));
    if both {
        // Two lines beneath the one that has the heads: both ends are joined.
        page.format(format_args!(
            "<line class=\"wide\" x1=\"{from}\" y1=\"{LINE}\" x2=\"{to}\" y2=\"{LINE}\"/>"
        ));
    }
    page.format(format_args!(
        "<line x1=\"{from}\" y1=\"{LINE}\" x2=\"{to}\" y2=\"{LINE}\" marker-end=\"url(#head-{kind})\""
    ));
    if both {
        page.format(format_args!(" marker-start=\"url(#head-{kind})\""));
    }
    page.raw("/>");
    if !arrow.label.is_empty() {
        let middle = (position(arrow.from, lanes) + position(arrow.to, lanes)) / 2.0;
        page.format(format_args!("<text x=\"{middle:.2}%\" y=\"{}\">", LINE + 4));
        page.text(&arrow.label);
        page.raw("</text>");
    }
    page.raw("</g>");
}

fn shape(cell: &Cell) -> &'static str {
    match cell.shape {
        Shape::Dot => "dot",
        Shape::Named => "named",
        Shape::Born => "born",
        Shape::Gone => "gone",
        Shape::Failed => "failed",
        Shape::Note | Shape::Title => "note",
    }
}

/// Where a lifeline is, in percent of the drawing's width.
fn position(lane: usize, lanes: usize) -> f64 {
    if lanes < 2 {
        return 0.0;
    }
    lane as f64 * 100.0 / (lanes - 1) as f64
}

fn across(lane: usize, lanes: usize) -> String {
    let position = position(lane, lanes);
    if position.fract() == 0.0 {
        format!("{position:.0}%")
    } else {
        format!("{position:.2}%")
    }
}

/// Who waits, in one silence.
const WAITS: usize = 4;

/// A mark by its name, around its middle.
const SHAPES: [(&str, &str); 6] = [
    ("dot", "<circle r=\"3.500\"/>"),
    (
        "named",
        "<rect x=\"-4\" y=\"-4\" width=\"8\" height=\"8\"/>",
    ),
    ("born", "<path d=\"M0-6 6 0 0 6-6 0z\"/>"),
    ("gone", "<circle r=\"4.500\"/>"),
    (
        "failed",
        "<path d=\"M-4.500-4.500 4.500 4.500M4.500-4.500-4.500 4.500\"/>",
    ),
    ("note", "<path d=\"M-3.500 0h7\"/>"),
];
