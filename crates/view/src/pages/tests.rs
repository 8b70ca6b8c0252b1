//! What holds for every page, and for the way to it.

use std::collections::BTreeSet;

use sockeye_model::{Call, Errno};

use super::*;

fn every_page() -> impl Iterator<Item = Page> {
    let topics = topics().into_iter();
    topics.flat_map(|topic| {
        let pages = Language::ALL.iter();
        pages.map(move |language| topic.page(*language))
    })
}

#[test]
fn every_page_says_the_same_in_both_languages() {
    for topic in topics() {
        let english = topic.page(Language::English);
        let spanish = topic.page(Language::Spanish);
        let name = topic.name;
        assert!(
            !english.what.is_empty() && !spanish.what.is_empty(),
            "{name}"
        );
        assert_ne!(english.what, spanish.what, "{name}");
        assert_eq!(
            english.text.len(),
            spanish.text.len(),
            "paragraphs of {name}"
        );
        assert_eq!(
            english.returns.is_some(),
            spanish.returns.is_some(),
            "{name}"
        );
        assert_eq!(english.items.len(), spanish.items.len(), "items of {name}");
        if matches!(topic.group, Group::Call) {
            let names = |page: &Page| {
                page.items
                    .iter()
                    .map(|(name, _)| name.clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(names(&english), names(&spanish), "{name}");
        }
        let verdicts = |page: &Page| {
            page.beliefs
                .iter()
                .map(|belief| belief.verdict)
                .collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&english), verdicts(&spanish), "beliefs of {name}");
    }
}

#[test]
fn nothing_of_a_source_is_left_unread() {
    for topic in topics() {
        let name = topic.name;
        let mut program = false;
        let mut languages = Vec::new();
        for line in topic.source.lines() {
            if let Some(language) = Language::ALL.iter().find(|known| known.code() == line) {
                languages.push(*language);
            } else if languages.is_empty() {
                let word = line.split_once(": ").map(|(word, _)| word);
                let known = ["alias", "try", "also", "c", "py", "node"];
                let starts_program = [
                    "bad py",
                    "good py",
                    "bad c",
                    "good c",
                    "bad node",
                    "good node",
                ]
                .contains(&line);
                program =
                    starts_program || (program && (line.starts_with("    ") || line.is_empty()));
                assert!(
                    line.is_empty() || program || word.is_some_and(|word| known.contains(&word)),
                    "{name}: {line}"
                );
            } else {
                let sign = line.split_once(' ').map_or("", |(sign, _)| sign);
                assert!(
                    !line.starts_with(' ') || !line.trim().is_empty(),
                    "{name}: {line}"
                );
                assert!(!line.starts_with("    "), "{name}: {line}");
                assert!(sign != "-" || line.contains(": "), "{name}: {line}");
            }
        }
        assert_eq!(languages, Language::ALL, "{name}");
        for language in Language::ALL {
            let page = topic.page(*language);
            assert!(
                page.programs
                    .iter()
                    .all(|program| !program.lines.is_empty()),
                "{name}"
            );
            let signs = ["x ", "~ ", "= ", "- "];
            let mut lines = page.text.iter().chain([&page.what]).chain(&page.returns);
            assert!(
                lines.all(|text| !signs.iter().any(|sign| text.starts_with(sign))),
                "{name}"
            );
        }
        let believed = topic
            .source
            .lines()
            .filter(|line| line.starts_with("x ") || line.starts_with("~ "))
            .count();
        let read: usize = Language::ALL
            .iter()
            .map(|language| topic.page(*language).beliefs.len())
            .sum();
        assert_eq!(believed, read, "{name}");
    }
}

#[test]
fn every_topic_has_a_name_of_its_own() {
    let mut exact = BTreeSet::new();
    let mut folded = BTreeSet::new();
    for topic in topics() {
        for name in topic.names() {
            assert!(exact.insert(name), "{name} twice");
            // LISTEN is a state, and listen a call.
            assert!(
                folded.insert(fold(name)) || topic.group == Group::State,
                "{name} twice"
            );
        }
    }
}

#[test]
fn what_a_page_points_to_exists_and_is_not_itself() {
    let names: BTreeSet<&str> = topics().iter().map(|topic| topic.name).collect();
    for page in every_page() {
        assert!(!page.also.is_empty(), "{} leads nowhere", page.topic);
        for also in &page.also {
            assert!(names.contains(also), "{} points to {also}", page.topic);
            assert_ne!(*also, page.topic);
        }
        let unique: BTreeSet<_> = page.also.iter().collect();
        assert_eq!(unique.len(), page.also.len(), "{}", page.topic);
    }
}

#[test]
fn every_call_every_error_and_every_state_has_a_page() {
    for call in Call::ALL {
        let topic = find(call.name()).unwrap_or_else(|| panic!("{call} has no page"));
        assert_eq!(topic.group, Group::Call, "{call}");
    }
    for number in 1..200 {
        let Some(name) = Errno(number).name() else {
            continue;
        };
        let topic = find(name).unwrap_or_else(|| panic!("{name} has no page"));
        assert_eq!(topic.group, Group::Error, "{name}");
        assert_eq!(find(&number.to_string()), Some(topic), "{name}");
    }
    for state in STATES {
        let topic = find(state).unwrap_or_else(|| panic!("{state} has no page"));
        assert_eq!(topic.group, Group::State, "{state}");
    }
}

/// The states of RFC 9293, section 3.3.2, as Linux writes them.
const STATES: &[&str] = &[
    "CLOSED",
    "LISTEN",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "CLOSE_WAIT",
    "CLOSING",
    "LAST_ACK",
    "TIME_WAIT",
];

#[test]
fn no_page_is_longer_than_a_screen_and_a_half() {
    for page in every_page() {
        let text = written(&page, 100);
        let lines = text.lines().count();
        assert!(lines <= 60, "{} has {lines} lines", page.topic);
        for line in text.lines() {
            // A command is not wrapped: it is there to be copied.
            let is_command = line.trim_start().starts_with("sockeye ");
            assert!(columns(line) <= 100 || is_command, "{}: {line}", page.topic);
            assert_eq!(line, line.trim_end(), "{}", page.topic);
        }
    }
}

use crate::escape::columns;

fn written(page: &Page, width: usize) -> String {
    let options = PageOptions {
        language: Language::English,
        width,
        colour: false,
        ascii: false,
    };
    let mut out = Vec::new();
    write_page(&mut out, page, None, options).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_page_shows_all_of_its_parts() {
    let page = find("recv").unwrap().page(Language::English);
    let text = written(&page, 80);
    for heading in [
        "It returns",
        "It fails with",
        "Believed, and true",
        "See it",
        "See also",
    ] {
        assert!(text.lines().any(|line| line == heading), "{text}");
    }
    assert!(text.starts_with("recv  call\n"), "{text}");
    assert!(
        text.lines()
            .all(|line| columns(line) <= 80 || line.starts_with("  sockeye")),
        "{text}"
    );
}

#[test]
fn a_page_in_ascii_has_nothing_else() {
    for topic in topics() {
        let page = topic.page(Language::Spanish);
        let mut out = Vec::new();
        let options = PageOptions {
            language: Language::Spanish,
            width: 60,
            colour: false,
            ascii: true,
        };
        write_page(&mut out, &page, None, options).unwrap();
        assert!(out.is_ascii(), "{}", topic.name);
        assert!(
            !out.windows(3).any(|three| three == b" ? "),
            "{}",
            topic.name
        );
    }
}

#[test]
fn a_comment_of_a_program_is_in_the_language_of_the_page() {
    let lines = |language| -> Vec<String> {
        let page = find("S09").unwrap().page(language);
        page.programs
            .into_iter()
            .flat_map(|program| program.lines)
            .collect()
    };
    let (english, spanish) = (lines(Language::English), lines(Language::Spanish));
    let (english, spanish) = (english.join("\n"), spanish.join("\n"));
    assert!(english.contains("# 18 bytes were not read\n"), "{english}");
    assert!(spanish.contains("# 18 bytes sin leer\n"), "{spanish}");
    assert!(!english.contains(" | ") && !spanish.contains(" | "));
}

#[test]
fn a_word_is_found_however_it_is_written() {
    for (word, name) in [
        ("recv()", "recv"),
        ("recv(2)", "recv"),
        ("RECV", "recv"),
        ("TIME-WAIT", "TIME_WAIT"),
        ("time wait", "TIME_WAIT"),
        ("econnrefused", "ECONNREFUSED"),
        ("111", "ECONNREFUSED"),
        ("LISTEN", "LISTEN"),
        ("listen", "listen"),
        ("Listen", "listen"),
        ("puerto", "port"),
        ("búfer", "buffer"),
        ("BrokenPipeError", "EPIPE"),
        ("Connection refused", "ECONNREFUSED"),
        ("[Errno 98]", "EADDRINUSE"),
        ("OSError: [Errno 98] Address already in use", "EADDRINUSE"),
        ("connect ECONNREFUSED 127.0.0.1:7", "ECONNREFUSED"),
    ] {
        assert_eq!(find(word).map(|topic| topic.name), Some(name), "{word}");
    }
    assert_eq!(find(""), None);
    assert_eq!(find("80"), None);
    assert_eq!(find("port 98"), None);
}

#[test]
fn a_slip_has_its_neighbours() {
    assert_eq!(near("recvv", 3).first(), Some(&"recv"));
    assert_eq!(near("econrefused", 3).first(), Some(&"ECONNREFUSED"));
    assert_eq!(near("recieve", 3).first(), Some(&"recv"));
    assert!(near("qqqqqqqqqqqq", 3).is_empty());
    assert!(near(&"é(".repeat(100_000), 3).is_empty());
}
