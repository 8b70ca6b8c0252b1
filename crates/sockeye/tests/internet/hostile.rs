//! Servers that send garbage: every command ends in its time, with its code, within its memory, and with nothing on the
//! terminal that a peer has chosen.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ran::Ran;
use crate::world::in_an_internet;

/// A mode of hostile.py with the exit codes: of `--server`, of `--server tcp://`, and of a walk, for which a server that has
/// answered with "cut" alone is one that does not help. A machine that asks it by resolv.conf ends as `--server` does.
const MODES: &[(&str, i32, i32, i32)] = &[
    ("good", 0, 0, 0),
    ("silent", 13, 13, 13),
    ("noise", 13, 1, 13),
    ("noise-with-id", 1, 1, 1),
    ("half", 1, 1, 1),
    ("header", 13, 1, 13),
    ("one-octet", 13, 1, 13),
    ("pointer-to-itself", 1, 1, 1),
    ("pointer-in-question", 1, 1, 1),
    ("lying-counts", 1, 1, 1),
    ("other-id", 13, 1, 13),
    ("other-name", 13, 1, 13),
    ("other-type", 13, 1, 13),
    ("two-questions", 13, 1, 13),
    ("echo", 13, 1, 13),
    ("other-opcode", 13, 1, 13),
    ("stranger", 13, 1, 13),
    ("flood-of-noise", 13, 1, 13),
    ("flood-with-id", 13, 1, 13),
    ("cut-for-ever", 1, 1, 1),
    ("cut-and-slow", 13, 13, 1),
    ("cut-and-silent", 13, 13, 1),
    ("cut-and-closed", 1, 1, 1),
    ("cut-and-reset", 20, 20, 1),
    ("cut-and-refused", 11, 11, 1),
    ("cut-and-half", 1, 1, 1),
    ("cut-and-empty", 1, 1, 1),
    ("cut-and-endless", 1, 1, 1),
    ("cut-in-a-record", 0, 0, 0),
    ("large", 0, 0, 0),
    ("large-stream", 0, 0, 0),
    ("aliases", 1, 1, 1),
    ("alias-of-itself", 1, 1, 1),
    ("nasty-text", 0, 1, 0),
    ("nasty-alias", 10, 1, 1),
    ("nasty-nxdomain", 10, 1, 10),
    ("nasty-error", 1, 1, 1),
    ("nasty-type", 1, 1, 1),
    ("servfail", 1, 1, 1),
    ("formerr", 1, 1, 1),
    ("strange-code", 1, 1, 1),
    ("broken-edns", 1, 1, 1),
    ("two-edns", 1, 1, 1),
    ("other-class", 10, 1, 10),
    ("upward", 1, 1, 1),
    ("sideways", 1, 1, 1),
    ("many-servers", 1, 1, 1),
    ("much-glue", 1, 1, 11),
    ("nasty-referral", 1, 1, 11),
    ("empty", 10, 1, 10),
];

/// The modes that keep a processor busy: those after which the others are too slow.
const FLOODS: &[&str] = &["flood-of-noise", "flood-with-id"];

/// The script while it runs.
struct Hostile(Child);

impl Hostile {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/internet/hostile.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let modes: Vec<String> = lines.take(MODES.len()).map(Result::unwrap).collect();
        let own: Vec<&str> = MODES.iter().map(|mode| mode.0).collect();
        assert_eq!(modes, own);
        Self(child)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One run of the tool: its arguments, what resolv.conf says, and the code it is to end with.
struct Run {
    arguments: String,
    conf: Option<String>,
    code: i32,
}

/// All ways of asking one mode.
fn runs(number: usize, mode: (&str, i32, i32, i32)) -> Vec<Run> {
    let at = format!("127.0.66.{number}");
    let (_, server, stream, walk) = mode;
    let plain = |arguments: String, code| Run {
        arguments,
        conf: None,
        code,
    };
    let own = format!("nameserver {at}\noptions timeout:1 attempts:1\n");
    let machine = |arguments: &str| Run {
        arguments: arguments.to_owned(),
        conf: Some(own.clone()),
        code: server,
    };
    let name = "name.zone.test TXT --timeout 1s";
    // Below the root a server speaks for its own zone only: where its aliases lead to is not there.
    let below = match mode.0 {
        "aliases" | "nasty-alias" => 10,
        _ => walk,
    };
    vec![
        plain(format!("--server {at} {name}"), server),
        plain(format!("--server {at} --json {name}"), server),
        plain(format!("--server {at} --explain --hex {name}"), server),
        plain(
            format!("--server {at} --explain --diagram --lang es {name}"),
            server,
        ),
        plain(format!("--server tcp://{at} --explain {name}"), stream),
        plain(format!("--root {at} {name}"), walk),
        plain(format!("--root {at} --json {name}"), walk),
        plain(format!("--root {at} --explain --lang es {name}"), walk),
        plain(
            format!("--root 127.0.66.200 name.zone.m{number} TXT --timeout 1s"),
            below,
        ),
        machine(&format!("--explain {name}")),
        machine(&format!("--short {name}")),
    ]
}

impl Run {
    /// What is wrong with it. A busy machine may not come to the end of it within a second: it then gets more time, once.
    fn check(&self, mode: &str) -> Vec<String> {
        let (code, wrong) = self.within(mode, "1s");
        if wrong.is_empty() || self.code == 13 || code != Some(13) {
            return wrong;
        }
        self.within(mode, "5s").1
    }

