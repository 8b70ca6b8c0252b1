//! `sockeye demo` as somebody meets it in their first minute: what it draws, how it ends, and that it is true.
#![cfg(feature = "tool")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::fs::File;
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command
        .arg("demo")
        .args(arguments)
        .env("LC_ALL", "C")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

/// What it says on stdout, when all goes well.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says on a terminal that is so wide, and how long that takes.
fn on_a_terminal(command: &mut Command, columns: u16) -> (String, Duration) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&screen, size).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let tool = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let began = Instant::now();
    let mut child = command
        .stdout(tool.try_clone().unwrap())
        .stderr(tool)
        .spawn()
        .unwrap();
    // The command has the tool's side too, and a terminal ends when nobody has that any more.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = Vec::new();
    let _ends_with_an_error = File::from(screen).read_to_end(&mut text);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    (
        String::from_utf8(text).unwrap().replace("\r\n", "\n"),
        began.elapsed(),
    )
}

/// The calls of a column of the picture: `#1 bind`, in order, with what follows a call of that column only.
fn calls(picture: &str, column: usize) -> Vec<String> {
    let call = |line: &str| {
        let cell = line.split('│').nth(column)?;
        let cell = if column == 0 { cell.get(7..)? } else { cell };
        let mut words = cell
            .trim()
            .split(' ')
            .skip_while(|word| ["A", "B"].contains(word));
        let number = words.next().filter(|word| word.starts_with('#'))?;
        let call = words.next()?;
        Some(match words.next() {
            Some(wait @ ("waiting" | "esperando")) => format!("{number} {call} {wait}"),
            Some("0") if call == "recv" => format!("{number} {call} 0"),
            _ => format!("{number} {call}"),
        })
    };
    picture.lines().filter_map(call).collect()
}

/// The labels of the arrows, with their direction, in order.
fn arrows(picture: &str) -> Vec<String> {
    let arrow = |line: &str| {
        let arrow = line.split('│').nth(1)?.trim();
        let label = arrow.trim_matches(['─', '═', '◀', '▶', ' ']);
        let label = if label.ends_with(" UTC\"") {
            "the time"
        } else {
            label
        };
        let direction = match (arrow.starts_with('◀'), arrow.ends_with('▶')) {
            (true, true) => "=",
            (true, false) => "<",
            (false, true) => ">",
            (false, false) => return None,
        };
        Some(format!("{direction} {label}"))
    };
    picture.lines().filter_map(arrow).collect()
}

const SERVER: &str = "#1 socket, #1 bind, #1 listen, #1 accept waiting, #1 accept, #3 send, #3 close, #1 close, \
    #4 socket, #4 bind, #4 listen, #4 accept, #6 recv, #6 send, #6 recv 0, #6 send, #6 close, #4 close, \
    #7 socket, #7 bind, #7 recvfrom waiting, #7 recvfrom, #7 sendto, #7 recvfrom, #7 sendto, #7 close";

const CLIENT: &str = "#2 socket, #2 connect, #2 recv waiting, #2 recv, #2 recv 0, #2 close, \
    #5 socket, #5 connect, #5 send, #5 send, #5 recv waiting, #5 recv, #5 shutdown, #5 recv, #5 recv 0, #5 close, \
    #8 socket, #8 sendto, #8 recvfrom, #9 socket, #9 sendto, #9 recvfrom, #8 close, #9 close";

