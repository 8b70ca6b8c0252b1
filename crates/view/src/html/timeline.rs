//! The life of each socket: a bar from birth to close, waits in it, sends above, receives below.

use sockeye_model::Timestamp;

use super::markup::Page;
use crate::catalogue::{self, pictures};
use crate::story::{Life, Story, Tick, TickKind};

/// Marks on the axis.
const MARKS: u128 = 10;

/// Height of a bar's drawing, and where its middle is, in pixels.
const HEIGHT: u32 = 36;
const MIDDLE: u32 = 18;

pub(super) fn section(page: &mut Page, story: &Story) {
    if story.lives.is_empty() {
        return;
    }
    page.raw("<section class=\"card\" id=\"lives\" aria-labelledby=\"timeline\">\n<div class=\"head\"><h2 id=\"timeline\">");
    page.say(pictures::TIMELINE);
    page.raw("</h2>\n");
    let zooms = [
        ("1", "1×"),
        ("2", "2×"),
        ("5", "5×"),
        ("20", "20×"),
        ("100", "100×"),
    ];
    page.choice("zoom", pictures::ZOOM, &zooms);
    page.raw("</div>\n<div class=\"chart\" tabindex=\"0\" role=\"group\" aria-labelledby=\"timeline\">\n<div class=\"tracks\">\n");
    let scale = Scale::of(story);
    axis(page, &scale);
    for life in &story.lives {
        track(page, story, life, &scale);
    }
    page.raw("</div>\n</div>\n");
    if story.lives_left_out > 0 {
        let count = catalogue::count(story.lives_left_out as u64, page.language);
        page.raw("<p class=\"quiet\">");
        page.text(&pictures::SOCKETS_LEFT_OUT.fill(page.language, &[("count", &count)]));
        page.raw("</p>\n");
    }
    legend(page);
    page.raw("</section>\n");
}

/// From times to percent; in nanoseconds, wide enough for any that an event may claim.
struct Scale {
    from: u128,
    span: u128,
}

impl Scale {
    fn of(story: &Story) -> Self {
        let births = story.lives.iter().map(|life| life.born.as_nanos());
        let from = births.min().unwrap_or(0);
        let until = story.until.as_nanos().max(from);
        let span = u128::from((until - from).max(1_000));
        Self {
            from: from.into(),
            // A little room at the end, so that the last mark is not cut.
            span: span + span / 50,
        }
    }

    fn at(&self, time: Timestamp) -> f64 {
        let since = u128::from(time.as_nanos()).saturating_sub(self.from) as f64;
        (since * 100.0 / self.span as f64).clamp(0.0, 100.0)
    }
}

/// Times at round numbers.
fn axis(page: &mut Page, scale: &Scale) {
    let mut step = 1_000_u128;
    let mut turn = 0;
    while scale.span / step > MARKS {
        // 1, 2, 5, 10, 20, 50, …
        step = if turn % 3 == 1 {
            step / 2 * 5
        } else {
            step * 2
        };
        turn += 1;
    }
    page.raw("<div class=\"axis\" aria-hidden=\"true\"><span></span><div>");
    let mut mark = scale.from.div_ceil(step) * step;
    // The last one would be cut off.
    while mark <= scale.from + scale.span / 100 * 95 {
        let at = Timestamp::from_nanos(u64::try_from(mark).unwrap_or(u64::MAX));
        page.format(format_args!("<span style=\"left:{:.3}%\">", scale.at(at)));
        let shown = if step < 1_000_000 {
            catalogue::duration(at.since_start(), page.language)
        } else {
            catalogue::seconds(at, page.language)
        };
        page.text(&shown);
        page.raw("</span>");
        mark += step;
    }
    page.raw("</div></div>\n");
}

fn track(page: &mut Page, story: &Story, life: &Life, scale: &Scale) {
    let language = page.language;
    page.raw("<div class=\"track\"><p>");
    page.format(format_args!(
        "<a href=\"#s{}\">{}</a> ",
        life.step, life.socket
    ));
    if let Some(owner) = &life.owner {
        page.raw("<b>");
        page.text(owner);
        page.raw("</b> ");
    }
    page.raw("<span>");
    page.text(&life.label);
    page.raw("</span></p>");
    let until = life.gone.unwrap_or(story.until);
    let words = pictures::LIFE.fill(
        language,
        &[
            ("socket", &life.socket),
            ("from", &catalogue::seconds(life.born, language)),
            ("to", &catalogue::seconds(until, language)),
            ("sent", &catalogue::bytes(life.totals.bytes_sent, language)),
            (
                "received",
                &catalogue::bytes(life.totals.bytes_received, language),
            ),
        ],
    );
    page.format(format_args!(
        "<svg role=\"img\" height=\"{HEIGHT}\" aria-label=\""
    ));
    page.text(&words);
    page.raw("\"><title>");
    page.text(&words);
    page.raw("</title>");
    let (from, to) = (scale.at(life.born), scale.at(until));
    let class = if life.listens { "life listens" } else { "life" };
    bar(page, class, from, to, None);
    for wait in &life.waits {
        let lasted = catalogue::duration(wait.to.since(wait.from), language);
        let words = format!("{} {lasted}", wait.call);
        bar(
            page,
            "wait",
            scale.at(wait.from),
            scale.at(wait.to),
            Some(&words),
        );
    }
    let mut last: Option<(u64, TickKind)> = None;
    for tick in &life.ticks {
        // What would be drawn over one another is drawn once.
        let at = (scale.at(tick.at) * 200.0) as u64;
        if last == Some((at, tick.kind)) {
            continue;
        }
        last = Some((at, tick.kind));
        draw(page, tick, scale);
    }
    match life.gone {
        Some(_) => page.format(format_args!(
            "<circle class=\"gone\" cx=\"{to:.3}%\" cy=\"{MIDDLE}\" r=\"4\"/>"
        )),
        None => {
            page.format(format_args!(
                "<svg x=\"{to:.3}%\" y=\"{MIDDLE}\" overflow=\"visible\"><path class=\"open\" d=\"M2-4 7 0 2 4\"><title>"
            ));
            page.say(pictures::OPEN_STILL);
            page.raw("</title></path></svg>");
        }
    }
    page.raw("</svg></div>\n");
}

