//! The files of this machine, replaced by others in a namespace of the test's own, with servers on port 53.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::asked::{Zone, resolve, skipped};

/// Runs `test`, which is the test called `name`, where `lo` is all there is of a network, and with these files.
fn with_files(name: &str, files: &[(&str, &str)], test: impl FnOnce()) {
    const INSIDE: &str = "SOCKEYE_TEST_MACHINE";
    let namespaces = ["--net", "--mount", "--propagation", "private"];
    if std::env::var_os(INSIDE).is_some() {
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        let folder =
            Folder(std::env::temp_dir().join(format!("sockeye-machine-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).unwrap();
        for (path, text) in files {
            let own = folder.0.join(Path::new(path).file_name().unwrap());
            std::fs::write(&own, text).unwrap();
            // A link leads to the file that is read.
            let place = Path::new(path).canonicalize().unwrap();
            run(Command::new("mount").arg("--bind").arg(&own).arg(place));
        }
        test();
        return;
    }
    let works = Command::new("unshare")
        .args(namespaces)
        .args(["ip", "link", "set", "lo", "up"])
        .stderr(Stdio::null())
        .status();
    let there = files.iter().all(|(path, _)| Path::new(path).exists());
    if !works.is_ok_and(|status| status.success()) || !there {
        skipped("no namespaces can be made here with unshare(1), or a file of /etc is missing");
        return;
    }
    let child = Command::new("unshare")
        .args(namespaces)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{output}{errors}");
    assert!(output.contains("1 passed"), "{output}{errors}");
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

const FILES: [(&str, &str); 3] = [
    (
        "/etc/hosts",
        "127.0.0.1 localhost\n192.0.2.7 box box.test\n",
    ),
    (
        "/etc/nsswitch.conf",
        "hosts: files mdns4_minimal [NOTFOUND=return] dns\n",
    ),
    (
        "/etc/resolv.conf",
        "nameserver 127.0.0.9\nnameserver 127.0.0.1\nsearch sub.test test\n",
    ),
];

#[test]
fn a_name_is_found_as_this_machines_programs_find_it() {
    with_files(
        "machine::a_name_is_found_as_this_machines_programs_find_it",
        &FILES,
        || {
            let _zone = Zone::on(
                "127.0.0.1:53",
                "www A 192.0.2.80\nwww AAAA 2001:db8::80\nbox A 192.0.2.99",
            );
            // Below the search list, from the second server: the first one's port is closed.
            let ran = resolve(&["-v", "www"]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(
                ran.lines(),
                [
                    "www.test. 300 A    192.0.2.80",
                    "www.test. 300 AAAA 2001:db8::80"
                ]
            );
            assert!(ran.stderr.contains("found as www.test."), "{ran:?}");
            assert!(
                ran.stderr.contains("127.0.0.1 (/etc/resolv.conf), udp, "),
                "{ran:?}"
            );
            // What the C library finds is the same.
            let libc = Command::new("getent")
                .args(["hosts", "www"])
                .output()
                .unwrap();
            let libc = String::from_utf8_lossy(&libc.stdout).into_owned();
            let words: Vec<&str> = libc.split_whitespace().collect();
            assert_eq!(words, ["2001:db8::80", "www.test"]);

            // The closed one is what somebody looks for: it is told of without -v too.
            let closed = "no name server at 127.0.0.9:53 (named in /etc/resolv.conf): its port is closed; \
                          is it running? sockeye who 53\n";
            let ran = resolve(&["www"]);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), closed));
            assert_eq!(resolve(&["-q", "www"]).stderr, "");

            let hosts = resolve(&["-v", "box"]);
            assert_eq!(hosts.lines(), ["box. 0 A 192.0.2.7"]);
            assert!(
                hosts
                    .stderr
                    .contains("/etc/hosts: A 1, no AAAA; DNS was not asked"),
                "{hosts:?}"
            );
            let reverse = resolve(&["--short", "192.0.2.7"]);
            assert_eq!(reverse.stdout, "box.\nbox.test.\n");
            let other = resolve(&["box.test", "SOA", "A"]);
            assert_eq!(other.lines(), ["box.test. 0 A 192.0.2.7"]);
            let local = resolve(&["-v", "app.localhost", "AAAA"]);
            assert_eq!(local.lines(), ["app.localhost. 0 AAAA ::1"]);
            assert!(local.stderr.contains("RFC 6761"), "{local:?}");

            let nothing = resolve(&["nope"]);
            assert_eq!(nothing.code, Some(10));
            assert!(
                nothing
                    .last_line()
                    .contains("nope.test. does not exist (NXDOMAIN), says 127.0.0.1; tried too: nope.sub.test., nope."),
                "{nothing:?}"
            );
        },
    );
}

#[test]
fn the_steps_are_told_and_are_in_the_json() {
    with_files(
        "machine::the_steps_are_told_and_are_in_the_json",
        &FILES,
        || {
            let _zone = Zone::on("127.0.0.1:53", "www A 192.0.2.80");
            let ran = resolve(&["--explain", "www", "A"]);
            for part in [
                "hosts file /etc/hosts: nothing of www.",
                "mdns4_minimal (nsswitch.conf): not asked",
                "/etc/resolv.conf: ask 127.0.0.9, 127.0.0.1",
                "search list: www.sub.test., www.test., www., until one has a record",
                "127.0.0.9  www.sub.test. A: ECONNREFUSED",
                "127.0.0.1  www.sub.test. A: no such name (NXDOMAIN), udp",
                "127.0.0.1  www.test. A: 1 record, udp",
            ] {
                assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
            }
            let json = resolve(&["--json", "www", "A"]);
            let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
            let steps: Vec<&str> = value["steps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| step["step"].as_str().unwrap())
                .collect();
            assert_eq!(
                steps,
                [
                    "hosts-file",
                    "not-asked",
                    "servers",
                    "asked",
                    "asked",
                    "asked",
                    "asked"
                ]
            );
            assert_eq!(
                value["steps"][2]["names"],
                serde_json::json!(["www.sub.test.", "www.test.", "www."])
            );
            assert_eq!(value["responses"][0]["name"], "www.test.");
            assert!(value.get("server").is_none());
            let hosts = resolve(&["--json", "box", "A"]);
            let value: serde_json::Value = serde_json::from_str(&hosts.stdout).unwrap();
            assert_eq!(
                value["answers"],
                serde_json::json!([{"name": "box.", "ttl": null, "type": "A", "data": "192.0.2.7"}])
            );
            assert_eq!(value["responses"][0]["source"], "hosts");
            // An absolute name is not searched for.
            let absolute = resolve(&["--explain", "www.", "A"]);
            assert!(
                absolute.stderr.contains("the name ends with a dot"),
                "{absolute:?}"
            );
            assert_eq!(
                absolute.code,
                Some(1),
                "this server has no root: {absolute:?}"
            );
        },
    );
}

#[test]
fn a_silent_first_server_is_told_of_with_the_time_it_cost() {
    let conf = "nameserver 127.0.0.9\nnameserver 127.0.0.1\noptions timeout:1\n";
    let files = [FILES[0], FILES[1], ("/etc/resolv.conf", conf)];
    with_files(
        "machine::a_silent_first_server_is_told_of_with_the_time_it_cost",
        &files,
        || {
            let _silent = std::net::UdpSocket::bind("127.0.0.9:53").unwrap();
            let zone = Zone::on("127.0.0.1:53", "www A 192.0.2.80");
            let ran = resolve(&["www.test.", "A"]);
            assert_eq!((ran.code, ran.lines().len()), (Some(0), 1), "{ran:?}");
            let start =
                "127.0.0.9 (/etc/resolv.conf): no answer within 1.0 s; then 127.0.0.1 was asked\n";
            assert_eq!(ran.stderr, start);
            let told = resolve(&["-v", "www.test.", "A"]);
            assert!(told.stderr.starts_with(start), "{told:?}");
            assert!(
                told.last_line().ends_with(": A 1; 1.0 s in all"),
                "{told:?}"
            );
            let json = resolve(&["-q", "--json", "www.test.", "A"]);
            assert_eq!(json.stderr, "");
            let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
            let step = &value["steps"][3];
            assert_eq!(
                (step["status"].as_str(), step["server"].as_str()),
                (Some("timed-out"), Some("udp://127.0.0.9:53"))
            );
            assert!(step["took_ms"].as_f64() >= Some(1000.0), "{step}");
            drop(zone);
            // None answers: the first is silent, and nobody listens at the second.
            let none = resolve(&["--timeout", "1500ms", "www.test.", "A"]);
            assert_eq!(none.code, Some(13), "{none:?}");
            assert!(
                none.stderr.contains("no name server at 127.0.0.1:53"),
                "{none:?}"
            );
            assert!(
                none.last_line()
                    .contains("no answer from 127.0.0.9 within 1.5 s"),
                "{none:?}"
            );
            let _second = std::net::UdpSocket::bind("127.0.0.1:53").unwrap();
            let both = resolve(&["--timeout", "1500ms", "www.test.", "A"]);
            assert_eq!(both.code, Some(13), "{both:?}");
            assert!(
                both.last_line()
                    .contains("no answer from 127.0.0.9, 127.0.0.1, 1.5 s in all"),
                "{both:?}"
            );
        },
    );
}

#[test]
fn the_environment_changes_the_search_list() {
    with_files(
        "machine::the_environment_changes_the_search_list",
        &FILES,
        || {
            let _zone = Zone::on("127.0.0.1:53", "www.env A 192.0.2.80");
            let output = crate::asked::command(&["--short", "www", "A"])
                .env("LOCALDOMAIN", "env.test")
                .env("RES_OPTIONS", "use-vc")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "192.0.2.80\n");
        },
    );
}

#[test]
fn a_file_that_names_no_server_is_said_to_name_none() {
    let files = [FILES[0], FILES[1], ("/etc/resolv.conf", "search test\n")];
    with_files(
        "machine::a_file_that_names_no_server_is_said_to_name_none",
        &files,
        || {
            let ran = resolve(&["--explain", "www.test.", "A"]);
            let step = "/etc/resolv.conf names no server, so 127.0.0.1 is asked";
            assert!(ran.stderr.contains(step), "{ran:?}");
            assert_eq!(ran.code, Some(11));
            assert!(
                ran.last_line()
                    .contains("no name server at 127.0.0.1:53 (/etc/resolv.conf names no other)"),
                "{ran:?}"
            );
        },
    );
}

#[test]
fn nsswitch_without_dns_asks_nobody() {
    let files = [FILES[0], ("/etc/nsswitch.conf", "hosts: files\n"), FILES[2]];
    with_files("machine::nsswitch_without_dns_asks_nobody", &files, || {
        let ran = resolve(&["www.test"]);
        assert_eq!(ran.code, Some(10));
        assert!(
            ran.last_line().contains("nsswitch.conf asks no DNS"),
            "{ran:?}"
        );
    });
}