#[test]
fn each_call_stands_in_its_column_in_order_and_each_arrow_says_what_it_carries() {
    for (language, arrow_texts) in [
        (
            "en",
            [
                "= connection",
                "> the time",
                "> FIN",
                "< FIN",
                "= connection",
                "< 3 B \"one\"",
                "< 3 B \"two\"",
                "> 6 B \"onetwo\"",
                "< FIN",
                "> 3 B \"bye\"",
                "> FIN",
                "< 7 B \"I am A\\n\"",
                "> 7 B \"I AM A\\n\"",
                "< 7 B \"I am B\\n\"",
                "> 7 B \"I AM B\\n\"",
            ],
        ),
        (
            "es",
            [
                "= conexión",
                "> the time",
                "> FIN",
                "< FIN",
                "= conexión",
                "< 3 B \"uno\"",
                "< 3 B \"dos\"",
                "> 6 B \"unodos\"",
                "< FIN",
                "> 3 B \"fin\"",
                "> FIN",
                "< 6 B \"soy A\\n\"",
                "> 6 B \"SOY A\\n\"",
                "< 6 B \"soy B\\n\"",
                "> 6 B \"SOY B\\n\"",
            ],
        ),
    ] {
        let picture = said(&mut demo(&["--lang", language]));
        let server = SERVER.replace(
            "waiting",
            if language == "es" {
                "esperando"
            } else {
                "waiting"
            },
        );
        let client = CLIENT.replace(
            "waiting",
            if language == "es" {
                "esperando"
            } else {
                "waiting"
            },
        );
        assert_eq!(calls(&picture, 0).join(", "), server, "{picture}");
        assert_eq!(calls(&picture, 2).join(", "), client, "{picture}");
        assert_eq!(arrows(&picture), arrow_texts, "{picture}");
    }
}

#[test]
fn it_is_drawn_the_same_way_each_time() {
    // Figures and ports differ, and with them where lines break; the order of the calls must not.
    for _ in 0..20 {
        let picture = said(&mut demo(&["-q"]));
        assert_eq!(calls(&picture, 0).join(", "), SERVER, "{picture}");
        assert_eq!(calls(&picture, 2).join(", "), CLIENT, "{picture}");
        let rows: Vec<&str> = picture.lines().filter(|line| line.contains('#')).collect();
        let together = |left: &str, right: &str| {
            assert!(
                rows.iter()
                    .any(|row| row.contains(left) && row.contains(right)),
                "{left} {right}: {picture}"
            );
        };
        together("#1 accept #3 is born", "#2 connect");
        together("#3 send", "#2 recv");
        together("#3 close", "#2 recv 0 B");
        together("#6 recv 6 B", "#5 send");
        together("#6 recv 0 B", "#5 shutdown");
        together("#7 recvfrom from B", "B #9 sendto");
        together("#7 sendto to B", "B #9 recvfrom");
    }
}

#[test]
fn each_reason_is_given_once() {
    for language in ["en", "es"] {
        let narration = said(&mut demo(&["--explain", "--lang", language]));
        let reasons = |text: &str| {
            text.matches("TCP guarda bytes").count() + text.matches("TCP keeps").count()
        };
        assert_eq!(reasons(&narration), 1, "{narration}");
        let picture = said(&mut demo(&["--lang", language]));
        let mut seen: Vec<String> = Vec::new();
        for column in [0, 2] {
            let mut reason = String::new();
            for line in picture.lines().filter(|line| line.contains('│')) {
                let cell = line.split('│').nth(column).unwrap_or_default();
                let cell = if column == 0 {
                    cell.get(7..).unwrap_or_default()
                } else {
                    cell
                };
                match cell.trim() {
                    text if text.starts_with("· ") => {
                        seen.push(std::mem::take(&mut reason));
                        text.clone_into(&mut reason);
                    }
                    text if !reason.is_empty() && !text.is_empty() && !text.starts_with('#') => {
                        reason = format!("{reason} {text}");
                    }
                    _ => seen.push(std::mem::take(&mut reason)),
                }
            }
            seen.push(reason);
        }
        seen.retain(|reason| !reason.is_empty());
        assert!(seen.len() >= 15, "{seen:?}");
        let given = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), given, "{picture}");
    }
}

#[test]
fn two_sends_that_came_as_one_recv_are_said_to_have() {
    assert!(said(&mut demo(&[])).contains("2 sends, 1 recv"));
    assert!(said(&mut demo(&["--lang", "es"])).contains("2 send, 1 recv"));
}

