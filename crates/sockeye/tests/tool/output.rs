//! Output is checked, our descriptors are safe, and what is printed can be used.

use crate::ran::{shell, sockeye};

#[test]
fn the_name_alone_says_what_it_is_and_five_lines_to_type() {
    let ran = sockeye(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("  sockeye "))
        .collect();
    assert_eq!(lines.len(), 5, "{}", ran.stdout);
    assert!(ran.stdout.lines().count() <= 12, "{}", ran.stdout);
}

#[test]
fn help_that_cannot_be_written_is_code_24() {
    for text in [
        "",
        "--help",
        "--version",
        "schemes",
        "--show-limits",
        "generate man",
        "generate completions bash",
    ] {
        let ran = shell(&format!("\"$sockeye\" {text} > /dev/full"));
        assert_eq!(ran.code, Some(24), "{text}");
        assert!(ran.last_line().contains("ENOSPC"), "{text}: {ran:?}");
    }
}

#[test]
fn a_reader_that_has_left_is_a_quiet_end() {
    let ran = shell("{ \"$sockeye\" generate man; echo $? >&2; } | true");
    assert_eq!(ran.stderr, "0\n");
}

#[test]
fn closed_descriptors_are_dev_null() {
    let ran = shell("\"$sockeye\" --version <&- >&- 2>&-");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "")
    );
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = sockeye(&["generate", "completions", shell]);
        assert_eq!(ran.code, Some(0));
        for command in [
            "demo", "connect", "listen", "serve", "relay", "wait", "show", "schemes", "generate",
        ] {
            assert!(ran.stdout.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn a_manual_page_for_each_command_is_written_to_a_directory() {
    let directory = std::env::temp_dir().join(format!("sockeye-man-{}", std::process::id()));
    let ran = sockeye(&["generate", "man", "--out-dir", directory.to_str().unwrap()]);
    let pages = std::fs::read_dir(&directory).unwrap().count();
    let whole = std::fs::read_to_string(directory.join("sockeye.1")).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    let help = sockeye(&["--help"]).stdout;
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.trim_start().starts_with("help "));
    assert_eq!(pages, 1 + commands.count(), "the tool and its commands");
    assert!(whole.contains(".SH \"EXIT STATUS\""), "{whole}");
}

#[test]
fn a_directory_that_cannot_be_made_is_code_24() {
    let ran = sockeye(&["generate", "man", "--out-dir", "/dev/null/man"]);
    assert_eq!(ran.code, Some(24));
    assert!(ran.last_line().contains("/dev/null/man"), "{ran:?}");
}
