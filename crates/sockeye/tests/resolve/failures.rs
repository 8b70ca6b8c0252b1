//! No answer: each reason in words, with its exit code.

use std::time::Instant;

use crate::asked::{PATIENCE, Scripted, Zone, error, resolve};
use crate::closed_port::ClosedPort;

#[test]
fn a_name_that_does_not_exist_and_one_without_the_type_are_told_apart() {
    let zone = Zone::with("only TXT \"x\"\ngone CNAME nowhere\nalias CNAME only");
    let ask = |words: &[&str]| resolve(&[&["--server", &zone.at][..], words].concat());
    let nothing = ask(&["nope.test"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(10), ""));
    let line = format!(
        "sockeye: nope.test. does not exist (NXDOMAIN), says {}",
        zone.at
    );
    assert_eq!(nothing.last_line(), line);
    let no_data = ask(&["only.test", "MX"]);
    assert_eq!(no_data.code, Some(10));
    let line = format!(
        "sockeye: only.test. exists and has no MX record, says {}",
        zone.at
    );
    assert_eq!(no_data.last_line(), line);
    let dangling = ask(&["gone.test"]);
    assert_eq!(
        (dangling.code, dangling.lines()),
        (Some(10), vec!["gone.test. 300 CNAME nowhere.test."])
    );
    assert!(
        dangling
            .last_line()
            .contains("is an alias of nowhere.test., which does not exist"),
        "{dangling:?}"
    );
    let alias = ask(&["alias.test"]);
    assert!(
        alias
            .last_line()
            .contains("is an alias of only.test., which exists and has no A, AAAA record"),
        "{alias:?}"
    );
    assert_eq!(alias.code, Some(10));
}

