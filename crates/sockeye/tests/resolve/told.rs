//! What --explain and the other views tell beside the answer.

use crate::asked::{Zone, resolve};

#[test]
fn explain_tells_who_was_asked_and_what_each_type_is() {
    let zone = Zone::with("www CNAME web\nweb A 192.0.2.80");
    let ran = resolve(&["--explain", "--server", &zone.at, "www.test", "A", "MX"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [
        "no file of this machine is looked at",
        "www.test. A: 2 records, udp",
        "www.test. MX: the name exists, no such record, udp",
        "has the zone itself: the answer is authoritative",
        "A: an IPv4 address",
        "MX: a server that takes the domain's mail",
        "CNAME: an alias",
        // The calls themselves, from the view.
        "socket",
        "connect",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let spanish = resolve(&[
        "--explain",
        "--lang=es",
        "--server",
        &zone.at,
        "www.test",
        "A",
    ]);
    assert!(
        spanish.stderr.contains("A: una dirección IPv4"),
        "{spanish:?}"
    );
}

#[test]
fn the_way_is_explained_before_the_answer() {
    let zone = Zone::with("www A 192.0.2.80");
    let output = std::process::Command::new("sh")
        .args(["-c", r#""$0" "$@" 2>&1"#, env!("CARGO_BIN_EXE_sockeye")])
        .args(["resolve", "--lang=en", "--explain", "--server", &zone.at])
        .args(["www.test", "A"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let step = text.find("www.test. A: 1 record, udp");
    let answer = text.find("www.test. 300 A 192.0.2.80");
    assert!(step.is_some() && step < answer, "{text}");
}

#[test]
fn a_question_for_any_is_answered_with_a_remark() {
    let zone = Zone::with("");
    let ran = resolve(&["-v", "--server", &zone.at, "test.", "ANY"]);
    assert!(ran.stderr.contains("RFC 8482"), "{ran:?}");
}

#[test]
fn bytes_are_dumped_and_calls_recorded_as_for_every_command() {
    let zone = Zone::with("web A 192.0.2.80");
    let file = std::env::temp_dir().join(format!("sockeye-resolve-{}.ndjson", std::process::id()));
    let ran = resolve(&[
        "--hex",
        "--record",
        file.to_str().unwrap(),
        "--server",
        &zone.at,
        "web.test",
        "A",
    ]);
    assert_eq!(
        (ran.code, ran.lines()),
        (Some(0), vec!["web.test. 300 A 192.0.2.80"])
    );
    assert!(ran.stderr.contains("03 77 65 62"), "{ran:?}");
    let recording = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(
        recording.contains("\"sent\"") && recording.contains("\"received\""),
        "{recording}"
    );
}

#[test]
fn limits_are_printed() {
    let ran = resolve(&["--show-limits"]);
    assert!(ran.stdout.contains("resolve --timeout"), "{ran:?}");
}
