//! What the READMEs show is what a person gets: every transcript in them is run, and their tables are compared.
//!
//! The blocks marked `console` are terminals. In them `$ ` begins a command, `> ` a line that is typed to the program,
//! `^D` and `^C` are keys, and everything else is what the program shows. A block is gone through before the next one
//! begins; a program that has not ended by then runs on, and a block that does not begin with `$ ` goes on with it: with
//! the program of this chapter (`##`) that still runs, or has something to show, and was left longest ago. After `^D` and
//! `^C`, and where it shows nothing, a program has to end. The end of the page ends all that are left.
//!
//! How what is shown is compared: by words, so that it may be wrapped elsewhere; what is data and what the tool tells
//! behind its margin each in their own order; with `...` for any number of words, and without what no two runs share
//! (`same.rs` lists it).
//!
//! `SOCKEYE_BLESS=1` writes what was shown into the pages, where they differ and have no `...`; read the difference.
#![cfg(feature = "tool")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says why it skips"
)]

mod page;
mod same;
mod terminal;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use page::{Chapter, Key, Page, Step};
use terminal::{Program, Shown};

#[test]
fn every_transcript_of_the_readme_is_what_a_person_sees() {
    in_own_network(
        "every_transcript_of_the_readme_is_what_a_person_sees",
        || try_out("README.md", "C.UTF-8"),
    );
}

#[test]
fn every_transcript_of_the_spanish_readme_is_what_a_person_sees() {
    in_own_network(
        "every_transcript_of_the_spanish_readme_is_what_a_person_sees",
        || try_out("README.es.md", "es_ES.UTF-8"),
    );
}

#[test]
fn both_readmes_run_the_same_commands() {
    let commands = |name| {
        let of_chapter = |chapter: &Chapter| {
            let keys = chapter.steps().filter_map(|step| step.key.clone());
            let commands = keys.filter_map(|key| match key {
                // What is sent, and printed by others, is in the page's language.
                Key::Command(text) if text.contains("sockeye") => {
                    let tool = text.split_once("sockeye").unwrap().1;
                    let tool = tool.split(" -- ").next().unwrap();
                    Some(tool.replace(" --lang es", " --lang en"))
                }
                _ => None,
            });
            commands.collect::<Vec<_>>()
        };
        let page = Page::read(&root().join(name));
        page.chapters.iter().map(of_chapter).collect::<Vec<_>>()
    };
    assert_eq!(commands("README.md"), commands("README.es.md"));
}

#[test]
fn both_readmes_have_every_exit_code_and_every_scheme_and_no_other() {
    let codes = first_words(&said(&["--help"]), "Exit codes:", "");
    assert!(codes.contains("128+N"), "{codes:?}");
    let schemes = first_words(&said(&["schemes"]), "SCHEME", "OPTION,");
    assert!(schemes.contains("unix-dgram"), "{schemes:?}");
    for name in ["README.md", "README.es.md"] {
        let page = Page::read(&root().join(name));
        assert!(page.has_table(&codes), "{name}: {codes:?}");
        assert!(page.has_table(&schemes), "{name}: {schemes:?}");
    }
}

