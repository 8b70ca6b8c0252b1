//! Why a program's lines were asked for and could not be told, once a program.

use sockeye_trace::Lacking;
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_name;

/// One line for each program, each with its reason.
pub(super) fn without(programs: &[(String, Lacking)], language: Language) -> String {
    programs
        .iter()
        .map(|(command, lacking)| {
            let program = shortened(command);
            let why = match lacking {
                Lacking::Symbols => words::SYMBOLS.say(language).to_owned(),
                Lacking::Python { version } => {
                    let version = version.as_deref().unwrap_or("?");
                    words::PYTHON.fill(language, &[("version", &escape_name(version))])
                }
                Lacking::Runtime { name } => words::RUNTIME.fill(language, &[("name", name)]),
                Lacking::Stack => words::STACK.say(language).to_owned(),
            };
            let places: [(&str, &dyn std::fmt::Display); 2] =
                [("program", &escape_name(&program)), ("why", &why)];
            format!(" {}\n", words::WITHOUT.fill(language, &places))
        })
        .collect()
}

/// The command as far as it tells programs apart.
fn shortened(command: &str) -> String {
    let mut short: String = command.chars().take(LONGEST).collect();
    if short.len() < command.len() {
        short.push('…');
    }
    short
}

/// Characters of a command line.
const LONGEST: usize = 50;

mod words {
    use sockeye_view::texts;

    texts! {
        WITHOUT = "no lines for {program}: {why}" | "sin líneas de {program}: {why}";
        SYMBOLS = "it was built without symbols, or they were stripped; with -g it has them" | "se compiló sin símbolos, o se los quitaron; con -g los tiene";
        PYTHON = "Python {version} is not known here; 3.8 to 3.15 are" | "Python {version} no se conoce aquí; sí de 3.8 a 3.15";
        RUNTIME = "{name} shows the lines of its programs to nobody outside" | "{name} no muestra a nadie de fuera las líneas de sus programas";
        STACK = "its stack could not be followed from the call to its own code" | "su pila no se pudo seguir desde la llamada hasta su propio código";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_said_in_both_languages() {
        let programs = [
            ("./server".to_owned(), Lacking::Symbols),
            (
                "python3.7 a.py".to_owned(),
                Lacking::Python {
                    version: Some("3.7".to_owned()),
                },
            ),
            (
                format!("node -e {}", "x".repeat(100)),
                Lacking::Runtime { name: "Node.js" },
            ),
            ("a\u{1b}[31m".to_owned(), Lacking::Stack),
        ];
        let english = without(&programs, Language::English);
        assert_eq!(english.lines().count(), 4);
        assert!(english.contains("no lines for ./server: it was built without symbols"));
        assert!(english.contains("Python 3.7 is not known here"));
        assert!(english.contains("x…: Node.js shows"));
        assert!(!english.contains('\u{1b}'), "{english}");
        let spanish = without(&programs, Language::Spanish);
        for (english, spanish) in english.lines().zip(spanish.lines()) {
            assert_ne!(english, spanish);
            assert!(!spanish.contains('{'), "{spanish}");
        }
        assert_eq!(without(&[], Language::English), "");
    }
}
