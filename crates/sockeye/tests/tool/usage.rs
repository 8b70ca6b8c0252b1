//! What cannot be meant is code 2, and the last line says what to type.

use crate::ran::sockeye;

#[test]
fn a_wrong_command_line_is_code_2_and_its_last_line_names_the_mistake() {
    for (arguments, words) in [
        (&["connect"][..], "ADDRESS"),
        (&["connect", "tcp://localhost"], "try tcp://localhost:7007"),
        (&["connect", "gopher://localhost:70"], "gopher is no scheme"),
        (&["connect", "localhost:70000"], "65535"),
        (&["connect", "localhost:7#tll=3"], "did you mean ttl?"),
        (&["connect", ":7", "--timeout", "soon"], "500ms"),
        (&["connect", ":7", "--tiemout", "3"], "--timeout"),
        (&["listen", "exec:cat"], "cannot wait for peers"),
        (&["serve", "eco"], "echo, discard, daytime, chargen, time"),
        (&["serve", "ecoh"], "did you mean sockeye serve echo?"),
        (&["show", "x", "--as", "diagam"], "diagram"),
        (&["relay", "udp://:7514", "file:log"], "--frame"),
        (&["wait", "udp://:7"], "--reply 1"),
        (&["serv"], "sockeye serve"),
        (&["-lvnp", "7000"], "sockeye listen -v :7000"),
        (
            &["nc", "-zv", "host", "22"],
            "sockeye connect -z -v host:22",
        ),
    ] {
        let ran = sockeye(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(
            ran.last_line().starts_with("sockeye: "),
            "{arguments:?}: {ran:?}"
        );
        assert!(ran.last_line().contains(words), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_word_that_is_no_text_is_refused_and_not_a_panic() {
    use std::os::unix::ffi::OsStrExt;
    let output = crate::ran::command(&["connect"])
        .arg(std::ffi::OsStr::from_bytes(b"unix:/\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
