//! `sockeye ports`: what a number or a name means, with the verdict on each port of an introductory course.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "tool/ran.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of other commands"
)]
mod ran;

use std::net::{TcpListener, UdpSocket};

use ran::{command, shell, sockeye};
use sockeye_model::{Address, Port, Target};

/// The answer on stdout, its lines joined: how it is wrapped does not matter.
fn answer(arguments: &[&str]) -> String {
    let ran = sockeye(arguments);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), ""),
        "{arguments:?}"
    );
    joined(&ran.stdout)
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a course's table says, and what is true: each port with what its answer says, in English.
const VERDICTS: &[(&str, &[&str])] = &[
    (
        "7",
        &["IANA echo (tcp, udp)", "any bytes", "RFC 862", "loop"],
    ),
    (
        "20",
        &[
            "ftp-data (tcp, udp)",
            "active mode",
            "two connections",
            "high port",
        ],
    ),
    ("21", &["ftp (tcp, udp)", "second connection", "990 (ftps)"]),
    ("22", &["ssh (tcp, udp)", "Encrypted"]),
    ("23", &["telnet (tcp, udp)", "Plain text", "22 (ssh)"]),
    (
        "25",
        &[
            "smtp (tcp, udp)",
            "between servers",
            "RFC 5321",
            "465 (submissions)",
        ],
    ),
    (
        "37",
        &[
            "time (tcp, udp)",
            "4 binary bytes",
            "since 1900",
            "2036",
            "daytime, port 13",
            "client must send something first",
        ],
    ),
    (
        "53",
        &[
            "domain (tcp, udp)",
            "UDP first, TCP for answers",
            "DoT over tcp, DoQ over udp",
            "853 (domain-s)",
        ],
    ),
    ("80", &["http (tcp, udp)", "Plain text", "443 (https)"]),
    ("110", &["pop3 (tcp, udp)", "Plain text", "995 (pop3s)"]),
    (
        "220",
        &[
            "imap3 (tcp, udp): Interactive Mail Access Protocol v3",
            "Obsolete",
            "RFC 1203",
            "143 (imap)",
            "993 (imaps)",
        ],
    ),
    ("389", &["ldap (tcp, udp)", "Plain text", "636 (ldaps)"]),
    ("443", &["https (tcp, udp)", "udp 443 is HTTP/3, over QUIC"]),
    (
        "587",
        &[
            "submission (tcp, udp)",
            "RFC 6409",
            "protocol it speaks is SMTP",
            "465 (submissions)",
            "RFC 8314",
        ],
    ),
    (
        "1194",
        &["openvpn (tcp, udp)", "registered for tcp and udp"],
    ),
    (
        "1433",
        &["ms-sql-s (tcp, udp)", "registered for tcp and udp"],
    ),
    (
        "1521",
        &[
            "ncube-lm (tcp, udp)",
            "Not Oracle's",
            "Oracle Database (tcp): custom, not IANA's",
            "1525 (orasrv), 2483 (ttc) and 2484 (ttc-ssl)",
        ],
    ),
    (
        "2095",
        &[
            "nbx-ser (tcp, udp)",
            "Not webmail",
            "cPanel webmail (tcp): custom, not IANA's",
        ],
    ),
    ("3306", &["mysql (tcp, udp)", "registered for tcp and udp"]),
    (
        "4662",
        &[
            "oms (tcp, udp): OrbitNet Message Service",
            "Not eMule's",
            "eMule (tcp): custom, not IANA's",
            "udp 4672",
        ],
    ),
    (
        "6881",
        &[
            "IANA unassigned",
            "BitTorrent (tcp, udp): custom, not IANA's",
            "6881-6889",
            "pick any port",
        ],
    ),
    (
        "25565",
        &[
            "IANA unassigned",
            "Minecraft, Java edition (tcp): custom, not IANA's",
            "udp 19132",
        ],
    ),
    ("26000", &["quake (tcp, udp)", "registered for tcp and udp"]),
];

#[test]
fn each_port_of_the_course_has_its_verdict() {
    assert_eq!(VERDICTS.len(), 23);
    for (port, pieces) in VERDICTS {
        let text = answer(&["ports", port]);
        assert!(text.starts_with(&format!("port {port}: ")), "{text}");
        for piece in *pieces {
            assert!(text.contains(piece), "{port}: {piece}: {text}");
        }
    }
}

