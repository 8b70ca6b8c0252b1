//! The findings as one JSON document; docs/trace.md describes it.

use serde::Serialize;
use sockeye_model::{Place, SocketId, Weight};
use sockeye_view::Found;
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_json;
use sockeye_view::finding::{say, sentence};

/// The version of the document. It changes when something goes away or changes its meaning.
pub(crate) const SCHEMA: u32 = 1;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// With this exit code.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// A program beside the first, as `--with` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Beside {
    /// Its words, quoted as a shell takes them.
    pub(crate) command: String,
    /// Why it never ran, in the language of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_started: Option<String>,
}

#[derive(Serialize)]
struct Document {
    sockeye: &'static str,
    schema: u32,
    language: &'static str,
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<End>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    with: Vec<Beside>,
    findings: Vec<One>,
}

#[derive(Serialize)]
struct One {
    id: &'static str,
    weight: &'static str,
    times: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Which>,
    short: String,
    happened: String,
    why: String,
    fix: String,
    page: String,
}

#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
}

/// The call that showed it: its name, and which one of that name on its socket.
#[derive(Serialize)]
struct Which {
    name: &'static str,
    number: u64,
}

impl Line {
    fn of(place: &Place<'_>) -> Self {
        Self {
            file: place.file.clone().into_owned(),
            line: (place.line > 0).then_some(place.line),
            function: place.function.clone().map(std::borrow::Cow::into_owned),
        }
    }
}

/// Whether any of them makes a check fail.
pub(crate) fn fails(found: &[Found<'_>]) -> bool {
    found
        .iter()
        .any(|found| found.finding.weight >= Weight::Risk)
}

/// The document, in the order in which things were found, ended by a line feed. `with` are the programs beside the first.
pub(crate) fn document(
    found: &[Found<'_>],
    ended: Option<End>,
    with: Vec<Beside>,
    language: Language,
) -> String {
    let document = Document {
        sockeye: "findings",
        schema: SCHEMA,
        language: language.code(),
        check: check(found, &with),
        ended,
        with,
        findings: found.iter().map(|found| one(found, language)).collect(),
    };
    // Plain data: there is nothing in it that serde could refuse.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    escape_json(&text).into_owned() + "\n"
}

/// A check that lacks one of its programs has shown nothing by finding nothing.
fn check(found: &[Found<'_>], with: &[Beside]) -> &'static str {
    if fails(found) {
        "failed"
    } else if with.iter().any(|beside| beside.not_started.is_some()) {
        "incomplete"
    } else {
        "passed"
    }
}

fn one(found: &Found<'_>, language: Language) -> One {
    let finding = found.finding;
    One {
        id: finding.rule,
        weight: finding.weight.word(),
        times: finding.times,
        socket: (finding.socket != SocketId::NONE).then_some(finding.socket.0),
        pid: finding.by.map(|by| by.process),
        thread: finding.by.map(|by| by.thread),
        place: finding.place.as_ref().map(Line::of),
        call: found.call.map(|(call, number)| Which {
            name: call.name(),
            number,
        }),
        short: say(&finding.short, language),
        happened: sentence(&say(&finding.happened, language)),
        why: sentence(&say(&finding.why, language)),
        fix: sentence(&say(&finding.fix, language)),
        page: format!("sockeye explain {}", finding.rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::text::Text;
    use sockeye_model::{Call, Caller, Finding, Saying, Value};

    fn finding(weight: Weight) -> Finding {
        let text = Saying::of(Text::new("{n} were left", "quedaron {n}"));
        Finding {
            rule: "S09",
            weight,
            socket: SocketId(2),
            by: Some(Caller {
                process: 12,
                thread: 13,
            }),
            place: Some(Place {
                file: "a\u{202e}b.py".into(),
                line: 9,
                function: None,
            }),
            times: 2,
            again: false,
            short: text.clone().with("n", Value::Bytes(18)),
            happened: text.clone().with("n", Value::Bytes(18)),
            why: text.clone(),
            fix: text,
        }
    }

    fn with() -> Vec<Beside> {
        vec![Beside {
            command: "python3 client.py".to_owned(),
            not_started: Some("run python3: not found".to_owned()),
        }]
    }

    #[test]
    fn a_check_without_one_of_its_programs_has_not_passed() {
        let of = |weight, with| {
            let finding = finding(weight);
            let found = [Found {
                finding: &finding,
                call: None,
            }];
            let text = document(&found, Some(End::Code(0)), with, Language::English);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            value["check"].as_str().unwrap().to_owned()
        };
        assert_eq!(of(Weight::Hint, with()), "incomplete");
        assert_eq!(of(Weight::Risk, with()), "failed");
        let ran = Beside {
            not_started: None,
            ..with().remove(0)
        };
        assert_eq!(of(Weight::Hint, vec![ran]), "passed");
    }

    #[test]
    fn the_document_is_what_its_page_says() {
        let finding = finding(Weight::Mistake);
        let found = [Found {
            finding: &finding,
            call: Some((Call::Close, 1)),
        }];
        let text = document(&found, Some(End::Code(0)), with(), Language::English);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "sockeye": "findings", "schema": 1, "language": "en", "check": "failed", "ended": {"code": 0},
                "with": [{"command": "python3 client.py", "not_started": "run python3: not found"}],
                "findings": [{
                    "id": "S09", "weight": "mistake", "times": 2, "socket": 2, "pid": 12, "thread": 13,
                    "place": {"file": "a\u{202e}b.py", "line": 9}, "call": {"name": "close", "number": 1},
                    "short": "18 B were left", "happened": "18 B were left.", "why": "{n} were left.", "fix": "{n} were left.",
                    "page": "sockeye explain S09",
                }],
            })
        );
        assert!(!text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn the_example_on_its_page_has_the_fields_of_a_document() {
        let page = include_str!("../../../../../docs/trace.md");
        let example = page.split("```json\n").nth(1).unwrap();
        let example = example.split("```").next().unwrap();
        let example: serde_json::Value = serde_json::from_str(example).unwrap();
        let finding = finding(Weight::Mistake);
        let found = [Found {
            finding: &finding,
            call: Some((Call::Close, 1)),
        }];
        let text = document(&found, Some(End::Code(0)), with(), Language::English);
        let made: serde_json::Value = serde_json::from_str(&text).unwrap();
        let keys = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&example), keys(&made));
        assert_eq!(keys(&example["findings"][0]), keys(&made["findings"][0]));
        assert_eq!(keys(&example["with"][0]), ["command"]);
        let all = [&made, &made["with"][0], &made["findings"][0]];
        for key in all.into_iter().flat_map(keys) {
            assert!(page.contains(&format!("`{key}`")), "{key}");
        }
    }

    #[test]
    fn a_hint_passes_and_a_risk_does_not() {
        for (weight, check) in [(Weight::Hint, "passed"), (Weight::Risk, "failed")] {
            let finding = finding(weight);
            let found = [Found {
                finding: &finding,
                call: None,
            }];
            let text = document(&found, None, Vec::new(), Language::Spanish);
            assert!(text.contains(&format!("\"check\": \"{check}\"")), "{text}");
            assert!(text.contains("quedaron 18 B"), "{text}");
        }
    }
}