#[test]
fn one_answered_type_is_enough() {
    let zone = Zone::with("only TXT \"x\"");
    let ran = resolve(&["--server", &zone.at, "only.test", "MX", "TXT", "SRV"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_alias_that_leaves_the_servers_zones_is_no_answer() {
    let zone = Zone::with("away CNAME host.elsewhere.example.");
    let ran = resolve(&["--norecurse", "--server", &zone.at, "away.test"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        ran.lines(),
        ["away.test. 300 CNAME host.elsewhere.example."]
    );
    assert!(
        ran.last_line().contains("alias of host.elsewhere.example."),
        "{ran:?}"
    );
}

#[test]
fn a_referral_names_those_who_know() {
    let zone = Zone::with("sub NS ns.sub\nns.sub A 192.0.2.60");
    let ran = resolve(&["--server", &zone.at, "www.sub.test"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.last_line()
            .contains("names others who do: ns.sub.test. for sub.test."),
        "{ran:?}"
    );
}

#[test]
fn an_error_of_the_server_is_told_with_what_it_adds() {
    // OPT, and in it option 15: code 6 and a text that would clear a screen.
    let server = Scripted::new(|question| {
        let more = b"\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\x0f\0\x08\0\x06no\x1b[2J";
        Some(error(question, 2, more))
    });
    let ran = resolve(&["--server", &server.at.to_string(), "www.test", "A"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let line = format!(
        "sockeye: www.test. A: SERVFAIL from {}: it could not find out; it adds: the signatures are wrong \
         (DNSSEC bogus) (6): no\\x1b[2J; see where it fails: sockeye resolve --trace www.test.",
        server.at
    );
    assert_eq!(ran.last_line(), line);
}

#[test]
fn each_error_code_has_words() {
    for (code, words) in [
        (1, "FORMERR from"),
        (2, "SERVFAIL from"),
        (4, "NOTIMP from"),
        (5, "it does not serve this zone, or not to you"),
        (9, "NOTAUTH from"),
        (11, "DSOTYPENI from"),
        (15, "RCODE15 from"),
    ] {
        let server = Scripted::new(move |question| Some(error(question, code, b"")));
        let ran = resolve(&["--server", &server.at.to_string(), "www.test", "A"]);
        assert_eq!(ran.code, Some(1), "{code}");
        assert!(ran.last_line().contains(words), "{ran:?}");
    }
}

#[test]
fn silence_ends_with_the_timeout() {
    let server = Scripted::new(|_| None);
    let began = Instant::now();
    let ran = resolve(&[
        "--timeout",
        "200ms",
        "--server",
        &server.at.to_string(),
        "www.test",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(13), ""));
    assert!(began.elapsed() < PATIENCE);
    assert!(
        ran.last_line()
            .contains("www.test. A, AAAA: no answer from"),
        "{ran:?}"
    );
}

#[test]
fn an_answer_that_was_cut_where_tcp_is_closed_is_told_as_both() {
    let server = Scripted::new(|question| {
        let mut cut = error(question, 0, b"");
        cut[2] |= 2;
        Some(cut)
    });
    let at = server.at.to_string();
    let ran = resolve(&["--server", &at, "www.test", "A"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(11), ""), "{ran:?}");
    let line = format!(
        "sockeye: www.test. A: {at} answered over UDP, cut short, and TCP to the same port is refused \
         (ECONNREFUSED); DNS needs both: a firewall that lets only UDP through?"
    );
    assert_eq!(ran.last_line(), line);
    let walk = resolve(&["--root", &at, "www.test", "A"]);
    assert!(
        walk.stdout
            .contains("answered over UDP, cut short; over TCP"),
        "{walk:?}"
    );
}

#[test]
fn forged_answers_are_counted() {
    let server = Scripted::new(|question| {
        let mut other = error(question, 3, b"");
        other[0] ^= 1;
        Some(other)
    });
    let ran = resolve(&[
        "--timeout",
        "2s",
        "--server",
        &server.at.to_string(),
        "www.test",
        "A",
    ]);
    assert_eq!(ran.code, Some(13));
    assert!(
        ran.last_line()
            .contains("1 datagram came that does not answer this question (another id, or no DNS)"),
        "{ran:?}"
    );
}

#[test]
fn garbage_is_said_and_does_not_hang() {
    let server = Scripted::new(|question| {
        let mut garbage = question[..2].to_vec();
        garbage.extend([0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0, 0x0c]);
        Some(garbage)
    });
    let ran = resolve(&["--server", &server.at.to_string(), "www.test", "A"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("is no answer: "), "{ran:?}");
}

#[test]
fn a_closed_port_is_refused() {
    let closed = ClosedPort::new();
    let (at, port) = (closed.at().to_string(), closed.at().port());
    for words in [
        &["--server", &at, "www.test"][..],
        &["--tcp", "--server", &at, "www.test"],
    ] {
        let ran = resolve(words);
        assert_eq!(ran.code, Some(11), "{ran:?}");
        let line = format!(
            "sockeye: no name server at {at}: its port is closed; is it running? sockeye who {port}"
        );
        assert_eq!(ran.last_line(), line);
    }
}

#[test]
fn a_type_whose_server_fails_beside_an_answer_is_said_and_the_answer_counts() {
    let server = Scripted::new(|question| {
        // The type is the last but one word of the question: A is answered, everything else fails.
        let name = question[12..].iter().position(|byte| *byte == 0).unwrap();
        let mut answer = error(question, 0, b"");
        if question[12 + name + 2] != 1 {
            return Some(error(question, 2, b""));
        }
        answer[7] = 1;
        answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        Some(answer)
    });
    let ran = resolve(&["--server", &server.at.to_string(), "www.test"]);
    assert_eq!(
        (ran.code, ran.lines()),
        (Some(0), vec!["www.test. 60 A 192.0.2.1"])
    );
    assert!(
        ran.last_line().starts_with("www.test. AAAA: SERVFAIL from"),
        "{ran:?}"
    );
    let quiet = resolve(&["-q", "--server", &server.at.to_string(), "www.test"]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn words_that_cannot_be_meant_are_usage() {
    for words in [
        &["www.test", "MXX"][..],
        &["a..b"],
        &["--server", "wss://127.0.0.1", "www.test"],
        &["--short", "--json", "www.test"],
        &["www.test", "AXFR"],
        &["+nsid", "www.test"],
        &["--timeout", "0", "www.test"],
        &[],
    ] {
        let ran = resolve(words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(ran.last_line().starts_with("sockeye: "), "{ran:?}");
    }
}

#[test]
fn spanish_has_every_reason() {
    let zone = Zone::with("only TXT \"x\"");
    let ran = resolve(&["--lang", "es", "--server", &zone.at, "only.test", "MX"]);
    assert!(
        ran.last_line().contains("existe y no tiene registro MX"),
        "{ran:?}"
    );
}