#[test]
fn of_the_nine_that_are_called_registered_four_are() {
    let registered = ["1194", "1433", "3306", "26000"];
    let custom = ["1521", "2095", "4662", "6881", "25565"];
    for port in registered {
        assert!(!answer(&["ports", port]).contains("custom"), "{port}");
    }
    for port in custom {
        assert!(
            answer(&["ports", port]).contains("custom, not IANA's"),
            "{port}"
        );
    }
}

#[test]
fn the_splits_of_old_texts_are_told_as_old() {
    let reserved = answer(&["ports", "255"]);
    assert!(reserved.contains("IANA Reserved (tcp, udp)"), "{reserved}");
    assert!(reserved.contains("before 1992 (RFC 1060)"), "{reserved}");
    assert!(answer(&["ports", "5000"]).contains("IPPORT_USERRESERVED"));
    let ranges = answer(&["ports", "--ranges"]);
    for piece in [
        "0-1023 well-known",
        "1024-49151 registered",
        "49152-65535 dynamic",
        "not TCP's",
        "RFC 1060",
        "IPPORT_USERRESERVED",
        "0 reserved",
    ] {
        assert!(ranges.contains(piece), "{piece}: {ranges}");
    }
}

#[test]
fn each_class_is_named_with_its_ends() {
    for (port, class) in [
        ("1023", "well-known, 0-1023"),
        ("1024", "registered, 1024-49151"),
        ("49152", "dynamic, 49152-65535"),
    ] {
        assert!(answer(&["ports", port]).contains(class), "{port}");
    }
    assert!(answer(&["ports", "60000"]).contains("never assigned"));
    assert!(answer(&["ports", "0"]).contains("choose one for me"));
}

#[test]
fn this_machines_own_limits_are_those_of_its_kernel() {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap();
    let chosen = read("ip_local_port_range");
    let (first, last) = chosen.trim().split_once('\t').unwrap();
    let start = read("ip_unprivileged_port_start");
    let ranges = answer(&["ports", "--ranges"]);
    assert!(
        ranges.contains(&format!("{first}-{last} chosen")),
        "{ranges}"
    );
    let start = format!("ip_unprivileged_port_start is {}", start.trim());
    assert!(ranges.contains(&start), "{ranges}");
}

#[test]
fn a_name_leads_to_its_ports_and_a_transport_narrows_the_answer() {
    assert!(answer(&["ports", "HTTPS"]).starts_with("port 443:"));
    assert!(answer(&["ports", "postgres"]).starts_with("port 5432:"));
    let both = answer(&["ports", "514"]);
    assert!(
        both.contains("shell (tcp)") && both.contains("syslog (udp)"),
        "{both}"
    );
    let udp = answer(&["ports", "514/udp"]);
    assert!(
        !udp.contains("shell (tcp)") && udp.contains("syslog (udp)"),
        "{udp}"
    );
}

#[test]
fn a_name_that_there_is_none_of_is_code_10_with_the_nearest() {
    let ran = sockeye(&["ports", "443", "htps"]);
    assert_eq!(ran.code, Some(10));
    assert!(ran.stdout.starts_with("port 443:"), "{}", ran.stdout);
    assert!(ran.last_line().contains("https"), "{}", ran.stderr);
    let ran = sockeye(&["ports", "--lang", "es", "zzzzzzzz\u{1b}[2J"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(10), ""));
    assert!(ran.last_line().contains("ningún servicio") && !ran.stderr.contains('\u{1b}'));
}

#[test]
fn a_number_beyond_the_last_port_is_a_usage_error() {
    for word in ["65536", "9-5", "80-70000"] {
        assert_eq!(sockeye(&["ports", word]).code, Some(2), "{word}");
    }
}

