//! `sockeye explain`: the list, a page, what is no topic; and the commands of the pages, which do what the pages say.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "tool/ran.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of other commands"
)]
mod ran;

#[path = "tool/free_port.rs"]
mod free_port;
#[path = "tool/tracing.rs"]
mod tracing;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use free_port::free_port;
use ran::{shell, sockeye};
use serde_json::Value;
use tracing::{cannot_trace, forbidden, skipped};

fn json(arguments: &[&str]) -> Value {
    let ran = sockeye(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&ran.stdout).unwrap()
}

fn topics_of(group: &str) -> Vec<String> {
    let list = json(&["explain", "--json"]);
    assert_eq!(list["version"], 1);
    let topics = list["topics"].as_array().unwrap();
    topics
        .iter()
        .filter(|topic| topic["group"] == group)
        .map(|topic| topic["topic"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_list_has_every_group_in_the_reader_s_language() {
    let english = sockeye(&["explain"]);
    assert_eq!((english.code, english.stderr.as_str()), (Some(0), ""));
    for text in [
        "calls\n",
        "ECONNREFUSED",
        "TIME_WAIT",
        "half-close",
        "  S09   ✗ ",
    ] {
        assert!(english.stdout.contains(text), "{text}: {}", english.stdout);
    }
    let spanish = sockeye(&["explain", "--lang", "es"]);
    assert!(
        spanish.stdout.starts_with("llamadas\n"),
        "{}",
        spanish.stdout
    );
    assert!(spanish.stdout.contains("estados de una conexión TCP"));
    let ascii = sockeye(&["explain", "--lang", "es", "--ascii"]);
    assert!(ascii.stdout.is_ascii());
}

#[test]
fn a_page_is_plain_text_in_a_pipe_and_fits_a_hundred_columns() {
    let page = sockeye(&["explain", "recv()"]);
    assert_eq!((page.code, page.stderr.as_str()), (Some(0), ""));
    assert!(page.stdout.starts_with("recv  call\n"), "{}", page.stdout);
    assert!(!page.stdout.contains('\u{1b}'));
    let coloured = sockeye(&["explain", "recv", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
    let too_long = |line: &&str| line.chars().count() > 100 && !line.starts_with("  sockeye ");
    assert_eq!(page.stdout.lines().find(too_long), None);
}

#[test]
fn a_page_of_a_rule_has_the_rule_s_title_and_an_error_its_number() {
    let rule = sockeye(&["explain", "s09"]);
    let title = rule.stdout.lines().next().unwrap();
    assert!(title.starts_with("S09  ✗ "), "{title}");
    let error = sockeye(&["explain", "111", "--lang", "es"]);
    let title = error.stdout.lines().next().unwrap();
    assert_eq!(title, "ECONNREFUSED  error 111: conexión rechazada");
}

#[test]
fn what_is_no_topic_is_a_wrong_command_line() {
    for (typed, offered) in [
        ("econrefused", "ECONNREFUSED"),
        ("recieve", "recv"),
        ("8080", "sockeye ports 8080"),
        ("qqqqqqqq", "sockeye explain lists"),
    ] {
        let ran = sockeye(&["explain", typed]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{typed}");
        assert!(ran.last_line().contains(offered), "{}", ran.last_line());
    }
}

#[test]
fn the_json_of_a_page_is_what_its_document_says() {
    let document = include_str!("../../../docs/explain.md");
    let page = json(&["explain", "recv", "--json"]);
    let fields = page.as_object().unwrap();
    for name in fields.keys() {
        assert!(document.contains(&format!("| `{name}` |")), "{name}");
    }
    let documented = document.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(documented.count(), fields.len());
    assert_eq!(page["group"], "call");
    assert_eq!(page["weight"], Value::Null);
    assert_eq!(json(&["explain", "S09", "--json"])["weight"], "mistake");
    assert_eq!(page["items"][0]["name"], "EAGAIN");
    assert_eq!(page["beliefs"][0]["verdict"], "wrong");
    let spanish = json(&["explain", "recv", "--json", "--lang", "es"]);
    assert_eq!(spanish["language"], "es");
    assert_ne!(spanish["what"], page["what"]);
    assert_eq!(spanish["commands"], page["commands"]);
}

#[test]
fn a_reader_that_leaves_is_a_quiet_end() {
    let ran = shell("{ \"$sockeye\" explain; echo $? >&2; } | head -n 1");
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("calls\n", "0\n")
    );
}

/// Pages whose command needs more than this machine is sure to have: a name that leads to IPv6 first, a network that is silent.
const NOT_TRIED: [&str; 2] = ["S35", "S06"];

#[test]
fn every_mistake_s_page_has_a_command_that_makes_it() {
    let mut shown: Vec<String> = traced("rule").into_iter().map(|(rule, _)| rule).collect();
    shown.push("S06".to_owned());
    let mut rules = topics_of("rule");
    rules.retain(|rule| !shown.contains(rule));
    assert!(rules.is_empty(), "{rules:?}");
}

#[test]
fn the_command_of_a_mistake_s_page_makes_the_mistake() {
    if let Some(why) = missing() {
        return skipped(&why);
    }
    if let Some(why) = cannot_trace() {
        return forbidden(&why);
    }
    let mut tried = traced("rule");
    tried.retain(|(rule, _)| !NOT_TRIED.contains(&rule.as_str()));
    assert!(tried.len() > 20, "{tried:?}");
    all(&tried, makes);
}

/// Errors that the calls on sockets do not show: the descriptor is closed or no socket; TCP says EPIPE in its place.
const NOT_TOLD: [&str; 3] = ["EBADF", "ENOTSOCK", "ESHUTDOWN"];

#[test]
fn the_command_of_an_error_s_page_gives_the_error() {
    if let Some(why) = missing() {
        return skipped(&why);
    }
    if let Some(why) = cannot_trace() {
        return forbidden(&why);
    }
    let mut tried = traced("error");
    tried.retain(|(error, _)| !NOT_TOLD.contains(&error.as_str()));
    assert!(tried.len() > 10, "{tried:?}");
    all(&tried, gives);
}

/// The pages of a group with each of their commands that traces a program of one line.
fn traced(group: &str) -> Vec<(String, String)> {
    let mut traced = Vec::new();
    for topic in topics_of(group) {
        let page = json(&["explain", &topic, "--json"]);
        let commands = page["commands"].as_array().unwrap();
        let of_python = commands
            .iter()
            .map(|command| command.as_str().unwrap())
            .filter(|command| command.starts_with("sockeye trace -- python3 -c "));
        traced.extend(of_python.map(|command| (topic.clone(), command.to_owned())));
    }
    traced
}

/// Tries each, several at a time.
fn all(tried: &[(String, String)], holds: fn(&str, &str) -> Result<(), String>) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((topic, command)) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = holds(topic, command) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs a page's command with more flags, which name a file; the file, and what was told.
fn run(topic: &str, command: &str, flags: &str) -> (String, String) {
    let file = std::env::temp_dir().join(format!("explain-{}-{topic}", std::process::id()));
    let trace = format!("\"$sockeye\" trace {flags} {}", file.display());
    let traced = command
        .replacen("sockeye trace", &trace, 1)
        .replace("5000", &free_port().to_string());
    let ran = shell(&format!("timeout -s KILL 40 {traced}"));
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let _never_made = std::fs::remove_file(&file);
    (written, ran.stderr)
}

/// Looks for a call among the events that has failed so.
fn gives(error: &str, command: &str) -> Result<(), String> {
    let (events, told) = run(error, command, "-q --record");
    if events.contains(&format!("\"{error}\"")) {
        return Ok(());
    }
    Err(format!("{error}: {command}\n{told}\n{events}"))
}

/// Looks for a rule among the findings. Some rules go by milliseconds, which a busy machine may not keep: each has three tries.
fn makes(rule: &str, command: &str) -> Result<(), String> {
    let once = || makes_once(rule, command);
    once().or_else(|_| once()).or_else(|_| once())
}

fn makes_once(rule: &str, command: &str) -> Result<(), String> {
    let (document, told) = run(rule, command, "--json -o");
    let found: Vec<String> = match serde_json::from_str::<Value>(&document) {
        Ok(document) => {
            let findings = document["findings"].as_array().cloned().unwrap_or_default();
            let ids = findings.iter().filter_map(|finding| finding["id"].as_str());
            ids.map(str::to_owned).collect()
        }
        Err(error) => return Err(format!("{rule}: {error}: {command}\n{told}")),
    };
    if found.iter().any(|id| id == rule) {
        return Ok(());
    }
    Err(format!("{rule}: found {found:?}: {command}\n{told}"))
}

/// What the commands lack here.
fn missing() -> Option<String> {
    let ran = shell("python3 --version");
    (ran.code != Some(0)).then(|| "there is no python3 here".to_owned())
}

/// Commands at a time: most of them wait most of their time.
const AT_ONCE: usize = 4;