    /// Its exit code, and what is wrong with it.
    fn within(&self, mode: &str, timeout: &str) -> (Option<i32>, Vec<String>) {
        let arguments = self
            .arguments
            .replace("--timeout 1s", &format!("--timeout {timeout}"));
        let began = Instant::now();
        let mut command = Command::new("prlimit");
        // Far less than what is sent to it in some modes.
        command.arg(format!("--as={MEMORY}"));
        let mount = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
        let conf = match &self.conf {
            None => None,
            Some(text) => {
                let path = std::env::temp_dir().join(format!(
                    "sockeye-hostile-{}-{mode}-{}",
                    std::process::id(),
                    self.arguments.len()
                ));
                std::fs::write(&path, text).unwrap();
                command
                    .args(["unshare", "--mount", "sh", "-c", mount])
                    .arg(&path);
                Some(path)
            }
        };
        let output = command
            .args([env!("CARGO_BIN_EXE_sockeye"), "resolve"])
            .args(arguments.split(' '))
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let took = began.elapsed();
        if let Some(path) = conf {
            std::fs::remove_file(path).unwrap();
        }
        let of = format!("{mode}: {arguments}");
        let mut wrong = Vec::new();
        for bytes in [&output.stdout, &output.stderr] {
            let text = std::str::from_utf8(bytes).unwrap();
            if let Some(odd) = text.chars().find(|char| is_dangerous(*char)) {
                wrong.push(format!("{of}: {odd:?} in {text:?}"));
            }
            if text.lines().any(|line| line.starts_with("FAKE")) {
                wrong.push(format!("{of}: a line of the peer's in {text:?}"));
            }
        }
        let ran = Ran::from(output);
        let last = ran.last_line();
        if ran.code != Some(self.code) {
            wrong.push(format!("{of}: {:?}, not {}: {last}", ran.code, self.code));
        }
        if self.code != 0 && !last.starts_with("sockeye: ") {
            wrong.push(format!("{of}: no reason: {last}"));
        }
        if took > Duration::from_secs(1) + SLACK {
            wrong.push(format!("{of}: took {took:?}"));
        }
        (ran.code, wrong)
    }
}

/// Whether a terminal would obey it, or show it elsewhere than where it stands.
fn is_dangerous(char: char) -> bool {
    (char.is_control() && char != '\n')
        || matches!(char,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn whatever_a_server_sends_the_look_up_ends_in_time_with_its_code_and_clean_output() {
    in_an_internet(
        "hostile::whatever_a_server_sends_the_look_up_ends_in_time_with_its_code_and_clean_output",
        || {
            let _hostile = Hostile::start();
            let mut quiet = Vec::new();
            let mut loud = Vec::new();
            for (at, mode) in MODES.iter().enumerate() {
                let list = match FLOODS.contains(&mode.0) {
                    true => &mut loud,
                    false => &mut quiet,
                };
                list.extend(runs(at + 1, *mode).into_iter().map(|run| (mode.0, run)));
            }
            // Most of them wait, so several can do so at once.
            let queue = Mutex::new(quiet.into_iter());
            let next = || queue.lock().unwrap().next();
            let wrong = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for _ in 0..12 {
                    scope.spawn(|| {
                        while let Some((mode, run)) = next() {
                            let found = run.check(mode);
                            wrong.lock().unwrap().extend(found);
                        }
                    });
                }
            });
            let mut wrong = wrong.into_inner().unwrap();
            for (mode, run) in loud {
                wrong.extend(run.check(mode));
            }
            assert!(
                wrong.is_empty(),
                "{} wrong:\n{}",
                wrong.len(),
                wrong.join("\n")
            );
        },
    );
}

/// The address space that the tool may have, in bytes.
const MEMORY: u64 = 160 << 20;

/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(6);
