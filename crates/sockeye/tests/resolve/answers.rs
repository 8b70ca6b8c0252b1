//! What is printed for an answer: lines, data alone, aliases, reverse, names in every spelling.

use crate::asked::{Zone, resolve};

const RECORDS: &str = "\
www 60 CNAME web\n\
web A 192.0.2.80\n\
web A 192.0.2.81\n\
web AAAA 2001:db8::80\n\
@ MX 10 mail\n\
@ MX 5 mail2\n\
@ TXT \"v=spf1 -all\"\n\
xn--espaol-zwa A 192.0.2.9\n\
_sip._tcp SRV 1 2 5060 web\n\
evil TXT \"\\027[2J\\007\\195\\177 \\\"quoted\\\"\"";

#[test]
fn records_are_lines_of_a_master_file_in_columns() {
    let zone = Zone::with(RECORDS);
    let ran = resolve(&["--server", &zone.at, "www.test"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut lines = ran.lines();
    // The two addresses of a type come in any order.
    lines[1..3].sort_unstable();
    assert_eq!(
        lines,
        [
            "www.test.  60 CNAME web.test.",
            "web.test. 300 A     192.0.2.80",
            "web.test. 300 A     192.0.2.81",
            "web.test. 300 AAAA  2001:db8::80",
        ]
    );
    assert_eq!(
        ran.stderr, "",
        "a success is silent where stderr is no terminal"
    );
}

#[test]
fn short_is_the_data_alone_without_aliases() {
    let zone = Zone::with(RECORDS);
    let ran = resolve(&["--short", "--server", &zone.at, "www.test", "AAAA"]);
    assert_eq!((ran.stdout.as_str(), ran.code), ("2001:db8::80\n", Some(0)));
    let alias = resolve(&["--short", "--server", &zone.at, "www.test", "CNAME"]);
    assert_eq!(alias.stdout, "web.test.\n");
}

#[test]
fn all_asks_for_each_type_and_what_is_there_is_shown() {
    let zone = Zone::with(RECORDS);
    let ran = resolve(&["-v", "--server", &zone.at, "test.", "all"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [" MX ", " NS ", " TXT ", " SOA "] {
        assert!(ran.stdout.contains(part), "{part}: {ran:?}");
    }
    for part in ["no A,", "no AAAA", "no CAA", "no HTTPS", "MX 2", "SOA 1"] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
}

#[test]
fn every_order_and_spelling_asks_the_same() {
    let zone = Zone::with(RECORDS);
    let at = format!("@{}", zone.at);
    let wanted = resolve(&["--server", &zone.at, "_sip._tcp.test.", "SRV"]);
    assert_eq!(
        wanted.lines(),
        ["_sip._tcp.test. 300 SRV 1 2 5060 web.test."]
    );
    for words in [
        [&at, "_sip._tcp.test", "SRV"],
        ["srv", "_SIP._tcp.test", &at],
        ["_sip._tcp.test", &at, "TYPE33"],
        [&at, "https://_sip._tcp.test:8443/x?y=1#z", "IN"],
    ] {
        let ran = resolve(&words);
        if words[2] == "IN" {
            assert_eq!(ran.code, Some(10), "{words:?}: {ran:?}");
        } else {
            assert_eq!(
                ran.stdout.to_lowercase(),
                wanted.stdout.to_lowercase(),
                "{words:?}"
            );
        }
    }
    let dig = resolve(&[&at, "+short", "+tcp", "_sip._tcp.test", "SRV"]);
    assert_eq!(dig.stdout, "1 2 5060 web.test.\n");
}

#[test]
fn tcp_is_used_when_it_is_asked_for() {
    let zone = Zone::with(RECORDS);
    for arguments in [
        vec!["--tcp".to_owned(), "--server".to_owned(), zone.at.clone()],
        vec!["--server".to_owned(), format!("tcp://{}", zone.at)],
    ] {
        let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        words.extend(["-v", "web.test", "AAAA"]);
        let ran = resolve(&words);
        assert!(ran.stderr.contains(", tcp, "), "{ran:?}");
    }
    let udp = resolve(&["-v", "--server", &zone.at, "web.test", "AAAA"]);
    assert!(
        udp.stderr.contains(&format!("{}, udp, ", zone.at)),
        "{udp:?}"
    );
}

#[test]
fn an_international_name_is_asked_for_by_its_other_name_and_both_are_said() {
    let zone = Zone::with(RECORDS);
    let ran = resolve(&["-v", "--server", &zone.at, "ESPAÑOL.test", "A"]);
    assert_eq!(ran.lines(), ["xn--espaol-zwa.test. 300 A 192.0.2.9"]);
    let said = "español.test is asked for as xn--espaol-zwa.test.";
    assert!(ran.stderr.contains(said), "{ran:?}");
}

#[test]
fn what_a_server_sends_never_reaches_a_terminal_as_it_is() {
    let zone = Zone::with(RECORDS);
    let ran = resolve(&["--server", &zone.at, "evil.test", "TXT"]);
    let data = r#"evil.test. 300 TXT "\027[2J\007\195\177 \"quoted\"""#;
    assert_eq!(ran.lines(), [data]);
}

#[test]
fn an_address_is_asked_for_in_reverse() {
    let zone = Zone::with("");
    for words in [["-x", "192.0.2.1"], ["--norecurse", "192.0.2.1"]] {
        let ran = resolve(&[&["--server", &zone.at][..], &words].concat());
        // The server has no such zone, and says so: what counts is what was asked for.
        assert!(
            ran.last_line().contains("1.2.0.192.in-addr.arpa. PTR"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_server_may_be_named() {
    let zone = Zone::with(RECORDS);
    let port = zone.at.rsplit_once(':').unwrap().1;
    let ran = resolve(&[
        "--short",
        "--server",
        &format!("localhost:{port}"),
        "web.test",
        "AAAA",
    ]);
    assert_eq!(ran.stdout, "2001:db8::80\n", "{ran:?}");
}

#[test]
fn the_reader_of_stdout_may_leave() {
    use std::io::Read;
    let zone = Zone::with(RECORDS);
    let mut child = crate::asked::command(&["--server", &zone.at, "test.", "all"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn a_full_disk_is_code_24() {
    let zone = Zone::with(RECORDS);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ran = crate::asked::command(&["--server", &zone.at, "test.", "SOA"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(24));
}
