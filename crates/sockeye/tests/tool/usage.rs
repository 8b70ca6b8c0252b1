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

/// Wrong lines, and what each is answered with in Spanish.
const IN_SPANISH: &[(&[&str], &str)] = &[
    (&["connect"], "falta: <ADDRESS>"),
    (
        &["connect", ":7", "--tiemout", "3"],
        "aquí no hay ninguna opción --tiemout; ¿querías --timeout?",
    ),
    (&["connect", ":7", "--timeout"], "necesita un valor"),
    (
        &["connect", ":7", "--timeout", "soon"],
        "soon: quiere un tiempo como 500ms",
    ),
    (
        &["connect", ":7", "--retry", "x"],
        "x: quiere un número entero",
    ),
    (
        &["listen", ":7", "--max-conversations", "0"],
        "0: quiere un número de 1–",
    ),
    (
        &["connect", ":7", "--hex", "--hex"],
        "--hex se da dos veces; con una basta",
    ),
    (&["serve", "--print-zones", "--zone", "x"], "no van juntos"),
    (&["listen", ":7", "--many=x"], "no lleva valor, y tiene x"),
    (
        &["show", "x", "--as", "diagam"],
        "se conocen: explain, hex, diagram, html, mermaid, json; ¿querías diagram?",
    ),
    (&["generate", "mann"], "¿querías man?"),
    (&["relay", "a", "b", "c"], "la palabra c sobra"),
    (
        &["serv"],
        "\"serv\" no es una orden; ¿querías: sockeye serve --lang es?",
    ),
    (&["serve", "ecoh"], "¿querías sockeye serve echo?"),
    (
        &["connect", "gopher://localhost:70"],
        "gopher no es un esquema",
    ),
    (&["connect", "localhost:7#tll=3"], "¿querías ttl?"),
    (
        &["connect", ":7", "--bind", "1.2.3.999"],
        "no es una dirección IPv4",
    ),
    (&["listen", "exec:cat"], "no puede esperar a nadie"),
    (&["relay", "udp://:7514", "file:log"], "di con --frame"),
    (&["wait", "udp://:7"], "no se puede esperar a udp://:7"),
    (
        &["-lvnp", "7000"],
        "esas son opciones de nc; aquí es: sockeye listen -v :7000 (solo esta máquina;",
    ),
    (&["who", "host:22"], "nombra un host"),
    (&["ports", "9-3"], "prueba 3-9"),
    (&["resolve"], "falta: <NAME|TYPE>"),
    (&["generate"], "falta: <COMMAND>"),
];

#[test]
fn a_wrong_command_line_is_answered_in_spanish_where_that_is_spoken() {
    for (arguments, words) in IN_SPANISH {
        let by_locale = crate::ran::command(arguments)
            .env("LC_ALL", "es_ES.UTF-8")
            .output()
            .unwrap();
        let said = String::from_utf8(by_locale.stderr).unwrap();
        assert_eq!(by_locale.status.code(), Some(2), "{arguments:?}: {said}");
        let expected = words.replace(" --lang es", "");
        assert!(said.contains(&expected), "{arguments:?}: {said}");
        assert!(!said.contains("usage"), "{arguments:?}: {said}");

        // nc knows no --lang.
        if arguments[0] == "-lvnp" {
            continue;
        }
        let by_flag = sockeye(&[*arguments, &["--lang", "es"]].concat());
        assert_eq!(by_flag.code, Some(2), "{arguments:?}: {by_flag:?}");
        let also_missing = by_flag.last_line().contains("--lang");
        assert!(
            by_flag.last_line().contains(words) || also_missing,
            "{arguments:?}: {by_flag:?}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_answered_in_english_elsewhere_and_on_request() {
    let ran = crate::ran::command(&["serve", "ecoh", "--lang", "en"])
        .env("LC_ALL", "es_ES.UTF-8")
        .output()
        .unwrap();
    assert!(
        String::from_utf8(ran.stderr)
            .unwrap()
            .contains("did you mean")
    );
}
