//! With less than root's eyes: as another user, without netlink, and with very many sockets.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::machine::{alone, skipped};
use crate::ran::{Ran, command, sockeye};

/// The tool where the user nobody can run it. Dropping it removes the copy.
struct Copy(std::path::PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::copy(env!("CARGO_BIN_EXE_sockeye"), directory.join("sockeye")).unwrap();
        Self(directory)
    }

    fn program(&self) -> std::path::PathBuf {
        self.0.join("sockeye")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_ordinary_user_is_told_what_may_be_told_and_why_a_name_is_missing() {
    let _alone = alone();
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can become another user");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let copy = Copy::new("nobody");
    let as_nobody = |arguments: &[&str]| -> Ran {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(copy.program())
            .args(arguments)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        command.output().unwrap().into()
    };
    let ran = as_nobody(&["who", "-v", &port]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = ran.stdout.lines().nth(1).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[5..8], ["?", "-", "root"], "{line}");
    assert!(ran.stderr.contains("sudo sockeye who"), "{ran:?}");
    assert_eq!(
        as_nobody(&["who", &port]).stderr,
        "",
        "a pipe is told no more than asked"
    );
    let json = as_nobody(&["who", "--json", &port]);
    let answer: Value = serde_json::from_str(&json.stdout).unwrap();
    let socket = &answer["sockets"][0];
    assert_eq!(socket["owner"], "not-permitted");
    assert_eq!(
        (&socket["user"], &socket["processes"]),
        (&"root".into(), &Value::Array(vec![]))
    );
    drop(listener);
}

/// Forbids socket(AF_NETLINK, …) with EPERM, then becomes the program of its arguments; seccomp(2).
const WITHOUT_NETLINK: &str = "
import ctypes, os, struct, sys
number = {'x86_64': 41, 'aarch64': 198}[os.uname().machine]
code = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, 16), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in code))
program = struct.pack('HxxxxxxP', len(code), ctypes.addressof(filters))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn without_netlink_the_files_are_read_and_that_is_said() {
    let _alone = alone();
    let works = Command::new("python3")
        .args(["-c", WITHOUT_NETLINK, "/bin/true"])
        .stderr(Stdio::null())
        .status();
    if !works.is_ok_and(|status| status.success()) {
        return skipped("no python3 here that can set a seccomp filter");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _waiting = std::net::TcpStream::connect(address).unwrap();
    let without = |arguments: &[&str]| -> Ran {
        let mut command = Command::new("python3");
        command
            .args(["-c", WITHOUT_NETLINK, env!("CARGO_BIN_EXE_sockeye")])
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command.output().unwrap().into()
    };
    let port = address.port().to_string();
    let ran = without(&["who", "-v", &port]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = ran.stdout.lines().nth(1).unwrap();
    assert!(
        line.contains(&address.to_string()) && line.contains(" 1/?"),
        "{line}"
    );
    assert!(line.contains(&std::process::id().to_string()), "{line}");
    assert!(ran.stderr.contains("/proc/net was read"), "{ran:?}");
    let json = without(&["who", "--json", &port]);
    let answer: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(answer["source"], "proc");
    assert_eq!(answer["sockets"][0]["send_queue"], Value::Null);
    let addresses = without(&["who", "-v", "--addresses"]);
    assert!(
        addresses.stdout.contains("lo") && addresses.stderr.contains("IPv4"),
        "{addresses:?}"
    );
    let nobody = without(&["who", "1"]);
    assert_eq!(nobody.code, Some(10));
    assert!(
        nobody.stderr.contains("as far as /proc/net tells"),
        "{nobody:?}"
    );
}

#[test]
fn ten_thousand_listeners_are_ten_thousand_lines() {
    let _alone = alone();
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        ..limits
    };
    let _ = setrlimit(Resource::Nofile, raised);
    if limits.maximum.is_some_and(|most| most < 10_500) {
        return skipped("10,000 descriptors are not allowed here");
    }
    let listeners: Vec<TcpListener> = (0..10_000_u32)
        .map(|number| {
            let [_, _, high, low] = (number / 100 + 256).to_be_bytes();
            TcpListener::bind((std::net::Ipv4Addr::new(127, 77, high, low), 0)).unwrap()
        })
        .collect();
    let ran = sockeye(&["who", "--tcp"]);
    let ours = format!(" {} ", std::process::id());
    let lines = ran.stdout.lines();
    let found = lines
        .filter(|line| line.contains("127.77.") && line.contains(&ours))
        .count();
    assert_eq!(found, listeners.len());
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut child = command(&["who"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