#[test]
fn a_range_has_its_gaps_and_customs() {
    let text = answer(&["ports", "6881-6889"]);
    for piece in [
        "6881-6887 - - unassigned",
        "6888 tcp, udp muse",
        "BitTorrent: custom, not IANA's",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
}

#[test]
fn a_search_finds_names_descriptions_and_customs_a_line_each() {
    let ran = sockeye(&["ports", "--search", "MAIL"]);
    assert_eq!(ran.code, Some(0));
    for line in ["imap3", "smtp", "cPanel webmail"] {
        assert!(
            ran.stdout.lines().any(|found| found.contains(line)),
            "{line}"
        );
    }
    assert_eq!(
        sockeye(&["ports", "--search", "no such thing"]).code,
        Some(10)
    );
}

#[test]
fn on_a_pipe_an_answer_fits_80_columns_in_both_languages() {
    for lang in ["en", "es"] {
        let mut asked: Vec<Vec<&str>> = VERDICTS.iter().map(|(port, _)| vec![*port]).collect();
        asked.extend([
            vec![],
            vec!["--ranges"],
            vec!["6881-6889"],
            vec!["255", "5000", "19132"],
        ]);
        for words in asked {
            let ran = sockeye(&[&["ports", "--lang", lang], &words[..]].concat());
            let longest = ran.stdout.lines().map(|line| line.chars().count()).max();
            assert!(longest.unwrap() <= 80, "{words:?}: {}", ran.stdout);
            assert!(!ran.stdout.contains('\u{1b}'));
        }
    }
}

#[test]
fn the_everyday_ports_are_the_answer_to_no_question() {
    let text = answer(&["ports"]);
    for piece in [
        "443 tcp, udp https",
        "514 udp syslog",
        "6881-6889",
        "* custom, not IANA's",
        "--search mail",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
}

#[test]
fn who_has_the_port_here_is_named() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let port = address.port().to_string();
    let pid = format!("pid {}", std::process::id());
    let text = answer(&["ports", &port]);
    assert!(
        text.contains(&format!("here tcp {address} ")) && text.contains(&pid),
        "{text}"
    );
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = udp.local_addr().unwrap();
    let port = format!("{}/udp", address.port());
    let text = answer(&["ports", &port]);
    assert!(
        text.contains(&format!("here udp {address} ")) && text.contains(&pid),
        "{text}"
    );
}

#[test]
fn the_json_answer_has_the_documented_shape() {
    let ran = sockeye(&["ports", "--json", "21", "1521", "htps", "6888-6889"]);
    assert_eq!(ran.code, Some(10));
    assert_eq!(ran.stdout.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["version"], 1);
    let ports: Vec<&serde_json::Value> = json["ports"].as_array().unwrap().iter().collect();
    let numbers: Vec<u64> = ports
        .iter()
        .map(|port| port["port"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        [
            21, 1521, 6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889
        ]
    );
    assert_eq!(ports[0]["secure"]["port"], 990);
    assert_eq!(
        ports[0]["registered"][0]["transports"],
        serde_json::json!(["tcp", "udp"])
    );
    assert_eq!(ports[1]["custom"][0]["use"], "Oracle Database");
    assert_eq!(ports[1]["class"], "registered");
    assert!(ports[1]["here"].is_array() && ports[3]["here"].is_null());
    assert_eq!(json["unknown"][0]["near"][0], "https");
    let ran = sockeye(&["ports", "--json", "--ranges"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["ranges"]["classes"][2]["first"], 49152);
    assert!(json["ranges"]["chosen"][1].as_u64().unwrap() > 1024);
    assert!(json["ranges"]["kept"].is_array());
}

#[test]
fn every_key_of_the_json_answer_is_documented() {
    let page = include_str!("../../../docs/ports.md");
    let documents = [
        sockeye(&["ports", "--json", "21", "80", "1521", "htps"]).stdout,
        sockeye(&["ports", "--json", "--ranges"]).stdout,
    ];
    let mut keys = std::collections::BTreeSet::new();
    for document in documents {
        keys_of(&serde_json::from_str(&document).unwrap(), &mut keys);
    }
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}

fn keys_of(value: &serde_json::Value, keys: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                keys_of(value, keys);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys_of(value, keys)),
        _ => {}
    }
}

#[test]
fn a_reader_that_leaves_is_a_quiet_end() {
    let ran =
        shell("exec 3>&1; { \"$sockeye\" ports 0-65535; echo $? >&3; } | head -n 2 >/dev/null");
    assert_eq!((ran.stdout.trim(), ran.stderr.as_str()), ("0", ""));
}

#[test]
fn output_that_cannot_be_written_is_code_24() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ran = command(&["ports", "443"]).stdout(full).output().unwrap();
    assert_eq!(ran.status.code(), Some(24));
}

#[test]
fn every_registered_name_stands_for_a_port_in_an_address() {
    let mut refused = Vec::new();
    for name in sockeye_local::registered_names() {
        match format!("tcp://localhost:{name}").parse::<Address>() {
            Ok(Address {
                target:
                    Target::Inet {
                        port: Port::Service(service),
                        ..
                    },
                ..
            }) => assert_eq!(service, name),
            _ => refused.push(name),
        }
    }
    // RFC 6335 allows none of these; what it has in their place is known.
    assert_eq!(
        refused,
        [
            "914c/g",
            "cl/1",
            "ethernet/ip-1",
            "ethernet/ip-2",
            "sql*net"
        ]
    );
}