#[test]
fn it_ends_by_itself_in_less_than_three_seconds_and_fits_the_terminal() {
    for (columns, language) in [(80, "en"), (80, "es"), (100, "en"), (100, "es")] {
        let run = || on_a_terminal(demo(&["--lang", language]).env("NO_COLOR", "1"), columns);
        let (text, mut took) = run();
        // A machine that is busy may be slow by itself, and not always.
        for _ in 0..5 {
            if took < Duration::from_secs(3) {
                break;
            }
            took = run().1;
        }
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert!(!text.contains('\u{1b}'), "{text}");
        for line in text.lines() {
            assert!(
                line.chars().count() <= usize::from(columns),
                "{columns}: {line}"
            );
        }
        assert_eq!(calls(&text, 2).len(), CLIENT.split(", ").count(), "{text}");
        assert!(
            text.contains("sockeye connect --explain localhost:7007"),
            "{text}"
        );
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let coloured = |text: &str| text.contains("\u{1b}[");
    assert!(!coloured(&said(&mut demo(&[]))));
    assert!(coloured(&said(&mut demo(&["--color", "always"]))));
    assert!(coloured(&on_a_terminal(&mut demo(&[]), 100).0));
    assert!(!coloured(
        &on_a_terminal(&mut demo(&["--color", "never"]), 100).0
    ));
    let plain = said(&mut demo(&["--ascii", "--lang", "es"]));
    assert!(plain.is_ascii(), "{plain}");
}

#[test]
fn the_language_is_that_of_the_locale() {
    let text = said(demo(&[]).env("LC_ALL", "es_ES.UTF-8"));
    assert!(text.contains("el servidor habla primero"), "{text}");
}

#[test]
fn a_recording_of_it_draws_the_same_picture() {
    let path = std::env::temp_dir().join(format!("sockeye-demo-{}.ndjson", std::process::id()));
    let live = said(&mut demo(&["-q", "--record", path.to_str().unwrap()]));
    let mut show = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    show.args(["show", "-q", "--as", "diagram"])
        .arg(&path)
        .env("LC_ALL", "C");
    let later = said(&mut show);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(live, later);
}

#[test]
fn it_is_shown_in_another_view_when_asked_for_one() {
    assert!(said(&mut demo(&["--hex"])).contains("|onetwo|"));
    let told = said(&mut demo(&["--explain"]));
    assert!(told.contains("→ send") && !told.contains("▶│"), "{told}");
}

fn ended(line: &str) -> Output {
    Command::new("sh")
        .args(["-c", line])
        .env("sockeye", env!("CARGO_BIN_EXE_sockeye"))
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

#[test]
fn stdout_that_is_closed_is_a_quiet_end_and_one_that_is_full_is_code_24() {
    for line in [
        "{ \"$sockeye\" demo; echo $? >&2; } | head -n 1",
        // Nobody reads from the first line on.
        "{ \"$sockeye\" demo; echo $? >&2; } | true",
        "\"$sockeye\" demo >&-; echo $? >&2",
    ] {
        let began = Instant::now();
        assert_eq!(
            String::from_utf8(ended(line).stderr).unwrap(),
            "0\n",
            "{line}"
        );
        // Nor does either side wait for what nobody draws any more.
        assert!(began.elapsed() < Duration::from_secs(2), "{line}");
    }
    for line in [
        "\"$sockeye\" demo > /dev/full",
        "\"$sockeye\" demo -q > /dev/full",
    ] {
        let output = ended(line);
        assert_eq!(output.status.code(), Some(24), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("ENOSPC"), "{stderr}");
    }
}

#[test]
fn without_a_loopback_it_says_so_and_ends() {
    let unshare = Command::new("unshare").args(["-rn", "true"]).output();
    if !unshare.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network namespaces here");
        assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none());
        return;
    }
    let began = Instant::now();
    let output = ended("unshare -rn \"$sockeye\" demo");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(12), "{stderr}");
    assert!(
        stderr.starts_with("sockeye: connect to 127.0.0.1:"),
        "{stderr}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}
