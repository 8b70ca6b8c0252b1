//! Several servers: who says the same, and who says what.

use crate::asked::{PATIENCE, Scripted, Zone, error, resolve};

#[test]
fn servers_that_agree_are_printed_once() {
    let one = Zone::with("www 60 A 192.0.2.1\nwww 60 A 192.0.2.2");
    let two = Zone::with("www 90 A 192.0.2.2\nwww 90 A 192.0.2.1");
    let both = format!("{},{}", one.at, two.at);
    let ran = resolve(&["-v", "--server", &both, "www.test", "A"]);
    assert_eq!(ran.code, Some(0));
    let mut lines = ran.lines();
    lines.sort_unstable();
    // Neither the order nor the TTL makes a difference; those of the first are shown.
    assert_eq!(
        lines,
        ["www.test. 60 A 192.0.2.1", "www.test. 60 A 192.0.2.2"]
    );
    let said = format!("all 2 say the same: {}, {}", one.at, two.at);
    assert!(ran.stderr.contains(&said), "{ran:?}");
}

#[test]
fn a_difference_is_marked_under_the_names_of_those_who_say_so() {
    let one = Zone::with("www A 192.0.2.1\nwww A 192.0.2.2");
    let two = Zone::with("www A 192.0.2.2\nwww A 192.0.2.3");
    let three = Zone::with("www A 192.0.2.1\nwww A 192.0.2.2");
    let all = [&one.at, &two.at, &three.at].map(String::as_str).join(",");
    let ran = resolve(&["--server", &all, "www.test", "A"]);
    assert_eq!(ran.code, Some(0));
    let lines = ran.lines();
    assert_eq!(lines[0], format!("; {}, {} say:", one.at, three.at));
    assert_eq!(lines[3], format!("; {} says:", two.at));
    let sorted = |from: usize| {
        let mut some = lines[from..from + 2].to_vec();
        some.sort_unstable();
        some
    };
    assert_eq!(
        sorted(1),
        [
            "www.test. 300 A 192.0.2.1  ; only here",
            "www.test. 300 A 192.0.2.2"
        ]
    );
    assert_eq!(
        sorted(4),
        [
            "www.test. 300 A 192.0.2.2",
            "www.test. 300 A 192.0.2.3  ; only here"
        ]
    );
    assert_eq!(ran.last_line(), "the answers differ");
}

#[test]
fn a_server_that_knows_of_no_record_outweighs_one_that_refuses() {
    let knows = Zone::with("only TXT \"x\"");
    let refuses = Scripted::new(|question| Some(error(question, 5, b"")));
    for all in [
        format!("{},{}", knows.at, refuses.at),
        format!("{},{}", refuses.at, knows.at),
    ] {
        let ran = resolve(&["--server", &all, "only.test", "MX"]);
        assert_eq!(ran.code, Some(10), "{ran:?}");
        assert!(
            ran.last_line()
                .contains("only.test. exists and has no MX record"),
            "{ran:?}"
        );
    }
}

#[test]
fn different_codes_are_a_difference_and_one_answer_is_enough() {
    let one = Zone::with("www A 192.0.2.1");
    let none = Zone::with("");
    let failing = Scripted::new(|question| Some(error(question, 5, b"")));
    let all = format!("{},{},{}", none.at, one.at, failing.at);
    let ran = resolve(&["--server", &all, "www.test", "A"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.lines(),
        [
            format!("; {} says:", none.at).as_str(),
            "; www.test. A: NXDOMAIN",
            &format!("; {} says:", one.at),
            "www.test. 300 A 192.0.2.1  ; only here",
            &format!("; {} says:", failing.at),
            "; www.test. A: REFUSED",
        ]
    );
    let missing = resolve(&[
        "--server",
        &format!("{},{}", none.at, failing.at),
        "www.test",
        "A",
    ]);
    assert_eq!(missing.code, Some(10), "{missing:?}");
}

#[test]
fn short_gives_each_datum_once_and_tells_that_they_differ() {
    let one = Zone::with("www A 192.0.2.1");
    let two = Zone::with("www A 192.0.2.2");
    let ran = resolve(&[
        "--short",
        "--server",
        &format!("{},{}", one.at, two.at),
        "www.test",
        "A",
    ]);
    assert_eq!(ran.stdout, "192.0.2.1\n192.0.2.2\n");
    assert!(ran.last_line().starts_with("the answers differ"), "{ran:?}");
}

#[test]
fn servers_are_asked_at_once() {
    // The first answers only once the second has been asked.
    let (tell, told) = std::sync::mpsc::channel();
    let first = Scripted::new(move |question| {
        told.recv_timeout(PATIENCE).ok()?;
        Some(error(question, 3, b""))
    });
    let second = Scripted::new(move |question| {
        tell.send(()).unwrap();
        Some(error(question, 3, b""))
    });
    let both = format!("{},{}", first.at, second.at);
    let ran = resolve(&["-v", "--timeout", "5s", "--server", &both, "www.test", "A"]);
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(ran.stderr.contains("all 2 say the same"), "{ran:?}");
}
