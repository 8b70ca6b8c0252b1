//! Every rule's bad program gives exactly its own finding, and the corrected twin none.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "tool/free_port.rs"]
mod free_port;
#[path = "tool/tracing.rs"]
mod tracing;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use free_port::free_port;
use tracing::{cannot_trace, forbidden, skipped};

/// Ids that count only in the twins about them.
const WHERE_IT_BINDS: [&str; 2] = ["S03", "S04"];
/// A program that takes longer hangs.
const LONGEST: &str = "40";
/// Programs at a time: most of them wait most of their time.
const AT_ONCE: usize = 4;

/// How the programs of a language are run.
#[derive(Clone, Copy)]
struct Language {
    folder: &'static str,
    ending: &'static str,
    /// What runs them, or for C what compiles them.
    tool: &'static str,
}

#[test]
fn python_twins_give_their_finding_and_none() {
    twins(Language {
        folder: "python",
        ending: "py",
        tool: "python3",
    });
}

#[test]
fn c_twins_give_their_finding_and_none() {
    twins(Language {
        folder: "c",
        ending: "c",
        tool: "cc",
    });
}

#[test]
fn node_twins_give_their_finding_and_none() {
    twins(Language {
        folder: "node",
        ending: "js",
        tool: "node",
    });
}

#[test]
fn every_twin_has_its_twin() {
    for folder in ["python", "c", "node"] {
        for program in programs(folder) {
            let name = program.file_name().unwrap().to_str().unwrap();
            let other = match (name.contains("_bad."), name.contains("_good.")) {
                (true, _) => name.replace("_bad.", "_good."),
                (_, true) => name.replace("_good.", "_bad."),
                _ => continue,
            };
            assert!(program.with_file_name(&other).exists(), "{folder}/{other}");
        }
    }
}

fn twins(language: Language) {
    if let Some(why) = missing(language) {
        return skipped(&why);
    }
    if let Some(why) = cannot_trace() {
        return forbidden(&why);
    }
    let wanted = std::env::var("TWIN").unwrap_or_default();
    let programs: Vec<PathBuf> = programs(language.folder)
        .into_iter()
        .filter(|path| {
            let name = path.to_string_lossy();
            path.extension() == Some(OsStr::new(language.ending))
                && (name.contains("_bad.") || name.contains("_good."))
                && name.contains(&wanted)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = run(program, language, !wanted.is_empty()) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs one program and compares what was found with what its name and its first lines say.
fn run(program: &Path, language: Language, aloud: bool) -> Result<(), String> {
    let name = program.file_name().unwrap().to_str().unwrap();
    let source = std::fs::read_to_string(program).unwrap();
    let room = Room::new(name);
    let port = free_port().to_string();
    let arguments = |path: &Path| -> Vec<String> {
        let mut words = command(path, language, &room.0);
        words.extend([port.clone(), room.0.to_str().unwrap().to_owned()]);
        words
    };
    let findings = room.0.join("findings.json");
    let mut trace = Command::new("timeout");
    trace
        .args(["-s", "KILL", LONGEST, env!("CARGO_BIN_EXE_sockeye")])
        .args(["trace", "--lang", "en", "--json", "-o"])
        .arg(&findings);
    if let Some(peer) = directive(&source, "with:") {
        let words = arguments(&program.with_file_name(&peer));
        trace.arg("--with").arg(words.join(" "));
    }
    let ran = trace
        .arg("--")
        .args(arguments(program))
        .current_dir(&room.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    let document = std::fs::read_to_string(&findings).unwrap_or_default();
    if aloud {
        print(&format!("{name}: {document}{told}"));
    }
    let Ok(document) = serde_json::from_str::<serde_json::Value>(&document) else {
        return Err(format!("{name}: no findings, {}: {told}", ran.status));
    };
    let own = name.split('_').next().unwrap();
    let found: BTreeSet<String> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .filter(|id| own == id || !WHERE_IT_BINDS.contains(&id.as_str()))
        .collect();
    let expected: BTreeSet<String> = match directive(&source, "expect:") {
        Some(ids) => ids.split_whitespace().map(str::to_owned).collect(),
        None if name.contains("_bad.") => BTreeSet::from([own.to_owned()]),
        None => BTreeSet::new(),
    };
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{}/{name}: found {found:?}, expected {expected:?}\n{document:#}\n{told}",
        language.folder
    ))
}

/// What a comment within the first lines says behind `key`.
fn directive(source: &str, key: &str) -> Option<String> {
    source.lines().take(5).find_map(|line| {
        let comment = line.trim_start_matches(['/', '#', '*', ' ']);
        let value = comment.strip_prefix(key)?;
        Some(value.trim_end_matches("*/").trim().to_owned())
    })
}

/// The words that run a program; a program in C is compiled into `room` first.
fn command(path: &Path, language: Language, room: &Path) -> Vec<String> {
    let is_c = path.extension() == Some(OsStr::new("c"));
    if !is_c {
        let tool = match path.extension() == Some(OsStr::new("py")) {
            true => "python3",
            false => language.tool,
        };
        return vec![tool.to_owned(), path.to_str().unwrap().to_owned()];
    }
    let program = room.join(path.file_stem().unwrap());
    let compiled = Command::new("cc")
        .args(["-O1", "-g", "-pthread", "-o"])
        .args([&program, path])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{path:?}: {compiled:?}");
    vec![program.to_str().unwrap().to_owned()]
}

fn programs(folder: &str) -> Vec<PathBuf> {
    let twins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../diagnose/tests/twins");
    let twins = twins.canonicalize().unwrap().join(folder);
    let mut programs: Vec<PathBuf> = match std::fs::read_dir(twins) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    };
    programs.sort();
    programs
}

/// What the programs of a language lack here.
fn missing(language: Language) -> Option<String> {
    let there = Command::new(language.tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    there
        .is_err()
        .then(|| format!("there is no {} here", language.tool))
}

/// An empty directory that goes with its program.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("twin-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::print_stderr, reason = "asked for with TWIN=")]
fn print(text: &str) {
    eprintln!("{text}");
}