fn bar(page: &mut Page, class: &str, from: f64, to: f64, words: Option<&str>) {
    let width = (to - from).max(0.0);
    page.format(format_args!(
        "<rect class=\"{class}\" x=\"{from:.3}%\" width=\"{width:.3}%\" y=\"{}\" height=\"8\"",
        MIDDLE - 4
    ));
    match words {
        Some(words) => {
            page.raw("><title>");
            page.text(words);
            page.raw("</title></rect>");
        }
        None => page.raw("/>"),
    }
}

fn draw(page: &mut Page, tick: &Tick, scale: &Scale) {
    let x = scale.at(tick.at);
    let line = |page: &mut Page, class: &str, from: u32, to: u32| {
        page.format(format_args!(
            "<line class=\"{class}\" x1=\"{x:.3}%\" x2=\"{x:.3}%\" y1=\"{from}\" y2=\"{to}\"/>"
        ));
    };
    match tick.kind {
        TickKind::Sent(bytes) => line(page, "sent", MIDDLE - 4, MIDDLE - 5 - length(bytes)),
        TickKind::Received(bytes) => line(page, "received", MIDDLE + 4, MIDDLE + 5 + length(bytes)),
        TickKind::End => line(page, "end", MIDDLE - 8, MIDDLE + 1),
        TickKind::PeerEnd => line(page, "end", MIDDLE - 1, MIDDLE + 8),
        TickKind::Accepted => page.format(format_args!(
            "<svg x=\"{x:.3}%\" y=\"{MIDDLE}\" overflow=\"visible\"><path class=\"born\" d=\"M0-5 5 0 0 5-5 0z\"/></svg>"
        )),
        TickKind::Failed => page.format(format_args!(
            "<svg x=\"{x:.3}%\" y=\"{MIDDLE}\" overflow=\"visible\"><path class=\"failed\" d=\"M-4-4 4 4M4-4-4 4\"/></svg>"
        )),
    }
}

/// How long the line of so many bytes is: it grows with their logarithm.
fn length(bytes: u64) -> u32 {
    4 + (bytes.max(1).ilog2() / 2).min(8)
}

/// What the signs mean.
fn legend(page: &mut Page) {
    let entries = [
        (
            "<line class=\"sent\" x1=\"8\" x2=\"8\" y1=\"8\" y2=\"0\"/>",
            pictures::KEY_SENT,
        ),
        (
            "<line class=\"received\" x1=\"8\" x2=\"8\" y1=\"8\" y2=\"16\"/>",
            pictures::KEY_RECEIVED,
        ),
        (
            "<rect class=\"wait\" x=\"0\" y=\"4\" width=\"16\" height=\"8\"/>",
            pictures::KEY_WAIT,
        ),
        (
            "<rect class=\"life listens\" x=\"0\" y=\"4\" width=\"16\" height=\"8\"/>",
            pictures::LISTENER,
        ),
        (
            "<path class=\"born\" d=\"M8 3 13 8 8 13 3 8z\"/>",
            pictures::KEY_ACCEPTED,
        ),
        (
            "<line class=\"end\" x1=\"8\" x2=\"8\" y1=\"3\" y2=\"13\"/>",
            pictures::KEY_END,
        ),
        (
            "<path class=\"failed\" d=\"M4 4 12 12M12 4 4 12\"/>",
            pictures::KEY_FAILED,
        ),
        (
            "<circle class=\"gone\" cx=\"8\" cy=\"8\" r=\"4\"/>",
            pictures::KEY_CLOSED,
        ),
    ];
    page.raw("<ul class=\"legend\">\n");
    for (sign, text) in entries {
        page.format(format_args!(
            "<li><svg width=\"16\" height=\"16\" aria-hidden=\"true\">{sign}</svg>"
        ));
        page.say(text);
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
}
