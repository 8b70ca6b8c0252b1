//! The page and the mermaid text of whole sessions: what they hold, that they are well formed, and that nothing gets out of
//! its place.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod scenes;

use scenes::Scene;
use sockeye_model::{Event, Kind, Sink, Tally};
use sockeye_view::catalogue::Language;
use sockeye_view::{Html, HtmlOptions, Mermaid, MermaidOptions};

fn page(scene: &Scene, options: HtmlOptions) -> String {
    let mut out = Vec::new();
    scene.show(Html::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

fn in_language(scene: &Scene, language: Language) -> String {
    let options = HtmlOptions {
        language,
        title: "sockeye trace --lines -- python3 server.py".into(),
        diagnosed: true,
        ..HtmlOptions::default()
    };
    page(scene, options)
}

fn mermaid(scene: &Scene, options: MermaidOptions) -> String {
    let mut out = Vec::new();
    scene.show(Mermaid::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

/// Elements that have no end.
const VOID: &[&str] = &["meta", "input", "!doctype"];

/// Elements that a page is made of; anything else has come from outside.
const KNOWN: &[&str] = &[
    "html", "head", "title", "style", "body", "a", "header", "div", "svg", "h1", "h2", "h3", "p",
    "code", "fieldset", "legend", "label", "span", "main", "dl", "dt", "dd", "section", "ol", "ul",
    "li", "b", "small", "details", "summary", "pre", "footer", "defs", "g", "marker", "text",
    "rect", "line", "path", "circle", "use",
];

/// Goes through the markup as a parser would: each element known, each attribute quoted, each end where its beginning asks
/// for it. Gives the text, a line an element that stands for a line.
fn parsed(html: &str) -> String {
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('>').unwrap();
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "…{tag}…");
        } else {
            let name = tag.split([' ', '/']).next().unwrap();
            assert!(
                KNOWN.contains(&name) || VOID.contains(&name),
                "{name} has no place here: {tag}"
            );
            attributes(tag.strip_prefix(name).unwrap());
            if name == "style" {
                let style = rest.find("</style>").unwrap();
                rest = &rest[style..];
            }
            if !VOID.contains(&name) && !tag.ends_with('/') {
                open.push(name.to_owned());
            }
            let line = ["li", "p", "div", "h2", "dd", "dt", "pre"].contains(&name);
            text.push_str(if line { "\n" } else { " " });
        }
    }
    assert_eq!(open, Vec::<String>::new());
    text + rest
}

fn attributes(tag: &str) {
    let mut rest = tag.trim_end_matches('/').trim();
    while !rest.is_empty() {
        let name = rest.split([' ', '=']).next().unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!name.is_empty() && name.chars().all(is_plain), "{tag}");
        assert!(!name.starts_with("on"), "a page runs no script: {tag}");
        rest = &rest[name.len()..];
        if let Some(value) = rest.strip_prefix("=\"") {
            let end = value.find('"').unwrap();
            if name == "href" {
                assert!(value.starts_with('#'), "a page loads nothing: {tag}");
            }
            rest = &value[end + 1..];
        }
        rest = rest.trim_start();
    }
}

/// The text of a page as one reads it, without what is blank.
fn read(html: &str) -> String {
    let text = parsed(html)
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_page_reads_as_a_story_in_both_languages() {
    for (language, name) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let page = in_language(&scenes::two_programs(), language);
        insta::assert_snapshot!(format!("page_two_programs_{name}"), read(&page));
    }
}

#[test]
fn the_drawing_has_an_arrow_for_what_went_from_one_end_to_the_other() {
    let page = in_language(&scenes::two_programs(), Language::English);
    for (kind, count) in [("connection", 1), ("data", 2), ("thrown", 1), ("end", 0)] {
        let class = format!("<g class=\"arrow {kind}\">");
        assert_eq!(page.matches(&class).count(), count, "{kind}");
    }
    // From the client to the server and back.
    assert!(page.contains(
        "<line x1=\"100%\" y1=\"15\" x2=\"0%\" y2=\"15\" marker-end=\"url(#head-data)\"/>"
    ));
    assert!(page.contains(
        "<line x1=\"0%\" y1=\"15\" x2=\"100%\" y2=\"15\" marker-end=\"url(#head-data)\"/>"
    ));
    assert!(page.contains("href=\"#shape-born\""));
}

#[test]
fn every_session_gives_a_well_formed_page_that_loads_and_runs_nothing() {
    for scene in [
        scenes::tcp_client(),
        scenes::tcp_server(),
        scenes::tcp_both(),
        scenes::udp_server(),
        scenes::udp_both(),
        scenes::udp_client(),
        scenes::unix_both(),
        scenes::refused(),
        scenes::reset(),
        scenes::slow_reader(),
        scenes::late_reply(),
        scenes::several_addresses(),
        scenes::tls_both(),
        scenes::hostile(),
        scenes::two_programs(),
        Scene::default(),
    ] {
        for language in Language::ALL {
            let html = in_language(&scene, *language);
            read(&html);
            assert!(html.contains("default-src 'none'"));
            for loads in ["http:", "https:", "@import", "src=", "<script"] {
                assert!(!html.contains(loads), "{loads}");
            }
        }
    }
}

#[test]
fn what_a_peer_sends_can_never_become_markup() {
    let html = in_language(&scenes::hostile_to_pages(), Language::English);
    let text = read(&html);
    // All of it is there, as text.
    assert!(
        text.matches("<script>alert(1)</script>").count() > 8,
        "{text}"
    );
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'));
}

