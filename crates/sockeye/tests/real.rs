//! What is found in real programs, none of them written to be traced: docs/real-programs.md has each finding with a verdict.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "tool/free_port.rs"]
mod free_port;
#[path = "tool/tracing.rs"]
mod tracing;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use free_port::free_port;
use tracing::{cannot_trace, forbidden, skipped};

/// A program that takes longer hangs, seconds.
const LONGEST: &str = "60";
/// Programs at a time: most of them wait most of their time.
const AT_ONCE: usize = 2;

#[test]
fn in_real_programs_nothing_is_found_but_what_is_listed() {
    if let Some(why) = cannot_trace() {
        return forbidden(&why);
    }
    let wanted = std::env::var("REAL").unwrap_or_default();
    let scripts: Vec<PathBuf> = scripts()
        .into_iter()
        .filter(|path| wanted.is_empty() || name(path) == wanted)
        .collect();
    let listed = listed();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let expected = listed.get(&name(script)).cloned();
                    if let Err(why) = compare(script, expected, !wanted.is_empty()) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_script_is_listed_and_every_row_has_its_script() {
    let scripts: BTreeSet<String> = scripts().iter().map(|path| name(path)).collect();
    let listed: BTreeSet<String> = listed().into_keys().collect();
    assert_eq!(scripts, listed);
    assert!(scripts.len() >= 15);
}

#[test]
fn no_listed_finding_is_a_mistake_without_a_verdict() {
    for row in rows() {
        let serious = row[2].contains('✗') || row[2].contains('!');
        assert!(!serious || row[3].starts_with("true: "), "{row:?}");
    }
}

/// Runs one script; what is found in its programs is what is expected of it.
fn compare(script: &Path, expected: Option<Listed>, aloud: bool) -> Result<(), String> {
    let name = name(script);
    for tool in tools(script) {
        if !is_there(&tool) {
            skipped(&format!("{name}: {tool} is not installed"));
            return Ok(());
        }
    }
    let room = std::env::temp_dir().join(format!("sockeye-real-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&room).unwrap();
    let ran = Command::new("timeout")
        .args(["-s", "KILL", LONGEST, "sh"])
        .arg(script)
        .env("sockeye", env!("CARGO_BIN_EXE_sockeye"))
        .env("begin", script.with_file_name("_begin.sh"))
        .env("dir", &room)
        .env("port", free_port().to_string())
        .env("other", free_port().to_string())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    let found = ["server", "client"].map(|side| findings(&room.join(format!("{side}.json"))));
    if aloud {
        for side in ["server", "client"] {
            let document = std::fs::read_to_string(room.join(format!("{side}.json")));
            print(&format!("{name}, {side}: {}", document.unwrap_or_default()));
        }
        print(&told);
    }
    let _ = std::fs::remove_dir_all(&room);
    if !ran.status.success() {
        return Err(format!("{name}: {}: {told}", ran.status));
    }
    if found == [None, None] {
        return Err(format!("{name}: nothing was traced: {told}"));
    }
    let found: BTreeSet<String> = found.into_iter().flatten().flatten().collect();
    match expected {
        Some(expected) if expected.allows(&found) => Ok(()),
        expected => Err(format!("{name}: found {found:?}, listed {expected:?}")),
    }
}

/// The findings of one traced program, each as its mark and id.
fn findings(path: &Path) -> Option<BTreeSet<String>> {
    let document = std::fs::read_to_string(path).ok()?;
    let document: serde_json::Value = match serde_json::from_str(&document) {
        Ok(document) => document,
        Err(_) => return Some(BTreeSet::from(["no findings were written".to_owned()])),
    };
    let findings = document["findings"].as_array().unwrap();
    let sign = |finding: &serde_json::Value| match finding["weight"].as_str().unwrap() {
        "mistake" => "✗",
        "risk" => "!",
        "hint" => "i",
        other => panic!("{other}"),
    };
    Some(
        findings
            .iter()
            .map(|finding| format!("{} {}", sign(finding), finding["id"].as_str().unwrap()))
            .collect(),
    )
}

/// The rows of the list: script, programs, findings, verdict.
fn rows() -> Vec<[String; 4]> {
    let list = include_str!("../../../docs/real-programs.md");
    list.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [script, programs, found, verdict] = cells[..] else {
                panic!("{line}")
            };
            [script.trim_matches('`'), programs, found, verdict].map(str::to_owned)
        })
        .collect()
}

/// What the list has of one script.
#[derive(Clone, Debug, Default)]
struct Listed {
    always: BTreeSet<String>,
    /// In parentheses: it depends on which of two ends is the faster.
    sometimes: BTreeSet<String>,
}

impl Listed {
    fn allows(&self, found: &BTreeSet<String>) -> bool {
        let known = |one: &String| self.always.contains(one) || self.sometimes.contains(one);
        found.iter().all(known) && self.always.is_subset(found)
    }
}

fn listed() -> BTreeMap<String, Listed> {
    rows()
        .into_iter()
        .map(|[script, _, found, _]| {
            let mut listed = Listed::default();
            for one in found.split(", ").filter(|one| *one != "nothing") {
                match one.strip_prefix('(').and_then(|one| one.strip_suffix(')')) {
                    Some(one) => listed.sometimes.insert(one.to_owned()),
                    None => listed.always.insert(one.to_owned()),
                };
            }
            (script, listed)
        })
        .collect()
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !name(path).starts_with('_'))
        .collect();
    scripts.sort();
    scripts
}

fn name(script: &Path) -> String {
    script.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The programs that a script needs, from its line `# needs: …`.
fn tools(script: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(script).unwrap();
    let needs = text.lines().find_map(|line| line.strip_prefix("# needs: "));
    needs
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// Whether a program, or a file, is there.
fn is_there(tool: &str) -> bool {
    let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    Path::new(tool).is_absolute() && Path::new(tool).exists()
        || folders
            .split(':')
            .any(|folder| Path::new(folder).join(tool).exists())
}

#[expect(clippy::print_stderr, reason = "asked for with REAL=")]
fn print(text: &str) {
    eprintln!("{text}");
}
