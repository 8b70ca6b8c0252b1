//! `trace --syscalls`: the kernel's own call below each line, under its own name.

use std::process::Command;

use crate::ran::{skipped, sockeye};
use crate::trace::{Room, possible};

/// The lines of the kernel's calls, without what stands before them.
fn kernels(told: &str) -> Vec<&str> {
    let is_one = |line: &&str| line.ends_with(']') && line.contains(") = ");
    told.lines().filter(is_one).map(str::trim_start).collect()
}

/// The line of the story that the kernel's call with this beginning stands below, and the kernel's line.
fn below<'t>(told: &'t str, kernel: &str) -> (&'t str, &'t str) {
    let lines: Vec<&str> = told.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.trim_start().starts_with(kernel))
        .unwrap_or_else(|| panic!("no {kernel} in\n{told}"));
    // A line of the story has its time in front.
    let above = lines[..at].iter().rev();
    let mut above = above.filter(|line| {
        line.starts_with(' ') && line[1..].starts_with(|c: char| c.is_ascii_digit())
    });
    (above.next().unwrap(), lines[at].trim_start())
}

#[test]
fn a_c_programs_calls_have_the_kernels_names_and_arguments() {
    if !possible(&["cc"]) {
        return;
    }
    let room = Room::new("syscalls-c", &[("a.c", include_str!("syscalls.c"))]);
    let built = Command::new("cc")
        .args(["-o", &room.path("a"), &room.path("a.c")])
        .status();
    assert!(built.unwrap().success());
    let ran = room.trace(&["--syscalls", "./a"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = ran.stderr.as_str();
    for (kernel, program) in [
        ("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3 ", "socket"),
        ("bind(3, {AF_INET, 127.0.0.1:0}, 16) = 0 ", "bind"),
        ("listen(3, 5) = 0 ", "listen"),
        ("accept(3, NULL, NULL) = 6 ", "born"),
        ("accept4(3, NULL, NULL, SOCK_CLOEXEC) = 7 ", "born"),
        (
            r#"sendto(4, "hola\n", 5, MSG_NOSIGNAL, NULL, 0) = 5 "#,
            "send",
        ),
        (r#"recvfrom(6, "hola\n", 10, 0, NULL, NULL) = 5 "#, "recv"),
        (r#"write(6, "a\"b", 3) = 3 "#, "write"),
        (r#"read(4, "a\"b", 10) = 3 "#, "read"),
        ("close(7) = 0 ", "close"),
        ("shutdown(4, SHUT_WR) = 0 ", "shutdown"),
        (
            r#"sendto(4, "x", 1, MSG_NOSIGNAL, NULL, 0) = -EPIPE "#,
            "send",
        ),
    ] {
        let (above, _) = below(told, kernel);
        assert!(above.contains(program), "{kernel} below {above}\n{told}");
    }
    let names: Vec<&str> = kernels(told)
        .iter()
        .filter_map(|line| line.split('(').next())
        .collect();
    for name in ["send", "recv"] {
        assert!(
            !names.contains(&name),
            "the kernel has no {name}: {names:?}"
        );
    }
    // What waited in vain has a line of its own, what came of it stands above the call.
    let (above, _) = below(told, "poll([{fd=6, events=POLLIN, revents=0}]");
    assert!(above.contains("nothing was ready within"), "{told}");
    let (above, _) = below(
        told,
        "poll([{fd=6, events=POLLIN, revents=POLLIN}], 1, 5000) = 1",
    );
    assert!(above.contains("recv"), "{told}");
    // Said on request alone, as the call itself.
    assert!(!told.contains("EAGAIN"), "{told}");
    let all = room.trace(&["--syscalls", "-v", "./a"]).stderr;
    assert!(
        all.contains("10, MSG_DONTWAIT, NULL, NULL) = -EAGAIN"),
        "{all}"
    );
    let plain = room.trace(&["./a"]).stderr;
    assert_eq!(kernels(&plain), [""; 0], "{plain}");
}

/// A timeout turns each recv into two calls of the kernel.
const PYTHON: &str = "\
import socket
a, b = socket.socketpair()
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(1)
c = socket.socket()
c.connect(s.getsockname())
s.settimeout(5)
d, _ = s.accept()
d.settimeout(5)
c.send('ñ\\n'.encode())
print(d.recv(100))
";

#[test]
fn pythons_timeout_shows_the_poll_before_the_call_in_both_languages_and_again() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new("syscalls-python", &[("a.py", PYTHON)]);
    for (language, born, received) in [("en", "born", "recv"), ("es", "nace", "recv")] {
        let ran = room.trace(&[
            "--lang",
            language,
            "--syscalls",
            "--record",
            "a.ndjson",
            "python3",
            "a.py",
        ]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let told = ran.stderr.as_str();
        let lines = kernels(told);
        for (call, story) in [("accept4(", born), ("recvfrom(", received)] {
            let at = lines.iter().position(|line| line.starts_with(call));
            let wait = at.and_then(|at| lines.get(at.checked_sub(1)?)).unwrap();
            let waits = wait.starts_with("poll(") || wait.starts_with("ppoll(");
            assert!(
                waits && wait.contains("revents=POLLIN"),
                "{call} behind {wait}\n{told}"
            );
            assert!(below(told, call).0.contains(story), "{told}");
        }
        let (_, sent) = below(told, "sendto(");
        assert!(sent.contains(r#""ñ\n", 3, 0, NULL, 0) = 3 "#), "{sent}");
        let recording = room.path("a.ndjson");
        let shown = sockeye(&["show", &recording, "--lang", language]);
        assert_eq!(kernels(&shown.stdout), lines);
    }
    let plain = room.trace(&["--record", "b.ndjson", "python3", "a.py"]);
    assert_eq!(plain.code, Some(0), "{plain:?}");
    assert!(
        !room.read("b.ndjson").contains("\"syscall\""),
        "recorded only where asked for"
    );
}

#[test]
fn with_two_programs_they_stand_in_lines_and_a_picture_is_refused() {
    if !possible(&["python3"]) {
        return;
    }
    let room = Room::new(
        "syscalls-two",
        &[
            ("a.py", PYTHON),
            ("b.py", "import socket\nsocket.socket().close()\n"),
        ],
    );
    let ran = room.trace(&["--syscalls", "--with", "python3 b.py", "python3", "a.py"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (kernel, program) in [("accept4(", "a.py"), ("close(", "b.py")] {
        assert!(ran.stderr.contains(program), "{}", ran.stderr);
        assert!(ran.stderr.contains(kernel), "{}", ran.stderr);
    }
    let refused = sockeye(&["trace", "--syscalls", "--diagram", "true"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.last_line().contains("do not go together"),
        "{refused:?}"
    );
}

#[test]
fn a_machine_of_32_bits_within_is_not_named_by_the_table_of_64() {
    if !possible(&["cc"]) {
        return;
    }
    let foreign = "\
int main(void) {
#ifdef __x86_64__
    int made;
    asm volatile(\"int $0x80\" : \"=a\"(made) : \"a\"(359), \"b\"(1), \"c\"(1), \"d\"(0) : \"memory\", \"r8\", \"r9\", \"r10\", \"r11\");
    return made < 0 ? 38 : 0;
#else
    return 38;
#endif
}
";
    let room = Room::new("syscalls-foreign", &[("a.c", foreign)]);
    let built = Command::new("cc")
        .args(["-o", &room.path("a"), &room.path("a.c")])
        .status();
    assert!(built.unwrap().success());
    let ran = room.trace(&["--syscalls", "./a"]);
    if ran.code == Some(38) {
        skipped("this machine has no calls of 32 bits");
        return;
    }
    assert!(ran.stderr.contains("32-bit"), "{}", ran.stderr);
    assert_eq!(kernels(&ran.stderr), [""; 0], "{}", ran.stderr);
}

/// The calls that strace sees, each with what it returned, from the first on a socket on.
fn straced(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("socket("));
    lines
        .filter_map(|line| {
            let (call, result) = line.rsplit_once(" = ")?;
            let mut words = result.split(' ');
            let returned = match (words.next()?, words.next()) {
                ("-1", Some(errno)) => format!("-{errno}"),
                (returned, _) => returned.to_owned(),
            };
            Some(format!("{} {returned}", call.split('(').next()?))
        })
        .collect()
}

#[test]
fn the_kernels_calls_are_those_that_strace_sees() {
    if !possible(&["cc", "strace"]) {
        return;
    }
    let room = Room::new("syscalls-strace", &[("a.c", include_str!("syscalls.c"))]);
    let built = Command::new("cc")
        .args(["-o", &room.path("a"), &room.path("a.c")])
        .status();
    assert!(built.unwrap().success());
    let calls = "socket,bind,listen,getsockname,connect,accept,accept4,poll,ppoll,sendto,recvfrom,read,write,shutdown,close";
    let strace = Command::new("strace")
        .args(["-qq", "-e", "signal=none", "-e", calls, &room.path("a")])
        .output()
        .unwrap();
    let theirs = straced(&String::from_utf8(strace.stderr).unwrap());
    let ran = room.trace(&["--syscalls", "--record", "a.ndjson", "./a"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let recording = room.read("a.ndjson");
    let ours: Vec<String> = recording
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["note"] == "syscall")
        .map(|event| {
            let name = event["name"].as_str().unwrap();
            match event["errno"]["name"].as_str() {
                Some(errno) => format!("{name} -{errno}"),
                None => format!("{name} {}", event["returned"]),
            }
        })
        .collect();
    assert!(theirs.len() > 20, "{theirs:?}");
    assert_eq!(ours, theirs);
}
