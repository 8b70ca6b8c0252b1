//! Every type of record, field by field as dig and kdig print it, from a zone on NSD.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::asked::{PATIENCE, resolve, skipped};
use crate::free_port::free_port;

/// A running NSD with the zone `example.`; it is killed when dropped, and its folder goes.
struct Nsd {
    child: Child,
    port: u16,
    folder: std::path::PathBuf,
}

impl Nsd {
    fn start() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!(
            "sockeye-resolve-nsd-{}-{number}",
            std::process::id()
        ));
        (0..5).find_map(|_| {
            std::fs::create_dir_all(&folder).unwrap();
            let port = free_port();
            let at = folder.display();
            let zone = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resolve/example.zone");
            let conf = format!(
                "server:\n server-count: 1\n ip-address: 127.0.0.1@{port}\n username: \"\"\n chroot: \"\"\n \
                 zonesdir: \"{at}\"\n pidfile: \"{at}/pid\"\n database: \"\"\n xfrdfile: \"{at}/xfrd\"\n \
                 zonelistfile: \"{at}/list\"\n logfile: \"{at}/log\"\n minimal-responses: yes\n rrl-ratelimit: 0\n\
                 remote-control:\n control-enable: no\nzone:\n name: example\n zonefile: \"{}\"\n",
                zone.display()
            );
            let file = folder.join("nsd.conf");
            std::fs::write(&file, conf).unwrap();
            let child = Command::new("nsd")
                .args(["-d", "-c"])
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let nsd = Self { child, port, folder: folder.clone() };
            nsd.answers().then_some(nsd)
        })
    }

    /// Asks until it answers.
    fn answers(&self) -> bool {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", self.port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let query = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x07example\0\0\x06\0\x01";
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            // A port that nobody has yet refuses, and says so with the next call.
            let _ = socket.send(query);
            if socket.recv(&mut [0; 512]).is_ok_and(|len| len > 12) {
                return true;
            }
        }
        false
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Each name with a type that the zone has for it.
fn questions() -> BTreeSet<(String, String)> {
    let zone = include_str!("example.zone");
    let mut questions = BTreeSet::new();
    for line in zone
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with([';', '$']))
    {
        let mut words = line.split_whitespace();
        let owner = words.next().unwrap();
        let kind = words.find(|word| word.parse::<u32>().is_err()).unwrap();
        let name = match owner {
            "@" => "example.".to_owned(),
            other => format!("{}.example.", other.replace('*', "x")),
        };
        // A delegation is answered with a referral, a loop with no record, and dig leaves out an alias that is one.
        let is_cut = kind == "NS" && owner == "sub" || owner.ends_with(".sub");
        // Data without a byte is refused by the message library, and NSD never gives an NSEC3 that is asked for.
        if !is_cut && owner != "empty" && kind != "NSEC3" {
            questions.insert((name, kind.to_owned()));
        }
    }
    questions
}

/// The answer section of another tool as ours prints it: without the class, and with one space between the fields.
fn answers_of(tool: &str, port: u16, name: &str, kind: &str) -> Option<Vec<String>> {
    let port = port.to_string();
    let mut words = vec!["@127.0.0.1", "-p", &port, "+noall", "+answer", "+norecurse"];
    words.push(if tool == "dig" { "+nosplit" } else { "+noidn" });
    words.extend([name, kind]);
    let output = Command::new(tool).args(&words).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(';'));
    Some(sorted(lines.map(|line| {
        let [owner, ttl, class, kind, data] = fields(line);
        assert_eq!(class, "IN", "{line:?}");
        format!("{owner} {ttl} {kind} {data}")
    })))
}

/// The first fields of a line, and all that stands behind them.
fn fields<const N: usize>(line: &str) -> [&str; N] {
    let mut rest = line;
    std::array::from_fn(|at| {
        if at + 1 == N {
            return rest.trim_end();
        }
        let (field, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        field
    })
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines
}

fn ours(port: u16, name: &str, kind: &str) -> Vec<String> {
    let at = format!("127.0.0.1:{port}");
    let ran = resolve(&["--norecurse", "--server", &at, name, kind]);
    sorted(ran.lines().into_iter().map(|line| {
        let [owner, ttl, kind, data] = fields(line);
        format!("{owner} {ttl} {kind} {data}")
    }))
}

/// Where the tools write the same thing in another way, and ours is one of them or the RFC's.
fn alike(tool: &str, kind: &str, line: &str) -> String {
    match (tool, kind) {
        // dig knows the types of certificates by name.
        ("dig", "CERT") => line.replace(" IPGP ", " 6 "),
        // RFC 6742 writes each group with four digits, and small ones.
        ("dig", "NID") => line.replace(" 14:", " 0014:"),
        ("dig", "L64") => line.replace(":db8:", ":0db8:"),
        ("kdig", "NID" | "L64" | "EUI48" | "EUI64") => {
            let (head, data) = line.rsplit_once(' ').unwrap();
            format!("{head} {}", data.to_lowercase())
        }
        // kdig leaves out zeros behind the point, and the quotes of a list.
        ("kdig", "LOC") => line
            .replace("54 N", "54.000 N")
            .replace("18 W", "18.000 W")
            .replace("-24m", "-24.00m")
            .replace("  ", " "),
        ("kdig", "HTTPS" | "SVCB") => match line.split_once("alpn=") {
            Some((head, rest))
                if !rest.starts_with('"')
                    && !head.ends_with("no-default-")
                    && !head.ends_with("mandatory=") =>
            {
                let (list, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                format!("{head}alpn=\"{list}\" {rest}")
            }
            _ => line.to_owned(),
        },
        _ => line.to_owned(),
    }
}

/// Types that kdig does not know, and prints nothing of when they are asked for by name.
const UNKNOWN_TO_KDIG: [&str; 4] = ["X25", "ISDN", "PX", "AVC"];

#[test]
fn every_record_is_printed_as_dig_and_kdig_print_it() {
    let Some(nsd) = Nsd::start() else {
        skipped("no NSD here");
        return;
    };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (name, kind) in questions() {
        let own = ours(nsd.port, &name, &kind);
        for tool in ["dig", "kdig"] {
            if tool == "kdig" && UNKNOWN_TO_KDIG.contains(&kind.as_str()) {
                continue;
            }
            let Some(theirs) = answers_of(tool, nsd.port, &name, &kind) else {
                skipped(&format!("no {tool} here"));
                return;
            };
            let theirs: Vec<String> = theirs
                .iter()
                .map(|line| alike(tool, &kind, line).trim_end().to_owned())
                .collect();
            compared += 1;
            if own != theirs || own.is_empty() {
                wrong.push(format!(
                    "{name} {kind}\n  ours {own:?}\n  {tool} {theirs:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 140, "{compared}");
}

#[test]
fn an_answer_too_long_for_udp_comes_over_tcp() {
    let Some(nsd) = Nsd::start() else {
        skipped("no NSD here");
        return;
    };
    let at = format!("127.0.0.1:{}", nsd.port);
    let ran = resolve(&["-v", "--server", &at, "big.example", "TXT"]);
    assert_eq!((ran.code, ran.lines().len()), (Some(0), 7));
    assert!(
        ran.stderr
            .contains("tcp (the answer over udp was cut short)"),
        "{ran:?}"
    );
}
