//! Runs the tool to its end and keeps what it said.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// How the tool ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The line that says what went wrong.
    pub(crate) fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or("")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The tool with these arguments, in English and without colours; stdin is empty.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        // Help has the width of where it is read.
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// The same with every signal as it is by default: nohup(1), and `&` in a script, start all below them with some ignored.
pub(crate) fn command_with_signals(arguments: &[&str]) -> Command {
    let own = command(arguments);
    let mut command = Command::new("env");
    command
        .arg("--default-signal")
        .arg(own.get_program())
        .args(own.get_args())
        .stdin(Stdio::null());
    for (name, value) in own.get_envs() {
        command.env(name, value.unwrap());
    }
    command
}

/// Runs the tool with these arguments.
pub(crate) fn sockeye(arguments: &[&str]) -> Ran {
    command(arguments).output().unwrap().into()
}

/// Runs the tool with `input` on stdin, through a pipe.
pub(crate) fn sockeye_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let ran = child.wait_with_output().unwrap().into();
    // The tool may end before it has read everything.
    let _may_break = writer.join().unwrap();
    ran
}

/// Runs a line of sh in which `$sockeye` is the tool.
pub(crate) fn shell(line: &str) -> Ran {
    Command::new("sh")
        .args(["-c", line])
        .env("sockeye", env!("CARGO_BIN_EXE_sockeye"))
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

/// Says why a test could not be made on this machine.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