#[test]
fn what_a_call_carried_is_there_as_text_and_as_bytes() {
    let html = in_language(&scenes::two_programs(), Language::English);
    let text = read(&html);
    assert!(text.contains("a message of 28 bytes"), "{text}");
    assert!(text.contains("61 20 6d 65 73 73 61 67 65 20"), "{text}");
}

#[test]
fn a_finding_stands_at_its_call_and_at_the_top() {
    let html = in_language(&scenes::two_programs(), Language::English);
    let step = html.find("href=\"#f1\"").unwrap();
    let row = html[..step].rfind("<li class=\"step\"").unwrap();
    assert!(html[row..step].contains("server.py:9"));
    let id = html[row..].split('"').nth(3).unwrap();
    assert!(html.contains(&format!("<a href=\"#{id}\">shown at 0.920 s</a>")));
    // The heaviest first.
    assert!(html.find("id=\"f1\"").unwrap() < html.find("id=\"f0\"").unwrap());
}

#[test]
fn what_was_found_again_is_one_item_that_says_how_often() {
    let mut scene = scenes::two_programs();
    let is_finding = |event: &&Event<'static>| matches!(event.kind, Kind::Diagnosed(_));
    let mut again = scene.events.iter().find(is_finding).unwrap().clone();
    if let Kind::Diagnosed(finding) = &mut again.kind {
        finding.again = true;
        finding.times = 3;
    }
    let items = |html: &str| html.matches("<p class=\"where\">").count();
    let once = page(&scene, HtmlOptions::default());
    scene.events.push(again);
    let counted = page(&scene, HtmlOptions::default());
    assert_eq!(items(&once), items(&counted));
    assert!(
        !once.contains("3 times") && counted.contains("3 times"),
        "{counted}"
    );
}

#[test]
fn having_found_nothing_is_only_said_where_somebody_looked() {
    for diagnosed in [true, false] {
        let options = HtmlOptions {
            diagnosed,
            ..HtmlOptions::default()
        };
        let html = page(&scenes::tcp_both(), options);
        assert_eq!(html.contains("Nothing to correct."), diagnosed);
    }
}

#[test]
fn what_is_beyond_the_limit_is_counted_and_findings_are_kept() {
    let mut scene = scenes::tcp_both();
    for at in 0..2_000 {
        scene.sent(10_000 + at, 7, b"0123456789");
    }
    let found = scenes::two_programs();
    let finding = found
        .events
        .iter()
        .find(|event| matches!(event.kind, Kind::Diagnosed(_)));
    scene.events.push(finding.unwrap().clone());
    let options = HtmlOptions {
        limit: 100,
        ..HtmlOptions::default()
    };
    let in_all = scene.events.len() as u64 - 1;
    let html = page(&scene, options);
    let left_out = sockeye_view::catalogue::count(in_all - 100, Language::English);
    // The figures are of all: 19 B and 13 B of the conversation, and 2,000 sends of 10 B.
    assert!(html.contains("<dd>20,032 B</dd>"), "{html}");
    assert!(html.contains("<dd>7</dd>"), "{html}");
    assert!(html.contains(&format!("{left_out} more events are not shown here")));
    assert!(html.contains("S01"));
    read(&html);
}

#[test]
fn long_payloads_are_cut_and_a_page_stays_small() {
    let mut scene = Scene::default();
    let long = vec![b'x'; 1 << 20];
    for at in 0..200 {
        scene.sent(at * 1_000, 1, &long);
    }
    let html = page(&scene, HtmlOptions::default());
    assert!(html.contains("the first 4096 B of 1,048,576 B"));
    assert!(html.contains("1,048,576 B &quot;xxx"));
    assert!(html.len() < 5 << 20, "{}", html.len());
    read(&html);
}

#[test]
fn a_page_is_written_once() {
    let mut out = Vec::new();
    let mut html = Html::new(&mut out, HtmlOptions::default());
    html.finish(&Tally::default()).unwrap();
    html.finish(&Tally::default()).unwrap();
    assert_eq!(String::from_utf8(out).unwrap().matches("<html").count(), 1);
}

#[test]
fn a_mermaid_text_has_its_ends_its_messages_and_its_findings() {
    for (language, name) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let options = MermaidOptions {
            language,
            ..MermaidOptions::default()
        };
        let text = mermaid(&scenes::two_programs(), options);
        insta::assert_snapshot!(format!("mermaid_two_programs_{name}"), text);
    }
    let text = mermaid(&scenes::udp_both(), MermaidOptions::default());
    insta::assert_snapshot!("mermaid_udp_both", text);
}

#[test]
fn a_mermaid_text_has_only_lines_of_ours_and_is_never_too_long() {
    let mut long = scenes::hostile_to_pages();
    for at in 0..3_000 {
        long.received(1_000 + at * 1_000, 1, b"; end\nP0->>P1: %% \"#");
    }
    let text = mermaid(&long, MermaidOptions::default());
    assert!(text.chars().count() <= 48_000, "{}", text.len());
    assert!(text.lines().last().unwrap().contains("more are not shown"));
    for line in text.lines().skip(1) {
        let line = line.strip_prefix("    ").unwrap();
        let words = line
            .strip_prefix("participant P")
            .or_else(|| line.strip_prefix("Note over P"))
            .or_else(|| line.strip_prefix('P'));
        assert!(words.is_some(), "{line}");
        // Nothing but our own arrows and line ends, and words.
        let line = line.replace("<br/>", " ");
        let signs = line.matches([';', '<', '"', '%', '{', '`']).count();
        let numbers = line.matches('#').count();
        assert_eq!(signs, numbers, "{line}");
    }
}
