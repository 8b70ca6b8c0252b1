//! `trace` with real programs: what is told and where, what is found, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::ran::{Ran, command, command_with_signals, skipped, sockeye};

/// A directory of a test's own, with programs in it.
pub(crate) struct Room(PathBuf);

impl Room {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("trace-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Runs `sockeye trace` with these arguments, here.
    pub(crate) fn trace(&self, arguments: &[&str]) -> Ran {
        let mut words = vec!["trace"];
        words.extend(arguments);
        bounded(&words)
            .current_dir(&self.0)
            .output()
            .unwrap()
            .into()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

/// The tool, ended after a minute whatever happens.
fn bounded(arguments: &[&str]) -> Command {
    let tool = command(arguments);
    let mut command = Command::new("timeout");
    command
        .args(["-s", "KILL", "60"])
        .arg(tool.get_program())
        .args(tool.get_args())
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Whether programs can be traced here, with these tools; says why not.
pub(crate) fn possible(tools: &[&str]) -> bool {
    for tool in tools {
        let found = Command::new("sh")
            .args(["-c", "command -v \"$0\"", tool])
            .stdout(Stdio::null())
            .status();
        if !found.is_ok_and(|status| status.success()) {
            skipped(&format!("there is no {tool} here"));
            return false;
        }
    }
    let tried = sockeye(&["trace", "true"]);
    if tried.code == Some(125) {
        skipped(tried.last_line());
        return false;
    }
    true
}

/// Takes recv(10) for the whole message, and closes with the rest unread. Ends after one client.
const BUGGY_SERVER: &str = "\
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 0))
s.listen(5)
open('port', 'w').write(str(s.getsockname()[1]))
c, peer = s.accept()
data = c.recv(10)
c.send(data)
c.close()
print('served', len(data))
";

/// Sends 28 bytes at once and reads what comes.
const CLIENT: &str = "\
import socket
c = socket.create_connection(('127.0.0.1', int(open('port').read())))
c.sendall(b'0123456789012345678901234567')
try:
    while c.recv(100): pass
except ConnectionResetError: pass
c.close()
";

#[test]
fn a_server_that_leaves_bytes_unread_is_told_so_at_the_line_that_closes() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new(
        "unread",
        &[("server.py", BUGGY_SERVER), ("client.py", CLIENT)],
    );
    let ran = room.trace(&[
        "--lines",
        "--check",
        "--explain",
        "--with",
        "python3 client.py",
        "--",
        "python3",
        "server.py",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(23), "served 10\n"),
        "{}",
        ran.stderr
    );
    for words in [
        "18 B NOT READ: RST",
        "✗ S09",
        "server.py:10",
        "what to correct",
        "sockeye explain S09",
        "18 B thrown away",
        "recv(10)",
    ] {
        assert!(ran.stderr.contains(words), "{words}:\n{}", ran.stderr);
    }
}

#[test]
fn findings_as_json_go_to_the_file_and_the_file_is_its_owners() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new(
        "json",
        &[("server.py", BUGGY_SERVER), ("client.py", CLIENT)],
    );
    let ran = room.trace(&[
        "--json",
        "-o",
        "found.json",
        "--with",
        "python3 client.py",
        "python3",
        "server.py",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&room.read("found.json")).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["check"], "failed");
    assert_eq!(document["ended"]["code"], 0);
    let ids: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"S09") && ids.contains(&"S08"), "{ids:?}");
    let mode = std::fs::metadata(room.path("found.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_program_without_a_mistake_passes_the_check() {
    if !possible(&["python3"]) {
        return;
    }
    let server = BUGGY_SERVER.replace(
        "data = c.recv(10)",
        "data = b''\nwhile len(data) < 28: data += c.recv(100)",
    );
    let room = Room::new("good", &[("server.py", &server), ("client.py", CLIENT)]);
    let ran = room.trace(&[
        "--check",
        "--with",
        "python3 client.py",
        "python3",
        "server.py",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "served 28\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("nothing to correct"), "{}", ran.stderr);
}

#[test]
fn the_programs_output_and_exit_code_are_its_own() {
    if !possible(&["sh"]) {
        return;
    }
    for (script, code) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
    ] {
        let line = format!("echo out; echo err >&2; {script}");
        let room = Room::new("codes", &[]);
        let ran = room.trace(&["-o", "told", "sh", "-c", &line]);
        assert_eq!(ran.code, Some(code), "{script}: {ran:?}");
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            ("out\n", "err\n"),
            "{script}"
        );
        assert!(
            room.read("told").contains("no sockets"),
            "{}",
            room.read("told")
        );
    }
}

#[test]
fn a_program_that_cannot_be_run_has_the_codes_of_a_shell() {
    if !possible(&[]) {
        return;
    }
    let missing = sockeye(&["trace", "/nonexistent/program"]);
    assert_eq!(missing.code, Some(127), "{missing:?}");
    assert!(
        missing.last_line().contains("/nonexistent/program"),
        "{missing:?}"
    );
    let directory = sockeye(&["trace", "/etc/passwd"]);
    assert_eq!(directory.code, Some(126), "{directory:?}");
    assert_eq!(sockeye(&["trace"]).code, Some(2));
}

#[test]
fn the_input_of_the_program_is_its_own() {
    if !possible(&["cat"]) {
        return;
    }
    let ran = crate::ran::sockeye_with(&["trace", "-o", "/dev/null", "cat"], b"hola\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola\n"),
        "{ran:?}"
    );
}

#[test]
fn what_is_beside_is_started_all_the_same_or_said_not_to_be() {
    if !possible(&["true"]) {
        return;
    }
    let ran = sockeye(&["trace", "--with", "echo beside", "true"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    assert!(
        ran.stderr.contains("not started") && ran.stderr.contains("echo beside"),
        "{ran:?}"
    );
}

#[test]
fn a_check_whose_second_program_is_missing_has_not_passed() {
    if !possible(&["python3"]) {
        return;
    }
    let listens = "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\n";
    let room = Room::new("incomplete", &[("server.py", listens)]);
    let ran = room.trace(&[
        "--check",
        "--json",
        "--with",
        "no-such-program 'a b'",
        "python3",
        "server.py",
    ]);
    assert_eq!(ran.code, Some(127), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(document["check"], "incomplete");
    let with = &document["with"][0];
    assert_eq!(with["command"], "no-such-program 'a b'");
    let reason = with["not_started"].as_str().unwrap();
    assert!(reason.contains("no-such-program"), "{reason}");
}

#[test]
fn a_recording_of_a_trace_tells_the_same_again() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new(
        "record",
        &[("server.py", BUGGY_SERVER), ("client.py", CLIENT)],
    );
    let live = room.trace(&[
        "--explain",
        "--record",
        "talk.ndjson",
        "--with",
        "python3 client.py",
        "python3",
        "server.py",
    ]);
    assert_eq!(live.code, Some(0), "{live:?}");
    let shown = sockeye(&["show", &room.path("talk.ndjson"), "--check"]);
    assert_eq!(shown.code, Some(23), "{shown:?}");
    assert_eq!(shown.stdout, live.stderr);
}

#[test]
fn an_interrupt_ends_the_program_and_the_findings_are_still_told() {
    if !possible(&["python3"]) {
        return;
    }
    let waits = "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\nprint('up', flush=True)\ns.accept()\n";
    let room = Room::new("interrupt", &[("server.py", waits)]);
    let mut child = command(&["trace", "python3", "server.py"])
        .current_dir(&room.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut up = [0; 3];
    child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    // As a service manager would: to sockeye alone, which hands it on.
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, Some(143), "{ran:?}");
    assert!(ran.stderr.contains("correct"), "{}", ran.stderr);
}

/// The tool as user 65534, who is nobody; `None`, said in words, where this test may not become that user.
fn as_nobody(arguments: &[&str]) -> Option<Ran> {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can become another user");
        return None;
    }
    // The tool lies where others may not look.
    let copy = std::env::temp_dir().join(format!("sockeye-of-nobody-{}", std::process::id()));
    std::fs::copy(env!("CARGO_BIN_EXE_sockeye"), &copy).unwrap();
    let ran = Command::new("setpriv")
        .args([
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "timeout",
            "20",
        ])
        .arg(&copy)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    std::fs::remove_file(&copy).unwrap();
    match ran.map(Ran::from) {
        Ok(ran) if ran.code != Some(127) => Some(ran),
        _ => {
            skipped("setpriv can't be run");
            None
        }
    }
}

#[test]
fn the_process_of_another_user_is_named_as_such_and_one_that_is_traced_by_its_tracer() {
    if !possible(&["setpriv", "sleep"]) {
        return;
    }
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = child.id().to_string();
    if let Some(ran) = as_nobody(&["trace", "-p", &pid]) {
        assert_eq!(ran.code, Some(125), "{ran:?}");
        let line = ran.last_line();
        assert!(
            line.contains("EPERM") && line.contains("belongs to root"),
            "{line}"
        );
        assert!(!line.contains("container"), "{line}");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let mut tracer = command(&["trace", "sh", "-c", "echo $$; read x"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pid = String::new();
    let mut output = BufReader::new(tracer.stdout.take().unwrap());
    output.read_line(&mut pid).unwrap();
    let ran = sockeye(&["trace", "-p", pid.trim()]);
    assert_eq!(ran.code, Some(125), "{ran:?}");
    let by = format!("sockeye (pid {})", tracer.id());
    assert!(ran.last_line().contains(&by), "{ran:?}");
    drop(tracer.stdin.take());
    tracer.wait().unwrap();
}

#[test]
fn a_setuid_program_of_somebody_else_is_said_to_run_without_its_privileges() {
    let su = ["/usr/bin/su", "/bin/su"].into_iter().find(|su| {
        let mode = std::fs::metadata(su).map(|file| file.permissions().mode());
        mode.is_ok_and(|mode| mode & 0o4000 != 0)
    });
    let Some(su) = su else {
        return skipped("there is no setuid program here");
    };
    if !possible(&["setpriv"]) {
        return;
    }
    if let Some(ran) = as_nobody(&["trace", su, "--version"]) {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("setuid or capabilities"), "{ran:?}");
    }
}

/// Python looks with poll() before each call, once it has a timeout.
const PATIENT_SERVER: &str = "\
import socket, threading, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 0))
s.listen(5)
s.settimeout(20)
address = s.getsockname()
def talk():
    time.sleep(0.3)
    c = socket.create_connection(address)
    time.sleep(0.3)
    c.close()
threading.Thread(target=talk).start()
d, _ = s.accept()
d.settimeout(20)
d.recv(9)
d.close()
s.close()
";

#[test]
fn a_call_with_a_timeout_waits_as_one_without() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new("patient", &[("server.py", PATIENT_SERVER)]);
    for (language, words) in [
        (
            "en",
            [
                "waiting for a client",
                "behind poll, 20.0 s at most",
                " in accept, ",
            ],
        ),
        (
            "es",
            [
                "esperando a un cliente",
                "tras poll, 20,0 s como mucho",
                " en accept, ",
            ],
        ),
    ] {
        let ran = room.trace(&["--lang", language, "python3", "server.py"]);
        let told = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(told.contains(word.trim()), "{word}: {told}");
        }
        assert!(
            told.contains("ms in recv") || told.contains("ms en recv"),
            "{told}"
        );
    }
}

/// Has a listener and a connection to it, says that it runs, and with the next line on its input ends the connection.
const RUNS_ALREADY: &str = "\
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 0))
s.listen(7)
c = socket.create_connection(s.getsockname())
d, _ = s.accept()
c.send(b'before')
d.recv(9)
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
c.close()
d.recv(9)
d.close()
print('bye', flush=True)
sys.stdin.readline()
";

/// What is told, in a language, of that program when the tool comes to it, until it has ended its connection; and its port.
fn told_of_what_runs_already(language: &str) -> (Ran, String) {
    let mut child = Command::new("python3")
        .args(["-c", RUNS_ALREADY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut port = String::new();
    output.read_line(&mut port).unwrap();
    let pid = child.id().to_string();
    let mut tool = command_with_signals(&["trace", "--lang", language, "-p", &pid])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(tool.stderr.take().unwrap());
    let mut told = String::new();
    while stderr.read_line(&mut told).unwrap() > 0 && !told.contains("#3") {}
    input.write_all(b"\n").unwrap();
    output.read_line(&mut String::new()).unwrap();
    let id = rustix::process::Pid::from_child(&tool);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    stderr.read_to_string(&mut told).unwrap();
    input.write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    let ran = Ran {
        code: tool.wait().unwrap().code(),
        stdout: String::new(),
        stderr: told,
    };
    (ran, port.trim().to_owned())
}

#[test]
fn what_ran_before_is_told_as_it_was_and_nothing_is_said_of_the_time_before() {
    if !possible(&["python3"]) {
        return;
    }
    let (ran, port) = told_of_what_runs_already("en");
    let told = &ran.stderr;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for line in [
        &format!("listens      127.0.0.1:{port}, queue of 7"),
        &format!("connected    127.0.0.1:{port} ◀═▶ 127.0.0.1:"),
        "it was open when tracing began",
        "since tracing began",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    for lie in ["nothing sent yet", "given", "handshake", "connect  "] {
        assert!(!told.contains(lie), "{lie}: {told}");
    }
    let (ran, port) = told_of_what_runs_already("es");
    for line in [
        &format!("escucha      127.0.0.1:{port}, cola de 7"),
        &format!("conectado    127.0.0.1:{port} ◀═▶ 127.0.0.1:"),
        "estaba abierto al empezar a trazar",
    ] {
        assert!(ran.stderr.contains(line), "{line}: {}", ran.stderr);
    }
}

#[test]
fn two_programs_have_a_column_each() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new(
        "columns",
        &[("server.py", BUGGY_SERVER), ("client.py", CLIENT)],
    );
    let ran = room.trace(&[
        "--lang",
        "es",
        "--with",
        "python3 client.py",
        "python3",
        "server.py",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let right = ran.stderr.lines().any(|line| {
        let mut columns = line.split('│');
        let (_, _, right) = (columns.next(), columns.next(), columns.next());
        right.is_some_and(|right| right.contains("connect"))
    });
    assert!(right, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("los dos programas juntos:"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("qué corregir") && ran.stderr.contains("S09"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_program_behind_others_has_its_own_name_and_its_command_the_quotes_it_needs() {
    if !possible(&["python3", "timeout"]) {
        return;
    }
    let room = Room::new(
        "wrapped",
        &[("server.py", BUGGY_SERVER), ("client.py", CLIENT)],
    );
    let ran = room.trace(&[
        "--with",
        "timeout 20 python3 client.py",
        "sh",
        "-c",
        "echo; exec python3 server.py",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // A slow script in front may have had a heading of its own.
    let headings = |line: &&str| line.trim_start().starts_with("time ");
    let heading = ran.stderr.lines().rfind(headings);
    let names =
        |heading: &str| heading.contains(" server.py, pid") && heading.contains("client.py");
    assert!(heading.is_some_and(names), "{}", ran.stderr);
    assert!(ran.stderr.contains("sh -c 'echo;"), "{}", ran.stderr);
}