/// The first word of each line between the one that starts with `begin` and the one that is or starts with `end`.
fn first_words(text: &str, begin: &str, end: &str) -> BTreeSet<String> {
    text.lines()
        .skip_while(|line| !line.starts_with(begin))
        .skip(1)
        .take_while(|line| !line.is_empty() && (end.is_empty() || !line.starts_with(end)))
        // What a row goes on with stands further in than where the second column begins.
        .filter(|line| line.len() - line.trim_start().len() < 4)
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sockeye"))
        .args(arguments)
        .env("LC_ALL", "C")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs every chapter of the page.
fn try_out(name: &str, locale: &str) {
    let path = root().join(name);
    let mut page = Page::read(&path);
    assert!(page.chapters.iter().flat_map(Chapter::steps).count() > 10);
    let bless = std::env::var_os("SOCKEYE_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut running = Vec::new();
    for (number, chapter) in page.chapters.iter_mut().enumerate() {
        let run = |note: Option<&mut Vec<_>>| {
            let name = format!("sockeye-{name}-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir(&folder).unwrap();
            for (name, text) in &chapter.files {
                std::fs::write(folder.join(name), text).unwrap();
            }
            let went = go_through(chapter, locale, &folder, note);
            let _still_there = std::fs::remove_dir_all(&folder);
            went
        };
        // Which of two programs is the faster is not the page's to say: a busy machine is given two more tries.
        // What went wrong first is told: later tries may meet what it has left behind.
        match run(None).or_else(|first| run(None).or_else(|_| run(None)).map_err(|_| first)) {
            Ok(programs) => running.extend(programs),
            Err(why) => {
                wrong.push(format!("{name}: {}\n{why}", chapter.title));
                let mut shown = Vec::new();
                if bless {
                    running.extend(run(Some(&mut shown)).unwrap());
                }
                chapter.bless(shown);
            }
        }
    }
    if bless {
        page.write(&path);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Goes through the chapter once, and returns the programs of it. With somewhere to put it, what is shown is only noted.
fn go_through(
    chapter: &Chapter,
    locale: &str,
    folder: &Path,
    mut note: Option<&mut Vec<Vec<String>>>,
) -> Result<Vec<Program>, String> {
    let mut programs: Vec<(Program, &Step)> = Vec::new();
    let mut code = 0;
    // The pin that a server has shown last: a command of the page has the one of the day when it was written.
    let pin = RefCell::new(None);
    let look_for_pin = |text: &str| {
        if let Some(found) = same::pin(text) {
            pin.replace(Some(found.to_owned()));
        }
    };
    for block in &chapter.blocks {
        // The last one is at work. Without a new one, the first that is not through goes on.
        if let Some(waiting) = programs.iter_mut().position(|(it, _)| it.has_more())
            && !block.begins_a_program()
        {
            let waiting = programs.remove(waiting);
            programs.push(waiting);
        }
        for (number, step) in block.steps.iter().enumerate() {
            if let Some(Key::Command(command)) = &step.key {
                let command = match (same::pin(command), &*pin.borrow()) {
                    (Some(written), Some(shown)) => command.replace(written, shown),
                    _ => command.clone(),
                };
                programs.push((Program::start(&command, code, locale, folder), step));
            }
            let (program, last) = programs.last_mut().ok_or("nothing runs")?;
            *last = step;
            if let Some(key) = &step.key {
                program.press(key);
            }
            let ends = match (&step.key, block.steps.get(number + 1)) {
                (Some(Key::EndOfInput | Key::Interrupt), _) => true,
                (Some(Key::Command(_)), None) => step.shows.is_empty() && note.is_none(),
                (_, next) => next.is_some_and(|next| matches!(next.key, Some(Key::Command(_)))),
            };
            if let Some(note) = &mut note {
                let shown = program.settled(ends);
                look_for_pin(&shown.join("\n"));
                note.push(shown);
            } else {
                program
                    .until(ends, |shown| {
                        look_for_pin(&shown.text);
                        same::matches(&step.shows, &shown.text)
                    })
                    .map_err(|shown| difference(step, &shown))?;
            }
            if ends {
                code = program.code().unwrap_or(1);
            }
        }
    }
    for (program, step) in &mut programs {
        let more = program.so_far();
        let open = step.shows.last().is_some_and(|line| line == "...");
        if note.is_none() && !open && !more.text.trim().is_empty() {
            return Err(format!("and then this came:\n{}", difference(step, &more)));
        }
    }
    Ok(programs.into_iter().map(|(program, _)| program).collect())
}

fn difference(step: &Step, shown: &Shown) -> String {
    let ended = if shown.ended {
        " (and it has ended)"
    } else {
        ""
    };
    let shown: Vec<_> = shown.text.lines().collect();
    let same = step.shows.iter().zip(&shown);
    let same = same.take_while(|(page, shown)| same::matches(&[(*page).clone()], shown));
    let line = same.count();
    format!(
        "after {:?}, from line {line} on, the page has\n{}\nand this was shown{ended}:\n{}",
        step.key,
        step.shows[line..].join("\n"),
        shown[line..].join("\n"),
    )
}

/// Runs `test`, which is the test called `name`, once more in a network of its own, with Debian's names for this machine:
/// the ports that the pages name are free there.
fn in_own_network(name: &str, test: impl FnOnce()) {
    const INSIDE: &str = "SOCKEYE_README_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        test();
        return;
    }
    let hosts = std::env::temp_dir().join(format!("sockeye-hosts-{}-{name}", std::process::id()));
    std::fs::write(&hosts, "127.0.0.1 localhost\n::1 localhost\n").unwrap();
    let enter = |way: &[&str]| {
        let inside = r#"mount --bind "$0" /etc/hosts && ip link set lo up && exec "$@""#;
        let mut command = Command::new("unshare");
        command
            .args(way)
            .args(["--net", "--mount", "sh", "-c", inside]);
        command.arg(&hosts);
        command
    };
    let works = |way: &&&[&str]| {
        let mut command = enter(way);
        let status = command.arg("true").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    // As root, or as anybody who may have a namespace of users.
    let ways: [&[&str]; 2] = [&[], &["--map-root-user"]];
    let Some(way) = ways.iter().find(works) else {
        let _still_there = std::fs::remove_file(&hosts);
        let why = "no network of its own can be made here with unshare(1), ip(8) and mount(8)";
        assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
        eprintln!("skipped: {why}");
        return;
    };
    let child = enter(way)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let _still_there = std::fs::remove_file(&hosts);
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{output}{errors}");
    assert!(output.contains("1 passed"), "{output}{errors}");
}
